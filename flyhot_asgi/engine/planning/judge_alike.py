"""Values that the next release makes as this one did, although what they are made of changes: they stay.

Settings gain a field, and all that was made of them at import (a name, an engine, a limiter, a counter) would be made
again, and the old ones be replaced under whoever holds them. Two cold imports say whether that is so: where both made
the same, in all that can be seen of it, the living one lives on, and what was built from it too. The net: what the
releases make was compared (`verification.insides`), and whoever holds a definition or an object that is replaced is
looked for as ever.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..source.defuse import Home
from ..source.module import Statement
from ..source.plan import Action
from ..source.values import CONTAINERS, has_part_target, is_atomic, is_definition, is_plain
from .context import Context

_WHY = "what it is made of changes, and the release makes the same of it"


def stays(context: Context, module: str, statement: Statement, hit: Collection[Home]) -> bool:
    """Plan to keep what an assignment made, or leave it. `hit`: what it reads that is bound anew."""
    if statement in context.planned or not _made_alike(context, module, statement):
        return False
    if not all(_lives_on(context, home) for home in hit):
        return False
    context.kept.setdefault(statement, set()).update(hit)
    context.deferred.append(lambda: _tell(context, module, statement))
    return True


def is_same_object(context: Context, module: str, statement: Statement) -> bool:
    """The text of an assignment changed, and what it makes is a library's object with the same in it."""
    if len(statement.binds) != 1 or not _made_alike(context, module, statement):
        return False
    live = context.value(module, statement.binds[0])
    if is_atomic(live) or isinstance(live, CONTAINERS):
        return False
    context.deferred.append(lambda: _tell(context, module, statement))
    return True


def _tell(context: Context, module: str, statement: Statement) -> None:
    told = any(
        step.module == module and step.why == _WHY and step.name == statement.name for step in context.plan.steps
    )
    if statement not in context.planned and not told:
        context.step(module, statement, Action.KEEP, _WHY)


def _made_alike(context: Context, module: str, statement: Statement) -> bool:
    drift = context.drift
    if drift is None or not statement.binds or has_part_target(statement.node):
        return False
    for name in statement.binds:
        live = context.value(module, name)
        if (module, name) in context.also or (module, name) in context.slices.remade:
            return False
        if live is None and name not in context.namespace(module):
            return False
        if is_definition(live) or context.owned(live) or type(live).__module__ in context.live:
            return False
        if isinstance(live, CONTAINERS) and not is_plain(live):
            return False
        if not drift.as_before((module, name)):
            return False
    return True


def _lives_on(context: Context, home: Home) -> bool:
    """What the name means is told by what it says, or stays the same object, with other contents."""
    live: Any = context.value(*home) if home[0] in context.live else None
    own = type(live).__module__ in context.live
    if _is_told_by_identity(live):
        return False
    return is_atomic(live) or is_definition(live) or own or isinstance(live, CONTAINERS)


_BY_IDENTITY = frozenset({"TypeVar", "ParamSpec", "TypeVarTuple", "NewType"})


def _is_told_by_identity(value: Any, depth: int = 4) -> bool:
    """A type variable or a `NewType`, or made of one: its text says nothing of which."""
    kind = type(value)
    if kind.__module__ in ("typing", "typing_extensions") and kind.__name__ in _BY_IDENTITY:
        return True
    parts = getattr(value, "__args__", ()) if not is_definition(value) and is_atomic(value) else ()
    return depth > 0 and any(_is_told_by_identity(part, depth - 1) for part in (parts if type(parts) is tuple else ()))


def judge_made_other(context: Context) -> list[tuple[str, Statement, Home]]:
    """Assignments that make a library's object with something else in it, by calling what reads other values now: no
    text that they consist of says so."""
    drift = context.drift
    if drift is None or not drift.other_inside:
        return []
    found = []
    for module, statement in context.order:
        if statement.kind != "assign" or len(statement.binds) != 1 or statement in context.planned:
            continue
        if module not in context.live or not drift.made_other((module, statement.binds[0])):
            continue
        live = context.value(module, statement.binds[0])
        if context.owned(live) or context.registers(module, statement):
            continue
        called = context.new_names.homes(module, statement.calls | statement.reads)
        reached = context.new_names.reached(called).homes - {(module, statement.binds[0])}
        changed = sorted(home for home in reached if drift.by_release(home) or home in context.changed_bodies)
        if changed:
            found.append((module, statement, changed[0]))
    return found
