"""The client's tag put into HTML responses on their way out, for apps that have none in their templates.

Only into whole documents (those with a `<head>`; a fragment is left alone), only where the body can be read (no
content-encoding), and only where no tag of ours is already. Never holds back more of a body than `MOST` bytes.
"""

from __future__ import annotations

import re
from typing import Any

from ..types import Message, Scope, Send
from .script import flyhot_script

MOST = 64 * 1024
_HEAD = re.compile(rb"<head(?:\s[^>]*)?>", re.IGNORECASE)
_OURS = b"/_flyhot/flyhot"


def injecting(scope: Scope, send: Send) -> Send:
    """A `send` that puts the tag behind `<head>`."""
    injector = _Injector(scope, send)
    return injector.send


class _Requested:
    """A request, as far as a tag needs one."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope


class _Injector:
    """One response. Owns the start message and the bytes that it holds back until it knows."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._start: Message | None = None
        self._kept = b""
        self._done = False

    async def send(self, message: Message) -> None:
        """Safe to cancel as the server's own `send` is."""
        if self._done:
            return await self._send(message)
        if message["type"] == "http.response.start" and _is_readable(message):
            self._start = message
            return
        if message["type"] != "http.response.body" or self._start is None:
            self._done = True
            return await self._send(message)
        self._kept += message.get("body", b"")
        more = message.get("more_body", False)
        found = _HEAD.search(self._kept)
        if found is None and more and len(self._kept) < MOST:
            return
        await self._pass_on(found.end() if found else None, more)

    async def _pass_on(self, at: int | None, more: bool) -> None:
        self._done = True
        start, body = self._start, self._kept
        self._start, self._kept = None, b""
        assert start is not None
        if at is not None and _OURS not in body:
            tag = flyhot_script(_Requested(self._scope)).encode()
            body = body[:at] + tag + body[at:]
            start = {**start, "headers": [_longer(name, value, len(tag)) for name, value in start["headers"]]}
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


def _is_readable(start: Message) -> bool:
    headers: list[tuple[bytes, bytes]] = [(name.lower(), value) for name, value in start.get("headers", ())]
    kinds = [value for name, value in headers if name == b"content-type"]
    if any(name in (b"content-encoding", b"etag") for name, _ in headers):
        return False  # an etag is of the body as the app made it
    return bool(kinds) and kinds[0].lower().startswith(b"text/html")


def _longer(name: Any, value: Any, by: int) -> tuple[bytes, bytes]:
    return (name, str(int(value) + by).encode()) if name.lower() == b"content-length" else (name, value)
