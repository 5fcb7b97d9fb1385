"""Handlers under a hold: at their mailbox, answering who is at work, never a deadlock, migrated with the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi import ServerRef, StatefulHandler
from flyhot_asgi.errors import CallTimeout
from flyhot_asgi.session import Hold, Session, SessionsBusy
from flyhot_asgi.session.actor import homes
from flyhot_asgi.session.migrate import migrate
from tests.asgi.session.fakes import Server, turn


class Room(StatefulHandler):
    async def init(self, *peers: ServerRef) -> None:
        self.state = {"seen": [], "peers": peers}

    async def handle_call(self, request: Any) -> Any:
        self.state["seen"].append(request)
        if request == "ask the next":
            return await self.state["peers"][0].call("hello", timeout=1)
        if isinstance(request, asyncio.Event):
            await request.wait()
        return f"{request}!"

    async def handle_cast(self, message: Any) -> None:
        self.state["seen"].append(message)
        if isinstance(message, asyncio.Event):
            await message.wait()

    async def handle_info(self, message: Any) -> None:
        self.state["seen"].append(message)


class Undo:
    def note(self, what: str, undo: Any) -> None:
        return


@pytest.fixture
async def home(server: Server) -> AsyncIterator[Server]:
    homes.open(Path(__file__).parent, server.registry)
    yield server
    server.registry.valve.open()
    await server.registry.shut_down()


def seen(ref: ServerRef) -> list[Any]:
    instance = ref._server.instance
    assert instance is not None
    found: list[Any] = instance.state["seen"]
    return found


async def test_a_held_handler_takes_nothing_and_loses_nothing(home: Server) -> None:
    ref = await Room.start()
    hold = Hold(home.registry)
    await hold.suspend(timeout=1, http_drain=0)
    ref.info("a")
    await ref.cast("b")
    call = asyncio.create_task(ref.call("c"))
    await turn(20)
    assert seen(ref) == [] and not call.done()
    hold.confirm()
    hold.resume()
    assert await call == "c!" and seen(ref) == ["a", "b", "c"]


async def test_a_caller_waits_within_its_own_timeout(home: Server) -> None:
    ref = await Room.start()
    hold = Hold(home.registry)
    await hold.suspend(timeout=1, http_drain=0)
    with pytest.raises(CallTimeout, match="held by an upgrade"):
        await ref.call("late", timeout=0.02)
    hold.resume()
    assert await ref.call("next") == "next!" and seen(ref) == ["next"]


async def test_who_is_at_work_is_answered_while_the_hold_gathers(home: Server) -> None:
    """FlyDeploy's callers die here: A waits for B, which is suspended."""
    ref = await Room.start()

    async def ask(session: Session) -> None:
        while (message := await session.gate.receive())["type"] != "websocket.disconnect":
            await asyncio.sleep(0.01)  # the valve closes meanwhile
            answer = await ref.call(message["text"], timeout=1)
            await session.gate.send({"type": "websocket.send", "text": answer})

    wires = [home.connect(ask) for _ in range(5)]
    await turn()
    for number, wire in enumerate(wires):
        wire.says(str(number))
    await turn()
    hold = Hold(home.registry)
    report = await hold.suspend(timeout=2, http_drain=0)
    assert report.rounds == 1, "nobody had to be let go on for it"
    assert [wire.texts for wire in wires] == [[f"{n}!"] for n in range(5)]
    hold.resume()


async def test_handlers_that_call_each_other_come_to_their_boundaries(home: Server) -> None:
    last = await Room.start()
    middle = await Room.start(last)
    gate = asyncio.Event()
    blocked = asyncio.create_task(last.call(gate))
    await turn()
    asking = asyncio.create_task(middle.call("ask the next"))
    await turn()
    hold = Hold(home.registry)
    holding = asyncio.create_task(hold.suspend(timeout=2, http_drain=0))
    await turn()
    gate.set()
    report = await holding
    assert report.rounds == 1 and await asking == "hello!" and (await blocked).endswith("!")
    hold.resume()


async def test_messages_that_nobody_waits_for_do_not_hold_up_a_hold(home: Server) -> None:
    ref = await Room.start()
    stop = asyncio.Event()

    async def flood() -> None:
        while not stop.is_set():
            await ref.cast("x")
            await asyncio.sleep(0)

    flooding = asyncio.create_task(flood())
    await turn()
    hold = Hold(home.registry)
    report = await hold.suspend(timeout=1, http_drain=0)
    assert report.rounds == 1
    before = len(seen(ref))
    await turn(50)
    assert len(seen(ref)) == before
    hold.resume()
    stop.set()
    await flooding


