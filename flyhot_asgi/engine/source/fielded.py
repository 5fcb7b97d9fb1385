"""Which values living instances have of fields that come. Pure."""

from __future__ import annotations

import ast

from .module import dotted_name, statements_of
from .values import value_of

_FIELDS = frozenset({"field", "ib", "attrib", "Field", "Factory"})
_EMPTY = frozenset({"list", "dict", "set"})


def has_default(node: ast.ClassDef, name: str) -> bool:
    """The class itself answers for instances that lack the field."""
    for value in _values(node, name):
        factory = _argument(value, "default_factory", "factory")
        return factory is None and (_argument(value, "default") is not None or not _is_field(value))
    return False


def filled_in(node: ast.ClassDef, name: str) -> bool:
    """Of a dataclass: living instances have the default, or get an empty container."""
    for value in _values(node, name):
        factory = _argument(value, "default_factory")
        if factory is not None:
            return isinstance(factory, ast.Name) and factory.id in _EMPTY
        return _argument(value, "default") is not None or not _is_field(value)
    return False


def _values(node: ast.ClassDef, name: str) -> list[ast.expr]:
    found = [value_of(one.node) for one in statements_of(node.body, docstring=False) if name in one.binds]
    return [value for value in found if value is not None]


def _is_field(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and (dotted_name(value.func) or "").rpartition(".")[2] in _FIELDS


def _argument(value: ast.expr, *names: str) -> ast.expr | None:
    keywords = value.keywords if isinstance(value, ast.Call) else []
    return next((one.value for one in keywords if one.arg in names), None)
