"""Statements that did not change, but were built from something that does: judged again, until nothing new turns up.

Two ways lead to them: a name that they read is bound anew, or a function that they called at import has other code now.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Collection, Sequence

from ..source.active import active
from ..source.defuse import Home
from ..source.diff import Change, Verdict
from ..source.guards import is_guard
from ..source.module import NamesRead, Statement
from ..source.plan import Action
from ..source.values import is_plain
from .configuring import configures
from .context import Context
from .judge_alike import judge_made_other, stays
from .judge_classes import judge_dependent_class
from .judge_done import done_is_compared, methods_called
from .judge_effects import TOLD, judge_block
from .judge_functions import judge_dependent_function
from .judge_members import whole
from .judge_noted import made_of_classes
from .judge_stars import execute_stars, is_star
from .judge_twin import derives_from_remade
from .judge_values import annotate, judge_dependent
from .stuck import makers
from .telling import tells


def judge_dependents(context: Context) -> None:
    """Judge everything that read a name which is bound anew, until nothing more is bound anew."""
    if not context.rebound and not context.remade:
        return
    statements = [
        (module, statement, context.new_names.reads(module, statement))
        for module, source in context.new.items()
        if module in context.live
        for statement in active(source.statements, module)
    ]
    grafted: dict[Statement, set[Home]] = {}
    _work_on_all_names(context, statements)
    while True:
        found = []
        for module, statement, reads in statements:
            hit = set(reads & context.rebound) | derives_from_remade(context, module, statement)
            if not hit:
                continue
            if statement in context.planned and statement.kind == "import":
                context.rebind(module, statement.binds)  # it may have brought what the name meant before
            if statement.kind == "class" and hit <= grafted.get(statement, set()):
                continue
            again = statement in context.kept and not hit <= context.kept[statement]
            if statement.kind == "class" or statement not in context.judged or again:
                if statement not in context.planned:
                    found.append((module, statement, hit))
        if not found:
            return
        _work_on_all_names(context, statements)
        for module, statement, homes in found:
            context.judged.add(statement)
            grafted.setdefault(statement, set()).update(homes)
            judge_reader(context, module, statement, f"`{min(homes)[1]}`", homes)
        context.slices.plan()


def _work_on_all_names(context: Context, statements: Sequence[tuple[str, Statement, frozenset[Home]]]) -> None:
    """A loop over `locals()` that tells what the module exports where it is: told of new names as well. What it can't
    be run again for is left to the comparison with a cold import."""
    modules = {m for m, name in context.rebound if m in context.live and name not in context.namespace(m)}
    for module, statement, _ in statements:
        if module in modules and statement not in context.judged and statement not in context.planned:
            if context.slices.touch(module, statement).own_names:
                context.judged.add(statement)
                context.slices.again(module, statement)


def judge_reader(context: Context, module: str, statement: Statement, of: str, hit: set[tuple[str, str]]) -> None:
    if context.registers(module, statement):
        context.reshaped.update((module, name) for name in statement.binds)
        return
    kind = statement.kind
    if kind == "import" and is_star(statement):
        execute_stars(context, module)
        context.rebind(module, tuple(name for _, name in hit))
        context.step(module, statement, Action.IMPORT, f"{of} is bound anew where it comes from")
    elif kind == "import":
        context.execute(module, statement)
        context.rebind(module, statement.binds or tuple(name for _, name in hit))
        context.step(module, statement, Action.IMPORT, f"{of} is bound anew where it comes from")
    elif kind == "assign":
        if _only_annotated(context, module, statement, hit):
            annotate(context, module, statement)
            context.kept.setdefault(statement, set()).update(hit)
            return
        if stays(context, module, statement, hit):
            return
        names = {name for name in statement.reads if hit.intersection(context.new_names.trail(module, name))}
        if not context.taken(module, Change(Verdict.RERUN, statement, statement), names):
            judge_dependent(context, module, statement, of)
    elif kind == "def":
        judge_dependent_function(context, module, statement, of)
    elif kind == "class":
        names = {name for name in statement.reads if hit.intersection(context.new_names.trail(module, name))}
        judge_dependent_class(context, module, statement, names, of)
    elif kind == "block":
        if not context.slices.again(module, statement):
            judge_block(context, module, Change(Verdict.RERUN, statement, statement))
    elif kind in ("expr", "other") and (context.filled(module, statement) or context.slices.again(module, statement)):
        return
    elif tells(context, module, statement.node):
        context.step(module, statement, Action.KEEP, TOLD)
    elif kind == "expr" and configures(context, module, statement):
        return
    elif kind == "expr" and not isinstance(getattr(statement.node, "value", None), ast.Constant):
        context.refuse(module, statement, f"a call at module level used {of}, which is bound anew")


def _only_annotated(context: Context, module: str, statement: Statement, hit: Collection[Home]) -> bool:
    """Nothing but the annotation reads what is bound anew: the value, and what the program made of it, lives on."""
    node = statement.node
    if not isinstance(node, ast.AnnAssign) or node.value is None or not isinstance(node.target, ast.Name):
        return False
    read = {home for name in NamesRead.of(node.value) for home in context.new_names.trail(module, name)}
    return read.isdisjoint(hit)


def judge_import_time_calls(context: Context) -> None:
    """What import-time calls made with functions whose own code has changed since, or whose products can't follow."""
    _note_makers(context)
    if not context.changed_bodies:
        return
    methods = {name.rpartition(".")[2] for _, name in context.changed_bodies if "." in name}
    methods = {name for name in methods if not name.startswith("__")}  # `super().__init__`: reached by its class
    made = {name for _, name in context.makers} | {name.rpartition(".")[2] for _, name in context.makers}
    for module in context.live:
        if module not in context.new:
            continue
        for statement in active(context.new[module].statements, module):
            if statement in context.planned or not statement.calls or statement.kind == "import":
                continue
            reach = context.new_names.reached(_called(context, module, statement))
            hit = reach.homes & context.changed_bodies - {(module, n) for n in statement.binds}
            names = [name for _, name in hit] + sorted(reach.attributes & methods)
            names += [function.__code__.co_qualname for function in methods_called(context, module, statement)]
            if names and not context.registers(module, statement):
                _judge_called(context, module, statement, min(names))
            elif hit or set(names) & made:
                context.touched.add(statement)


