"""State that its functions keep elsewhere now: `count` became `total`, an attribute of a class, a name of another
module. What the program made of the old one would be lost, and the new one begin anew.

Told from state that is simply gone, as its statement is, by the function that bound or filled the old name: it lives
on, lets go of that name, and uses one that the old release did not have. A cache that the function fills itself is not
meant.
"""

from __future__ import annotations

import ast
import contextvars
import threading
import types
from collections.abc import Iterator

from ..living.in_use import in_use
from ..source.defuse import Home
from ..source.kept import fills_itself
from ..source.module import FunctionNode, dotted_name, mangled, statements_of
from ..source.nodes import nodes_of
from ..source.plan import Refusal
from ..source.renamed import attributes_in, used
from .context import COLD, Context
from .judge_attributes import attributes_set
from .judge_queued import functions_in
from .judge_renamed import was_changed

_MEND = f"keep the old name for one release, and take over what it holds, or {COLD}"


def judge_abandoned(context: Context) -> None:
    """Refuse where such state would be lost."""
    drift = context.drift
    for module, name in context.plan.deleted_names if drift is not None else ():
        home = (module, name)
        definition = context.old_names.definition(home) if module in context.old else None
        if definition is not None and definition.kind in ("def", "class") and home not in context.moves:
            _judge_definition(context, home)
        if definition is None or definition.kind != "assign" or home in context.moves:
            continue
        if not _was_used(context, home):
            continue
        for path, before in functions_in(context.old[module]):
            if not _changes(before, name) or fills_itself(before, name):
                continue
            for target, after in _goes_on(context, module, path):
                if (instead := _instead(context, module, name, before, target, after)) is not None:
                    _refuse(context, home, (target, after.lineno, path), instead)
    for module in context.plan.changed if drift is not None else ():
        for name in _left_by_classes(context, module):
            _judge_member(context, module, name)
        _judge_attributes(context, module)


def _was_used(context: Context, home: Home) -> bool:
    """The program made something of the value since its module was imported, as far as anybody can tell."""
    drift, value = context.drift, context.value(*home)
    if in_use(value) is not None:
        return True
    if type(value) is contextvars.ContextVar:
        return bool(context.held_elsewhere(value, by_anybody=True))
    return drift is not None and drift.known(home) and drift.by_program(home)


def _judge_definition(context: Context, home: Home) -> None:
    """A function or class that is gone had something in its attributes, and one that comes has the same ones."""
    drift, live = context.drift, context.value(*home)
    names: set[str] = set()
    if isinstance(live, types.FunctionType) and drift is not None and drift.known(home):
        names = {name for name in live.__dict__ if drift.by_program(home, f".{name}")}
    elif isinstance(live, type):
        plain = {name for name, value in vars(live).items() if not name.startswith("__") and not _describes(value)}
        names = {name for name in plain if was_changed(context, live, name)}
    for statement in context.new[home[0]].statements if names and home[0] in context.new else ():
        if statement.kind not in ("def", "class") or context.old_names.definition((home[0], statement.binds[0])):
            continue
        node = statement.node
        sets = attributes_set(node, statement.binds[0]) if statement.kind == "def" else used(node)  # type: ignore[arg-type]
        if common := sorted(names & sets):
            new, kept = statement.binds[0], f"{home[1]}.{common[0]}"
            _refuse(context, (home[0], kept), (home[0], statement.line, new), f"`{new}.{common[0]}`")


def _describes(value: object) -> bool:
    """A descriptor (a mapped column) is made by the class's statement, whatever its metaclass puts in its place."""
    return any("__get__" in vars(base) for base in type(value).__mro__)


