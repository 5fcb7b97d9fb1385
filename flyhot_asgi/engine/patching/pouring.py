"""A new function's everything into an old function object."""

from __future__ import annotations

import contextlib
import re
import types
from collections.abc import Mapping, Sequence

from ..living.holders import is_anothers
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
    stands at its place. So does `new` itself, where the old one's decorator is gone."""
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
    poured, place = pour(old, new, journal), stands_at(new)
    if place in kept and place not in fresh and kept[place] is not old:
        pour(kept[place], new, journal)  # its decorator went: who unwrapped the old one has it as it is now
    return poured


def join(old: Sequence[object], new: Sequence[object], kept: Sequence[object], inside: Sequence[object] = ()) -> None:
    """Parts that call one another (an `fset` its `fdel`, however deep in closures): where `new` parts were poured into
    `old` ones, all that is `kept`, or `inside` of these, knows those. Call it with everything in hand, as ids say what
    is what."""
    instead = {id(b): a for a, b, c in zip(old, new, kept, strict=True) if a is c is not b}
    queue, seen = [*(inside or kept)], set[int]()
    while queue:
        one = queue.pop()
        if not isinstance(one, types.FunctionType) or id(one) in seen:
            continue
        seen.add(id(one))
        for cell in one.__closure__ or ():
            _point(cell, instead)
            with contextlib.suppress(ValueError):
                queue.append(cell.cell_contents)


def pour_across(old: object, new: object, journal: Journal) -> object:
    """A method that is static, of the class or plain now, and was another kind: its function stays the same object.
    None for what is nothing of the like."""
    kinds = (types.FunctionType, staticmethod, classmethod)
    if type(old) is type(new) or type(old) not in kinds or type(new) not in kinds:
        return None
    before, after = getattr(old, "__func__", old), getattr(new, "__func__", new)
    if not isinstance(before, types.FunctionType) or not isinstance(after, types.FunctionType):
        return None
    if is_anothers(before, after.__module__) or _wraps(before, after) or _wraps(after, before):
        return None  # `Enum.__new__`, which each enum has as its own, came under a decorator, or out of it
    poured = pour_wrapped(before, after, journal)
    return poured if new is after else type(new)(poured)  # type: ignore[call-arg]


def _wraps(outer: types.FunctionType, inner: types.FunctionType) -> bool:
    return any(one is inner for one in list(function_chain(outer))[1:])


def _by_place(functions: list[types.FunctionType]) -> dict[tuple[str, str], types.FunctionType]:
    """Those that are the only ones at their place."""
    places = [stands_at(one) for one in functions]
    return {place: one for place, one in zip(places, functions, strict=True) if places.count(place) == 1}


def _point(cell: types.CellType, instead: Mapping[int, object]) -> None:
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
