"""What instances and modules keep of values that old code worked out once: `functools.cached_property`, and a module's
`__getattr__` (PEP 562) that stores what it makes among the module's names.

They are as caches of functions are (`judge_caches`), but that the program may set them, too. So only what is no state
for certain is forgotten, and only if the code that gives it is another one: numbers, texts, definitions; of a property
also containers that the app's code only reads, and objects that nothing is put into. Of what may be state the plan
tells that it lives on, or the upgrade is refused.
"""

from __future__ import annotations

import ast
import functools
import sys
import types
from collections.abc import Iterator
from typing import Any

from ..living.attributes import fields_of
from ..source.defuse import Home
from ..source.handled import Handled, handled
from ..source.nodes import nodes_of
from ..source.values import is_plain, is_stateless
from .context import COLD, Context
from .has_state import has_state
from .judge_caches import changes_with
from .judge_kept import judge_kept
from .left_behind import defines


def judge_memos(context: Context) -> None:
    """Write the values that must be forgotten into the plan, and tell of those that live on."""
    judge_kept(context)
    touched = context.changed_bodies | context.rebound | context.reshaped
    if not touched and not context.plan.changed:
        return
    context.plan.memos += _properties(context, touched)
    context.plan.stored_names += _modules(context, touched)


def _properties(context: Context, touched: set[Home]) -> Iterator[tuple[type, str, bool]]:
    """Classes with names of properties, and whether even what is no plain value may be made again."""
    for cls in sorted(context.survey.classes, key=lambda cls: (cls.__module__, cls.__qualname__)):
        for name, member in list(vars(cls).items()):
            if type(member) is not functools.cached_property or cls.__module__ not in context.live:
                continue
            code = getattr(member.func, "__code__", None)
            home = (cls.__module__, f"{cls.__qualname__}.{name}")
            if code is None or not context.survey.count(cls) or not _gives_other(context, home, code, touched):
                continue
            kept = [one for one in _values(context, cls, name) if not is_stateless(one)]
            again = not any(has_state(context, one) for one in kept) and _by(context, name) is Handled.READ
            yield cls, name, again
            if kept and not again:
                _judge_kept(context, cls, name, kept, own=home in touched)


def _judge_kept(context: Context, cls: type, name: str, kept: list[Any], *, own: bool) -> None:
    """Containers that others have been handed, or change: it can't be told whether they still are what they were made.
    Refused; those that are changed, and whose own code is the same, are state, as objects are."""
    how, plain = _by(context, name), all(map(is_plain, kept))
    statement = context.new_names.binders(cls.__module__).get(cls.__qualname__.partition(".")[0])
    migrated = context.has_code_change(cls) or (statement is not None and _migrates(statement.node))
    if statement is None or not plain or migrated or (how is Handled.CHANGED and not own):
        _note(context, cls.__module__, f"instances of `{cls.__qualname__}` keep their `{name}`")
        return
    does = "changes them" if how is Handled.CHANGED else "hands them on, to who may have changed them"
    reason = (
        f"{len(kept)} living instance(s) keep the {type(kept[0]).__name__} that its old code made, and the app's code "
        f"{does}: it can't be told whether to make it again"
    )
    mend = f"take it out in a `code_change` (`state.pop({name!r}, None)`), or {COLD}"
    context.refuse(cls.__module__, statement, reason, do=mend, name=f"{cls.__qualname__}.{name}")


def _migrates(node: ast.stmt) -> bool:
    return isinstance(node, ast.ClassDef) and defines(node, "code_change")


def _by(context: Context, name: str) -> Handled:
    return handled([*context.old.values(), *context.new.values()], name, called=False)


def _gives_other(context: Context, home: Home, code: types.CodeType, touched: set[Home]) -> bool:
    """The function itself, or what it calls or reads by name, is another one after the upgrade."""
    if home in touched:
        return True
    read = context.new_names.homes(home[0], code.co_names)
    methods = {f"{cls}.{name}" for cls in [home[1].rpartition(".")[0]] for name in code.co_names}
    if read & touched or any((home[0], method) in touched for method in methods):
        return True
    return any(changes_with(context, one, touched) for one in read)


def _values(context: Context, cls: type, name: str) -> Iterator[Any]:
    for one in context.survey.objects(cls):
        fields = fields_of(one)
        if fields is not None and name in fields:
            yield fields[name]


def _modules(context: Context, touched: set[Home]) -> Iterator[tuple[dict[str, Any], frozenset[str]]]:
    for module in context.live:
        if module not in context.old or module not in context.new:
            continue
        giver = context.old_names.binders(module).get("__getattr__")
        if giver is None or giver.kind != "def" or not _stores_names(giver.node):
            continue
        gone = "__getattr__" not in context.new_names.binders(module)
        if not gone and not changes_with(context, (module, "__getattr__"), touched):
            continue
        namespace = context.namespace(module)
        names = frozenset(_unbound(context, module, giver.node))
        for name in sorted(names):
            if not is_stateless(namespace[name]):
                _note(context, module, f"the module keeps `{name}`")
        if names:
            yield namespace, names


def _stores_names(node: ast.AST) -> bool:
    for part in nodes_of(node):
        if isinstance(part, ast.Global) or (isinstance(part, ast.Name) and part.id == "globals"):
            return True
        if isinstance(part, ast.Attribute) and part.attr == "modules":
            return True
    return False


def _unbound(context: Context, module: str, giver: ast.AST) -> Iterator[str]:
    """Names that a module has, and that no statement, submodule or other function of it gives."""
    bound = {name for names in (context.old_names, context.new_names) for name in names.binders(module)}
    inside = {id(part) for part in nodes_of(giver)}
    for node in nodes_of(context.old[module].tree):
        if isinstance(node, ast.Global) and id(node) not in inside:
            bound.update(node.names)
    for star in context.old_names.stars(module):
        bound |= context.old_names.star_names(star)
    for name in context.namespace(module):
        if name not in bound and not name.startswith("__") and f"{module}.{name}" not in sys.modules:
            yield name


def _note(context: Context, module: str, what: str) -> None:
    context.plan.notes.append(f"{context.file(module)}: {what}, which the old code made")
