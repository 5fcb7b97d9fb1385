"""Gentle closings: everybody is told why, not all at once, and the app's handlers end in order."""

from __future__ import annotations

import asyncio
import time

import pytest

from flyhot_asgi.session import Session
from flyhot_asgi.session.closings import close_gently
from tests.asgi.session.fakes import Server, Wire, echo, turn


def closes(wire: Wire) -> list[int]:
    return [message["code"] for message in wire.sent if message["type"] == "websocket.close"]


async def test_all_are_closed_with_the_code_and_spread_over_the_time(server: Server) -> None:
    wires = [server.connect(echo) for _ in range(60)]
    await turn()
    at: list[float] = []
    for wire in wires:
        wire.sending = lambda message: at.append(time.monotonic()) if message["type"] == "websocket.close" else None
    assert await close_gently(server.registry.sessions, within=10, reason="restarting") == 60
    assert [closes(wire) for wire in wires] == [[1012]] * 60
    assert len(at) == 60 and max(at) - min(at) > 0.05, "60 are closed in a third of a second, not at once"


async def test_few_are_closed_at_once_and_many_within_the_time(server: Server) -> None:
    wires = [server.connect(echo) for _ in range(500)]
    await turn()
    began = time.monotonic()
    assert await close_gently(server.registry.sessions[:3], within=10) == 3
    assert await close_gently([], within=10) == 0
    await close_gently(server.registry.sessions, within=0.2)
    assert time.monotonic() - began < 2
    assert [closes(wire) for wire in wires] == [[1012]] * 500


async def test_an_app_that_sends_on_hears_that_nobody_is_there(server: Server) -> None:
    heard: list[str] = []

    async def talker(session: Session) -> None:
        await session.gate.send({"type": "websocket.accept"})
        try:
            while True:
                await session.gate.send({"type": "websocket.send", "text": "tick"})
                await asyncio.sleep(0)
        except OSError as exc:
            heard.append(str(exc))
            await session.gate.send({"type": "websocket.close"})  # its own good-bye is late, and no second close

    wire = server.connect(talker)
    await turn()
    await close_gently(server.registry.sessions, within=1)
    await turn()
    assert heard == ["the server has closed this connection"]
    assert closes(wire) == [1012] and not server.registry.sessions


async def test_a_client_that_takes_nothing_holds_nobody_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flyhot_asgi.session.closings.SEND_SECONDS", 0.05)
    stuck, gone, fine = (server.connect(echo) for _ in range(3))
    await turn()

    async def never(message: object) -> None:
        await asyncio.Event().wait()

    async def broken(message: object) -> None:
        raise OSError("it has gone")

    first, second, _ = server.registry.sessions
    first.gate._send, second.gate._send = never, broken
    assert await close_gently(server.registry.sessions, within=1) == 3
    assert (closes(stuck), closes(gone), closes(fine)) == ([], [], [1012])
