"""Who comes while too many wait for a hold to end, or while the process says good-bye, is told to come again."""

from __future__ import annotations

from ..types import Receive, Scope, Send
from .closings import TRY_AGAIN_LATER

RETRY_AFTER = b"1"
"""Seconds: a hold is a matter of milliseconds."""


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """503 with Retry-After, or 1013 (RFC 6455's registry: try again later). A browser sees the code of a websocket only
    if it was accepted before."""
    if scope["type"] == "websocket":
        if (await receive())["type"] == "websocket.connect":
            subprotocol = next(iter(scope.get("subprotocols") or ()), None)
            await send({"type": "websocket.accept", "subprotocol": subprotocol})
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER, "reason": "try again later"})
        return
    body = b"this app is being upgraded; try again in a second\n"
    headers = [
        (b"retry-after", RETRY_AFTER),
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
