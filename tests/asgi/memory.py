"""An app with `HotUpgrade` in memory: its lifespan, and connections to it, without a server."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.session import Registry
from flyhot_asgi.types import Scope


@pytest.fixture
def runtime_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where control sockets go; short enough for a socket's path. The import machinery must be left as it was."""
    finders = list(sys.meta_path)
    with tempfile.TemporaryDirectory(prefix="fh-") as folder:
        monkeypatch.setenv("FLYHOT_RUNTIME_DIR", folder)
        yield Path(folder)
        assert not list(Path(folder).glob("*/*.sock")), "a control socket was left behind"
    assert sys.meta_path == finders


@asynccontextmanager
async def in_flight(registry: Registry, scope: Scope) -> AsyncIterator[None]:
    """A request as the middleware passes it on: it waits for the valve, then it is under way."""
    await registry.valve.opened()
    request = registry.http.counted(plain_app(scope, None, None), scope)
    try:
        yield
    finally:
        request.close()
        del request


async def plain_app(scope: Any, receive: Any, send: Any) -> None:
    """Raw ASGI: a lifespan, "hello" over HTTP with one and the same message each time, an echo over websockets."""
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": message["type"] + ".complete"})
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "http":
        await send(START)
        await send({"type": "http.response.body", "body": b"hello"})
    else:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})


START = {"type": "http.response.start", "status": 200, "headers": [(b"x-mine", b"1")]}


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[list[str]]:
    """The app between its startup and its shutdown; yields the types of what it has sent so far."""
    said: list[str] = []
    messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    stirred = asyncio.Event()

    async def send(message: Any) -> None:
        said.append(message["type"])
        stirred.set()

    messages.put_nowait({"type": "lifespan.startup"})
    task = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, messages.get, send))
    async with asyncio.timeout(10):
        await stirred.wait()
    try:
        yield said
    finally:
        messages.put_nowait({"type": "lifespan.shutdown"})
        async with asyncio.timeout(10):
            await task
