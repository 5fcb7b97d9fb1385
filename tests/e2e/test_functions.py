"""`@upgradable` functions on a real server: FastAPI and Starlette handlers, loops, up and down, under traffic."""

from __future__ import annotations

import asyncio

import pytest

from .live_app import LiveApp, Talker, live_app

pytestmark = pytest.mark.e2e

APP = """
import asyncio
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, WebSocket, WebSocketDisconnect
from starlette.routing import WebSocketRoute

from flyhot_asgi import HotUpgrade, checkpoint, upgradable

seen = {"ticks": 0, "closed": 0, "opened": 0}


@upgradable
async def ticker(state):
    while True:
        await checkpoint(asyncio.sleep(0.01))
        state["n"] = state.get("n", 0) + 1
        seen["ticks"] = ("r1", state["n"])


@asynccontextmanager
async def lifespan(app):
    task = asyncio.create_task(ticker())
    yield
    task.cancel()


app = FastAPI(lifespan=lifespan)
app.add_middleware(HotUpgrade)


class Room:
    def __init__(self):
        self.active = []


room = Room()


async def user(websocket: WebSocket, name: str = "nobody"):
    websocket.state.name = name
    seen["opened"] += 1
    try:
        yield f"user-{name}"
    finally:
        seen["closed"] += 1


class Talk:
    def __init__(self):
        self.count = 0


@app.websocket("/ws/{number}")
@upgradable
async def chat(websocket: WebSocket, number: int, state: Talk, who: Annotated[str, Depends(user)]):
    await websocket.accept()
    room.active.append(websocket)
    assert (who, websocket.state.name, type(number)) == ("user-ann", "ann", int)
    try:
        while True:
            text = await websocket.receive_text()
            state.count += 1
            await websocket.send_text(f"r1 {state.count} {text}")
    except WebSocketDisconnect:
        pass
    finally:
        room.active.remove(websocket)


@upgradable
async def pair(ws, state):
    await ws.accept()
    queue = asyncio.Queue()

    async def reader():
        async for text in ws.iter_text():
            await queue.put(text)

    async def writer():
        while True:
            text = await queue.get()
            state["n"] = state.get("n", 0) + 1
            await ws.send_text(f"r1 {state['n']} {text}")

    reading, writing = asyncio.create_task(reader()), asyncio.create_task(writer())
    try:
        await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        await reading
    finally:
        reading.cancel()
        writing.cancel()


@upgradable
async def patient(ws, state):
    await ws.accept()
    while True:
        try:
            text = await asyncio.wait_for(ws.receive_text(), 0.02)
        except TimeoutError:
            continue
        state["n"] = state.get("n", 0) + 1
        await ws.send_text(f"r1 {state['n']} {text}")


app.router.routes.extend([WebSocketRoute("/pair", pair), WebSocketRoute("/patient", patient)])


@app.get("/seen")
async def see():
    return {**seen, "active": len(room.active)}
"""


def release(number: int) -> str:
    """Another body each time; from the third on another shape of the state, too."""
    text = APP.replace("r1", f"r{number}").replace("room.active.append", f"number + {number}\n    room.active.append")
    if number < 3:
        return text
    change = """
    def code_change(self, old_vsn, state, extra):
        old, new = ("count", "n") if extra["direction"] == "up" else ("n", "count")
        return {new: state.get(old, state.get(new))}

    def __init__(self):"""
    return (
        text.replace("state.count", "state.n")
        .replace("self.count", "self.n")
        .replace("class Talk:\n    def __init__(self):", f"class Talk:{change}")
    )


