"""What kind of value an expression makes, read off its syntax. Pure.

The engine executes single statements in a living namespace. Whether that is safe to do again, and whether the value of
the *old* text can be had for comparison, depends on whether evaluating it has any effect but its value.
"""

from __future__ import annotations

import ast
import types
from collections import OrderedDict, deque

from .source import dotted_name

CONTAINER_CALLS = frozenset(
    {
        "dict",
        "list",
        "set",
        "tuple",
        "frozenset",
        "bytearray",
        "defaultdict",
        "deque",
        "OrderedDict",
        "Counter",
        "collections.defaultdict",
        "collections.deque",
        "collections.OrderedDict",
        "collections.Counter",
    }
)
CONTAINERS = (dict, list, set, deque, bytearray, OrderedDict)
ATOMS = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis))

_PURE = (
    ast.Constant,
    ast.Name,
    ast.Attribute,
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Dict,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.IfExp,
    ast.Subscript,
    ast.Slice,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.Starred,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.comprehension,
    ast.expr_context,
    ast.operator,
    ast.unaryop,
    ast.boolop,
    ast.cmpop,
    ast.arguments,
    ast.arg,
    ast.keyword,
)


def is_pure(node: ast.expr | None) -> bool:
    """Evaluating it calls nothing but the constructors of plain containers."""
    if node is None:
        return True
    return all(_pure_node(child) for child in ast.walk(node))


def _pure_node(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return dotted_name(node.func) in CONTAINER_CALLS
    return isinstance(node, _PURE)


def value_of(statement: ast.stmt) -> ast.expr | None:
    """The right side of an assignment; None for anything else, and for a bare annotation."""
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return statement.value
    return getattr(statement, "value", None) if type(statement).__name__ == "TypeAlias" else None


def is_atomic(value: object) -> bool:
    """An immutable value without identity that matters: nobody can tell a copy from it."""
    if type(value) in ATOMS:
        return True
    return type(value) in (tuple, frozenset) and all(is_atomic(item) for item in value)  # type: ignore[attr-defined]


def alike(a: object, b: object) -> bool:
    """Equal as plain data: containers and atoms by contents, everything else by identity. Runs no code of the app's."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, types.FunctionType) and isinstance(b, types.FunctionType):
        return a.__code__ == b.__code__ and alike(a.__defaults__, b.__defaults__)
    if getattr(a, "maxlen", None) != getattr(b, "maxlen", None) and isinstance(a, deque):
        return False
    if isinstance(a, dict) and isinstance(b, dict):
        return len(a) == len(b) and all(
            alike(x, y) and alike(dict.__getitem__(a, x), dict.__getitem__(b, y)) for x, y in zip(a, b, strict=True)
        )
    if isinstance(a, list | tuple | deque) and isinstance(b, list | tuple | deque):
        return len(a) == len(b) and all(alike(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, set | frozenset) and isinstance(b, set | frozenset):
        return all(is_atomic(x) for x in (*a, *b)) and a == b
    if type(a) in (*ATOMS, bytearray):
        return a == b
    return False
