"""Routes of Starlette and FastAPI: added, changed, moved and removed by the statements that register them.

A router's list of routes is, in a cold import, what its constructor put there and then what each registering statement
appended, in order. The adapter tells the living list apart by the old source's statements, keeps the routes of
statements that did not change, executes the others (which append to the list), and puts the list together in the new
source's order. The router, the app and the list stay the same objects, so that the running middleware stack sees it.
"""

from __future__ import annotations

import ast
import sys
import types
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ..living.inventory import subclasses
from ..planning.context import Adapter, Context
from ..planning.decorators import handed_registrars
from ..planning.stateless import only_entries
from ..source.defuse import Home, Names
from ..source.diff import Change, NamespaceDiff
from ..source.module import Statement, dotted_name
from ..source.parts import parts_of
from ..source.plan import Action
from ..source.uses import may_be_mutated
from ..source.values import ATOMS
from .afterwards import plan_afterwards
from .copies import CopiesFollow, copies_routes
from .layout import Entry, constructor_routes, fused_apart, tell_apart
from .lifespans import judge_lifespans, of_no_account
from .listed import RouteRebuild, SchemaReset, cached_of
from .made_otherwise import made_otherwise
from .mounted import says_all
from .same_text import SameText
from .schemas import instances_of
from .stack import ROUTE_CALLS, calls_in, route_calls_in
from .stale import registers_as_before, stale_statements
from .whole import execute_again, handed, program_added, routers_made_whole, worked_on_by_calls

_DECORATORS = frozenset(
    "get post put delete patch head options trace api_route route websocket websocket_route".split()
)
_OTHER_CALLS = frozenset("add_middleware add_exception_handler add_event_handler".split())
_NO_ROUTERS = frozenset({*ATOMS, type, types.FunctionType, types.ModuleType, types.BuiltinFunctionType})
"""Types of most of what modules have in their namespaces."""
_COPIED = frozenset({"APIRoute", "Route", "APIWebSocketRoute", "WebSocketRoute"})
_LIST_CALLS = frozenset({"append", "extend"})
_DO = "deploy this change cold (restart the app)"


