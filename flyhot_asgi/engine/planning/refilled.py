"""Instances at module level whose class's new code counts on attributes that they lack, and that the program has not
changed since the import: the statement that made one makes another one, from which the living one takes what it lacks.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from ..source.defuse import Home, Names
from ..source.module import Statement, dotted_name
from ..source.plainly_made import is_plainly_made
from ..source.values import value_of
from .context import Context

Judge = Callable[[Context, str, Statement, str], None]


def refilled(context: Context, lacking: Iterable[Any]) -> list[Any]:
    """Those that a plan can have filled. What their statements are to do is noted in `context.refilling`."""
    found = {id(one): one for one in lacking}
    if context.drift is None or not found:
        return []
    filled = {}
    for module in context.live:
        for name, value in list(context.namespace(module).items()):
            if id(value) in found and (statement := _made_by(context, module, name, type(value))) is not None:
                context.refilling[module, name] = statement
                filled[id(value)] = value
    return list(filled.values())


def _made_by(context: Context, module: str, name: str, cls: type) -> Statement | None:
    """The statement of the new release that makes an instance of this class for the name, as the old one did."""
    if module not in context.new or module not in context.old or context.drift is None:
        return None
    at = (module, name)
    if not context.drift.known(at) or context.drift.by_program(at) or context.drift.opaque(at) is not None:
        return None  # what others of its attributes hold, new ones would have to know of
    sides = [(names, names.binders(module).get(name)) for names in (context.old_names, context.new_names)]
    home: Home = (cls.__module__, cls.__qualname__)
    if not all(_calls(names, module, statement, home) for names, statement in sides):
        return None
    return sides[1][1] if all(is_plainly_made(names, home) for names, _ in sides) else None


def _calls(names: Names, module: str, statement: Statement | None, cls: Home) -> bool:
    value = value_of(statement.node) if statement is not None and len(statement.binds) == 1 else None
    if not isinstance(value, ast.Call) or names.home(module, dotted_name(value.func) or "") != cls:
        return False
    given = [*value.args, *(keyword.value for keyword in value.keywords)]
    return not any(isinstance(node, ast.Call | ast.Await) for one in given for node in ast.walk(one))


def judge_refilled(context: Context, judge: Judge, then: Callable[[Context], None] | None = None) -> None:
    """Have their statements executed, unless they are anyway; if there were any, look at what follows from that."""
    if context.plan.refusals:
        return
    found = [(home, statement) for home, statement in context.refilling.items() if statement not in context.planned]
    for (module, name), statement in found:
        context.judged.add(statement)
        judge(context, module, statement, f"the class of `{name}`, whose instances gain attributes")
    if found and then is not None:
        then(context)
