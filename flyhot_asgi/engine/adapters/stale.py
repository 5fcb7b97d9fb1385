"""Which registering statements have to be executed again: what they say, or what they read, is new."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from typing import Any

from ..planning.context import Context
from ..source.defuse import Home
from ..source.diff import NamespaceDiff, Verdict
from ..source.module import Statement


def stale_statements(context: Context, diffs: Mapping[str, NamespaceDiff]) -> set[Statement]:
    """Registering statements of the new release whose routes must be made again."""
    stale = {
        change.new
        for changes in diffs.values()
        for change in changes.changes
        if change.new is not None
        and (change.verdict not in (Verdict.SAME, Verdict.BODY) or _docstring_changed(change.old, change.new))
    }
    stale |= context.touched
    reshaped = set(context.reshaped | context.rebound) | _kinds_of_routes(context)
    stays = {(module, living.__name__) for module, living, _ in context.containers.values()}  # providers, too
    while True:
        carried = (
            {
                (module, name)
                for module, statement in context.order
                if module in context.live and context.new_names.reads(module, statement) & reshaped
                for name in statement.binds
            }
            - reshaped
            - stays
        )
        if not carried:
            break
        reshaped |= carried
    stale |= {s for module, s in context.order if context.new_names.reads(module, s) & reshaped}
    return stale


def _kinds_of_routes(context: Context) -> set[Home]:
    """Classes of routes whose methods handed out what can't take its new code: a route's handler is made when the route
    is (`get_route_handler`), and by no call that a statement has."""
    base: Any = getattr(sys.modules.get("starlette.routing"), "BaseRoute", ())
    values = {(m, cls): context.value(m, cls) for m, name in context.makers if (cls := name.partition(".")[0]) != name}
    return {home for home, cls in values.items() if isinstance(cls, type) and issubclass(cls, base)}


def registers_as_before(context: Context, diffs: Mapping[str, NamespaceDiff], stale: set[Statement]) -> bool:
    """No statement of either release registers anything else, or in another order: code inside of functions differs,
    and nothing more. `stale`: see `stale_statements`."""
    if stale or context.plan.added or context.plan.deleted:
        return False
    for name, changes in diffs.items():
        if any(change.old is None or change.new is None for change in changes.changes):
            return False
        place = {statement: index for index, statement in enumerate(context.old[name].statements)}
        places = [place.get(change.old, -1) for change in changes.changes if change.old is not None]
        if places != sorted(places):
            return False
    return True


def _docstring_changed(old: Statement | None, new: Statement) -> bool:
    """FastAPI takes a route's description from the docstring when it is registered."""
    nodes = [s.node for s in (old, new) if s is not None]
    docs = [ast.get_docstring(n) for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return len(docs) == 2 and docs[0] != docs[1]
