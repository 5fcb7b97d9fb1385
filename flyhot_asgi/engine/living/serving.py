"""Coroutines that serve a request, and its scope: what they hold, they hold until it is answered.

A request in flight refers to the route that it came by, and with that to all that the route was made of. It ends on its
old code, as every frame does, and keeps nothing alive beyond that. Which coroutines these are is told by ASGI's own
`scope`: somebody in the chain of those who wait for it was called with one.
"""

from __future__ import annotations

import gc
import types
from collections.abc import Collection
from typing import Any

from .attributes import fields_of

_DEEPEST = 100
_ROUTED = ("app", "router", "route", "endpoint")
"""Where frameworks leave in a scope by which way the request came."""


class Serving:
    """Of one look at the heap."""

    def __init__(self) -> None:
        self._awaiters: dict[int, Any] | None = None
        self._known: dict[int, str | None] = {}

    def kind(self, running: object) -> str | None:
        """ "http" or "websocket", if a coroutine serves one; None if it serves nothing that can be seen."""
        path: list[Any] = []
        found: str | None = None
        link: Any = running
        while isinstance(link, types.CoroutineType) and len(path) < _DEEPEST:
            if id(link) in self._known:
                found = self._known[id(link)]
                break
            path.append(link)
            if (found := _served(link)) is not None:
                break
            link = self._who_awaits(link)
        self._known.update((id(one), found) for one in path)
        return found

    def _who_awaits(self, coroutine: object) -> Any:
        if self._awaiters is None:
            running = [one for one in gc.get_objects() if type(one) is types.CoroutineType]
            self._awaiters = {id(one.cr_await): one for one in running if one.cr_await is not None}
        return self._awaiters.get(id(coroutine))


def routed_by(holder: Any, held: Collection[int]) -> bool:
    """It is a connection's scope, and has these (by id) only as the way by which the request came. A server keeps the
    last scope of a connection until the next request on it, long after all is answered."""
    if _scope_type(holder) is None:
        return False
    return not any(id(value) in held for key, value in list(holder.items()) if key not in _ROUTED)


def _served(coroutine: types.CoroutineType[Any, Any, Any]) -> str | None:
    """What it was called with, itself or as what a request object or a closure's variable has."""
    for one in gc.get_referents(coroutine):
        if type(one) is types.CellType:
            one = next(iter(gc.get_referents(one)), None)
        found = _scope_type(one) or _scope_type((fields_of(one) or {}).get("scope"))
        if found is not None:
            return found
    return None


def _scope_type(value: object) -> str | None:
    """ASGI specification, "Connection Scope": a dict with `type` and `asgi`."""
    if type(value) is not dict or "asgi" not in value:
        return None
    kind = value.get("type")
    return kind if kind in ("http", "websocket") else None
