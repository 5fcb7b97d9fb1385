"""Blocks at module level that do nothing but hand docstrings on: `for name in dir(A): getattr(B, name).__doc__ = …`."""

from __future__ import annotations

import ast

from ..source.calls import READING
from ..source.module import dotted_name
from ..source.nodes import nodes_of
from .context import Context

_ASKS = frozenset("callable dir enumerate getattr hasattr isinstance issubclass len list sorted str vars zip".split())
_STATEMENTS = (ast.For, ast.If, ast.Assign, ast.Continue, ast.Break, ast.Pass)


def documents(context: Context, node: ast.AST) -> bool:
    """All that the block leaves, but for its own variables, are docstrings. What functions are told beside the
    docstrings of their code is compared with a cold import, so that it need not be run again to know."""
    if context.drift is None or not isinstance(node, ast.For | ast.If) or not _documents(node):
        return False
    names = (context.old_names, context.new_names)
    taken = {name for side in names for source in side.modules.values() for s in source.statements for name in s.binds}
    return taken.isdisjoint(_ASKS)


def _documents(node: ast.AST) -> bool:
    inside = list(nodes_of(node))
    stored = [one for one in inside if isinstance(getattr(one, "ctx", None), ast.Store | ast.Del)]
    kept = [one for one in stored if not isinstance(one, ast.Name | ast.Tuple)]
    told = all(isinstance(one, ast.Attribute) and one.attr == "__doc__" for one in kept)
    calls = [one.func for one in inside if isinstance(one, ast.Call)]
    asks = all(
        (isinstance(func, ast.Attribute) and func.attr in READING) or (dotted_name(func) or "") in _ASKS
        for func in calls
    )
    does = any(isinstance(one, ast.stmt) and not isinstance(one, _STATEMENTS) for one in inside)
    return bool(kept) and told and asks and not does
