"""One connection of the control socket, as frames: read by the event loop, or without it for the moment of the vote."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from typing import cast

from ..control.wire import Decoder, Frame, encode
from ..errors import FlyhotError, WireError

_READ = 1 << 16
_FRAMES_IN_HAND = 8


class Conversation(asyncio.Protocol):
    """Owns what was received and not yet asked for. For the event loop's thread, and one receiver at a time.

    `begun` is called once, with the conversation, when the connection stands.
    """

    def __init__(self, begun: Callable[[Conversation], None]) -> None:
        self._begun = begun
        self._transport: asyncio.Transport | None = None
        self._decoder = Decoder()
        self._frames: deque[Frame] = deque()
        self._error: WireError | None = None
        self._ended = False  # the other end says nothing more
        self._stirred = asyncio.Event()  # a frame, an error or the end came
        self._writable = asyncio.Event()
        self._writable.set()
        self.closed = asyncio.Event()
        """Set when the connection is gone for good."""

    def peer_uid(self) -> int | None:
        """The user at the other end, as the kernel knows it (SO_PEERCRED, unix(7)); None where that can't be told."""
        transport = self._transport
        handle = transport.get_extra_info("socket") if transport is not None else None
        if handle is None or not hasattr(socket, "SO_PEERCRED"):
            return None
        # A copy of the handle: the one of uvloop is no socket.
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(handle.fileno())) as peer:
            credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            return int(struct.unpack("3i", credentials)[1])
        return None

    # -- what the event loop tells ------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._begun(self)

    def data_received(self, data: bytes) -> None:
        if self._error is None:
            self._take(data)
        if len(self._frames) >= _FRAMES_IN_HAND or self._error is not None:
            self._pause(True)
        self._stirred.set()

    def eof_received(self) -> bool:
        self._ended = True
        self._stirred.set()
        return True  # it may still listen

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._stirred.set()
        self._writable.set()
        self.closed.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # -- what the task that serves it does ------------------------------------------------------

    async def receive(self) -> Frame | None:
        """The next frame, None when the other end has hung up. Raises WireError. Safe to cancel: no frame is lost."""
        while not self._frames:
            if self._error is not None:
                raise self._error
            if self._ended:
                return None
            self._stirred.clear()
            await self._stirred.wait()
        frame = self._frames.popleft()
        if not self._frames and self._error is None:
            self._pause(False)
        return frame

    async def send(self, frame: Frame) -> None:
        """Write a frame, and wait while the other end takes nothing. Raises WireError if it can't be written as one.

        A vanished other end is no error here: it shows as the end of `receive`. Safe to cancel: the frame goes out.
        """
        self.send_at_once(frame)
        await self._writable.wait()

    def send_at_once(self, frame: Frame) -> None:
        """As `send`, and don't wait."""
        data = encode(frame)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def ask_blocking(self, frame: Frame, timeout: float) -> Frame | None:
        """Send a frame and wait for one without the event loop: for the moment when nothing else may run.

        None if the other end has hung up, has spoken out of turn, says nothing within `timeout` seconds in all, or
        nothing that can be read.
        """
        transport = self._transport
        if self._frames or self._ended or self._error is not None or transport is None or transport.is_closing():
            return None
        if transport.get_write_buffer_size():
            return None  # what we say now would overtake what was said before
        end = time.monotonic() + timeout
        fd: int = transport.get_extra_info("socket").fileno()
        poll = select.poll()
        poll.register(fd, select.POLLIN | select.POLLHUP)
        try:
            data = encode(frame)
            while data:
                data = data[os.write(fd, data) :]
            while not self._frames and self._error is None:
                if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
                    return None
                received = os.read(fd, _READ)
                if not received:
                    return None
                self._take(received)
        except (OSError, FlyhotError):
            return None
        return self._frames.popleft() if self._frames else None

    def close(self) -> None:
        """Close when what was written is out. Idempotent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close now, whether or not the other end has taken what was written. Idempotent."""
        if self._transport is not None and not self.closed.is_set():
            self._transport.abort()

    def _take(self, data: bytes) -> None:
        try:
            self._frames.extend(self._decoder.feed(data))
        except WireError as exc:
            self._error = exc

    def _pause(self, paused: bool) -> None:
        transport = self._transport
        if transport is None or transport.is_closing() or self._ended:
            return
        if paused and transport.is_reading():
            transport.pause_reading()
        elif not paused and not transport.is_reading():
            transport.resume_reading()
