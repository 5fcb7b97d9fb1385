"""Coroutines that serve a request, and its scope: what they hold, they hold until it is answered.

A request in flight refers to the route that it came by, and with that to all that the route was made of. It ends on its
old code, as every frame does, and keeps nothing alive beyond that. Which coroutines these are is told by ASGI's own
`scope`: somebody in the chain of those who wait for it was called with one.
"""

from __future__ import annotations

import dis
import functools
import gc
import types
from collections import deque
from collections.abc import Collection
from typing import Any

from .attributes import fields_of

_DEEPEST = 100
_FAR, _MOST = 12, 200
_SENDS = ("send", "receive", "_send", "_receive", "func")
_VARIABLES = ("LOAD_FAST", "LOAD_DEREF", "LOAD_CLOSURE")
_ROUTED = ("app", "router", "route", "endpoint", "fastapi")
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
    """It is a request's scope, or a websocket's that has these (by id) only as the way by which it came. A server keeps
    the last scope of a connection until the next request on it, long after all is answered."""
    kind = _scope_type(holder)
    if kind != "websocket":
        return kind is not None
    return not any(id(value) in held for key, value in list(holder.items()) if key not in _ROUTED)


def needs_no_more(holder: Any, held: Collection[int]) -> bool:
    """It is a coroutine that waits, and has of these (by id) only functions that it made and whose names the rest of it
    never reads: what a middleware made for requests, and a websocket has no use for."""
    if type(holder) is not types.CoroutineType or not holder.cr_suspended or holder.cr_frame is None:
        return False
    code, at = holder.cr_code, holder.cr_frame.f_lasti
    # Its variables are not asked: it would keep a copy of them from then on, and may have one already.
    variables = {*code.co_varnames, *code.co_cellvars}
    found = [one for one in gc.get_referents(holder) if id(one) in held]
    made = [one for one in found if not (type(one) is dict and one.keys() <= variables)]
    inside = f"{code.co_qualname}.<locals>."
    if not all(type(one) is types.FunctionType and one.__qualname__ == inside + one.__name__ for one in made):
        return False
    return not {one.__name__ for one in made} & read_later(code, at)


def read_later(code: types.CodeType, at: int, what: Collection[str] = _VARIABLES) -> set[str]:
    """Names that the rest of a frame may read by these instructions: from where it stands, or from the begin of the
    loops it is in."""
    instructions = list(dis.get_instructions(code))
    start = at
    for one in reversed(instructions):
        if one.opcode in dis.hasjrel and "BACKWARD" in one.opname and one.offset > start > one.argval:
            start = one.argval
    found: set[str] = set()
    for one in instructions:
        if one.offset >= start and one.opname.startswith(tuple(what)):
            found.update(one.argval if isinstance(one.argval, tuple) else [one.argval])
    return found


def _served(coroutine: types.CoroutineType[Any, Any, Any]) -> str | None:
    """What it was called with: a scope, a request that has one, or a `send` that leads to one, through whoever wrapped
    it, in the end to the server's own. A task that a response begins gets no more than that."""
    queue = deque((one, 0) for one in gc.get_referents(coroutine))
    for _ in range(_MOST):
        if not queue:
            break
        one, depth = queue.popleft()
        fields = fields_of(one) or {}
        found = _scope_type(one) or _scope_type(fields.get("scope"))
        if found is not None:
            return found
        if depth < _FAR:
            queue.extend((inner, depth + 1) for inner in _wrapped(one, fields))
    return None


def _wrapped(one: object, fields: dict[str, Any]) -> list[Any]:
    """What a function, a bound method or a responder sends by."""
    if type(one) is types.CellType:
        return gc.get_referents(one)
    if type(one) is types.FunctionType:
        return list(one.__closure__ or ())
    if type(one) is types.MethodType:
        return [one.__self__]
    if type(one) is functools.partial:
        return [one.func, *one.args, *one.keywords.values()]
    return [fields[name] for name in _SENDS if name in fields]


def _scope_type(value: object) -> str | None:
    """ASGI specification, "Connection Scope": a dict with `type` and `asgi`."""
    if type(value) is not dict or "asgi" not in value:
        return None
    kind = value.get("type")
    return kind if kind in ("http", "websocket") else None
