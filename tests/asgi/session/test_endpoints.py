"""Applications as people write them, behind the gate: Starlette endpoints and functions, FastAPI,
iter_text."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi import WebSocket as FastAPIWebSocket
from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from flyhot_asgi.session import EndpointUnit, Hold
from flyhot_asgi.session.endpoints import install
from tests.asgi.session.fakes import Server, numbered, turn


class Chat(WebSocketEndpoint):
    encoding = "text"

    async def on_connect(self, websocket: WebSocket) -> None:
        self.heard: list[str] = []
        await websocket.accept()

    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        self.heard.append(data)
        await websocket.send_text(data)


async def with_receive(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        pass


async def with_iter(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


async def with_timeouts(websocket: WebSocket) -> None:
    await websocket.accept()
    while True:
        try:
            text = await asyncio.wait_for(websocket.receive_text(), 0.002)
        except TimeoutError:
            continue
        except WebSocketDisconnect:
            return
        await websocket.send_text(text)


def starlette_app(endpoint: Any) -> ASGIApp:
    return Starlette(routes=[WebSocketRoute("/ws", endpoint)])


def fastapi_app() -> ASGIApp:
    app = FastAPI()

    @app.websocket("/ws")
    async def chat(websocket: FastAPIWebSocket) -> None:
        await with_receive(websocket)

    return app


@pytest.fixture(autouse=True)
def _installed() -> None:
    install()


APPS = {
    "endpoint": lambda: starlette_app(Chat),
    "receive_text": lambda: starlette_app(with_receive),
    "iter_text": lambda: starlette_app(with_iter),
    "wait_for": lambda: starlette_app(with_timeouts),
    "fastapi": fastapi_app,
}


@pytest.mark.parametrize("name", APPS)
async def test_no_message_is_lost_doubled_or_reordered_over_holds(server: Server, name: str) -> None:
    app, hold = APPS[name](), Hold(server.registry)
    wires = [server.connect_app(app) for _ in range(5)]
    for number in range(100):
        for wire in wires:
            wire.says(str(number))
        if number % 10 == 5:
            await hold.suspend(timeout=5, http_drain=0)
            await turn()
            hold.resume()
        await asyncio.sleep(0)
    for wire in wires:
        wire.leaves()
    await asyncio.wait_for(asyncio.gather(*server.tasks), 10)
    assert [wire.texts for wire in wires] == [numbered(100)] * 5
    assert server.registry.sessions == ()


async def test_an_endpoint_attaches_itself_with_its_attributes_as_state(server: Server) -> None:
    wire = server.connect_app(starlette_app(Chat))
    wire.says("hello")
    await turn(30)
    (unit,) = server.registry.units()
    assert isinstance(unit, EndpointUnit)
    assert (unit.cls, unit.label, unit.id) == (Chat, "Chat /ws", "ws-1/1")
    assert unit.get_state() == {"heard": ["hello"]}
    unit.replace_state({"heard": [], "greeted": True})
    endpoint = unit.instance
    assert isinstance(endpoint, Chat)
    assert (endpoint.heard, endpoint.greeted) == ([], True)  # type: ignore[attr-defined]
    wire.says("still connected")
    await turn(30)
    assert wire.texts == ["hello", "still connected"]


async def test_the_handlers_name_is_known_for_functions_too(server: Server) -> None:
    server.connect_app(starlette_app(with_receive))
    await turn(30)
    (session,) = server.registry.sessions
    assert session.label == "with_receive /ws"


def test_installing_twice_wraps_once() -> None:
    once = WebSocketEndpoint.__init__
    install()
    assert WebSocketEndpoint.__init__ is once
    assert once.__name__ == "__init__" and once.__wrapped__ is not once  # type: ignore[attr-defined]


async def test_an_endpoint_without_a_session_is_left_alone() -> None:
    async def receive() -> Any: ...

    async def send(message: Any) -> None: ...

    endpoint = Chat({"type": "websocket"}, receive, send)
    assert set(vars(endpoint)) == {"scope", "receive", "send"}
