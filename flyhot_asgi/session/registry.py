"""The registry: who is there. One per application, the only owner of sessions, requests in flight, registered
objects."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from time import monotonic
from typing import Any

from flyhot_asgi.errors import ConfigError
from flyhot_asgi.session.actor import Actor
from flyhot_asgi.session.connection import Session
from flyhot_asgi.session.ended import Ended
from flyhot_asgi.session.gate import Gate, Valve
from flyhot_asgi.session.pins import Pin
from flyhot_asgi.session.requests import InFlight, Requests
from flyhot_asgi.session.tasks import OwnedTasks
from flyhot_asgi.session.unit import ObjectUnit, Unit
from flyhot_asgi.session.whereabouts import Whereabouts, whereabouts
from flyhot_asgi.types import Receive, Scope, Send

_REPORTS = 50


@dataclass(frozen=True)
class Busy:
    """A session that is not at its message boundary. `since` is monotonic; `seconds` is how long that was
    when seen, at least: nobody looked at the clock before the hold."""

    session_id: str
    path: str
    handler: str
    file: str | None
    line: int | None
    function: str | None
    since: float
    seconds: float

    def __str__(self) -> str:
        place = f", awaits at {self.file}:{self.line} in {self.function}" if self.file else ""
        return f"{self.session_id} {self.path} ({self.handler}): busy for at least {self.seconds:.1f} s{place}"


@dataclass(frozen=True)
class Statistics:
    is_open: bool
    websockets: int
    websockets_quiescent: int
    websockets_in_all: int
    http_in_flight: int
    units: int
    objects: int


MAX_WAITING = 10_000
"""Requests and connections that may wait for a hold to end; who comes after them is told to come again."""


class Registry:
    """One per application. To be used from the event loop's thread only."""

    def __init__(self) -> None:
        self.valve = Valve()
        self._sessions: dict[str, Session] = {}
        self.http = Requests()
        self._last_busy: Session | None = None
        self.max_waiting = MAX_WAITING
        self.leaving = False
        """The process says good-bye: no connection is taken any more."""
        self._waiting = 0
        self._objects: dict[str, ObjectUnit] = {}
        self._actors: dict[str, Actor] = {}
        self.pins: dict[str, Pin] = {}
        """Those that are left out of upgrades until they come to their boundary (see pins.py), by id."""
        self._websockets = 0
        self._tasks = OwnedTasks()
        self.reports: deque[str] = deque(maxlen=_REPORTS)
        """What went wrong in single sessions after an upgrade."""
        self._report, self._ended = self.report, self._end  # one bound method each for all sessions
        self.ended = Ended(self)
        """What lives on of connections and actors that are over."""

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The live websocket connections, oldest first."""
        return tuple(self._sessions.values())

    @property
    def requests(self) -> tuple[InFlight, ...]:
        """The HTTP requests in flight, oldest first."""
        return tuple(self.http)

    async def may_come_in(self) -> bool:
        """Wait for the valve, as one of those that are not in yet; False, at once, if too many of them wait already, or
        if the process says good-bye. Safe to cancel."""
        if self.leaving or (self._waiting >= self.max_waiting and not self.valve.is_open):
            return False
        self._waiting += 1
        try:
            await self.valve.opened()
        finally:
            self._waiting -= 1
        return True

    async def admit_websocket(self, scope: Scope, receive: Receive, send: Send) -> Session:
        """Wait for the valve, then make the connection a session. Safe to cancel. Call `drop` when it is
        over.

        Called in the task that will run the application: that task is the one looked at when the session is
        busy.
        """
        await self.valve.opened()
        self._websockets += 1
        session = Session(
            f"ws-{self._websockets}",
            scope,
            Gate(receive, send, self.valve),
            task=asyncio.current_task(),
            report=self._report,
            ended=self._ended,
        )
        self._sessions[session.id] = session
        return session

    def drop(self, session: Session) -> None:
        """The connection is over. Idempotent."""
        if session.id in self._sessions:
            for unit in session.units:  # before it goes: who looks from another thread finds it here or there
                self._end(session, unit)
            del self._sessions[session.id]
            self.pins.pop(session.id, None)
            session.end()
            self.valve.stir()

    def _end(self, session: Session, unit: Unit) -> None:
        """A unit of a session is over. If that was pinned, or dismissed, its state fits the code of no release that
        runs: such a one is not migrated again."""
        if session.id not in self.pins and not session.gate.dismissed:
            self.ended.add(unit)

    @property
    def actors(self) -> tuple[Actor, ...]:
        """What lives beside the connections, in the order in which it was started."""
        return tuple(self._actors.values())

    def join(self, actor: Actor) -> None:
        """From now on `actor` is held and migrated with the rest. Call `leave` when it has ended."""
        self._actors[actor.id] = actor

    def leave(self, actor: Actor) -> None:
        """It has ended. Idempotent."""
        if actor.id in self._actors:
            for unit in actor.units if actor.id not in self.pins else ():
                self.ended.add(unit)
            del self._actors[actor.id]
            self.pins.pop(actor.id, None)
            self.valve.stir()

    async def shut_down(self) -> None:
        """End all actors, the last one started first, as a supervisor does its children. Safe to cancel."""
        while self._actors:
            actor = self._actors.popitem()[1]
            await actor.shut_down()

    def report(self, what: str) -> None:
        """Something went wrong in one session, which nobody waits for: kept for the status, the newest last."""
        self.reports.append(what)

    def register(self, obj: object, name: str) -> ObjectUnit:
        """Make `obj` a unit, for as long as it lives (it is referred to weakly). The same object again: the
        same unit.

        Raises ConfigError if another live object has that name, or if `obj` can't be a unit.
        """
        self._forget_the_dead()
        there = self._objects.get(name)
        if there is not None and there.instance is obj:
            return there
        if there is not None:
            raise ConfigError(
                f"two objects want to be registered as {name!r}: {there.label} has the name already",
                do="give each registered object a name of its own, or unregister the first one",
            )
        unit = self._objects[name] = ObjectUnit(obj, name, self)
        return unit

    def unregister(self, name: str) -> None:
        """Forget the object of that name. Nothing happens if there is none."""
        self._objects.pop(name, None)

    def units(self) -> list[Unit]:
        """All units: those of the sessions, oldest session first, of the actors, then the registered objects that
        still live. Those of pinned sessions are left out."""
        self._forget_the_dead()
        pins = self.pins
        if pins:
            attached = [u for session in self._sessions.values() if session.id not in pins for u in session.units]
        else:
            attached = [unit for session in self._sessions.values() for unit in session.units]
        acting = [unit for actor in self._actors.values() if actor.id not in pins for unit in actor.units]
        return [*attached, *acting, *self._objects.values()]

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]], *, name: str, waits: bool = True) -> None:
        """Run `work()` in a task of the application's own, as soon as the valve is open; its errors are logged. `waits`
        False: at once, for work of ours that no hold need wait for."""

        async def body() -> None:
            await self.valve.opened()
            await work()

        self._tasks.start(body if waits else work, name=name)

    def all_quiescent(self) -> bool:
        """Are all websocket sessions and actors at their boundary, in this very moment?"""
        return self._sessions_quiescent() and all(
            actor.quiescent or actor.id in self.pins for actor in self._actors.values()
        )

    def others_at_work(self) -> bool:
        """Is a connection or a request at work, who may wait for an actor's answer?"""
        return bool(self.requests) or not self._sessions_quiescent()

    def _sessions_quiescent(self) -> bool:
        last = self._last_busy  # as long as it is, nobody else need be asked
        if last is not None and not last.quiescent and self.is_here(last) and last.id not in self.pins:
            return False
        for session in self._sessions.values():
            if not session.quiescent and session.id not in self.pins:
                self._last_busy = session
                return False
        self._last_busy = None
        return True

    def busy_sessions(self) -> list[Session | Actor]:
        """Sessions and actors that are not at their boundary, and not pinned."""
        everybody: tuple[Session | Actor, ...] = (*self._sessions.values(), *self._actors.values())
        return [each for each in everybody if not each.quiescent and each.id not in self.pins]

    def busy(self, since: float) -> list[Busy]:
        """Who isn't at a boundary, with the line where each awaits. `since` (monotonic): from when on somebody has
        watched; of what was before nobody knows how long it was. Walks frames: not for the hot path."""
        now, watched = monotonic(), since
        return [
            _describe(session, whereabouts(task), max(since, watched), now)
            for session in self.busy_sessions()
            for task, since in session.at_work()
        ]

    def find(self, id: str) -> Session | Actor | None:
        """The live session or actor of that id."""
        return self._sessions.get(id) or self._actors.get(id)

    def is_here(self, session: Session | Actor) -> bool:
        return session.id in self._sessions or session.id in self._actors

    def statistics(self) -> Statistics:
        return Statistics(
            is_open=self.valve.is_open,
            websockets=len(self._sessions),
            websockets_quiescent=sum(session.quiescent for session in self._sessions.values()),
            websockets_in_all=self._websockets,
            http_in_flight=len(self.requests),
            units=len(self.units()),
            objects=len(self._objects),
        )

    async def changed(self) -> None:
        """Return after something came to its boundary or ended. Does not poll. Safe to cancel."""
        self.http.watch(self.valve.stir)
        await self.valve.stirred()

    def _forget_the_dead(self) -> None:
        for name in [name for name, unit in self._objects.items() if unit.instance is None]:
            del self._objects[name]


def _describe(session: Session | Actor, place: Whereabouts | None, since: float, now: float) -> Busy:
    handler = session.handler
    if handler == "websocket" and place is not None:
        handler = place.function
    return Busy(
        session_id=session.id,
        path=session.path,
        handler=handler,
        file=place.file if place else None,
        line=place.line if place else None,
        function=place.function if place else None,
        since=since,
        seconds=now - since,
    )
