"""A new function's everything into an old function object."""

from __future__ import annotations

import re
import types

from ..living.wrapped import function_chain
from .journal import FUNCTION_FIELDS, Journal, set_code, set_globals

_COUNTED = re.compile(r"-\d+>$")


def pour(old: types.FunctionType, new: types.FunctionType, journal: Journal) -> types.FunctionType:
    """Give `old` everything that `new` is; return `old`."""
    if old is new:
        return old
    journal.touch_function(old)
    retagged = keeps_module(old, new)
    if old.__globals__ is not new.__globals__:
        set_globals(old, new.__globals__)  # a decorator from elsewhere came or went
    for cell in new.__closure__ or ():
        _point(cell, {id(new): old})  # a wrapper that counts its calls knows itself
    set_code(old, new.__code__, new.__closure__)
    for name in FUNCTION_FIELDS:
        if name == "__module__" and retagged:
            continue
        setattr(old, name, getattr(new, name))
    attributes = {key: value for key, value in new.__dict__.items()}
    old.__dict__.clear()
    old.__dict__.update(attributes)
    return old


def pour_wrapped(old: types.FunctionType, new: types.FunctionType, journal: Journal) -> types.FunctionType:
    """As `pour`, and what a decorator's function wraps goes into what the old one wraps, too: each into the one that
    stands at its place."""
    if old is new:
        return old
    fresh, kept = (_by_place(list(function_chain(one))[1:]) for one in (new, old))
    instead = {id(found): kept[place] for place, found in fresh.items() if place in kept and kept[place] is not old}
    if instead:
        for one in [new, *fresh.values()]:
            for cell in one.__closure__ or ():
                _point(cell, instead)
            wrapped = one.__dict__.get("__wrapped__")
            if id(wrapped) in instead:
                one.__dict__["__wrapped__"] = instead[id(wrapped)]
        for found in fresh.values():
            if id(found) in instead:
                pour(instead[id(found)], found, journal)
    return pour(old, new, journal)


def _by_place(functions: list[types.FunctionType]) -> dict[tuple[str, str], types.FunctionType]:
    """Those that are the only ones at their place."""
    places = [stands_at(one) for one in functions]
    return {place: one for place, one in zip(places, functions, strict=True) if places.count(place) == 1}


def _point(cell: types.CellType, instead: dict[int, types.FunctionType]) -> None:
    try:
        found = cell.cell_contents
    except ValueError:
        return
    if id(found) in instead:
        cell.cell_contents = instead[id(found)]


def keeps_module(old: types.FunctionType, new: types.FunctionType) -> bool:
    """The old one was told that it is of another module than where it stands, as packages do with what they export; the
    new one was not, yet."""
    if old.__module__ == new.__module__ or old.__globals__ is not new.__globals__:
        return False
    before, after = ({f.__globals__.get("__name__") for f in function_chain(one)} for one in (old, new))
    return new.__module__ in after and old.__module__ not in before


def stands_at(function: types.FunctionType) -> tuple[str, str]:
    """File and qualified name. attrs counts the texts that it generated for a class, in their made-up file names."""
    return (_COUNTED.sub(">", function.__code__.co_filename), function.__code__.co_qualname)
