"""Names and annotations that a statement makes in the namespace that it is executed in. Pure."""

from __future__ import annotations

import ast

from .nodes import children_of, nodes_of


class _Binder(ast.NodeVisitor):
    """Names that a statement binds in its own scope."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.names.add(node.id)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.names.add(node.name)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.names.add(node.name)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.names.add(node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        return

    def _comprehension(self, node: ast.AST) -> None:
        for child in nodes_of(node):  # only a walrus binds outside of a comprehension
            if isinstance(child, ast.NamedExpr) and isinstance(child.target, ast.Name):
                self.names.add(child.target.id)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_Import(self, node: ast.Import) -> None:
        self.names.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.names.update(alias.asname or alias.name for alias in node.names if alias.name != "*")

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self.names.add(node.name)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.names.add(node.name)


def bound_names(node: ast.AST) -> set[str]:
    """Names that executing `node` may bind in the namespace that it is executed in."""
    binder = _Binder()
    binder.visit(node)
    return binder.names


def annotated(node: ast.AST) -> bool:
    """Executing it makes annotations: of functions, of names; those inside of functions' bodies are code."""
    stack: list[ast.AST] = [node]
    while stack:
        child = stack.pop()
        if isinstance(child, ast.AnnAssign):
            return True
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [one for one in nodes_of(child.args) if isinstance(one, ast.arg)]
            if child.returns is not None or any(one.annotation is not None for one in arguments):
                return True
        elif not isinstance(child, ast.Lambda):
            stack.extend(children_of(child))
    return False
