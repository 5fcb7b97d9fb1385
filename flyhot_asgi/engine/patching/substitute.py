"""One object takes another's place with everybody who holds it.

A class statement that is executed whole makes a second class, which the living one swallows. Whoever was told of the
second one meanwhile (a registry, a cell, a decorator's closure, a generic alias) must hold the living one afterwards.
Immutable holders (tuples, bound methods, aliases) are built again and take their own place the same way. Runs no code
of the app's but the hashes of keys.
"""

from __future__ import annotations

import functools
import gc
import sys
import types
import weakref
from collections import deque
from collections.abc import Iterable
from typing import Any

from ..living.attributes import fields_of
from ..living.inventory import describe
from .classobject import owned_by, set_bases
from .journal import Journal

_ROUNDS = 8
_IMMUTABLE = (tuple, frozenset, types.MethodType, staticmethod, classmethod, types.GenericAlias, types.UnionType)


class Substitution:
    """The pairs of one step: `(stands in, takes its place)`."""

    def __init__(self, pairs: Iterable[tuple[Any, Any]], *, spared: object = None) -> None:
        self._to: dict[int, tuple[Any, Any]] = {}
        self._spared: set[int] = {id(self._to), id(spared)}
        for old, new in pairs:
            self._add(old, new)

    def run(self, also: Iterable[object] = ()) -> None:
        """Replace in whatever the collector shows (objects hidden by `gc.freeze()` are not among it) and in `also`."""
        todo = [old for old, _ in self._to.values()]
        also = list(also)
        for _ in range(_ROUNDS):
            found = gc.get_referrers(*todo)
            self._spared |= {id(todo), id(found), id(also)}
            known = len(self._to)
            for holder in [*found, *also]:
                self._replace_in(holder)
            todo = [old for old, _ in list(self._to.values())[known:]]
            also = list(also) if todo else []
            if not todo:
                return

    def run_known(self, journal: Journal) -> list[str]:
        """Replace only where the journal has a pre-image, or where the holder is new, as immutable ones are; who else
        holds them, in words."""
        todo = [old for old, _ in self._to.values()]
        strangers: list[str] = []
        for _ in range(_ROUNDS):
            found = gc.get_referrers(*todo) if todo else []
            self._spared |= {id(todo), id(found)}
            known = len(self._to)
            for holder in found:
                if id(holder) not in self._spared and type(holder) is not types.FrameType:
                    self._replace_known(holder, journal, strangers)
            todo = [old for old, _ in list(self._to.values())[known:]]
        return strangers

    def _replace_known(self, holder: Any, journal: Journal, strangers: list[str]) -> None:
        if journal.knows(holder) or type(holder) in _IMMUTABLE:
            self._replace_in(holder)
        elif (fields := fields_of(holder)) is not None and journal.knows(fields):
            self._in_dict(fields)  # since Python 3.13 the collector shows the instance in place of its dict
        else:
            strangers.append(describe(holder))

    def holders(self, obj: object) -> list[str]:
        """Who still holds one of the replaced objects, in words."""
        mine = [*self._insides(obj), self._to, *self._to.values(), *(old for old, _ in self._to.values())]
        ids = {id(one) for one in mine} | {id(mine), id(mine[0])}
        return [
            describe(one) for one in gc.get_referrers(obj) if id(one) not in ids and type(one) is not types.FrameType
        ]

    def _insides(self, obj: Any) -> list[object]:
        if not isinstance(obj, type):
            return []
        return [obj.__mro__, obj.__bases__, *[v for v in vars(obj).values() if owned_by(v, obj)]]

    def _add(self, old: Any, new: Any) -> None:
        if id(old) in self._to or old is new:
            return
        pair = (old, new)
        self._to[id(old)] = pair
        self._spared |= {id(pair), id(old)}
        if isinstance(old, type):
            raw = [one for one in gc.get_referents(old.__dict__) if type(one) is dict]
            self._spared |= {id(one) for one in [*self._insides(old), *raw]}

    def _new(self, value: Any) -> Any:
        pair = self._to.get(id(value))
        return value if pair is None else pair[1]

    def _is_old(self, value: object) -> bool:
        return id(value) in self._to

    def _replace_in(self, holder: Any) -> None:
        if id(holder) in self._spared:
            if self._is_old(holder) and (fields := fields_of(holder)) is not None:
                self._in_dict(fields)  # since Python 3.13 the collector shows the instance in place of its dict
            return
        kind = type(holder)
        if self._is_old(kind):
            object.__setattr__(holder, "__class__", self._new(kind))
        if isinstance(holder, dict):
            self._in_dict(holder)
        elif isinstance(holder, list | deque):
            self._in_sequence(holder)
        elif isinstance(holder, set):
            for item in [item for item in set.__iter__(holder) if self._is_old(item)]:
                set.discard(holder, item)
                set.add(holder, self._new(item))
        elif kind is types.CellType:
            holder.cell_contents = self._new(holder.cell_contents)
        elif kind is types.FunctionType:
            self._in_function(holder)
        elif kind is functools.partial:
            self._in_partial(holder)
        elif isinstance(holder, type):
            self._in_class(holder)
        elif (again := self._rebuilt(holder)) is not None:
            self._add(holder, again)
        else:
            self._in_object(holder)

    def _in_dict(self, holder: dict[Any, Any]) -> None:
        if any(self._is_old(key) for key in dict.__iter__(holder)):
            items = [(key, value) for key, value in dict.items(holder)]
            present = {id(key) for key, _ in items}
            dict.clear(holder)
            for key, value in items:
                if self._is_old(key) and id(self._new(key)) in present:
                    dict.__setitem__(holder, self._new(key), value)  # its place is that of the living one
                else:
                    dict.__setitem__(holder, self._new(key), value)
        for key, value in list(dict.items(holder)):
            if self._is_old(value):
                dict.__setitem__(holder, key, self._new(value))

    def _in_sequence(self, holder: Any) -> None:
        present = {id(item) for item in holder}
        if not any(self._is_old(item) for item in holder):
            return
        # Who had entered the living one has it already: the stand-in's own entry goes.
        items = [self._new(item) for item in holder if not (self._is_old(item) and id(self._new(item)) in present)]
        if isinstance(holder, list):
            list.__setitem__(holder, slice(None), items)
        else:
            holder.clear()
            holder.extend(items)

    def _in_function(self, holder: types.FunctionType) -> None:
        for name in ("__defaults__", "__kwdefaults__"):
            value = getattr(holder, name)
            if self._is_old(value):
                setattr(holder, name, self._new(value))
        if sys.version_info < (3, 14):  # a tuple until somebody asks, and made a dict of that: it can't be exchanged
            self._in_dict(holder.__annotations__)

    def _in_partial(self, holder: Any) -> None:
        func, args, keywords, fields = holder.__reduce__()[2]
        holder.__setstate__((self._new(func), self._new(args), self._new(keywords), fields))

    def _in_class(self, holder: type) -> None:
        bases = tuple(self._new(base) for base in holder.__bases__)
        if bases != holder.__bases__:
            set_bases(holder, bases, self._new(holder.__base__))

    def _rebuilt(self, holder: Any) -> Any:
        """An immutable holder with the new contents; None if it is none, or holds nothing that is replaced."""
        kind = type(holder)
        if kind is types.MethodType:
            return types.MethodType(self._new(holder.__func__), self._new(holder.__self__))
        if kind in (staticmethod, classmethod):
            return kind(self._new(holder.__func__))
        if kind is types.GenericAlias:
            return types.GenericAlias(self._new(holder.__origin__), tuple(map(self._new, holder.__args__)))
        if kind is types.UnionType:
            return functools.reduce(lambda a, b: a | b, map(self._new, holder.__args__))
        if kind is frozenset or kind is tuple:
            return kind(map(self._new, holder)) if any(map(self._is_old, holder)) else None
        return None

    def _in_object(self, holder: Any) -> None:
        """Attributes in slots, and in a dict that the collector has not seen as one."""
        for base in type(holder).__mro__:
            for place in vars(base).values():
                if isinstance(place, types.MemberDescriptorType) and owned_by(place, base):
                    try:
                        value = place.__get__(holder)
                    except (AttributeError, TypeError):
                        continue
                    if self._is_old(value):
                        try:
                            place.__set__(holder, self._new(value))
                        except (AttributeError, TypeError):
                            continue
        if (fields := fields_of(holder)) is not None:
            self._in_dict(fields)


def substitute_weakly(old: type, new: type) -> None:
    """Weak sets and mappings that were told of `old` get `new`; the entries of `old` end with it."""
    for ref in weakref.getweakrefs(old):
        if ref.__callback__ is None:
            continue
        for holder in gc.get_referrers(ref):
            if isinstance(holder, set):
                holder.add(weakref.ref(new, ref.__callback__))
            elif isinstance(holder, dict):
                for key, value in list(holder.items()):
                    if key is ref:
                        holder.setdefault(weakref.ref(new, ref.__callback__), value)
                    elif value is ref and isinstance(ref, weakref.KeyedRef):
                        holder[key] = weakref.KeyedRef(new, ref.__callback__, key)
