"""A long run: a thousand clients with numbered messages both ways through a hundred upgrades and rollbacks in a row, a
third of which are made to fail. Counts what was lost, doubled, out of order or closed, and what memory stays behind.

Each client counts what it sends, each session what it gets, in its state, which every upgrade migrates. So an answer
"<release> <the session's count> <the client's number>" shows a loss, a double and a wrong order on either way.
"""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
import types
import weakref
from collections import Counter
from pathlib import Path
from typing import Any

from tests.faults.lab import Lab, Scripted, websocket

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
        self.count = 0
        self.kept = {"release": RELEASE, "log": []}
        await websocket.accept()

    async def on_receive(self, websocket, data):
        self.count += 1
        await websocket.send_text(answer(self, data))

    def code_change(self, old_vsn, state, extra):
        state["kept"]["release"] = 1 if extra["direction"] == "up" else 0
        if state["kept"]["log"] is LAST:
            raise RuntimeError("made to fail")
        return state


LAST = None


def answer(room, data):
    return f"{RELEASE} {room.count} {data}"


app = Starlette(routes=[WebSocketRoute("/ws", Room)], middleware=[Middleware(HotUpgrade)])
"""

FAILURES = ("vote", "held", "prepared", "raises", "cancel")
WARM = 10
"""Upgrades after which memory is looked at for the first time."""


def release(number: int, *, raises: bool = False) -> dict[str, str]:
    text = MAIN.replace("RELEASE = 1\n", f"RELEASE = {number}\n")
    text = text.replace('= 1 if extra["direction"] == "up" else 0', f'= {number} - (extra["direction"] == "down")')
    if raises:
        text = text.replace('if state["kept"]["log"] is LAST:', f"if self.count > {number % 7}:")
    return {"main.py": text}


class NumberedClient:
    """Sends the next number when the last one is answered, as far as it may; keeps nothing but what went wrong."""

    def __init__(self) -> None:
        self.may_send = 1
        self.sent = 0
        self.answered = 0
        self.problems: list[str] = []
        self.closed: int | None = None
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._incoming.put_nowait({"type": "websocket.connect"})
        self.task: asyncio.Task[None] | None = None
        self.all_answered = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        return await self._incoming.get()

    async def send(self, message: Any) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            self.go_on()
        elif kind == "websocket.close":
            self.closed = message.get("code", 1000)
        else:
            self.answered += 1
            _, count, number = message["text"].split()
            if not int(count) == int(number) == self.answered:
                self.problems.append(f"answer {self.answered}: {message['text']}")
            self.go_on()

    def go_on(self) -> None:
        if self.sent < self.may_send:
            self.sent += 1
            self._incoming.put_nowait({"type": "websocket.receive", "text": str(self.sent)})
        elif self.answered >= self.may_send:
            self.all_answered.set()

    def leave(self) -> None:
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def until(self, number: int) -> None:
        """Be answered that many messages in all."""
        self.may_send = number
        self.all_answered.clear()
        if self.sent == self.answered:
            self.go_on()
        await self.all_answered.wait()


async def measure() -> dict[str, Any]:
    return await soak(clients=1_000, upgrades=100, messages=1_000_000)


async def soak(*, clients: int, upgrades: int, messages: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="fh-", ignore_cleanup_errors=True) as folder:
        os.environ["FLYHOT_RUNTIME_DIR"] = f"{folder}/rt"
        (Path(folder) / "app").mkdir()
        lab = await Lab(Path(folder) / "app", release(1)).start()
        people = [NumberedClient() for _ in range(clients)]
        for each in people:
            each.task = asyncio.create_task(lab.app(websocket("/ws"), each.receive, each.send))
        await asyncio.gather(*(each.until(1) for each in people))
        figures = await _Run(lab, people, messages // clients, upgrades).run()
        for each in people:
            each.leave()
        await asyncio.gather(*(each.task for each in people if each.task is not None))
        await lab.close()
    return {"clients": clients, **figures}


class _Run:
    def __init__(self, lab: Lab, people: list[NumberedClient], each: int, upgrades: int) -> None:
        self._lab = lab
        self._people = people
        self._each = each
        self._upgrades = upgrades
        self._number = 1  # the release that runs
        self._newest = 1
        self._outcomes: Counter[str] = Counter()
        self._codes: dict[int, weakref.ref[types.CodeType]] = {}  # by id: equal ones of two releases are two
        self._holds: list[float] = []

    async def run(self) -> dict[str, Any]:
        warm: tuple[int, int] | None = None
        for turn in range(1, self._upgrades + 1):
            upto = max(2, self._each * turn // self._upgrades)
            talk = asyncio.gather(*(each.until(upto) for each in self._people))
            await asyncio.sleep(0)
            await self._upgrade(turn)
            await talk
            self._look()
            if turn == WARM:
                warm = _memory(), len(self._codes)
        memory, codes = _memory(), self._living_codes()
        return {
            "upgrades": self._upgrades,
            "outcomes": dict(self._outcomes),
            "messages": sum(each.answered for each in self._people),
            "unanswered": sum(each.sent - each.answered for each in self._people),
            "out_of_order_or_doubled": sum(len(each.problems) for each in self._people),
            "closed": sum(each.closed is not None for each in self._people),
            "longest_hold_ms": round(max(self._holds), 1),
            "memory_mb": {"after_10": warm[0] // 2**20 if warm else None, "at_the_end": memory // 2**20},
            "code_objects": {"after_10": warm[1] if warm else None, "at_the_end": codes},
        }

    async def _upgrade(self, turn: int) -> None:
        """Two up, one down, so that there is a way back; every third one fails in one of the ways, in turn."""
        failure = FAILURES[turn // 3 % len(FAILURES)] if turn % 3 == 0 else ""
        down = turn % 3 == 2 and self._number > 1 and not failure
        if not down:
            self._newest = self._number + 1
        number = self._number - 1 if down else self._number + 1
        files = release(number, raises=failure == "raises")
        if failure == "cancel":
            await self._cancelled(files)
            return
        coordinator = Scripted(**{failure: lambda: False}) if failure in ("vote", "held", "prepared") else None
        result = await self._lab.upgrade(files, coordinator, direction="down" if down else "up")
        self._outcomes[result["outcome"]] += 1
        self._holds.append(result["hold_ms"])
        assert (result["outcome"] == "complete") is (not failure), result["error"]
        if result["outcome"] == "complete":
            self._number = number

    async def _cancelled(self, files: dict[str, str]) -> None:
        here = asyncio.Event()

        async def stay() -> bool:
            here.set()
            await asyncio.Event().wait()
            return True

        task = asyncio.create_task(self._lab.upgrade(files, Scripted(held=stay)))
        await here.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        self._outcomes["cancelled"] += 1

    def _look(self) -> None:
        """One generation: the module, and every session's state."""
        assert self._lab.main.RELEASE == self._number
        found = {unit.get_state()["kept"]["release"] for unit in self._lab.process.registry.units()}
        assert found == {self._number}, (found, self._number)
        self._living_codes()

    def _living_codes(self) -> int:
        """Code objects of the app, of any release, that are still there."""
        for name, value in vars(self._lab.main).items():
            functions = [value, *vars(value).values()] if isinstance(value, type) else [value]
            for function in functions:
                if isinstance(function, types.FunctionType) and name != "HotUpgrade":
                    self._codes[id(function.__code__)] = weakref.ref(function.__code__)
        gc.collect()
        self._codes = {number: ref for number, ref in self._codes.items() if ref() is not None}
        return len(self._codes)


def _memory() -> int:
    """Resident bytes of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
