"""Objects that the app has named: units that belong to no session."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Protocol

from .registry import Registry
from .unit import ObjectUnit


class Notes(Protocol):
    """A journal, as far as it is written here."""

    def note(self, what: str, undo: Callable[[], None]) -> None:
        """How to take back what has just been done."""


class Registered:
    """Objects that `flyhot_asgi.register()` named, before or after the app started. Refers to them weakly.

    There is one per process, as modules are: an object is registered where it is made, which may be long before any
    middleware exists.
    """

    def __init__(self) -> None:
        self._objects: dict[str, weakref.ref[Any]] = {}

    def add(self, obj: Any, name: str) -> None:
        """The name is the object's from now on: a statement that is executed again registers its new object.

        Raises ConfigError if the object can't be a unit.
        """
        ObjectUnit(obj, name, _NOBODY)
        self._objects[name] = weakref.ref(obj)

    def keep(self, journal: Notes) -> None:
        """What a release's statements register goes with them, if they are undone."""
        before = dict(self._objects)

        def undo() -> None:
            self._objects = before

        journal.note("registered objects", undo)

    def items(self) -> list[tuple[str, Any]]:
        found = [(name, ref()) for name, ref in self._objects.items()]
        return [(name, obj) for name, obj in found if obj is not None]


_NOBODY = Registry()
"""Owner of the units that are made to see whether an object can be one."""
