"""Values that stay the objects that everybody holds, with what the release makes of them now.

A statement that is executed again makes fresh values. Containers, lambdas, partials and first-party instances are
poured into the living ones, nested ones as well, and whoever was told of a fresh one meanwhile (a bound method, a
closure, a registry) is told of the living one. Three-way where the old value is known: what the program added or
changed, and the release did not, stays.
"""

from __future__ import annotations

import functools
import gc
import sys
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Collection
from typing import Any

from ...errors import UpgradeError
from ..living.attributes import fields_of, has_slots
from ..living.commands import FILLED_BY_NAME, is_command
from ..source.values import alike, is_namespace
from .journal import Journal, refill
from .pouring import pour
from .substitute import Substitution

MISSING: Any = object()
_DEPTH = 6


_CONTAINERS = (OrderedDict, dict, list, set, deque, bytearray)
_CHANGED_BY = ("__setitem__", "__delitem__", "add", "append", "clear")


def _is_refillable(cls: type, own: Collection[str]) -> bool:
    """A library's class of container may forbid changes, or do more than change when it is written to."""
    base = next(base for base in cls.__mro__ if base in _CONTAINERS)
    known = cls.__module__ in own or cls.__module__ == "collections"
    return known or all(getattr(cls, name, None) is getattr(base, name, None) for name in _CHANGED_BY)


class Pourer:
    """Pours the fresh values of one statement into the living ones. `own`: names of first-party modules. `pending`:
    names of theirs that statements will bind anew after this one."""

    def __init__(self, journal: Journal, own: Collection[str] = (), pending: Collection[tuple[str, str]] = ()) -> None:
        self._journal = journal
        self._own = own
        self._pending = pending
        self._pairs: list[tuple[Any, Any]] = []
        self._poured: list[object] = []
        """What was filled: the collector may not show it, as it is older than the patch."""
        self._named: set[int] | None = None
        self._given: dict[int, tuple[Any, Any]] = {}
        """By id, what was poured, with what it was poured into: parts of a value may be shared."""
        self._taken: set[int] = set()

    def is_named(self, value: object) -> bool:
        """A module of the app's means it by a name of its own: what holds it shares it."""
        if self._named is None:
            spaces = [(name, vars(module)) for name in self._own if (module := sys.modules.get(name)) is not None]
            self._named = {
                id(one)
                for module, space in spaces
                for name, one in list(space.items())
                if (module, name) not in self._pending
            }
        return id(value) in self._named

    def told(self, container: object) -> None:
        """A container that was filled meanwhile, and that the journal knows."""
        self._poured.append(container)

    def keep(self, old: Any, new: Any, depth: int = _DEPTH, *, inner: bool = False) -> Any:
        """The object to keep: the living one with the fresh contents where their kinds agree, else the fresh one.
        `inner`: it is a part of a value, as everything below the first level is."""
        if id(new) in self._given:
            return self._given[id(new)][1]
        if old is new or type(old) is not type(new) or not depth or id(old) in self._taken:
            return new
        if (inner or depth < _DEPTH) and (self.is_named(old) or self.is_named(new)):
            return new
        kept = self._kept(old, new, depth)
        if kept is old:
            self._taken.add(id(old))
            self._given[id(new)] = (new, old)
        return kept

    def _kept(self, old: Any, new: Any, depth: int) -> Any:
        if isinstance(old, types.FunctionType):
            same = old.__globals__ is new.__globals__ and old.__qualname__ == new.__qualname__
            return pour(old, new, self._journal) if same else new
        if isinstance(old, _CONTAINERS):
            return self._container(old, new, depth) if _is_refillable(type(old), self._own) else new
        if type(old) is functools.partial:
            return self._partial(old, new)
        if is_command(old):
            return self.instance(old, new, FILLED_BY_NAME, depth)
        if is_namespace(old) or (type(old).__module__ in self._own and not isinstance(old, type)):
            return self.instance(old, new, frozenset(), depth)
        return new

    def instance(self, old: Any, new: Any, kept: Collection[str], depth: int = _DEPTH) -> Any:
        """An instance, most often of a class of the app's: everything of the fresh one but the attributes `kept`, which
        the program changed and the release did not."""
        mine, other = fields_of(old), fields_of(new)
        if mine is None or other is None or has_slots(type(old)):
            return new
        self._journal.touch_namespace(mine, f"a living {type(old).__qualname__}")
        if new is not old:
            self._pairs.append((new, old))
        wanted = {}
        known = type(old).__module__ in self._own or is_namespace(old) or is_command(old)
        inside = depth - 1 if known else 0
        for name, value in other.items():
            if name not in kept:  # containers in a library's object may be others' too: a model's schema is
                wanted[name] = self.keep(mine.get(name, MISSING), value, inside)
            elif name in mine:
                wanted[name] = mine[name]
        wanted |= {name: value for name, value in mine.items() if name in kept and name not in wanted}
        if list(mine) != list(wanted) or any(mine[name] is not value for name, value in wanted.items()):
            refill(mine, wanted)
        self._poured.append(mine)
        return old

    def become(self, old: Any, new: Any) -> Any:
        """A library's object that is nothing but values takes over all that the fresh one is, its class included."""
        kind = type(old)
        self._journal.note(f"a living {kind.__qualname__}", functools.partial(_turn, old, kind))
        _turn(old, type(new))
        return self.instance(old, new, frozenset())

    def _container(self, old: Any, new: Any, depth: int) -> Any:
        if isinstance(old, deque) and old.maxlen != new.maxlen:
            return new
        self._journal.touch_container(old, "a container's contents")
        if isinstance(old, dict):
            if isinstance(old, defaultdict):
                old.default_factory = new.default_factory
            items = {key: self.keep(dict.get(old, key, MISSING), value, depth - 1) for key, value in dict.items(new)}
            refill(old, items)
        elif isinstance(old, list | deque) and len(old) == len(new):
            refill(old, [self.keep(a, b, depth - 1) for a, b in zip(old, new, strict=True)])
        else:
            refill(old, list(new))
        self._poured.append(old)
        return old

    def _partial(self, old: Any, new: Any) -> Any:
        before = old.__reduce__()[2]
        self._journal.note("a partial", lambda: old.__setstate__(before))
        old.__setstate__(new.__reduce__()[2])
        return old

    def finish(self, namespace: dict[str, Any]) -> None:
        """Tell whoever was told of a fresh object of the living one. Raises UpgradeError if somebody can't be told."""
        if not self._pairs:
            return
        names = [type(old).__qualname__ for _, old in self._pairs]
        fresh = [new for new, _ in self._pairs]
        substitution = Substitution(self._pairs, spared=fresh)
        self._pairs = []
        self._given.clear()
        substitution.run([namespace, *self._poured])
        del substitution
        alone = 2  # the list and the call's argument
        for index, name in enumerate(names):
            if sys.getrefcount(fresh[index]) > alone:
                gc.collect()
                if sys.getrefcount(fresh[index]) > alone:
                    raise UpgradeError(f"a second `{name}` that was made meanwhile is still held by something old")


