"""What a handler sends itself later, once or again and again. All of it ends with the handler's incarnation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from flyhot_asgi.stateful.mailbox import Info


class Timer:
    """What `send_after` and `send_interval` return. `cancel()` is final: a message that was sent and not read yet is
    taken back (OTP's `cancel_timer` leaves it in the mailbox)."""

    def __init__(self, timers: Timers, message: Any, seconds: float, *, again: bool) -> None:
        self._timers = timers
        self._message = message
        self._seconds = seconds
        self._again = again
        self._sent: Info | None = None
        loop = asyncio.get_running_loop()
        self._due = loop.time() + seconds
        self._handle: asyncio.TimerHandle | None = loop.call_at(self._due, self._ring)

    @property
    def active(self) -> bool:
        """Will it still send, or is what it sent unread?"""
        return self._handle is not None or (self._sent is not None and not self._sent.read and self._sent.wanted)

    def cancel(self) -> None:
        """Idempotent."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._sent is not None:
            self._sent.wanted = False
        self._timers.discard(self)

    def _ring(self) -> None:
        self._handle = None
        if self._sent is None or self._sent.read:  # a handler that lags behind gets one tick, not a heap of them
            self._sent = Info(self._message)
            self._timers.send(self._sent)
        if self._again:
            loop = asyncio.get_running_loop()
            missed = max(0, int((loop.time() - self._due) / self._seconds)) if self._seconds else 0
            self._due += (missed + 1) * self._seconds
            self._handle = loop.call_at(self._due, self._ring)


class Timers:
    """The timers of one incarnation. Owns them; `send` puts a message into the mailbox."""

    def __init__(self, send: Callable[[Info], None]) -> None:
        self.send = send
        self._timers: set[Timer] = set()

    def __len__(self) -> int:
        return len([timer for timer in self._timers if timer.active])

    def start(self, seconds: float, message: Any, *, again: bool) -> Timer:
        """Raises ValueError for a time that is none."""
        if not seconds >= 0 or (again and seconds == 0):
            raise ValueError(
                f"a timer wants a number of seconds {'above 0' if again else 'from 0 on'}, not {seconds!r}"
            )
        self._timers = {timer for timer in self._timers if timer.active}
        timer = Timer(self, message, seconds, again=again)
        self._timers.add(timer)
        return timer

    def discard(self, timer: Timer) -> None:
        self._timers.discard(timer)

    def cancel(self) -> None:
        """All of them; unread messages of theirs are taken back. Idempotent."""
        for timer in list(self._timers):
            timer.cancel()
