"""One upgrade and one rollback under traffic, on each server and websocket implementation that we know."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from websockets.exceptions import ConnectionClosed

from .live_app import LiveApp, Talker

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
async def test_an_upgrade_and_a_rollback_under_traffic(name: str) -> None:
    server, options = SERVERS[name]
    app = LiveApp({"main.py": APP})
    try:
        app.start(*options, server=server)
        workers = 2 if name.endswith("workers") else 1
        await asyncio.to_thread(app.get, "/")  # without lifespan, the first request starts the runtime
        await app.until_processes(workers)
        stop = asyncio.Event()
        talkers = [Talker(app, "/echo") for _ in range(20)]
        tasks = [asyncio.create_task(talker.talk(stop, pause=0.01)) for talker in talkers]
        await asyncio.gather(*(talker.answered.wait() for talker in talkers))
        app.write({"main.py": APP.replace("r1", "r2")})
        done = await app.deploy_meanwhile("hot")
        assert (done.exit_code, done.outcome) == (0, "complete"), done.document
        assert all(process["verified"] for process in done.processes)
        assert len(done.processes) == workers
        assert (await asyncio.to_thread(app.get, "/")).text == "r2"
        back = await app.deploy_meanwhile("rollback")
        assert back.exit_code == 0, back.document
        stop.set()
        await asyncio.gather(*tasks)
        assert [talker.closed for talker in talkers if talker.closed] == []
        assert [talker.problems for talker in talkers if talker.problems] == []
        assert {tuple(talker.versions) for talker in talkers} == {("r1", "r2", "r1")}
        assert "Traceback" not in app.log(app.ports[0])
    finally:
        app.stop()


@pytest.mark.parametrize("options", [[], ["--workers", "2"], ["--ws", "wsproto"], ["--ws", "websockets-sansio"]])
async def test_a_server_that_is_stopped_lets_its_clients_go_one_after_the_other(options: list[str]) -> None:
    app = LiveApp({"main.py": APP})
    try:
        app.start(*options)
        await app.until_processes(2 if "--workers" in options else 1)
        loop = asyncio.get_running_loop()
        closed: dict[int, float] = {}

        async def stay(number: int) -> None:
            async with app.websocket("/echo") as ws:
                await ws.send("hello")
                await ws.recv()
                here[number].set()
                with contextlib.suppress(ConnectionClosed):
                    await ws.recv()
                closed[number] = loop.time()
                codes.append(ws.close_code)

        codes: list[int | None] = []
        here = [asyncio.Event() for _ in range(100)]
        tasks = [asyncio.create_task(stay(number)) for number in range(100)]
        await asyncio.gather(*(event.wait() for event in here))
        app.processes[0].terminate()
        await asyncio.gather(*tasks)
        assert codes == [1012] * 100
        assert max(closed.values()) - min(closed.values()) > 0.1, "not all in one moment"
        await asyncio.to_thread(app.processes[0].wait, 10)
        assert "Traceback" not in app.log(app.ports[0]), app.log(app.ports[0])
    finally:
        app.stop()


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