async def test_a_background_task_that_calls_again_and_again_does_not_either(home: Server) -> None:
    ref = await Room.start()
    stop = asyncio.Event()

    async def ask() -> None:
        while not stop.is_set():
            await ref.call("x", timeout=5)

    asking = [asyncio.create_task(ask()) for _ in range(20)]
    await turn()
    hold = Hold(home.registry)
    report = await hold.suspend(timeout=1, http_drain=0)
    assert report.rounds == 1
    hold.resume()
    stop.set()
    await asyncio.gather(*asking)


async def test_a_handler_that_is_stuck_is_named_with_its_line(home: Server) -> None:
    ref = await Room.start()
    await ref.cast(asyncio.Event())
    await turn()
    hold = Hold(home.registry)
    with pytest.raises(SessionsBusy, match=r"Room-\d+ .*awaits at .*test_held.py:\d+ in Room.handle_cast") as caught:
        await hold.suspend(timeout=0.1, http_drain=0)
    [busy] = caught.value.busy
    assert busy.handler == "Room" and home.registry.valve.is_open


async def test_its_state_is_migrated_and_upgraded_runs_before_the_next_message(home: Server) -> None:
    ref = await Room.start()
    await ref.call("a")
    order: list[Any] = []

    class Newer(Room):
        def code_change(self, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
            return {**state, "seen": [*state["seen"], f"from {old_vsn}"]}

        async def upgraded(self, old_vsn: str) -> None:
            order.append(("upgraded", old_vsn, list(self.state["seen"])))
            raise RuntimeError("and fails")

    hold = Hold(home.registry)
    await hold.suspend(timeout=1, http_drain=0)
    call = asyncio.create_task(ref.call("b"))
    await turn()
    instance = ref._server.instance
    assert instance is not None
    instance.__class__ = ref._server.handler_class = Newer
    [unit] = home.registry.units()
    vsns = {"old_vsn": lambda cls: "1", "new_vsn": lambda cls: "2"}
    report = migrate([unit], direction="up", extra={}, undo=Undo(), **vsns)  # type: ignore[arg-type]
    assert report.migrated == 1
    unit.resumed("r2", True)
    hold.resume()
    assert await call == "b!"
    assert order == [("upgraded", "1", ["a", "from 1"])] and seen(ref) == ["a", "from 1", "b"]
    assert any("and fails" in report for report in home.registry.reports)


async def test_one_that_started_before_its_application_moves_in(server: Server) -> None:
    ref = await Room.start()
    assert server.registry.actors == ()
    homes.open(Path(__file__).parent, server.registry)
    assert [actor.id for actor in server.registry.actors] == [ref._server.id]
    hold = Hold(server.registry)
    await hold.suspend(timeout=1, http_drain=0)
    ref.info("a")
    await turn()
    assert seen(ref) == []
    hold.resume()
    assert await ref.call("b") == "b!"
    await server.registry.shut_down()
    assert not ref.alive and server.registry.actors == ()


async def test_another_applications_handler_is_not_held(server: Server, tmp_path: Path) -> None:
    other = Server()
    homes.open(tmp_path, other.registry)
    homes.open(Path(__file__).parent, server.registry)
    ref = await Room.start()
    assert len(server.registry.actors) == 1 and other.registry.actors == ()
    hold = Hold(other.registry)
    await hold.suspend(timeout=1, http_drain=0)
    assert await ref.call("free") == "free!"
    hold.resume()
    await server.registry.shut_down()


async def test_one_that_starts_anew_during_a_hold_does_so_afterwards(
    home: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Its `init` would be work of the old release, with nobody waiting for it."""
    ref = await Room.start()
    hold = Hold(home.registry)
    await hold.suspend(timeout=1, http_drain=0)
    starting = asyncio.create_task(Room.start(name="new"))
    await turn(20)
    assert not starting.done()
    hold.confirm()
    hold.resume()
    assert await (await starting).call("x") == "x!"
    assert ref.alive


async def test_all_end_in_reverse_order(home: Server) -> None:
    ended: list[str] = []

    class Ending(Room):
        async def init(self, name: str) -> None:  # type: ignore[override]
            self.state = {"seen": [], "name": name}

        async def terminate(self, reason: str | BaseException) -> None:
            ended.append(f"{self.state['name']} {reason}")

    for name in "abc":
        await Ending.start(name)
    await home.registry.shut_down()
    assert ended == ["c shutdown", "b shutdown", "a shutdown"]
