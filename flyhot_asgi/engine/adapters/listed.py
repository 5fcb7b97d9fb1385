"""How the new list of routes of one router comes about while a patch is applied."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import UpgradeError
from ..living.attributes import fields_of
from ..patching.journal import Journal
from ..patching.registration import Registration
from ..source.module import Statement
from .layout import Entry
from .lifespans import START
from .schemas import added, instances_of

_DO = "deploy this change cold (restart the app)"


@dataclass
class RouteRebuild(Registration):
    """The new list of one router: what stays, and what the executed statements append."""

    of_classes = True
    router: Any
    base: int
    entries: list[Entry]
    reused: dict[Statement, list[Any]]
    tail: list[Any]
    constructor: Statement | None = None
    """The statement that makes the router, if that is executed again: its routes take the place of the first ones."""
    order: Mapping[Statement, int] = field(default_factory=dict)
    """Where the new release's statements stand."""
    replaced: Mapping[Statement, list[Any]] = field(default_factory=dict)
    """Routes that statements of the new release stand for, and that go: they register them anew."""
    whole: bool = False
    """All that has to do with the router runs again, its handlers' statements, too (`lifespans.StartKept`)."""
    _fresh: dict[Statement, list[Any]] = field(default_factory=dict)
    _before: list[Any] = field(default_factory=list)
    _shown: list[Any] = field(default_factory=list)
    _including: list[Any] = field(default_factory=list)
    _lifespan: dict[str, Any] = field(default_factory=dict)
    _handlers: dict[str, list[Any]] = field(default_factory=dict)

    def look(self) -> None:
        kind = getattr(sys.modules.get("fastapi.routing"), "_IncludedRouter", None)
        found = instances_of([kind]) if kind is not None else []
        self._including = added(self._including, [o for o in found if fields_of(o) is not None])

    def begin(self, journal: Journal) -> None:
        """Empty the list, so that what a statement appends can be told; noted in the journal first."""
        self._before = list(self.router.routes)
        version = vars(self.router).get("_routes_version")
        if version is not None:
            journal.note("a router's bookkeeping", lambda: setattr(self.router, "_routes_version", version))
        for name in ("on_startup", "on_shutdown"):
            journal.touch_container(vars(self.router).get(name, []), "a router's start and end")
        self._lifespan = {name: vars(self.router).get(name) for name in START}
        self._handlers = {name: list(vars(self.router).get(name) or ()) for name in ("on_startup", "on_shutdown")}
        for one in self._including:
            journal.touch_namespace(vars(one), "what includes a router")
        journal.touch_container(self.router.routes, "a router's routes")
        self.router.routes.clear()

    def show(self, statement: Statement, journal: Journal) -> None:
        """Who includes the router copies its routes (older FastAPI): it finds those that stand before it."""
        self._shown = []
        if statement is not self.constructor:
            here = self.order.get(statement, len(self.order))
            self._shown = self._made([e for e in self.entries if self.order.get(e.statement, -1) < here])
        self.router.routes[:] = self._shown

    def collect(self, statement: Statement, journal: Journal) -> None:
        """Take what `statement` has just appended."""
        shown, routes = self._shown, list(self.router.routes)
        if len(routes) < len(shown) or any(a is not b for a, b in zip(shown, routes, strict=False)):
            raise UpgradeError(
                f"`{statement.name}` moves or takes out routes of a router, which can't be done twice", do=_DO
            )
        if routes[len(shown) :]:
            self._fresh.setdefault(statement, []).extend(routes[len(shown) :])
        self.router.routes.clear()

    def finish(self, journal: Journal) -> None:
        self.router.routes[:] = self._made(self.entries) + self.tail
        self._keep_lifespan()
        mark_changed(self.router)

    def renewed(self) -> list[tuple[Any, Any]]:
        """Routes that were registered anew, each with the one that stands for it now. To be asked when it is done."""
        found: list[tuple[Any, Any]] = []
        for statement, routes in self.replaced.items():
            fresh = self._fresh.get(statement, [])
            found += zip(routes, fresh, strict=True) if len(routes) == len(fresh) else []
        return found

    def fresh(self) -> list[Any]:
        """What was registered anew until now."""
        return [route for routes in self._fresh.values() for route in routes]

    def _made(self, entries: list[Entry]) -> list[Any]:
        first = self._fresh.get(self.constructor, []) if self.constructor is not None else None
        routes = list(first) if first is not None else self._before[: self.base]
        for entry in entries:
            routes += self.reused.get(entry.statement, []) + self._fresh.get(entry.statement, [])
        return routes

    def _keep_lifespan(self) -> None:
        """Including a router again merges its lifespan again. What was merged when the app was started stays."""
        if self.whole:
            return
        fields = vars(self.router)
        for name, value in self._lifespan.items():
            if name in fields and (self.constructor is None or name != "lifespan_context"):
                fields[name] = value
        for name, before in self._handlers.items():
            if any(one not in before for one in fields.get(name) or ()):
                raise UpgradeError(
                    "a router that is included has start-up or shutdown handlers, which an app that runs won't call",
                    do=_DO,
                )
            if name in fields:
                fields[name][:] = before


@dataclass
class SchemaReset(Registration):
    """FastAPI keeps the OpenAPI document that it made once; it must be made again."""

    app: Any
    executes = False

    def begin(self, journal: Journal) -> None:
        journal.set_attribute(self.app, "openapi_schema", None)


def mark_changed(router: Any) -> None:
    """Newer FastAPI caches what routers include, by version: move it on."""
    mark = getattr(router, "_mark_routes_changed", None)
    if mark is not None:
        mark()


def cached_of(router: Any) -> list[Any]:
    """What newer FastAPI made of a router's routes for those who include it, until its version moves on."""
    kind = getattr(sys.modules.get("fastapi.routing"), "_IncludedRouter", None)
    including = [one for one in instances_of([kind]) if one.original_router is router] if kind is not None else []
    fields = ("_effective_candidates", "_effective_low_priority_routes")
    return [vars(one)[name] for one in including for name in fields if name in vars(one)]
