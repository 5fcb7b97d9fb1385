"""The example app: each release is a working app, and each migration has its way back."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from websockets.asyncio.client import connect

from flyhot_deploy.demo.servers import Server
from flyhot_deploy.demo.sources import compose, releases_folder

UP = {"direction": "up"}
DOWN = {"direction": "down"}


def room(release: str) -> ModuleType:
    """The chat of one release; it imports nothing of the app, so releases can stand side by side."""
    path = releases_folder() / release / "app/room.py"
    spec = importlib.util.spec_from_file_location(f"noon_room_{release}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def change_room(release: str, old_vsn: str, state: dict[str, Any], extra: dict[str, str]) -> dict[str, Any]:
    endpoint = room(release).ChatRoom({"type": "websocket"}, None, None)
    changed: dict[str, Any] = endpoint.code_change(old_vsn, dict(state), extra)
    return changed


def test_guests_go_up_and_down_again_unharmed() -> None:
    one = {"name": "ann", "table": "window", "said": 7}
    two = change_room("2", "1", one, UP)
    assert two == {"name": "ann", "table": "window", "lines": 7, "hue": room("2").hue_of("ann")}
    three = change_room("3", "2", two, UP)
    assert three["who"] == {"name": "ann", "hue": two["hue"]} and three["lines"] == 7
    assert change_room("3", "2", three, DOWN) == two
    assert change_room("2", "1", two, DOWN) == one


def test_guests_may_skip_a_release_in_both_directions() -> None:
    one = {"name": "bob", "table": "window", "said": 2}
    three = change_room("3", "1", one, UP)
    assert three == change_room("3", "2", change_room("2", "1", one, UP), UP)
    assert change_room("3", "1", three, DOWN) == one


def test_the_bad_release_raises_for_one_guest_only() -> None:
    for number in (1, 2, 12, 14, 113, 130):
        state = {"name": f"guest-{number}", "table": "x", "lines": 1, "hue": 3}
        assert change_room("bad", "2", state, UP)["seat"] == str(number)
    with pytest.raises(LookupError, match="no seat for guest-13"):
        change_room("bad", "2", {"name": "guest-13", "table": "x", "lines": 1, "hue": 3}, UP)


POLL = """
import json, sys
from app.poll import PollView
states, answers = json.loads(sys.argv[1]), []
for old_vsn, state, direction in states:
    answers.append(PollView().code_change(old_vsn, state, {"direction": direction}))
sys.stdout.write(json.dumps(answers))
"""


def change_poll(folder: Path, release: str, *cases: tuple[str, dict[str, Any], str]) -> list[dict[str, Any]]:
    """`code_change` of the poll, in a process of its own: every release's package is called `app`."""
    compose(release, folder)
    done = subprocess.run(
        [sys.executable, "-c", POLL, json.dumps(cases)], cwd=folder, capture_output=True, text=True, check=True
    )
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def test_votes_go_up_and_down_again_unharmed(tmp_path: Path) -> None:
    one = {"choice": "Ramen"}
    two = {"choice": "Ramen", "changes": 0}
    up, down = change_poll(tmp_path / "2", "2", ("1", one, "up"), ("1", two, "down"))
    assert (up, down) == (two, one)
    three = {"vote": {"dish": "Ramen", "changes": 4}, "cheers": 3}
    up, down, far = change_poll(
        tmp_path / "3",
        "3",
        ("2", {"choice": "Ramen", "changes": 4}, "up"),
        ("2", three, "down"),
        ("1", three, "down"),
    )
    assert (up, down, far) == (three, {"choice": "Ramen", "changes": 4}, one)


@asynccontextmanager
async def served(release: str, folder: Path) -> AsyncIterator[Server]:
    compose(release, folder)
    server = Server(folder, folder.parent / "server.log")
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


async def fetch(server: Server, path: str, form: str | None = None) -> str:
    """Status line, headers and body of one request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = f"{'GET' if form is None else 'POST'} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
    if form is not None:
        head += f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(form)}\r\n"
    writer.write((head + "\r\n" + (form or "")).encode())
    answer = (await reader.read()).decode()
    writer.close()
    return answer


@pytest.mark.e2e
@pytest.mark.parametrize("release", ["1", "2", "3"])
async def test_every_page_of_every_release_works(release: str, tmp_path: Path) -> None:
    async with served(release, tmp_path / "noon") as server:
        for path in ("/", "/poll", "/chat", "/suggest", "/static/theme.css", "/static/chat.js", "/docs"):
            answer = await fetch(server, path)
            assert answer.startswith("HTTP/1.1 200"), f"{path}: {answer[:400]}"
        page = await fetch(server, "/poll")
        assert f"release {release}" in page and "<svg" in page and "data-live" in page
        assert "<script src=" in page and "&lt;" not in page
        assert (await server.ask("/api/poll"))["release"] == release
        form = "name=Ann&text=More+%3Cb%3Esoup%3C%2Fb%3E&dish=Ramen"
        assert (await fetch(server, "/suggest", form)).startswith("HTTP/1.1 303")
        page = await fetch(server, "/suggest")
        assert "More &lt;b&gt;soup" in page
        assert ("on Ramen" in page) is (release != "1")


@pytest.mark.e2e
@pytest.mark.parametrize("release", ["1", "2", "3"])
async def test_the_chat_answers_those_at_the_table_and_nobody_else(release: str, tmp_path: Path) -> None:
    async with served(release, tmp_path / "noon") as server:
        url = f"ws://127.0.0.1:{server.port}/ws/chat"
        async with (
            connect(f"{url}?name=ann&table=a") as ann,
            connect(f"{url}?name=bob&table=a") as bob,
            connect(f"{url}?name=eve&table=b") as eve,
        ):
            await ann.send(json.dumps({"text": "soup :tada:", "n": 5}))
            async with asyncio.timeout(10):
                while (heard := json.loads(await bob.recv()))["type"] != "said":
                    pass
            assert (heard["name"], heard["n"], heard["count"]) == ("ann", 5, 1)
            assert heard["text"] == ("soup 🎉" if release == "3" else "soup :tada:")
            await eve.send(json.dumps({"text": "alone", "n": 1}))
            async with asyncio.timeout(10):
                kinds = [json.loads(await eve.recv()) for _ in range(2)]
            assert [each["name"] for each in kinds] == ["eve", "eve"]
