"""StatefulHandlers on a real server: callers across upgrades, migration up and down, and the end of the app."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from .live_app import LiveApp, Talker, live_app

pytestmark = pytest.mark.e2e

APP = """
import asyncio
import sys
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from flyhot_asgi import HotUpgrade, StatefulHandler, whereis


class Tally(StatefulHandler):
    async def init(self):
        self.state = {"counts": {}, "ticks": 0}
        self.send_interval(0.005, "tick")

    async def handle_call(self, request):
        who, number = request
        await asyncio.sleep(0.001)
        count = self.state["counts"][who] = self.state["counts"].get(who, 0) + 1
        return f"r1 {count} {number}"

    async def handle_info(self, message):
        self.state["ticks"] += 1

    async def terminate(self, reason):
        print("tally ends:", reason, resource, file=sys.stderr, flush=True)


resource = []


@asynccontextmanager
async def lifespan(app):
    resource.append("open")
    await Tally.start(name="tally")
    yield
    resource.clear()


app = FastAPI(lifespan=lifespan)
app.add_middleware(HotUpgrade)


@app.websocket("/ws/{who}")
async def ask(websocket: WebSocket, who: str):
    await websocket.accept()
    try:
        while True:
            number = await websocket.receive_text()
            await websocket.send_text(await whereis("tally").call((who, number), timeout=5))
    except WebSocketDisconnect:
        pass


@app.get("/ticks")
async def ticks():
    return whereis("tally")._server.instance.state["ticks"]
"""

SECOND = (
    APP.replace('"counts"', '"tallies"')
    .replace('f"r1', 'f"r2')
    .replace(
        "    async def terminate(",
        """    def code_change(self, old_vsn, state, extra):
        old, new = ("counts", "tallies") if extra["direction"] == "up" else ("tallies", "counts")
        state[new] = state.pop(old)
        return state

    async def upgraded(self, old_vsn):
        print("tally upgraded", file=sys.stderr, flush=True)

    async def terminate(""",
    )
)


@pytest.mark.parametrize("options", [("--loop", "uvloop"), ("--loop", "asyncio", "--ws", "wsproto")])
async def test_callers_notice_nothing_of_an_upgrade_and_a_rollback(options: tuple[str, ...]) -> None:
    with live_app({"main.py": APP}, processes=0) as app:
        app.start(*options)
        stop = asyncio.Event()
        talkers = [Talker(app, f"/ws/{n}") for n in range(20)]
        tasks = [asyncio.create_task(talker.talk(stop, pause=0.04)) for talker in talkers]
        await asyncio.gather(*(talker.answered.wait() for talker in talkers))
        for files, version in ((SECOND, "r2"), (None, "r1"), (SECOND, "r2")):
            if files is not None:
                app.write({"main.py": files})
            done = await app.deploy_meanwhile(*(("hot",) if files is not None else ("rollback",)))
            assert (done.exit_code, done.outcome) == (0, "complete"), done.document
            assert [process["units_migrated"] for process in done.processes] == [1]
            status = (await app.deploy_meanwhile("status")).document["processes"][0]
            assert ("main.Tally", 1) in [(row["cls"], row["count"]) for row in status["sessions"]]
            answered = [talker.sent for talker in talkers]
            async with asyncio.timeout(20):
                while any(  # noqa: ASYNC110 (the clients are paced by the server)
                    t.sent < before + 3 or t.versions[-1] != version
                    for t, before in zip(talkers, answered, strict=True)
                ):
                    await asyncio.sleep(0.01)
        stop.set()
        await asyncio.gather(*tasks)
        assert [talker.closed for talker in talkers if talker.closed] == []
        assert [talker.problems for talker in talkers if talker.problems] == []
        assert {tuple(talker.versions) for talker in talkers} == {("r1", "r2", "r1", "r2")}
        assert app.get("/ticks").json() > 10
        assert "Traceback" not in app.log(app.ports[0]) and "tally upgraded" in app.log(app.ports[0])


async def test_with_the_app_its_handlers_end_before_what_they_use() -> None:
    with live_app({"main.py": APP}) as app:
        await asyncio.to_thread(app.get, "/ticks")
        [process] = app.processes
        os.kill(process.pid, signal.SIGTERM)
        await asyncio.to_thread(process.wait, 20)
        assert "tally ends: shutdown ['open']" in app.log(app.ports[0])


async def test_a_handlers_failing_migration_undoes_all() -> None:
    bad = SECOND.replace("        old, new = (", "        raise KeyError('bad')\n        old, new = (")
    with live_app({"main.py": APP}) as app:
        await _talk(app, "r1 1 a")
        app.write({"main.py": bad})
        done = await app.deploy_meanwhile("hot")
        assert done.exit_code == 4 and "Tally 'tally'" in done.message and "KeyError" in done.message
        await _talk(app, "r1 2 a")
        app.write({"main.py": SECOND})
        assert (await app.deploy_meanwhile("hot")).exit_code == 0
        await _talk(app, "r2 3 a")


async def _talk(app: LiveApp, expected: str) -> None:
    async with app.websocket("/ws/one") as ws:
        await ws.send("a")
        assert await ws.recv() == expected
