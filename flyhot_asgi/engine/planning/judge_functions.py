"""What may be done with a changed function at module level.

Its body alone: the code is swapped, nobody notices. Its signature, defaults, annotations or decorators: the statement
is executed and the result poured into the living object, so that whoever holds it holds the new one. That runs the
decorators again: fine for those that only wrap, wrong for those that enter the function somewhere.
"""

from __future__ import annotations

import ast
import types
from typing import Any

from ..living.commands import is_command
from ..source.calling import call_kind, is_generator
from ..source.diff import Change, Verdict
from ..source.drift import Drift
from ..source.effects import consumes_nested, gives
from ..source.module import FunctionNode, Statement, dotted_name
from ..source.plan import Action
from ..source.shells import own_shell
from ..source.values import is_atomic, is_definition
from .context import Context
from .decorators import entering, look_up
from .doomed import still_held
from .judge_rebuild import attributes_that_stay, built_from

_THEIR_WRAPPER = ("contextlib", "flyhot_asgi.functions.upgradable", "dependency_injector.wiring")
"""Of these the decorators return a function of their own module's."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def judge_function(context: Context, module: str, change: Change) -> None:
    statement = change.statement
    if change.verdict is Verdict.DELETED:
        _judge_deleted(context, module, statement)
    elif change.verdict is Verdict.BODY and not _is_help(context, module, change):
        _judge_body(context, module, change)
    elif change.verdict is Verdict.ADDED and statement.binds[0] not in context.namespace(module):
        _judge_added(context, module, statement)
    else:
        _judge_reshaped(context, module, change)


def runs_otherwise(old: FunctionNode, new: FunctionNode) -> bool:
    """Calling it runs other code than before: a function that it only hands out does not count."""
    return own_shell(old) != own_shell(new) or consumes_nested(old, new)


def _is_help(context: Context, module: str, change: Change) -> bool:
    """Its docstring changed, and the command that was made of it has that as its help."""
    nodes = [side.node for side in (change.old, change.new) if side is not None]
    texts = {ast.get_docstring(node, clean=False) for node in nodes if isinstance(node, FUNCTIONS)}
    return len(texts) > 1 and is_command(context.value(module, change.statement.binds[0]))


def _judge_body(context: Context, module: str, change: Change) -> None:
    assert change.old is not None and change.new is not None
    old, new = change.old.node, change.new.node
    assert isinstance(old, FUNCTIONS) and isinstance(new, FUNCTIONS)
    if runs_otherwise(old, new):
        context.changed_bodies.add((module, new.name))
    if is_generator(old) != is_generator(new):
        _judge_reshaped(context, module, change)
        return
    context.step(module, change.new, Action.SWAP, "its body changed")


def _judge_added(context: Context, module: str, statement: Statement) -> None:
    if context.registers(module, statement):
        return  # the adapter plans it
    _bind_first(context, module, statement, Action.DEFINE, "a new function")


def _bind_first(context: Context, module: str, statement: Statement, action: Action, why: str) -> None:
    """Execute a function that its name was not bound to before, unless a decorator enters it where we can't see."""
    if (reason := entering(context, module, statement, new=True)) is not None:
        context.refuse(module, statement, reason)
        return
    context.execute(module, statement, adopt=not _one_of_several(context, module, statement))
    context.rebind(module, statement.binds)
    context.step(module, statement, action, why)


def _judge_deleted(context: Context, module: str, statement: Statement) -> None:
    name = statement.binds[0]
    if context.registers(module, statement):
        context.entries.beside(module, statement)
        return  # the adapter drops its routes
    if entering(context, module, statement) is not None:
        context.refuse(module, statement, "it is gone, but its decorator entered it somewhere")
        return
    if not is_atomic(context.value(module, name)):
        refuse_if_held(context, module, statement, name, "it is gone from the source, but still held by {}")


def refuse_if_held(
    context: Context, module: str, statement: Statement, name: str, why: str, *, by_anybody: bool = False
) -> None:
    """What its name means no more must not be held by anybody who could use it; seen when all else is planned. `why`
    tells of its holders in place of `{}`."""

    def judge() -> None:
        if held := still_held(context, module, name, by_anybody=by_anybody):
            context.refuse(module, statement, why.format(", ".join(held)))

    context.deferred.append(judge)


