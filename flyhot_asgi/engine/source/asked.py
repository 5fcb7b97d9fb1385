"""What a method reads of its object where it has asked what that is. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .module import FunctionNode
from .nodes import nodes_of


def read_as_another(method: FunctionNode) -> set[ast.Attribute]:
    """`if isinstance(self, Heir): return self.parts` reads what an `Heir` has: nobody else need have it."""
    arguments = [*method.args.posonlyargs, *method.args.args]
    own = arguments[0].arg if arguments else ""
    return {
        use
        for part in _asked(method, own)
        for use in nodes_of(part)
        if isinstance(use, ast.Attribute) and isinstance(use.value, ast.Name) and use.value.id == own
    }


def _asked(method: FunctionNode, own: str) -> Iterator[ast.AST]:
    for node in nodes_of(method):
        if isinstance(node, ast.If) and _asks(node.test, own):
            yield from node.body
        elif isinstance(node, ast.IfExp) and _asks(node.test, own):
            yield node.body
        elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            first = next((index for index, value in enumerate(node.values) if _asks(value, own)), len(node.values))
            yield from node.values[first + 1 :]


def _asks(test: ast.expr, own: str) -> bool:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(_asks(value, own) for value in test.values)
    called = isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "isinstance"
    return called and isinstance(test, ast.Call) and bool(test.args) and _is_name(test.args[0], own)


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
