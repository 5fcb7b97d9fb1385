"""What may be done with a changed function at module level.

Its body alone: the code is swapped, nobody notices. Its signature, defaults, annotations or decorators: the statement
is executed and the result poured into the living object, so that whoever holds it holds the new one. That runs the
decorators again: fine for those that only wrap, wrong for those that enter the function somewhere.
"""

from __future__ import annotations

import ast
import functools
import types
from collections.abc import Callable
from typing import Any

from .context import Context
from .diff import Change, Verdict
from .plan import Action
from .source import FunctionNode, Statement, dotted_name, own_shell

_WRAPPING_MODULES = frozenset(
    {
        "functools",
        "contextlib",
        "abc",
        "typing",
        "typing_extensions",
        "builtins",
        "dataclasses",
        "warnings",
        "enum",
    }
)


def judge_function(context: Context, module: str, change: Change) -> None:
    statement = change.statement
    if change.verdict is Verdict.DELETED:
        _judge_deleted(context, module, statement)
    elif change.verdict is Verdict.BODY:
        _judge_body(context, module, change)
    elif change.verdict is Verdict.ADDED:
        _judge_added(context, module, statement)
    else:
        _judge_reshaped(context, module, change)


def _judge_body(context: Context, module: str, change: Change) -> None:
    assert change.old is not None and change.new is not None
    old, new = change.old.node, change.new.node
    assert isinstance(old, FUNCTIONS) and isinstance(new, FUNCTIONS)
    if own_shell(old) != own_shell(new):
        context.changed_bodies.add((module, new.name))
    if _is_generator(old) != _is_generator(new) and _read_at_import(context, module, new.name):
        turned = "a generator" if _is_generator(new) else "no generator any more"
        context.refuse(module, change.new, f"it is {turned}; what registered it may have noted what it was")
        return
    context.step(module, change.new, Action.SWAP, "its body changed")


def _judge_added(context: Context, module: str, statement: Statement) -> None:
    if context.registers(module, statement):
        return  # the adapter plans it
    for decorator in statement.decorators:
        if (reason := _registering(context, module, decorator)) is not None:
            context.refuse(module, statement, reason)
            return
    context.execute(module, statement)
    context.rebind(module, statement.binds)
    context.step(module, statement, Action.ADD, "a new function")


def _judge_deleted(context: Context, module: str, statement: Statement) -> None:
    name = statement.binds[0]
    if context.registers(module, statement):
        return  # the adapter drops its routes
    value = context.value(module, name)
    if statement.decorators and any(_registering(context, module, d) for d in statement.decorators):
        context.refuse(module, statement, "it is gone, but its decorator entered it somewhere")
    elif isinstance(value, types.FunctionType) and (held := context.held_elsewhere(value)):
        context.refuse(module, statement, f"it is gone from the source, but still held by {', '.join(held[:3])}")


def _judge_reshaped(context: Context, module: str, change: Change) -> None:
    statement = change.statement
    assert change.old is not None
    name = statement.binds[0]
    old, new = change.old.node, statement.node
    live = context.value(module, name)
    if not isinstance(old, FUNCTIONS) or not isinstance(new, FUNCTIONS):
        _judge_replaced(context, module, statement, live)
        return
    if own_shell(old) != own_shell(new):
        context.changed_bodies.add((module, name))
    context.reshaped.add((module, name))
    if context.registers(module, statement) or context.registers(module, change.old):
        return
    if reason := _why_not_again(context, module, change.old, statement, live):
        context.refuse(module, statement, reason)
        return
    context.execute(module, statement)
    if not isinstance(live, types.FunctionType):
        context.rebind(module, (name,))
    context.step(module, statement, Action.EXECUTE, _what_changed(old, new))


def _why_not_again(context: Context, module: str, old: Statement, new: Statement, live: Any) -> str | None:
    assert isinstance(old.node, FUNCTIONS) and isinstance(new.node, FUNCTIONS)
    for decorator in [*old.decorators, *new.decorators]:
        if (reason := _registering(context, module, decorator)) is not None:
            return reason
    if _kind(old.node) != _kind(new.node) and _read_at_import(context, module, new.node.name):
        return "it turned between plain, async and generator; what registered it may have noted what it was"
    wraps_now = bool(new.decorators) and not old.decorators
    if wraps_now or not isinstance(live, types.FunctionType):
        held = context.held_elsewhere(live)
        if held:
            return f"its decorators changed, and the old object is still held by {', '.join(held[:3])}"
    return None


