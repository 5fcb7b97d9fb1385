"""A server in memory: what the tests of sessions drive applications with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from flyhot_asgi.session import Registry, Session
from flyhot_asgi.types import ASGIApp, Message, Receive, Send

Handler = Callable[[Session], Awaitable[None]]


async def turn(times: int = 10) -> None:
    """Let the loop turn until nothing that is ready is left undone."""
    for _ in range(times):
        await asyncio.sleep(0)


class Wire:
    """One connection, seen from the server: `queue` is what came from the client, `sent` what went to it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: list[Message] = []
        self.sending: Callable[[Message], None] = lambda message: None

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        self.sending(message)

    def says(self, text: str) -> None:
        self.queue.put_nowait({"type": "websocket.receive", "text": text})

    def leaves(self) -> None:
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1001})

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.sent if message["type"] == "websocket.send"]


class Server:
    """Runs handlers as connections of one registry, each in a task of its own."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.tasks: list[asyncio.Task[None]] = []

    def connect(self, handler: Handler, *, path: str = "/ws") -> Wire:
        """Connect a client to a bare handler, which gets the session."""
        wire = Wire()

        async def run() -> None:
            session = await self.registry.admit_websocket(_scope(path), wire.queue.get, wire.send)
            try:
                await handler(session)
            finally:
                self.registry.drop(session)

        self.tasks.append(asyncio.create_task(run()))
        return wire

    def connect_app(self, app: ASGIApp, *, path: str = "/ws") -> Wire:
        """Connect a client to an ASGI application, through the session's gate."""
        wire = Wire()
        wire.queue.put_nowait({"type": "websocket.connect"})

        async def run() -> None:
            scope = _scope(path)
            session = await self.registry.admit_websocket(scope, wire.queue.get, wire.send)
            scope["flyhot.session"] = session
            receive: Receive = session.gate.receive
            send: Send = session.gate.send
            try:
                await app(scope, receive, send)
            finally:
                self.registry.drop(session)

        self.tasks.append(asyncio.create_task(run()))
        return wire

    async def close(self) -> None:
        self.registry.valve.open()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def _scope(path: str) -> dict[str, Any]:
    return {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "ws",
        "query_string": b"",
        "headers": [],
        "subprotocols": [],
        "extensions": {},
        "state": {},
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }


async def echo(session: Session) -> None:
    """A handler that sends back what it gets, until the client leaves."""
    while (message := await session.gate.receive())["type"] != "websocket.disconnect":
        await session.gate.send({"type": "websocket.send", "text": message["text"]})


def numbered(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def say_all(wire: Wire, texts: Iterable[str]) -> None:
    for text in texts:
        wire.says(text)
