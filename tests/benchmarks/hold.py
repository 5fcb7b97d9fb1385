"""How long sessions are held, and for what: a thousand and ten thousand, each with a state of twenty keys that a
`code_change` migrates. The best of several upgrades and rollbacks: a busy machine adds, it never takes away.

`bare` is what the same calls of the same functions cost in a loop, without anything that could be undone: each on a
shallow copy of its state, and, as `bare_deep`, on a deep one. `floor` is the least that a migration costs which can be
undone: the same loop, and in loops as bare each session's attributes kept, one look at each of them for what is nested,
that kept too, and the new states assigned. No gate, budget, policy or error that names a session is in it.
"""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import tempfile
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

from tests.faults.lab import Client, Lab, edited, websocket

SESSIONS = (1_000, 10_000)
UPGRADES = 4
HELD = ("suspend", "reportheld", "load", "codechange", "verify", "vote", "commit", "resume")

MAIN = """
from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from flyhot_asgi import HotUpgrade

RELEASE = 1


class Room(WebSocketEndpoint):
    encoding = "text"

    async def on_connect(self, websocket):
        for n in range(16):
            setattr(self, f"key{n}", n)
        self.name = "ann"
        self.history = ["a", "b"]
        self.seen = {"x": 1}
        self.count = 0
        await websocket.accept()

    async def on_receive(self, websocket, data):
        self.count += 1
        await websocket.send_text(f"{RELEASE} {self.count} {data}")


app = Starlette(routes=[WebSocketRoute("/ws", Room)], middleware=[Middleware(HotUpgrade)])
"""

CHANGE = """    def code_change(self, old_vsn, state, extra):
        if extra["direction"] == "down":
            del state["total"]
            return state
        return {**state, "total": state["key1"] + state["key2"]}

    async def on_receive"""

FIRST = {"main.py": MAIN}
SECOND = {"main.py": edited(MAIN, ("RELEASE = 1", "RELEASE = 2"), ("    async def on_receive", CHANGE))}


async def measure() -> list[dict[str, Any]]:
    found = [await _of(sessions) for sessions in SESSIONS]
    few, many = found[0]["up"]["hold_ms"], found[-1]["up"]["hold_ms"]
    return [*found, {"sessions_factor": SESSIONS[-1] / SESSIONS[0], "time_factor": round(many / few, 1)}]


async def _of(sessions: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="fh-", ignore_cleanup_errors=True) as folder:
        os.environ["FLYHOT_RUNTIME_DIR"] = f"{folder}/rt"
        (Path(folder) / "app").mkdir()
        lab = await Lab(Path(folder) / "app", FIRST).start()
        await _connect(lab, sessions)
        second = await lab.release(SECOND)
        ups, downs, bare, deep, floor = [], [], [], [], []
        for _ in range(UPGRADES):
            ups.append(await lab.upgrade(second))
            bare.append(_bare(lab, copy.copy))
            deep.append(_bare(lab, copy.deepcopy))
            floor.append(_bare(lab, copy.copy, undoable=True))
            downs.append(await lab.upgrade(lab.first, direction="down"))
        for client in lab.clients:
            client.says()
            await client.until_answered()
            client.assert_in_order()
        await lab.close()
    for result in ups + downs:
        assert result["outcome"] == "complete" and result["units_migrated"] == sessions, result["error"]
    up = _parts(ups)
    return {
        "sessions": sessions,
        "up": up,
        "down": _parts(downs),
        "bare_ms": round(min(bare), 2),
        "times_bare": round(up["hold_ms"] / min(bare), 2),
        "bare_deep_ms": round(min(deep), 2),
        "times_bare_deep": round(up["hold_ms"] / min(deep), 2),
        "floor_ms": round(min(floor), 2),
        "floor_times_bare": round(min(floor) / min(bare), 2),
    }


async def _connect(lab: Lab, sessions: int) -> None:
    lab.clients = [Client() for _ in range(sessions)]
    for client in lab.clients:
        client.task = asyncio.create_task(lab.app(websocket("/ws"), client.receive, client.send))
        client.says()
    for client in lab.clients:
        await client.until_answered()


def _bare(lab: Lab, copied: Callable[[dict[str, Any]], dict[str, Any]], *, undoable: bool = False) -> float:
    """The same calls in a loop: milliseconds. `undoable`: with what it takes to put all back."""
    plumbing = {"scope", "receive", "send", "total"}
    rooms: list[Any] = [unit.instance for unit in lab.process.registry.units()]
    states = [{name: value for name, value in vars(room).items() if name not in plumbing} for room in rooms]
    extra = {"direction": "up"}
    kept: list[Any] = []
    gc.disable()
    try:
        began = time.perf_counter()
        if undoable:
            before = [vars(room).copy() for room in rooms]
            values = chain.from_iterable(map(dict.values, before))
            nested = [value for value in values if (kind := type(value)) is not int and kind is not str]
            kept = [before, nested, [value.copy() for value in nested if type(value) in (list, dict)]]
        made = [room.code_change("1", copied(state), extra) for room, state in zip(rooms, states, strict=True)]
        if undoable:
            for room, state in zip(rooms, made, strict=True):
                vars(room).update(state)
        took = time.perf_counter() - began
    finally:
        gc.enable()
    assert len(made) == len(rooms) and len(kept) == 3 * undoable
    return took * 1000


def _parts(results: list[dict[str, Any]]) -> dict[str, float]:
    best = min(results, key=lambda result: float(result["hold_ms"]))
    parts = {name: round(best["phases_ms"].get(name, 0.0), 2) for name in HELD}
    return {"hold_ms": round(best["hold_ms"], 2), **parts}
