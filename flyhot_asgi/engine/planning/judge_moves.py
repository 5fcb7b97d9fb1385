"""Definitions that move from one module to another, or take another name: the living object stays, and is what the new
home makes.

A function or class is taken for moved where a name that meant it means one definition now that is new (an import from
elsewhere, `Old = New`), or where it is gone and exactly one module has the same definition anew. Attempted, as the
comparison sees what came of it, and because nobody is told of a second object (`patching.move`). What is no definition
comes by an import; what the program made of the old object would be left behind then.
"""

from __future__ import annotations

import ast
import types
import weakref
from collections import defaultdict

from ..source.active import active
from ..source.defuse import Home, Names
from ..source.diff import Change, Verdict, diff
from ..source.module import Statement, statements_of
from ..source.plan import Action, Move
from ..source.values import CONTAINERS, alike, is_atomic, is_definition, value_of
from .context import Context
from .judge_instances import instance_gap, mangled_gap
from .judge_members import cold_value, state_problem
from .judge_twin import twin_of
from .judge_values import MISSING, cold_values


def find_moves(context: Context) -> None:
    """Before anything is judged: which definitions move, and whereto."""
    came = _came(context)
    now = _meanings(context)
    for module in [*context.plan.changed, *context.plan.deleted]:
        here = context.new_names.binders(module) if module in context.new else {}
        for statement in context.active_old(module):
            name = statement.binds[0] if statement.kind in ("def", "class") else ""
            if not name or (name in here and here[name].kind not in ("import", "assign")):
                continue
            found = [(m, one) for m, key in now[module, name] for home, one in came[key] if home == m]
            if not found and not now[module, name] and name not in here:
                found = [to for to in came[name] if to[0] != module and _follows(context, module, statement, to)]
            if len(found) == 1 and _can_move(context, module, statement, found[0]):
                target, new = found[0]
                to = (target, new.binds[0])
                context.moves[module, name] = Move(context.value(module, name), (module, name), to, new)
                context.moved_to.add(to)
                if isinstance(new.node, ast.FunctionDef | ast.AsyncFunctionDef) and statement.dump != new.dump:
                    context.changed_bodies.add(to)


def _meanings(context: Context) -> dict[Home, set[Home]]:
    """By their old home, what names that meant it mean now, where that is something else."""
    found: dict[Home, set[Home]] = defaultdict(set)
    for module in [one for one in context.plan.changed if one in context.old]:
        stars = [n for star in context.old_names.stars(module) for n in context.old_names.star_names(star)]
        for name in [*context.old_names.binders(module), *stars]:
            before, after = meaning(context.old_names, module, name), meaning(context.new_names, module, name)
            if before is not None and after is not None and before != after:
                found[before].add(after)
    return found


def meaning(names: Names, module: str, name: str) -> Home | None:
    """Where the object that a name stands for is defined, through imports and plain aliases (`Old = New`)."""
    for _ in range(10):
        home = names.home(module, name)
        definition = names.definition(home) if home is not None else None
        value = value_of(definition.node) if definition is not None and definition.kind == "assign" else None
        if home is None or not isinstance(value, ast.Name):
            return home
        module, name = home[0], value.id
    return None


def _came(context: Context) -> dict[str, list[tuple[str, Statement]]]:
    """By name, definitions that their modules did not have before."""
    found: dict[str, list[tuple[str, Statement]]] = defaultdict(list)
    for module in [*context.plan.changed, *context.plan.added]:
        before = context.old_names.binders(module) if module in context.old else {}
        for statement in active(context.new[module].statements, module):
            if statement.kind in ("def", "class"):
                name = statement.binds[0]
                if name not in before or before[name].kind == "import":
                    found[name].append((module, statement))
    return found


def _follows(context: Context, module: str, old: Statement, to: tuple[str, Statement]) -> bool:
    """It is gone from its old home; the other module imported it and has its own now, or has the same one."""
    name = old.binds[0]
    imported = to[0] in context.old and context.old_names.home(to[0], name) == (module, name)
    return imported or _alike(old, to[1])


