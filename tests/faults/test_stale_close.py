"""`stale = "close"` closes what runs old code, and nobody whose function starts anew, however long its end takes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .conftest import MEMORY
from .lab import Client, Lab, private_runtime_dir

APP = """
import asyncio

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect

from flyhot_asgi import HotUpgrade, upgradable

RELEASE = 1


@upgradable
async def impatient(ws, state):
    await ws.accept()
    while True:
        try:
            text = await asyncio.wait_for(ws.receive_text(), 30)
        except WebSocketDisconnect:
            return
        await answer(ws, state, text, "one")


@upgradable
async def pair(ws, state):
    await ws.accept()
    queue = asyncio.Queue()

    async def read():
        async for text in ws.iter_text():
            await queue.put(text)

    async def write():
        while True:
            await answer(ws, state, await queue.get(), "one")

    tasks = [asyncio.create_task(read()), asyncio.create_task(write())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


@upgradable
async def tidy(ws, state):
    await ws.accept()
    try:
        async for text in ws.iter_text():
            await answer(ws, state, text, "one")
    finally:
        await asyncio.sleep(0.2)


async def raw(ws):
    await ws.accept()
    state = {}
    async for text in ws.iter_text():
        await answer(ws, state, text, "one")


async def answer(ws, state, text, word):
    state["n"] = state.get("n", 0) + 1
    await ws.send_text(f"{word} {state['n']} {text}")


functions = {"/impatient": impatient, "/pair": pair, "/tidy": tidy, "/raw": raw}
app = Starlette(
    routes=[WebSocketRoute(path, function) for path, function in functions.items()],
    middleware=[Middleware(HotUpgrade)],
)
"""
KEPT = ("/impatient", "/pair", "/tidy")


@pytest.fixture
async def lab(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="fh-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
        private_runtime_dir(monkeypatch, f"{folder}/rt")
        (Path(folder) / "app").mkdir()
        one = await Lab(Path(folder) / "app", {"main.py": APP}).start()
        yield one
        await one.close()


async def test_a_function_that_is_about_to_start_anew_is_not_closed(lab: Lab) -> None:
    clients = {path: (await lab.connect(path=path))[0] for path in (*KEPT, "/raw")}
    result = await lab.upgrade({"main.py": APP.replace('"one"', '"two"')}, stale="close", stale_within=0.01)
    assert result["outcome"] == "complete", result["error"]
    await until_closed(clients["/raw"])
    for path in KEPT:
        client = clients[path]
        client.says()
        await client.until_answered()
        assert client.answers[-1] == "two 2 2", path
        client.assert_in_order()
    assert clients["/raw"].closed == 1012


async def until_closed(client: Client) -> None:
    async with asyncio.timeout(60):
        while client.closed is None:  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.01)
