"""Lifespans and start-up handlers that change. Of an app that was started, they have run long ago, and other ones would
never be run; of one that was not, they are functions as all others.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Iterable
from typing import Any

from ..living.started import begun
from ..living.wrapped import function_chain
from ..planning.context import Context
from ..source.defuse import Home
from ..source.nodes import nodes_of

_DO = "deploy this change cold (restart the app)"
KEPT_OF_STARTED = ("lifespan_context", "on_startup", "on_shutdown")
"""What a router that was started keeps of its own when it is made again."""
_LIFESPAN = "it is the app's lifespan, whose start-up ran when the app was started"
_HANDLER = "it is a start-up handler, which ran when the app was started"
_CALLED = "`{}` is called by the app's lifespan: what that did with the old code when the app was started stays"


def judge_lifespans(context: Context, routers: Iterable[Any]) -> None:
    """Refuse what would have to be run once more; note what a lifespan that stays calls of what changed."""
    changed = context.changed_bodies | context.reshaped
    for router in routers if changed else ():
        for function in function_chain(getattr(router, "lifespan_context", None)):
            _judge(context, function, changed, _LIFESPAN)
        for handler in list(getattr(router, "on_startup", None) or ()):
            for function in function_chain(handler):
                _judge(context, function, changed, _HANDLER)


def _judge(context: Context, function: types.FunctionType, changed: set[Home], why: str) -> None:
    home = (function.__module__, function.__code__.co_qualname.partition(".")[0])
    if not (context.started or begun(function, context.survey.running)):
        return
    if home not in changed or _ran_as_before(context, function):
        _note_called(context, function, changed)
    elif (binder := context.new_names.definition(home)) is not None:
        context.refuse(home[0], binder, why, do=_DO)


def _note_called(context: Context, function: types.FunctionType, changed: set[Home]) -> None:
    """It may have called at the start what changed: nobody can tell whether that mattered."""
    for name in function.__code__.co_names if function.__module__ in context.new else ():
        home = context.new_names.home(function.__module__, name)
        if home in changed and (binder := context.new_names.definition(home)) is not None and binder.kind == "def":
            context.plan.notes.append(f"{context.file(home[0])}:{binder.line}: {_CALLED.format(name)}")


def let_go_of(context: Context, router: Any) -> None:
    """A router that is made again, and was not started, gets another lifespan with it."""
    if not context.started:
        lifespan = vars(router).get("lifespan_context")
        context.dropped += [vars(router), lifespan, *function_chain(lifespan)]


def _ran_as_before(context: Context, function: types.FunctionType) -> bool:
    """Of a function that another one makes: its own text is the same, whatever happened around it."""
    module, names = function.__module__, function.__code__.co_qualname.split(".")
    if "<locals>" not in names or module not in context.old or module not in context.new:
        return False
    path = [name for name in names if name != "<locals>"]
    old, new = (_inner(side[module].tree, path) for side in (context.old, context.new))
    return old is not None and new is not None and ast.dump(old) == ast.dump(new)


def _inner(node: ast.AST, path: list[str]) -> ast.AST | None:
    if not path:
        return node
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = (child for child in nodes_of(node) if isinstance(child, kinds) and child.name == path[0])
    first = next((child for child in found if child is not node), None)
    return _inner(first, path[1:]) if first is not None else None
