"""Libraries that noted which parameters a function takes when they were handed it: they go on to call it by these.

Plugin managers and schemas do (`pm.register(Plugin())`, `Schema(query=Query)`). What decorators told them of the
function is told anew when its statement is executed; what they were handed otherwise is found by who holds it.
"""

from __future__ import annotations

import ast
import gc
import inspect
import sys
import types
from collections.abc import Iterator
from typing import Any

from ..living.attributes import attributes
from ..source.defuse import Home
from ..source.module import FunctionNode, Statement
from ..source.plan import COLD, Twin
from ..source.values import is_atomic
from .context import Context
from .decorators import look_up
from .judge_queued import functions_in

_FOLLOWED = frozenset(
    "fastapi starlette pydantic pydantic_core sqlalchemy sqlmodel click typer rich_click celery dependency_injector "
    "jinja2 flyhot_asgi".split()
)
"""Packages whose objects adapters bring up to date, or that note nothing of the kind."""
_NAMES = (tuple, list, set, frozenset, dict)


def judge_noted(context: Context) -> None:
    """Refuse where a library would call a function by the parameters that it had."""
    for module in context.plan.changed:
        if module not in context.live:
            continue
        after = dict(functions_in(context.new[module]))
        for path, before in functions_in(context.old[module]):
            if path in after and _names(before) != _names(after[path]):
                _judge(context, module, path, before, after[path])


def _judge(context: Context, module: str, path: str, before: FunctionNode, after: FunctionNode) -> None:
    live = context.resolve(module, path)
    method = "." in path
    if not isinstance(live, types.FunctionType) or (before.decorator_list and not method):
        return
    names = set(_names(before)[1:] if method else _names(before))
    targets: list[Any] = [one for one in gc.get_referrers(live) if type(one) is types.MethodType] if method else [live]
    for holder in _holders(targets):
        package = type(holder).__module__.partition(".")[0]
        if type(holder).__module__ in context.live or package in _FOLLOWED or package in sys.stdlib_module_names:
            continue
        if any(_notes(value, names) for _, value in attributes(holder)):
            kind = f"{type(holder).__module__}.{type(holder).__qualname__}"
            reason = f"it takes other parameters, and a living {kind} has noted those that it took"
            statement = next(s for s in context.new[module].statements if path.partition(".")[0] in s.binds)
            context.refuse(module, statement, reason, do=COLD, name=path)
            return


def _holders(targets: list[Any]) -> Iterator[Any]:
    """Objects that have one of them in their own dict or slots."""
    found = [one for one in gc.get_referrers(*targets) if one is not targets] if targets else []
    for one in found:
        if type(one) is dict:
            yield from (owner for owner in gc.get_referrers(one) if getattr(type(owner), "__dictoffset__", 0))
        elif not isinstance(one, types.FrameType | types.FunctionType | list | tuple):
            yield one


def _notes(value: object, names: set[str]) -> bool:
    if isinstance(value, inspect.Signature | inspect.Parameter):
        return True
    listed = list(value) if type(value) in _NAMES else []  # type: ignore[call-overload]
    return bool(listed) and all(type(one) is str for one in listed) and names.issuperset(listed)


def _names(function: FunctionNode) -> list[str]:
    given = function.args
    return [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def made_of_classes(context: Context) -> Iterator[tuple[str, Statement, Home]]:
    """Assignments that made a library's object of a class which a library's decorator made more of, and of which a
    method takes other parameters: what the library worked out of the class lies deep in the object."""
    homes = {home for item in context.plan.work if isinstance(item, Twin) for home in _described(context, item)}
    for module, statement in context.order if homes else ():
        if module not in context.live or statement.kind != "assign" or not statement.calls:
            continue
        live = [context.value(module, name) for name in statement.binds]
        if all(_is_strange(context, one) for one in live) and (
            of := context.new_names.reads(module, statement) & homes
        ):
            yield module, statement, min(of)


def _described(context: Context, item: Twin) -> Iterator[Home]:
    before, after = (
        {path: ast.dump(node.args) for path, node in functions_in(side[item.module])}
        for side in (context.old, context.new)
    )
    name = item.statement.binds[0]
    found = [look_up(context, item.module, d.func if isinstance(d, ast.Call) else d) for d in item.statement.decorators]
    packages = {(getattr(one, "__module__", None) or "").partition(".")[0] for one in found}
    strange = packages - _FOLLOWED - sys.stdlib_module_names - {one.partition(".")[0] for one in context.live} - {""}
    if strange and any(path.startswith(f"{name}.") and before.get(path) != text for path, text in after.items()):
        yield item.module, name


def _is_strange(context: Context, live: object) -> bool:
    kind = type(live)
    return kind.__module__ not in context.live and not isinstance(live, type) and not is_atomic(live)
