"""Fields of models whose default is another one in each process: a key that is made at random at the app's import.

A cold import can't tell what they should be, so that nothing but the statement counts: as long as the release has the
same, what the process made of it is state, and lives on. Sessions were signed with it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from ..living.pydantic import model_fields
from ..planning.context import Context
from ..source.module import Statement
from ..source.schema import class_in


def lasting_fields(context: Context, cls: type, value: str | None = None) -> frozenset[str]:
    """Names of fields, inherited ones too, whose value is never the same, and whose statement is. `value`: where one of
    its instances is (`app.config:settings`), if it is told of."""
    return frozenset(name for base in cls.__mro__ for name in _own(context, base, value))


def lasting_defaults(context: Context, module: str, statement: Statement, cls: type) -> tuple[tuple[str, Any], ...]:
    """What the class statement must give to be what it was: defaults that are written as plain expressions."""
    fields, node = model_fields(cls), statement.node
    own = _own(context, cls)
    plain = _statements(node) if isinstance(node, ast.ClassDef) else {}
    return tuple((name, fields[name].default) for name in sorted(own & fields.keys()) if not _is_field(plain.get(name)))


def _own(context: Context, cls: type, value: str | None = None) -> set[str]:
    unstable = context.drift.unstable if context.drift is not None else ()
    if not unstable or cls.__module__ not in context.old or cls.__module__ not in context.new:
        return set()
    names = cls.__qualname__.split(".")
    nodes = [class_in(side[cls.__module__].tree, names) for side in (context.old, context.new)]
    if nodes[0] is None or nodes[1] is None:
        return set()
    before, after = (_statements(node) for node in nodes if node is not None)
    same = {name for name in before.keys() & after.keys() if ast.dump(before[name]) == ast.dump(after[name])}
    return {name for name in same if any(path in unstable for path in _paths(cls, name, value))}


def _paths(cls: type, name: str, value: str | None) -> Iterator[str]:
    """Where descriptions tell of a field, in either version of pydantic, and of its value."""
    if value is not None:
        yield f"{value}.{name}"
    for table in ("__pydantic_fields__", "model_fields", "__fields__"):
        yield f"{cls.__module__}:{cls.__qualname__}.{table}[{name!r}]"


def _statements(node: ast.ClassDef) -> dict[str, ast.AnnAssign]:
    found = [one for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
    return {one.target.id: one for one in found if isinstance(one.target, ast.Name)}


def _is_field(statement: ast.AnnAssign | None) -> bool:
    """It makes a field rather than a value: that is not the default itself."""
    return statement is None or (isinstance(statement.value, ast.Call) and "Field" in ast.unparse(statement.value.func))
