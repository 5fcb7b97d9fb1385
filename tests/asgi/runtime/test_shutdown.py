"""In front of uvicorn's signal handlers: the first signal waits for the drain, the second doesn't."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from flyhot_asgi.runtime.shutdown import GentleShutdown
from tests.asgi.memory import in_flight
from tests.faults.lab import Client, Lab, get, websocket


class FakeServer:
    def __init__(self) -> None:
        self.got: list[int] = []
        self.told = asyncio.Event()

    def handle_exit(self, number: int, frame: Any) -> None:
        self.got.append(number)
        self.told.set()


FakeServer.__module__ = "uvicorn.server"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    before = signal.signal(signal.SIGTERM, fake.handle_exit)
    yield fake
    signal.signal(signal.SIGTERM, before)


async def test_the_signal_comes_after_the_drain_and_a_second_one_at_once(server: FakeServer) -> None:
    drained = asyncio.Event()
    shutdown = GentleShutdown(drained.wait, lambda: True)
    shutdown.install()
    shutdown.install()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0.05)
    assert server.got == []
    os.kill(os.getpid(), signal.SIGTERM)
    assert server.got == [signal.SIGTERM]
    server.told.clear()
    drained.set()
    async with asyncio.timeout(5):
        await server.told.wait()
    assert server.got == [signal.SIGTERM] * 2
    shutdown.remove()
    assert signal.getsignal(signal.SIGTERM) == server.handle_exit


async def test_with_nobody_connected_and_after_a_failed_drain_it_is_passed_on(server: FakeServer) -> None:
    async def fails() -> None:
        raise RuntimeError("no drain")

    for needed in (False, True):
        shutdown = GentleShutdown(fails, lambda needed=needed: needed)  # type: ignore[misc]
        shutdown.install()
        server.told.clear()
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(5):
            await server.told.wait()
        shutdown.remove()
    assert server.got == [signal.SIGTERM] * 2


async def test_handlers_that_are_not_uvicorns_are_left_alone() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    shutdown = GentleShutdown(asyncio.Event().wait, lambda: True)
    shutdown.install()
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
    shutdown.remove()


async def test_a_drained_process_takes_nobody_in(lab: Lab) -> None:
    clients = await lab.connect(3)
    assert lab.process.is_connected
    closed = await lab.process.drain(0.2)
    assert (closed, [client.closed for client in clients]) == (closed, [1012] * 3) and closed >= 3
    late = Client()
    await lab.app(websocket(), late.receive, late.send)
    assert late.closed == 1013
    assert (await lab.get())[0] == 200, "requests are answered until the server ends"


async def test_beyond_the_bound_who_comes_in_a_hold_is_told_to_come_again(lab: Lab) -> None:
    registry = lab.process.registry
    registry.max_waiting = 2
    registry.valve.close()
    waiting = [asyncio.create_task(get(lab.app)) for _ in range(2)]
    await asyncio.sleep(0)
    status, body, headers = await get(lab.app)
    assert (status, headers[b"retry-after"]) == (503, b"1") and b"again" in body
    late = Client()
    await lab.app(websocket(), late.receive, late.send)
    assert late.closed == 1013
    registry.valve.open()
    assert [answer[0] for answer in await asyncio.gather(*waiting)] == [200, 200]
    async with in_flight(registry, {"type": "http", "method": "GET", "path": "/"}):
        assert registry.statistics().http_in_flight == 1
