"""Bad input of every kind: one clear message, the documented exit code, and the old code still serves."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from .live_app import Done, LiveApp, live_app

pytestmark = pytest.mark.e2e

GOOD = """
import asyncio

from fastapi import FastAPI
from starlette.endpoints import WebSocketEndpoint

from flyhot_asgi import HotUpgrade

app = FastAPI()
app.add_middleware(HotUpgrade)
LIMIT = 1


@app.get("/")
async def index():
    return {"release": 1, "limit": LIMIT}


class Room(WebSocketEndpoint):
    encoding = "text"

    async def on_connect(self, websocket):
        self.seen = []
        self.name = websocket.query_params.get("name", "")
        await websocket.accept()

    async def on_receive(self, websocket, data):
        if data == "sleep":
            await asyncio.sleep(3600)
        self.seen.append(data)
        await websocket.send_text(f"1 {self.seen}")


app.router.add_websocket_route("/room", Room)
"""


@pytest.fixture(scope="module")
def app() -> Iterator[LiveApp]:
    with live_app({"main.py": GOOD, "notes.py": "REMARK = 1\n"}) as one:
        yield one


@pytest.fixture
async def rooms(app: LiveApp) -> AsyncIterator[LiveApp]:
    """Three live sessions around each test: they, the page and the status must be untouched by it."""
    app.write({"main.py": GOOD, "notes.py": "REMARK = 1\n"})
    before = app.deploy("status").document
    sockets = [await app.websocket(f"/room?name={name}") for name in ("ann", "bob", "cid")]
    for ws in sockets:
        await ws.send("before")
        assert await ws.recv() == "1 ['before']"
    yield app
    for ws in sockets:
        await ws.send("after")
        assert await ws.recv() == "1 ['before', 'after']"
        await ws.close()
    assert app.get("/").json() == {"release": 1, "limit": 1}
    after = app.deploy("status").document
    assert [p["release"] for p in after["processes"]] == [p["release"] for p in before["processes"]]
    assert all(p["state"] == "serving" for p in after["processes"])


def one_clear_message(done: Done, *words: str) -> None:
    text = done.message
    assert text and "\n" not in text.strip(), text
    for word in words:
        assert word in text, text


async def test_a_syntax_error(rooms: LiveApp) -> None:
    rooms.edit("main.py", ("LIMIT = 1\n", "LIMIT = (1\n"))
    done = await rooms.deploy_meanwhile("hot")
    assert done.exit_code == 1, done.document
    one_clear_message(done, "main.py:11", "SyntaxError")


async def test_a_module_that_raises_on_import(rooms: LiveApp) -> None:
    rooms.edit("main.py", ("LIMIT = 1\n", "LIMIT = 1 / 0\n"))
    done = await rooms.deploy_meanwhile("hot")
    assert done.exit_code == 1, done.document
    one_clear_message(done, "main.py:11", "ZeroDivisionError")


async def test_a_new_module_that_raises_on_import(rooms: LiveApp) -> None:
    rooms.write({"fresh.py": "raise RuntimeError('not today')\n"})
    rooms.edit("main.py", ("import asyncio\n", "import asyncio\nimport fresh\n"))
    done = await rooms.deploy_meanwhile("hot")
    (rooms.root / "fresh.py").unlink()
    assert done.exit_code == 1, done.document
    one_clear_message(done, "fresh.py:1", "not today")


async def test_a_dependency_that_is_not_installed(rooms: LiveApp) -> None:
    rooms.edit("main.py", ("import asyncio\n", "import asyncio\nimport no_such_library\n"))
    done = await rooms.deploy_meanwhile("hot")
    assert done.exit_code == 1, done.document
    one_clear_message(done, "no_such_library")
    assert "install" in done.document["error"]["do"]


CHANGE = "    def code_change(self, old_vsn, state, extra):\n        {body}\n\n    async def on_connect"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('if self.name == "bob": raise ValueError("no bobs")\n        return {**state, "x": 1}', ["no bobs", "Room"]),
        ("return None", ["Room"]),
        ("return 7", ["Room"]),
        ('return {1: "x"}', ["Room"]),
        ("raise SystemExit(3)", ["SystemExit"]),
        ('state["seen"].append("spoilt"); self.seen.clear(); raise KeyError("late")', ["late"]),
    ],
)
async def test_a_code_change_that_fails_in_one_session_or_returns_nonsense(
    rooms: LiveApp, body: str, words: list[str]
) -> None:
    rooms.edit("main.py", ("    async def on_connect", CHANGE.format(body=body)), ('"release": 1', '"release": 2'))
    done = await rooms.deploy_meanwhile("hot")
    assert (done.exit_code, done.outcome) == (4, "rolled_back"), done.document
    one_clear_message(done, *words)
    assert done.document["error"]["file"] == "main.py"


async def test_a_code_change_that_is_a_coroutine(rooms: LiveApp) -> None:
    change = CHANGE.format(body="return state").replace("def code_change", "async def code_change")
    rooms.edit("main.py", ("    async def on_connect", change))
    done = await rooms.deploy_meanwhile("hot")
    assert done.exit_code == 4, done.document
    one_clear_message(done, "Room")


async def test_a_statement_that_raises_while_it_is_applied(rooms: LiveApp) -> None:
    """The cold import can't see it: it only raises in a process that has served."""
    text = 'LIMIT = [1, 2][bool(sys.modules.get("uvicorn.server"))] if "uvicorn.server" not in sys.modules else 1 / 0\n'
    rooms.edit("main.py", ("import asyncio\n", "import asyncio\nimport sys\n"), ("LIMIT = 1\n", text))
    done = await rooms.deploy_meanwhile("hot")
    assert done.exit_code == 4, done.document
    one_clear_message(done, "main.py:12", "ZeroDivisionError")


