"""Gates: messages are held, and none is lost, doubled or reordered, whatever the application does to its
receive()."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from flyhot_asgi.session import Gate, Valve
from flyhot_asgi.types import Message
from tests.asgi.session.fakes import Wire, numbered, say_all, turn


def gate_on(wire: Wire, valve: Valve) -> Gate:
    return Gate(wire.queue.get, wire.send, valve)


async def test_an_open_valve_lets_messages_through_in_order() -> None:
    wire = Wire()
    gate = gate_on(wire, Valve())
    say_all(wire, numbered(5))
    assert [(await gate.receive())["text"] for _ in range(5)] == numbered(5)


async def test_a_closed_valve_leaves_messages_in_the_server() -> None:
    wire, valve = Wire(), Valve()
    gate = gate_on(wire, valve)
    valve.close()
    say_all(wire, numbered(3))
    task = asyncio.create_task(gate.receive())
    await turn()
    assert (task.done(), wire.queue.qsize(), gate.has_message, gate.parked) == (False, 3, False, True)
    valve.open()
    assert (await task)["text"] == "0"


async def test_at_most_one_message_is_taken_in_hand_while_closed() -> None:
    wire, valve = Wire(), Valve()
    gate = gate_on(wire, valve)
    task = asyncio.create_task(gate.receive())
    await turn()
    valve.close()
    say_all(wire, numbered(3))
    await turn()
    assert (task.done(), wire.queue.qsize(), gate.has_message, gate.parked) == (False, 2, True, True)
    valve.open()
    assert [(await task)["text"], (await gate.receive())["text"]] == ["0", "1"]


async def test_the_application_is_no_longer_parked_in_the_very_step_in_which_it_gets_its_message() -> None:
    wire, valve = Wire(), Valve()
    gate = gate_on(wire, valve)
    seen: list[bool] = []

    async def application() -> None:
        for _ in range(3):
            await gate.receive()
            seen.append(gate.parked)

    task = asyncio.create_task(application())
    await turn()
    assert gate.parked
    wire.says("calm")
    await turn()
    valve.close()
    wire.says("into the hand")
    await turn()
    valve.open()
    await turn()
    valve.close()
    wire.says("in the server")
    await turn()
    valve.open()
    await task
    assert seen == [False, False, False]


async def test_a_message_in_hand_waits_for_the_next_receive_when_this_one_is_cancelled() -> None:
    wire, valve = Wire(), Valve()
    gate = gate_on(wire, valve)
    task = asyncio.create_task(gate.receive())
    await turn()
    valve.close()
    say_all(wire, numbered(2))
    await turn()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (gate.parked, gate.has_message) == (False, True)
    valve.open()
    assert [(await gate.receive())["text"] for _ in range(2)] == numbered(2)


async def test_wait_for_around_receive_loses_nothing_over_many_holds() -> None:
    """`asyncio.wait_for` runs receive() in a task of its own in 3.11, and cancels that."""
    wire, valve = Wire(), Valve()
    gate = gate_on(wire, valve)
    got: list[str] = []

    async def application() -> None:
        while len(got) < 300:
            try:
                got.append((await asyncio.wait_for(gate.receive(), 0.0005))["text"])
            except TimeoutError:
                continue

    async def holds() -> None:
        while len(got) < 300:
            valve.close()
            await asyncio.sleep(0.001)
            valve.open()
            await asyncio.sleep(0.001)

    async def client() -> None:
        for text in numbered(300):
            wire.says(text)
            await asyncio.sleep(0.0002)

    await asyncio.gather(application(), holds(), client())
    assert got == numbered(300)


async def test_receivers_in_two_tasks_get_the_messages_in_the_order_in_which_they_asked() -> None:
    wire, valve = Wire(), Valve()
    gate = gate_on(wire, valve)
    tasks = [asyncio.create_task(gate.receive()) for _ in range(4)]
    await turn()
    valve.close()
    say_all(wire, numbered(4))
    await turn()
    assert wire.queue.qsize() == 3
    tasks[1].cancel()
    await turn()
    valve.open()
    assert [(await tasks[each])["text"] for each in (0, 2, 3)] == ["0", "1", "2"]
    assert (await gate.receive())["text"] == "3"


async def test_a_task_at_work_is_seen_though_another_one_is_parked() -> None:
    wire, valve = Wire(), Valve()
    gate = gate_on(wire, valve)
    working, may_go_on = asyncio.Event(), asyncio.Event()

    async def worker() -> None:
        await gate.receive()
        working.set()
        await may_go_on.wait()
        await gate.receive()

    task = asyncio.create_task(worker())
    await turn()
    other = asyncio.create_task(gate.receive())
    await turn()
    wire.says("work")
    await working.wait()
    assert not gate.parked
    may_go_on.set()
    await turn()
    assert gate.parked
    for each in (task, other):
        each.cancel()
    await asyncio.gather(task, other, return_exceptions=True)


async def test_a_disconnect_in_the_hold_is_delivered_after_it_once() -> None:
    wire, valve = Wire(), Valve()
    gate = gate_on(wire, valve)
    task = asyncio.create_task(gate.receive())
    await turn()
    valve.close()
    wire.leaves()
    await turn()
    assert not task.done()
    valve.open()
    assert (await task)["type"] == "websocket.disconnect"
    assert (gate.has_message, wire.queue.empty()) == (False, True)


async def test_an_error_of_the_servers_receive_comes_through_and_the_gate_stays_usable() -> None:
    answers: list[object] = [RuntimeError("gone"), {"type": "websocket.disconnect"}]

    async def receive() -> Message:
        answer = answers.pop(0)
        if isinstance(answer, RuntimeError):
            raise answer
        assert isinstance(answer, dict)
        return answer

    gate = Gate(receive, Wire().send, Valve())
    with pytest.raises(RuntimeError, match="gone"):
        await gate.receive()
    assert not gate.parked
    assert (await gate.receive())["type"] == "websocket.disconnect"


async def test_sends_pass_a_closed_valve_until_we_close_the_connection() -> None:
    wire, valve = Wire(), Valve()
    gate = gate_on(wire, valve)
    valve.close()
    await gate.send({"type": "websocket.accept"})
    await gate.send({"type": "websocket.send", "text": "hi"})
    assert wire.texts == ["hi"]
    await gate.close(1012)
    await gate.close(1012)
    await gate.send({"type": "websocket.close"})
    with pytest.raises(OSError, match="has closed this connection"):
        await gate.send({"type": "websocket.send", "text": "too late"})
    assert [message["type"] for message in wire.sent].count("websocket.close") == 1


async def test_one_that_the_application_has_closed_is_closed_already() -> None:
    """Each server has an error of its own for a second close."""

    async def send(message: Message) -> None:
        if closed:
            raise RuntimeError("unexpected message")
        closed.append(message)

    closed: list[Message] = []
    gate = Gate(Wire().queue.get, send, Valve())
    await gate.send({"type": "websocket.close"})
    await gate.close(1012)
    assert len(closed) == 1


async def test_from_a_stir_until_the_watcher_runs_nothing_goes_by_unnoticed() -> None:
    valve = Valve()
    watcher = asyncio.create_task(valve.stirred())
    await turn()
    valve.stir()
    assert not valve.calm
    await watcher
    assert valve.calm


async def test_a_valve_that_closes_again_at_once_lets_nobody_slip_through() -> None:
    valve = Valve()
    valve.close()
    waiting = asyncio.create_task(valve.opened())
    await turn()
    valve.open()
    valve.close()
    await turn()
    assert not waiting.done()
    valve.open()
    await waiting


async def test_a_watcher_makes_the_gates_tell_and_calm_returns_after_it() -> None:
    wire, valve = Wire(), Valve()
    gate = gate_on(wire, valve)
    watcher = asyncio.create_task(valve.stirred())
    await turn()
    assert not valve.calm
    task = asyncio.create_task(gate.receive())
    await watcher
    assert (valve.calm, gate.parks) == (True, 1)
    cancelled = asyncio.create_task(valve.stirred())
    await turn()
    cancelled.cancel()
    await turn()
    assert valve.calm
    wire.says("x")
    await task


class GateMachine(RuleBasedStateMachine):
    """Random messages, holds, receivers and cancellations, in any order, with the loop turned any number of
    times."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.wire, self.valve = Wire(), Valve()
        self.gate = Gate(self.wire.queue.get, self.wire.send, self.valve)
        self.sent: list[str] = []
        self.got: list[str] = []
        self.got_when_closed = 0
        self.receivers: list[asyncio.Task[None]] = []
        self.left = False

    def turn(self, times: int) -> None:
        self.loop.run_until_complete(turn(times))
        self.receivers = [task for task in self.receivers if not task.done()]

    async def receive_once(self, nested: bool) -> None:
        await (asyncio.wait_for(self.take(), 60) if nested else self.take())

    async def take(self) -> None:
        message = await self.gate.receive()
        self.got.append(message.get("text", "disconnect"))

    @rule(nested=st.booleans())
    def start_receiver(self, nested: bool) -> None:
        if len(self.receivers) < 3:
            self.receivers.append(self.loop.create_task(self.receive_once(nested)))

    @rule(count=st.integers(1, 3))
    def client_says(self, count: int) -> None:
        for _ in range(0 if self.left else count):
            self.sent.append(str(len(self.sent)))
            self.wire.says(self.sent[-1])

    @rule()
    def client_leaves(self) -> None:
        if not self.left:
            self.left = True
            self.sent.append("disconnect")
            self.wire.leaves()

    @rule(which=st.integers(0, 2))
    def cancel_a_receiver(self, which: int) -> None:
        if which < len(self.receivers):
            self.receivers[which].cancel()

    @rule()
    def close(self) -> None:
        self.turn(5)  # what was let through before is handed out
        self.valve.close()
        self.got_when_closed = len(self.got)

    @precondition(lambda self: not self.valve.is_open)
    @rule()
    def open(self) -> None:
        self.valve.open()

    @rule(times=st.integers(1, 5))
    def let_the_loop_turn(self, times: int) -> None:
        self.turn(times)

    @invariant()
    def nothing_lost_doubled_or_reordered(self) -> None:
        assert self.got == self.sent[: len(self.got)]
        on_the_way = len(self.sent) - len(self.got) - self.wire.queue.qsize()
        assert on_the_way in (0, 1, 2, 3)

    @invariant()
    def nothing_comes_through_a_closed_valve(self) -> None:
        if not self.valve.is_open:
            assert len(self.got) == self.got_when_closed

    def teardown(self) -> None:
        try:
            self.valve.open()
            self.turn(10)
            for task in self.receivers:
                task.cancel()
            self.turn(10)
            assert not self.gate.parked
            while len(self.got) < len(self.sent):
                self.loop.run_until_complete(asyncio.wait_for(self.receive_once(False), 5))
            assert self.got == self.sent
            assert (self.wire.queue.qsize(), self.gate.has_message) == (0, False)
        finally:
            self.loop.close()


GateMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestGateMachine = GateMachine.TestCase
