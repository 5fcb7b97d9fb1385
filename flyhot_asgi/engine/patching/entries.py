"""What one run of a statement changed in objects that it may reach, and which older entries are like these.

A place is a container, an object's attributes, a cell, a class. Its contents are read as a list, a set or a mapping and
written back the same way, in place. Two entries are alike if they are of one kind and made of like parts, functions
that stand at one place of the source being like each other: so what a second run enters tells what the first had.
"""

from __future__ import annotations

import functools
import itertools
import types
import weakref
from collections import OrderedDict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ..living.attributes import fields_of
from ..living.process import Setting
from ..source.values import ATOMS, is_atomic
from .journal import refill
from .pouring import stands_at

_MISSING: Any = object()
_DEPTH = 6
_SILENT = frozenset({"__warningregistry__", "__builtins__", "__flyhot_adopt__", "__abstractmethods__", "_abc_impl"})
_WRITTEN_BY_PYTHON = (types.GetSetDescriptorType, types.MemberDescriptorType)


def read(place: Any) -> Any:
    """Its contents: a list, a set or a dict of its own."""
    if isinstance(place, Setting):
        return place.read()
    if isinstance(place, list | deque):
        return list(place)
    if isinstance(place, set):
        return set(place)
    if isinstance(place, dict):
        kind: Any = OrderedDict if isinstance(place, OrderedDict) else dict  # it keeps its order beside the dict's
        return {k: value for k, value in kind.items(place) if not isinstance(k, str) or k not in _SILENT}
    if isinstance(place, types.CellType):
        try:
            return {"cell": place.cell_contents}
        except ValueError:
            return {}
    if isinstance(place, itertools.count):
        return {"next": repr(place)}
    if isinstance(place, type):
        return {k: v for k, v in vars(place).items() if k not in _SILENT and not isinstance(v, _WRITTEN_BY_PYTHON)}
    return {name: value for name, slot in _slots(place) if (value := _get(slot, place)) is not _MISSING}


def write(place: Any, contents: Any) -> None:
    """Make these its contents, in place."""
    if isinstance(place, Setting):
        place.write(contents)
    elif isinstance(place, dict):
        silent = {key: value for key, value in dict.items(place) if isinstance(key, str) and key in _SILENT}
        refill(place, {**contents, **silent})
    elif isinstance(place, list | set | deque):
        refill(place, contents if isinstance(place, set) else list(contents))
    elif isinstance(place, types.CellType):
        if "cell" in contents:
            place.cell_contents = contents["cell"]
        else:
            del place.cell_contents
    elif not isinstance(place, itertools.count):
        _write_attributes(place, contents)


def _write_attributes(place: Any, contents: Mapping[str, Any]) -> None:
    set_, delete = (type.__setattr__, type.__delattr__) if isinstance(place, type) else _plain
    now = read(place)
    for name in now.keys() - contents.keys():
        delete(place, name)
    for name, value in contents.items():
        was = now.get(name, _MISSING)
        if was is value or (type(was) is type(value) and type(was) in ATOMS and was == value):
            continue  # a number of a C structure is another object at each look
        set_(place, name, value)


_plain: Any = (object.__setattr__, object.__delattr__)


def _slots(value: object) -> list[tuple[str, Any]]:
    found = {}
    for base in reversed(type(value).__mro__):
        for name, slot in vars(base).items():
            if type(slot) is types.MemberDescriptorType and slot.__objclass__ is base:
                found[name] = slot
    return list(found.items())


def _get(slot: Any, value: object) -> Any:
    try:
        return slot.__get__(value)
    except AttributeError:
        return _MISSING


# -- what changed ----------------------------------------------------------------------------


@dataclass
class Change:
    """One place after a run. `added`: items of a list with their index there, elements, or keys with their values;
    `counted`: numbers by key that became others, and by how much. `strange`: anything else, in words."""

    place: Any
    before: Any
    after: Any
    added: list[tuple[Any, Any]] = field(default_factory=list)
    counted: dict[Any, Any] = field(default_factory=dict)
    strange: str | None = None


Contents: TypeAlias = dict[int, tuple[Any, Any]]
"""By id: a place and what was in it."""


def contents_of(places: Iterable[Any]) -> Contents:
    return {id(place): (place, read(place)) for place in places}


