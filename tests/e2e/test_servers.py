"""Every kind of unit through an upgrade and a rollback under traffic, and the end, on each server and websocket
implementation that we know: one server for all of it."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from .live_app import Done, LiveApp, Talker, heard

pytestmark = pytest.mark.e2e

APP = """
import asyncio

from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from flyhot_asgi import HotUpgrade


class Echo(WebSocketEndpoint):
    encoding = "text"

    async def on_connect(self, websocket):
        self.count = 0
        await websocket.accept()

    async def on_receive(self, websocket, data):
        self.count += 1
        if data == "sleep":
            await asyncio.sleep(3)
        await websocket.send_text(f"r1 {self.count} {data}")


def home(request):
    return PlainTextResponse("r1")


routes = [Route("/", home), WebSocketRoute("/echo", Echo)]
app = Starlette(routes=routes, middleware=[Middleware(HotUpgrade)])
"""
"""The smallest one, which other tests use, too."""

ALL_KINDS = """
import asyncio
from pathlib import Path

from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from flyhot_asgi import HotUpgrade, StatefulHandler, checkpoint, register, upgradable, whereis


class Echo(WebSocketEndpoint):
    encoding = "text"

    async def on_connect(self, websocket):
        self.counts = {"all": 0}
        await websocket.accept()

    async def on_receive(self, websocket, data):
        self.counts["all"] += 1
        await websocket.send_text(f"r1 {self.counts['all']} {data}")


class Tally(StatefulHandler):
    async def init(self):
        self.state = {"counts": {}}

    async def handle_call(self, who):
        counts = self.state["counts"]
        counts[who] = counts.get(who, 0) + 1
        return f"r1 {counts[who]}"


class Board:
    def __init__(self):
        self.counts = {}

    def tick(self, who):
        self.counts[who] = self.counts.get(who, 0) + 1
        return f"r1 {self.counts[who]}"


board = Board()
register(board, name="board")
starting = asyncio.Lock()
ticks = []
running = []


@upgradable
async def ticker(state):
    while True:
        await checkpoint(asyncio.sleep(0.01))
        state["counts"] = state.get("counts", 0) + 1
        ticks[:] = ["r1", state["counts"]]


async def tally():
    async with starting:  # not in a lifespan: not every server runs one
        if not running:
            running.append(asyncio.create_task(ticker()))
            await Tally.start(name="tally")
    return whereis("tally")


async def ask(websocket):
    await websocket.accept()
    handler = await tally()
    async for text in websocket.iter_text():
        await websocket.send_text(f"{await handler.call(websocket.path_params['who'], timeout=10)} {text}")


@upgradable
async def function(ws, state):
    await ws.accept()
    state.setdefault("counts", 0)
    async for text in ws.iter_text():
        state["counts"] += 1
        await ws.send_text(f"r1 {state['counts']} {text}")