def _judge_replaced(context: Context, module: str, statement: Statement, live: Any) -> None:
    """Something else had this name before (an import, a class, a value)."""
    if isinstance(live, types.FunctionType | type) and live.__module__ in context.live:
        if held := context.held_elsewhere(live):
            context.refuse(module, statement, f"the old `{statement.name}` is still held by {', '.join(held[:3])}")
            return
    context.execute(module, statement)
    context.rebind(module, statement.binds)
    context.step(module, statement, Action.EXECUTE, "the name means a function now")


def judge_dependent_function(context: Context, module: str, statement: Statement, of: str) -> None:
    """An unchanged function whose defaults or decorators were built from something that is bound anew."""
    for decorator in statement.decorators:
        if (reason := _registering(context, module, decorator)) is not None:
            context.refuse(module, statement, f"it was built from {of}; {reason}")
            return
    live = context.value(module, statement.binds[0])
    context.execute(module, statement)
    context.reshaped.add((module, statement.binds[0]))
    if not isinstance(live, types.FunctionType):
        context.rebind(module, statement.binds)
    context.step(module, statement, Action.EXECUTE, f"it was built from {of}")


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _registering(context: Context, module: str, decorator: ast.expr) -> str | None:
    """Why running this decorator again could enter the function a second time; None if it only wraps."""
    call = decorator.func if isinstance(decorator, ast.Call) else decorator
    dotted = dotted_name(call)
    shown = ast.unparse(decorator).split("(")[0]
    if dotted is None:
        return f"its decorator `@{shown}` can't be looked up before it is run"
    found = context.resolve(module, dotted)
    if found is None:
        home = context.new_names.home(module, dotted)
        return None if home is not None or "." not in dotted else f"its decorator `@{shown}` enters it somewhere"
    if isinstance(found, type) or (getattr(found, "__module__", None) in _WRAPPING_MODULES):
        return None
    if isinstance(found, types.FunctionType | functools.partial) and _only_wraps(context, found):
        return None
    return f"its decorator `@{shown}` may enter it somewhere; running it again would enter it twice"


def _only_wraps(context: Context, decorator: Callable[..., Any]) -> bool:
    """A first-party decorator that stores nothing outside of itself, read off its syntax; no other one is trusted."""
    module = str(getattr(decorator, "__module__", ""))
    name = getattr(decorator, "__name__", "")
    if module not in context.new or "." in getattr(decorator, "__qualname__", "."):
        return False
    statement = context.new_names.binders(module).get(name)
    return statement is not None and isinstance(statement.node, FUNCTIONS) and not stores_outside(statement.node)


_MUTATORS = frozenset({"append", "add", "insert", "extend", "update", "setdefault", "register", "connect", "subscribe"})


def stores_outside(node: FunctionNode) -> bool:
    """The function's own code (not that of functions nested in it) changes something that it did not make."""
    local = {arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)}
    local |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for child in _own_nodes(node):
        if isinstance(child, ast.Global | ast.Nonlocal):
            return True
        if isinstance(child, ast.Subscript | ast.Attribute) and isinstance(child.ctx, ast.Store):
            if _root(child) not in local:
                return True
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute) and child.func.attr in _MUTATORS:
            if _root(child.func) not in local:
                return True
    return False


def _own_nodes(node: FunctionNode) -> list[ast.AST]:
    """The nodes that run when a decorator is applied: its own body, and that of a decorator it returns."""
    return list(ast.walk(node))


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _is_generator(node: FunctionNode) -> bool:
    return _kind(node).endswith("generator")


def _kind(node: FunctionNode) -> str:
    word = "async" if isinstance(node, ast.AsyncFunctionDef) else "plain"
    stack: list[ast.AST] = list(node.body)
    while stack:
        child = stack.pop()
        if isinstance(child, ast.Yield | ast.YieldFrom):
            return f"{word} generator"
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            stack.extend(ast.iter_child_nodes(child))
    return word


def _read_at_import(context: Context, module: str, name: str) -> bool:
    """Some statement hands the function to something at import time, or decorates it."""
    home = (module, name)
    binder = context.new_names.binders(module)[name]
    if binder.decorators:
        return True
    return any(
        statement.kind != "import" and home in context.new_names.reads(owner, statement)
        for owner, source in context.new.items()
        if owner in context.live
        for statement in source.statements
    )


def _what_changed(old: FunctionNode, new: FunctionNode) -> str:
    if ast.dump(old.args) != ast.dump(new.args):
        return "its parameters changed"
    if [ast.dump(d) for d in old.decorator_list] != [ast.dump(d) for d in new.decorator_list]:
        return "its decorators changed"
    return "its signature changed"
