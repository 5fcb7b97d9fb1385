"""What may be done with a changed assignment, import or bare call at module level.

The source wins only where the running program did not say otherwise since: the old text's value is had again (if it has
no effect) and compared with the living one; if they differ, nobody can know which is meant.
"""

from __future__ import annotations

import ast
import functools
import logging
import sys
from collections import deque
from typing import Any

from ..living.expressions import holds_expression, is_expression, names_expression
from ..living.holders import at_home
from ..living.in_use import in_use, instances_of_made
from ..living.inventory import is_among
from ..source.codetree import transplant
from ..source.defuse import Home, imported_from
from ..source.diff import Change, Verdict
from ..source.drift import Drift
from ..source.handed import may_be_changed
from ..source.module import Statement
from ..source.plan import Action
from ..source.uses import may_be_mutated, may_be_stored
from ..source.values import (
    CONTAINERS,
    alike,
    has_part_target,
    is_atomic,
    is_definition,
    is_namespace,
    is_plain,
    is_pure,
    value_of,
)
from .configuring import configures
from .context import COLD, Context
from .judge_alike import is_same_object
from .judge_parts import sets_part
from .judge_rebuild import attributes_that_stay, built_from, is_filled_anew, keeps_its_place
from .judge_twin import twin_of_made
from .stateless import only_entries, without_state
from .submodules import comes_last

MISSING: Any = object()
_LAMBDA, _NO_WAY = type(lambda: None), "that can't be taken back"
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
    cold = cold_values(context, module, statement.binds)
    kept: list[tuple[str, frozenset[str]]] = []
    merge: list[tuple[str, Any]] = []
    for name in statement.binds:
        live = context.value(module, name, MISSING)
        known = cold.get(name, MISSING) if cold is not None else MISSING
        if known is not MISSING and holds_expression(known) and not alike(known, live):
            known = MISSING  # each time that the text is evaluated makes another one
        if live is MISSING or live is context.namespace(module):
            continue  # `locals()`: it changes with the module
        if _is_instance(context, live) and context.drift is not None:
            stays = attributes_that_stay(context, context.drift, (module, name), live, changed)
            if isinstance(stays, str):
                context.refuse(module, statement, f"{why}, and {stays}", do=_CHANGE_IT)
                return
            kept.append((name, stays))
        elif known is not MISSING and isinstance(live, CONTAINERS) and not alike(known, live):
            if (stuck := _unmergeable(name, known, live)) is not None:
                context.refuse(module, statement, f"{why}, and {stuck[0]}", do=stuck[1])
                return
            merge.append((name, known))
        elif held := _classes_held(context, live):
            context.refuse(module, statement, f"{why}; it holds classes that would be others, {held}")
            return
        elif refusal := _in_the_way(context, module, statement, name, live, known, changed):
            context.refuse(module, statement, f"{why}, and {refusal[0]}", do=refusal[1])
            return
        elif keeps_its_place(context, module, statement, live) or is_filled_anew(context, module, statement, live):
            kept.append((name, frozenset()))
    living = [context.value(module, name) for name in statement.binds]
    keep = bool(kept) or any(isinstance(live, _POURED) or _is_instance(context, live) for live in living)
    context.execute(module, statement, keep=keep, kept=tuple(kept), cold=tuple(merge))
    context.rebind(module, statement.binds)
    rebuilt = keep and action is Action.EXECUTE
    context.step(module, statement, Action.REBUILD if rebuilt else action, why)


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
    return named and (isinstance(live, CONTAINERS) or _is_instance(context, live))


def _made_class(context: Context, module: str, statement: Statement) -> type | None:
    """The living class that a function made for this assignment: `Row = make_row("id")`."""
    live = context.value(module, statement.binds[0])
    if len(statement.binds) != 1 or not isinstance(live, type) or live.__module__ not in context.live:
        return None
    home = context.old_names.definition((live.__module__, live.__qualname__))
    named = home is not None and home.kind == "class"
    return live if not named and isinstance(value_of(statement.node), ast.Call) else None


_POURED = (*CONTAINERS, _LAMBDA, functools.partial)
_CHANGE_IT = f"keep the old statement and change the object in a `code_change`, or {COLD}"


def _is_instance(context: Context, live: Any) -> bool:
    """An object of one of the app's own classes, or one that is nothing but its attributes."""
    kept_inside = isinstance(live, int | float | str | bytes | tuple | frozenset)  # what it is can't be changed
    own = type(live).__module__ in context.live or is_namespace(live)
    return own and not kept_inside and not is_definition(live) and not is_atomic(live)


def _unmergeable(name: str, cold: Any, live: Any) -> tuple[str, str] | None:
    """Both changed a container: its items are merged when the statement is executed, but for an order that is lost."""
    if type(cold) is not type(live) or not is_plain(cold):
        return _both_changed(name)
    if isinstance(live, list | deque) and not all(alike(a, b) for a, b in zip(cold, live, strict=False)):
        return _both_changed(name)
    return _both_changed(name) if isinstance(live, bytearray) or len(live) < len(cold) else None


