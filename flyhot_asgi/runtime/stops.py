"""What hypercorn and granian do when they are told to stop, with a drain before it (see shutdown.py).

hypercorn   a worker awaits `raise_shutdown(trigger)`, a name of its module, when the lifespan has started: the name is
            ours. Its workers get no signal but one that comes too early, when another worker has ended: not heard
            while we drain.
granian     a worker sets its `shutdown_event` when the event loop hears a signal: we hear it instead. uvloop tells
            nobody what it calls for a signal, so the event is taken from the worker's frame, which runs the loop.

Of a server that does it in another way nothing is touched.
"""

from __future__ import annotations

import asyncio
import inspect
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol

SIGNALS = (signal.SIGTERM, signal.SIGINT)

Drain = Callable[[], Awaitable[None]]
"""Let everybody go who is connected. Returns at once if nobody is; never raises but when cancelled."""


class Stop(Protocol):
    """One server's way to stop. Both are idempotent, and called in the event loop."""

    def install(self) -> None: ...
    def remove(self) -> None: ...


class HypercornStop:
    def __init__(self, drain: Drain) -> None:
        self._drain = drain
        self._module: Any = None
        self._original: Any = None
        self._ours: Any = None

    def install(self) -> None:
        module: Any = sys.modules.get("hypercorn.asyncio.run")
        original = getattr(module, "raise_shutdown", None)
        if self._module is not None or not inspect.iscoroutinefunction(original):
            return

        async def raise_shutdown(trigger: Callable[[], Awaitable[None]]) -> None:
            await trigger()
            with _deaf():
                await self._drain()
            await original(_at_once)

        self._module, self._original, self._ours = module, original, raise_shutdown
        module.raise_shutdown = raise_shutdown

    def remove(self) -> None:
        if self._module is not None and self._module.raise_shutdown is self._ours:
            self._module.raise_shutdown = self._original
        self._module = None


class GranianStop:
    def __init__(self, drain: Drain) -> None:
        self._drain = drain
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event: Any = None
        self._task: asyncio.Task[None] | None = None

    def install(self) -> None:
        if self._event is not None or threading.current_thread() is not threading.main_thread():
            return
        self._event = _granians_event()
        if self._event is not None:
            self._loop = asyncio.get_running_loop()
            for number in SIGNALS:
                self._loop.add_signal_handler(number, self._begin)

    def remove(self) -> None:
        """From now on a signal stops the server at once, as it did before."""
        if self._event is not None and self._loop is not None and not self._loop.is_closed():
            for number in SIGNALS:
                self._loop.add_signal_handler(number, self._event.set)
        self._event = None

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.ensure_future(self._drain_first(self._event))
        else:
            self._event.set()

    async def _drain_first(self, event: Any) -> None:
        try:
            await self._drain()
        finally:
            event.set()


def _granians_event() -> Any:
    """What a worker of granian's sets to stop, if one runs this event loop."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith("granian.server"):
            event = frame.f_locals.get("shutdown_event")
            if callable(getattr(event, "set", None)):
                return event
        frame = frame.f_back
    return None


async def _at_once() -> None:
    return None


@contextmanager
def _deaf() -> Iterator[None]:
    """A SIGTERM that would kill this process, as nobody handles it, is not heard."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
