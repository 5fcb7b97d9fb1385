"""Processes that speak the control protocol over real unix sockets, and fail on request.

They run on an event loop in a thread of their own, so that a command under test may run its own loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flyhot_asgi.control.decision import Decisions, decisions_dir
from flyhot_asgi.control.paths import prepare_runtime_dir, socket_path
from flyhot_asgi.control.wire import LEAVING, Decoder, encode

Document = dict[str, Any]
EMPTY: Document = {"changed": [], "added": [], "deleted": []}


def error(kind: str, message: str, **more: Any) -> Document:
    return {"kind": kind, "message": message, "file": None, "line": None, "do": None, "detail": None} | more


def plan_document(old: str, new: str, **more: Any) -> Document:
    plan = {
        "from": old,
        "to": new,
        "modules": EMPTY | {"changed": ["app"]},
        "assets": EMPTY,
        "steps": [
            {
                "module": "app",
                "name": "app.greet",
                "file": "app.py",
                "line": 3,
                "action": "swap",
                "why": "its body changed",
            }
        ],
        "refusals": [],
        "notes": [],
        "stale_frames": [],
    }
    return plan | more


@dataclass
class Faults:
    """What goes wrong. `at` maps "prepare", "hold", "apply", "commit" to one of: refuse, fail, undo, hang,
    die, leave, nonsense, crash, broken, unverified. `dies_at`: a verb."""

    at: dict[str, str] = field(default_factory=dict)
    status: str | None = None
    dies_at: str | None = None
    base: Document | None = None
    check: Document | None = None
    check_hangs: bool = False
    verify: Document | None = None
    plan: Document | None = None
    plan_more: Document = field(default_factory=dict)
    votes_no: bool = False
    late: threading.Event | None = None  # sessions are gathered when it is set


class Hangs(Exception):
    """The process stops answering."""


class Dies(Exception):
    """The process is gone: nobody listens any more."""


class Leaves(Dies):
    """Its server ends it: it says so before it is gone."""


class FakeProcess:
    """One process. `told` is every word that it heard, `requests` every request."""

    def __init__(self, machine: FakeMachine, pid: int, release: str, faults: Faults) -> None:
        self.machine = machine
        self.pid = pid
        self.release = release
        self.faults = faults
        self.state = "serving"
        self.joins: str | None = None
        self.told: list[str] = []
        self.requests: list[Document] = []
        self.reached: dict[str, threading.Event] = {
            name: threading.Event() for name in ("check", "prepare", "hold", "apply", "commit", "end")
        }
        self.server: asyncio.Server | None = None
        self.writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        path = socket_path(self.machine.runtime, self.pid)
        self.server = await asyncio.start_unix_server(self._serve, path=path)

    async def stop(self) -> None:
        if self.server is not None:
            self.server.close()
        for writer in list(self.writers):
            if not writer.is_closing():
                writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        line = Line(reader, writer)
        try:
            request = await line.receive()
            if request is not None:
                self.requests.append(request)
                if request["verb"] == self.faults.dies_at:
                    raise Dies
                reply = await getattr(self, "do_" + request["verb"])(request, line)
                line.send({"done": True} | reply)
        except Hangs:
            with contextlib.suppress(asyncio.CancelledError):
                await self.machine.stopped.wait()
        except Dies as exc:
            if isinstance(exc, Leaves):
                line.send(LEAVING)
                await writer.drain()
                writer.close()
            await self.stop()
        finally:
            self.writers.discard(writer)
            writer.close()

    async def do_status(self, request: Document, line: Line) -> Document:
        match self.faults.status:
            case "hang":
                raise Hangs
            case "die":
                raise Dies
            case "nonsense":
                return {"ok": True, "status": {"pid": "many"}}
        return {"ok": True, "status": self.status()}

    def status(self) -> Document:
        return {
            "pid": self.pid,
            "app": self.machine.app,
            "root": str(self.machine.root),
            "store": str(self.machine.store),
            "release": self.release,
            "boot": "b",
            "since": 1_700_000_000.0,
            "state": self.state,
            "joins": self.joins,
            "sessions": [{"label": "/chat", "cls": "app.Chat", "vsn": "1", "count": 3}],
            "websockets": 3,
            "http_in_flight": 0,
            "clients": 1,
            "python": self.machine.python,
        }

    async def do_base(self, request: Document, line: Line) -> Document:
        return self._answer(self.faults.base) | {"release": self.release}

    async def do_check(self, request: Document, line: Line) -> Document:
        self.reached["check"].set()
        if self.faults.check_hangs:
            raise Hangs
        return self._answer(self.faults.check) | {"cold": {"seen": request["release"]}}

    async def do_verify(self, request: Document, line: Line) -> Document:
        if self.faults.verify is not None:
            return {"result": self.result("already", self.release, error=self.faults.verify)}
        return {"ok": True, "result": self.result("already", self.release, verified=True)}

    async def do_plan(self, request: Document, line: Line) -> Document:
        plan = plan_document(self.release, request["release"], **self.faults.plan_more)
        return self._answer(self.faults.plan) | {"plan": plan}

    @staticmethod
    def _answer(problem: Document | None) -> Document:
        return {"ok": problem is None, "error": problem}

    async def do_upgrade(self, request: Document, line: Line) -> Document:
        new = request["release"]
        try:
            for station, word in (("prepare", "prepared"), ("hold", "held"), ("apply", "ready")):
                if self.faults.at.get(station) == "crash":
                    return {"ok": False, "error": error("error", "the process failed to answer: TypeError")}
                if (early := self._fault(station, new)) is not None:
                    return {"result": early}
                if station == "hold" and self.faults.late is not None:
                    await asyncio.to_thread(self.faults.late.wait, 30)
                if station == "apply" and self.faults.votes_no:
                    Decisions(decisions_dir(self.machine.runtime)).decide(request["tx"], "abort")
                line.send({"phase": word, "plan": plan_document(self.release, new)})
                self.reached[station].set()
                frame = await line.receive()
                go = self._hear(frame)
                while go == "resume":
                    go = self._hear(await line.receive())
                    if go == "suspend":
                        line.send({"phase": "held"})
                        go = self._hear(await line.receive())
                if go == "abort":
                    said = error("aborted", "the deployer is gone, or said stop; nothing was changed")
                    return {"result": self.result("aborted", new, error=said)}
            if (late := self._fault("commit", new)) is not None:
                return {"result": late}
            result = self.result("complete", new, verified=True, hold_ms=12.5, definitions={"swap": 1})
            self.release = new
            self.reached["commit"].set()
            return {"result": result}
        finally:
            self.reached["end"].set()

    def _hear(self, frame: Document | None) -> str:
        go = "abort" if frame is None else str(frame["go"])
        self.told.append(go)
        return go

    def _fault(self, station: str, new: str) -> Document | None:
        match self.faults.at.get(station):
            case None:
                return None
            case "hang":
                self.reached[station].set()
                raise Hangs
            case "die":
                raise Dies
            case "leave":
                raise Leaves
            case "nonsense":
                return {"outcome": 7}
            case "refuse":
                refusals = [{"module": "app", "file": "app.py", "line": 9, "name": "Player"}]
                refusals[0] |= {"reason": "its __slots__ changed", "do": "deploy cold"}
                plan = plan_document(self.release, new, refusals=refusals)
                problem = error("refused", "1 change can't be made hot", file="app.py", line=9)
                return self.result("refused", new, error=problem, plan=plan)
            case "fail":
                problem = error("suspend_timeout", "session ws-1 is busy", file="app.py", line=20)
                return self.result("failed", new, error=problem)
            case "undo":
                return self.result("rolled_back", new, error=error("migration", "code_change raised"))
            case "broken":
                return self.result("broken", new, error=error("undo", "the undo failed"))
            case "unverified":
                self.release = new
                return self.result("complete", new, verified=False)
            case other:
                raise AssertionError(other)

    def result(self, outcome: str, new: str, **more: Any) -> Document:
        result = {
            "pid": self.pid,
            "outcome": outcome,
            "from": self.release,
            "to": new,
            "verified": False,
            "hold_ms": 0.0,
            "phases_ms": {},
            "modules": EMPTY | {"changed": ["app"]},
            "definitions": {},
            "units_migrated": 0,
            "sessions": 3,
            "stale_frames": [],
            "notes": [],
            "plan": None,
            "error": None,
        }
        return result | more


class Line:
    """The server's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.decoder = Decoder()
        self.frames: list[Document] = []

    async def receive(self) -> Document | None:
        while not self.frames:
            try:
                data = await self.reader.read(65536)
            except OSError:  # a peer that was killed with something unread
                return None
            if not data:
                return None
            self.frames += self.decoder.feed(data)
        return self.frames.pop(0)

    def send(self, frame: Document) -> None:
        if not self.writer.is_closing():
            self.writer.write(encode(frame))


