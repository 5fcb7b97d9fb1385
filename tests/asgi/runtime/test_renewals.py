"""A function that could not be called anew is found before anything is changed."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.lab import Client, Lab, edited, private_runtime_dir, websocket

from .conftest import MEMORY

MAIN = """
from fastapi import Depends, FastAPI, WebSocket

from flyhot_asgi import HotUpgrade, upgradable

app = FastAPI()
app.add_middleware(HotUpgrade)


def who():
    return "ann"


class Rooms:
    @staticmethod
    @upgradable
    async def serve(ws, state):
        await ws.accept()
        while True:
            text = await ws.receive_text()
            state["n"] = state.get("n", 0) + 1
            await ws.send_text(f"1 {state['n']} {text}")


@app.websocket("/ws")
@upgradable
async def chat(ws: WebSocket, state, user: str = Depends(who)):
    await ws.accept()
    while True:
        text = await ws.receive_text()
        state["n"] = state.get("n", 0) + 1
        await ws.send_text(f"1 {state['n']} {text}")


@app.websocket("/room")
async def room(ws: WebSocket):
    await Rooms.serve(ws)
"""


@pytest.fixture
async def lab(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="fh-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
        private_runtime_dir(monkeypatch, f"{folder}/rt")
        (Path(folder) / "app").mkdir()
        one = await Lab(Path(folder) / "app", {"main.py": MAIN}).start()
        yield one
        await one.close()


def release(signature: str) -> dict[str, str]:
    text = edited(MAIN, ("async def chat(ws: WebSocket, state, user: str = Depends(who)):", signature))
    return {"main.py": text.replace('f"1 ', 'f"2 ')}


async def still_old(lab: Lab) -> None:
    for client in lab.clients:
        client.says()
        await client.until_answered()
        client.assert_in_order()
        assert {answer.split()[0] for answer in client.answers} == {"1"}


@pytest.mark.parametrize(
    "signature",
    [
        "async def chat(ws: WebSocket, state, room: str, user: str = Depends(who)):",
        "async def chat(ws: WebSocket, state, user: str = Depends(who), *, room: str):",
    ],
)
async def test_a_new_parameter_without_a_default_is_refused_in_the_plan(lab: Lab, signature: str) -> None:
    await lab.connect(3)
    result = await lab.upgrade(release(signature))
    assert result["outcome"] == "refused", result
    error = result["error"]
    assert "chat now wants `room`, which 3 that run now were not given" in error["message"]
    assert error["file"].endswith("main.py") and "suspend" not in result["phases_ms"]
    line = release(signature)["main.py"].splitlines().index(signature) + 1
    assert error["line"] == line and "deploy cold" in error["do"]
    await still_old(lab)


async def test_with_nobody_there_it_is_no_matter(lab: Lab) -> None:
    signature = "async def chat(ws: WebSocket, state, room: str = 'x', user: str = Depends(who)):"
    assert (await lab.upgrade(release(signature)))["outcome"] == "complete"


async def test_what_the_source_does_not_tell_is_found_before_the_commit(lab: Lab) -> None:
    await lab.connect(2)
    result = await lab.upgrade(
        release("async def chat(ws: WebSocket, state, user: str = Depends(who), other: str = Depends(who)):")
    )
    assert result["outcome"] == "rolled_back", result
    assert "wants `other`, which it was not given" in result["error"]["message"]
    await still_old(lab)


async def test_a_plain_default_and_what_was_given_are_enough(lab: Lab) -> None:
    clients = await lab.connect(2)
    result = await lab.upgrade(
        release("async def chat(ws: WebSocket, state, user: str = Depends(who), *, limit: int = 3):")
    )
    assert result["outcome"] == "complete", result
    for client in clients:
        client.says()
        await client.until_answered()
        client.assert_in_order()
        assert [answer.split()[0] for answer in client.answers] == ["1", "2"]


async def test_functions_in_classes_are_found_too(lab: Lab) -> None:
    client = Client()
    client.task = asyncio.create_task(lab.app(websocket("/room"), client.receive, client.send))
    client.says()
    await client.until_answered()
    lab.clients.append(client)
    text = MAIN.replace("async def serve(ws, state):", "async def serve(ws, state, room):").replace('f"1 ', 'f"2 ')
    result = await lab.upgrade({"main.py": text})
    assert result["outcome"] == "refused" and "Rooms.serve now wants `room`" in result["error"]["message"], result
    await still_old(lab)
