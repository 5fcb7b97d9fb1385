"""The boundary of an actor: where it waits between two messages, and what wakes it there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from flyhot_asgi.session.gate import Valve

ALWAYS_OPEN = Valve()
"""Of an actor whose application is not there: nobody ever holds it."""


class Boundary:
    """Owns whether one task is at its boundary. For that task, and for the event loop's thread."""

    def __init__(self) -> None:
        self.valve: Valve = ALWAYS_OPEN
        self.parked = False
        self.count = 0
        """How often it was left behind: grows with every message."""
        self.since = monotonic()
        """When it was last left."""
        self._duty: Callable[[], None] | None = None
        self._sleeping: asyncio.Future[None] | None = None

    async def park(self) -> None:
        """Be at the boundary until `wake()`, or until a closed valve opens. Safe to cancel."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleeping, self.parked = future, True
        valve = self.valve
        if not valve.is_open:
            valve.tell(future)
        valve.stir()
        try:
            await future
        finally:
            valve.untell(future)
            self._sleeping, self.parked = None, False
            self.since = monotonic()

    async def pause(self) -> None:
        """Be at the boundary for one turn of the loop, so that whoever gathers may see it. Safe to cancel."""
        self.parked = True
        self.valve.stir()
        try:
            await asyncio.sleep(0)
        finally:
            self.parked = False
            self.since = monotonic()

    def owe(self, duty: Callable[[], None]) -> None:
        """`duty` is due before the next message."""
        self._duty = duty
        self.wake()

    def settle(self) -> None:
        """Do what is due. Raises what that raises. To be called at the boundary."""
        if self._duty is not None:
            duty, self._duty = self._duty, None
            duty()

    def wake(self) -> None:
        """Something has come. Nothing happens if it is at work."""
        if self._sleeping is not None and not self._sleeping.done():
            self._sleeping.set_result(None)

    def move(self, valve: Valve) -> None:
        """It is held by this valve from now on."""
        self.valve = valve
        self.wake()
