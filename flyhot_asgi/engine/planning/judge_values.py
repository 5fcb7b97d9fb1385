"""What may be done with a changed assignment, import or bare call at module level.

The source wins only where the running program did not say otherwise since: the old text's value is had again (if it has
no effect) and compared with the living one; if they differ, nobody can know which is meant.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from typing import Any

from ..living.expressions import holds_expression
from ..source.codetree import transplant
from ..source.defuse import imported_from
from ..source.diff import Change, Verdict
from ..source.module import Statement
from ..source.plan import Action
from ..source.values import (
    CONTAINERS,
    alike,
    has_part_target,
    is_pure,
    value_of,
)
from .configuring import configures
from .context import COLD, Context
from .in_the_way import CHANGE_IT, POURED, UNKNOWN, classes_held, in_the_way, is_instance, unmergeable
from .judge_alike import is_same_object
from .judge_parts import sets_part
from .judge_rebuild import attributes_that_stay, is_filled_anew, keeps_its_place
from .judge_twin import twin_of_made
from .submodules import comes_last

MISSING: Any = object()
_NO_WAY = "that can't be taken back"
_ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)


def judge_import(context: Context, module: str, change: Change) -> None:
    """Imports are executed again: a module, or a name copied from one."""
    statement = change.statement
    if change.verdict is Verdict.DELETED or not statement.binds:
        return  # star imports are judged together: see `judge_stars`
    context.execute(module, statement)
    if not _same_object(context, module, statement):
        context.rebind(module, statement.binds)
    action = Action.DEFINE if change.verdict is Verdict.ADDED else Action.IMPORT
    context.step(
        module, statement, action, "an import is added" if action is Action.DEFINE else "imported from elsewhere"
    )


def _same_object(context: Context, module: str, statement: Statement) -> bool:
    """The import brings what the name means already, on another way: nobody has to look again."""
    name = statement.binds[0]
    if comes_last(context, module, name):
        return True
    home = context.new_names.home(module, name)
    if home is not None:
        before = context.old_names.home(module, name)
        return before == home or (before in context.moves and context.moves[before].new == home)
    node = statement.node
    if not isinstance(node, ast.ImportFrom):
        return False
    found = getattr(sys.modules.get(imported_from(context.new[module], node)), "__dict__", {})
    return found.get(node.names[0].name, MISSING) is context.value(module, name)


def judge_assignment(context: Context, module: str, change: Change) -> None:
    statement = change.statement
    if _of_a_part(statement) and (sets_part(context, module, change) or context.filled(module, statement)):
        return
    if change.verdict is Verdict.DELETED:
        if not statement.binds and not configures(context, module, statement, gone=True):
            stands = context.slices.why(module, change) or _NO_WAY
            context.refuse(module, statement, f"an assignment to a part of another object was removed: {stands}")
        return
    before = value_of(change.old.node) if change.old is not None else None
    after = value_of(statement.node)
    if change.verdict is Verdict.CHANGED and change.old is not None and _same_value(change.old.node, statement.node):
        context.judged.discard(statement)  # what its value is made of may be bound anew
        annotate(context, module, statement)
    elif change.verdict is Verdict.CHANGED and is_same_object(context, module, statement):
        context.judged.discard(statement)
    elif change.verdict is Verdict.ADDED and not any(n in context.namespace(module) for n in statement.binds):
        bind(context, module, statement, "a new name", action=Action.DEFINE)
    elif change.verdict is Verdict.RERUN:
        if context.also.intersection((module, name) for name in statement.binds):
            bind(context, module, statement, "what it made is not what the release makes", changed=True)
        else:
            bind(context, module, statement, "another statement binds the same name")
    else:
        why = (
            "the constant changed" if before is not None and is_pure(before) and is_pure(after) else "its text changed"
        )
        bind(context, module, statement, why, changed=True)


def _of_a_part(statement: Statement) -> bool:
    return not statement.binds or has_part_target(statement.node)


def annotate(context: Context, module: str, statement: Statement) -> None:
    """Plan to tell the module what the statement annotates, unless it is executed whole."""
    context.deferred.append(lambda: _annotate(context, module, statement))


def _annotate(context: Context, module: str, statement: Statement) -> None:
    if statement not in context.planned:
        context.execute(module, statement, annotate_only=True)
        context.step(module, statement, Action.KEEP, "its annotation changed; the value lives on")


def _same_value(old: ast.stmt, new: ast.stmt) -> bool:
    if not isinstance(old, ast.Assign | ast.AnnAssign) or not isinstance(new, ast.Assign | ast.AnnAssign):
        return False
    before, after = value_of(old), value_of(new)
    return before is not None and after is not None and ast.dump(before) == ast.dump(after)


def judge_dependent(context: Context, module: str, statement: Statement, of: str) -> None:
    """An unchanged assignment that was built from something that is bound anew."""
    bind(context, module, statement, f"it was built from {of}")


def bind(
    context: Context,
    module: str,
    statement: Statement,
    why: str,
    *,
    action: Action = Action.EXECUTE,
    changed: bool = False,
) -> None:
    """Plan to execute an assignment (again), unless a living value that it would replace says otherwise."""
    if _of_a_part(statement):
        if context.slices.again(module, statement) or configures(context, module, statement):
            return
        if sets_part(context, module, Change(Verdict.RERUN, statement, statement)):
            return
        stands = context.slices.why(module, Change(Verdict.ADDED, None, statement))
        context.refuse(module, statement, f"{why}; it sets a part of another living object: {stands or _NO_WAY}")
        return
    if made := _made_class(context, module, statement):
        _bind_made(context, module, statement, made, why)
        return
    if _takes_another_name(context, module, statement):
        context.execute(module, statement)
        context.rebind(module, statement.binds)
        context.step(module, statement, action, why)
        return
    stays = _what_stays(context, module, statement, why, changed)
    if stays is None:
        return
    living = [context.value(module, name) for name in statement.binds]
    keep = bool(stays.kept) or any(isinstance(live, POURED) or is_instance(context, live) for live in living)
    context.execute(module, statement, keep=keep, kept=tuple(stays.kept), cold=tuple(stays.merge))
    context.rebind(module, statement.binds)
    rebuilt = keep and action is Action.EXECUTE
    context.step(module, statement, Action.REBUILD if rebuilt else action, why)


@dataclass(slots=True)
class _Stays:
    """What lives on of the values that an assignment makes again."""

    kept: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    """Names of objects that stay the same, each with the attributes that it keeps."""
    merge: list[tuple[str, Any]] = field(default_factory=list)
    """Names of containers that both sides changed, each with what the old text gives."""


def _what_stays(context: Context, module: str, statement: Statement, why: str, changed: bool) -> _Stays | None:
    """None if a living value is in the way; that is refused here."""
    cold = cold_values(context, module, statement.binds)
    stays = _Stays()
    for name in statement.binds:
        live = context.value(module, name, MISSING)
        if live is MISSING or live is context.namespace(module):
            continue  # `locals()`: it changes with the module
        known = cold.get(name, UNKNOWN) if cold is not None else UNKNOWN
        if known is not UNKNOWN and holds_expression(known) and not alike(known, live):
            known = UNKNOWN  # each time that the text is evaluated makes another one
        refusal = _look_at(context, module, statement, name, known, changed, stays)
        if refusal is not None:
            joint, reason, do = refusal
            context.refuse(module, statement, f"{why}{joint} {reason}", do=do)
            return None
    return stays


def _look_at(
    context: Context, module: str, statement: Statement, name: str, known: Any, changed: bool, stays: _Stays
) -> tuple[str, str, str] | None:
    """Note what stays of one living value; or how the refusal goes on, its reason, and what to do."""
    live = context.value(module, name)
    if is_instance(context, live) and context.drift is not None:
        attributes = attributes_that_stay(context, context.drift, (module, name), live, changed)
        if isinstance(attributes, str):
            return ", and", attributes, CHANGE_IT
        stays.kept.append((name, attributes))
    elif known is not UNKNOWN and isinstance(live, CONTAINERS) and not alike(known, live):
        if (stuck := unmergeable(name, known, live)) is not None:
            return ", and", *stuck
        stays.merge.append((name, known))
    elif held := classes_held(context, live):
        return ";", f"it holds classes that would be others, {held}", COLD
    elif refusal := in_the_way(context, module, statement, name, live, known, changed):
        return ", and", *refusal
    elif keeps_its_place(context, module, statement, live) or is_filled_anew(context, module, statement, live):
        stays.kept.append((name, frozenset()))
    return None


def _bind_made(context: Context, module: str, statement: Statement, made: type, why: str) -> None:
    """Of a class that a call makes (`Point = namedtuple(...)`)."""
    if (issubclass(made, tuple) or hasattr(made, "__dataclass_fields__")) and (count := context.instances(made)):
        context.refuse(module, statement, f"{why}, and {count} living instance(s) have the old fields")
        return
    context.plan.work.append(twin_of_made(context, module, statement, made))
    context.planned.add(statement)
    context.step(module, statement, Action.GRAFT, f"{why}; the class stays the same object")


def _takes_another_name(context: Context, module: str, statement: Statement) -> bool:
    """A further name of an object (`CURRENT = A`) becomes one of another: neither is made or changed by it, and what it
    was lives on by its own name."""
    before = context.old_names.binders(module).get(statement.binds[0]) if module in context.old else None
    if before is None or len(statement.binds) != 1:
        return False
    live = context.value(module, statement.binds[0])
    named = all(isinstance(value_of(one.node), ast.Name | ast.Attribute) for one in (before, statement))
    return named and (isinstance(live, CONTAINERS) or is_instance(context, live))


def _made_class(context: Context, module: str, statement: Statement) -> type | None:
    """The living class that a function made for this assignment: `Row = make_row("id")`."""
    live = context.value(module, statement.binds[0])
    if len(statement.binds) != 1 or not isinstance(live, type) or live.__module__ not in context.live:
        return None
    home = context.old_names.definition((live.__module__, live.__qualname__))
    named = home is not None and home.kind == "class"
    return live if not named and isinstance(value_of(statement.node), ast.Call) else None


def cold_values(context: Context, module: str, names: tuple[str, ...]) -> dict[str, Any] | None:
    """What the old text makes of these names: its statements that bind them, executed in a copy of the namespace.

    None if that could have an effect. Nothing of it is kept; the copy shares the values, so only text that makes fresh
    ones may run.
    """
    if module not in context.old:
        return None
    source = context.old[module]
    binders = [s for s in context.active_old(module) if set(s.binds) & set(names)]
    if not binders or not isinstance(binders[0].node, ast.Assign | ast.AnnAssign):
        return None
    for binder in binders:
        value = value_of(binder.node)
        if not isinstance(binder.node, _ASSIGNMENTS) or has_part_target(binder.node) or not is_pure(value):
            return None
    scratch = dict(context.namespace(module))
    for name in names:
        scratch.pop(name, None)
    tree = ast.Module(body=[binder.node for binder in binders], type_ignores=[])
    code = compile(tree, source.path, "exec", flags=source.future_flags, dont_inherit=True)
    annotations = scratch.pop("__annotations__", None)
    try:
        exec(transplant(code, source.code), scratch)
    except Exception:
        return {}
    del annotations
    return {name: scratch[name] for name in names if name in scratch}
