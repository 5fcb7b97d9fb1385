"""The order of a mapping's keys as text, without what differs from process to process.

`dict.fromkeys({int, str})` has its keys in the order of a set, which goes by addresses or hash seeds: two cold imports
may agree by chance where a third does not. Keys that follow each other and are all in one set that the module names
are told in the order of their names.
"""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..source.values import ATOMS

_MOST = 200


class Ordering:
    """Knows the sets that one module has by name: modules may be described one by one."""

    def __init__(self) -> None:
        self._set_of: dict[object, int] = {}
        self._keep: list[object] = []

    def module(self, module: types.ModuleType) -> None:
        """What is described from now on is this module's."""
        self._set_of.clear()
        for value in list(vars(module).values()):
            if type(value) in (set, frozenset) and 1 < len(value) <= _MOST:
                self._keep.append(value)
                for member in value:
                    self._set_of.setdefault(_identity(member), id(value))

    def text(self, mapping: Mapping[Any, Any], name: Callable[[Any], str]) -> str:
        """The keys' names, one a line."""
        return "\n".join(self._lines(mapping, name))

    def home(self, key: object) -> int | None:
        """Which of the module's sets the key is in: those of one have no order of their own."""
        return self._set_of.get(_identity(key))

    def _lines(self, keys: Iterable[Any], name: Callable[[Any], str]) -> Iterable[str]:
        if not self._set_of:
            yield from map(name, keys)
            return
        for home, run in itertools.groupby(keys, self.home):
            names = list(map(name, run))
            yield from names if home is None else sorted(names)


def _identity(key: object) -> object:
    """What tells one key from another without asking it."""
    return (type(key), key) if type(key) in ATOMS else id(key)
