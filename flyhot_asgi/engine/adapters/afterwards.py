"""Statements that work on an app's routes when these were registered (`add_pagination(app)`, a loop over `app.routes`):
a route that is registered anew has to be worked on as well.

They are executed once more, and find the routes that were registered anew and no others. What they do to the app beside
that they have done: its attributes are put back. Attempted only when routes differed from a cold import's without it;
covered by the comparison with that, and by `patching.repeating` for what a library keeps.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from ..living.attributes import fields_of
from ..living.inventory import subclasses
from ..living.wrapped import function_chain
from ..patching.journal import Journal, refill
from ..patching.registration import Registration
from ..planning.context import Context
from ..source.module import Statement
from ..source.plan import Action
from .listed import RouteRebuild, mark_changed
from .schemas import added, instances_of
from .whole import is_script, why_not_again

_LEAVES = ("Route", "WebSocketRoute")
_DEEP = 6


def plan_afterwards(context: Context, mentioning: Sequence[tuple[str, Statement]]) -> None:
    """Write into the plan which statements that mention a router are executed for routes that are registered anew."""
    asked = {id(context.value(*home)) for home in context.also if home[0] in context.live}
    rebuilds = [one for one in context.plan.registrations if isinstance(one, RouteRebuild)]
    if not any(id(one) in asked and context.owned(one) for one in _registrars()) or not rebuilds:
        return
    worked_on = {name for route in context.dropped for name in _packages(route)}
    found = []
    for module, statement in mentioning:
        known = statement in context.planned or statement in context.judged or is_script(statement)
        if known or statement.kind not in ("expr", "block"):
            continue
        touch = context.slices.touch(module, statement)
        theirs = {one.origin.partition(".")[0] for one in touch.foreign}
        registrars = all(home[0] in context.live and context.owned(context.value(*home)) for home in touch.homes)
        if theirs <= worked_on and registrars and why_not_again(context, module, statement) is None:
            context.execute(module, statement)
            context.step(module, statement, Action.REBUILD, "it works on routes that are registered anew")
            found.append(statement)
    if found:
        context.plan.registrations.append(Afterwards(found, rebuilds))


class Afterwards(Registration):
    """Shows those statements the routes that were registered anew."""

    def __init__(self, statements: Collection[Statement], rebuilds: Sequence[RouteRebuild]) -> None:
        self._statements, self._rebuilds = frozenset(statements), rebuilds
        self._found: list[Any] = []

    def look(self) -> None:
        self._found = added(self._found, _registrars())

    def begin(self, journal: Journal) -> None:
        for one in self._found:
            journal.touch_namespace(vars(one), f"a {type(one).__qualname__}")

    def around(self, statement: Statement) -> AbstractContextManager[None]:
        return self._alone() if statement in self._statements else nullcontext()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        fresh = {id(route) for rebuild in self._rebuilds for route in rebuild.fresh()}
        spaces = [space for one in self._found for space in _spaces(one)]
        kept = [(space, dict(space)) for space in spaces]
        filled = [
            (part, type(part)(part)) for _, fields in kept for part in fields.values() if type(part) in (list, dict)
        ]
        for one in self._found:
            if type(routes := vars(one).get("routes")) is list:
                routes[:] = [route for route in routes if id(route) in fresh or not _is_leaf(route)]
            if "middleware_stack" in vars(one):
                vars(one)["middleware_stack"] = None  # an app that serves takes no middleware, which it has already
        try:
            yield
        finally:
            for container, contents in [*filled, *kept]:
                refill(container, contents)
            for one in self._found:
                mark_changed(one)


def _registrars() -> list[Any]:
    homes = (("starlette.routing", "Router"), ("starlette.applications", "Starlette"))
    kinds = [kind for home, name in homes if isinstance(kind := getattr(sys.modules.get(home), name, None), type)]
    return instances_of([cls for kind in kinds for cls in (kind, *subclasses(kind))])


def _spaces(one: Any) -> Iterator[dict[str, Any]]:
    """The attributes of an app or a router, and an app's state."""
    yield vars(one)
    state = getattr(vars(one).get("state"), "__dict__", {}).get("_state")
    if type(state) is dict:
        yield state


def _is_leaf(route: object) -> bool:
    routing = sys.modules.get("starlette.routing")
    return isinstance(route, tuple(getattr(routing, name) for name in _LEAVES))


def _packages(value: Any, depth: int = _DEEP) -> Iterator[str]:
    """Top-level packages of the functions that a route holds: it was worked on by these, or made of them."""
    if not depth or isinstance(value, type | types.ModuleType):
        return
    if isinstance(value, list | tuple):
        for part in value:
            yield from _packages(part, depth - 1)
        return
    for function in function_chain(value):
        yield str(function.__globals__.get("__name__")).partition(".")[0]
    if type(value).__module__.partition(".")[0] in ("fastapi", "starlette"):
        for part in list((fields_of(value) or {}).values()):
            yield from _packages(part, depth - 1)
