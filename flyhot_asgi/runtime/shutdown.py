"""The end of a process, seen by who is connected: told to come back later, and let go one after the other.

uvicorn closes all websockets in the moment in which it is told to stop, before the app's lifespan hears of it. So its
signal handlers are stood in front of: at the first signal the sessions are closed gently, then uvicorn gets the signal.
A second signal is passed on at once. hypercorn and granian are met in stops.py; for any other server the control
socket's `drain` does the same.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

from .stops import SIGNALS, GranianStop, HypercornStop, Stop

logger = logging.getLogger("flyhot.upgrade")


class GentleShutdown:
    """Stands in front of a server's way to stop from `install()` to `remove()`. `drain` is awaited before, if
    `needed()`. uvicorn's signal handlers and granian's are met in the main thread only."""

    def __init__(self, drain: Callable[[], Awaitable[object]], needed: Callable[[], bool]) -> None:
        self._drain = drain
        self._needed = needed
        self._previous: dict[int, Any] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._stops: tuple[Stop, ...] = (HypercornStop(self._drain_if_needed), GranianStop(self._drain_if_needed))

    def install(self) -> None:
        """Call it in the event loop. Idempotent."""
        for stop in self._stops:
            stop.install()
        if self._previous or threading.current_thread() is not threading.main_thread():
            return
        self._loop = asyncio.get_running_loop()
        for number in SIGNALS:
            handler = signal.getsignal(number)
            owner = getattr(handler, "__self__", None)
            if type(owner).__module__.partition(".")[0] == "uvicorn":
                self._previous[number] = handler
                signal.signal(number, self._handle)

    def remove(self) -> None:
        """Put back what was there, unless somebody else has taken the place since. Idempotent."""
        for stop in self._stops:
            stop.remove()
        for number, handler in self._previous.items():
            if signal.getsignal(number) == self._handle:
                signal.signal(number, handler)
        self._previous = {}

    def _handle(self, number: int, frame: FrameType | None) -> None:
        previous = self._previous[number]
        if self._task is not None or self._loop is None or self._loop.is_closed() or not self._needed():
            previous(number, frame)
            return
        self._loop.call_soon_threadsafe(self._begin, number, previous)  # it may be asleep

    def _begin(self, number: int, previous: Callable[[int, FrameType | None], None]) -> None:
        if self._task is None:
            self._task = asyncio.ensure_future(self._drain_first(number, previous))

    async def _drain_first(self, number: int, previous: Callable[[int, FrameType | None], None]) -> None:
        try:
            await self._drain_if_needed()
        finally:
            previous(number, None)

    async def _drain_if_needed(self) -> None:
        try:
            if self._needed():
                await self._drain()
        except Exception:
            logger.exception("the sessions could not be closed gently")