def _note_makers(context: Context) -> None:
    """Functions that handed out what can't take its new code: whoever called them at import calls them again. Whether
    anybody else holds what they handed out, `judge_living` asks."""
    paths = {context.old[name].path: name for name in context.plan.changed}
    inner: dict[str, dict[types.FunctionType, None]] = {}
    for function in context.survey.functions:
        name = paths.get(function.__code__.co_filename)
        if name is not None and "<locals>" in function.__code__.co_qualname:
            inner.setdefault(name, {})[function] = None
    for name, living in inner.items():
        context.makers |= makers(name, context.stuck(name), living)
    context.changed_bodies |= context.makers


def judge_values_made_other(context: Context) -> None:
    """What import-time calls made of values that the release makes others."""
    outdated = [one for adapter in context.adapters for one in adapter.outdated(context)]
    for module, statement, home in [*judge_made_other(context), *outdated, *made_of_classes(context)]:
        if statement in context.planned:
            continue
        context.judged.add(statement)
        if not context.taken(module, Change(Verdict.RERUN, statement, statement), set()):
            judge_dependent(context, module, statement, f"`{home[1]}`, which the release changes")
        context.slices.plan()
        judge_dependents(context)


def _called(context: Context, module: str, statement: Statement) -> set[tuple[str, str]]:
    """Homes that the statement calls: by name, or by handing them to a builtin that gave plain data for them."""
    calls = context.new_names.homes(module, [name for name in statement.calls if not _beside(context, module, name)])
    if statement.kind == "assign" and statement.binds:
        if all(is_plain(context.value(module, name)) for name in statement.binds):
            calls |= context.new_names.homes(module, statement.reads)
    return calls


def _beside(context: Context, module: str, dotted: str) -> bool:
    """It is an attribute of a function (`register` of a `singledispatch`): calling it does not run the function."""
    owner, _, name = dotted.rpartition(".")
    found = context.resolve(module, owner) if owner else None
    return isinstance(found, types.FunctionType) and name in vars(found)


def _judge_called(context: Context, module: str, statement: Statement, name: str) -> None:
    live = [context.value(module, bound) for bound in statement.binds]
    first_party = all(type(value).__module__ in context.live for value in live)
    if statement.kind == "assign" and live and first_party:
        state = f"keeps the state that the old code of `{name}` gave it"
        context.step(module, statement, Action.KEEP, f"it {state}")
        context.plan.notes.append(f"{context.file(module)}:{statement.line}: `{statement.name}` {state}")
    elif statement.kind == "assign":
        if stays(context, module, statement, ()):
            return
        if not context.taken(module, Change(Verdict.RERUN, statement, statement), set()):
            judge_dependent(context, module, statement, f"`{name}()`, whose code changed")
    elif statement.kind == "def":
        judge_dependent_function(context, module, statement, f"`{name}`, whose code changed")
    elif statement.kind == "class" and isinstance(live[0], type):
        assert isinstance(statement.node, ast.ClassDef)
        whole(context, module, statement.node, statement, live[0], f"it ran `{name}` at import, whose code changed")
    elif statement.kind == "block" and is_guard(statement.node):
        judge_block(context, module, Change(Verdict.RERUN, statement, statement))
    elif statement.kind in ("expr", "block") and done_is_compared(context, module, statement):
        context.step(module, statement, Action.KEEP, f"what it did by `{name}`, whose code changed, is compared")
    elif statement.kind in ("expr", "block", "other") and (
        context.filled(module, statement) or context.slices.again(module, statement)
    ):
        pass
    elif statement.kind in ("expr", "block") and configures(context, module, statement):
        pass
    elif statement.kind in ("expr", "class", "block"):
        context.refuse(module, statement, f"it ran `{name}` at import, whose code changed")
    context.slices.plan()
    judge_dependents(context)