def changes(before: Contents, but: Mapping[int, Collection[str]] | None = None) -> list[Change]:
    """What became of places since `before`. `but`: by id of a namespace, names that may be bound."""
    found = []
    for key, (place, was) in before.items():
        now = read(place)
        if isinstance(now, dict):
            one = _in_mapping(place, was, now, frozenset((but or {}).get(key, ())))
        elif isinstance(now, set):
            one = Change(place, was, now, [(None, item) for item in now if item not in was])
            one.strange = "something is taken out of a set" if was - now else None
        else:
            one = _in_sequence(place, was, now)
        if one.added or one.counted or one.strange:
            found.append(one)
    return found


def _in_sequence(place: Any, was: list[Any], now: list[Any]) -> Change:
    found, at = Change(place, was, now), 0
    for index, item in enumerate(now):
        if at < len(was) and was[at] is item:
            at += 1
        else:
            found.added.append((index, item))
    found.strange = "items of a list are taken out, or change places" if at < len(was) else None
    return found


def _in_mapping(place: Any, was: dict[Any, Any], now: dict[Any, Any], spared: frozenset[str]) -> Change:
    found = Change(place, was, now)
    for key, value in now.items():
        old = was.get(key, _MISSING)
        if old is value or key in spared:
            continue
        if old is _MISSING or alike(old, value):
            if old is _MISSING or not is_atomic(value):
                found.added.append((key, value))
        elif type(old) in (int, float) and type(value) in (int, float):
            found.counted[key] = value - old
        else:
            found.strange = f"`{_brief(key)}` becomes something else"
    kept = [key for key in now if key in was]
    if kept != [key for key in was if key in now]:
        found.strange = "the keys of a dict change places"
    if gone := [key for key in was if key not in now and key not in spared]:
        found.strange = f"`{_brief(gone[0])}` is taken out"
    return found


def _brief(key: object) -> str:
    return key if isinstance(key, str) else type(key).__qualname__


# -- likeness --------------------------------------------------------------------------------


def alike(a: Any, b: Any, depth: int = _DEPTH) -> bool:
    """The two may have been made by two runs of one statement."""
    if a is b:
        return True
    if isinstance(a, type) and isinstance(b, type):
        return (a.__module__, a.__qualname__) == (b.__module__, b.__qualname__)
    if type(a) is not type(b) and not alike(type(a), type(b)):
        return False
    if is_atomic(a):
        return bool(a == b)
    if isinstance(a, types.FunctionType):
        return stands_at(a) == stands_at(b) and (not depth or _like_cells(a, b, depth - 1))
    if not depth:
        return True
    mine, other = parts_of(a), parts_of(b)
    if mine is None or other is None:
        return type(a).__module__ in _COMPARED and bool(a == b)
    return len(mine) == len(other) and all(alike(x, y, depth - 1) for x, y in zip(mine, other, strict=True))


_COMPARED = frozenset({"builtins", "re", "datetime", "decimal", "uuid", "pathlib", "fractions", "types", "typing"})


def _like_cells(a: types.FunctionType, b: types.FunctionType, depth: int) -> bool:
    mine, other = (dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True)) for f in (a, b))
    return all(alike(read(mine[n]), read(other[n]), depth) for n in mine.keys() & other.keys())


def parts_of(value: Any) -> list[Any] | None:
    """What a value is made of, in an order; None if that can't be told."""
    if isinstance(value, dict):
        return [part for item in dict.items(value) for part in item]
    if isinstance(value, list | tuple | deque):
        return list(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr) if all(map(is_atomic, value)) else list(value)
    if type(value) is types.MethodType:
        return [value.__func__, value.__self__]
    if type(value) in (staticmethod, classmethod):
        return [value.__func__]
    if type(value) is property:
        return [value.fget, value.fset, value.fdel]
    if type(value) is functools.partial:
        return [value.func, value.args, value.keywords]
    if isinstance(value, weakref.ref):
        return [value()]
    if type(value) is types.CellType:
        return [read(value)]
    fields = fields_of(value)
    slots = _slots(value)
    if fields is None and not slots:
        return [] if type(value) is object else None
    return [fields or {}, read(value) if slots else {}]
