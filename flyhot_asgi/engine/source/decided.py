"""`if` statements that this interpreter decides alone: by its version, by the platform, by `TYPE_CHECKING`. Pure.

What stands in the branch that runs is as good as written without the `if`: a class there stays the same object, a
function there is swapped alone. The other branch is no code of this process.
"""

from __future__ import annotations

import ast
import operator
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

IDLE = "(never)"
"""Who owns a line of a branch that never runs."""
_COMPARED: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_KNOWN: dict[str, Any] = {
    "sys.version_info": tuple(sys.version_info),
    "sys.version_info[0]": sys.version_info[0],
    "sys.version_info[1]": sys.version_info[1],
    "sys.version_info[:2]": sys.version_info[:2],
    "sys.version_info[:3]": sys.version_info[:3],
    "sys.version_info[0:2]": sys.version_info[:2],
    "sys.version_info.major": sys.version_info[0],
    "sys.version_info.minor": sys.version_info[1],
    "sys.platform": sys.platform,
    "sys.implementation.name": sys.implementation.name,
    "os.name": os.name,
}


def taken(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body that run, those of decided branches in the place of their `if`. An `if TYPE_CHECKING`
    alone stays: what it names is read in annotations."""
    for node in body:
        runs = decided(node.test) if isinstance(node, ast.If) else None
        if not isinstance(node, ast.If) or runs is None or (for_checkers(node.test) and not node.orelse):
            yield node
        else:
            yield from taken(node.body if runs else node.orelse)


def idle(body: Iterable[ast.stmt]) -> Iterator[int]:
    """Lines of the branches that never run."""
    for node in body:
        if isinstance(node, ast.If) and (runs := decided(node.test)) is not None:
            for one in node.orelse if runs else node.body:
                yield from range(one.lineno, (one.end_lineno or one.lineno) + 1)
            yield from idle(node.body if runs else node.orelse)


def decided(test: ast.expr) -> bool | None:
    """What the test of an `if` gives in every process of this interpreter; None if that depends on more."""
    if for_checkers(test):
        return False
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            found = decided(operand)
            return None if found is None else not found
        case ast.BoolOp(op=op, values=values):
            each = [decided(value) for value in values]
            ends = isinstance(op, ast.Or)
            if each[0] is ends:
                return ends
            return None if None in each else (any(each) if ends else all(each))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARED:
            has, than = _KNOWN.get(ast.unparse(left)), _literal(right)
            if has is None or type(than) is not type(has):
                return None
            return _COMPARED[type(op)](has, than)
        case ast.Call(func=ast.Attribute(value=owner, attr="startswith"), args=[start], keywords=[]):
            has, beginning = _KNOWN.get(ast.unparse(owner)), _literal(start)
            return has.startswith(beginning) if type(has) is str and type(beginning) is str else None
    return None


def for_checkers(test: ast.expr) -> bool:
    """`TYPE_CHECKING`, by whatever name of `typing`."""
    return isinstance(test, ast.Name | ast.Attribute) and ast.unparse(test).rpartition(".")[2] == "TYPE_CHECKING"


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None
