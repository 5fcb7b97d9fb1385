"""Statements that tell somebody something: `logger.info("started")`, `print(VERSION)`. Nothing of them is left in the
program once they ran, so that they need not run again, and may."""

from __future__ import annotations

import ast
import logging
from typing import Any

from ..source.calls import READING, SAYING
from ..source.module import dotted_name
from ..source.nodes import nodes_of
from .context import Context

_FUNCTIONS = frozenset({"print", "traceback.print_exc", "traceback.print_stack", "warnings.warn"})
_LOGGERS = frozenset({"loguru", "structlog"})
_BUILT_IN = frozenset({"len", "str", "repr", "sorted", "list", "tuple", "min", "max", "sum", "type"})
_DOES = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


def tells(context: Context, module: str, node: ast.AST | None) -> bool:
    """It prints or logs what it is handed, and making that changes nothing. A logger is one that lives: of `logging`
    (whose module's own functions configure it when they are first called), loguru or structlog."""
    call = node.value if isinstance(node, ast.Expr) else None
    dotted = dotted_name(call.func) if isinstance(call, ast.Call) else None
    if not isinstance(call, ast.Call) or dotted is None or not _only_reads(call):
        return False
    if dotted in _FUNCTIONS:
        root = dotted.partition(".")[0]
        return "file" not in {one.arg for one in call.keywords} and _is_its_own(context, module, root)
    owner, _, method = dotted.rpartition(".")
    return method in SAYING and bool(owner) and _is_logger(context.resolve(module, owner), method)


def _is_its_own(context: Context, module: str, root: str) -> bool:
    """The name means what it says: nobody of the app's has taken it."""
    return all(names.home(module, root) is None for names in (context.old_names, context.new_names))


def _only_reads(call: ast.Call) -> bool:
    parts = [part for one in [*call.args, *call.keywords] for part in nodes_of(one)]
    inner = [part.func for part in parts if isinstance(part, ast.Call)]
    quiet = [
        (isinstance(func, ast.Name) and func.id in _BUILT_IN)
        or (isinstance(func, ast.Attribute) and func.attr in READING)
        for func in inner
    ]
    return all(quiet) and not any(isinstance(part, _DOES) for part in parts)


def _is_logger(found: Any, method: str) -> bool:
    kind = type(found)
    if issubclass(kind, logging.Logger):
        return getattr(kind, method, None) is getattr(logging.Logger, method, None)
    return (kind.__module__ or "").partition(".")[0] in _LOGGERS
