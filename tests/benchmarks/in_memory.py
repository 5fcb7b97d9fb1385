"""What the middleware adds to a request and to a websocket message, without a server: in microseconds of processor
time, the best of nine rounds of each, taken in turns. And what it adds to each open websocket: in bytes."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

from flyhot_asgi import HotUpgrade
from tests.asgi.memory import lifespan
from tests.faults.lab import websocket

ROUNDS = 9
REQUESTS = 10_000
MESSAGES = 50_000
SESSIONS = 2_000
BODY = {"type": "http.response.body", "body": b"x"}
CONNECT = {"type": "websocket.connect"}
TEXT = {"type": "websocket.receive", "text": "hi"}


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send(BODY)
    else:
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": message["text"]})


async def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="fh-") as folder:
        os.environ["FLYHOT_RUNTIME_DIR"] = f"{folder}/rt"
        hot = HotUpgrade(app, root=folder)
        async with lifespan(hot):
            took: dict[tuple[str, bool], float] = {}
            for _ in range(ROUNDS):
                for kind, run in (("http", _http), ("websocket", _websocket)):
                    for with_us in (False, True):
                        seconds = await run(hot if with_us else app)
                        took[kind, with_us] = min(seconds, took.get((kind, with_us), seconds))
            without, with_us_too = await _bytes_of(app), await _bytes_of(hot)
    return {
        "http_us": {"without": _us(took["http", False]), "with": _us(took["http", True])},
        "http_added_us": _us(took["http", True] - took["http", False]),
        "message_us": {"without": _us(took["websocket", False]), "with": _us(took["websocket", True])},
        "message_added_us": _us(took["websocket", True] - took["websocket", False]),
        "session_bytes": {"without": without, "with": with_us_too},
        "session_added_bytes": with_us_too - without,
    }


def _us(seconds: float) -> float:
    return round(seconds * 1e6, 3)


async def _nowhere(message: Any) -> None:
    return None


async def _http(target: Callable[..., Awaitable[None]]) -> float:
    began = time.thread_time()
    for _ in range(REQUESTS):
        await target({"type": "http", "path": "/", "root_path": "", "method": "GET", "headers": []}, None, _nowhere)
    return (time.thread_time() - began) / REQUESTS


async def _websocket(target: Callable[..., Awaitable[None]]) -> float:
    left = MESSAGES + 1

    async def receive() -> Any:
        nonlocal left
        left -= 1
        if left == MESSAGES:
            return CONNECT
        return TEXT if left >= 0 else {"type": "websocket.disconnect"}

    began = time.thread_time()
    await target({"type": "websocket", "path": "/", "root_path": "", "headers": []}, receive, _nowhere)
    return (time.thread_time() - began) / MESSAGES


async def _bytes_of(target: Callable[..., Awaitable[None]]) -> int:
    """What each open, idle websocket takes, its coroutines included."""
    over = asyncio.Event()

    def opened() -> Callable[[], Awaitable[Any]]:
        come = [CONNECT]

        async def receive() -> Any:
            if come:
                return come.pop()
            await over.wait()
            return {"type": "websocket.disconnect"}

        return receive

    receives = [opened() for _ in range(SESSIONS)]
    gc.collect()
    tracemalloc.start()
    scopes = [websocket("/") for _ in range(SESSIONS)]
    tasks = [asyncio.ensure_future(target(*one, _nowhere)) for one in zip(scopes, receives, strict=True)]
    for _ in range(5):
        await asyncio.sleep(0)
    gc.collect()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    over.set()
    await asyncio.gather(*tasks)
    return taken // SESSIONS
