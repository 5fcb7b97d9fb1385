"""Middleware and exception handlers follow the source: see `stack`."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..living.attributes import fields_of
from ..living.inventory import is_among
from ..planning.context import COLD, Adapter, Context
from ..source.diff import NamespaceDiff
from ..source.module import Statement
from ..source.plan import Action
from ..source.values import is_definition, is_plain
from .layers import made_anew
from .made_otherwise import made_otherwise
from .same_text import SameText
from .stack import LISTED, StackRebuild, calls_in, handler_key, is_app, layers_of_entries, tell_middleware_apart
from .stale import registers_as_before, stale_statements
from .whole import execute_again

_KEEPS = "another can't take its place: it keeps something, or somebody is under way in it"
Placed = list[tuple[str, Statement]]


class MiddlewareAdapter(Adapter):
    """Claims `app.add_middleware(…)`, `@app.middleware`, `add_exception_handler`, `@app.exception_handler`, and `if`
    statements of nothing else."""

    def owns(self, value: object) -> bool:
        return is_app(value)

    def says_all(self, context: Context, value: object) -> bool:
        """`Middleware(GZipMiddleware, minimum_size=10)`: a class, and options that are plain values."""
        kind = getattr(sys.modules.get("starlette.middleware"), "Middleware", None)
        given = list((fields_of(value) or {}).values()) if kind is not None and type(value) is kind else []
        parts = [one for part in given for one in (part.values() if isinstance(part, dict) else [part])]
        return bool(parts) and all(is_definition(one) or is_plain(one) for one in parts)

    def registers(self, context: Context, module: str, statement: Statement) -> bool:
        return module in context.live and bool(calls_in(context, module, statement))

    def makes_anew(self, context: Context, objects: Collection[Any]) -> list[Any]:
        apps = _by_app(context, context.old_order).values()
        return [one for app, before in apps for one in made_anew(context, app, before, objects)]

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        self._layers_made_otherwise(context, diffs)
        stale = stale_statements(context, diffs)
        if not context.whole and registers_as_before(context, diffs, stale):
            return
        old, new = _by_app(context, context.old_order), _by_app(context, context.order)
        apps = {key: app for key, (app, _) in [*old.items(), *new.items()]}
        if not apps and not context.whole:
            return
        partner = {c.old: c.new for changes in diffs.values() for c in changes.changes if c.old is not None}
        apps = {key: app for key, app in apps.items() if key not in context.whole}
        for home, maker in context.constructed.values():
            app = context.value(*home)
            if id(app) in context.whole and is_app(app):
                _plan_whole(context, app, maker, new.get(id(app), (app, []))[1])
        for key, app in apps.items():
            before, after = old.get(key, (app, []))[1], new.get(key, (app, []))[1]
            _plan_app(context, app, before, after, stale, partner)

    def _layers_made_otherwise(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        kinds = made_otherwise(context, diffs, lambda name: name == "__init__")
        for app, before in _by_app(context, context.old_order).values() if kinds else ():
            layers = [one for one in layers_of_entries(app).values() if type(one) in kinds]
            done = made_anew(context, app, before, layers)
            for layer in layers:
                if not is_among(layer, done):
                    kind = type(layer)
                    statement = context.new_names.binders(kind.__module__)[kind.__qualname__.partition(".")[0]]
                    reason = f"the layer of middleware that lives was made by an older `__init__` of it, and {_KEEPS}"
                    context.refuse(kind.__module__, statement, reason, do=COLD)


def _by_app(context: Context, order: Iterable[tuple[str, Statement]]) -> dict[int, tuple[Any, Placed]]:
    found: dict[int, tuple[Any, Placed]] = {}
    for module, statement in order:
        if module in context.live:
            for app in {id(c.app): c.app for c in calls_in(context, module, statement)}.values():
                found.setdefault(id(app), (app, []))[1].append((module, statement))
    return found


def _plan_app(
    context: Context,
    app: Any,
    before: Placed,
    after: Placed,
    stale: set[Statement],
    partner: Mapping[Statement, Statement | None],
) -> None:
    same_text = SameText(context)
    kept = {s: partner.get(s) or same_text.of(module, s) for module, s in before}
    wanted = [statement for _, statement in after]
    if [kept[s] for _, s in before] == wanted and not stale.intersection(wanted):
        return
    parts = tell_middleware_apart(context, app, before)
    if isinstance(parts, str):
        module, statement = (after or before)[0]
        context.refuse(module, statement, parts)
        return
    shares, outer, inner = parts
    reused: dict[Statement, list[Any]] = {}
    gone: list[Any] = []
    for module, statement in before:
        now = kept[statement]
        if now is not None and now in wanted and now not in stale:
            reused[now] = shares.get(statement, [])
            continue
        gone += _handlers(context, module, statement, app)
        if now not in wanted:
            context.step(module, statement, Action.REBUILD, "what it registered with the app is taken out")
    for module, statement in after:
        if statement not in reused:
            context.execute(module, statement)
            context.step(module, statement, Action.REBUILD, "it is registered with the app anew")
    context.plan.registrations.append(StackRebuild(app, wanted, reused, outer, inner, gone))


def _plan_whole(context: Context, app: Any, maker: Statement, placed: Placed) -> None:
    """Whatever adds middleware or handlers to an app that is made again whole does so again."""
    for module, statement in placed:
        execute_again(context, module, statement)
    order = [statement for _, statement in context.order if statement.kind not in ("import", "doc")]
    context.plan.registrations.append(StackRebuild(app, order, {}, [], [], [], maker))


def _handlers(context: Context, module: str, statement: Statement, app: Any) -> list[Any]:
    keys = []
    for call in calls_in(context, module, statement):
        if call.app is app and call.method not in LISTED:
            key = handler_key(context, module, call)
            if key is None:
                context.refuse(module, statement, "which errors it handles can't be told from its text")
            else:
                keys.append(key)
    return keys
