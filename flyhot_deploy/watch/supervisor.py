"""Runs a server whose app watches its own files, and restarts it when the app says that only a restart will do.

What the app can take while it runs it takes by itself (`flyhot_asgi.watch`). We start it, listen to its one word
("restart"), and when it ends by itself, for a syntax error in its first import for instance, wait for the next save.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from flyhot_asgi.watch.asked import SUPERVISED, WATCH

from ..errors import UsageError

STOP_SECONDS = 8.0
"""How long the server may take to end when asked; its sockets are closed gently meanwhile."""
HINT_SECONDS = 10.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Supervisor:
    """Owner of the one child. `changed`: yields when a file of the folder was saved. `say`: to the terminal."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        say: Callable[[str], None],
        changed: Callable[[], AsyncIterator[object]],
    ) -> None:
        self._command = list(command)
        self._say = say
        self._changed = changed
        self._over = asyncio.Event()
        self._hinted = False

    async def run(self) -> int:
        """Until the server ends well, or somebody interrupts us. Returns the exit code: the server's, or 130.

        Raises UsageError if the command can't be started. Ends the server on every way out.
        """
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._over.set)
        try:
            while True:
                code = await self._once()
                if self._over.is_set():
                    return 130
                if code == 0:
                    return 0
                if code is not None and not await self._next_save(code):
                    return code
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    async def _once(self) -> int | None:
        """Run the server once. None: it was restarted because the app asked for it."""
        read, write = os.pipe()
        try:
            child = await self._start(write)
        finally:
            os.close(write)
        words = asyncio.create_task(self._until_restart(read), name="flyhot-words")
        ended = asyncio.create_task(child.wait(), name="flyhot-child")
        over = asyncio.create_task(self._over.wait(), name="flyhot-over")
        try:
            await asyncio.wait((words, ended, over), return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                return ended.result()
            asked = words.done()
            await _end(child)
            return None if asked else child.returncode
        finally:
            for task in (words, ended, over):
                task.cancel()
            await _end(child)
            await asyncio.gather(words, ended, over, return_exceptions=True)

    async def _start(self, write: int) -> asyncio.subprocess.Process:
        environment = {**os.environ, WATCH: "1", SUPERVISED: str(write)}
        try:
            return await asyncio.create_subprocess_exec(
                *self._command, env=environment, pass_fds=(write,), stdin=subprocess.DEVNULL, start_new_session=True
            )
        except OSError as exc:
            do = "give the command that starts your server: python -m flyhot_deploy watch -- uvicorn app.main:app"
            raise UsageError(f"{self._command[0]} can't be started: {exc.strerror or exc}", do=do) from exc

    async def _until_restart(self, read: int) -> None:
        """Return when the app says so; never, if it says nothing of the kind."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        with os.fdopen(read, "rb", buffering=0) as pipe:
            transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
            try:
                if await self._heard_nothing(reader):
                    self._hint()
                while (line := await reader.readline()) and line.strip() != b"restart":
                    pass
                if not line:
                    await asyncio.Event().wait()  # the child ends, which is somebody else's to see
            finally:
                transport.close()

    async def _heard_nothing(self, reader: asyncio.StreamReader) -> bool:
        try:
            async with asyncio.timeout(HINT_SECONDS):
                await reader.readline()
        except TimeoutError:
            return True
        return False

    def _hint(self) -> None:
        if not self._hinted:
            self._hinted = True
            self._say("flyhot  the app does not say that it watches: has it `app.add_middleware(HotUpgrade)`?")

    async def _next_save(self, code: int) -> bool:
        """False if we were interrupted first."""
        over = asyncio.create_task(self._over.wait(), name="flyhot-over")
        saved = asyncio.create_task(_first(self._changed()), name="flyhot-save")
        try:
            await asyncio.sleep(0)  # look first, speak then: who reads it may save at once
            self._say(f"flyhot  the server ended with exit code {code}; it is started again at the next save")
            await asyncio.wait((over, saved), return_when=asyncio.FIRST_COMPLETED)
            return not self._over.is_set()
        finally:
            for task in (over, saved):
                task.cancel()
            await asyncio.gather(over, saved, return_exceptions=True)


async def _first(changes: AsyncIterator[object]) -> None:
    async for _ in changes:
        return


async def _end(child: asyncio.subprocess.Process) -> None:
    """Ask the server to end, with all its workers; kill it if it does not. Idempotent."""
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await child.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()


def saves(folder: Path) -> Callable[[], AsyncIterator[object]]:
    """What gives the saves below a folder. Raises UsageError if `watchfiles` is not installed."""
    try:
        from watchfiles import awatch
    except ModuleNotFoundError as exc:
        raise UsageError("watch needs watchfiles, which is not installed", do='pip install "flyhot[watch]"') from exc
    return lambda: awatch(folder, step=50, debounce=400, ignore_permission_denied=True)


def say(text: str) -> None:
    """One line to the terminal, beside the server's own."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
