"""What may be done with a changed statement at module level that is run for what it does: a bare call, a block."""

from __future__ import annotations

import ast
import functools
from typing import Any

from ..source.calls import walk_own
from ..source.diff import Change, Verdict
from ..source.guards import is_guard
from ..source.module import Statement
from ..source.plan import Action
from ..source.uses import may_be_stored
from ..source.values import is_atomic, is_definition, safe_block
from .configuring import configures
from .context import Context
from .decorators import registering
from .judge_parts import sets_part
from .telling import tells
from .unentered import stays_out

_MISSING: Any = object()
TOLD = "it tells something while the module is imported, and nothing is left of that"


def judge_call(context: Context, module: str, change: Change) -> None:
    """A bare expression at module level: it was run for its effect, which can't be taken back or had twice."""
    statement = change.statement
    node = statement.node
    if isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return
    if all(tells(context, module, one.node) for one in (change.old, change.new) if one is not None):
        context.step(module, statement, Action.KEEP, TOLD)
        return
    if sets_part(context, module, change) or context.filled(module, statement):
        return
    if configures(context, module, statement, gone=change.verdict is Verdict.DELETED):
        return
    word = {Verdict.ADDED: "is new", Verdict.DELETED: "is gone"}.get(change.verdict, "changed")
    why = context.slices.why(module, change) or "it is run for its effect, once, at import"
    context.refuse(module, statement, f"a call at module level {word}; {why}")


def judge_block(context: Context, module: str, change: Change) -> None:
    """`if`, `try`, … at module level, as one statement: safe if all it does is import, define and set plain values."""
    statement = change.statement
    if context.drift is not None and all(is_guard(one.node) for one in (change.old, change.new) if one is not None):
        context.step(module, statement, Action.KEEP, "an import that succeeds passes it: it does nothing")
        return
    if not only_defines(context, module, statement.node) and context.filled(module, statement):
        return
    if not only_defines(context, module, statement.node) and stays_out(context, module, change):
        return
    if change.verdict is Verdict.DELETED:
        if not only_defines(context, module, statement.node) and not configures(context, module, statement, gone=True):
            stands = context.slices.why(module, change) or "what it did can't be taken back"
            context.refuse(module, statement, f"a block with effects at module level is gone; {stands}")
        return
    if not only_defines(context, module, statement.node):
        if _block_in_the_way(context, module, statement) is None and configures(context, module, statement):
            return
        stands = context.slices.why(module, change) or "what it does can't be had twice"
        told = f"a block at module level changed that does more than import and define; {stands}"
        context.refuse(module, statement, told)
        return
    if (reason := _block_in_the_way(context, module, statement)) is not None:
        if not context.slices.again(module, statement):
            context.refuse(module, statement, reason)
        return
    context.execute(module, statement)
    context.rebind_what_differs(module, statement)
    action = Action.DEFINE if change.verdict is Verdict.ADDED else Action.EXECUTE
    context.step(module, statement, action, "a block of imports and definitions")


def only_defines(context: Context, module: str, block: ast.AST) -> bool:
    """All it does is import, define and set plain values: no decorator in it enters anything anywhere."""
    defined = [
        node for node in walk_own([block]) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    decorators = [one for node in defined for one in node.decorator_list]
    told = functools.partial(tells, context, module)
    return safe_block(block, told) and all(registering(context, module, one) is None for one in decorators)


def _block_in_the_way(context: Context, module: str, statement: Statement) -> str | None:
    """A living value that executing the block would replace, although the program counts on it."""
    for name in statement.binds:
        live = context.value(module, name, _MISSING)
        if live is _MISSING:
            continue
        if isinstance(live, type) and live.__module__ in context.live and live.__module__ == module:
            return f"a block at module level changed that makes the class `{name}`"
        if is_definition(live):
            continue
        if not is_atomic(live):
            return f"a block at module level changed that makes `{name}`, a living {type(live).__qualname__} with state"
        if may_be_stored(context.old_names, (module, name)):
            return f"`{name}` was changed by the running program and is changed by the release too"
    return None
