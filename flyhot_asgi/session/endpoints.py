"""Starlette's `WebSocketEndpoint`, unchanged: each instance attaches itself to its connection's session."""

from __future__ import annotations

import functools
from typing import Any

from starlette.endpoints import WebSocketEndpoint

from flyhot_asgi.session.connection import Session
from flyhot_asgi.session.unit import EndpointUnit
from flyhot_asgi.types import SESSION_KEY, Receive, Scope, Send

_MARK = "__flyhot_installed__"


def install() -> None:
    """Wrap `WebSocketEndpoint.__init__`, once for the process. Idempotent. Instances that have no session in
    their scope (no middleware, another application) are left as they are."""
    original: Any = WebSocketEndpoint.__init__
    if getattr(original, _MARK, False):
        return

    @functools.wraps(original)
    def __init__(self: WebSocketEndpoint, scope: Scope, receive: Receive, send: Send) -> None:
        original(self, scope, receive, send)
        session = scope.get(SESSION_KEY)
        if isinstance(session, Session):
            session.attach(EndpointUnit(self, session, number=session.next_number()))

    setattr(__init__, _MARK, True)
    WebSocketEndpoint.__init__ = __init__  # type: ignore[method-assign]
