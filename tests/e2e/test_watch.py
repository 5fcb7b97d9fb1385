"""Watch mode on a real server: saves go into the running app, refusals leave it, a restart is made where it must be."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from .live_app import LiveApp

pytestmark = pytest.mark.e2e

MAIN = """
from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route, WebSocketRoute
from starlette.endpoints import WebSocketEndpoint

from flyhot_asgi import HotUpgrade
from words import greeting



class Box:
    def __init__(self):
        self.a = 1

    def read(self):
        return self.a


BOXES = []
STARTED = __import__("os").urandom(4).hex()


async def index(request):
    BOXES.append(Box())
    return HTMLResponse(f"<!doctype html><html><head><title>x</title></head><body>{greeting()} {STARTED}</body></html>")


class Echo(WebSocketEndpoint):
    encoding = "text"
    count = 0

    async def on_receive(self, websocket, data):
        self.count += 1
        await websocket.send_text(f"{greeting()} {self.count}")


app = Starlette(routes=[Route("/", index), WebSocketRoute("/ws", Echo)])
app.add_middleware(HotUpgrade)
"""
WORDS = 'def greeting():\n    return "one"\n'


class Watched(LiveApp):
    """The app under `python -m flyhot_deploy watch`."""

    def watch(self) -> None:
        import socket

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        server = [sys.executable, "-m", "uvicorn", self.target, "--port", str(self.port), "--log-level", "warning"]
        log = (self.folder / "watch.log").open("wb")
        command = [sys.executable, "-m", "flyhot_deploy", "watch", "--", *server]
        self.supervisor = subprocess.Popen(
            command, cwd=self.root, env=self.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        log.close()
        self.until(lambda: "watching" in self.said(), "the app watches")
        self.until(lambda: self.text() != "", "the app answers")

    def said(self) -> str:
        return (self.folder / "watch.log").read_text(errors="replace")

    def text(self) -> str:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{self.port}/", timeout=5).text
        return ""

    def until(self, holds: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + 30
        while not holds():
            assert time.monotonic() < end, f"never: {what}\n{self.said()}"
            time.sleep(0.05)  # what another process prints and serves can only be looked at

    def end(self) -> int:
        self.supervisor.send_signal(signal.SIGINT)
        return self.supervisor.wait(timeout=20)


@pytest.fixture
def app() -> Iterator[Watched]:
    made = Watched({"main.py": MAIN, "words.py": WORDS, "pyproject.toml": ""})
    try:
        made.watch()
        yield made
    finally:
        if made.supervisor.poll() is None:
            made.supervisor.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                made.supervisor.wait(timeout=15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(made.supervisor.pid, signal.SIGKILL)
        made.stop()


def page_socket(app: Watched) -> connect:
    return connect(f"ws://127.0.0.1:{app.port}/_flyhot/ws", subprotocols=["flyhot.v1"])  # type: ignore[list-item]


async def heard(ws: ClientConnection, kind: str) -> dict[str, object]:
    async with asyncio.timeout(30):
        while (frame := json.loads(await ws.recv()))["t"] != kind:
            pass
    found: dict[str, object] = frame
    return found


async def test_saves_go_into_the_running_app_and_the_socket_stays(app: Watched) -> None:
    started = app.text().split()[-1]
    assert "/_flyhot/flyhot." in app.text(), "the client's tag is put in while watching"
    async with connect(f"ws://127.0.0.1:{app.port}/ws") as ws, page_socket(app) as page:
        await ws.send("x")
        assert await ws.recv() == "one 1"
        app.write({"words.py": WORDS.replace("one", "two")})
        assert (await heard(page, "watch"))["ok"] is True
        await ws.send("x")
        assert await ws.recv() == "two 2"
        app.write({"words.py": "def greeting(:\n"})
        wrong = await heard(page, "watch")
        assert wrong["ok"] is False and wrong["restart"] is False
        assert "words.py:1" in app.said()
        async with page_socket(app) as later:
            assert (await heard(later, "watch"))["title"] == wrong["title"], "a page that comes later is told, too"
        await ws.send("x")
        assert await ws.recv() == "two 3", "the old code serves on"
        app.write({"words.py": WORDS.replace("one", "three")})
        assert (await heard(page, "watch"))["ok"] is True
        await ws.send("x")
        assert await ws.recv() == "three 4"
    assert app.text().split()[-1] == started
    assert app.end() == 130


_NEEDS_MORE = "self.b = 1\n\n    def read(self):\n        return self.b"


async def test_what_needs_a_restart_is_restarted_and_said(app: Watched) -> None:
    started = app.text().split()[-1]
    async with page_socket(app) as page:
        app.edit("main.py", ("self.a = 1\n\n    def read(self):\n        return self.a", _NEEDS_MORE))
        said = await heard(page, "watch")
        assert said["restart"] is True
        assert (await heard(page, "bye"))["retry"]
    app.until(lambda: app.text().split()[-1:] not in ([started + "</body></html>"], [started], []), "another process")
    assert "it is restarted" in app.said()


async def test_a_server_that_dies_in_its_import_starts_again_at_the_next_good_save(app: Watched) -> None:
    os.kill(int(_child_of(app.supervisor.pid)), signal.SIGKILL)
    app.until(lambda: "ended with exit code" in app.said(), "the end is said")
    app.write({"words.py": WORDS.replace("one", "again")})
    app.until(lambda: "again" in app.text(), "it serves again")


def _child_of(pid: int) -> str:
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return children.read().split()[0]
