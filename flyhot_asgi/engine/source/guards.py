"""Code that a finished import shows not to have run: what leaves the program. Pure."""

from __future__ import annotations

import ast

from .module import dotted_name

_EXITS = frozenset({"sys.exit", "exit", "quit", "os._exit", "os.abort"})


def exits(body: list[ast.stmt]) -> bool:
    """The block ends by ending the program."""
    last = body[-1] if body else None
    if isinstance(last, ast.Raise):
        raised = last.exc.func if isinstance(last.exc, ast.Call) else last.exc
        return isinstance(raised, ast.Name) and raised.id == "SystemExit"
    return isinstance(last, ast.Expr) and isinstance(last.value, ast.Call) and dotted_name(last.value.func) in _EXITS


def is_guard(node: ast.stmt | None) -> bool:
    """`if …:` at module level that lets no import go on: raises, or ends the program. Where an import succeeded, it did
    nothing."""
    if not isinstance(node, ast.If) or node.orelse:
        return False
    return isinstance(node.body[-1], ast.Raise) or exits(node.body)
