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


TELLS = """
import logging
import traceback
VERSION = "1"
log = logging.getLogger("app")
try:
    from json import dumps
except Exception:
    traceback.print_exc()
    log.error(f"without json: {VERSION}")
log.info("started %s", VERSION)
"""
TOLD = {
    "a constant that it tells": ('"1"', '"2"'),
    "another text": ("started %s", "begun with %s"),
    "it goes": ('log.info("started %s", VERSION)\n', ""),
    "another import in a block that tells": ("import dumps", "import dumps, loads"),
    "a block that tells something else": ("without json", "no json"),
}


@pytest.mark.parametrize(("old", "new"), TOLD.values(), ids=TOLD)
def test_what_only_tells_something_is_in_nobodys_way(lab: Callable[..., Lab], old: str, new: str) -> None:
    lab(main=TELLS).brings(main=TELLS.replace(old, new))


DOES = {
    "its argument does something": ('log.info("%s", SEEN.append(1))', 'log.info("seen %s", SEEN.append(1))'),
    "it is no logger": ("tell.info(1)", "tell.info(2)"),
    "the module configures itself": ('logging.info("a")', 'logging.info("b")'),
}


@pytest.mark.parametrize(("old", "new"), DOES.values(), ids=DOES)
def test_what_does_more_than_to_tell_is_refused(lab: Callable[..., Lab], old: str, new: str) -> None:
    kinds = "class Tell:\n    def __init__(self): self.told = []\n    def info(self, what): self.told.append(what)\n"
    text = f"import logging\nSEEN = []\nlog = logging.getLogger('app')\n{kinds}tell = Tell()\n{old}\n"
    app = lab(main=text)
    plan = app.plan(main=text.replace(old, new))
    assert plan.refusals or not any(step.action.value == "keep" and "tells" in step.why for step in plan.steps)
