"""What may be done with a changed assignment, import or bare call at module level.

The rule for values: what the source says now wins only where the running program did not say otherwise since. The old
text's value is had again (if having it has no effect) and compared with the living one; if they differ, the program
changed it and the release changed it too, and nobody can know which is meant.
"""

from __future__ import annotations

import ast
import types
from typing import Any

from .codetree import transplant
from .context import COLD, Context
from .diff import Change, Verdict
from .plan import Action
from .source import Statement
from .values import CONTAINERS, alike, is_atomic, is_pure, value_of

_MISSING: Any = object()


def judge_import(context: Context, module: str, change: Change) -> None:
    """Imports are executed again: a module, or a name copied from one."""
    statement = change.statement
    if change.verdict is Verdict.DELETED:
        return
    if not statement.binds and change.verdict is not Verdict.ADDED:
        context.refuse(module, statement, "a star import changed; which names it brings is not known before")
        return
    context.execute(module, statement)
    context.rebind(module, statement.binds)
    action = Action.ADD if change.verdict is Verdict.ADDED else Action.IMPORT
    context.step(module, statement, action, "an import is added" if action is Action.ADD else "imported from elsewhere")


def judge_assignment(context: Context, module: str, change: Change) -> None:
    statement = change.statement
    if change.verdict is Verdict.DELETED:
        if not statement.binds:
            context.refuse(module, statement, "an assignment to a part of another object was removed")
        return
    if not statement.binds:
        context.refuse(module, statement, "it sets a part of another living object, which can't be taken back")
    elif change.verdict is Verdict.ADDED:
        context.execute(module, statement)
        context.rebind(module, statement.binds)
        context.step(module, statement, Action.ADD, "a new name")
    elif change.verdict is Verdict.RERUN:
        _judge_dependent(context, module, statement, "another statement binds the same name")
    else:
        assert change.old is not None
        _judge_changed(context, module, change.old, statement)


def _judge_changed(context: Context, module: str, old: Statement, new: Statement) -> None:
    before, after = value_of(old.node), value_of(new.node)
    if before is not None and after is not None and ast.dump(before) == ast.dump(after):
        context.execute(module, new, annotate_only=True)
        context.step(module, new, Action.EXECUTE, "its annotation changed; the value lives on")
        return
    name = new.binds[0]
    live = context.value(module, name, _MISSING)
    if len(new.binds) > 1 or len(old.binds) > 1 or after is None or before is None:
        _judge_dependent(context, module, new, "its text changed")
    elif live is _MISSING:
        _set(context, module, new, keep=False, why="its text changed")
    elif is_pure(before):
        _judge_comparable(context, module, old, new, live)
    elif is_atomic(live):
        _set(context, module, new, keep=False, why="its text changed")
    else:
        _judge_object(context, module, new, live)


def _judge_comparable(context: Context, module: str, old: Statement, new: Statement, live: Any) -> None:
    name = new.binds[0]
    cold = _cold_value(context, module, old)
    if cold is _MISSING or not alike(cold, live):
        context.refuse(
            module,
            new,
            f"`{name}` was changed by the running program and is changed by the release too",
            do=f"keep the old text of `{name}` and change it from code, or {COLD}",
        )
        return
    keep = isinstance(live, CONTAINERS) and is_pure(value_of(new.node))
    if not keep and not is_atomic(live) and not _is_definition(live) and (held := context.held_elsewhere(live)):
        context.refuse(module, new, f"the old value of `{name}` is still held by {_some(held)}")
        return
    _set(context, module, new, keep=keep, why="the constant changed")


def _is_definition(value: object) -> bool:
    """A function, class or module: bound here under a further name, its own name is what others hold it by."""
    kinds = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType)
    return isinstance(value, kinds)  # not "callable": an app is, too


def _cold_value(context: Context, module: str, old: Statement) -> Any:
    """The value that the old text gives, evaluated in the living namespace; only for text without effects."""
    value = value_of(old.node)
    assert value is not None
    source = context.old[module]
    code = compile(ast.Expression(value), source.path, "eval", flags=source.future_flags, dont_inherit=True)
    try:
        return eval(transplant(code, source.code), context.namespace(module))
    except Exception:
        return _MISSING