async def look(websocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(f"{board.tick(websocket.path_params['who'])} {text}")


async def raw(websocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(f"r1 {text}")


class Patient(Echo):
    on_busy = "pin"

    async def on_receive(self, websocket, data):
        while data == "wait" and not Path("go").exists():
            await asyncio.sleep(0.01)
        self.counts["all"] += 1
        await websocket.send_text(f"r1 {self.counts['all']} {data}")


class Sent(Patient):
    on_busy = "evict"


def home(request):
    return PlainTextResponse(" ".join(map(str, ["r1", *ticks])))


routes = [Route("/", home)]
paths = {"/echo": Echo, "/function": function, "/tally/{who}": ask, "/board/{who}": look}
paths |= {"/raw": raw, "/patient": Patient, "/sent": Sent}
routes += [WebSocketRoute(path, endpoint) for path, endpoint in paths.items()]
app = Starlette(routes=routes, middleware=[Middleware(HotUpgrade)])
"""

MIGRATION = """
def renamed(old_vsn, state, extra):
    old, new = ("counts", "totals") if extra["direction"] == "up" else ("totals", "counts")
    return {**{name: value for name, value in state.items() if name != old}, new: state[old]}

"""


def second() -> str:
    """All states get another name for what they count in; `look` and `ask` have no state, and stay as they are."""
    text = ALL_KINDS.replace("counts", "totals").replace('f"r1', 'f"r2').replace('["r1"', '["r2"')
    text = text.replace("\n\nclass Echo(", f"{MIGRATION}\n\nclass Echo(", 1)
    for cls in ("Echo(WebSocketEndpoint", "Tally(StatefulHandler"):
        text = text.replace(f"class {cls}):", f"class {cls}):{_METHOD}")
    text = text.replace("class Board:", f"class Board:{_METHOD}")
    return text.replace("@upgradable\n", "@upgradable(code_change=renamed)\n")


_METHOD = """
    def code_change(self, old_vsn, state, extra):
        return renamed(old_vsn, state, extra)
"""

SETTINGS = """
[project]
name = "kinds"

[tool.flyhot]
suspend_timeout = 0.7
stale = "close"
stale_within = 0.3
drain = 1.0
"""

SERVERS = {
    "uvicorn on uvloop": ("uvicorn", ["--loop", "uvloop"]),
    "uvicorn on asyncio": ("uvicorn", ["--loop", "asyncio", "--http", "h11"]),
    "uvicorn with websockets' legacy core": ("uvicorn", ["--ws", "websockets"]),
    "uvicorn with wsproto": ("uvicorn", ["--ws", "wsproto"]),
    "uvicorn with websockets' sans-I/O core": ("uvicorn", ["--ws", "websockets-sansio"]),
    "uvicorn without lifespan": ("uvicorn", ["--lifespan", "off"]),
    "uvicorn with two workers": ("uvicorn", ["--workers", "2"]),
    "gunicorn with two uvicorn workers": (
        "gunicorn",
        ["--workers", "2", "--worker-class", "uvicorn_worker.UvicornWorker"],
    ),
    "hypercorn": ("hypercorn", []),
    "hypercorn with two workers": ("hypercorn", ["--workers", "2"]),
    "granian": ("granian", []),
    "granian with two workers": ("granian", ["--workers", "2"]),
}


@pytest.mark.parametrize("name", SERVERS)
async def test_all_kinds_of_units_and_the_end(name: str) -> None:
    server, options = SERVERS[name]
    app = LiveApp({"main.py": ALL_KINDS, "pyproject.toml": SETTINGS})
    try:
        app.start(*options, server=server)
        workers = 2 if name.endswith("workers") else 1
        await asyncio.to_thread(app.get, "/")  # without lifespan, the first request starts the runtime
        await app.until_processes(workers)
        await _upgraded_and_rolled_back(app, workers)
        await _let_go_gently(app)
        assert "Traceback" not in app.log(app.ports[0]), app.log(app.ports[0])
    finally:
        app.stop()


async def _upgraded_and_rolled_back(app: LiveApp, workers: int) -> None:
    stop = asyncio.Event()
    paths = [path for n in range(4) for path in ("/echo", "/function", f"/tally/{n}", f"/board/{n}")]
    talkers = [Talker(app, path) for path in paths]
    tasks = [asyncio.create_task(talker.talk(stop, pause=0.05)) for talker in talkers]
    await asyncio.gather(*(talker.answered.wait() for talker in talkers))
    assert [(talker.path, talker.closed, talker.sent) for talker in talkers if talker.closed] == []
    async with app.websocket("/raw") as raw, app.websocket("/patient") as patient, app.websocket("/sent") as sent:
        await raw.send("a")
        assert await raw.recv() == "r1 a"
        for ws in (patient, sent):
            await ws.send("wait")
        await patient.send("next")
        done = await _hot(app, second(), workers)
        notes = " ".join(note for process in done.processes for note in process["notes"])
        assert "(Patient): busy for" in notes and "pinned to the old code" in notes, notes
        assert "(Sent): busy for" in notes and "closed with 1012" in notes, notes
        assert await _code_of(sent) == 1012 and await _code_of(raw) == 1012
        (app.root / "go").touch()
        async with asyncio.timeout(20):
            assert [await patient.recv(), await patient.recv()] == ["r1 1 wait", "r2 2 next"]
    async with asyncio.timeout(20):
        while not (await asyncio.to_thread(app.get, "/")).text.startswith("r2 r2 "):
            pass
    await heard(talkers, "r2")
    back = await app.deploy_meanwhile("rollback")
    assert back.exit_code == 0, back.document
    await heard(talkers, "r1")
    stop.set()
    await asyncio.gather(*tasks)
    assert [(talker.path, talker.closed, talker.sent) for talker in talkers if talker.closed] == []
    assert [talker.problems for talker in talkers if talker.problems] == []
    assert {tuple(talker.versions) for talker in talkers} == {("r1", "r2", "r1")}


async def _hot(app: LiveApp, text: str, workers: int) -> Done:
    app.write({"main.py": text})
    done = await app.deploy_meanwhile("hot")
    assert (done.exit_code, done.outcome) == (0, "complete"), f"{done.message} {done.document}"
    assert all(process["verified"] for process in done.processes) and len(done.processes) == workers
    return done


async def _code_of(ws: ClientConnection) -> int | None:
    async with asyncio.timeout(20):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await ws.recv()
    return ws.close_code


async def _let_go_gently(app: LiveApp) -> None:
    """By us: with the reason that we give, which no server does. How they are paced is seen in test_closings.py."""
    closed: list[tuple[int | None, str | None]] = []

    async def stay(path: str, here: asyncio.Event) -> None:
        async with app.websocket(path) as ws:
            await ws.send("hello")
            await ws.recv()
            here.set()
            closed.append((await _code_of(ws), ws.close_reason))

    here = [asyncio.Event() for _ in range(30)]
    paths = ["/echo", "/function", "/raw"] * 10
    async with asyncio.TaskGroup() as group:
        for path, event in zip(paths, here, strict=True):
            group.create_task(stay(path, event))
        await asyncio.gather(*(event.wait() for event in here))
        app.processes[0].terminate()
    assert closed == [(1012, "restarting")] * len(here)
    await asyncio.to_thread(app.processes[0].wait, 20)


async def test_pings_are_answered_while_sessions_are_held() -> None:
    """Its hold lasts three seconds: one session works so long, and the others are held in turns meanwhile."""
    for implementation in ("websockets", "websockets-sansio", "wsproto"):
        app = LiveApp({"main.py": APP})
        try:
            app.start("--ws", implementation)
            async with app.websocket("/echo") as sleeper, app.websocket("/echo") as other:
                for ws in (sleeper, other):
                    await ws.send("hello")
                    await ws.recv()
                await sleeper.send("sleep")
                app.write({"main.py": APP.replace("r1", "r2")})
                upgrade = asyncio.create_task(app.deploy_meanwhile("hot"))
                slowest = 0.0
                while not upgrade.done():
                    async with asyncio.timeout(10):
                        slowest = max(slowest, await (await other.ping()))
                    await asyncio.sleep(0.02)
                done = await upgrade
                assert done.outcome == "complete", done.document
                assert slowest < 5, f"{implementation}: a ping was answered after {slowest:.1f} s"
                assert await sleeper.recv() == "r1 2 sleep"
        finally:
            app.stop()
