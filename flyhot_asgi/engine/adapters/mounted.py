"""Routes that are nothing but what their text says: an endpoint that lives elsewhere, and where it is found.

A list of such routes may be made again (`routes = [Route("/", home)]`). A route that was given an object which nothing
else holds (`Mount("/", Counter())`) may be the only place where a state lives.
"""

from __future__ import annotations

import sys
from typing import Any

from ..planning.context import Context
from ..source.values import is_definition

_OURS = __name__.partition(".")[0]
_STATELESS = frozenset({"starlette.staticfiles", f"{_OURS}.live.routes"})
"""Modules of applications that only say what they serve."""


def says_all(context: Context, value: Any) -> bool:
    routing: Any = sys.modules.get("starlette.routing")
    if routing is None:
        return False
    if type(value) in (routing.Route, routing.WebSocketRoute):
        return _lives_elsewhere(context, getattr(value, "endpoint", None)) and not _is_wrapped(value)
    if type(value) in (routing.Mount, routing.Host):
        mounted = vars(value).get("_base_app") or vars(value).get("app")
        if vars(value).get("app") is not mounted:
            return False  # in middleware, which may have a state
        if type(mounted) is routing.Router and not _is_named(context, mounted):
            return all(says_all(context, one) for one in mounted.routes)
        return _lives_elsewhere(context, mounted)
    return False


def _is_wrapped(route: Any) -> bool:
    """In middleware of its own."""
    return route.app is not route.endpoint and not is_definition(route.app)


def _lives_elsewhere(context: Context, value: Any) -> bool:
    if is_definition(value) or type(value).__module__ in _STATELESS:
        return True
    return _is_named(context, getattr(value, "__self__", value))


def _is_named(context: Context, value: object) -> bool:
    return any(one is value for module in context.live for one in context.namespace(module).values())