def _judge_object(context: Context, module: str, new: Statement, live: Any) -> None:
    name = new.binds[0]
    if type(live).__module__ in context.live or context.owned(live):
        context.refuse(
            module,
            new,
            f"`{name}` is a living {type(live).__qualname__} with state; how it is made changed",
            do=f"keep the old statement and change the object in a `code_change`, or {COLD}",
        )
        return
    if held := context.held_elsewhere(live):
        context.refuse(module, new, f"the object that `{name}` is now is still held by {_some(held)}")
        return
    _set(context, module, new, keep=False, why="its text changed; nobody else holds the old object")


def judge_dependent(context: Context, module: str, statement: Statement, of: str) -> None:
    """An unchanged assignment that was built from something that is bound anew."""
    _judge_dependent(context, module, statement, f"it was built from {of}")


def _judge_dependent(context: Context, module: str, statement: Statement, why: str) -> None:
    values = [context.value(module, name, _MISSING) for name in statement.binds]
    if all(value is _MISSING or is_atomic(value) or _is_definition(value) for value in values):
        _set(context, module, statement, keep=False, why=why)
        return
    pure = is_pure(value_of(statement.node))
    if len(values) == 1 and pure and isinstance(values[0], CONTAINERS):
        old = context.old_names.binders(module).get(statement.binds[0])
        if old is not None and alike(_cold_value(context, module, old), values[0]):
            _set(context, module, statement, keep=True, why=why)
            return
    if len(values) == 1 and pure and not context.held_elsewhere(values[0], [values]):
        _set(context, module, statement, keep=False, why=why)
        return
    context.refuse(
        module,
        statement,
        f"{why}, and what it made lives on with state",
        do=f"change the living object in a `code_change`, or {COLD}",
    )


def _set(context: Context, module: str, statement: Statement, *, keep: bool, why: str) -> None:
    context.execute(module, statement, keep=keep)
    context.rebind(module, statement.binds)
    context.step(module, statement, Action.EXECUTE, why)


def judge_call(context: Context, module: str, change: Change) -> None:
    """A bare expression at module level: it was run for its effect, which can't be taken back or had twice."""
    statement = change.statement
    node = statement.node
    if isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return
    word = {Verdict.ADDED: "is new", Verdict.DELETED: "is gone"}.get(change.verdict, "changed")
    context.refuse(module, statement, f"a call at module level {word}; it is run for its effect, once, at import")


_SAFE = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.If,
    ast.Try,
    ast.Pass,
    ast.Assign,
    ast.AnnAssign,
    ast.ExceptHandler,
)


def judge_block(context: Context, module: str, change: Change) -> None:
    """`if`, `try`, … at module level, as one statement: safe if all it does is import, define and set plain values."""
    statement = change.statement
    if change.verdict is Verdict.DELETED:
        if not _safe_block(statement.node):
            context.refuse(module, statement, "a block with effects at module level is gone")
        return
    live = [context.value(module, name, _MISSING) for name in statement.binds]
    if not _safe_block(statement.node) or any(isinstance(value, type) and _own(context, value) for value in live):
        context.refuse(module, statement, "a block at module level changed that does more than import and define")
        return
    context.execute(module, statement)
    context.rebind(module, statement.binds)
    action = Action.ADD if change.verdict is Verdict.ADDED else Action.EXECUTE
    context.step(module, statement, action, "a block of imports and definitions")


def _own(context: Context, value: type) -> bool:
    return value.__module__ in context.live


def _safe_block(node: ast.AST) -> bool:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.ExceptHandler):
            if not isinstance(child, _SAFE):
                return False
            if isinstance(child, ast.Assign | ast.AnnAssign) and not is_pure(child.value):
                return False
            if isinstance(child, ast.If | ast.Try | ast.ExceptHandler) and not _safe_block(child):
                return False
    return isinstance(node, ast.If | ast.Try | ast.ExceptHandler)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
