"""The states of this process's units, brought to one release, and their word of it."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from ..engine import Journal, SourceModule
from ..errors import FlyhotError, UpgradeError, UpgradeRefused
from ..functions.unit import FunctionUnit
from ..session import MigrationReport, Registry, Session, Unit, pinning
from ..session.ended import EndedUnit
from ..session.migrate import migrate
from ..session.registered import Registered
from ..session.stale import close_stale
from .order import Order
from .renewals import check_callable, refused_in_source
from .units import all_units, attached, ids_by_class, tell_resumed, unit_classes
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
        self._owners: dict[int, Session] | None = None  # once a migration has failed
        self._vsns: tuple[ClassVsns, ClassVsns] | None = None
        self.renewed: frozenset[str] = frozenset()
        """The functions that start anew when their code has changed (qualified names): theirs are no stale frames."""

    def look(self, live: dict[str, types.ModuleType]) -> Callable[[type], Collection[int]]:
        """Who is there: the ids of a class's units, for the plan; those who come while it is made are among them as
        soon as they are asked for, from any thread."""
        self._units = all_units(self._registry, self._registered, live)
        self.renewed = frozenset(unit.function.__qualname__ for unit in self._units if isinstance(unit, FunctionUnit))
        there = unit_classes(self._units, live)
        return lambda cls: ids_by_class(there | unit_classes(attached(self._registry), {}), cls)

    def refused(self, sources: Mapping[str, SourceModule]) -> UpgradeRefused | None:
        """Why the functions that run now could not go on with the release's source. Blocking."""
        return refused_in_source(self._functions(), sources)

    def _functions(self) -> list[FunctionUnit]:
        """All that run, those of pinned sessions included: they start anew at their boundary."""
        registry = self._registry
        pinned = [who.units for id in registry.pins if (who := registry.find(id)) is not None]
        return [unit for unit in chain(self._units, *pinned) if isinstance(unit, FunctionUnit)]

    def read_vsns(self, vsns: tuple[ClassVsns, ClassVsns]) -> None:
        """Of the old and the new release, worked out for those who are there. Blocking."""
        self._vsns = with_classes_read(vsns, self._units)
        self._units = []

    def refuse_newcomers(self, unmet: Sequence[tuple[type, Callable[[Any], bool]]]) -> None:
        """Nobody was there when it was planned whose state the release can't do with: is anybody now? Raises
        UpgradeError."""
        for unit in attached(self._registry) if unmet else ():
            for cls, lacks in unmet:
                if isinstance(unit.instance, cls) and lacks(unit.instance):
                    raise UpgradeError(
                        f"{unit.label} opened while the upgrade was prepared, with a state that nobody migrates",
                        do="nothing was changed; deploy again, and the plan says what it lacks",
                    )

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
                droppable=lambda unit: isinstance(unit, EndedUnit) or self._session_of(unit) is not None,
                debug=self._order.debug,
            )
            self.migrated = self._migration.migrated
            check_callable(self._functions())
        except FlyhotError as exc:
            exc.file = self._relative(exc.file)
            raise

    def _session_of(self, unit: Unit) -> Session | None:
        """The session that a unit belongs to; None for an actor's and for a registered object."""
        if self._owners is None:
            self._owners = {id(each): session for session in self._registry.sessions for each in session.units}
        return self._owners.get(id(unit))

    def _relative(self, file: str | None) -> str | None:
        prefix = f"{self._root}/"
        return file[len(prefix) :] if file is not None and file.startswith(prefix) else file

    def _extra(self) -> dict[str, Any]:
        order = self._order
        ours = {"direction": order.direction, "from_release": self._old, "to_release": order.release.digest}
        return {**order.extra, **ours}

    def tell(self, vsn: str, now: Callable[[], str], *, render: bool = True) -> list[str]:
        """The upgrade is committed. Returns a line on each session that is pinned or dropped. `now`: the release that
        runs, asked when it is needed. `render`: may what is shown have changed?"""
        dropped = self._migration.dropped if self._migration is not None else ()
        lines = [self._dropped(unit, error.what) for unit, error in dropped]
        gone = {id(unit) for unit, _ in dropped}
        left = [unit for unit in self._units if id(unit) not in gone] if gone else self._units
        tell_resumed(left, vsn, self._migration, render=render)
        pinned = pinning.confirm(self._registry, self._missed, now, old=self._old[: len(vsn)])
        return lines + [f"{line}: pinned to the old code until its next message" for line in pinned]

    def _dropped(self, unit: Unit, why: str) -> str:
        if not self._registry.ended.drop(unit):
            return pinning.dismiss(self._registry, self._session_of(unit), why)
        line = f"{why}; nobody is connected with it any more, and it keeps the state that it had"
        self._registry.report(line)
        return line

    @property
    def migrated_classes(self) -> frozenset[str]:
        """Those (`module:qualname`) whose `code_change` ran."""
        classes = self._migration.classes if self._migration is not None else ()
        return frozenset(f"{cls.__module__}:{cls.__qualname__}" for cls in classes)

    def close_stale(self, leaving: Collection[Session]) -> None:
        """Begin to close the connections that run old code, if that is the policy; these among them."""
        registry, within = self._registry, self._order.stale_within
        if self._order.stale == "close":
            closing = lambda: close_stale(registry, within=within, leaving=leaving)  # noqa: E731
            registry.spawn(closing, name="closing of stale sessions")

    def let_go(self) -> None:
        """Or a thread that is late would hold on to code that has gone. Idempotent."""
        migration = self._migration
        self._units, self._migration, self._missed, self._owners = [], None, {}, None
        if migration is None:
            return
        steps = migration.let_go()
        for _ in range(_STEPS_AT_ONCE):
            if next(steps, _OVER) is _OVER:
                return
        self._registry.spawn(lambda: _rest_of(steps), name="letting go of what an upgrade kept", waits=False)


_STEPS_AT_ONCE = 10
_OVER = object()


async def _rest_of(steps: Iterator[None]) -> None:
    """One in each turn of the loop: sessions are served again meanwhile. Cancelled, it lets go of all at once."""
    for _ in steps:
        await asyncio.sleep(0)
