"""Who is not at its boundary in time: aborted, pinned and caught up, or evicted; each by its class's word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.endpoints import WebSocketEndpoint

from flyhot_asgi.session import Hold, Registry, SessionsBusy, pinning
from flyhot_asgi.session.endpoints import install
from flyhot_asgi.session.migrate import migrate
from flyhot_asgi.session.pins import MOST_BEHIND, MOST_PINNED, Pin
from tests.asgi.session.fakes import Server, Wire, turn

install()


class Undo:
    def note(self, what: str, undo: Any) -> None:
        return


class Chat(WebSocketEndpoint):
    """Says its state; "wait" keeps it busy until `gate` is set."""

    encoding = "text"
    on_busy = "pin"
    gate: asyncio.Event

    async def on_connect(self, websocket: Any) -> None:
        self.trace = ["1"]
        await websocket.accept()

    async def on_receive(self, websocket: Any, data: str) -> None:
        if data == "wait":
            await type(self).gate.wait()
        await websocket.send_text(f"{data} {'-'.join(self.trace)}")


def changes_to(number: int) -> Callable[..., dict[str, Any]]:
    def code_change(self: Any, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
        if extra["direction"] == "down":
            return {**state, "trace": state["trace"][:-1]}
        return {**state, "trace": [*state["trace"], f"{number}"]}

    return code_change


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Chat, "gate", asyncio.Event(), raising=False)
    monkeypatch.setattr(Chat, "on_busy", "pin")
    monkeypatch.setattr(Chat, "code_change", None, raising=False)


def connect(server: Server) -> Wire:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Chat(scope, receive, send)

    return server.connect_app(app)


async def busy(server: Server) -> Wire:
    wire = connect(server)
    wire.says("wait")
    await turn()
    return wire


async def upgrade(
    registry: Registry, number: int, *, direction: str = "up", commit: bool = True, on_busy: str = "abort"
) -> list[str]:
    """From release number-1 to number, or back; returns the lines about pinned sessions."""
    hold = Hold(registry)
    await hold.suspend(timeout=0.06, http_drain=0, on_busy=on_busy)  # type: ignore[arg-type]
    older, newer = (lambda cls: f"{number - 1}"), (lambda cls: f"{number}")
    extra = {"direction": direction}
    lines: list[str] = []
    if direction == "up":
        Chat.code_change = changes_to(number)  # type: ignore[attr-defined]
    pinning.let_in(registry)
    units = registry.units()
    missed = pinning.missed(registry, direction, older, newer, extra)  # type: ignore[arg-type]
    report = migrate(units, direction=direction, old_vsn=older, new_vsn=newer, extra=extra, undo=Undo())  # type: ignore[arg-type]
    if direction == "down":
        Chat.code_change = changes_to(number - 1)  # type: ignore[attr-defined]
    if commit:
        for unit in units:
            unit.resumed(f"r{number}", report.changed(unit))
        lines = pinning.confirm(registry, missed, lambda: f"r{number}", old=f"r{number - 1}")
    hold.resume()
    await turn()
    return lines


async def test_abort_is_what_happens_unless_somebody_says_otherwise(server: Server) -> None:
    Chat.on_busy = None  # type: ignore[assignment]
    await busy(server)
    with pytest.raises(SessionsBusy, match=r"Chat\): busy for .*awaits at .*test_pins.py:\d+ in Chat.on_receive"):
        await upgrade(server.registry, 2)
    assert server.registry.valve.is_open and not server.registry.pins


async def test_one_that_says_abort_outweighs_all_others(server: Server) -> None:
    await busy(server)
    pinned = Chat.on_busy

    class Strict(Chat):
        on_busy = "abort"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Strict(scope, receive, send)

    server.connect_app(app).says("wait")
    await turn()
    assert pinned == "pin"
    with pytest.raises(SessionsBusy):
        await upgrade(server.registry, 2)
    assert not server.registry.pins and server.registry.valve.is_open


async def test_a_pinned_session_is_migrated_before_its_next_message(server: Server) -> None:
    wire, other = await busy(server), connect(server)
    await turn()
    lines = await upgrade(server.registry, 2)
    assert len(lines) == 1 and "Chat.on_receive" in lines[0]
    [pin] = server.registry.pins.values()
    assert pin.confirmed and pin.behind == 1
    other.says("a")
    wire.says("b")
    await turn()
    assert other.texts == ["a 1-2"] and wire.texts == []
    Chat.gate.set()
    await turn()
    assert wire.texts == ["wait 1", "b 1-2"] and not server.registry.pins


async def test_what_it_missed_is_made_up_in_order(server: Server) -> None:
    wire = await busy(server)
    for number in (2, 3, 4):
        assert len(await upgrade(server.registry, number)) == 1
    Chat.gate.set()
    wire.says("b")
    await turn()
    assert wire.texts == ["wait 1", "b 1-2-3-4"]
    await upgrade(server.registry, 5)
    wire.says("c")
    await turn()
    assert wire.texts[-1] == "c 1-2-3-4-5"


async def test_it_is_told_on_which_release_it_is_not_under_which_it_came(server: Server) -> None:
    wire = connect(server)
    await turn()
    await upgrade(server.registry, 2)
    wire.says("wait")
    await turn()
    await upgrade(server.registry, 3)
    await upgrade(server.registry, 4)
    assert [pin.vsn for pin in server.registry.pins.values()] == ["r2"]


async def test_an_upgrade_and_its_rollback_cancel_out(server: Server) -> None:
    wire = await busy(server)
    await upgrade(server.registry, 2)
    await upgrade(server.registry, 3)
    await upgrade(server.registry, 3, direction="down")
    [pin] = server.registry.pins.values()
    assert pin.behind == 1
    await upgrade(server.registry, 2, direction="down")
    assert pin.behind == 0
    Chat.gate.set()
    wire.says("b")
    await turn()
    assert wire.texts == ["wait 1", "b 1"]


async def test_a_failed_upgrade_pins_nobody(server: Server) -> None:
    wire = await busy(server)
    await upgrade(server.registry, 2, commit=False)
    assert not server.registry.pins
    Chat.gate.set()
    wire.says("b")
    await turn()
    assert wire.texts == ["wait 1", "b 1"]


async def test_one_that_cannot_catch_up_is_closed_and_reported(server: Server) -> None:
    wire = await busy(server)
    await upgrade(server.registry, 2)

    def failing(self: Any, old_vsn: str, state: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
        raise KeyError("nope")

    [pin] = server.registry.pins.values()
    [steps] = pin.steps.values()
    object.__setattr__(steps[0], "change", failing)
    Chat.gate.set()
    wire.says("never handled")
    await turn(20)
    assert wire.texts == ["wait 1"]
    assert [message["code"] for message in wire.sent if message["type"] == "websocket.close"] == [1012]
    assert "nope" in server.registry.reports[-1] and not server.registry.pins


async def test_one_that_leaves_is_forgotten(server: Server) -> None:
    await busy(server)
    await upgrade(server.registry, 2)
    assert len(server.registry.pins) == 1
    server.tasks[0].cancel()
    await turn()
    assert not server.registry.pins


async def test_evicted_ones_are_closed_with_1012_and_the_upgrade_goes_on(server: Server) -> None:
    Chat.on_busy = "evict"
    wire, other = await busy(server), connect(server)
    await turn()
    assert await upgrade(server.registry, 2) == []
    assert [message["code"] for message in wire.sent if message["type"] == "websocket.close"] == [1012]
    other.says("a")
    await turn()
    assert other.texts == ["a 1-2"] and len(server.registry.sessions) == 1


async def test_one_that_will_not_go_aborts_the_upgrade(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stubborn(session: Any) -> None:
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if Chat.gate.is_set():
                    raise

    monkeypatch.setattr("flyhot_asgi.session.hold.EVICT_SECONDS", 0.02)
    server.connect(stubborn)
    await turn()
    with pytest.raises(SessionsBusy):
        await upgrade(server.registry, 2, on_busy="evict")
    assert server.registry.valve.is_open
    Chat.gate.set()


async def test_a_session_without_state_is_pinned_for_this_hold_only(server: Server) -> None:
    async def raw(session: Any) -> None:
        await session.gate.receive()
        await Chat.gate.wait()

    server.connect(raw).says("x")
    await turn()
    lines = await upgrade(server.registry, 2, on_busy="pin")
    assert len(lines) == 1 and not server.registry.pins
    Chat.gate.set()


async def test_too_many_pins_or_too_far_behind_is_an_abort(server: Server) -> None:
    await busy(server)
    server.registry.pins["x"] = pin = Pin("x", "x", "", confirmed=True)
    pin.steps[1] = [None] * MOST_BEHIND  # type: ignore[list-item]
    with pytest.raises(SessionsBusy):
        await upgrade(server.registry, 2)
    del server.registry.pins["x"]
    for number in range(MOST_PINNED):
        server.registry.pins[str(number)] = Pin(str(number), "x", "", confirmed=True)
    with pytest.raises(SessionsBusy):
        await upgrade(server.registry, 2)
    server.registry.pins.clear()


async def test_who_comes_to_its_boundary_during_the_hold_takes_part(server: Server) -> None:
    wire = await busy(server)
    hold = Hold(server.registry)
    await hold.suspend(timeout=0.06, http_drain=0)
    assert len(server.registry.pins) == 1 and server.registry.units() == []
    Chat.gate.set()
    await turn()
    pinning.let_in(server.registry)
    assert not server.registry.pins and len(server.registry.units()) == 1
    hold.resume()
    await turn()
    assert wire.texts == ["wait 1"]
