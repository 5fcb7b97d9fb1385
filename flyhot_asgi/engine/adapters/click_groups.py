"""Commands of click's groups go, and come and go by `group.add_command(…)`. Those that decorators enter come by name:
their statements may be executed at any time."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from ..living.commands import is_group
from ..patching.journal import Journal
from ..patching.registration import Registration
from ..planning.context import Adapter, Context
from ..source.diff import NamespaceDiff
from ..source.module import Statement, dotted_name
from ..source.plan import Action
from .same_text import SameText

_ENTERS = frozenset({"command", "group"})


class ClickAdapter(Adapter):
    """Claims functions that were commands and are gone, and calls of `add_command`."""

    def registers(self, context: Context, module: str, statement: Statement) -> bool:
        if module not in context.live:
            return False
        return _adds(context, module, statement) is not None or _is_gone(context, module, statement)

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        same_text = SameText(context)
        gone: list[tuple[Any, Any]] = []
        stays: set[Statement] = set()
        for module, statement in context.old_order:
            if module not in context.live:
                continue
            if _is_gone(context, module, statement):
                command = context.value(module, statement.binds[0])
                gone += [(group, command) for group in _groups(context, module, statement)]
            elif (added := _adds(context, module, statement)) is not None:
                if (now := same_text.of(module, statement)) is not None:
                    stays.add(now)
                else:
                    gone.append(added)
        come = [
            (module, statement)
            for module, statement in context.order
            if module in context.live and _adds(context, module, statement) is not None and statement not in stays
        ]
        for module, statement in come:
            context.execute(module, statement)
            context.step(module, statement, Action.REBUILD, "it adds a command as the release has it")
        groups = [group for group, _ in gone] + [_group_of(context, *one) for one in come]
        context.dropped += [group.commands for group, _ in gone]
        if gone or come:
            context.plan.registrations.append(Commands([one for one in groups if one is not None], gone))


class Commands(Registration):
    """Takes out of groups what the release does not add."""

    def __init__(self, groups: list[Any], gone: list[tuple[Any, Any]]) -> None:
        self._groups, self._gone = groups, gone

    def begin(self, journal: Journal) -> None:
        for group in self._groups:
            journal.touch_container(group.commands, "a group's commands")
        for group, command in self._gone:
            for name in [name for name, one in group.commands.items() if one is command]:
                del group.commands[name]
        self._gone = []


def _is_gone(context: Context, module: str, statement: Statement) -> bool:
    """A function of the old release that is a command of living groups, and whose name the new one does not bind."""
    if statement.kind != "def" or module not in context.old or module not in context.new:
        return False
    name = statement.binds[0]
    if context.old_names.binders(module).get(name) is not statement or name in context.new_names.binders(module):
        return False
    return bool(statement.decorators) and len(list(_groups(context, module, statement))) > 0


def _groups(context: Context, module: str, statement: Statement) -> Iterator[Any]:
    command = context.value(module, statement.binds[0])
    for decorator in statement.decorators:
        func = decorator.func if isinstance(decorator, ast.Call) else decorator
        owner, _, method = (dotted_name(func) or "").rpartition(".")
        group = context.resolve(module, owner) if owner and method in _ENTERS else None
        if group is not None and is_group(group) and any(one is command for one in group.commands.values()):
            yield group


def _adds(context: Context, module: str, statement: Statement) -> tuple[Any, Any] | None:
    """The living group of `group.add_command(command)`, and the command (None if that is new)."""
    call = statement.node.value if isinstance(statement.node, ast.Expr) else None
    if not isinstance(call, ast.Call) or not call.args or dotted_name(call.args[0]) is None:
        return None
    group = _group_of(context, module, statement)
    return (group, context.resolve(module, dotted_name(call.args[0]) or "")) if group is not None else None


def _group_of(context: Context, module: str, statement: Statement) -> Any:
    call = getattr(statement.node, "value", None)
    owner, _, method = (dotted_name(call.func) or "").rpartition(".") if isinstance(call, ast.Call) else ("", "", "")
    group = context.resolve(module, owner) if owner and method == "add_command" else None
    if group is None or not is_group(group):
        return None
    return None if type(group).add_command.__module__ in context.live else group  # what the app's own does, who knows
