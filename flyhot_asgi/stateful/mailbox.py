"""A handler's mailbox: what is unread, in order, with a limit that makes senders wait.

Theory of operation. Everything that a handler is to do comes through one queue, so that order is kept between all
kinds of messages of one sender. Who can wait (a call, a cast) waits for room when the mailbox is full, first come first
served; who can't (a message from a thread, a publisher) is refused. What is no longer wanted, an unread call whose
caller has given up or the message of a cancelled timer, is skipped when it is its turn.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Cast:
    message: Any


@dataclass(eq=False)
class Info:
    message: Any
    wanted: bool = True
    """False: the timer that sent it was cancelled before it was read."""
    read: bool = False


@dataclass(eq=False)
class Call:
    """`by_actor`: the caller is itself an actor (or a task that one started), which a hold waits for."""

    request: Any
    reply: asyncio.Future[Any] = field(repr=False)
    by_actor: bool = False
    begun: bool = False

    @property
    def wanted(self) -> bool:
        """Does somebody still wait for the reply?"""
        return not self.reply.done()


Item = Cast | Info | Call


class Mailbox:
    """Owns the unread items and those who wait for room. `wake` is called when something has come."""

    def __init__(self, limit: int, wake: Callable[[], None]) -> None:
        self.limit = limit
        self._wake = wake
        self._items: deque[Item] = deque()
        self._line: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def is_full(self) -> bool:
        return len(self._items) >= self.limit

    def put(self, item: Item) -> None:
        """Append, whatever the limit says: who must not, asks first."""
        self._items.append(item)
        self._wake()

    async def room(self) -> None:
        """Return when there is room and it is one's turn. Safe to cancel. Put at once, without awaiting."""
        if not self.is_full and not self._line:
            return
        while True:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._line.append(turn)
            try:
                await turn
            except BaseException:
                if turn in self._line:
                    self._line.remove(turn)
                self._make_room()  # if the turn was given to us, it is the next one's
                raise
            if not self.is_full:
                return

    def take(self) -> Item | None:
        """The next item that is wanted; None if there is none."""
        found = None
        while self._items and found is None:
            item = self._items.popleft()
            if isinstance(item, Cast) or item.wanted:
                found = item
        self._make_room()
        return found

    @property
    def calls(self) -> list[Call]:
        """The unread calls whose callers still wait."""
        return [item for item in self._items if isinstance(item, Call) and item.wanted]

    def clear(self) -> list[Item]:
        """Empty it; returns what was unread. Who waits for room gets it."""
        unread = list(self._items)
        self._items.clear()
        self._make_room()
        return unread

    def _make_room(self) -> None:
        """Wake as many of those who wait as there are free places."""
        free = self.limit - len(self._items)
        while self._line and free > 0:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                free -= 1
