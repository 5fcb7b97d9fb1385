"""Older FastAPI copies the routes of a router that is included, and reads their functions' parameters once more.

Where the statement that includes is executed again, it copies anew. Copies that were made inside of a function
(`create_app`) or in a loop would keep what they read of the old parameters: they are made anew in place, by their own
constructor, from what they say of themselves, as `include_router` made them: with what the including router gave,
before what the route has now. Where that can't be told apart, a copy stays, and the comparison with a cold import shows
that the app has to be made again.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..living.attributes import fields_of
from ..living.inventory import subclasses
from ..patching.journal import Journal
from ..patching.registration import Registration
from ..source.values import alike, is_definition
from .listed import RouteRebuild
from .schemas import added, instances_of

_KINDS = ("APIRoute", "APIWebSocketRoute")
_MISSING: Any = object()


def copies_routes() -> bool:
    routing = sys.modules.get("fastapi.routing")
    return routing is not None and not hasattr(routing, "_IncludedRouter")


@dataclass
class CopiesFollow(Registration):
    """The copies of routes that were registered anew, wherever they are."""

    rebuilds: list[RouteRebuild]
    _known: list[Any] = field(default_factory=list)

    def look(self) -> None:
        kinds = [getattr(sys.modules["fastapi.routing"], name) for name in _KINDS]
        self._known = added(self._known, instances_of([c for kind in kinds for c in (kind, *subclasses(kind))]))

    def finish(self, journal: Journal) -> None:
        pairs = [pair for rebuild in self.rebuilds for pair in rebuild.renewed()]
        by_endpoint: dict[int, list[tuple[Any, Any]]] = {}
        for old, new in pairs:
            by_endpoint.setdefault(id(old.endpoint), []).append((old, new))
        replaced = {id(old) for old, _ in pairs}
        for copy in self._known:
            found = by_endpoint.get(id(vars(copy).get("endpoint")), [])
            if id(copy) in replaced or (pair := _original(copy, found)) is None:
                continue
            if (given := _given(copy, *pair)) is not None:
                journal.touch_namespace(vars(copy), "a route of a router that is included")
                copy.__init__(**given)


def _original(copy: Any, pairs: list[tuple[Any, Any]]) -> tuple[Any, Any] | None:
    """What it was copied from: the same but for what stands before its path; of several, the last one on the way."""
    fitting = [
        pair
        for pair in pairs
        if type(pair[0]) is type(copy)
        and copy.path.endswith(pair[0].path)
        and getattr(pair[0], "methods", None) == getattr(copy, "methods", None)
    ]
    return max(fitting, key=lambda pair: len(pair[0].path), default=None)


def _given(copy: Any, old: Any, new: Any) -> dict[str, Any] | None:
    """The arguments for the copy's constructor; None if it can't be told what the including router would give."""
    given = {}
    for name in _parameters(type(copy)):
        here, before, after = (getattr(route, name, _MISSING) for route in (copy, old, new))
        if here is _MISSING:
            continue
        if _same(before, after):
            given[name] = _renewed(here, before, after)
        elif (merged := _merged(here, before, after)) is _MISSING:
            return None
        else:
            given[name] = merged
    return given


def _merged(here: Any, before: Any, after: Any) -> Any:
    """What the copy gets where its original changed: paths, lists and tables follow what the including router gave."""
    if _same(here, before):
        return after.copy() if type(after) in (list, dict) and here is not before else after
    if type(here) is type(before) is type(after) is str and here.endswith(before):
        return here.removesuffix(before) + after
    if type(here) is list and isinstance(before, list | None) and isinstance(after, list | None):
        given = here[: len(here) - len(before or ())]
        return [*given, *(after or ())] if _same([*given, *(before or ())], here) else _MISSING
    if type(here) is type(before) is type(after) is dict and here.keys() >= before.keys():
        return {**{key: one for key, one in here.items() if key not in before}, **after}
    return _MISSING


def _parameters(kind: type) -> Iterator[str]:
    """What `include_router` hands to the constructor: the framework's own one says."""
    theirs = next(base for base in kind.__mro__ if base.__module__ == "fastapi.routing")
    yield from list(inspect.signature(theirs.__init__).parameters)[1:]  # type: ignore[misc]


def _renewed(here: Any, before: Any, after: Any) -> Any:
    """What the copy shares with its original, it shares with the new one."""
    if here is before:
        return after
    if type(here) is list and type(before) is list:
        anew = {id(one): other for one, other in zip(before, after, strict=True)}
        return [anew.get(id(one), one) for one in here]
    if type(here) is type(before) is type(after) is dict:
        return {key: after[key] if key in after and one is before[key] else one for key, one in here.items()}
    return here


def _same(one: Any, other: Any, depth: int = 5) -> bool:
    """Equal in all that the constructor goes by. Objects that were made anew, such as a dependency's, are told by their
    attributes: the copy gets the new one."""
    if alike(one, other):
        return True
    if type(one) is not type(other) or not depth:
        return False
    if type(one) is list:
        return len(one) == len(other) and all(_same(a, b, depth - 1) for a, b in zip(one, other, strict=True))
    before, after = (fields_of(side) if not is_definition(side) else None for side in (one, other))
    if before is None or after is None or before.keys() != after.keys():
        return False
    return bool(before) and all(_same(part, after[name], depth - 1) for name, part in before.items())
