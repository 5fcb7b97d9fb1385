"""A new function's everything into an old function object."""

from __future__ import annotations

import types

from .journal import FUNCTION_FIELDS, Journal, set_code


def pour(old: types.FunctionType, new: types.FunctionType, journal: Journal) -> types.FunctionType:
    """Give `old` everything that `new` is; return `old`."""
    if old is new:
        return old
    journal.touch_function(old)
    set_code(old, new.__code__, new.__closure__)
    for name in FUNCTION_FIELDS:
        setattr(old, name, getattr(new, name))
    attributes = {key: value for key, value in new.__dict__.items()}
    old.__dict__.clear()
    old.__dict__.update(attributes)
    return old


def stands_at(function: types.FunctionType) -> tuple[str, str]:
    return (function.__code__.co_filename, function.__code__.co_qualname)
