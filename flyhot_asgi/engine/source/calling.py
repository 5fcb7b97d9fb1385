"""What calling a function gives by its syntax: its value, a coroutine, a generator. Pure."""

from __future__ import annotations

import ast

from .module import FunctionNode
from .nodes import children_of


def is_generator(node: FunctionNode) -> bool:
    return call_kind(node).endswith("generator")


def call_kind(node: FunctionNode) -> str:
    word = "async" if isinstance(node, ast.AsyncFunctionDef) else "plain"
    stack: list[ast.AST] = list(node.body)
    while stack:
        child = stack.pop()
        if isinstance(child, ast.Yield | ast.YieldFrom):
            return f"{word} generator"
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            stack.extend(children_of(child))
    return word
