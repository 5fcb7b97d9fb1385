"""Sessions that keep an upgrade waiting, and loops that stay on old code: by policy, on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from .live_app import LiveApp, live_app

pytestmark = pytest.mark.e2e

APP = """
import asyncio

from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute

from flyhot_asgi import HotUpgrade


gate = asyncio.Event()


class Base(WebSocketEndpoint):
    encoding = "text"

    async def on_connect(self, websocket):
        self.trace = "r1"
        await websocket.accept()

    async def on_receive(self, websocket, data):
        if data == "wait":
            await gate.wait()
        if data == "go":
            gate.set()
        await websocket.send_text(f"{data} {self.trace}")


class Pinned(Base):
    on_busy = "pin"


class Evicted(Base):
    on_busy = "evict"


async def raw(websocket):
    await websocket.accept()
    while True:
        text = await websocket.receive_text()
        await websocket.send_text(f"{text} r1")


def label():
    return "r1"


def shout(text):
    return f"{text}! r1"


async def loop(websocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(shout(text))


async def ticker(websocket):
    await websocket.accept()
    while True:
        await websocket.send_text(shout("tick"))
        await asyncio.sleep(0.02)


async def feed(websocket):
    await websocket.accept()
    number = 0
    while True:
        await websocket.send_text(f"{number} {label()}")
        number += 1
        await asyncio.sleep(0.02)


routes = [
    WebSocketRoute("/feed", feed),
    WebSocketRoute("/loop", loop),
    WebSocketRoute("/ticker", ticker),
    WebSocketRoute("/base", Base),
    WebSocketRoute("/pinned", Pinned),
    WebSocketRoute("/evicted", Evicted),
    WebSocketRoute("/raw", raw),
]
app = Starlette(routes=routes, middleware=[Middleware(HotUpgrade)])
"""


def release(number: int) -> str:
    change = f"""
    def code_change(self, old_vsn, state, extra):
        if extra["direction"] == "down":
            return {{**state, "trace": state["trace"].rpartition("-")[0]}}
        return {{**state, "trace": state["trace"] + "-r{number}"}}

    async def on_connect("""
    return APP.replace("r1", f"r{number}").replace("\n    async def on_connect(", change)


SETTINGS = '[project]\nname = "policies"\n[tool.flyhot]\nsuspend_timeout = 0.6\nstale = "close"\nstale_within = 0.5\n'


@pytest.fixture
def app() -> Iterator[LiveApp]:
    with live_app({"main.py": APP, "pyproject.toml": SETTINGS}) as running:
        yield running


async def say(ws: ClientConnection, text: str) -> str:
    await ws.send(text)
    async with asyncio.timeout(20):
        return str(await ws.recv())


async def go(app: LiveApp) -> None:
    """Whoever waits may go on."""
    async with app.websocket("/base") as ws:
        await say(ws, "go")


async def hot(app: LiveApp, number: int) -> dict[str, object]:
    app.write({"main.py": release(number)})
    done = await app.deploy_meanwhile("hot")
    assert (done.exit_code, done.outcome) == (0, "complete"), done.document
    return done.processes[0]


async def test_by_default_a_busy_session_is_named_and_nothing_is_changed(app: LiveApp) -> None:
    async with app.websocket("/base") as ws:
        await ws.send("wait")
        app.write({"main.py": release(2)})
        done = await app.deploy_meanwhile("hot")
        assert done.exit_code == 1, done.document
        assert "/base (Base): busy for" in done.message and "main.py:" in done.message and "on_receive" in done.message
        await go(app)
        assert await ws.recv() == "wait r1"
        assert await say(ws, "a") == "a r1"


async def test_websockets_that_only_send_hold_nobody_up_and_lose_no_word(app: LiveApp) -> None:
    async with app.websocket("/feed") as feed, app.websocket("/base") as base:
        words = [str(await feed.recv()) for _ in range(3)]
        await hot(app, 2)
        async with asyncio.timeout(20):
            while not words[-1].endswith(" r2"):
                words.append(str(await feed.recv()))
        back = await app.deploy_meanwhile("rollback")
        assert back.exit_code == 0, back.document
        async with asyncio.timeout(20):
            while not words[-1].endswith(" r1"):
                words.append(str(await feed.recv()))
        assert [word.split()[0] for word in words] == [str(number) for number in range(len(words))]
        assert await say(base, "a") == "a r1"


async def test_a_pinned_session_catches_up_before_its_next_message(app: LiveApp) -> None:
    async with app.websocket("/pinned") as busy, app.websocket("/base") as idle:
        assert await say(idle, "a") == "a r1"
        await busy.send("wait")
        await busy.send("next")
        process = await hot(app, 2)
        assert any("Pinned" in note and "pinned to the old code" in note for note in process["notes"]), process["notes"]
        await hot(app, 3)
        status = (await app.deploy_meanwhile("status")).document["processes"][0]
        [pin] = status["pinned"]
        assert "Pinned" in pin["who"] and pin["behind"] == 2
        assert await say(idle, "b") == "b r1-r2-r3"
        await go(app)
        async with asyncio.timeout(20):
            assert await busy.recv() == "wait r1"
            assert await busy.recv() == "next r1-r2-r3"
        status = (await app.deploy_meanwhile("status")).document["processes"][0]
        assert status["pinned"] == []
        back = await app.deploy_meanwhile("rollback")
        assert back.exit_code == 0, back.document
        assert await say(busy, "c") == "c r1-r2"


async def test_an_evicted_session_is_closed_with_1012(app: LiveApp) -> None:
    async with app.websocket("/evicted") as busy, app.websocket("/evicted") as idle:
        await busy.send("wait")
        assert await say(idle, "a") == "a r1"
        process = await hot(app, 2)
        assert any("closed with 1012" in note for note in process["notes"]), process["notes"]
        with pytest.raises(ConnectionClosed) as closed:
            await busy.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
        assert await say(idle, "b") == "b r1-r2"
    assert "Traceback" not in app.log(app.ports[0]), app.log(app.ports[0])


async def test_loops_that_stay_on_old_code_are_closed_with_1012_if_the_policy_says_so(app: LiveApp) -> None:
    async with app.websocket("/raw") as ws, app.websocket("/base") as other:
        assert (await say(ws, "a"), await say(other, "a")) == ("a r1", "a r1")
        process = await hot(app, 2)
        assert [(frame["name"], frame["count"]) for frame in process["stale_frames"]] == [("raw", 1)]
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(10):
                await ws.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
        assert await say(other, "b") == "b r1-r2"
        status = (await app.deploy_meanwhile("status")).document["processes"][0]
        assert any("1 x raw" in report for report in status["reports"]), status["reports"]
    async with app.websocket("/raw") as ws:
        assert await say(ws, "c") == "c r2"


@pytest.mark.parametrize("path", ["/loop", "/ticker"])
async def test_a_loop_that_would_fail_on_its_old_code_is_closed_before_it_can(app: LiveApp, path: str) -> None:
    async with app.websocket(path) as ws, app.websocket("/base") as other:
        assert (await say(ws, "a")).endswith("! r1")
        assert (await say(other, "a")) == "a r1"
        app.write({"main.py": release(2).replace("shout(", "cry(")})
        done = await app.deploy_meanwhile("hot")
        assert (done.exit_code, done.outcome) == (0, "complete"), done.document
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(20):
                for _ in range(1000):
                    await say(ws, "b")
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
        assert await say(other, "b") == "b r1-r2"
    assert "NameError" not in app.log(app.ports[0]), app.log(app.ports[0])


@pytest.mark.parametrize("path", ["/loop", "/ticker"])
async def test_one_that_is_kept_refuses_what_it_would_fail_on(path: str) -> None:
    with live_app({"main.py": APP, "pyproject.toml": SETTINGS.replace('"close"', '"keep"')}) as app:
        async with app.websocket(path) as ws:
            assert (await say(ws, "a")).endswith("! r1")
            app.write({"main.py": release(2).replace("shout(", "cry(")})
            done = await app.deploy_meanwhile("hot")
            assert done.exit_code == 3, done.document
            assert "still need(s) `shout`, which is gone from the source" in done.message, done.message
            assert (await say(ws, "b")).endswith("! r1")


async def test_only_the_session_whose_migration_fails_is_closed_if_its_class_says_so(app: LiveApp) -> None:
    marked = APP.replace('    on_busy = "pin"', '    on_busy = "pin"\n    on_failed_code_change = "drop_session"')
    marked = marked.replace('self.trace = "r1"', 'self.trace = "r1"\n        self.fails = "bad" in websocket.url.query')
    app.write({"main.py": marked})
    assert (await app.deploy_meanwhile("hot")).exit_code == 0
    async with app.websocket("/pinned?bad") as bad, app.websocket("/pinned") as good:
        assert (await say(bad, "a"), await say(good, "a")) == ("a r1", "a r1")
        change = """
    def code_change(self, old_vsn, state, extra):
        if state["fails"]:
            raise KeyError("bad")
        return {**state, "trace": state["trace"] + "-r2"}

    async def on_connect("""
        app.write({"main.py": marked.replace("\n    async def on_connect(", change)})
        done = await app.deploy_meanwhile("hot")
        assert (done.exit_code, done.outcome) == (0, "complete"), done.document
        assert any("KeyError" in note and "closed with 1012" in note for note in done.processes[0]["notes"])
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(10):
                await bad.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
        assert await say(good, "b") == "b r1-r2"