def _alike(old: Statement, new: Statement) -> bool:
    """It is gone here and new there: the same definition, or a class with mostly the same members."""
    if old.kind != new.kind:
        return False
    if not isinstance(old.node, ast.ClassDef) or not isinstance(new.node, ast.ClassDef):
        return old.dump == new.dump
    before, after = ({ast.dump(child) for child in node.body} for node in (old.node, new.node))
    return 2 * len(before & after) > max(len(before), len(after))


def _can_move(context: Context, module: str, statement: Statement, to: tuple[str, Statement]) -> bool:
    live = context.value(module, statement.binds[0])
    new = to[1]
    if statement.kind != new.kind or (to[0], new.binds[0]) in context.moved_to:
        return False
    if context.registers(module, statement) or context.registers(to[0], new):
        return False
    if isinstance(live, type):
        return statement.kind == "class" and live.__module__ == module
    if not isinstance(live, types.FunctionType) or statement.kind != "def":
        return False
    decorators = [[ast.dump(d) for d in one.decorators] for one in (statement, new)]
    return live.__module__ == module and decorators[0] == decorators[1]


def judge_moves(context: Context) -> None:
    """Write the moves into the plan, when it is known what else is bound anew; or why one can't be made."""
    for (module, name), move in context.moves.items():
        old = next(s for s in reversed(context.active_old(module)) if name in s.binds)
        twin = None
        if isinstance(move.living, type):
            problem = _class_problem(context, module, old, move)
            twin = None if problem else twin_of(context, move.new[0], old.node, move.statement, move.living)
            if problem is not None:
                context.refuse(move.new[0], move.statement, f"it {_came_here(move)}, and {problem}")
            if twin is None:
                continue
        context.plan.moves.append(Move(move.living, move.old, move.new, move.statement, twin))
        context.step(move.new[0], move.statement, Action.MOVE, f"it {_came_here(move)} and stays the same object")


def judge_moved_state(context: Context) -> None:
    """Values of modules that are gone, which new modules make by the same statements: what the program made of them
    since would be lost. What else such a module kept goes with it."""
    _judge_starred(context)
    came = {
        (statement.binds, statement.dump): (name, statement)
        for name in context.plan.added
        for statement in active(context.new[name].statements, name)
        if statement.kind == "assign"
    }
    for module in context.plan.deleted if context.drift is not None else ():
        for statement in context.active_old(module):
            if statement.kind != "assign" or (found := came.get((statement.binds, statement.dump))) is None:
                continue
            target, new = found
            for name in statement.binds:
                value = context.value(module, name)
                if not is_definition(value) and not context.owned(value) and _was_changed(context, (module, name)):
                    reason = f"`{name}` of {module} is made by {target} now, and what the running program made of it"
                    context.refuse(target, new, f"{reason} would be lost")


def _judge_starred(context: Context) -> None:
    """The same of containers that a star import brings from another module now."""
    for module in context.plan.changed:
        stars = [one for one in context.new[module].statements if one.kind == "import" and not one.binds]
        for statement in context.active_old(module) if stars else ():
            for name in statement.binds if statement.kind == "assign" else ():
                home, value = context.new_names.home(module, name), context.value(module, name)
                made = context.new_names.definition(home) if home is not None and home[0] != module else None
                if made is None or made.kind != "assign" or not isinstance(value, CONTAINERS):
                    continue
                if not alike((cold_values(context, module, (name,)) or {}).get(name, MISSING), value):
                    context.refuse(module, stars[0], _lost(context, module, name), name=name)


def value_came_from(context: Context, module: str, change: Change) -> Home | None:
    """Where a value was imported from that the module makes itself now, by the same statement, and nobody else does any
    more: it lives on. Whether it is what the release makes, the comparison sees."""
    old, new = change.old, change.new
    if old is None or new is None or old.kind != "import" or len(new.binds) != 1 or old.binds != new.binds:
        return None
    home = context.old_names.home(module, new.binds[0])
    made = context.old_names.definition(home) if home is not None else None
    if home is None or made is None or made.dump != new.dump or context.new_names.definition(home) is not None:
        return None
    return home if context.value(*home) is context.value(module, new.binds[0]) else None


def _was_changed(context: Context, home: Home) -> bool:
    drift = context.drift
    return drift is not None and drift.known(home) and drift.by_program(home)


def _came_here(move: Move) -> str:
    (before, name), (after, _) = move.old, move.new
    return f"moved here from {before}" if before != after else f"was `{name}` before"


