"""Statements at module level that set one part of an object: `env.filters["shout"] = shout`, `app.state.limit = 3`,
`env.globals.update(year=2026)`. Pure.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from .module import Statement, dotted_name


class Named(NamedTuple):
    """A key that is what a name means: `overrides[get_db] = …`."""

    name: str


class Part(NamedTuple):
    """What is set: of what (dotted), by subscript or as an attribute, under which key, to which value."""

    owner: str
    item: bool
    key: object
    value: ast.expr


def parts_of(statement: Statement) -> list[Part] | None:
    """The parts that a statement sets; None if it does something else, or more."""
    node = statement.node
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        found = _target(node.targets[0], node.value)
        return [found] if found is not None else None
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        parts = list(_updated(node.value))
        return parts or None
    return None


def _target(target: ast.expr, value: ast.expr) -> Part | None:
    if not isinstance(target, ast.Subscript | ast.Attribute):
        return None
    owner = dotted_name(target.value)
    if owner is None:
        return None
    if isinstance(target, ast.Attribute):
        return Part(owner, False, target.attr, value)
    if isinstance(target.slice, ast.Name | ast.Attribute) and (name := dotted_name(target.slice)) is not None:
        return Part(owner, True, Named(name), value)
    return Part(owner, True, target.slice.value, value) if isinstance(target.slice, ast.Constant) else None


def _updated(call: ast.Call) -> Iterator[Part]:
    """`x.update(a=1)`, `x.update({"a": 1})`; nothing where not all keys are written out."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "update" or len(call.args) > 1:
        return
    owner = dotted_name(call.func.value)
    pairs: list[tuple[ast.expr | None, ast.expr]] = []
    for one in call.args:
        if not isinstance(one, ast.Dict):
            return
        pairs += zip(one.keys, one.values, strict=True)
    constants = [(key.value, value) for key, value in pairs if isinstance(key, ast.Constant)]
    if owner is None or len(constants) != len(pairs) or any(one.arg is None for one in call.keywords):
        return
    yield from (Part(owner, True, key, value) for key, value in constants)
    yield from (Part(owner, True, one.arg, one.value) for one in call.keywords)
