"""A block at module level whose condition does not hold: `if settings.DSN: sentry_sdk.init(settings.DSN)`.

It does nothing in this process, whatever stands in it. For the old release that is read off the living values, which
the program must not have changed since. For the new one it is attempted: the condition is asked when its turn comes,
with the release's own values, and the upgrade is taken back if it holds; a rehearsal sees that before anybody is held.
"""

from __future__ import annotations

import ast
import operator
import types
from collections.abc import Callable
from typing import Any

from ..living.attributes import fields_of
from ..source.defuse import Home, Names
from ..source.diff import Change, Verdict
from ..source.module import Statement, dotted_name
from ..source.plan import Action
from ..source.uses import may_be_stored
from ..source.values import is_atomic
from .context import Context

_OPERATORS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, many: one in many,
    ast.NotIn: lambda one, many: one not in many,
}

_SETTERS = frozenset({"setattr", "delattr", "vars", "globals", "object.__setattr__"})


class _Unknown(Exception):
    """What the condition asks for can't be told without running code."""


def stays_out(context: Context, module: str, change: Change) -> bool:
    """Plan a block that neither release enters; False if that can't be told, or asked."""
    old = change.statement if change.verdict is Verdict.DELETED else change.old
    new = None if change.verdict is Verdict.DELETED else change.statement
    if context.drift is None or any(one is not None and _condition(one) is None for one in (old, new)):
        return False
    if old is not None and not _was_passed(context, module, old):
        return False
    if new is None:
        context.step(module, change.statement, Action.DELETE, "its condition does not hold: it did nothing")
        return True
    if _changed_by_program(context, context.new_names, module, new) or _asks_what_is_filled(context, module, new):
        return False
    context.execute(module, new, unentered=True)
    context.step(module, new, Action.EXECUTE, "its condition is asked again, and must not hold")
    return True


def _condition(statement: Statement) -> ast.expr | None:
    """The condition of a block that is nothing but that and what is done if it holds; names, attributes, constants."""
    node = statement.node
    if not isinstance(node, ast.If) or node.orelse or statement.binds:
        return None
    return node.test if _is_plain(node.test) else None


def _is_plain(node: ast.expr) -> bool:
    if isinstance(node, ast.BoolOp):
        return all(map(_is_plain, node.values))
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) and _is_plain(node.operand)
    if isinstance(node, ast.Compare):
        return all(type(op) in _OPERATORS for op in node.ops) and all(map(_is_plain, [node.left, *node.comparators]))
    return isinstance(node, ast.Constant) or dotted_name(node) is not None


def _was_passed(context: Context, module: str, old: Statement) -> bool:
    test = _condition(old)
    if test is None or module not in context.live or _changed_by_program(context, context.old_names, module, old):
        return False
    try:
        return not _value(context, module, test)
    except _Unknown:
        return False


def _changed_by_program(context: Context, names: Names, module: str, statement: Statement) -> bool:
    """The program, or a later statement, may have set since what the condition asks for."""
    test = _condition(statement)
    assert test is not None and context.drift is not None
    for node in ast.walk(test):
        if isinstance(node, ast.Name):
            home = names.home(module, node.id)
            if home is None or home[0] not in context.live:
                return True
            if not _set_once(names, home, {one.attr for one in ast.walk(test) if isinstance(one, ast.Attribute)}):
                return True
            lives = home[1] in context.namespace(home[0])
            if lives and (not context.drift.known(home) or context.drift.by_program(home)):
                return True
    return False


def _asks_what_is_filled(context: Context, module: str, new: Statement) -> bool:
    """Something living that the condition asks for is no plain value: statements may fill it before and after."""
    test = _condition(new)
    assert test is not None
    inner = {id(node.value) for node in ast.walk(test) if isinstance(node, ast.Attribute)}
    for node in ast.walk(test):
        if not isinstance(node, ast.Name | ast.Attribute) or id(node) in inner:
            continue
        try:
            found = _looked_up(context, module, node)
        except _Unknown:
            continue  # the release brings it
        if found is not None and not is_atomic(found):
            return True
    return False


def _set_once(names: Names, home: Home, attributes: set[str]) -> bool:
    """What stands behind the name is what it was when the condition was asked at import: nothing binds it again, and
    nothing but a constructor sets these attributes."""
    if len([s for s in names.modules[home[0]].statements if home[1] in s.binds]) != 1 or may_be_stored(names, home):
        return False
    for source in names.modules.values():
        outside: list[ast.AST] = [source.tree] if any(a in source.text for a in (*attributes, home[1])) else []
        while outside:
            node = outside.pop()
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                continue
            if isinstance(node, ast.FunctionDef) and node.name in {*attributes, "__getattr__", "__getattribute__"}:
                return False
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load) and node.attr in attributes:
                return False
            if isinstance(node, ast.Call) and dotted_name(node.func) in _SETTERS:
                return False
            outside.extend(ast.iter_child_nodes(node))
    return True


def _value(context: Context, module: str, node: ast.expr) -> Any:
    """Of a plain condition, as the process has it. Raises _Unknown rather than run code of anybody's."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp):
        return not _value(context, module, node.operand)
    if isinstance(node, ast.BoolOp):
        found = None
        for one in node.values:
            found = _value(context, module, one)
            if bool(found) is isinstance(node.op, ast.Or):
                return found
        return found
    if isinstance(node, ast.Compare):
        left = _value(context, module, node.left)
        for op, right in zip(node.ops, node.comparators, strict=True):
            other = _value(context, module, right)
            if not _OPERATORS[type(op)](left, other):
                return False
            left = other
        return True
    return _plain(_looked_up(context, module, node))


def _looked_up(context: Context, module: str, node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        namespace = context.namespace(module)
        if node.id not in namespace:
            raise _Unknown
        return namespace[node.id]
    assert isinstance(node, ast.Attribute)
    owner = _looked_up(context, module, node.value)
    fields = getattr(type(owner), "__getattribute__", None)
    if fields is not object.__getattribute__ and not isinstance(owner, types.ModuleType):
        raise _Unknown
    own = fields_of(owner)
    kept = next((vars(base)[node.attr] for base in type(owner).__mro__ if node.attr in vars(base)), None)
    if own is None or node.attr not in own or hasattr(type(kept), "__set__"):
        raise _Unknown
    return own[node.attr]


def _plain(value: Any) -> Any:
    if value is not None and not is_atomic(value):
        raise _Unknown  # a list may have been filled, or emptied, by a statement that came later
    return value
