"""The app's processes: uvicorn, one worker each, on a port of the kernel's choice; ended by their pid."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from pathlib import Path
from typing import Any

from flyhot_asgi.errors import FlyhotError

_RUNNING_ON = re.compile(r"running on http://127\.0\.0\.1:(\d+)")
START_TIMEOUT = 30.0
STOP_TIMEOUT = 5.0
ANSWER_TIMEOUT = 20.0
TAIL = 15


class ServerFailed(FlyhotError):
    """A server of the demo did not start, or went away."""

    kind = "server"


class Server:
    """One process of the app. `start` once, then `stop` on every path; `stop` may be called again."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder = folder
        self.log = log
        self.port = 0
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[int] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it and wait until it listens. Raises ServerFailed with the end of its log."""
        arguments = ["app.main:app", "--host", "127.0.0.1", "--port", "0", "--no-access-log"]
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "uvicorn", *arguments),
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the demo, which ends its processes in order
        )
        self._ready = asyncio.get_running_loop().create_future()
        self._reader = asyncio.create_task(self._read_log())
        try:
            self.port = await asyncio.wait_for(asyncio.shield(self._ready), START_TIMEOUT)
        except TimeoutError:
            raise self._failure(f"it did not listen within {START_TIMEOUT:.0f} seconds") from None

    async def stop(self) -> None:
        """End the process and wait for its end: SIGTERM, and SIGKILL after STOP_TIMEOUT seconds."""
        process = self._process
        if process is None:
            return
        for end in (process.terminate, process.kill):
            with contextlib.suppress(ProcessLookupError):
                end()
            try:
                await asyncio.wait_for(process.wait(), STOP_TIMEOUT)
                break
            except TimeoutError:
                continue
        if self._reader is not None:
            await self._reader

    async def ask(self, path: str) -> Any:
        """GET `path` and parse the JSON. Raises ServerFailed if there's no such answer in ANSWER_TIMEOUT seconds."""
        try:
            return await asyncio.wait_for(ask_json(self.port, path), ANSWER_TIMEOUT)
        except (OSError, ValueError, EOFError, TimeoutError) as error:
            raise self._failure(f"it did not answer GET {path} ({error or type(error).__name__})") from error

    def _failure(self, what: str) -> ServerFailed:
        lines = self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []
        return ServerFailed(
            f"a process of the example app failed: {what}",
            file=str(self.log),
            detail="\n".join(lines[-TAIL:]),
        )

    async def _read_log(self) -> None:
        """Write the process's messages to its log until it ends; find its port in them on the way."""
        assert self._process is not None and self._process.stderr is not None and self._ready is not None
        with self.log.open("wb", buffering=0) as log:
            async for line in self._process.stderr:
                log.write(line)
                found = _RUNNING_ON.search(line.decode("utf-8", "replace"))
                if found and not self._ready.done():
                    self._ready.set_result(int(found[1]))
        await self._process.wait()
        if not self._ready.done():
            self._ready.set_exception(self._failure(f"it ended with exit code {self._process.returncode}"))


async def ask_json(port: int, path: str) -> Any:
    """The smallest HTTP client that does: one request, one connection, body to the end of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        request = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n"
        writer.write(request.encode("ascii"))
        await writer.drain()
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise ValueError(head.split(b"\r\n", 1)[0].decode("latin-1"))
    return json.loads(body)
