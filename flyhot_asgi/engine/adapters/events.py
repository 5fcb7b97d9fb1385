"""Listeners of SQLAlchemy's events come, go and change: `@event.listens_for(User, "init")`, `event.listen(…)`.

The listeners of one event of one target are called in the order in which a cold import registers them: where one of
them comes, goes or changes, all that the source's statements registered are taken out, and these are executed again.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import UpgradeError
from ..patching.journal import Journal
from ..patching.registration import Registration
from ..planning.context import COLD, Adapter, Context
from ..planning.decorators import look_up
from ..source.diff import NamespaceDiff
from ..source.module import Statement, dotted_name
from ..source.plan import Action
from .listeners import holding, registry, snapshot, take_out
from .same_text import SameText
from .stale import stale_statements

_HOME = "sqlalchemy.event.api"
_CONNECTING = frozenset({"connect", "first_connect"})


@dataclass(frozen=True)
class Listening:
    """One call: `function` (a dotted name in the module) listens to `event` of `target`."""

    module: str
    statement: Statement
    target: object
    event: str
    function: str

    @property
    def keys(self) -> set[object]:
        """Who shares one of these is taken out and registered with it."""
        return {(self.event, self.target), (self.event, self.module, self.function)}


class EventsAdapter(Adapter):
    """Claims functions all of whose decorators are `listens_for`, and calls of `listen`."""

    def registers(self, context: Context, module: str, statement: Statement) -> bool:
        return module in context.live and bool(_listenings(context, module, statement))

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        if registry() is None:
            return
        old, new = (list(_all(context, order)) for order in (context.old_order, context.order))
        partner = {c.old: c.new for changes in diffs.values() for c in changes.changes if c.old is not None}
        same_text, stale = SameText(context), stale_statements(context, diffs)
        kept = {one.statement: partner.get(one.statement) or same_text.of(one.module, one.statement) for one in old}
        wanted = {one.statement for one in new}
        stays = {now for now in kept.values() if now in wanted and now not in stale}
        dirty = {k for one in old if kept[one.statement] not in stays for k in one.keys}
        dirty |= {k for one in new if one.statement not in stays for k in one.keys}
        dirty |= _moved([(kept[one.statement], one) for one in old], new)
        while more := {k for one in [*old, *new] if one.keys & dirty for k in one.keys} - dirty:
            dirty |= more
        if dirty or context.plan.added:
            self._again(context, [one for one in old if one.keys & dirty], [one for one in new if one.keys & dirty])

    def _again(self, context: Context, old: list[Listening], new: list[Listening]) -> None:
        for one in new:
            if one.statement not in context.planned:
                context.execute(one.module, one.statement)
                context.step(one.module, one.statement, Action.REBUILD, "it listens as the release has it")
            if one.event in _CONNECTING:
                where = f"{context.file(one.module)}:{one.statement.line}: `{one.function}`"
                context.plan.notes.append(f"{where} is told of connections that are made from now on")
        for one in old:
            context.dropped += holding(context.resolve(one.module, one.function), one.event)
        each = {(one.module, one.function, one.event) for one in old}
        gone = [(context.namespace(module), function, event) for module, function, event in sorted(each)]
        context.plan.registrations.insert(0, Listeners(gone))


class Listeners(Registration):
    """Takes listeners out before the release's statements register theirs."""

    def __init__(self, gone: Collection[tuple[dict[str, Any], str, str]]) -> None:
        self._gone = gone

    def begin(self, journal: Journal) -> None:
        journal.note("SQLAlchemy's listeners", snapshot())
        for namespace, name, event in self._gone:
            first, *rest = name.split(".")
            found = namespace.get(first)
            for part in rest:
                found = getattr(found, part, None)
            if found is None or not take_out(found, event):
                raise UpgradeError(f"`{name}` does not listen to `{event}` any more: the program took it out", do=COLD)


def _all(context: Context, order: list[tuple[str, Statement]]) -> Iterator[Listening]:
    for module, statement in order:
        if module in context.live:
            yield from _listenings(context, module, statement)


def _moved(old: list[tuple[Statement | None, Listening]], new: list[Listening]) -> set[object]:
    """Keys of those that stand in another order now."""
    found: set[object] = set()
    for key in {key for one in new for key in one.keys}:
        before = [now for now, one in old if key in one.keys]
        after = [one.statement for one in new if key in one.keys]
        if before != after:
            found.add(key)
    return found


def _listenings(context: Context, module: str, statement: Statement) -> list[Listening]:
    """What a statement registers that does nothing else; empty if it does more, or what its text does not tell."""
    node = statement.node
    if statement.kind == "def":
        name = statement.binds[0]
        sides = (context.old_names, context.new_names)
        binders = [side.binders(module).get(name) for side in sides if module in side.modules]
        calls = [_call(context, module, one, "listens_for", statement, name) for one in statement.decorators]
        return [one for one in calls if one] if statement in binders and all(calls) else []
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or len(call.args) != 3 or not (name := dotted_name(call.args[2]) or ""):
        return []
    found = _call(context, module, call, "listen", statement, name)
    return [found] if found is not None else []


def _call(
    context: Context, module: str, call: ast.expr, api: str, statement: Statement, function: str
) -> Listening | None:
    if not isinstance(call, ast.Call) or len(call.args) < 2 or not isinstance(call.args[1], ast.Constant):
        return None
    if any(not isinstance(one.value, ast.Constant) for one in call.keywords) or registry() is None:
        return None
    found, target = look_up(context, module, call.func), dotted_name(call.args[0])
    if getattr(found, "__module__", None) != _HOME or getattr(found, "__name__", None) != api or target is None:
        return None
    living = look_up(context, module, call.args[0])
    return Listening(module, statement, target if living is None else id(living), str(call.args[1].value), function)
