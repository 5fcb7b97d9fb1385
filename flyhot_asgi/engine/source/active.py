"""Which statements of a module a process executes."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .module import Statement, dotted_name


def active(statements: Sequence[Statement], module: str) -> list[Statement]:
    """Statements that a process executes: without `if TYPE_CHECKING`, and without the main guard."""
    return [s for s in statements if not guarded(s.node)]


def guarded(node: ast.stmt) -> bool:
    """It is for type checkers, or for a script."""
    if not isinstance(node, ast.If):
        return False
    if for_checkers(node):
        return not node.orelse
    return ast.unparse(node.test) in ("__name__ == '__main__'", "'__main__' == __name__")


def for_checkers(node: ast.If) -> bool:
    """Its body is for type checkers; what runs is its `else`."""
    return (dotted_name(node.test) or "").rpartition(".")[2] == "TYPE_CHECKING"
