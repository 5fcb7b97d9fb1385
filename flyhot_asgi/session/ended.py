"""What was a unit of a connection that is over, and lives on: kept by the app, by a server that keeps its connections,
or by an error that somebody is still writing about.

Nobody can tell whether one of these will be called again, so their states follow the code as long as they live. They
are referred to weakly.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from flyhot_asgi.errors import ConfigError
from flyhot_asgi.session.unit import (
    PLUMBING,
    EndpointUnit,
    InstanceUnit,
    ObjectUnit,
    Owner,
    State,
    Unit,
    replace_attributes,
)


class EndedUnit(ObjectUnit):
    """State: what was the unit's. It is not told of an upgrade: it has nobody whom it could tell."""

    def __init__(self, unit: Unit, owner: Owner, gone: Callable[[int], object]) -> None:
        obj: Any = unit.instance
        super().__init__(obj, unit.id, owner)
        number = id(obj)
        self._ref = weakref.ref(obj, lambda _: gone(number))
        self.id = unit.id
        self._label = f"{unit.label}, whose connection is over"
        self._keep = PLUMBING if isinstance(unit, EndpointUnit) else frozenset()

    @property
    def label(self) -> str:
        return self._label

    def get_state(self) -> State:
        return {name: value for name, value in super().get_state().items() if name not in self._keep}

    def replace_state(self, state: State) -> None:
        obj = self._ref()
        if obj is not None:
            replace_attributes(obj, state, keep=self._keep)

    def resumed(self, vsn: str, changed: bool) -> None:
        return None


class Ended:
    """Those of one application. For the event loop's thread; `units` may be asked for from any."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._units: dict[int, EndedUnit] = {}

    def add(self, unit: Unit) -> None:
        """The connection of `unit` is over, and its state is that of the release that runs. One whose state is
        something else than attributes, or that allows no weak reference, is not kept."""
        if not isinstance(unit, InstanceUnit) or unit.instance is None:
            return
        try:
            ended = EndedUnit(unit, self._owner, self._forget)
        except ConfigError:
            return
        self._units[id(unit.instance)] = ended

    def units(self) -> list[EndedUnit]:
        """Those that still live."""
        return list(self._units.values())

    def drop(self, unit: Unit) -> bool:
        """Its state fits the code of no release that runs: it is migrated no more. False: it was none of these."""
        return isinstance(unit, EndedUnit) and self._forget(id(unit.instance))

    def _forget(self, number: int) -> bool:
        return self._units.pop(number, None) is not None
