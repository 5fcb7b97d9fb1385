"""The states of this process's units, brought to one release, and their word of it."""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..engine import Journal
from ..errors import FlyhotError
from ..functions.unit import FunctionUnit
from ..session import MigrationReport, Registry, Unit, pinning
from ..session.migrate import migrate
from ..session.stale import close_stale
from .order import Order
from .units import Registered, all_units, count_by_class, tell_resumed, unit_classes
from .vsns import ClassVsns, with_classes_read


class UnitsUpgrade:
    """The units of one transaction. Use once."""

    def __init__(self, order: Order, registry: Registry, registered: Registered, *, old: str, root: Path) -> None:
        self.migrated = 0
        self._order = order
        self._registry = registry
        self._registered = registered
        self._old = old
        self._root = root
        self._units: list[Unit] = []
        self._migration: MigrationReport | None = None
        self._missed: pinning.Missed = {}
        self._vsns: tuple[ClassVsns, ClassVsns] | None = None
        self.renewed: frozenset[str] = frozenset()
        """The functions that start anew when their code has changed (qualified names): theirs are no stale frames."""

    def look(self, live: dict[str, types.ModuleType]) -> Callable[[type], int]:
        """Who is there now: how many units of a class there are, for the plan."""
        self._units = all_units(self._registry, self._registered, live)
        self.renewed = frozenset(unit.function.__qualname__ for unit in self._units if isinstance(unit, FunctionUnit))
        classes = unit_classes(self._units, live)
        return lambda cls: count_by_class(classes, cls)

    def read_vsns(self, vsns: tuple[ClassVsns, ClassVsns]) -> None:
        """Of the old and the new release, worked out for those who are there. Blocking."""
        self._vsns = with_classes_read(vsns, self._units)
        self._units = []

    def keep(self, journal: Journal) -> None:
        """Who registers meanwhile is forgotten by the undo."""
        self._registered.keep(journal)

    def code_change(self, live: dict[str, types.ModuleType], journal: Journal, budget: float) -> None:
        """Migrate every unit, within `budget` seconds. Raises MigrationFailed and its kin."""
        assert self._vsns is not None
        now, then = self._vsns
        older, newer = (now, then) if self._order.direction == "up" else (then, now)
        try:
            pinning.let_in(self._registry)
            self._units = all_units(self._registry, self._registered, live)
            self._missed = pinning.missed(self._registry, self._order.direction, older.of, newer.of, self._extra())
            self._migration = migrate(
                self._units,
                direction=self._order.direction,
                old_vsn=older.of,
                new_vsn=newer.of,
                extra=self._extra(),
                undo=journal,
                budget=budget,
                each=self._order.code_change_budget,
                droppable=lambda unit: self._registry.session_of(unit) is not None,
                debug=self._order.debug,
            )
            self.migrated = self._migration.migrated
        except FlyhotError as exc:
            exc.file = self._relative(exc.file)
            raise

    def _relative(self, file: str | None) -> str | None:
        prefix = f"{self._root}/"
        return file[len(prefix) :] if file is not None and file.startswith(prefix) else file

    def _extra(self) -> dict[str, Any]:
        order = self._order
        ours = {"direction": order.direction, "from_release": self._old, "to_release": order.release.digest}
        return {**order.extra, **ours}

    def tell(self, vsn: str, now: Callable[[], str]) -> list[str]:
        """The upgrade is committed. Returns a line on each session that is pinned or dropped. `now`: the release that
        runs, asked when it is needed."""
        dropped = self._migration.dropped if self._migration is not None else ()
        lines = [pinning.dismiss(self._registry, unit, error.what) for unit, error in dropped]
        gone = {id(unit) for unit, _ in dropped}
        tell_resumed([unit for unit in self._units if id(unit) not in gone], vsn, self._migration)
        pinned = pinning.confirm(self._registry, self._missed, now)
        return lines + [f"{line}: pinned to the old code until its next message" for line in pinned]

    def close_stale(self) -> None:
        """Begin to close the connections that run old code, if that is the policy."""
        registry, within = self._registry, self._order.stale_within
        if self._order.stale == "close":
            registry.spawn(lambda: close_stale(registry, within=within), name="closing of stale sessions")

    def let_go(self) -> None:
        """Or a thread that is late would hold on to code that has gone. Idempotent."""
        self._units, self._migration, self._missed = [], None, {}
