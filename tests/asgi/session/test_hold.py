"""The hold: every session at its boundary, or nobody held."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from flyhot_asgi.errors import ProtocolError, SuspendTimeout
from flyhot_asgi.session import Hold, Session, SessionsBusy
from tests.asgi.memory import in_flight
from tests.asgi.session.fakes import Server, Wire, echo, numbered, say_all, turn


@pytest.fixture
async def hold(server: Server) -> AsyncIterator[Hold]:
    made = Hold(server.registry)
    yield made
    made.resume()


async def suspend(hold: Hold, timeout: float = 5.0) -> None:  # noqa: ASYNC109
    await hold.suspend(timeout=timeout, http_drain=0.0)


async def test_idle_sessions_are_held_at_once_and_get_their_messages_in_order_afterwards(
    server: Server, hold: Hold
) -> None:
    wires = [server.connect(echo) for _ in range(3)]
    await turn()
    report = await hold.suspend(timeout=1, http_drain=0)
    assert (report.sessions, report.rounds, report.requests, hold.held) == (3, 1, (), True)
    for wire in wires:
        say_all(wire, numbered(10))
    await turn()
    assert [wire.texts for wire in wires] == [[], [], []]
    hold.resume()
    await turn(30)
    assert [wire.texts for wire in wires] == [numbered(10)] * 3
    assert not hold.held


async def test_a_handler_at_work_is_waited_for_and_is_quiescent_when_suspend_returns(
    server: Server, hold: Hold
) -> None:
    may_finish = asyncio.Event()

    async def slow(session: Session) -> None:
        await session.gate.receive()
        await may_finish.wait()
        await session.gate.receive()

    wire = server.connect(slow)
    wire.says("work")
    await turn()
    suspending = asyncio.create_task(suspend(hold))
    await turn()
    assert not suspending.done()
    may_finish.set()
    await suspending
    assert server.registry.all_quiescent()


async def test_sessions_that_wait_for_each_other_are_gathered_all_the_same(server: Server, hold: Hold) -> None:
    """A's handler awaits an answer that B's handler gives when B gets its message; B is parked when the hold
    begins."""
    answers: asyncio.Queue[str] = asyncio.Queue()
    got: list[str] = []

    async def asker(session: Session) -> None:
        await session.gate.receive()
        got.append(await answers.get())
        await session.gate.receive()

    async def answerer(session: Session) -> None:
        message = await session.gate.receive()
        answers.put_nowait(message["text"])
        await session.gate.receive()

    a, b = server.connect(asker), server.connect(answerer)
    a.says("ask")
    await turn()
    server.registry.valve.close()  # so that B's message comes while it is held
    b.says("the answer")
    await turn()
    report = await hold.suspend(timeout=5, http_drain=0)
    assert got == ["the answer"]
    assert report.rounds == 2


async def test_who_never_comes_back_is_named_with_class_and_line_and_everybody_flows_again(
    server: Server, hold: Hold
) -> None:
    stuck = asyncio.Event()

    async def never_back(session: Session) -> None:
        await session.gate.receive()
        await stuck.wait()

    other, wire = server.connect(echo), server.connect(never_back, path="/stuck")
    wire.says("go")
    await turn()
    with pytest.raises(SuspendTimeout) as caught:
        await suspend(hold, timeout=0.12)
    error = caught.value
    assert isinstance(error, SessionsBusy)
    (busy,) = error.busy
    line = never_back.__code__.co_firstlineno + 2
    assert (busy.session_id, busy.path, busy.line, error.line) == ("ws-2", "/stuck", line, line)
    assert busy.file == error.file == __file__
    assert busy.function is not None and busy.function.endswith("never_back")
    assert 0.1 < busy.seconds < 5
    assert "ws-2 /stuck" in str(error) and "the old code still serves" in str(error)
    assert "on_busy" in str(error.do)
    assert (hold.held, server.registry.valve.is_open) == (False, True)
    other.says("hello")
    await turn()
    assert other.texts == ["hello"]


async def test_a_session_that_ends_in_the_hold_leaves_the_set(server: Server, hold: Hold) -> None:
    end = asyncio.Event()

    async def ends(session: Session) -> None:
        await session.gate.receive()
        await end.wait()

    wire = server.connect(ends)
    wire.says("go")
    await turn()
    suspending = asyncio.create_task(suspend(hold))
    await turn()
    end.set()
    await suspending
    assert server.registry.sessions == ()


async def test_a_disconnect_in_the_hold_is_delivered_after_it(server: Server, hold: Hold) -> None:
    left: list[bool] = []

    async def handler(session: Session) -> None:
        await echo(session)
        left.append(hold.held)

    wire = server.connect(handler)
    await turn()
    await suspend(hold)
    wire.says("last words")
    wire.leaves()
    await turn()
    assert left == []
    hold.resume()
    await turn()
    assert (wire.texts, left, server.registry.sessions) == (["last words"], [False], ())


async def test_connections_and_requests_that_come_in_the_hold_wait(server: Server, hold: Hold) -> None:
    await suspend(hold)
    wire = server.connect(echo)
    begun = asyncio.Event()

    async def request() -> None:
        async with in_flight(server.registry, {"type": "http", "method": "GET", "path": "/"}):
            begun.set()

    task = asyncio.create_task(request())
    wire.says("early")
    await turn()
    assert (server.registry.sessions, server.registry.requests, begun.is_set()) == ((), (), False)
    hold.resume()
    await task
    await turn()
    assert wire.texts == ["early"]


async def test_a_request_in_flight_is_drained(server: Server, hold: Hold) -> None:
    may_finish, done = asyncio.Event(), asyncio.Event()

    async def request() -> None:
        async with in_flight(server.registry, {"type": "http", "method": "GET", "path": "/slow"}):
            await may_finish.wait()
            done.set()

    task = asyncio.create_task(request())
    await turn()
    suspending = asyncio.create_task(hold.suspend(timeout=5, http_drain=3))
    await turn()
    may_finish.set()
    assert (await suspending).requests == ()
    assert done.is_set()
    await task


async def test_a_request_beyond_its_drain_is_listed_not_waited_for(server: Server, hold: Hold) -> None:
    may_finish = asyncio.Event()

    async def stream() -> None:
        async with in_flight(server.registry, {"type": "http", "method": "GET", "path": "/stream"}):
            await may_finish.wait()

    task = asyncio.create_task(stream())
    await turn()
    report = await hold.suspend(timeout=5, http_drain=0.02)
    assert [str(request) for request in report.requests] == ["GET /stream"]
    assert report.seconds < 1
    may_finish.set()
    await task


async def test_cancelling_suspend_opens_the_valve(server: Server, hold: Hold) -> None:
    async def never_back(session: Session) -> None:
        await session.gate.receive()
        await asyncio.Event().wait()

    server.connect(never_back).says("go")
    await turn()
    suspending = asyncio.create_task(suspend(hold))
    await turn()
    assert not server.registry.valve.is_open
    suspending.cancel()
    await asyncio.gather(suspending, return_exceptions=True)
    assert (suspending.cancelled(), server.registry.valve.is_open, server.registry.valve.calm) == (True, True, True)


async def test_a_second_suspend_while_one_is_under_way_is_a_programming_error(server: Server, hold: Hold) -> None:
    await suspend(hold)
    with pytest.raises(ProtocolError):
        await suspend(hold)
    assert hold.held


async def test_a_hold_can_be_used_again(server: Server, hold: Hold) -> None:
    wire = server.connect(echo)
    await turn()
    for number in range(3):
        await suspend(hold)
        wire.says(str(number))
        hold.resume()
        hold.resume()  # idempotent
        await turn()
    assert wire.texts == numbered(3)


async def test_the_watchdog_opens_the_valve_of_an_owner_that_vanished(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    hold = Hold(server.registry, max_hold=0.02)
    wire = server.connect(echo)
    await turn()
    with caplog.at_level(logging.ERROR, "flyhot.hold"):
        await suspend(hold)
        wire.says("freed")
        await asyncio.wait_for(server.registry.valve.opened(), 5)
    await turn()
    assert (wire.texts, hold.held) == (["freed"], False)
    assert "nobody resumed them" in caplog.text
    with pytest.raises(SuspendTimeout, match="watchdog"):
        hold.confirm()


async def test_a_timeout_of_the_applications_own_is_noticed_before_the_code_is_touched(
    server: Server, hold: Hold
) -> None:
    """`wait_for(receive())` ends during the hold: the handler is at work again, and comes back after a
    while."""
    timed_out, may_go_on = asyncio.Event(), asyncio.Event()

    async def impatient(session: Session) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(session.gate.receive(), 0.02)
        timed_out.set()
        await may_go_on.wait()
        await session.gate.receive()

    wire = server.connect(impatient)
    await turn()
    await suspend(hold)
    hold.confirm()
    wire.says("kept")
    await timed_out.wait()
    with pytest.raises(SuspendTimeout):
        hold.confirm()
    settling = asyncio.create_task(hold.settle(timeout=5))
    await turn()
    assert (settling.done(), hold.held) == (False, True)
    may_go_on.set()
    await settling
    hold.confirm()


async def test_settle_gives_up_and_leaves_the_hold_to_its_owner(server: Server, hold: Hold) -> None:
    async def impatient(session: Session) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(session.gate.receive(), 0.01)
        await asyncio.Event().wait()

    server.connect(impatient)
    await turn()
    await suspend(hold)
    with pytest.raises(SuspendTimeout):
        while True:
            await hold.settle(timeout=0.02)
            await asyncio.sleep(0.005)
    assert hold.held


async def test_work_outside_of_receive_counts_and_waits(server: Server, hold: Hold) -> None:
    may_finish, entered_in_hold = asyncio.Event(), asyncio.Event()

    async def handler(session: Session) -> None:
        async def body() -> None:
            async with session.working():
                await may_finish.wait()

        async def later() -> None:
            async with session.working():
                entered_in_hold.set()

        server.tasks.append(asyncio.create_task(body()))
        await asyncio.sleep(0)
        await session.gate.receive()
        server.tasks.append(asyncio.create_task(later()))
        await session.gate.receive()

    wire = server.connect(handler)
    await turn()
    (session,) = server.registry.sessions
    assert (session.gate.parked, session.quiescent) == (True, False)
    suspending = asyncio.create_task(suspend(hold))
    await turn()
    assert not suspending.done()
    may_finish.set()
    await suspending
    server.registry.valve.open()
    wire.says("start the later one")
    await turn()
    assert entered_in_hold.is_set()


async def test_two_hundred_streaming_clients_are_held_within_a_window_and_lose_nothing(
    server: Server, hold: Hold
) -> None:
    async def handler(session: Session) -> None:
        while (message := await session.gate.receive())["type"] != "websocket.disconnect":
            await asyncio.sleep(0.0005)
            await session.gate.send({"type": "websocket.send", "text": message["text"]})

    wires = [server.connect(handler) for _ in range(200)]
    counts = [0] * 200
    stop = asyncio.Event()

    async def stream(number: int, wire: Wire) -> None:
        while not stop.is_set():
            wire.says(str(counts[number]))
            counts[number] += 1
            await asyncio.sleep(0.002)

    streams = [asyncio.create_task(stream(*each)) for each in enumerate(wires)]
    await asyncio.sleep(0.05)
    for _ in range(5):
        report = await hold.suspend(timeout=5, http_drain=0)
        assert server.registry.all_quiescent()
        assert report.rounds <= 2
        hold.resume()
        await asyncio.sleep(0.01)
    stop.set()
    await asyncio.gather(*streams)
    for wire in wires:
        wire.leaves()
    await asyncio.gather(*server.tasks)
    assert [wire.texts for wire in wires] == [numbered(count) for count in counts]
