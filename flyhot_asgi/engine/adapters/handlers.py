"""Start-up and shutdown handlers that decorators add to an app (`@app.on_event("shutdown")`): they come, go, and get
other names.

The list of an app that was not started is what the release's statements make of it. Of one that was, the start-up
handlers have run, and others never would; its shutdown handlers have still to run.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from ..patching.journal import Journal
from ..patching.registration import Registration
from ..planning.context import Adapter, Context
from ..source.defuse import Home
from ..source.diff import Change, NamespaceDiff, Verdict
from ..source.module import Statement, dotted_name
from ..source.plan import Action

_DO = "deploy this change cold (restart the app)"
_LISTS = {"startup": "on_startup", "shutdown": "on_shutdown"}
_Added = tuple[str, Statement]
_Place = tuple[Any, str]
"""A router, and the name of its list."""


class HandlersAdapter(Adapter):
    """Claims functions whose one decorator adds them to such a list."""

    def registers(self, context: Context, module: str, statement: Statement) -> bool:
        return module in context.live and _place(context, module, statement) is not None

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        changes = {change.new: change for one in diffs.values() for change in one.changes if change.new is not None}
        before, after = (_by_place(context, order) for order in (context.old_order, context.order))
        for key in before.keys() | after.keys():
            place, old = before.get(key) or (after[key][0], [])
            new = after[key][1] if key in after else []
            again = [one for _, one in new if one in context.planned or _runs(changes.get(one))]
            if any(place[0] is router for _, router in context.made_whole()) or (
                _homes(old) == _homes(new) and not again
            ):
                continue
            self._plan_list(context, place, old, new, changes)

    def _plan_list(
        self,
        context: Context,
        place: _Place,
        old: Sequence[_Added],
        new: Sequence[_Added],
        changes: Mapping[Statement, Change],
    ) -> None:
        router, name = place
        module, statement = next((one for one in new if _runs(changes.get(one[1]))), [*new, *old][0])
        handlers: list[Any] = getattr(router, name)
        living = [context.value(*home) for home in _homes(old)]
        if name == "on_startup" and context.started:
            context.refuse(module, statement, "start-up handlers change, which ran when the app was started", do=_DO)
        elif len(handlers) != len(living) or any(a is not b for a, b in zip(handlers, living, strict=True)):
            why = "the app has other handlers than its statements add, or in another order"
            context.refuse(module, statement, why, do=_DO)
        else:
            for where, one in new:
                if one not in context.planned and _runs(changes.get(one)):
                    context.execute(where, one)
                    context.step(where, one, Action.REBUILD, "it is among the app's handlers as the release has it")
            spaces = [(context.namespace(where), one.binds[0]) for where, one in new]
            context.plan.registrations.append(Handlers(handlers, spaces))


class Handlers(Registration):
    """The living list, filled by the names that the release's functions have."""

    def __init__(self, handlers: list[Any], names: Sequence[tuple[dict[str, Any], str]]) -> None:
        self._handlers, self._names = handlers, names

    def begin(self, journal: Journal) -> None:
        journal.touch_container(self._handlers, "an app's handlers")

    def finish(self, journal: Journal) -> None:
        self._handlers[:] = [namespace[name] for namespace, name in self._names]


def _by_place(context: Context, order: Sequence[_Added]) -> dict[tuple[int, str], tuple[_Place, list[_Added]]]:
    found: dict[tuple[int, str], tuple[_Place, list[_Added]]] = {}
    for module, statement in order:
        place = _place(context, module, statement) if module in context.live else None
        if place is not None:
            found.setdefault((id(place[0]), place[1]), (place, []))[1].append((module, statement))
    return found


def _place(context: Context, module: str, statement: Statement) -> _Place | None:
    if statement.kind != "def" or len(statement.decorators) != 1:
        return None
    call = statement.decorators[0]
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr != "on_event":
        return None
    event = next((one.value for one in call.args[:1] if isinstance(one, ast.Constant)), None)
    owner = context.resolve(module, dotted_name(call.func.value) or "")
    name = _LISTS.get(str(event))
    if name is None or not context.owned(owner):
        return None
    router = getattr(owner, "router", owner)
    return (router, name) if type(getattr(router, name, None)) is list else None


def _runs(change: Change | None) -> bool:
    """The statement is executed, and its decorator adds the function once more."""
    return change is not None and change.verdict in (Verdict.ADDED, Verdict.CHANGED, Verdict.RERUN)


def _homes(added: Sequence[_Added]) -> list[Home]:
    return [(module, statement.binds[0]) for module, statement in added]
