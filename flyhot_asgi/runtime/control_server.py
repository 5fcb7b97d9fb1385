"""The process's end of the control socket: one request per connection, JSON lines (`flyhot_asgi.control.wire`).

    status   what this process runs, and whom it serves
    base     put the release that the process was started with into the store
    check    import a release cold in a fresh process
    plan     what an upgrade would do here
    drain    close all websockets gently: the process is about to end
    upgrade  a conversation: prepared → suspend → held → apply → ready → commit → the result

The socket lies in a folder of mode 0700 and has mode 0600 itself, and whoever connects is asked for by the kernel: who
is let in may already run code as this user.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ..control.wire import LEAVING, Frame
from ..errors import ControlError, FlyhotError, WireError
from .conversation import Conversation

logger = logging.getLogger("flyhot.control")

REQUEST_SECONDS = 10.0
"""How long a connection may take to say what it wants."""

ANSWER_SECONDS = 60.0
"""How long the other end may take to read the answer."""

CLOSE_SECONDS = 1.0
"""How long the other ends get to take their last word when the server stops."""

Verb = Callable[[Frame, Conversation], Awaitable[Frame]]


class ControlServer:
    """Listens on the process's control socket. Owns the conversations and the tasks that serve them."""

    def __init__(self, path: Path, verbs: dict[str, Verb], *, request_seconds: float = REQUEST_SECONDS) -> None:
        self.path = path
        self._verbs = verbs
        self._request_seconds = request_seconds
        self._server: asyncio.AbstractServer | None = None
        self._serving: dict[asyncio.Task[None], Conversation] = {}
        self._open: set[Conversation] = set()

    async def start(self) -> None:
        """Raises OSError if the socket can't be made."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: Conversation(self._begin), path=str(self.path))
        self.path.chmod(0o600)

    async def close(self) -> None:
        """Stop listening, cancel what is under way (an upgrade is undone), say so, remove the socket. Idempotent.

        Takes CLOSE_SECONDS more than that at most, whatever the other ends do.
        """
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        try:
            for task in list(self._serving):
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)
            await self._let_out()
        finally:
            for conversation in list(self._open):
                conversation.abort()
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()

    async def _let_out(self) -> None:
        """Wait until the other ends have taken what was written, for a moment."""
        for conversation in self._open:
            conversation.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                for conversation in list(self._open):
                    await conversation.closed.wait()

    def _begin(self, conversation: Conversation) -> None:
        if self._server is None:
            conversation.abort()
            return
        uid = conversation.peer_uid()
        if uid is not None and uid not in (0, os.getuid()):
            logger.warning("user %d tried to use the control socket %s, and was turned away", uid, self.path)
            conversation.abort()
            return
        self._open.add(conversation)
        task = asyncio.get_running_loop().create_task(self._serve(conversation), name="flyhot-control")
        self._serving[task] = conversation
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._serving.pop(task).close()
        self._open = {each for each in self._open if not each.closed.is_set()}

    async def _serve(self, conversation: Conversation) -> None:
        try:
            async with asyncio.timeout(self._request_seconds):
                request = await conversation.receive()
        except TimeoutError:
            logger.debug("a control connection said nothing for %g s", self._request_seconds)
            return
        except WireError as exc:
            await conversation.send({"done": True, **_failed(exc)})
            return
        if request is not None:
            try:
                answer = await self._answer(request, conversation)
            except asyncio.CancelledError:
                if self._server is None:
                    conversation.send_at_once(LEAVING)
                raise
            await self._say(conversation, answer)

    async def _say(self, conversation: Conversation, answer: Frame) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await conversation.send({"done": True, **answer})
        except TimeoutError:
            conversation.abort()
        except WireError as exc:
            logger.error("an answer on the control socket can't be sent: %s", exc)
            await conversation.send({"done": True, **_failed(exc)})

    async def _answer(self, request: Frame, conversation: Conversation) -> Frame:
        try:
            verb = self._verbs.get(str(request.get("verb")))
            if verb is None:
                raise ControlError(f"unknown verb {request.get('verb')!r}", do="use the same version on both ends")
            return await verb(request, conversation)
        except FlyhotError as exc:
            return _failed(exc)
        except Exception as exc:
            logger.exception("a control request failed")
            return _failed(ControlError(f"the process failed to answer: {type(exc).__name__}: {exc}"))


def _failed(error: FlyhotError) -> dict[str, Any]:
    return {"ok": False, "error": error.document()}