def _in_the_way(
    context: Context, module: str, statement: Statement, name: str, live: Any, cold: Any, changed: bool
) -> tuple[str, str] | None:
    """Why the living value of `name` can't be replaced, and what to do; None if it can."""
    if count := instances_of_made(live):
        return f"{count} living instance(s) are of the class that it is now", COLD
    if is_definition(live) and not (type(live) is _LAMBDA and cold is not MISSING):
        return None
    if (use := in_use(live)) is not None:
        return f"`{name}` is {use}", _CHANGE_IT
    if isinstance(live, logging.Logger):
        return None  # they are kept by the logging module, by name
    if cold is not MISSING:
        if not alike(cold, live):
            return _both_changed(name)
        return _held(context, module, statement, name, live)
    home = (module, name)
    if context.drift is not None and context.drift.known(home):
        return _as_described(context, context.drift, statement, home, live)
    if is_atomic(live):
        return _both_changed(name) if may_be_stored(context.old_names, home) else None
    if isinstance(live, CONTAINERS) and (is_plain(live) or only_entries(context, live)):
        return (
            _held(context, module, statement, name, live)
            if not may_be_mutated(context.old_names, home)
            else _stateful(name)
        )
    if isinstance(live, CONTAINERS) or type(live).__module__ in context.live or context.owned(live):
        kind = type(live).__qualname__
        made = "how it is made changed" if changed else "what it made lives on with state"
        return (
            f"`{name}` is a living {kind} with state; {made}",
            f"keep the old statement and change the object in a `code_change`, or {COLD}",
        )
    if type(live).__module__ == "logging":
        return None
    return _held(context, module, statement, name, live)


def _as_described(
    context: Context, drift: Drift, statement: Statement, home: Home, live: Any
) -> tuple[str, str] | None:
    """The program changed the value, or did not: it was looked at."""
    if drift.by_program(home) and drift.by_release(home) and not drift.arrived(home):
        return _both_changed(home[1])
    if isinstance(live, CONTAINERS):
        kept = not drift.by_program(home) and not may_be_changed(context.old_names, home)
        spared = names_expression if kept or not may_be_mutated(context.old_names, home) else None
        if (what := drift.opaque(home, spared=spared)) is not None and not without_state(context, live):
            return (f"it holds a living {what}, whose state would be lost", _CHANGE_IT)
        return None
    if not is_atomic(live) and drift.by_program(home) and not drift.arrived(home):
        return f"the running program has changed what `{home[1]}` is, and another one would begin anew", _CHANGE_IT
    if is_expression(live) and may_be_stored(context.old_names, home):
        return f"a function binds `{home[1]}` anew, and which of the two the program means can't be told", _CHANGE_IT
    return _held(context, home[0], statement, home[1], live)


def _classes_held(context: Context, container: Any) -> str | None:
    """Classes in a container that no statement of their own makes, and who holds them besides."""
    if not isinstance(container, dict | list):
        return None
    items = list(container.values() if isinstance(container, dict) else container)
    for item in items:
        if isinstance(item, type) and item.__module__ in context.live and not at_home(item):
            if count := context.instances(item):
                return f"and {count} instance(s) of `{item.__qualname__}` are alive"
            if held := context.held_elsewhere(item, [container, items], by_anybody=True):
                return f"and `{item.__qualname__}` is held by {held[0]}"
    return None


def _both_changed(name: str) -> tuple[str, str]:
    return (
        f"`{name}` was changed by the running program and is changed by the release too",
        f"keep the old text of `{name}` and change it from code, or {COLD}",
    )


def _stateful(name: str) -> tuple[str, str]:
    return (
        f"`{name}` is a living container that functions change; what the release says now would overwrite it",
        f"keep the old text of `{name}` and change it from code, or {COLD}",
    )


def _held(context: Context, module: str, statement: Statement, name: str, live: Any) -> tuple[str, str] | None:
    """Who holds the old object would not see the new one; containers of one kind are poured, so that they do."""
    if is_atomic(live) or type(live) is _LAMBDA or _same_container(live, value_of(statement.node)):
        return None
    if is_among(live, context.poured()):
        return None  # a further name of a container that stays
    if is_filled_anew(context, module, statement, live):
        return None
    homes = [(module, name) for module, found in context.live.items() if vars(found).get(name) is live]
    but = [inside for home in homes for inside in context.commands_reading(home)]
    held = context.held_elsewhere(live, [*but, *built_from(context, (module, name))])
    return (f"the object that `{name}` is now is still held by {_some(held)}", COLD) if held else None


def _same_container(live: Any, value: ast.expr | None) -> bool:
    """Executing the new text gives a container of the living one's type."""
    displays: dict[type, tuple[type, ...]] = {
        dict: (ast.Dict, ast.DictComp),
        list: (ast.List, ast.ListComp),
        set: (ast.Set, ast.SetComp),
    }
    if isinstance(value, displays.get(type(live), ())):
        return True
    if not isinstance(value, ast.Call) or not isinstance(live, _POURED):
        return False
    called = ast.unparse(value.func).rpartition(".")[2]
    return called == type(live).__name__ or (type(live) is list and called == "sorted")


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


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