class RoutesAdapter(Adapter):
    """Claims statements that register routes with a living Starlette or FastAPI app or router."""

    def owns(self, value: object) -> bool:
        starlette = sys.modules.get("starlette.routing")
        applications = sys.modules.get("starlette.applications")
        kinds = [getattr(starlette, "Router", None), getattr(starlette, "BaseRoute", None)]
        kinds.append(getattr(applications, "Starlette", None))
        return isinstance(value, tuple(kind for kind in kinds if kind is not None))

    def says_all(self, context: Context, value: object) -> bool:
        return says_all(context, value)

    def outdated(self, context: Context) -> list[tuple[str, Statement, Home]]:
        """A function made the router of a list that changes."""
        lists = {home for home in context.rebound if only_entries(context, context.value(*home))}
        found = []
        for module, statement in context.order if lists else ():
            if module in context.live and statement.kind == "assign" and statement.binds and statement.calls:
                reached = context.new_names.reached(context.new_names.homes(module, statement.calls)).homes & lists
                if reached and self._router(context.value(module, statement.binds[0])) is not None:
                    found.append((module, statement, min(reached)))
        return found

    def registers(self, context: Context, module: str, statement: Statement) -> bool:
        return module in context.live and bool(self._routers(context, module, statement))

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        judge_lifespans(context, self._named(context))
        stale = stale_statements(context, diffs) | self._made_otherwise(context, diffs)
        self._reset_schemas(context)
        if not context.constructed and not context.whole and registers_as_before(context, diffs, stale):
            return
        old = self._entries(context, context.old_names, context.old_order)
        new = self._entries(context, context.new_names, context.order)
        stale |= _readers(context, {home for home, _ in context.constructed.values()})
        _with_includers(context, stale, old, new)
        routers = {id(router): router for router, _ in [*old.values(), *new.values()]}
        partner = {c.old: c.new for changes in diffs.values() for c in changes.changes if c.old is not None}
        same_text = SameText(context)
        for key, router in routers.items():
            before = old.get(key, (router, []))[1]
            after = new.get(key, (router, []))[1]
            self._plan_router(context, router, before, after, stale, partner, same_text)
        self._constructed_alone(context, set(routers))
        whole = routers_made_whole(context)
        rebuilds = [one for one in context.plan.registrations if isinstance(one, RouteRebuild)]
        for one in rebuilds:
            one.whole = id(one.router) in whole
        if rebuilds and copies_routes():
            context.plan.registrations.append(CopiesFollow(rebuilds))
        plan_afterwards(
            context, [(m, s) for m, s in context.order if m in context.live and self._mentioned(context, m, s)]
        )

    def takes(self, context: Context, module: str, change: Change, rebound: set[str]) -> bool:
        return False

    def _made_otherwise(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> set[Statement]:
        """Who registers with a router that has routes of a class of the app's which makes them otherwise now."""
        base = getattr(sys.modules.get("starlette.routing"), "BaseRoute", ())
        kinds = {cls for cls in made_otherwise(context, diffs) if issubclass(cls, base)}
        if not kinds:
            return set()
        entries = self._entries(context, context.new_names, context.order).values()
        concerned = [found for router, found in entries if any(type(route) in kinds for route in router.routes)]
        return {entry.statement for found in concerned for entry in found if entry.claimed}

    def _routers(self, context: Context, module: str, statement: Statement) -> Counter[int]:
        """How many routes a statement registers with each living router, by id; sizes as in `Entry`."""
        return Counter(id(router) for router, _ in self._registered(context, module, statement))

    def _registered(self, context: Context, module: str, statement: Statement) -> list[tuple[Any, int | None]]:
        node = statement.node
        if statement.kind == "def":
            calls = [(d, _DECORATORS) for d in statement.decorators if isinstance(d, ast.Call)]
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            calls = [(node.value, ROUTE_CALLS | _LIST_CALLS)]
        elif isinstance(node, ast.If):
            calls = [(call, ROUTE_CALLS) for call in route_calls_in(context, module, node)]
        else:
            return []
        found: list[tuple[Any, int | None]] = []
        for call, methods in calls:
            owner, _, method = (dotted_name(call.func) or "").rpartition(".")
            if method not in methods or not owner:
                continue
            on_list = method in _LIST_CALLS
            if on_list != owner.endswith(".routes"):
                continue
            router = self._router(context.resolve(module, owner.removesuffix(".routes")))
            if router is not None:
                size = None if isinstance(node, ast.If) else self._size(context, module, call, method)
                found.append((router, size))
        return found

    def _size(self, context: Context, module: str, call: ast.Call, method: str) -> int | None:
        """How many routes a call adds; None: unknown."""
        if method == "extend":
            return None
        if method == "include_router" and not hasattr(sys.modules.get("fastapi.routing"), "_IncludedRouter"):
            included = self._router(_included_by(context, module, call))  # older FastAPI copies the routes
            return sum(type(route).__name__ in _COPIED for route in included.routes) if included is not None else None
        return 1

    def _mentioned(self, context: Context, module: str, statement: Statement) -> list[Any]:
        """Routers that a statement reads without registering in a way that we know: it may add routes, or none."""
        if statement.kind not in ("expr", "block", "assign", "other") or self.registers(context, module, statement):
            return []
        node = statement.node
        if calls_in(context, module, statement) or _sets_no_routes(statement):
            return []
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            if (dotted_name(node.value.func) or "").rpartition(".")[2] in _OTHER_CALLS:
                return []
        values = [context.resolve(module, name) for name in statement.reads]
        values += [context.value(*home) for home in worked_on_by_calls(context, module, statement, self.owns)]
        found = {id(r): r for one in values if (r := self._router(one)) is not None}
        return list(found.values())

    def _classes_with(self, context: Context, module: str, statement: Statement) -> list[tuple[Any, int | None]]:
        """Routers that a class is registered with by its decorators, with how many routes: it has its place, and stays
        what it is. One that its decorators are told of (`@view(router)`) may get any number by them."""
        if not isinstance(statement.node, ast.ClassDef):
            return []
        if handed_registrars(context, module, statement):
            told = handed(context, module, statement, self.owns)
            routers = [self._router(context.value(*home)) for home in told.values()]
            return [(router, None) for router in routers if router is not None]
        owners = [
            (dotted_name(d.func) or "").rpartition(".")
            for d in statement.node.decorator_list
            if isinstance(d, ast.Call)
        ]
        found = [self._router(context.resolve(module, o)) for o, _, method in owners if o and method in _DECORATORS]
        return [(router, 1) for router in found if router is not None]

    def _named(self, context: Context) -> list[Any]:
        """The routers that modules have under a name."""
        values = [one for module in context.live for one in list(context.namespace(module).values())]
        found = [self._router(one) for one in values if type(one) not in _NO_ROUTERS]
        return list({id(router): router for router in found if router is not None}.values())

    def _home_of(self, context: Context, router: Any) -> Home | None:
        """The name of a router, or of an app with it, that a statement of the old release binds."""
        for module in context.live:
            binders = context.old_names.binders(module)
            for name, value in context.namespace(module).items():
                if name in binders and type(value) not in _NO_ROUTERS and self._router(value) is router:
                    return module, name
        return None

    def _router(self, value: Any) -> Any:
        """The router that holds the list: an app's own one, or the router itself."""
        if value is None or not self.owns(value) or type(value).__name__.startswith("_"):
            return None
        router = getattr(value, "router", value)
        return router if isinstance(getattr(router, "routes", None), list) else None

    def _entries(
        self, context: Context, names: Names, order: Sequence[tuple[str, Statement]]
    ) -> dict[int, tuple[Any, list[Entry]]]:
        found: dict[int, tuple[Any, list[Entry]]] = {}
        for module, statement in order:
            if module not in context.live:
                continue
            for router, size in self._classes_with(context, module, statement):
                found.setdefault(id(router), (router, []))[1].append(Entry(module, statement, size, claimed=False))
            for router in self._mentioned(context, module, statement):
                found.setdefault(id(router), (router, []))[1].append(Entry(module, statement, None, claimed=False))
            sizes: dict[int, tuple[Any, int | None]] = {}
            for router, size in self._registered(context, module, statement):
                so_far = sizes.get(id(router), (router, 0))[1]
                sizes[id(router)] = (router, None if size is None or so_far is None else so_far + size)
            for key, (router, total) in sizes.items():
                found.setdefault(key, (router, []))[1].append(Entry(module, statement, total))
        return found

    def _plan_router(
        self,
        context: Context,
        router: Any,
        before: list[Entry],
        after: list[Entry],
        stale: set[Statement],
        partner: Mapping[Statement, Statement | None],
        same_text: SameText,
    ) -> None:
        if id(router) in routers_made_whole(context):
            self._again(context, router, after)
            return
        kept = {
            entry.statement: partner.get(entry.statement) or same_text.of(entry.module, entry.statement)
            for entry in before
        }
        wanted = [entry.statement for entry in after]
        if [kept[entry.statement] for entry in before] == wanted and not stale.intersection(wanted):
            return
        home = self._home_of(context, router)
        layout = tell_apart(context, router, before, (home and _given_routes(context, home)) or 0)
        if not isinstance(layout, str) and fused_apart(layout, kept, wanted):
            layout = "several statements add an unknown number of routes here; theirs can't be told apart"
        if isinstance(layout, str):
            where = (after or before)[0]
            context.refuse(where.module, where.statement, layout, do=_DO)
            return
        living = {new: layout.routes.get(old, []) for old, new in kept.items() if new is not None}
        reused = self._reuse(context, after, living, stale)
        context.caching += [*cached_of(router), *of_no_account()]
        for entry in before:
            if (partner_now := kept[entry.statement]) not in reused:
                context.dropped += layout.routes.get(entry.statement, [])
            if partner_now not in wanted:
                context.step(entry.module, entry.statement, Action.REBUILD, "its routes are taken out")
        maker = context.constructed.get(id(router), (None, None))[1]
        if maker is not None:  # what it was given is made anew, too
            context.dropped += list(router.routes)[: layout.base]
        replaced = {statement: routes for statement, routes in living.items() if statement not in reused}
        context.plan.registrations.append(
            RouteRebuild(router, layout.base, after, reused, layout.tail, maker, places(context), replaced)
        )

    def _again(self, context: Context, router: Any, entries: list[Entry]) -> None:
        """All statements register anew with a router that is made again whole."""
        home, maker = context.constructed[id(router)]
        if (reason := program_added(context, home)) is not None:
            context.refuse(home[0], maker, f"it would have to be made again, but {reason}", do=_DO)
            return
        entries = [entry for entry in entries if entry.statement is not maker]
        for entry in entries:
            if entry.claimed or id(context.value(*home)) in handed(context, entry.module, entry.statement, self.owns):
                execute_again(context, entry.module, entry.statement)
        context.dropped += list(router.routes)
        context.plan.registrations.append(RouteRebuild(router, 0, entries, {}, [], maker, places(context)))

    def _reuse(
        self, context: Context, after: list[Entry], living: dict[Statement, list[Any]], stale: set[Statement]
    ) -> dict[Statement, list[Any]]:
        """The routes that stay; the statements of the others are planned to be executed."""
        reused: dict[Statement, list[Any]] = {}
        for entry in after:
            if entry.statement in living and (entry.statement not in stale or not entry.claimed):
                reused[entry.statement] = living[entry.statement]
            elif entry.claimed:
                context.entries.beside(entry.module, entry.statement)
                context.execute(entry.module, entry.statement)
                context.step(entry.module, entry.statement, Action.REBUILD, "its routes are registered anew")
        return reused

    def _constructed_alone(self, context: Context, planned: set[int]) -> None:
        """Routers without any statement that registers with them keep the routes that the program added."""
        for key, (home, statement) in context.constructed.items():
            router = self._router(context.value(*home))
            if key not in planned and router is not None and key in routers_made_whole(context):
                self._again(context, router, [])
            elif key not in planned and router is not None:
                given = _given_routes(context, home)
                if given is None:
                    context.refuse(home[0], statement, "the routes that it is given are not listed in its text", do=_DO)
                    continue
                base = len(constructor_routes(router.routes)) + given
                context.dropped += list(router.routes)[:base]
                tail = list(router.routes)[base:]
                context.plan.registrations.append(RouteRebuild(router, base, [], {}, tail, statement, places(context)))

    def _reset_schemas(self, context: Context) -> None:
        kind = getattr(sys.modules.get("fastapi.applications"), "FastAPI", None)
        if kind is not None and context.plan.changed:
            for app in instances_of([kind, *subclasses(kind)]):
                if "openapi_schema" in vars(app):
                    context.plan.registrations.append(SchemaReset(app))


def places(context: Context) -> dict[Statement, int]:
    """Where the new release's statements stand in the order of their execution."""
    return {statement: index for index, (_, statement) in enumerate(context.order)}


def _given_routes(context: Context, home: Home) -> int | None:
    """How many routes the old release's constructor call lists; None if its text does not say."""
    call = getattr(context.old_names.binders(home[0])[home[1]].node, "value", None)
    given = next((k.value for k in call.keywords if k.arg == "routes"), None) if isinstance(call, ast.Call) else None
    if given is None:
        return 0
    if isinstance(given, ast.Name | ast.Attribute):
        return _named_routes(context, home[0], dotted_name(given) or "")
    listed = isinstance(given, ast.List) and not any(isinstance(one, ast.Starred) for one in given.elts)
    return len(given.elts) if listed and isinstance(given, ast.List) else None


def _named_routes(context: Context, module: str, name: str) -> int | None:
    """How many routes the list of that name had when a router was made of it; None if it may have had others since."""
    home = context.old_names.home(module, name)
    living = context.value(*home) if home is not None and home[0] in context.live else None
    if home is None or not isinstance(living, list):
        return None
    drift = context.drift
    changed = drift.by_program(home) if drift is not None and drift.known(home) else None
    if changed is None:
        changed = may_be_mutated(context.old_names, home)
    return None if changed else len(living)


def _sets_no_routes(statement: Statement) -> bool:
    """`app.state.limit = 3`: it sets a part of something that is no list of routes."""
    parts = parts_of(statement)
    names = {name for one in parts or () for name in (*one.owner.split("."), one.key)}
    return parts is not None and names.isdisjoint({"routes", "router"})


def _readers(context: Context, homes: set[Home]) -> set[Statement]:
    return {s for module, s in context.order if module in context.live and context.new_names.reads(module, s) & homes}


def _with_includers(context: Context, stale: set[Statement], *entries: Mapping[int, tuple[Any, list[Entry]]]) -> None:
    """Older FastAPI copies the routes of a router that is included: who includes one that changes copies again."""
    if hasattr(sys.modules.get("fastapi.routing"), "_IncludedRouter"):
        return
    old, new = ({key: [e.statement.dump for e in found] for key, (_, found) in side.items()} for side in entries)
    changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    while True:
        changed |= {key for key, (_, found) in entries[1].items() if stale.intersection(e.statement for e in found)}
        more = {
            statement
            for module, statement in context.order
            if module in context.live and id(_included(context, module, statement)) in changed
        } - stale
        if not more:
            return
        stale |= more


def _included(context: Context, module: str, statement: Statement) -> Any:
    """The router that `X.include_router(router, …)` hands over."""
    call = getattr(statement.node, "value", None)
    if not isinstance(statement.node, ast.Expr) or not isinstance(call, ast.Call):
        return None
    if (dotted_name(call.func) or "").rpartition(".")[2] != "include_router":
        return None
    return _included_by(context, module, call)


def _included_by(context: Context, module: str, call: ast.Call) -> Any:
    named = (keyword.value for keyword in call.keywords if keyword.arg == "router")
    given = call.args[0] if call.args else next(named, None)
    name = dotted_name(given) if given is not None else None
    return context.resolve(module, name) if name is not None else None
