"""What a module must have after an upgrade, read off its source before anybody is held. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from .active import active
from .module import SourceModule, Statement, statements_of
from .nodes import children_of


@dataclass(frozen=True)
class Expected:
    """Names that executing the module binds for certain, and the methods of its classes."""

    names: frozenset[str]
    classes: tuple[tuple[str, int, frozenset[str]], ...]
    """Name, line, and methods of each class at module level."""
    doc: str | None


def expected_of(source: SourceModule) -> Expected:
    return source.once("expected", _expected)


def _expected(source: SourceModule) -> Expected:
    statements = active(source.statements, source.name)
    classes = [(s.binds[0], s.line, _methods(s.node)) for s in statements if isinstance(s.node, ast.ClassDef)]
    return Expected(_bound(statements), tuple(classes), ast.get_docstring(source.tree, clean=False))


def annotated_names(body: Iterable[ast.stmt]) -> set[str]:
    """Names that these statements annotate, those in blocks included; not what functions and classes do inside."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found |= annotated_names(child for child in children_of(node) if isinstance(child, ast.stmt))
    return found


def _bound(statements: list[Statement]) -> frozenset[str]:
    """Names of plain statements; those of blocks depend."""
    deleted = {name for s in statements if isinstance(s.node, ast.Delete) for name in s.binds}
    plain = [s for s in statements if s.kind in ("def", "class", "import")]
    values = [
        s for s in statements if s.kind == "assign" and not (isinstance(s.node, ast.AnnAssign) and s.node.value is None)
    ]
    return frozenset({name for s in [*plain, *values] for name in s.binds} - deleted)


def _methods(node: ast.ClassDef) -> frozenset[str]:
    members = statements_of(node.body, docstring=True)
    return frozenset(m.binds[0] for m in members if m.kind == "def" and not m.binds[0].startswith("__"))
