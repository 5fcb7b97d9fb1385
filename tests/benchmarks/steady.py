"""Steady state under uvicorn on loopback, with and without `HotUpgrade`: round trips a second of echo websockets and of
plain requests on kept connections.

    python -m tests.benchmarks steady

Other work on the machine, and luck in how a process's memory lies, change such figures by more than `HotUpgrade` does.
So three servers run at a time: the app without, the app with, and, as the `control`, the app without once more. They
are asked in turns, in many short slices, and the three are started anew several times (`paired.py` says how the ratios
and their intervals come about). By what the control's ratio is away from 1, that of `with` may be, too:

- `rate`: round trips a second, those with `HotUpgrade` to those without, each with its control;
- `cpu`: the same of what the server's processor time gives (Linux), which other work on the machine hits less;
- `added_us`: how much more processor time a round trip takes, and what the control "added".
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from . import load
from .paired import ratio

SETS = 8
SLICES = 40
CONNECTIONS = 8
TRIPS = 40  # of each connection, in each slice

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
KINDS = {"websocket": load.websocket, "http": load.http}
SERVERS = {"without": "plain", "with": "hot", "control": "plain"}

Slices = dict[tuple[str, str], list[tuple[float, float]]]
"""By kind and server: round trips a second, and round trips a second of the server's processor."""


async def measure(sets: int = SETS, slices: int = SLICES) -> list[dict[str, Any]]:
    found: list[Slices] = []
    with tempfile.TemporaryDirectory(prefix="fh-") as folder:
        (Path(folder) / "app").mkdir()
        (Path(folder) / "app" / "main.py").write_text(SOURCE)
        for number in range(sets):
            found.append(await _set(folder, slices, random.Random(number)))
    return [{"kind": kind, "sets": sets, "slices": slices, **_told(kind, found)} for kind in KINDS]


async def _set(folder: str, slices: int, chance: random.Random) -> Slices:
    """Three servers, their connections open all the while, asked in an order that is drawn for each slice."""
    found: Slices = defaultdict(list)
    async with AsyncExitStack() as stack:
        order = list(SERVERS)
        chance.shuffle(order)
        servers = {name: await stack.enter_async_context(_server(folder, SERVERS[name])) for name in order}
        for kind, connect in KINDS.items():
            open_ = {n: [await connect(port) for _ in range(CONNECTIONS)] for n, (port, _) in servers.items()}
            for number in range(slices + 2):
                chance.shuffle(order)
                for name in order:
                    figures = await _slice(open_[name], servers[name][1])
                    if number >= 2:  # the first ones warm up
                        found[kind, name].append(figures)
            for connection in [one for each in open_.values() for one in each]:
                connection.close()
    return found


async def _slice(connections: list[load.Trips], pid: int) -> tuple[float, float]:
    trips = CONNECTIONS * TRIPS
    ran, began = _processor_time(pid), time.perf_counter()
    async with asyncio.timeout(60):
        await asyncio.gather(*(one.begin(TRIPS) for one in connections))
    took = time.perf_counter() - began
    ran = _processor_time(pid) - ran
    return trips / took, trips / ran if ran > 0 else trips / took


def _told(kind: str, sets: list[Slices]) -> dict[str, Any]:
    def compared(name: str, figure: int) -> dict[str, object]:
        pairs = [
            [(one[figure], other[figure]) for one, other in zip(each[kind, name], each[kind, "without"], strict=True)]
            for each in sets
        ]
        return ratio(pairs).document()

    def median(name: str, figure: int) -> float:
        return statistics.median(one[figure] for each in sets for one in each[kind, name])

    cost = {name: 1e6 / median(name, 1) for name in SERVERS}
    return {
        "rate": {"with": compared("with", 0), "control": compared("control", 0)},
        "cpu": {"with": compared("with", 1), "control": compared("control", 1)},
        "per_s": {name: round(median(name, 0)) for name in SERVERS},
        "cpu_us": {name: round(one, 2) for name, one in cost.items()},
        "added_us": {name: round(cost[name] - cost["without"], 2) for name in ("with", "control")},
    }


def _processor_time(pid: int) -> float:
    """Seconds that the process's main thread has run; 0.0 where the system doesn't tell."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


@asynccontextmanager
async def _server(folder: str, name: str) -> AsyncIterator[tuple[int, int]]:
    """Its port, and its pid."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {**os.environ, "FLYHOT_RUNTIME_DIR": f"{folder}/rt", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "uvicorn", f"main:{name}", "--port", str(port), "--log-level", "error"]
    # A connection waits for its turn, for long if the machine is busy, and answers no pings.
    command += ["--no-access-log", "--timeout-keep-alive", "600", "--ws-ping-interval", "600"]
    process = await asyncio.create_subprocess_exec(*command, cwd=f"{folder}/app", env=environment)
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
