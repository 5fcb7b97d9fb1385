"""Functions that are decorated in an `if` or `try` at module level: a decorator that enters them is no definition."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .lab import Lab

ENTERS = """
import atexit
ON = True
if ON:
    @atexit.register
    def f(a=1): return 1
"""
WRAPS = """
from functools import lru_cache
ON = True
if ON:
    @lru_cache
    def f(a=1): return 1
"""


@pytest.mark.parametrize(("old", "new"), [("def f(", "def g("), ("ON = True", "ON = 1"), ("a=1", "a=2")])
def test_what_a_library_was_told_in_a_block_is_not_told_twice(lab: Callable[..., Lab], old: str, new: str) -> None:
    assert "atexit.register" in lab(main=ENTERS).refused(main=ENTERS.replace(old, new)).reason


@pytest.mark.parametrize(("old", "new"), [("def f(", "def g("), ("ON = True", "ON = 1"), ("a=1", "a=2")])
def test_what_only_wraps_is_defined_anew(lab: Callable[..., Lab], old: str, new: str) -> None:
    lab(main=WRAPS).brings(main=WRAPS.replace(old, new))


@pytest.mark.parametrize("text", [ENTERS, WRAPS])
def test_its_body_is_swapped(lab: Callable[..., Lab], text: str) -> None:
    lab(main=text).brings(main=text.replace("return 1", "return 2"))