class FakeMachine:
    """The processes of one app at `root`. Use as a context manager."""

    def __init__(self, root: Path, *, store: Path | None = None, app: str = "app", python: str = "3.11.7") -> None:
        self.root = root.resolve()
        self.store = store or self.root / ".flyhot"
        self.app = app
        self.python = python
        self.runtime = prepare_runtime_dir(self.root, app)
        self.processes: list[FakeProcess] = []
        self._sleepers: list[subprocess.Popen[bytes]] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fake-machine", daemon=True)
        self.stopped = asyncio.Event()

    def __enter__(self) -> FakeMachine:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        for sleeper in self._sleepers:
            sleeper.kill()
            sleeper.wait()

    async def _close(self) -> None:
        self.stopped.set()
        for _ in range(4):  # who has just connected is accepted, and given a transport, while the server still is one
            await asyncio.sleep(0)
        for process in self.processes:
            await process.stop()
        for _ in range(3):  # a connection that was just accepted gets its transport before its task is cancelled
            await asyncio.sleep(0)
        me = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not me]
        for task in others:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*others, return_exceptions=True)

    def call(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def start(self, release: str, faults: Faults | None = None) -> FakeProcess:
        """One more process. Its pid is that of a real one that only sleeps."""
        sleeper = subprocess.Popen(["sleep", "600"])
        self._sleepers.append(sleeper)
        process = FakeProcess(self, sleeper.pid, release, faults or Faults())
        self.processes.append(process)
        self.call(process.start())
        return process

    def on_loop(self, work: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(work)
