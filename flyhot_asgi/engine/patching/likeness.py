"""Is what a second run of the same code has set what the first had set? Deeper than `entries.alike`, which tells one
entry among others: here all that is there must be like it, as it is then put away and the old stays.
"""

from __future__ import annotations

import io
import types
from collections.abc import Collection
from typing import Any

from .entries import alike, parts_of
from .pouring import stands_at

_DEEPEST = 24
_FRESH = frozenset({"_thread", "threading"})
"""Modules whose objects are like each other if they are of one type: locks."""


class Likeness:
    """Of two runs. `serial`: numbers that the second run was given by counters, for those of the first."""

    def __init__(self, serial: Collection[int] = ()) -> None:
        self._serial = frozenset(serial)
        self._met: set[tuple[int, int]] = set()
        self._keep: list[object] = []

    def holds(self, a: Any, b: Any, depth: int = _DEEPEST) -> bool:
        """`b`, of the second run, is like `a`."""
        if a is b:
            return True
        if (id(a), id(b)) in self._met:
            return True
        if not depth:
            return False
        self._met.add((id(a), id(b)))
        self._keep += [a, b]
        return self._same(a, b, depth - 1)

    def _same(self, a: Any, b: Any, depth: int) -> bool:
        if type(a) is int and type(b) is int and a != b:
            return b in self._serial
        if type(a) is not type(b):
            return alike(a, b)
        if type(a).__module__ in _FRESH:
            return True
        if isinstance(a, io.TextIOBase):
            return [getattr(a, n, None) for n in _STREAM] == [getattr(b, n, None) for n in _STREAM]
        if isinstance(a, types.FunctionType):
            return stands_at(a) == stands_at(b) and self._closures(a, b, depth)
        mine, other = (None, None) if isinstance(a, type) else (parts_of(a), parts_of(b))
        if mine is None or other is None:
            return alike(a, b)
        return len(mine) == len(other) and all(self.holds(x, y, depth) for x, y in zip(mine, other, strict=True))

    def _closures(self, a: types.FunctionType, b: types.FunctionType, depth: int) -> bool:
        mine, other = (dict(zip(f.__code__.co_freevars, f.__closure__ or (), strict=True)) for f in (a, b))
        defaults = self.holds([a.__defaults__, a.__kwdefaults__], [b.__defaults__, b.__kwdefaults__], depth)
        return defaults and all(self.holds(mine[n], other[n], depth) for n in mine.keys() & other.keys())


_STREAM = ("name", "mode", "encoding")
