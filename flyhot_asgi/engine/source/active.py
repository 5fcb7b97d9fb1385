"""Which statements of a module a process executes."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .decided import for_checkers
from .module import Statement


def active(statements: Sequence[Statement], module: str) -> list[Statement]:
    """Statements that a process executes: without `if TYPE_CHECKING`, and without the main guard."""
    return [s for s in statements if not guarded(s.node)]


def guarded(node: ast.stmt) -> bool:
    """It is for type checkers, or for a script."""
    if not isinstance(node, ast.If):
        return False
    if for_checkers(node.test):
        return not node.orelse
    return ast.unparse(node.test) in ("__name__ == '__main__'", "'__main__' == __name__")
