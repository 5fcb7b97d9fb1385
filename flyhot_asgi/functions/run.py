"""One upgradable function that runs: its incarnations, its state, its boundary.

Theory of operation. `serve()` calls the function, and calls it again, with the state, whenever it was ended by
CodeChanged. To end one, after an upgrade and before anything flows again, all of its waits at the boundary are woken
(parking.py); every further one raises at once, until the function has returned. Its cleanup may await and send; what
it waited for beside the boundary (the other half of a `gather`) is cancelled when it has ended, so that no second
writer is left. Nothing is taken from the server meanwhile: the next message is the new function's.

A function that swallows CodeChanged again and again keeps its old code, and that is reported.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import weakref
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

from flyhot_asgi.functions.changed import CodeChanged, is_code_change
from flyhot_asgi.functions.definition import arguments_for, given_to, new_state
from flyhot_asgi.functions.parking import Parking
from flyhot_asgi.functions.place import LoopPlace, Place, SocketPlace
from flyhot_asgi.functions.socket import websocket_among
from flyhot_asgi.functions.unit import FunctionUnit, Holder, StateUnit
from flyhot_asgi.session import siblings
from flyhot_asgi.session.staleness import any_stale
from flyhot_asgi.session.unit import Unit
from flyhot_asgi.session.whereabouts import frames_from, frames_of
from flyhot_asgi.types import Message

logger = logging.getLogger("flyhot.session")

MOST_SWALLOWED = 100
"""So often a function may catch CodeChanged before it is left alone."""

_running: contextvars.ContextVar[weakref.ref[Run] | None] = contextvars.ContextVar("flyhot_run", default=None)
"""Weak: whoever schedules anything copies the context, and the event loop keeps those copies longer than a connection
lives, the cancelled timers' too."""


def running() -> Run | None:
    """The run in whose function, or in a task of whose, this is called."""
    reference = _running.get()
    return reference() if reference is not None else None


async def run(function: FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call an upgradable function, in its first incarnation and all that follow. Returns what the last one does."""
    websocket = websocket_among(args, kwargs)
    place: Place = LoopPlace(function) if websocket is None else SocketPlace(websocket)
    return await Run(function, args, kwargs, place).serve()


class Run:
    """Owns the state, the waits at the boundary, and whether the function that runs is being ended."""

    def __init__(self, function: FunctionType, args: tuple[Any, ...], kwargs: dict[str, Any], place: Place) -> None:
        self.function = function
        self._given = given_to(function, args, kwargs)
        self._place = place
        self._holder = Holder(new_state(function))
        self._parking = Parking(self)
        self._task = asyncio.current_task()
        self._coroutine: Any = None
        self._units: list[Unit] = []
        self._siblings: list[asyncio.Task[Any]] = []
        self._hand: list[Any] = []  # what a checkpoint waited for, and came during a hold
        self._ending = False
        self._swallowed = 0
        self.incarnations = 0

    @property
    def label(self) -> str:
        return f"{self.function.__qualname__} {self._place.path}".rstrip()

    async def serve(self) -> Any:
        """Safe to cancel: the function is cancelled, and nothing is left."""
        await self._place.enter(self, self._make_units())
        token = _running.set(weakref.ref(self))
        try:
            while True:
                again, result = await self._incarnation()
                if not again:
                    return result
        finally:
            _running.reset(token)
            self._place.leave()

    # -- what the function waits for --------------------------------------------------------------

    async def receive(self) -> Message:
        """The websocket's `receive`, as the function sees it."""
        self._check()
        return await self._parking.wait(self._place.receive())

    async def checkpoint(self, awaitable: Awaitable[Any] | None) -> Any:
        """See `checkpoint()`."""
        with self._resting(awaitable):
            self._check()
            self._place.settle()
            self._check()
            await self._parking.wait(self._place.valve.opened())
            if self._hand:
                return self._hand.pop(0)
            if awaitable is None:
                await self._parking.wait(asyncio.sleep(0))
                return await self._parking.wait(self._place.valve.opened())
            result = await self._parking.wait(awaitable)
            self._place.settle()
            if not self._place.valve.is_open or self._ending:
                self._hand.append(result)
                self._check()
                await self._parking.wait(self._place.valve.opened())
                return self._hand.pop(0)
            return result

    @contextmanager
    def _resting(self, awaitable: object) -> Iterator[None]:
        self._place.rest(True)
        try:
            yield
        finally:
            self._place.rest(False)
            if asyncio.iscoroutine(awaitable):
                awaitable.close()  # one that was not begun; nothing happens to one that has ended

    def _check(self) -> None:
        if not self._ending:
            return
        self._swallowed += 1
        if self._swallowed <= MOST_SWALLOWED:
            raise CodeChanged(self)
        self._ending = False
        self._place.ending(False)
        what = f"{self.label} catches CodeChanged and goes on with its old code"
        logger.error("%s; let it pass (it is a BaseException)", what)
        self._place.report(what)

    # -- its incarnations -----------------------------------------------------------------------

    async def _incarnation(self) -> tuple[bool, Any]:
        """Call the function once. (True, None): it was ended, and is to be called again."""
        first, self._ending, self._swallowed = self.incarnations == 0, False, 0
        self._place.ending(False)
        self.incarnations += 1
        try:
            call = arguments_for(self.function, self._given, self._holder.state, first=first)
        except TypeError as exc:
            await self._place.give_up(f"{self.label} can't go on with its new code: {exc}")
            return False, None
        error: BaseException | None = None
        result = None
        try:
            self._coroutine = self.function(*call.args, **call.kwargs)
            result = await self._coroutine
        except BaseException as exc:
            error = exc
        finally:
            self._coroutine = None
            ended, self._siblings = self._siblings, []
        await siblings.end(ended, self.label)
        if self._goes_on(error):
            self._place.again()
            return True, None
        if error is not None:
            raise error
        return False, result

    def _goes_on(self, error: BaseException | None) -> bool:
        """The function has returned, or raised: is it to be called again?"""
        if not self._ending or not self._place.is_open:
            return False
        if error is None or is_code_change(error, self):
            return True
        if not isinstance(error, Exception):
            return False
        logger.error("%s failed in its cleanup for new code, which starts all the same", self.label, exc_info=error)
        self._place.report(f"{self.label} failed in its cleanup for new code: {type(error).__name__}: {error}")
        return True

    # -- what an upgrade asks for -----------------------------------------------------------------

    def _make_units(self) -> list[Unit]:
        id = self._place.unit_id()
        label = f"{self.function.__qualname__} {self._place.path}".rstrip()
        function = FunctionUnit(id, label, self._holder, self.function, frozenset(self._given), self._resumed)
        state = self._holder.state
        self._units = [function]
        if not isinstance(state, dict):
            self._units.append(StateUnit(state, f"{id}/state", self._place.path or label, self._place))
        return self._units

    def _resumed(self) -> None:
        """An upgrade has been committed, and nothing flows yet: end what is stale."""
        if self._ending or self._coroutine is None:
            return
        frames = [*frames_from(self._coroutine), *(f for task in self._others() for f in frames_of(task))]
        if any_stale(frames):
            self._ending = True
            self._place.ending(True)
            self._siblings = siblings.awaited_by(self._task)
            self._parking.wake()

    def _others(self) -> list[asyncio.Task[Any]]:
        """The tasks beside its own in which it works, as far as they can be known."""
        return [task for task in {*self._parking.tasks, *siblings.awaited_by(self._task)} if task is not self._task]