async def test_a_handler_that_never_comes_back_to_receive(rooms: LiveApp) -> None:
    async with rooms.websocket("/room?name=sleeper") as sleeper:
        await sleeper.send("sleep")
        rooms.edit("main.py", ('"release": 1', '"release": 2'))
        done = await rooms.deploy_meanwhile("hot", "--suspend-timeout", "1")
        assert done.exit_code == 1, done.document
        one_clear_message(done, "Room", "/room", "main.py:29")


async def test_two_upgrades_at_once(rooms: LiveApp) -> None:
    async with rooms.websocket("/room?name=sleeper") as sleeper:
        await sleeper.send("sleep")  # keeps the first deploy waiting
        rooms.edit("main.py", ('"release": 1', '"release": 2'))
        first = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "flyhot_deploy", "hot", "--suspend-timeout", "6",
            cwd=rooms.root, env=rooms.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert first.stderr is not None
        while b"holding sessions" not in await first.stderr.readline():
            assert first.returncode is None
        second = await rooms.deploy_meanwhile("hot")
        assert second.exit_code == 75, second.document
        one_clear_message(second, str(first.pid))
        await first.communicate()
        assert first.returncode == 1


async def test_a_deployer_that_is_killed_while_sessions_are_held(rooms: LiveApp) -> None:
    async with rooms.websocket("/room?name=sleeper") as sleeper:
        await sleeper.send("sleep")
        rooms.edit("main.py", ('"release": 1', '"release": 2'))
        first = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "flyhot_deploy", "hot", "--suspend-timeout", "3",
            cwd=rooms.root, env=rooms.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert first.stderr is not None
        while b"holding sessions" not in await first.stderr.readline():
            assert first.returncode is None
        os.kill(first.pid, signal.SIGKILL)
        await first.wait()
    rooms.edit("main.py", ('"release": 2', '"release": 1'))
    done = await rooms.deploy_meanwhile("hot")  # nothing is left locked, and nothing is left to clean
    assert (done.exit_code, done.outcome) == (0, "already") or done.message, done.document


async def test_a_release_with_no_change(rooms: LiveApp) -> None:
    done = await rooms.deploy_meanwhile("hot")
    assert (done.exit_code, done.outcome) == (0, "already"), done.document


async def test_a_release_that_changes_nothing_that_runs(rooms: LiveApp) -> None:
    rooms.write({"notes.py": "REMARK = 2\n"})
    done = await rooms.deploy_meanwhile("hot")
    assert done.exit_code == 1, done.document
    one_clear_message(done, "notes.py")


async def test_what_can_t_be_done_hot_is_refused_with_file_and_line(rooms: LiveApp) -> None:
    rooms.edit(
        "main.py",
        ("LIMIT = 1\n", "LIMIT = 1\n__import__('atexit').register(print, 'an effect that nobody can take back')\n"),
    )
    done = await rooms.deploy_meanwhile("hot")
    assert (done.exit_code, done.outcome) == (3, "refused"), done.document
    one_clear_message(done, "main.py:12")
    plan = await rooms.deploy_meanwhile("plan")
    assert plan.exit_code == 3
    assert plan.document["plan"]["refusals"][0]["line"] == 12, plan.document


def test_no_running_process(tmp_path: Path, app: LiveApp) -> None:
    (tmp_path / "main.py").write_text("print('an app')\n")
    done = app.command("hot", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "HotUpgrade" in done.stdout + done.stderr


def test_a_folder_that_is_no_app(tmp_path: Path, app: LiveApp) -> None:
    done = app.command("hot", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr and str(tmp_path) in done.stdout + done.stderr