def _left_by_classes(context: Context, module: str) -> Iterator[str]:
    """Attributes that the program changed of classes, and that these have no more."""
    after = {one.binds[0]: one.node for one in context.new[module].statements if one.kind == "class"}
    for statement in context.old[module].statements:
        new = after.get(statement.binds[0]) if statement.kind == "class" else None
        live = context.value(module, statement.binds[0]) if new is not None else None
        if not isinstance(new, ast.ClassDef) or not isinstance(live, type):
            continue
        assigned = [one for one in statements_of(statement.node.body, docstring=True) if one.kind == "assign"]  # type: ignore[attr-defined]
        for name in {name for one in assigned for name in one.binds} - used(new):
            if was_changed(context, live, mangled(name, live.__name__)):
                yield name


def _judge_member(context: Context, module: str, name: str) -> None:
    """The functions that used it use a name of a module instead."""
    for path, before in functions_in(context.old[module]):
        for target, after in _goes_on(context, module, path) if name in attributes_in(before) else ():
            instead = _instead(context, module, "", before, target, after)
            if instead is not None and name not in attributes_in(after):
                _refuse(context, (module, name), (target, after.lineno, path), instead)


def _judge_attributes(context: Context, module: str) -> None:
    """What functions keep in an attribute of a function, or of each thread's own, they keep in another one of it."""
    for path, before in functions_in(context.old[module]):
        for target, after in _goes_on(context, module, path):
            had, has = _attributes_of_names(before), _attributes_of_names(after)
            for root, attribute in sorted(had - has):
                come = sorted(name for one, name in has - had if one == root)
                live = context.value(module, root)
                kept = type(live) in (types.FunctionType, threading.local) and attribute in vars(live)
                if kept and come and not fills_itself(before, f"{root}.{attribute}"):
                    home = (module, f"{root}.{attribute}")
                    _refuse(context, home, (target, after.lineno, path), f"`{root}.{come[0]}`")


def _attributes_of_names(function: FunctionNode) -> set[tuple[str, str]]:
    """`memo.hits`; the texts of `getattr(memo, "hits", 0)` and `hasattr(memo, "hits")` are beside such uses."""
    return {
        (node.value.id, node.attr)
        for node in nodes_of(function)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


def _refuse(context: Context, home: Home, at: tuple[str, int, str], instead: str) -> None:
    target, line, path = at
    reason = (
        f"it keeps in {instead} now what it kept in `{home[1]}`, which is gone: what the running program made of it"
    )
    refusal = Refusal(target, context.file(target), line, path, f"{reason} would be lost", _MEND)
    if refusal not in context.plan.refusals:
        context.plan.refusals.append(refusal)


def _goes_on(context: Context, module: str, path: str) -> Iterator[tuple[str, FunctionNode]]:
    """The function in the new release, where it stands or where it moved to."""
    moved = context.moves.get((module, path))
    target, name = moved.new if moved is not None else (module, path)
    for found, function in functions_in(context.new[target]) if target in context.new else ():
        if found == name:
            yield target, function


def _instead(
    context: Context, module: str, name: str, before: FunctionNode, target: str, after: FunctionNode
) -> str | None:
    """A name that it uses now, which the old release did not have: a value, or a class."""
    used = _names(after)
    if target == module and name in used:
        return None
    for one in sorted(used - _names(before) | ({name} & used)):
        home = context.new_names.home(target, one)
        definition = context.new_names.definition(home) if home is not None else None
        if home is None or definition is None or definition.kind not in ("assign", "class"):
            continue
        if home[0] not in context.old or context.old_names.definition(home) is None:
            return f"`{one}`" if home[0] == module else f"`{one}` of {home[0]}"
    return None


def _names(function: FunctionNode) -> set[str]:
    return {node.id for node in nodes_of(function) if isinstance(node, ast.Name)}


def _changes(function: FunctionNode, name: str) -> bool:
    """It binds the name anew, puts something into what that means, or calls a method of it."""
    nodes = nodes_of(function)
    shared = any(isinstance(node, ast.Global) and name in node.names for node in nodes)
    for node in nodes:
        if shared and isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            return True
        if isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            if name == _root(node):
                return True
        elif isinstance(node, ast.Call) and dotted_name(node.func) == "next" and node.args:
            if name == _root(node.args[0]):
                return True
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and name == _root(node.func):
            return True
    return False


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
