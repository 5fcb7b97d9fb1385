"""What the parameters of living functions default to."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any


def defaults_of(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Parameters with what they default to."""
    yield from placed_defaults(function)
    yield from (function.__kwdefaults__ or {}).items()


def placed_defaults(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """The same of those that have a place, in order."""
    code, given = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount][-len(given) :] if given else ()
    yield from zip(names, given, strict=False)
