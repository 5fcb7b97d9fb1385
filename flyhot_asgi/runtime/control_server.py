"""The process's end of the control socket: one request per connection, JSON lines (`flyhot_asgi.control.wire`).

    status   what this process runs, and whom it serves
    base     put the release that the process was started with into the store
    check    import a release cold in a fresh process
    plan     what an upgrade would do here
    upgrade  a conversation: prepared → suspend → held → apply → ready → commit → the result

The socket lies in a folder of mode 0700 and has mode 0600 itself: who can open it may already run code as this user.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import select
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ..control.decision import Decisions
from ..control.wire import Decoder, Frame, encode
from ..errors import ControlError, FlyhotError

logger = logging.getLogger("flyhot.control")
_READ = 1 << 16


class Conversation:
    """One connection, as frames. Owned by the task that serves it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = Decoder()
        self._frames: deque[Frame] = deque()

    async def receive(self) -> Frame | None:
        """The next frame, None when the other end has hung up. Raises WireError. Safe to cancel."""
        while not self._frames:
            try:
                data = await self._reader.read(_READ)
            except OSError:
                return None
            if not data:
                return None
            self._frames.extend(self._decoder.feed(data))
        return self._frames.popleft()

    async def send(self, frame: Frame) -> None:
        """Write a frame and wait until it is out. A vanished other end shows as the end of `receive`."""
        with contextlib.suppress(OSError):
            self._writer.write(encode(frame))
            await self._writer.drain()

    def ask_blocking(self, frame: Frame, timeout: float) -> Frame | None:
        """Send a frame and wait for one without the event loop: for the moment when nothing else may run.

        None if the other end has hung up, says nothing within `timeout` seconds, or nothing that can be read.
        """
        if self._frames:
            return None
        fd: int = self._writer.get_extra_info("socket").fileno()
        poll = select.poll()
        poll.register(fd, select.POLLIN | select.POLLHUP)
        try:
            data = encode(frame)
            while data:
                data = data[os.write(fd, data) :]
            while not self._frames:
                if not poll.poll(timeout * 1000):
                    return None
                received = os.read(fd, _READ)
                if not received:
                    return None
                self._frames.extend(self._decoder.feed(received))
        except (OSError, FlyhotError):
            return None
        return self._frames.popleft()

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class SocketCoordinator:
    """The coordinator at the other end of a conversation, with the decision record as the last word."""

    def __init__(self, conversation: Conversation, decisions: Decisions, tx: str, vote_timeout: float) -> None:
        self._conversation = conversation
        self._decisions = decisions
        self._tx = tx
        self._vote_timeout = vote_timeout

    async def prepared(self, plan: dict[str, Any]) -> bool:
        return await self._go({"phase": "prepared", "plan": plan}, "suspend")

    async def gone(self) -> None:
        """Nothing is due from the other end while we gather: a word is "abort", an end is a deployer that died."""
        await self._conversation.receive()

    async def held(self) -> bool:
        return await self._go({"phase": "held"}, "apply")

    async def _go(self, frame: Frame, word: str) -> bool:
        await self._conversation.send(frame)
        answer = await self._conversation.receive()
        return answer is not None and answer.get("go") == word

    def vote(self, within: float) -> bool:
        """Ready. Told to commit: commit. Told nothing in time: whatever stands decided, and if nothing does: abort."""
        answer = self._conversation.ask_blocking({"phase": "ready"}, min(self._vote_timeout, within))
        told = answer is not None and answer.get("go") == "commit"
        try:
            return self._decisions.decide(self._tx, "commit" if told else "abort") == "commit"
        except ControlError:
            logger.exception(
                "the decision of upgrade %s can't be read; this process stays on the old release", self._tx
            )
            return False


Verb = Callable[[Frame, Conversation], Awaitable[Frame]]


class ControlServer:
    """Listens on the process's control socket. Owned by the runtime; `close()` ends the conversations under way."""

    def __init__(self, path: Path, verbs: dict[str, Verb]) -> None:
        self.path = path
        self._verbs = verbs
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Raises OSError if the socket can't be made."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self._server = await asyncio.start_unix_server(self._serve, path=str(self.path))
        self.path.chmod(0o600)

    async def close(self) -> None:
        """Stop listening, cancel what is under way (an upgrade is undone), remove the socket. Idempotent."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for task in list(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        conversation = Conversation(reader, writer)
        try:
            await self._answer(conversation)
        except asyncio.CancelledError:
            return
        finally:
            self._serving.discard(task)
            await conversation.close()

    async def _answer(self, conversation: Conversation) -> None:
        try:
            request = await conversation.receive()
            if request is None:
                return
            verb = self._verbs.get(str(request.get("verb")))
            if verb is None:
                raise ControlError(f"unknown verb {request.get('verb')!r}", do="use the same version on both ends")
            answer = await verb(request, conversation)
        except FlyhotError as exc:
            answer = {"ok": False, "error": exc.document()}
        except Exception as exc:
            logger.exception("a control request failed")
            error = ControlError(f"the process failed to answer: {type(exc).__name__}: {exc}")
            answer = {"ok": False, "error": error.document()}
        await conversation.send({"done": True, **answer})
