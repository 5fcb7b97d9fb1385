"""Which connections run old code, and what becomes of them."""

from __future__ import annotations

from pathlib import Path

from flyhot_asgi.session.pins import Pin
from flyhot_asgi.session.stale import close_stale, stale_sessions
from tests.asgi.functions.lab import Module, starlette_app
from tests.asgi.session.fakes import Server, turn

RAW = """
async def raw(ws):
    await ws.accept()
    while True:
        await ws.send_text(answer(await ws.receive_text()))

async def pair(ws):
    await ws.accept()

    async def reader():
        while True:
            await ws.send_text(answer(await ws.receive_text()))

    await asyncio.gather(reader(), asyncio.Event().wait())

async def fresh(ws):
    await ws.accept()
    await ws.receive_text()

def answer(text):
    return "r1 " + text
"""
NEWER = RAW.replace("while True:", "while 1 < 2 + 0 * len(str(ws)):").replace('"r1 "', '"r2 "')


async def test_stale_ones_are_those_whose_own_loop_has_changed(server: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, RAW)
    for name in ("raw", "pair", "fresh"):
        server.connect_app(starlette_app(getattr(module, name)), path=f"/{name}")
    await turn()
    assert await stale_sessions(server.registry) == []
    module.becomes(RAW.replace('"r1 "', '"r2 "'))
    assert await stale_sessions(server.registry) == [], "what they call is new at once"
    module.becomes(NEWER)
    assert [session.path for session in await stale_sessions(server.registry)] == ["/raw", "/pair"]


async def test_they_are_closed_with_1012_and_reported(server: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, RAW)
    wires = [server.connect_app(starlette_app(getattr(module, name))) for name in ("raw", "pair", "fresh")]
    await turn()
    await close_stale(server.registry, within=0.01)
    assert not server.registry.reports
    module.becomes(NEWER)
    await close_stale(server.registry, within=0.01)
    codes = [[message.get("code") for message in wire.sent if message["type"] == "websocket.close"] for wire in wires]
    assert codes == [[1012], [1012], []]
    assert "2 x " in server.registry.reports[-1]


async def test_who_is_pinned_is_left_alone(server: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, RAW)
    server.connect_app(starlette_app(module.raw))
    server.connect_app(starlette_app(module.pair))
    await turn()
    module.becomes(NEWER)
    one, other = server.registry.sessions
    server.registry.pins[one.id] = Pin(one.id, "one", "")
    assert await stale_sessions(server.registry) == [other]
