"""A browser's end of a websocket, in memory: what it says, what it hears, and whether it takes what is sent."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any

from flyhot_asgi.types import ASGIApp, Message, Scope


def websocket_scope(path: str, protocol: str, **more: Any) -> Scope:
    headers = more.pop("headers", [(b"host", b"app.example"), (b"origin", b"https://app.example")])
    return {
        "type": "websocket",
        "path": path,
        "subprotocols": [protocol],
        "headers": headers,
        "query_string": b"",
        **more,
    }


class Peer:
    """`async with Peer(app, scope) as peer`: runs the application on one connection, and leaves at the end."""

    def __init__(self, app: ASGIApp, scope: Scope) -> None:
        self._app = app
        self._scope = scope
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        self.takes = asyncio.Event()
        """Cleared: the connection is full, and sending waits."""
        self.takes.set()
        self.gone = False

    async def __aenter__(self) -> Peer:
        self._to_app.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(self._app(self._scope, self._receive, self._send))  # type: ignore[arg-type]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
        async with asyncio.timeout(5):
            await self.task

    def leave(self) -> None:
        self.takes.set()
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1001})

    def say(self, frame: Any) -> None:
        self.say_text(json.dumps(frame))

    def say_text(self, text: str) -> None:
        self._to_app.put_nowait({"type": "websocket.receive", "text": text})

    def say_bytes(self, data: bytes) -> None:
        self._to_app.put_nowait({"type": "websocket.receive", "bytes": data})

    async def hear(self) -> Message:
        """The next message of the application's."""
        async with asyncio.timeout(5):
            return await self._heard.get()

    async def frame(self) -> dict[str, Any]:
        """The next message, which must be text, as an object."""
        message = await self.hear()
        assert message["type"] == "websocket.send", message
        found: dict[str, Any] = json.loads(message["text"])
        return found

    async def accepted(self) -> str | None:
        message = await self.hear()
        assert message["type"] == "websocket.accept", message
        protocol: str | None = message["subprotocol"]
        return protocol

    async def closed(self) -> int:
        """The code of the next message, which must be a close."""
        message = await self.hear()
        assert message["type"] == "websocket.close", message
        code: int = message["code"]
        return code

    def heard_nothing(self) -> bool:
        return self._heard.empty()

    async def _receive(self) -> Message:
        return await self._to_app.get()

    async def _send(self, message: Message) -> None:
        await self.takes.wait()
        if self.gone:
            raise OSError("the browser has gone")
        self._heard.put_nowait(message)


async def request(app: ASGIApp, path: str, **more: Any) -> tuple[int, dict[str, str], bytes]:
    """A GET (or `method`); status, headers, body."""
    headers = [(name.encode(), value.encode()) for name, value in more.pop("headers", {}).items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers, **more}
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(message.get("body", b"") for message in sent[1:])
