"""Random histories of a hold: whoever says, works, gives up, leaves, suspends, cancels or resumes in whatever order,
each message is handled once and in order, nothing is handled while all are held, and nobody stays held."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from flyhot_asgi.errors import SuspendTimeout
from flyhot_asgi.session import Hold, Session
from tests.asgi.session.fakes import Server, Wire, turn


class Client:
    """A connection and what happened to it. Its handler echoes; "work …" keeps it busy until `free` is set."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.said: list[str] = []
        self.handled: list[str] = []
        self.goodbyes = 0
        self.left = False
        self.free = asyncio.Event()
        self.reading: asyncio.Task[Any] | None = None

    async def handler(self, session: Session) -> None:
        while True:
            self.reading = asyncio.ensure_future(session.gate.receive())
            try:
                message = await self.reading
            except asyncio.CancelledError:
                if self.reading.cancelled() and not asyncio.current_task().cancelling():  # type: ignore[union-attr]
                    continue  # a timeout of its own: it asks again
                raise
            if message["type"] == "websocket.disconnect":
                self.goodbyes += 1
                return
            text = message["text"]
            self.handled.append(text)
            if text.startswith("work"):
                self.free.clear()
                await self.free.wait()


class Holds(RuleBasedStateMachine):
    clients = Bundle("clients")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.server = self.run(self.make())
        self.hold = Hold(self.server.registry)
        self.suspending: asyncio.Task[Any] | None = None
        self.known: list[Client] = []
        self.number = 0
        self.counts: list[int] | None = None

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def make(self) -> Server:
        return Server()

    def settle(self) -> None:
        self.run(turn(20))
        if self.hold.held and self.counts is None and self.suspending is None:
            self.counts = [len(client.handled) for client in self.known]

    @rule(target=clients)
    def connect(self) -> Client:
        async def connected() -> Client:
            client = Client()
            client.wire = self.server.connect(client.handler)
            return client

        client: Client = self.run(connected())
        self.known.append(client)
        if self.counts is not None:
            self.counts.append(0)
        self.settle()
        return client

    @rule(client=clients, work=st.booleans(), many=st.integers(1, 3))
    def say(self, client: Client, work: bool, many: int) -> None:
        for _ in range(many):
            if not client.left:
                self.number += 1
                text = f"{'work' if work else 'say'} {self.number}"
                client.said.append(text)
                client.wire.says(text)
        self.settle()

    @rule(client=clients)
    def finish(self, client: Client) -> None:
        client.free.set()
        self.settle()

    @rule(client=clients)
    def give_up(self, client: Client) -> None:
        """The application's own timeout ends its `receive`; it asks again."""
        if client.reading is not None and not client.reading.done():
            client.reading.cancel()
        self.settle()

    @rule(client=consumes(clients))
    def leave(self, client: Client) -> None:
        client.left = True
        client.wire.leaves()
        self.settle()

    @precondition(lambda self: self.suspending is None and not self.hold.held)
    @rule(hurried=st.booleans())
    def suspend(self, hurried: bool) -> None:
        """`hurried`: no time at all, so that somebody at work makes it fail."""
        work = self.hold.suspend(timeout=0.0 if hurried else 60.0, http_drain=0.0)
        self.suspending = self.loop.create_task(work)
        self.look_at_suspending()

    def look_at_suspending(self) -> None:
        self.run(turn(20))
        task = self.suspending
        if task is not None and task.done():
            self.suspending = None
            if not task.cancelled() and isinstance(task.exception(), SuspendTimeout):
                assert not self.hold.held, "a suspend that failed holds nobody"
            elif not task.cancelled():
                task.result()
                assert self.hold.held
        self.settle()

    @precondition(lambda self: self.suspending is not None)
    @rule()
    def wait(self) -> None:
        self.look_at_suspending()

    @precondition(lambda self: self.suspending is not None)
    @rule()
    def cancel(self) -> None:
        assert self.suspending is not None
        self.suspending.cancel()
        self.look_at_suspending()
        assert self.suspending is None

    @precondition(lambda self: self.hold.held and self.suspending is None)
    @rule()
    def resume(self) -> None:
        self.counts = None
        self.hold.resume()
        assert not self.hold.held and self.server.registry.valve.is_open
        self.settle()

    @invariant()
    def once_and_in_order(self) -> None:
        for client in self.known:
            assert client.handled == client.said[: len(client.handled)]
            assert client.goodbyes <= client.left

    @invariant()
    def nothing_is_handled_while_all_are_held(self) -> None:
        if self.hold.held and self.suspending is None and self.counts is not None:
            assert [len(client.handled) for client in self.known] == self.counts

    def teardown(self) -> None:
        if self.suspending is not None:
            self.suspending.cancel()
            self.run(turn(20))
        self.hold.resume()
        self.run(turn(20))
        for client in self.known:
            for _ in client.said:
                client.free.set()
                self.run(turn(20))
        stuck = [client.said[len(client.handled) :] for client in self.known if client.handled != client.said]
        goodbyes = [client.goodbyes == client.left for client in self.known]
        self.run(self.end())
        self.loop.close()
        assert not stuck, "every message is handled in the end"
        assert all(goodbyes), "everybody who left was told once"

    async def end(self) -> None:
        for task in self.server.tasks:
            task.cancel()
        await asyncio.gather(*self.server.tasks, return_exceptions=True)


TestHolds = Holds.TestCase
TestHolds.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
