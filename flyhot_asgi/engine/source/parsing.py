"""Syntax trees, made while others may make some.

CPython counts how deep it is in a tree in one place for all threads (3.11, 3.12; python/cpython#106905): if the
collector runs while a tree is made, and a finalizer lets another thread make one, it takes its own count for wrong and
raises SystemError. Nothing is the matter with the text then, and nothing has happened.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable
from typing import TypeVar

_TRIES = 10
_one_at_a_time = threading.RLock()  # a finalizer may parse, too


_Tree = TypeVar("_Tree")


def parsed(text: str, path: str = "<unknown>") -> ast.Module:
    """As `ast.parse`. Raises SyntaxError, ValueError."""
    return _made(lambda: ast.parse(text, path))


def parsed_expression(text: str) -> ast.expr:
    """The one expression that `text` is. Raises SyntaxError, ValueError."""
    return _made(lambda: ast.parse(text, mode="eval")).body


def _made(make: Callable[[], _Tree]) -> _Tree:
    for _ in range(_TRIES - 1):
        try:
            with _one_at_a_time:
                return make()
        except SystemError:
            continue
    return make()
