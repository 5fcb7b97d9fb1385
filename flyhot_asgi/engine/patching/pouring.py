"""A new function's everything into an old function object."""

from __future__ import annotations

import types

from ..living.wrapped import function_chain
from .journal import FUNCTION_FIELDS, Journal, set_code, set_globals


def pour(old: types.FunctionType, new: types.FunctionType, journal: Journal) -> types.FunctionType:
    """Give `old` everything that `new` is; return `old`."""
    if old is new:
        return old
    journal.touch_function(old)
    retagged = keeps_module(old, new)
    if old.__globals__ is not new.__globals__:
        set_globals(old, new.__globals__)  # a decorator from elsewhere came or went
    set_code(old, new.__code__, new.__closure__)
    for name in FUNCTION_FIELDS:
        if name == "__module__" and retagged:
            continue
        setattr(old, name, getattr(new, name))
    attributes = {key: value for key, value in new.__dict__.items()}
    old.__dict__.clear()
    old.__dict__.update(attributes)
    return old


def keeps_module(old: types.FunctionType, new: types.FunctionType) -> bool:
    """The old one was told that it is of another module than where it stands, as packages do with what they export; the
    new one was not, yet."""
    if old.__module__ == new.__module__ or old.__globals__ is not new.__globals__:
        return False
    before, after = ({f.__globals__.get("__name__") for f in function_chain(one)} for one in (old, new))
    return new.__module__ in after and old.__module__ not in before


def stands_at(function: types.FunctionType) -> tuple[str, str]:
    return (function.__code__.co_filename, function.__code__.co_qualname)
