"""A mailbox: messages to one page's view from inside of the process, in order."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from flyhot_asgi.errors import MailboxFull

LIMIT = 10_000


class Mailbox:
    """Owned by one LiveSession. `wake` is called, in the loop's thread, whenever a message has come."""

    __slots__ = ("_loop", "_thread", "_wake", "closed", "messages", "overflowed")

    def __init__(self, wake: Callable[[], None]) -> None:
        self.messages: deque[Any] = deque()
        self.closed = False
        self.overflowed = False
        self._wake = wake
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def put(self, message: Any) -> None:
        """Append `message`. From any thread; never blocks. Nothing happens if the page has gone.

        Raises MailboxFull past LIMIT (in the loop's thread; from another one the session notices by itself).
        """
        if self.closed:
            return
        if threading.get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self._put_quietly, message)
            return
        if len(self.messages) >= LIMIT:
            self.overflowed = True
            self._wake()
            raise MailboxFull(
                f"a view has {LIMIT} unread messages; its page is closed, and opens again with a new state",
                do="send fewer messages, or send one that says 'look again' instead of one for each change",
            )
        self.messages.append(message)
        self._wake()

    def _put_quietly(self, message: Any) -> None:
        try:
            self.put(message)
        except MailboxFull:
            pass  # `overflowed` is set, and the session closes with a log line

    def close(self) -> None:
        """The page has gone: unread messages are dropped, new ones ignored."""
        self.closed = True
        self.messages.clear()
