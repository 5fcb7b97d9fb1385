"""A real app for end-to-end tests: a folder of source, uvicorn processes on it, the real command line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

START_SECONDS = 30.0


@dataclass
class Done:
    """What a command did."""

    exit_code: int
    document: dict[str, Any]
    stderr: str

    @property
    def outcome(self) -> str:
        return str(self.document.get("outcome"))

    @property
    def message(self) -> str:
        error = self.document.get("error") or {}
        return str(error.get("message", ""))

    @property
    def processes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.document.get("processes", [])
        return found


class LiveApp:
    """One app's folder and its processes. Ended by `stop()`, by pid."""

    def __init__(self, files: dict[str, str], *, target: str = "main:app") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fh-"))
        self.root = self.folder / "app"
        self.root.mkdir()
        self.target = target
        self.environment = {
            **os.environ,
            "FLYHOT_RUNTIME_DIR": str(self.folder / "rt"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self.ports: list[int] = []
        self.write(files)

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def edit(self, name: str, *pairs: tuple[str, str]) -> None:
        text = (self.root / name).read_text()
        for old, new in pairs:
            assert old in text, f"{old!r} is not in {name}"
            text = text.replace(old, new)
        (self.root / name).write_text(text)

    def start(self, *options: str, server: str = "uvicorn", run: bool = False) -> int:
        """Start a server on a free port and wait until it answers; returns the port. `run`: by our command."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        log = (self.folder / f"{port}.log").open("wb")
        time.sleep(0.03)  # else its files may have been written as it began, and it compares itself with them first
        where = {
            "uvicorn": ["--port", str(port), "--log-level", "warning"],
            "hypercorn": ["--bind", f"127.0.0.1:{port}"],
            "gunicorn": ["--bind", f"127.0.0.1:{port}", "--log-level", "warning"],
            "granian": ["--interface", "asgi", "--port", str(port), "--log-level", "warning"],
        }
        ours = [sys.executable, "-m", "flyhot_deploy", "run", "--"] if run else []
        command = [*ours, sys.executable, "-m", server, self.target, *where[server]]
        process = subprocess.Popen(
            [*command, *options],
            cwd=self.root,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that its workers can be ended with it
        )
        log.close()
        self.processes.append(process)
        self.ports.append(port)
        self._wait_until_up(process, port)
        return port

    def _wait_until_up(self, process: subprocess.Popen[bytes], port: int) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if process.poll() is not None:
                raise AssertionError(f"the server ended: {self.log(port)}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
                return
            time.sleep(0.05)  # nothing tells us when a port opens
        raise AssertionError(f"the server did not come up: {self.log(port)}")

    def log(self, port: int) -> str:
        return (self.folder / f"{port}.log").read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flyhot_deploy", *arguments],
            cwd=cwd or self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def deploy(self, *arguments: str) -> Done:
        """Run a command with --json; its document must be one, whatever happened, and no traceback."""
        done = self.command(*arguments, "--json")
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, json.loads(done.stdout), done.stderr)

    async def deploy_meanwhile(self, *arguments: str) -> Done:
        return await asyncio.to_thread(self.deploy, *arguments)

    async def until_processes(self, count: int) -> None:
        """Wait until that many processes can be upgraded."""
        async with asyncio.timeout(START_SECONDS):
            while len((await self.deploy_meanwhile("status")).document.get("processes", [])) < count:
                pass

    def get(self, path: str, port: int | None = None) -> httpx.Response:
        with httpx.Client(timeout=10) as client:
            return client.get(f"http://127.0.0.1:{port or self.ports[0]}{path}")

    def websocket(self, path: str, port: int | None = None) -> connect:
        return connect(f"ws://127.0.0.1:{port or self.ports[0]}{path}", compression=None, open_timeout=20)


@contextlib.contextmanager
def live_app(files: dict[str, str], *, processes: int = 1, target: str = "main:app") -> Iterator[LiveApp]:
    app = LiveApp(files, target=target)
    try:
        for _ in range(processes):
            app.start()
        yield app
    finally:
        app.stop()


@dataclass
class Talker:
    """A client that sends numbered messages one after the other and checks every answer."""

    app: LiveApp
    path: str
    port: int | None = None
    sent: int = 0
    problems: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    closed: str | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self, stop: asyncio.Event, *, pause: float) -> None:
        """Answers look like `<version> <count> <number>`; the count is the session's own state. `pause`: seconds from
        one message to the next. All clients together send some hundred a second: more would keep a small machine from
        what they are to see."""
        try:
            async with self.app.websocket(self.path, self.port) as ws:
                while not stop.is_set():
                    await self._once(ws)
                    await asyncio.sleep(pause)  # the pace of one client, not a synchronisation
        except Exception as exc:
            self.closed = repr(exc)
            self.answered.set()  # nobody need wait for it

    async def _once(self, ws: ClientConnection) -> None:
        self.sent += 1
        await ws.send(str(self.sent))
        async with asyncio.timeout(20):
            version, count, number = str(await ws.recv()).split()
        if int(number) != self.sent or int(count) != self.sent:
            self.problems.append(f"sent {self.sent}, got {version} {count} {number}")
        self.answered.set()
        if not self.versions or self.versions[-1] != version:
            self.versions.append(version)


async def heard(talkers: list[Talker], version: str) -> None:
    """Until each client that is still connected had an answer of that release."""
    async with asyncio.timeout(60):
        while any(t.closed is None and t.versions[-1:] != [version] for t in talkers):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # the clients are paced by themselves