def _class_problem(context: Context, module: str, old: Statement, move: Move) -> str | None:
    before, after = old.node, move.statement.node
    assert isinstance(before, ast.ClassDef) and isinstance(after, ast.ClassDef)
    if gap := instance_gap(context, move.old[0], before, after, move.living):
        return gap[0]
    if reason := mangled_gap(context, before, after, move.living):
        return reason
    members = diff(statements_of(before.body, docstring=True), statements_of(after.body, docstring=True))
    changed = members.of(Verdict.CHANGED, Verdict.DELETED, Verdict.RERUN)
    return next((p for c in changed if (p := state_problem(context, module, before, move.living, c))), None)


def moved_inside(context: Context, module: str, change: Change) -> bool:
    """The statement is where something moved from or to: planned as that, whatever else it would have been."""
    name = change.statement.binds[0] if change.statement.binds else ""
    if (module, name) in context.moves:
        if change.verdict is not Verdict.DELETED:
            context.execute(module, change.statement)
            context.step(module, change.statement, Action.IMPORT, "it moved, and is imported from its new home")
        return True
    return False


_WEAK = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary, weakref.WeakSet)
"""Nothing is lost with an empty one."""


def state_left_behind(context: Context, module: str, change: Change, name: str) -> str | None:
    """What the running program changed of the object that the name means, and that an import would not bring; None if
    that is nothing, as far as its old text can be had again for comparison."""
    live = context.value(module, name, MISSING)
    old = change.old.node if change.old is not None else None
    if live is MISSING or old is None or context.old_names.home(module, name) != (module, name):
        return None
    if isinstance(live, type) and isinstance(old, ast.ClassDef):
        return _of_class(context, module, old, live)
    if isinstance(live, types.FunctionType) and change.old is not None and change.old.kind == "assign":
        return _lost(context, module, name) if _was_changed(context, (module, name)) else None
    if is_definition(live) or (change.old is not None and change.old.kind == "import"):
        return None
    if type(live) in _WEAK and not live:
        return None
    if change.new is not None and _is_others(context, change.new):
        return None  # what the name meant is gone, as any state is whose statement is
    cold = (cold_values(context, module, (name,)) or {}).get(name, MISSING)
    if (cold is not MISSING and alike(cold, live)) or (cold is MISSING and is_atomic(live)):
        return None
    if _as_imported(context, (module, name)):
        held = context.held_elsewhere(live)
        another = f"`{name}` comes from another module now, as another object"
        return f"{another}, and the old one is held by {held[0]}" if held else None
    return _lost(context, module, name)


def _as_imported(context: Context, home: Home) -> bool:
    """Its own statement made all that it is, and the program nothing: the other module makes it as well."""
    drift = context.drift
    if drift is None or not drift.known(home) or drift.by_program(home) or drift.opaque(home) is not None:
        return False
    everything = [(m, one) for m in context.old if m in context.live for one in context.active_old(m)]
    return not any(home in context.slices.touch_old(m, one).homes for m, one in everything)


def _lost(context: Context, module: str, name: str) -> str:
    if context.drift is not None and context.drift.known((module, name)) and not _was_changed(context, (module, name)):
        return (
            f"`{name}` comes from another module now, as another object: what statements put into it can't move along"
        )
    return f"`{name}` comes from another module now, and what the running program made of it would be lost"


def _is_others(context: Context, statement: Statement) -> bool:
    """It imports something that is not the app's."""
    node = statement.node
    if isinstance(node, ast.ImportFrom) and not node.level:
        origin = node.module or ""
    elif isinstance(node, ast.Import):
        origin = node.names[0].name
    else:
        return False
    return origin.partition(".")[0] not in {name.partition(".")[0] for name in (*context.old, *context.new)}


def _of_class(context: Context, module: str, old: ast.ClassDef, live: type) -> str | None:
    values = [s for s in statements_of(old.body, docstring=True) if s.kind == "assign"]
    for name in sorted({name for statement in values for name in statement.binds} & vars(live).keys()):
        cold = cold_value(context, module, old, live, name)
        if cold is not MISSING and not alike(cold, vars(live)[name]):
            return f"its attribute `{name}` was changed by the running program, and would be lost with the old class"
    return None
