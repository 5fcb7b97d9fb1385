"""Lifespans and start-up handlers that change. Of an app that was started, they have run long ago, and other ones would
never be run; of one that was not, they are functions as all others.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from ...errors import UpgradeError
from ..living.attributes import fields_of
from ..living.started import begun
from ..living.wrapped import function_chain
from ..patching.journal import Journal
from ..patching.registration import Registration
from ..planning.context import Context
from ..source.calls import calls_made
from ..source.defuse import Home, Names
from ..source.kinds import imported
from ..source.module import Statement, dotted_name
from ..source.nodes import nodes_of
from .schemas import instances_of

_DO = "deploy this change cold (restart the app)"
START = ("lifespan_context", "on_startup", "on_shutdown")
"""What a router knows of its start and end."""
_WRAPPING = frozenset({"fastapi", "starlette", "contextlib"})
_DEEP = 200
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
    stays = home not in changed or _ran_as_before(context, function)
    called = list(_called(context, function, changed)) if stays else []
    binder = None if stays else context.new_names.definition(home)
    if not called and binder is None:
        return  # whether the app was started is a question to the whole heap
    if not (context.started or begun(function, context.survey.running)):
        return
    context.plan.notes += called
    if binder is not None:
        context.refuse(home[0], binder, why, do=_DO)


def _called(context: Context, function: types.FunctionType, changed: set[Home]) -> Iterator[str]:
    """Notes of what changed and the function may have called at the start: nobody can tell whether that mattered."""
    for name in function.__code__.co_names if function.__module__ in context.new else ():
        home = context.new_names.home(function.__module__, name)
        if home in changed and (binder := context.new_names.definition(home)) is not None and binder.kind == "def":
            yield f"{context.file(home[0])}:{binder.line}: {_CALLED.format(name)}"


def made_again(context: Context, living: Any) -> None:
    """An app or a router that is made again gets another lifespan with it; one that was started keeps what ran."""
    router = getattr(living, "router", living)
    if context.started:
        wrapping = _WRAPPING | _libraries_handed(context, living)
        context.plan.registrations.insert(0, StartKept(router, wrapping))
    else:
        lifespan = vars(router).get("lifespan_context")
        context.dropped += [vars(router), lifespan, *function_chain(lifespan)]


def of_no_account() -> list[object]:
    """Lifespans that frameworks give routers which have no handlers: they do nothing. An app merges those of all that
    it includes into its own, and keeps by them routers whose routes were taken out."""
    modules = [sys.modules.get(name) for name in ("starlette.routing", "fastapi.routing")]
    kinds = {kind for module in modules if (kind := getattr(module, "_DefaultLifespan", None)) is not None}
    found = [(one, (fields_of(one) or {}).get("_router")) for one in instances_of(kinds)]
    return [one for one, router in found if not any((fields_of(router) or {}).get(name) for name in START[1:])]


class StartKept(Registration):
    """Holds what the release would start against what was started, when all statements have run that say so. What was
    started stays, as it will be ended. Whoever makes the router again notes its namespace in the journal.

    `wrapping`: packages that wrap a lifespan of the app's.
    """

    def __init__(self, router: Any, wrapping: Collection[str]) -> None:
        self._router, self._wrapping = router, wrapping
        self._before: dict[str, Any] = {}
        self._told: dict[str, set[tuple[str, str]]] = {}

    def begin(self, journal: Journal) -> None:
        fields = vars(self._router)
        self._before = {name: fields[name] for name in START if name in fields}
        self._told = {name: _told(value, self._wrapping) for name, value in self._before.items()}

    def finish(self, journal: Journal) -> None:
        fields = vars(self._router)
        for name, before in self._before.items():
            if _told(fields.get(name), self._wrapping) != self._told[name]:
                why = "its lifespan is another one, whose start-up runs only when the app is started"
                raise UpgradeError(why, do=_DO)
            fields[name] = before


def _told(value: Any, wrapping: Collection[str]) -> set[tuple[str, str]]:
    """The app's own functions among those that a lifespan runs; frameworks wrap and merge them."""
    handlers = value if isinstance(value, list) else [value]
    functions = [function for handler in handlers for function in function_chain(handler, _DEEP)]
    names = {(function.__globals__.get("__name__") or "", function.__code__.co_qualname) for function in functions}
    return {(module, name) for module, name in names if module.partition(".")[0] not in wrapping}


def _libraries_handed(context: Context, living: Any) -> set[str]:
    """Packages to whose functions statements of both releases hand the object: they wrap its lifespan once more."""

    def found(names: Names, order: Sequence[tuple[str, Statement]]) -> Iterator[tuple[str, str]]:
        for module, statement in order:
            if module in context.live and statement.kind == "expr":
                for call in calls_made(statement.node):
                    given = [*call.args, *(keyword.value for keyword in call.keywords)]
                    if any(context.resolve(module, dotted_name(one) or "") is living for one in given):
                        origin = imported(names.modules[module].tree).get(
                            (dotted_name(call.func) or "").partition(".")[0]
                        )
                        yield (origin or "").partition(".")[0], statement.dump

    own = {"", *(name.partition(".")[0] for name in context.live)}
    before = set(found(context.old_names, context.old_order))
    return {package for package, _ in before & set(found(context.new_names, context.order))} - own


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
