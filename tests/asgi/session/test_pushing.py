"""Websockets that only send: no hold waits for their `receive()`, and nothing that they send in it is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio.to_thread
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyhot_asgi.session import Gate, Hold, SessionsBusy, Valve, pinning
from tests.asgi.session.fakes import Server, Wire, numbered, turn

CONNECT = {"type": "websocket.connect"}


@pytest.fixture
async def hold(server: Server) -> AsyncIterator[Hold]:
    made = Hold(server.registry)
    yield made
    made.resume()


def says(text: str) -> dict[str, Any]:
    return {"type": "websocket.send", "text": text}


class Feed:
    """An application that takes the connection, and sends what it is told to."""

    def __init__(self, *, asks_first: bool = False, between: Callable[[], Awaitable[object]] | None = None) -> None:
        self.words: asyncio.Queue[str] = asyncio.Queue()
        self.asks_first = asks_first
        self.between = between

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        if self.asks_first:
            await receive()
        while (word := await self.words.get()) != "listen":
            if word == "between" and self.between is not None:
                await self.between()
            await send(says(word))
        while True:
            await send(says((await receive()).get("text", "")))

    def tells(self, *words: str) -> None:
        for word in words:
            self.words.put_nowait(word)


async def suspend(hold: Hold, timeout: float = 0.2, on_busy: Any = "abort") -> Any:  # noqa: ASYNC109
    return await hold.suspend(timeout=timeout, http_drain=0.0, on_busy=on_busy)


async def test_who_only_sends_is_held_at_once_and_its_words_come_in_order_afterwards(
    server: Server, hold: Hold
) -> None:
    feed = Feed()
    wire = server.connect_app(feed)
    feed.tells("a", "b")
    await turn()
    report = await suspend(hold, timeout=5)
    assert (report.sessions, report.rounds) == (1, 1)
    feed.tells("c", "d")
    await turn(50)
    assert wire.texts == ["a", "b"]
    hold.resume()
    await turn(50)
    assert wire.texts == ["a", "b", "c", "d"]


async def test_who_has_said_no_more_than_a_greeting_is_still_waited_for(server: Server, hold: Hold) -> None:
    feed = Feed()
    server.connect_app(feed)
    feed.tells("hello")
    await turn()
    with pytest.raises(SessionsBusy):
        await suspend(hold)


async def test_who_begins_to_send_while_it_is_waited_for_is_held_then(server: Server, hold: Hold) -> None:
    feed = Feed()
    wire = server.connect_app(feed)
    await turn()
    gathering = asyncio.create_task(suspend(hold, timeout=5))
    await turn()
    feed.tells("a", "b", "c")
    await asyncio.wait_for(gathering, 1)
    assert len(wire.texts) <= 2
    hold.resume()
    await turn(50)
    assert wire.texts == ["a", "b", "c"]


async def test_once_it_has_asked_for_a_message_it_is_waited_for_like_any_other(server: Server, hold: Hold) -> None:
    feed = Feed(asks_first=True)
    wire = server.connect_app(feed)
    wire.says("subscribe")
    feed.tells("a", "b", "c")
    await turn(30)
    assert wire.texts == ["a", "b", "c"]
    with pytest.raises(SessionsBusy):
        await suspend(hold)


async def test_who_listens_after_having_sent_gets_each_message_once(server: Server, hold: Hold) -> None:
    feed = Feed()
    wire = server.connect_app(feed)
    feed.tells("a", "b", "listen")
    await turn(30)
    for text in numbered(3):
        wire.says(text)
    await suspend(hold, timeout=5)
    hold.resume()
    await turn(50)
    assert wire.texts == ["a", "b", *numbered(3)]


@pytest.mark.parametrize("thread", [asyncio.to_thread, anyio.to_thread.run_sync, "loop.run_in_executor"])
async def test_its_work_in_a_thread_is_waited_for(server: Server, hold: Hold, thread: Any) -> None:
    may_end = threading.Event()

    async def compute() -> None:
        if isinstance(thread, str):
            await asyncio.get_running_loop().run_in_executor(None, may_end.wait)
        else:
            await thread(may_end.wait)

    feed = Feed(between=compute)
    wire = server.connect_app(feed)
    feed.tells("a", "b", "between")
    await asyncio.sleep(0.05)
    try:
        with pytest.raises(SessionsBusy):
            await suspend(hold)
        gathering = asyncio.create_task(suspend(hold, timeout=5))
        await turn()
    finally:
        may_end.set()
    await asyncio.wait_for(gathering, 2)
    hold.resume()
    await turn(50)
    assert wire.texts == ["a", "b", "between"]


async def test_a_closing_of_ours_passes_while_its_word_is_held_and_the_word_goes_to_nobody(server: Server) -> None:
    wire, valve = Wire(), Valve()
    gate = Gate(wire.queue.get, wire.send, valve)
    wire.queue.put_nowait(CONNECT)
    await gate.receive()
    for word in ("a", "b"):
        await gate.send(says(word))
    valve.close()
    held = asyncio.ensure_future(gate.send(says("c")))
    await turn()
    await gate.close(1012, "new release")
    assert wire.sent[-1]["type"] == "websocket.close"
    valve.open()
    with pytest.raises(OSError, match="closed"):
        await held
    with pytest.raises(OSError, match="closed"):
        await gate.send(says("d"))
    assert wire.texts == ["a", "b"]


async def test_who_listens_is_asked_nothing_when_it_sends() -> None:
    wire = Wire()
    gate = Gate(wire.queue.get, wire.send, Valve())
    wire.queue.put_nowait(CONNECT)
    wire.says("a")
    await gate.receive()
    assert gate._send != wire.send
    await gate.receive()
    assert gate._send == wire.send


async def test_a_message_taken_before_us_counts_as_one(server: Server, hold: Hold) -> None:
    """Whatever stands outside of the middleware has taken `websocket.connect`."""
    release = asyncio.Event()

    async def handler(session: Any) -> None:
        assert (await session.gate.receive())["type"] == "websocket.receive"
        await session.gate.send(says("a"))
        await session.gate.send(says("b"))
        await release.wait()

    wire = server.connect(handler)
    wire.says("first")
    await turn()
    with pytest.raises(SessionsBusy):
        await suspend(hold)
    release.set()


async def test_under_pin_one_that_goes_on_sending_is_waited_for_only_once(server: Server, hold: Hold) -> None:
    feed = Feed(asks_first=True)
    wire = server.connect_app(feed)
    wire.says("subscribe")
    feed.tells("a", "b")
    await turn(30)

    async def upgrade() -> int:
        report = await suspend(hold, on_busy="pin")
        pinning.confirm(server.registry, {}, lambda: "2", old="1")
        hold.resume()
        return int(report.rounds)

    assert await upgrade() > 1
    assert await upgrade() == 1
    feed.tells("listen")
    wire.says("x")
    await turn(50)
    assert wire.texts == ["a", "b", "x"]
    [session] = server.registry.sessions
    assert not session.waived


@given(st.lists(st.sampled_from(["say", "hold", "resume", "hear", "turn"]), max_size=40))
def test_whatever_happens_each_word_goes_out_once_and_in_order(steps: list[str]) -> None:
    async def run() -> None:
        server = Server()
        feed = Feed()
        wire = server.connect_app(feed)
        valve = server.registry.valve
        said = heard = 0
        for step in steps:
            if step == "say" and not heard:
                feed.tells(f"{said}")
                said += 1
            elif step == "hold":
                valve.close()
            elif step == "resume":
                valve.open()
            elif step == "hear":
                if not heard:
                    feed.tells("listen")
                wire.says(f"h{heard}")
                heard += 1
            await turn(3)
        valve.open()
        await turn(200)
        assert wire.texts == [*numbered(said), *(f"h{n}" for n in range(heard))]
        await server.close()

    asyncio.run(run())
