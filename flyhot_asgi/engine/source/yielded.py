"""In which shape generators give what they give. Pure."""

from __future__ import annotations

import ast

from .kept import assigned_once
from .module import FunctionNode
from .nodes import children_of

_KINDS: dict[type[ast.expr], str] = {
    ast.Dict: "dicts",
    ast.DictComp: "dicts",
    ast.List: "lists",
    ast.ListComp: "lists",
    ast.JoinedStr: "texts",
}


def yielded(function: FunctionNode) -> frozenset[str]:
    """The kinds of what a generator gives, in words; "others": what is not written out. Nothing, of a bare `yield`."""
    found, local = set[str](), assigned_once(function)
    stack: list[ast.AST] = list(function.body)
    while stack:
        child = stack.pop()
        if isinstance(child, ast.Yield) and child.value is not None:
            value = local.get(child.value.id, child.value) if isinstance(child.value, ast.Name) else child.value
            found.add(_kind(value))
        elif isinstance(child, ast.YieldFrom):
            found.add("others")
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            stack.extend(children_of(child))
    return frozenset(found)


def _kind(value: ast.expr) -> str:
    if isinstance(value, ast.Tuple) and not any(isinstance(one, ast.Starred) for one in value.elts):
        return f"tuples of {len(value.elts)}"
    if isinstance(value, ast.Constant):
        return "texts" if isinstance(value.value, str) else "others"
    return _KINDS.get(type(value), "others")
