"""One upgrade and one rollback under traffic, on each server and websocket implementation that we know."""

from __future__ import annotations

import asyncio

import pytest

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
    "uvicorn with wsproto": ("uvicorn", ["--ws", "wsproto"]),
    "uvicorn with websockets' sans-I/O core": ("uvicorn", ["--ws", "websockets-sansio"]),
    "uvicorn without lifespan": ("uvicorn", ["--lifespan", "off"]),
    "uvicorn with two workers": ("uvicorn", ["--workers", "2"]),
    "hypercorn": ("hypercorn", []),
}


@pytest.mark.parametrize("name", SERVERS)
async def test_an_upgrade_and_a_rollback_under_traffic(name: str) -> None:
    server, options = SERVERS[name]
    app = LiveApp({"main.py": APP})
    try:
        app.start(*options, server=server)
        workers = 2 if "workers" in name else 1
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
