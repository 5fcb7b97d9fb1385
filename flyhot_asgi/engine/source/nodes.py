"""What lies in a syntax tree, as `ast.walk` and `ast.iter_child_nodes` have it, in less than half the time. Pure.

A plan asks whole releases dozens of questions, and most of its time went into finding the next node. Fields that only
hold names, and the contexts of names (`ast.Load`), which nobody looks for, are left out; the order is that of `ast`.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

_NAMES_ONLY = frozenset(
    "id ctx attr arg kind type_comment level module asname simple conversion is_async rest".split()
)  # of all node types that have such a field, none holds a node in it
_fields: dict[type[ast.AST], tuple[str, ...]] = {ast.Constant: ()}


def nodes_of(root: ast.AST) -> list[ast.AST]:
    """`root` and all nodes below it, breadth first. A tree that is changed meanwhile is not looked at again."""
    found = [root]
    for node in found:  # it grows while it is gone through
        kind = type(node)
        for name in _fields[kind] if kind in _fields else _fields_of(kind):
            value = getattr(node, name, None)
            if type(value) is list:
                for item in value:
                    if isinstance(item, ast.AST):
                        found.append(item)
            elif isinstance(value, ast.AST):
                found.append(value)
    return found


def children_of(node: ast.AST) -> list[ast.AST]:
    """The nodes right below `node`, in the order of the text."""
    found: list[ast.AST] = []
    kind = type(node)
    for name in _fields[kind] if kind in _fields else _fields_of(kind):
        value = getattr(node, name, None)
        if type(value) is list:
            for item in value:
                if isinstance(item, ast.AST):
                    found.append(item)
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def all_but(decorators: Sequence[ast.expr], apart: Collection[int]) -> list[ast.expr]:
    """The decorators without those at some places, from the outside in."""
    return [one for index, one in enumerate(decorators) if index not in apart]


def _fields_of(kind: type[ast.AST]) -> tuple[str, ...]:
    _fields[kind] = tuple(name for name in kind._fields if name not in _NAMES_ONLY)
    return _fields[kind]
