"""What old code put into queues and tables, in a shape that the new code does not read.

A queue lives on with what is in it. Where a function takes what it gets apart into another number of names than before,
the tuples that lie there are looked at: those of another length would raise. What old code under way puts there later
can't be seen; such frames are told (`touched`).
"""

from __future__ import annotations

import ast
import asyncio
import queue
from collections import deque
from collections.abc import Iterator
from typing import Any

from ..living.attributes import fields_of
from ..source.defuse import methods_of
from ..source.module import FunctionNode, SourceModule
from ..source.plan import Refusal
from ..source.queued import Kept, indexed, taken_apart
from .context import COLD, Context

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MEND = f"take both shapes for one release, let the queue run empty, or {COLD}"


def judge_queued(context: Context) -> None:
    """Refuse where items would be taken apart that don't fit."""
    for module in context.plan.changed:
        before = dict(functions_in(context.old[module]))
        for path, function in functions_in(context.new[module]):
            old = taken_apart(before[path]) if path in before else {}
            for kept, numbers in taken_apart(function).items():
                if len(numbers) == 1 and numbers != old.get(kept):
                    _judge(context, module, path, function, kept, min(numbers))
            asked = indexed(before[path]) if path in before else {}
            for kept, places in indexed(function).items():
                if places != asked.get(kept):
                    _judge(context, module, path, function, kept, max(places) + 1, at_least=True)


def _judge(
    context: Context, module: str, path: str, function: FunctionNode, kept: Kept, number: int, at_least: bool = False
) -> None:
    for living in living_tables(context, module, path, function, kept.name):
        tuples = [one for one in items_of(living, kept.keys) if type(one) is tuple]
        wrong = [one for one in tuples if (len(one) < number if at_least else len(one) != number)]
        if wrong and not made_anew(context, module, kept.name):
            takes = f"asks for `[{number - 1}]` of each" if at_least else f"takes them apart into {number}"
            reason = (
                f"{len(wrong)} item(s) lie in `{kept.name}` that old code put there, tuples of {len(wrong[0])}; "
                f"it {takes} now"
            )
            refusal = Refusal(module, context.file(module), function.lineno, path, reason, _MEND)
            if refusal not in context.plan.refusals:
                context.plan.refusals.append(refusal)


def made_anew(context: Context, module: str, name: str) -> bool:
    """The release makes the container and what is in it again; what the program put in beside, it would keep."""
    home = context.new_names.home(module, name.partition(".")[0])
    if home is None or home[0] not in context.live or "." in name:
        return False
    statement = context.new_names.definition(home)
    again = home in context.rebound or statement in context.planned
    return again and (context.drift is None or not context.drift.by_program(home))


def functions_in(source: SourceModule) -> Iterator[tuple[str, FunctionNode]]:
    """A module's functions and the methods of its classes, with their paths."""
    for statement in source.statements:
        if isinstance(statement.node, _FUNCTIONS):
            yield statement.node.name, statement.node
        elif isinstance(statement.node, ast.ClassDef):
            for method in methods_of(statement.node):
                yield f"{statement.node.name}.{method.name}", method


def living_tables(context: Context, module: str, path: str, function: FunctionNode, name: str) -> Iterator[Any]:
    """The queues that a name means: of a module, or of each living instance."""
    own = function.args.args[0].arg if "." in path and function.args.args else None
    first, *rest = name.split(".")
    if own is None or first != own:
        yield context.resolve(module, name)
        return
    cls = context.resolve(module, path.partition(".")[0])
    for one in context.survey.objects(cls) if isinstance(cls, type) and cls in context.survey.classes else []:
        found: Any = one
        for part in rest:
            found = (fields_of(found) or {}).get(part)
        yield found


def items_of(living: Any, keys: bool = False) -> list[Any]:
    """What lies in a queue, a table, a list; of a dict its values, or its `keys`."""
    if isinstance(living, asyncio.Queue):
        return list((fields_of(living) or {}).get("_queue") or ())
    if isinstance(living, queue.Queue):
        return list(living.queue)
    if isinstance(living, dict):
        return list(living) if keys else list(dict.values(living))
    return list(living) if isinstance(living, deque | list) else []
