"""What the program keeps in a function's attributes, where the function's statement is executed again.

A decorator gives its wrapper a counter or a memo (`wrapper.calls = 0`). Executing it again begins anew; per attribute
three-way, as for objects: what the release did not change stays as the program made it, what both changed is refused.
So does what a function keeps on itself (`get.cache = …` in `get`), though it was called while it was imported.
"""

from __future__ import annotations

import ast
import types
from dataclasses import replace

from ..source.drift import Drift
from ..source.nodes import nodes_of
from ..source.plan import Execute
from .context import Context


def keep_attributes(context: Context) -> None:
    """Note in the plan which attributes of living functions stay."""
    drift = context.drift
    if drift is None:
        return
    for index, item in enumerate(context.plan.work):
        if not isinstance(item, Execute) or item.statement.kind != "def" or item.annotate_only or item.kept:
            continue
        name = item.statement.binds[0]
        live = context.value(item.module, name)
        if isinstance(live, types.FunctionType) and live.__dict__:
            stays = _stay(context, drift, item, name, live)
            if stays:
                context.plan.work[index] = replace(item, kept=((name, stays),))


def _stay(context: Context, drift: Drift, item: Execute, name: str, live: types.FunctionType) -> frozenset[str]:
    home, stays, own = (item.module, name), set(), _kept_on_itself(context, item, name)
    for attribute in live.__dict__:
        part = f".{attribute}"
        if attribute.startswith("__") or not (attribute in own or drift.by_program(home, part)):
            continue
        if isinstance(live.__dict__[attribute], types.FunctionType) and drift.is_same(home, part):
            continue  # what it closes over is seen to with the function's own variables
        if drift.by_program(home, part) and drift.by_release(home, part) and not drift.arrived(home, part):
            reason = f"`{name}.{attribute}` was changed by the running program and is changed by the release too"
            context.refuse(item.module, item.statement, reason)
        elif not drift.by_release(home, part):
            stays.add(attribute)
    return frozenset(stays)


def _kept_on_itself(context: Context, item: Execute, name: str) -> set[str]:
    """Attributes that the function sets on itself when it is called, in both releases."""
    old = context.old_names.definition((item.module, name)) if item.module in context.old else None
    before, after = (attributes_set(one.node, name) if one is not None else set() for one in (old, item.statement))
    return before & after


def attributes_set(function: ast.stmt, name: str) -> set[str]:
    """Of what is called so, by a function."""
    return {
        node.attr
        for node in nodes_of(function)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name)
        if node.value.id == name
    }