def _judge_reshaped(context: Context, module: str, change: Change) -> None:
    statement = change.statement
    name = statement.binds[0]
    old, new = change.old.node if change.old is not None else None, statement.node
    if change.old is None or not isinstance(old, FUNCTIONS) or not isinstance(new, FUNCTIONS):
        _judge_replaced(context, module, statement, context.value(module, name))
        return
    if runs_otherwise(old, new):
        context.changed_bodies.add((module, name))
    context.reshaped.add((module, name))
    exchanged = _dumps(old.decorator_list) != _dumps(new.decorator_list)
    if context.registers(module, statement) or context.registers(module, change.old):
        if exchanged:
            context.entries.beside(module, change.old)
            context.rebind(module, (name,))
            if isinstance(context.value(module, name), types.FunctionType):
                context.rewrapped[statement] = registering_layers(context, module, statement)
        return
    for side in (change.old, statement):
        if (reason := entering(context, module, side)) is not None:
            context.refuse(module, statement, reason)
            return
    if call_kind(old) != call_kind(new) and _noted_at_import(context, module, name):
        context.rebind(module, (name,))  # who was handed it may have noted what it was
    again(context, module, statement, _what_changed(old, new), exchanged=exchanged)


def registering_layers(context: Context, module: str, statement: Statement) -> int:
    """How many of the outermost decorators are a registrar's methods, which hand on what they are given."""
    mine = registrars(context, module, statement)
    return next((layer for layer in range(len(statement.decorators)) if layer not in mine), len(statement.decorators))


def registrars(context: Context, module: str, statement: Statement) -> frozenset[int]:
    """Which of the decorators, from the outside in, are a registrar's methods, which hand on what they are given."""
    owners = [dotted_name(d.func if isinstance(d, ast.Call) else d) for d in statement.decorators]
    found = [context.resolve(module, owner.rpartition(".")[0] or owner) if owner else None for owner in owners]
    return frozenset(index for index, one in enumerate(found) if context.owned(one))


def _dumps(nodes: list[ast.expr]) -> list[str]:
    return [ast.dump(node) for node in nodes]


def again(context: Context, module: str, statement: Statement, why: str, *, exchanged: bool) -> None:
    """Execute it again; the name keeps its object where that can be poured into, else nobody else may hold it.

    What a later statement binds anew (a stub of an overloaded function) is not what the name means.
    """
    live = context.value(module, statement.binds[0])
    last = _is_last(context, module, statement)
    plain, keep = isinstance(live, types.FunctionType), is_command(live)
    own = type(live).__module__ in context.live and not is_definition(live)
    if last and own and not exchanged and context.drift is not None:
        _instance_again(context, context.drift, module, statement, why)
        return
    result = _globals_of_result(context, module, statement) if plain else None
    same = plain and live.__globals__ is result
    if last and not same and not keep and (exchanged or not plain):
        but = [*context.entries.places(module, statement.binds[0]), *built_from(context, (module, statement.binds[0]))]
        held = context.held_elsewhere(live, but, by_anybody=True)
        same = bool(held) and plain and (result is not None or context.entries.has(module, statement.binds[0]))
        if held and not same:
            context.refuse(
                module, statement, f"{why}, its object would be another one, and the old is held by {held[0]}"
            )
            return
    if not same and not keep:
        context.rebind(module, statement.binds)
    if _one_of_several(context, module, statement):
        context.execute(module, statement, adopt=False)
    else:
        context.execute(module, statement, rewrap=same, same=same or keep, keep=keep)
    context.step(module, statement, Action.EXECUTE, why)


def _instance_again(context: Context, drift: Drift, module: str, statement: Statement, why: str) -> None:
    """A decorator that is a class of the app's made an object of the function: it stays, with what the program made of
    its attributes."""
    name = statement.binds[0]
    stays = attributes_that_stay(context, drift, (module, name), context.value(module, name), True)
    if isinstance(stays, str):
        context.refuse(module, statement, f"{why}, and {stays}")
        return
    context.execute(module, statement, keep=True, kept=((name, stays),))
    context.step(module, statement, Action.EXECUTE, why)


