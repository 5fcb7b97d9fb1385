"""A router's living list of routes, told apart: which route came from which statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..living.wrapped import function_chain
from ..planning.context import Context
from ..source.module import Statement


@dataclass(frozen=True)
class Entry:
    """One statement that adds to a router's list, and how many routes (None: unknown).

    `claimed`: we know that it only registers, so that it can be executed again. The others just have their place.
    """

    module: str
    statement: Statement
    size: int | None
    claimed: bool = True


@dataclass
class Layout:
    """The living list, told apart. `fused` are runs of statements whose shares of a stretch can't be told."""

    base: int
    routes: dict[Statement, list[Any]]
    tail: list[Any]
    fused: list[tuple[Statement, ...]]


def tell_apart(context: Context, router: Any, before: list[Entry], given: int) -> Layout | str:
    """Which of the living routes came from which statement; a sentence if that can't be told. The first `given` are
    those that the constructor's call lists.

    A decorated function's routes are known by their endpoint: they are the anchors. What lies between two anchors
    came from the statements between them.
    """
    routes = list(router.routes)
    layout = Layout(len(constructor_routes(routes)) + given, {}, [], [])
    position, pending, first = 0, [], True
    for entry in before:
        if entry.statement.kind not in ("def", "class") or entry.size is None:
            pending.append(entry)
            continue
        live = context.value(entry.module, entry.statement.binds[0])
        size = entry.size or 1
        start = next((k for k in range(position, len(routes)) if _is_endpoint(routes[k], live)), None)
        if start is None or not all(_is_endpoint(route, live) for route in routes[start : start + size]):
            return f"the routes of `{entry.statement.name}` are not where the source puts them; the app moved them"
        if not _share(layout, pending, routes[position:start], first):
            return "something else than the source's statements added routes in between; they can't be told apart"
        layout.routes[entry.statement] = routes[start : start + size]
        position, pending, first = start + size, [], False
    return _share_rest(layout, pending, routes[position:], first)


def _share_rest(layout: Layout, pending: list[Entry], rest: list[Any], first: bool) -> Layout | str:
    """The stretch after the last anchor. Routes that the app added while it ran are at its end, as in a cold start."""
    if first and not pending:
        layout.base = len(rest)
        return layout
    sizes = [entry.size for entry in pending]
    if not first and None not in sizes:
        known = sum(size for size in sizes if size is not None)
        rest, layout.tail = rest[:known], rest[known:]
    if not _share(layout, pending, rest, first):
        return "the router's routes are not those that the source's statements add; the app took some out"
    return layout


def _share(layout: Layout, pending: list[Entry], gap: list[Any], first: bool) -> bool:
    """Divide a stretch of routes among the statements that made it; the first one is the constructor's, too."""
    if first:
        known = sum(entry.size for entry in pending if entry.size is not None)
        unknown = any(entry.size is None for entry in pending)
        layout.base = min(layout.base, len(gap)) if unknown else len(gap) - known
        gap = gap[layout.base :]
    if not pending:
        return not gap
    sizes = [entry.size for entry in pending]
    missing = len(gap) - sum(size for size in sizes if size is not None)
    if missing < 0 or (missing and None not in sizes):
        return False
    if sizes.count(None) > 1 and missing:  # where nothing is missing, none of them added any
        layout.fused.append(tuple(entry.statement for entry in pending))
        layout.routes.update({entry.statement: [] for entry in pending})
        layout.routes[pending[0].statement] = gap
        return True
    for entry in pending:
        size = missing if entry.size is None else entry.size
        layout.routes[entry.statement], gap = gap[:size], gap[size:]
    return True


def fused_apart(layout: Layout, kept: dict[Statement, Statement | None], after: list[Statement]) -> bool:
    """The new source puts something among statements whose routes can't be told from one another."""
    for run in layout.fused:
        new = [kept.get(statement) for statement in run]
        first = new[0]
        if first is None or first not in after:
            return True
        start = after.index(first)
        if after[start : start + len(new)] != new:
            return True
    return False


def constructor_routes(routes: list[Any]) -> list[Any]:
    """The leading routes that FastAPI's constructor put there (documentation pages)."""
    count = 0
    for route in routes:
        if getattr(getattr(route, "endpoint", None), "__module__", "").partition(".")[0] != "fastapi":
            break
        count += 1
    return routes[:count]


def _is_endpoint(route: Any, live: Any) -> bool:
    endpoint = getattr(route, "endpoint", None)
    return endpoint is live or any(f is endpoint for f in function_chain(live)) or live in function_chain(endpoint)
