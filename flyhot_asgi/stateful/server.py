"""The server of one handler: its mailbox, its incarnations, and how an upgrade holds it.

Theory of operation. One task runs everything of a handler: `init`, one message after the other, `terminate`, and, after
an error, the next incarnation of it. Between two messages it is at its boundary.

While an upgrade gathers (the valve is closed, not yet fastened), a server that has come to its boundary stays there,
with one exception: if an unread call is waited for by somebody who is at work himself (a connection, a request, another
handler), it goes on, with all that comes before that call. Otherwise those who wait for each other would never come to
their boundaries, and the callers would run into their time limits. Once the valve is fastened everybody is at the
boundary, and nothing is taken from any mailbox until it opens.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import logging
import sys
import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from flyhot_asgi.errors import ConfigError, HandlerCrashed, HandlerError, MailboxFull, NotRunning
from flyhot_asgi.session.actor import Home, homes, source_of
from flyhot_asgi.session.boundary import Boundary
from flyhot_asgi.session.tasks import guarded
from flyhot_asgi.session.whereabouts import whereabouts
from flyhot_asgi.stateful import names
from flyhot_asgi.stateful.mailbox import Call, Cast, Info, Item, Mailbox
from flyhot_asgi.stateful.supervision import RESTARTS, Supervision, Verdict
from flyhot_asgi.stateful.timers import Timer, Timers
from flyhot_asgi.stateful.unit import HandlerUnit, check_state

if TYPE_CHECKING:
    from flyhot_asgi.stateful.handler import StatefulHandler

logger = logging.getLogger("flyhot.handler")

Reason = str | BaseException

_KILL_SECONDS = 1.0
"""How long a task that was cancelled may take to end."""

_TURNS = 50
"""After so many messages in a row the event loop gets a turn."""

_numbers = itertools.count(1)
_inside: contextvars.ContextVar[Server | None] = contextvars.ContextVar("flyhot_handler", default=None)


class Server:
    """Owns the handler's instance, mailbox, timers and task. For the event loop that it was started in."""

    def __init__(self, cls: type[StatefulHandler], args: tuple[Any, ...], kwargs: dict[str, Any], name: str | None):
        if cls.restart not in RESTARTS:
            raise ConfigError(f"{cls.__qualname__}.restart must be one of {', '.join(RESTARTS)}, not {cls.restart!r}")
        self.name = name
        self.id = f"handler:{name or f'{cls.__qualname__}-{next(_numbers)}'}"
        self.instance: StatefulHandler | None = None
        self.handler_class = cls
        self.supervision = Supervision(cls.restart, cls.intensity, cls.period)
        self.units = (HandlerUnit(self),)
        self._arguments = (args, kwargs)
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._boundary = Boundary()
        self._mailbox = Mailbox(cls.mailbox_limit, self._boundary.wake)
        self._timers = Timers(self._mailbox.put)
        self._home: Home | None = None
        self._task: asyncio.Task[None] | None = None
        self._current: Item | None = None
        self._due: list[str | None] = []  # `upgraded(old_vsn)` is to run before the next message
        self._stop_reason: str | None = None  # end after the message in hand
        self._final = False  # and don't start anew
        self._ended = False

    # -- what others see ----------------------------------------------------------------------

    @property
    def handler(self) -> str:
        return self.handler_class.__qualname__

    @property
    def path(self) -> str:
        return repr(self.name) if self.name else self.id.partition(":")[2]

    @property
    def label(self) -> str:
        """For people: "Room 'lobby'"."""
        return f"{self.handler} {self.path}" if self.name else self.path

    @property
    def alive(self) -> bool:
        return not self._ended and not self._loop.is_closed()

    @property
    def boundaries(self) -> int:
        return self._boundary.count

    @property
    def quiescent(self) -> bool:
        return self._boundary.parked

    def at_work(self) -> list[tuple[asyncio.Task[Any] | None, float]]:
        return [] if self._boundary.parked else [(self._task, self._boundary.since)]

    def occupation(self, reply: asyncio.Future[Any]) -> str:
        """What it does about a call, for the message of one who waited in vain."""
        if not self.alive:
            return "it has ended meanwhile"
        if self._boundary.parked:
            return "it is held by an upgrade" if not self._boundary.valve.is_open else "it has not begun with it"
        place = whereabouts(self._task)
        where = f", awaits at {place.file}:{place.line} in {place.function}" if place else ""
        seconds = monotonic() - self._boundary.since
        if isinstance(self._current, Call) and self._current.reply is reply:
            return f"it has been at work on it for {seconds:.1f} s{where}"
        return f"it never began with it; it has been at work on another message for {seconds:.1f} s{where}"

    # -- messages -----------------------------------------------------------------------------

    def check_caller(self) -> None:
        """Raises HandlerError if the handler calls itself: nobody would ever answer."""
        if _inside.get() is self and asyncio.current_task() is self._task:
            raise HandlerError(
                f"{self.label} calls itself, which can't be answered before it has come to an end with this message",
                do="call the method that does it, or use cast or info",
            )

    async def post_call(self, request: Any, reply: asyncio.Future[Any]) -> None:
        self._check()
        await self._mailbox.room()
        self._check()
        self._mailbox.put(Call(request, reply, by_actor=_inside.get() is not None))

    async def post_cast(self, message: Any) -> None:
        self._check()
        await self._mailbox.room()
        self._check()
        self._mailbox.put(Cast(message))

    def post_info(self, message: Any) -> None:
        if threading.get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self._post_quietly, message)
            return
        self._check()
        if self._mailbox.is_full:
            raise MailboxFull(
                f"{self.label} has {len(self._mailbox)} unread messages",
                do="send fewer, or use call or cast, which wait for room",
            )
        self._mailbox.put(Info(message))

    def _post_quietly(self, message: Any) -> None:
        try:
            self.post_info(message)
        except (MailboxFull, NotRunning) as exc:
            logger.warning("a message from another thread was not taken: %s", exc)

    def _check(self) -> None:
        if not self.alive:
            raise NotRunning(f"{self.label} has ended", do="start a new one")

    # -- what the handler asks for (handler.Link) -----------------------------------------------

    def start_timer(self, seconds: float, message: Any, *, again: bool) -> Timer:
        return self._timers.start(seconds, message, again=again)

    def stop_soon(self) -> None:
        self._stop_reason = self._stop_reason or "normal"
        self._boundary.wake()

    # -- what an upgrade asks for (unit.Serving, session.Actor) -----------------------------------

    def upgraded_soon(self, old_vsn: str | None) -> None:
        self._due.append(old_vsn)
        self._boundary.wake()

    def owe(self, duty: Callable[[], None]) -> None:
        self._boundary.owe(duty)

    def move_in(self, home: Home) -> None:
        self._home = home
        home.join(self)
        self._boundary.move(home.valve)

    async def shut_down(self) -> None:
        await self.stop("shutdown", self.handler_class.shutdown)

    # -- its life -----------------------------------------------------------------------------

    async def start(self) -> None:
        """Raises AlreadyStarted, and what `init` raises. Safe to cancel: then it has not been started."""
        if self.name is not None:
            names.give(self.name, self)
        started: asyncio.Future[None] = self._loop.create_future()
        homes.settle(self, source_of(self.handler_class))
        self._task = self._loop.create_task(self._supervise(started), name=f"flyhot: {self.label}")
        try:
            await asyncio.wait([started])
        except BaseException:
            self._task.cancel()
            raise
        started.result()

    async def stop(self, reason: str, seconds: float) -> None:
        """End after the message in hand, for good. Idempotent."""
        task = self._task
        if self._ended or task is None:
            return
        self._stop_reason = reason
        self._final = True
        self._boundary.wake()
        if asyncio.current_task() is task:
            return  # by its own hand: it ends when this message is through
        _, late = await asyncio.wait([task], timeout=seconds)
        if late:
            logger.warning("%s did not end within %g s and is cancelled: %s", self.label, seconds, self._place())
            task.cancel()
            await asyncio.wait([task], timeout=_KILL_SECONDS)

    async def _supervise(self, started: asyncio.Future[None]) -> None:
        _inside.set(self)
        try:
            while True:
                reason = await self._incarnation(started)
                if self._final or not self._starts_anew(reason):
                    return
        except asyncio.CancelledError:
            if not started.done():
                started.cancel()
            raise
        finally:
            self._end()

    def _starts_anew(self, reason: Reason) -> bool:
        crashed = isinstance(reason, BaseException)
        verdict = self.supervision.ended(monotonic(), crashed=crashed)
        if verdict is Verdict.GIVE_UP:
            cls = self.handler_class
            often = f"{cls.intensity} times within {cls.period:g} s"
            logger.critical("%s was started anew %s and fails again: it stays down", self.label, often)
            self._report(f"{self.label} stays down: it was started anew {often}, and failed again")
        return verdict is Verdict.START_ANEW

    async def _incarnation(self, started: asyncio.Future[None]) -> Reason:
        """One instance, from `init` to `terminate`; returns why it ended."""
        self._stop_reason = None if not self._final else self._stop_reason
        while self._boundary.valve.firm:
            await self._boundary.park()
        self._boundary.since = monotonic()
        first = not started.done()
        try:
            instance = self._new_instance()
            args, kwargs = self._arguments
            await instance.init(*args, **kwargs)
            check_state(instance)
        except Exception as exc:
            self._timers.cancel()
            if first:
                self._final = True
                started.set_exception(exc)
            else:
                logger.exception("init() of %s failed", self.label)
            return exc
        self.instance = instance
        if first:
            started.set_result(None)
        reason: Reason = "shutdown"
        try:
            reason = await self._serve(instance)
        finally:
            self.instance = None
            self._timers.cancel()
            await self._terminate(instance, reason)
        return reason

    def _new_instance(self) -> StatefulHandler:
        from flyhot_asgi.stateful.ref import ServerRef

        instance = self.handler_class()
        if "state" not in vars(instance):
            instance.state = {}
        instance._link, instance._ref = self, ServerRef(self)
        return instance

    async def _serve(self, instance: StatefulHandler) -> Reason:
        in_a_row = 0
        while True:
            try:
                if (item := await self._take(instance)) is None:
                    return self._stop_reason or "normal"
                self._current, self._boundary.since = item, monotonic()
                await self._handle(instance, item)
            except Exception as exc:
                logger.exception("%s failed at a message", self.label)
                return exc
            finally:
                self._current = None
                self._boundary.count += 1
            in_a_row += 1
            if in_a_row % _TURNS == 0 or not self._boundary.valve.is_open:
                await self._boundary.pause()

    async def _handle(self, instance: StatefulHandler, item: Item) -> None:
        if isinstance(item, Cast):
            await guarded(instance.handle_cast(item.message))
        elif isinstance(item, Info):
            item.read = True
            await guarded(instance.handle_info(item.message))
        else:
            await self._answer(instance, item)

    async def _answer(self, instance: StatefulHandler, call: Call) -> None:
        call.begun = True
        try:
            answer = await guarded(instance.handle_call(call.request))
        except BaseException as exc:
            if not call.reply.done():
                crashed = HandlerCrashed(
                    f"{self.label} failed at this call: {type(exc).__name__}: {exc}",
                    do="the log has the traceback; the handler is started anew with a new state",
                )
                crashed.__cause__ = exc
                call.reply.set_exception(crashed)
            raise
        if not call.reply.done():
            call.reply.set_result(answer)

    async def _take(self, instance: StatefulHandler) -> Item | None:
        """The next message; None if it is to end. Waits at the boundary."""
        while self._stop_reason is None:
            self._boundary.settle()
            if self._may_take():
                if self._due:
                    await self._upgraded(instance, self._due.pop(0))
                    continue
                if (item := self._mailbox.take()) is not None:
                    return item
            await self._boundary.park()
        return None

    def _may_take(self) -> bool:
        valve = self._boundary.valve
        if valve.is_open or valve.firm:
            return valve.is_open
        calls = self._mailbox.calls
        return any(call.by_actor for call in calls) or (
            bool(calls) and self._home is not None and self._home.others_at_work()
        )

    async def _upgraded(self, instance: StatefulHandler, old_vsn: str | None) -> None:
        self._boundary.since = monotonic()
        try:
            outcome = getattr(instance, "upgraded")(old_vsn)  # noqa: B009 (the class need not have it)
            if asyncio.iscoroutine(outcome):
                await guarded(outcome)
        except Exception as exc:
            logger.exception("upgraded() of %s failed; it goes on", self.label)
            self._report(f"upgraded() of {self.label} failed: {type(exc).__name__}: {exc}")
        self._boundary.count += 1

    async def _terminate(self, instance: StatefulHandler, reason: Reason) -> None:
        seconds = self.handler_class.shutdown
        try:
            async with asyncio.timeout(seconds):
                await instance.terminate(reason)
        except TimeoutError:
            logger.warning("terminate() of %s took longer than %g s", self.label, seconds)
        except Exception:
            logger.exception("terminate() of %s failed", self.label)
        finally:
            instance._link = instance._ref = None

    def _end(self) -> None:
        """Nothing of it is left anywhere; who waits for it is told."""
        self._ended = True
        if self.name is not None:
            names.take_back(self.name, self)
        homes.forget(self)
        if self._home is not None:
            self._home.leave(self)
        self._mailbox.limit = sys.maxsize
        for item in self._mailbox.clear():
            if isinstance(item, Call) and item.wanted:
                item.reply.set_exception(NotRunning(f"{self.label} ended before it came to this call"))

    def _report(self, what: str) -> None:
        if self._home is not None:
            self._home.report(what)

    def _place(self) -> str:
        place = whereabouts(self._task)
        return f"it awaits at {place}" if place else "nobody knows where it awaits"
