"""The client's end of a control socket. Foreign errors (OSError, a hang-up) end here as ControlError."""

from __future__ import annotations

import asyncio
from collections import deque

from flyhot_asgi.control.paths import ControlSocket
from flyhot_asgi.control.wire import LEAVING, Decoder, Frame, encode
from flyhot_asgi.errors import ControlError, WireError

READ_BYTES = 1 << 16


class Conversation:
    """One connection to one process. Owned by the task that opened it; close it in a `finally`."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self.left = False
        """The process said that its server ends it."""
        self._reader = reader
        self._writer = writer
        self._decoder = Decoder()
        self._frames: deque[Frame] = deque()

    @classmethod
    async def open(cls, socket: ControlSocket) -> Conversation:
        """Connect. Raises ControlError if nobody listens, or not to us. Safe to cancel."""
        try:
            reader, writer = await asyncio.open_unix_connection(socket.path)
        except OSError as exc:
            raise ControlError(f"process {socket.pid} can't be reached: {exc.strerror or exc}") from exc
        return cls(socket.pid, reader, writer)

    def send(self, frame: Frame) -> None:
        """Queue a frame; never waits. What can't be delivered shows as the end of `receive`. Raises
        WireError.
        """
        if not self._writer.is_closing():
            self._writer.write(encode(frame))

    async def receive(self) -> Frame | None:
        """The next frame; None when the process has hung up. Raises WireError. Safe to cancel."""
        while not self._frames:
            try:
                data = await self._reader.read(READ_BYTES)
            except OSError:
                return None
            if not data:
                return None
            self._frames.extend(self._decoder.feed(data))
        frame = self._frames.popleft()
        self.left = frame == LEAVING
        return None if self.left else frame

    def close(self) -> None:
        """Hang up. Before the decision that tells the process to abort."""
        self._writer.close()


async def ask(socket: ControlSocket, request: Frame, *, within: float) -> Frame:
    """Send one request and return the last reply, whatever it says. `within` is in seconds.

    Raises ControlError: nobody there, no answer in time, or none that can be understood. Safe to cancel.
    """
    try:
        async with asyncio.timeout(within):
            conversation = await Conversation.open(socket)
            try:
                conversation.send(request)
                while (frame := await conversation.receive()) is not None:
                    if frame.get("done") is True:
                        return frame
            finally:
                conversation.close()
    except TimeoutError as exc:
        raise ControlError(f"process {socket.pid} gave no answer within {within:.3g} s") from exc
    except WireError as exc:
        raise ControlError(f"process {socket.pid} gave an answer that can't be read: {exc}") from exc
    raise ControlError(f"process {socket.pid} hung up without an answer")