def _globals_of_result(context: Context, module: str, statement: Statement) -> object:
    """The globals of the function that the decorators give in the end; None if that can't be told."""
    for decorator in statement.decorators:
        called = isinstance(decorator, ast.Call)
        expression = decorator.func if isinstance(decorator, ast.Call) else decorator
        found = look_up(context, module, expression)
        home = context.new_names.home(module, dotted_name(expression) or "")
        definition = context.new_names.definition(home) if home is not None else None
        if definition is None:
            wraps = isinstance(found, types.FunctionType) and found.__module__ in _THEIR_WRAPPER
            return found.__globals__ if wraps else None
        given = gives(definition.node, called=called)
        if given == "wrapper":
            return found.__globals__ if isinstance(found, types.FunctionType) else None
        if given != "function":
            return None
    return context.namespace(module)


def judge_filling(context: Context, module: str, change: Change) -> None:
    """A function whose decorators enter it in an object that is made again: they are run again, whatever changed."""
    statement = change.statement
    old, new = change.old.node if change.old is not None else None, statement.node
    if not isinstance(context.value(module, statement.binds[0]), types.FunctionType) or not isinstance(old, FUNCTIONS):
        if statement not in context.planned:
            context.execute(module, statement)
            context.rebind(module, statement.binds)
            context.step(module, statement, Action.DEFINE, "a new function, entered where its decorators say")
        return
    assert isinstance(new, FUNCTIONS)
    if _one_of_several(context, module, statement):
        context.execute(module, statement, adopt=False)
        context.rebind(module, statement.binds)
        context.step(module, statement, Action.EXECUTE, "what it is entered in is made again")
    elif statement not in context.planned:
        exchanged = _dumps(old.decorator_list) != _dumps(new.decorator_list)
        again(context, module, statement, "what it is entered in is made again", exchanged=exchanged)


def _one_of_several(context: Context, module: str, statement: Statement) -> bool:
    """Several functions are entered under one name: by which of them a living one was made can't be told."""
    sides = [side[module].statements for side in (context.old, context.new)]
    several = any(len([s for s in side if statement.binds[0] in s.binds]) > 1 for side in sides)
    return several and context.slices.fills(module, statement)


def _is_last(context: Context, module: str, statement: Statement) -> bool:
    """No later statement binds the name again."""
    return context.new_names.binders(module).get(statement.binds[0]) is statement


def _judge_replaced(context: Context, module: str, statement: Statement, live: Any) -> None:
    """Something else had this name before (an import, a class, a value)."""
    if (
        _is_last(context, module, statement)
        and isinstance(live, types.FunctionType | type)
        and live.__module__ == module
    ):
        context.slices.fills(module, statement)  # what it is entered in is made again, and holds the old no more
        plain = isinstance(live, types.FunctionType)  # a class is gone for good
        why = f"the old `{statement.name}` is still held by {{}}"
        refuse_if_held(context, module, statement, statement.name, why, by_anybody=plain)
    _bind_first(context, module, statement, Action.EXECUTE, "the name means a function now")


def judge_dependent_function(context: Context, module: str, statement: Statement, of: str) -> None:
    """An unchanged function whose defaults or decorators were built from something that is bound anew."""
    if (reason := entering(context, module, statement)) is not None:
        context.refuse(module, statement, f"it was built from {of}; {reason}")
        return
    context.reshaped.add((module, statement.binds[0]))
    again(context, module, statement, f"it was built from {of}", exchanged=False)


def _noted_at_import(context: Context, module: str, name: str) -> bool:
    """Some other statement hands the function to a call at import time. A table that has it notes nothing of it."""
    home = (module, name)
    return any(
        (statement.calls or statement.decorators)
        and home in context.new_names.reads(owner, statement)
        and not context.registers(owner, statement)  # registered anew, it is looked at again
        for owner, source in context.new.items()
        if owner in context.live
        for statement in source.statements
    )


def _what_changed(old: FunctionNode, new: FunctionNode) -> str:
    if ast.dump(old.args) != ast.dump(new.args):
        return "its parameters changed"
    if [ast.dump(d) for d in old.decorator_list] != [ast.dump(d) for d in new.decorator_list]:
        return "its decorators changed"
    if call_kind(old) != call_kind(new):
        return "it turned between plain, coroutine and generator"
    return "its signature or its docstring changed"
