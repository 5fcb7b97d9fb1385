"""A session: one live websocket connection, with its gate and its units."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from flyhot_asgi.session.gate import Gate, Valve
from flyhot_asgi.session.pushing import waits_for_a_thread
from flyhot_asgi.session.tasks import OwnedTasks
from flyhot_asgi.session.unit import Unit
from flyhot_asgi.types import Scope


class Session:
    """Owns the units of its connection, the count of bodies at work outside of `receive`, and its units'
    tasks."""

    __slots__ = (
        "__weakref__",
        "_attached",
        "_bodies",
        "_bodies_done",
        "_ended",
        "_evicted",
        "_report",
        "_task",
        "_tasks",
        "gate",
        "id",
        "path",
        "renewing",
        "scope",
        "units",
        "waived",
    )

    def __init__(
        self,
        id: str,
        scope: Scope,
        gate: Gate,
        *,
        task: asyncio.Task[Any] | None = None,
        report: Callable[[str], None] | None = None,
        ended: Callable[[Session, Unit], None] | None = None,
    ) -> None:
        self.id = id
        self.path: str = scope.get("path", "")
        self.gate = gate
        self.units: Sequence[Unit] = ()
        self.renewing = False
        """Its function is being ended, to start anew with new code."""
        self.waived = False
        """It has outlived a hold by policy and has no state: until its next boundary, no hold waits for it."""
        self.scope = scope
        self._task = task
        self._report = report
        self._ended = ended
        self._bodies: dict[object, tuple[asyncio.Task[Any] | None, float]] | None = None  # once there was one
        self._bodies_done = 0
        self._evicted = False
        self._attached = 0
        self._tasks: OwnedTasks | None = None

    @property
    def label(self) -> str:
        """For people: the handler's name and the path, such as "Chat /ws/rooms/1"."""
        return f"{self.handler} {self.path}"

    @property
    def handler(self) -> str:
        """The class or function that serves this connection, as far as known ("websocket" before it is
        routed)."""
        if self.units:
            return self.units[0].cls.__qualname__
        endpoint = self.scope.get("endpoint")
        name = getattr(endpoint, "__qualname__", None) or getattr(type(endpoint), "__qualname__", None)
        return "websocket" if endpoint is None or not isinstance(name, str) else name

    @property
    def valve(self) -> Valve:
        return self.gate.valve

    @property
    def task(self) -> asyncio.Task[Any] | None:
        """The task that runs the application for this connection."""
        return self._task

    def evict(self) -> None:
        """Cancel the task that runs the application: whoever catches the cancellation asks `was_evicted()`."""
        if self._task is not None:
            self._evicted = True
            self._task.cancel()

    def was_evicted(self) -> bool:
        """Is the cancellation that ended the application ours? Then it is taken back."""
        if not self._evicted or self._task is None:
            return False
        self._evicted = False
        return self._task.uncancel() == 0

    @property
    def has_bodies(self) -> bool:
        """Is a `working()` body under way?"""
        return bool(self._bodies)

    def report(self, what: str) -> None:
        """Something went wrong in this session, which nobody waits for."""
        if self._report is not None:
            self._report(what)

    @property
    def vsn(self) -> str | None:
        """The release under which the connection was opened, if the middleware said."""
        vsn = self.scope.get("flyhot.vsn")
        return vsn if isinstance(vsn, str) else None

    def attach(self, unit: Unit) -> None:
        """From now on `unit` is migrated with this session. A session can have any number of them."""
        self.units = [*self.units, unit]
        self._attached += 1

    def detach(self, unit: Unit) -> None:
        """`unit` has ended. Nothing happens if it isn't attached."""
        if any(each is unit for each in self.units) and self._ended is not None:
            self._ended(self, unit)
        self.units = [each for each in self.units if each is not unit] or ()

    def next_number(self) -> int:
        """A number for the next unit's id, never used before in this session."""
        return self._attached + 1

    @property
    def quiescent(self) -> bool:
        """At its message boundary: parked in the gate, and no `working()` body runs. A plain function may be as good as
        there: it only sends, or it is waived."""
        return not self._bodies and (self.gate.parked or self._runs_on())

    def _runs_on(self) -> bool:
        """A unit's state is in its methods' hands as long as they run: there, only `receive()` is a boundary."""
        if self.units or not (self.waived or self.gate.pushes):
            return False
        return self.waived or not waits_for_a_thread(self._task)

    @property
    def boundaries(self) -> int:
        """Grows whenever the session comes to its boundary while somebody watches."""
        return self.gate.parks + self._bodies_done

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """For work outside of `receive`: waits for the valve, then counts as in flight until it is left.

        Safe to cancel. Bodies may run side by side; don't enter one inside another, as the inner one would
        wait for a valve that may be waiting for the outer one (a hold gets over it, after a round).
        """
        await self.gate.valve.opened()
        if not self._bodies:
            self.gate.settle()
        key = object()
        bodies = self._bodies = self._bodies if self._bodies is not None else {}
        bodies[key] = (asyncio.current_task(), monotonic())
        try:
            yield
        finally:
            del bodies[key]
            self._bodies_done += 1
            if not bodies:
                self.gate.settle()
            self.gate.valve.stir()

    def spawn(self, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> None:
        """Run `work()` in a task of this session's, as a `working()` body; it is cancelled when the session
        ends."""

        async def body() -> None:
            async with self.working():
                await work()

        if self._tasks is None:
            self._tasks = OwnedTasks()
        self._tasks.start(body, name=name)

    def end(self) -> None:
        """The connection is over: cancel what its units left running. Idempotent."""
        self.gate.end()
        if self._tasks is not None:
            self._tasks.cancel()

    def at_work(self) -> list[tuple[asyncio.Task[Any] | None, float]]:
        """The tasks that keep this session from its boundary, each with the time (monotonic) since when."""
        tasks = list(self._bodies.values()) if self._bodies is not None else []
        if not self.gate.parked:
            tasks.insert(0, (self._task, self.gate.busy_since))
        return tasks
