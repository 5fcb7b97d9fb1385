"""Which statements of a module a process executes."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .module import Statement


def active(statements: Sequence[Statement], module: str) -> list[Statement]:
    """Statements that a process executes: without `if TYPE_CHECKING`, and without the main guard."""
    return [s for s in statements if not guarded(s.node)]


def guarded(node: ast.stmt) -> bool:
    """It is for type checkers, or for a script."""
    if not isinstance(node, ast.If):
        return False
    test = ast.unparse(node.test)
    if test.rpartition(".")[2] == "TYPE_CHECKING":
        return not node.orelse
    return test in ("__name__ == '__main__'", "'__main__' == __name__")
