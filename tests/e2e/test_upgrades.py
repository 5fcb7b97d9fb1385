"""The whole path: a FastAPI app under uvicorn with live websockets goes from release to release."""

from __future__ import annotations

import asyncio

import pytest

from .live_app import LiveApp, Talker, heard, live_app

pytestmark = pytest.mark.e2e

CHAT = """
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse
from starlette.endpoints import WebSocketEndpoint

from flyhot_asgi import HotUpgrade

app = FastAPI()
app.add_middleware(HotUpgrade)

html = "<h1>release 1</h1>"


class ConnectionManager:
    def __init__(self):
        self.active_connections: list[WebSocket] = []

    async def connect(self, websocket: WebSocket):
        await websocket.accept()
        self.active_connections.append(websocket)

    def disconnect(self, websocket: WebSocket):
        self.active_connections.remove(websocket)

    async def answer(self, websocket: WebSocket, count: int, text: str):
        await websocket.send_text(f"r1 {count} {text}")


manager = ConnectionManager()


@app.get("/")
async def index():
    return HTMLResponse(html)


@app.websocket("/ws/{client_id}")
async def chat(websocket: WebSocket, client_id: int):
    count = 0
    await manager.connect(websocket)
    try:
        while True:
            data = await websocket.receive_text()
            count += 1
            await manager.answer(websocket, count, data)
    except WebSocketDisconnect:
        manager.disconnect(websocket)


class Plain(WebSocketEndpoint):
    encoding = "text"
    count = 0

    async def on_receive(self, websocket, data):
        self.count += 1
        await websocket.send_text(f"r1 {self.count} {data}")


class Keeper(WebSocketEndpoint):
    encoding = "text"

    async def on_connect(self, websocket):
        self.tally = {"r1": 0}
        await websocket.accept()

    async def on_receive(self, websocket, data):
        self.tally["r1"] += 1
        await websocket.send_text(f"r1 {sum(self.tally.values())} {data}")


app.router.add_websocket_route("/plain", Plain)
app.router.add_websocket_route("/keeper", Keeper)
"""

CODE_CHANGE = """
    def code_change(self, old_vsn, state, extra):
        if extra["direction"] == "down":
            return {**state, "tally": {"r%d": sum(state["tally"].values())}}
        return {**state, "tally": {**state["tally"], "r%d": 0}}
"""


def release(number: int) -> str:
    """The chat's n-th release: other page, other answers, and a tally of another shape."""
    if number == 1:
        return CHAT
    text = CHAT.replace("release 1", f"release {number}").replace('f"r1 ', f'f"r{number} ')
    text = text.replace('self.tally["r1"]', f'self.tally["r{number}"]').replace('{"r1": 0}', f'{{"r{number}": 0}}')
    change = CODE_CHANGE % (number - 1, number)
    return text.replace("class Keeper(WebSocketEndpoint):\n", f"class Keeper(WebSocketEndpoint):{change}\n")


@pytest.fixture
def chat_app():
    with live_app({"main.py": CHAT}) as app:
        yield app


async def test_hundreds_of_messages_cross_ten_upgrades_and_none_is_lost(chat_app: LiveApp) -> None:
    stop = asyncio.Event()
    paths = ["/ws/1", "/plain", "/keeper"]
    talkers = [Talker(chat_app, paths[i % 3]) for i in range(60)]
    tasks = [asyncio.create_task(talker.talk(stop, pause=0.15)) for talker in talkers]
    for number in range(2, 12):
        chat_app.write({"main.py": release(number)})
        done = await chat_app.deploy_meanwhile("hot")
        assert (done.exit_code, done.outcome) == (0, "complete"), done.document
        [process] = done.processes
        assert process["verified"] and process["sessions"] == 60 and process["units_migrated"] == 20, process
        page = await asyncio.to_thread(chat_app.get, "/")
        assert page.text == f"<h1>release {number}</h1>"
        await heard(talkers, f"r{number}")
    stop.set()
    await asyncio.gather(*tasks)
    assert [t.closed for t in talkers if t.closed] == []
    assert [t.problems for t in talkers if t.problems] == []
    assert all(t.versions == [f"r{n}" for n in range(1, 12)] for t in talkers), {tuple(t.versions) for t in talkers}
    assert min(t.sent for t in talkers) > 10


async def test_rollback_brings_code_state_and_page_back_and_leaves_the_working_tree_alone(chat_app: LiveApp) -> None:
    chat_app.write({"main.py": release(2)})
    async with chat_app.websocket("/keeper") as ws:
        await ws.send("a")
        assert await ws.recv() == "r1 1 a"
        assert (await chat_app.deploy_meanwhile("hot")).exit_code == 0
        await ws.send("b")
        assert await ws.recv() == "r2 2 b"
        done = await chat_app.deploy_meanwhile("rollback")
        assert (done.exit_code, done.outcome) == (0, "complete"), done.document
        await ws.send("c")
        assert await ws.recv() == "r1 3 c"
    assert chat_app.get("/").text == "<h1>release 1</h1>"
    assert (chat_app.root / "main.py").read_text() == release(2)
    history = chat_app.deploy("history").document
    assert [entry["action"] for entry in history["entries"]][-3:] in (
        ["base", "hot", "rollback"],
        ["rollback", "hot", "base"],
    )
    status = chat_app.deploy("status")
    assert status.exit_code == 0


async def test_all_processes_of_the_app_upgrade_or_none(chat_app: LiveApp) -> None:
    chat_app.start()
    bad = release(2).replace(
        "        if extra[",
        '        if "poison" in vars(self):\n            raise RuntimeError("poisoned")\n        if extra[',
        1,
    )
    poisoned = CHAT.replace("self.tally = {", "self.poison = self.tally = {")
    assert poisoned != CHAT
    async with chat_app.websocket("/keeper", chat_app.ports[0]) as one:
        await one.send("a")
        assert await one.recv() == "r1 1 a"
        chat_app.write({"main.py": poisoned})
        done = await chat_app.deploy_meanwhile("hot")
        assert done.exit_code == 0, done.document
        async with chat_app.websocket("/keeper", chat_app.ports[1]) as other:
            await other.send("a")
            assert await other.recv() == "r1 1 a"
            chat_app.write({"main.py": bad})
            done = await chat_app.deploy_meanwhile("hot")
            assert done.exit_code == 4, done.document
            assert "poisoned" in done.message
            assert sorted(p["outcome"] for p in done.processes) == ["aborted", "rolled_back"], done.document
            for ws in (one, other):
                await ws.send("b")
                assert await ws.recv() == "r1 2 b"
    assert {chat_app.get("/", port).text for port in chat_app.ports} == {"<h1>release 1</h1>"}
