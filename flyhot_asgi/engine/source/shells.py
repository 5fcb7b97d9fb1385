"""Shells: syntax with the bodies of the functions in it blanked, as text to compare. Pure."""

from __future__ import annotations

import ast
import copy


class _Blank(ast.NodeTransformer):
    """Replaces every function's and lambda's body by nothing."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.body = []
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.body = []
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.generic_visit(node)
        node.body = ast.Constant(value=None)
        return node


def shell_of(node: ast.AST) -> str:
    """The syntax of `node` with all function bodies blanked, as a string to compare."""
    return ast.dump(_Blank().visit(copy.deepcopy(node)))


def own_shell(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """A function's own code without its docstring and annotations, with the bodies of functions nested in it blanked:
    equal if only they differ."""
    twin = copy.deepcopy(node)
    twin.returns = None
    for one in ast.walk(twin.args):
        if isinstance(one, ast.arg):
            one.annotation = None
    if is_docstring(twin.body[0]):
        twin.body[0] = ast.copy_location(ast.Pass(), twin.body[0])
    blank = _Blank()
    twin.body = [blank.visit(child) for child in twin.body]
    return ast.dump(twin)


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