async def test_all_kinds_of_functions_go_from_release_to_release_and_back() -> None:
    with live_app({"main.py": APP}) as app:
        stop = asyncio.Event()
        paths = ["/ws/7?name=ann", "/pair", "/patient"]
        talkers = [Talker(app, paths[i % 3]) for i in range(30)]
        tasks = [asyncio.create_task(talker.talk(stop, pause=0.06)) for talker in talkers]
        await asyncio.gather(*(talker.answered.wait() for talker in talkers))
        expected = ["r1"]
        for number in (2, 3, 4):
            app.write({"main.py": release(number)})
            await upgraded(app, talkers, expected, f"r{number}", "hot")
        await upgraded(app, talkers, expected, "r3", "rollback")
        await upgraded(app, talkers, expected, "r2", "rollback")
        page = (await asyncio.to_thread(app.get, "/seen")).json()
        assert (page["opened"], page["closed"], page["active"]) == (10, 0, 10), "dependencies live on"
        assert page["ticks"][0] == "r2" and page["ticks"][1] > 20
        stop.set()
        await asyncio.gather(*tasks)
        assert [talker.closed for talker in talkers if talker.closed] == []
        assert [talker.problems for talker in talkers if talker.problems] == []
        assert {tuple(talker.versions) for talker in talkers} == {tuple(expected)}
        async with asyncio.timeout(10):
            while (page := (await asyncio.to_thread(app.get, "/seen")).json())["closed"] < 10:
                pass
        assert page["active"] == 0
        assert "Traceback" not in app.log(app.ports[0]), app.log(app.ports[0])


async def upgraded(app: LiveApp, talkers: list[Talker], expected: list[str], version: str, command: str) -> None:
    done = await app.deploy_meanwhile(command)
    assert (done.exit_code, done.outcome) == (0, "complete"), done.document
    [process] = done.processes
    assert process["verified"] and process["stale_frames"] == [], process["stale_frames"]
    expected.append(version)
    answered = [talker.sent for talker in talkers]
    async with asyncio.timeout(20):
        while any(  # noqa: ASYNC110 (the clients are paced by the server)
            t.closed is None and (t.sent < before + 3 or t.versions[-1] != version)
            for t, before in zip(talkers, answered, strict=True)
        ):
            await asyncio.sleep(0.01)


FIRST = """
from fastapi import FastAPI, WebSocket

from flyhot_asgi import HotUpgrade, upgradable

app = FastAPI()
app.add_middleware(HotUpgrade)


@app.websocket("/ws/{room}")
@upgradable
async def chat(ws: WebSocket, room: str, state):
    await ws.accept()
    async for text in ws.iter_text():
        state["n"] = state.get("n", 0) + 1
        await ws.send_text(f"r1 {state['n']} {text}")
"""

MIGRATE = '''
def tenfold(old_vsn, state, extra):
    """A function beside the handler, named in its decorator."""
    if extra["direction"] == "up":
        return {"count": state["n"] * 10}
    return {"n": state["count"] // 10}


@app.websocket'''

SECOND = (
    FIRST.replace('"n"', '"count"')
    .replace("['n']", "['count']")
    .replace("\n@app.websocket", MIGRATE)
    .replace("@upgradable\n", "@upgradable(code_change=tenfold)\n")
    .replace("room: str, state)", "room: str, state: dict, limit: int = 3)")
    .replace('f"r1', 'f"r2 {room} {limit}')
)


async def test_another_signature_and_other_options_are_an_ordinary_change() -> None:
    with live_app({"main.py": FIRST}) as app:
        async with app.websocket("/ws/a") as ws:
            await ws.send("x")
            assert await ws.recv() == "r1 1 x"
            app.write({"main.py": SECOND})
            done = await app.deploy_meanwhile("hot")
            assert (done.exit_code, done.outcome) == (0, "complete"), done.document
            assert done.processes[0]["units_migrated"] == 1
            await ws.send("y")
            assert await ws.recv() == "r2 a 3 11 y"
            async with app.websocket("/ws/b?limit=5") as other:
                await other.send("z")
                assert await other.recv() == "r2 b 5 1 z"
            back = await app.deploy_meanwhile("rollback")
            assert (back.exit_code, back.outcome) == (0, "complete"), back.document
            await ws.send("w")
            assert await ws.recv() == "r1 2 w"


async def test_a_failing_code_change_of_a_function_undoes_all() -> None:
    bad = SECOND.replace('    if extra["direction"] == "up":', "    raise ValueError('bad')\n    if True:")
    with live_app({"main.py": FIRST}) as app:
        async with app.websocket("/ws/a") as ws:
            await ws.send("x")
            assert await ws.recv() == "r1 1 x"
            app.write({"main.py": bad})
            done = await app.deploy_meanwhile("hot")
            assert done.exit_code == 4 and "chat /ws/a" in done.message and "bad" in done.message, done.document
            await ws.send("y")
            assert await ws.recv() == "r1 2 y"