def _turn(value: object, kind: type) -> None:
    object.__setattr__(value, "__class__", kind)


def merged(old: Any, live: Any, new: Any, name: str) -> Any:
    """Three-way: what the program added to (or changed in, or took out of) a container, put into the release's.

    Raises UpgradeError where both changed the same item.
    """
    if alike(old, live):
        return new
    if type(live) is not type(new) or type(old) is not type(new):
        raise UpgradeError(_both(name))
    if isinstance(live, Counter) or not isinstance(live, dict):
        return _merged_items(old, live, new, name)
    result = dict(new)
    for key in {**old, **live}:
        before, now, then = (side.get(key, MISSING) for side in (old, live, new))
        if _alike(before, now):
            continue
        if not _alike(before, then) and not _alike(now, then):
            raise UpgradeError(_both(f"{name}[{key!r}]"))
        if now is MISSING:
            result.pop(key, None)
        else:
            result[key] = now
    fresh = new.copy()
    refill(fresh, result)
    return fresh


def _merged_items(old: Any, live: Any, new: Any, name: str) -> Any:
    if isinstance(live, set):
        return (new | (live - old)) - (old - live)
    if isinstance(live, list | deque) and len(live) >= len(old):
        if all(alike(a, b) for a, b in zip(old, live, strict=False)):  # the program appended
            tail = list(live)[len(old) :]
            fresh = new.copy()
            fresh.extend(tail)
            return fresh
    raise UpgradeError(_both(name))


def _alike(a: Any, b: Any) -> bool:
    return (a is b) if (a is MISSING or b is MISSING) else alike(a, b)


def _both(name: str) -> str:
    return f"`{name}` was changed by the running program and is changed by the release too"
