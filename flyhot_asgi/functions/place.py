"""Where an upgradable function runs: on a websocket (in its session, if there is the middleware), or by itself."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Coroutine, Sequence
from time import monotonic
from types import FunctionType
from typing import Any, Protocol

from flyhot_asgi.functions.socket import Socket
from flyhot_asgi.session.actor import Home, homes, source_of
from flyhot_asgi.session.boundary import ALWAYS_OPEN
from flyhot_asgi.session.connection import Session
from flyhot_asgi.session.gate import Valve
from flyhot_asgi.session.tasks import OwnedTasks
from flyhot_asgi.session.unit import Unit
from flyhot_asgi.types import Message

logger = logging.getLogger("flyhot.session")

_numbers = itertools.count(1)


class Running(Protocol):
    """The run, as its place sees it."""

    @property
    def label(self) -> str: ...

    async def receive(self) -> Message: ...


class Place(Protocol):
    """Who holds a run, and how its ends are joined to the world."""

    @property
    def valve(self) -> Valve: ...

    @property
    def path(self) -> str: ...

    @property
    def is_open(self) -> bool:
        """Could a new function go on here?"""

    def unit_id(self) -> str: ...
    async def enter(self, run: Running, units: Sequence[Unit]) -> None: ...
    def leave(self) -> None: ...
    def rest(self, resting: bool) -> None:
        """The function has come to a checkpoint, or left it."""

    def settle(self) -> None:
        """The function is at its boundary: do what is due there."""

    def ending(self, ending: bool) -> None: ...
    def again(self) -> None:
        """A new function is about to start."""

    async def receive(self) -> Message: ...
    async def give_up(self, why: str) -> None:
        """No new function can start."""

    def report(self, what: str) -> None: ...
    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> None: ...


class SocketPlace:
    """A websocket connection."""

    def __init__(self, websocket: Any) -> None:
        self._socket = Socket(websocket)
        session = self._socket.session
        self._session: Session | None = session if isinstance(session, Session) else None
        self._units: Sequence[Unit] = ()
        self._tasks = OwnedTasks()

    @property
    def valve(self) -> Valve:
        return ALWAYS_OPEN if self._session is None else self._session.valve

    @property
    def path(self) -> str:
        path: str = self._socket.websocket.scope.get("path", "")
        return path

    @property
    def is_open(self) -> bool:
        return self._socket.is_open

    def unit_id(self) -> str:
        session = self._session
        return f"ws/{next(_numbers)}" if session is None else f"{session.id}/{session.next_number()}"

    async def enter(self, run: Running, units: Sequence[Unit]) -> None:
        self._units = units
        self._socket.enter(run.receive)
        if self._session is not None:
            for unit in units:
                self._session.attach(unit)

    def leave(self) -> None:
        self._socket.leave()
        self._tasks.cancel()
        if self._session is not None:
            for unit in self._units:
                self._session.detach(unit)

    def rest(self, resting: bool) -> None:
        if self._session is not None:
            self._session.gate.rest(resting)

    def settle(self) -> None:
        if self._session is not None and not self._session.has_bodies:
            self._session.gate.settle()

    def ending(self, ending: bool) -> None:
        self._socket.ending = ending
        if self._session is not None:
            self._session.renewing = ending

    def again(self) -> None:
        self._socket.again = True

    async def receive(self) -> Message:
        return await self._socket.server_receive()

    async def give_up(self, why: str) -> None:
        logger.error("%s; its socket is closed with 1012", why)
        self.report(f"{why}; its socket was closed with 1012")
        await self._socket.websocket.close(code=1012)

    def report(self, what: str) -> None:
        if self._session is not None:
            self._session.report(what)

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> None:
        if self._session is not None:
            self._session.spawn(work, name=name)
        else:
            self._tasks.start(work, name=name)


class LoopPlace:
    """No connection: a loop in a task of the application's, which is held as an actor."""

    def __init__(self, function: FunctionType) -> None:
        self._function = function
        self.id = f"loop:{function.__qualname__}-{next(_numbers)}"
        self.path = ""
        self.units: Sequence[Unit] = ()
        self.boundaries = 0
        self._home: Home | None = None
        self._task = asyncio.current_task()
        self._resting = 0
        self._duty: Callable[[], None] | None = None
        self._since = monotonic()
        self._tasks = OwnedTasks()

    @property
    def handler(self) -> str:
        return self._function.__qualname__

    @property
    def valve(self) -> Valve:
        return ALWAYS_OPEN if self._home is None else self._home.valve

    @property
    def is_open(self) -> bool:
        return True

    @property
    def quiescent(self) -> bool:
        return self._resting > 0

    def at_work(self) -> list[tuple[asyncio.Task[Any] | None, float]]:
        return [] if self._resting else [(self._task, self._since)]

    def unit_id(self) -> str:
        return self.id

    async def enter(self, run: Running, units: Sequence[Unit]) -> None:
        self.units = units
        homes.settle(self, source_of(self._function))
        while self.valve.firm:  # what starts during a hold starts with the code that is there afterwards
            self.rest(True)
            try:
                await self.valve.opened()
            finally:
                self.rest(False)

    def leave(self) -> None:
        homes.forget(self)
        self._tasks.cancel()
        if self._home is not None:
            self._home.leave(self)

    def move_in(self, home: Home) -> None:
        self._home = home
        home.join(self)

    async def shut_down(self) -> None:
        """Its task is the application's, which ends it."""
        self.leave()

    def rest(self, resting: bool) -> None:
        self._resting += 1 if resting else -1
        self._since = monotonic()
        self.boundaries += resting
        self.valve.stir()

    def owe(self, duty: Callable[[], None]) -> None:
        self._duty = duty
        self.valve.stir()

    def settle(self) -> None:
        if self._duty is not None:
            duty, self._duty = self._duty, None
            duty()

    def ending(self, ending: bool) -> None:
        return

    def again(self) -> None:
        return

    async def receive(self) -> Message:
        raise AssertionError("a loop has no websocket")

    async def give_up(self, why: str) -> None:
        logger.error("%s; it has ended", why)
        self.report(f"{why}; it has ended")

    def report(self, what: str) -> None:
        if self._home is not None:
            self._home.report(what)

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> None:
        self._tasks.start(work, name=name)
