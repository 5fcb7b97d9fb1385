"""Round trips on kept connections, at so little cost of the client's own that the server is what is measured."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Callable

REQUEST = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
ANSWER_ENDS = b"hello"
MASK = b"\x00\x00\x00\x00"
"""Masking with it changes nothing, and is allowed (RFC 6455, 5.3 asks for a mask, and for no certain one)."""
FRAME = b"\x81\x88" + MASK + b"12345678"
ECHO_ENDS = b"12345678"
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n"
    b"sec-websocket-key: %b\r\n\r\n"
)


class Trips(asyncio.Protocol):
    """One connection that says `says` as often as it is asked to, each time after an answer that ends with `ends`."""

    def __init__(self, says: bytes, ends: bytes) -> None:
        self._says, self._ends = says, ends
        self._left = 0
        self._begun = b""
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._write: Callable[[bytes], None] = transport.write
        self.close: Callable[[], None] = transport.close

    def turn_to(self, says: bytes, ends: bytes) -> None:
        """Say something else from now on."""
        self._says, self._ends = says, ends

    def begin(self, count: int) -> asyncio.Future[None]:
        """Done when so many answers have come; fails with ConnectionError if the server closes."""
        self._left = count
        self._done = asyncio.get_running_loop().create_future()
        self._write(self._says)
        return self._done

    def data_received(self, data: bytes) -> None:
        if not data.endswith(self._ends):
            self._begun += data
            if not self._begun.endswith(self._ends):
                return
        self._begun = b""
        self._left -= 1
        if self._left > 0:
            self._write(self._says)
        elif not self._done.done():
            self._done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server closed the connection"))
            self._done.exception()  # told; nobody may be waiting


async def http(port: int) -> Trips:
    """A connection for plain requests. Raises OSError."""
    return await _connected(port, REQUEST, ANSWER_ENDS)


async def websocket(port: int) -> Trips:
    """An open websocket whose messages are echoed. Raises OSError."""
    opening = await _connected(port, UPGRADE % base64.b64encode(os.urandom(16)), b"\r\n\r\n")
    await opening.begin(1)
    opening.turn_to(FRAME, ECHO_ENDS)
    return opening


async def _connected(port: int, says: bytes, ends: bytes) -> Trips:
    _, protocol = await asyncio.get_running_loop().create_connection(lambda: Trips(says, ends), "127.0.0.1", port)
    return protocol
