"""Steady state under uvicorn on loopback, with and without `HotUpgrade`: round trips a second of echo websockets and of
plain requests on kept connections. Many short rounds in pairs, one right after the other and each first in turn: the
median of the pairs' ratios is what counts, as other work on the machine hits both of a pair. `cpu_us` is the processor
time that the server takes for a round trip (Linux), which other work hits less."""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

ROUNDS = 24
CONNECTIONS = 8
TRIPS = 250  # of each connection, in each round

SOURCE = """
from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from flyhot_asgi import HotUpgrade


class Echo(WebSocketEndpoint):
    encoding = "text"

    async def on_receive(self, websocket, data):
        await websocket.send_text(data)


async def index(request):
    return PlainTextResponse("hello")


routes = [Route("/", index), WebSocketRoute("/ws", Echo)]
plain = Starlette(routes=routes)
hot = Starlette(routes=routes, middleware=[Middleware(HotUpgrade)])
"""


async def measure() -> dict[str, Any]:
    rates: dict[tuple[str, str], list[float]] = {}
    costs: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="fh-") as folder:
        (Path(folder) / "app").mkdir()
        (Path(folder) / "app" / "main.py").write_text(SOURCE)
        async with _server(folder, "plain") as plain, _server(folder, "hot") as hot:
            for round_ in range(ROUNDS + 1):
                pair = [("plain", plain), ("hot", hot)]
                for kind, trips in (("websocket", _websocket), ("http", _http)):
                    for name, (port, pid) in pair if round_ % 2 else reversed(pair):
                        before = _processor_time(pid)
                        rate = await _rate(trips, port)
                        if round_:  # the first one warms up
                            rates.setdefault((kind, name), []).append(rate)
                            cost = (_processor_time(pid) - before) / (CONNECTIONS * TRIPS)
                            costs.setdefault((kind, name), []).append(cost)
    median = {key: statistics.median(found) for key, found in rates.items()}
    return {
        kind: {
            "without_per_s": round(median[kind, "plain"]),
            "with_per_s": round(median[kind, "hot"]),
            "ratio": round(statistics.median(_ratios(rates[kind, "hot"], rates[kind, "plain"])), 3),
            "cpu_us": {name: round(statistics.median(costs[kind, name]) * 1e6, 2) for name in ("plain", "hot")},
            "cpu_us_best": {name: round(min(costs[kind, name]) * 1e6, 2) for name in ("plain", "hot")},
        }
        for kind in ("websocket", "http")
    }


def _processor_time(pid: int) -> float:
    """Seconds that the process's main thread has run; 0.0 where the system doesn't tell."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def _ratios(ones: list[float], others: list[float]) -> list[float]:
    return [one / other for one, other in zip(ones, others, strict=True)]


async def _rate(trips: Any, port: int) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(trips(port) for _ in range(CONNECTIONS)))
    return CONNECTIONS * TRIPS / (time.perf_counter() - began)


async def _websocket(port: int) -> None:
    async with connect(f"ws://127.0.0.1:{port}/ws", compression=None) as ws:
        for number in range(TRIPS):
            await ws.send(str(number))
            assert await ws.recv() == str(number)


async def _http(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(TRIPS):
        writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert await reader.readexactly(5) == b"hello"
    writer.close()
    await writer.wait_closed()


@asynccontextmanager
async def _server(folder: str, name: str) -> AsyncIterator[tuple[int, int]]:
    """Its port, and its pid."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {**os.environ, "FLYHOT_RUNTIME_DIR": f"{folder}/rt", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "uvicorn", f"main:{name}", "--port", str(port), "--log-level", "error"]
    process = await asyncio.create_subprocess_exec(*command, "--no-access-log", cwd=f"{folder}/app", env=environment)
    try:
        await _until_up(port)
        yield port, process.pid
    finally:
        process.terminate()
        await process.wait()


async def _until_up(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)  # nothing tells us when a port opens
            else:
                writer.close()
                return
