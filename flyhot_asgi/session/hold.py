"""The hold: brings all sessions of an application to their message boundary, and keeps them there until
resume."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from time import monotonic

from flyhot_asgi.errors import ProtocolError, SuspendTimeout
from flyhot_asgi.session import pinning, policy
from flyhot_asgi.session.actor import Actor
from flyhot_asgi.session.connection import Session
from flyhot_asgi.session.pins import MOST_BEHIND, MOST_PINNED
from flyhot_asgi.session.policy import OnBusy
from flyhot_asgi.session.registry import Busy, Registry
from flyhot_asgi.session.requests import InFlight
from flyhot_asgi.session.rounds import Phase, Rounds, Seen

logger = logging.getLogger("flyhot.hold")

MAX_HOLD = 30.0
"""Seconds after which the watchdog opens the valve if nobody resumed."""

_NAMED = 5

EVICT_SECONDS = 1.0
"""How long a session that is sent away may take to end."""


@dataclass(frozen=True)
class HoldReport:
    """How all came to their boundary. `seconds`: from suspend() to the hold; `closed_at`: when the valve was
    closed for good (monotonic); `requests`: HTTP requests that outlived their drain and run on; `evicted`: sessions
    that were closed for it, by policy. Those that are pinned for it are in the registry's `pins`."""

    sessions: int
    requests: tuple[InFlight, ...]
    rounds: int
    seconds: float
    closed_at: float
    evicted: tuple[Busy, ...] = ()


class SessionsBusy(SuspendTimeout):
    """Who did not come to a message boundary in time. The valve is open again, nothing is held."""

    def __init__(self, message: str, busy: tuple[Busy, ...], *, do: str) -> None:
        first = busy[0] if busy else None
        super().__init__(
            message,
            file=first.file if first else None,
            line=first.line if first else None,
            do=do,
            detail="\n".join(map(str, busy)) or None,
        )
        self.busy = busy


class _State(Enum):
    FREE = "free"
    GATHERING = "gathering"
    HELD = "held"


class Hold:
    """The hold of one application; to be used again for each upgrade. While it gathers or holds, it alone
    moves the valve. Whatever happens to its user, the valve opens: on resume, on failure, on cancellation,
    and by a watchdog `max_hold` seconds after the hold began."""

    def __init__(self, registry: Registry, *, max_hold: float = MAX_HOLD) -> None:
        self._registry = registry
        self._max_hold = max_hold
        self._state = _State.FREE
        self._watchdog: asyncio.TimerHandle | None = None
        self._closed_at: float | None = None
        self._began = 0.0
        self._evicted: tuple[Busy, ...] = ()
        self._held_up_by: dict[Session | Actor, int] = {}
        self._requests_before: frozenset[InFlight] = frozenset()
        self.last_seconds = 0.0
        """How long the valve was closed without a break before it was last opened."""

    @property
    def held(self) -> bool:
        """Between a `suspend()` that succeeded and `resume()`; False again if the watchdog opened the
        valve."""
        return self._state is _State.HELD

    async def suspend(
        self,
        *,
        timeout: float,  # noqa: ASYNC109 (rounds)
        http_drain: float,
        on_busy: OnBusy = "abort",
        since: float | None = None,
    ) -> HoldReport:
        """Bring every session to its boundary. Returns with the valve closed and, in that very moment, every
        session quiescent: await it directly (in a task of its own, that moment would be another one).

        Args, in seconds: `timeout` for all; `http_drain` is how long each HTTP request in flight is waited
        for. `on_busy`: what becomes of who is at work when the time is over, unless its class says (see
        policy.py). `since` (monotonic): when the first hold of the same upgrade began; requests are drained once.
        Raises SuspendTimeout (`SessionsBusy`), with the valve open; ProtocolError if this hold is in use. Safe to
        cancel: the valve is opened. Afterwards call `resume()`, whatever happens. If anything is awaited before the
        code is touched, call `confirm()` or `settle()` then.
        """
        if self._state is not _State.FREE:
            raise ProtocolError(f"suspend() during a hold ({self._state.value})")
        self._state = _State.GATHERING
        began = self._began = monotonic()
        self._evicted = ()
        self._watch(timeout + self._max_hold)
        rounds = Rounds(now=began, timeout=timeout, http_drain=http_drain, since=since)
        with self._open_if_it_fails():
            self._close()
            await self._gather(rounds, timeout, on_busy)
        self._state = _State.HELD
        self._registry.valve.fasten()
        self._watch(self._max_hold)
        assert self._closed_at is not None
        return HoldReport(
            sessions=len(self._registry.sessions),
            requests=self._registry.requests,
            rounds=rounds.count,
            seconds=monotonic() - began,
            closed_at=self._closed_at,
            evicted=self._evicted,
        )

    def confirm(self) -> None:
        """Raise SuspendTimeout (`SessionsBusy`) unless all are held and quiescent in this very moment. To be
        called right before the code is touched, if anything was awaited since `suspend()`: an application's
        own timeout may have taken a session from its boundary. The valve is left as it is."""
        if not self.held:
            raise SessionsBusy(
                "the hold is over: nobody went on with the upgrade in time, and the watchdog let go",
                (),
                do="deploy again",
            )
        if not self._registry.all_quiescent():
            raise _timed_out(tuple(self._registry.busy(self._began)), 0.0)

    async def settle(self, *, timeout: float) -> None:  # noqa: ASYNC109 (raises an error of its own)
        """During a hold: wait until all are quiescent again, with the valve closed, at most `timeout`
        seconds.

        Raises SuspendTimeout as `confirm()` does. Safe to cancel: the hold goes on. Await it directly.
        """
        end = monotonic() + timeout
        while self.held:
            if self._registry.all_quiescent():
                return
            if (left := end - monotonic()) <= 0:
                break
            await self._stirred_within(left)
        self.confirm()

    def resume(self) -> None:
        """Open the valve: held messages flow, in order. Idempotent; never fails."""
        self._state = _State.FREE
        pinning.let_go(self._registry)
        self._open()
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None

    async def _gather(self, rounds: Rounds, allowed: float, on_busy: OnBusy) -> None:
        """Follow the rounds until all are held; raises if they give up. Doesn't await after its last look."""
        registry = self._registry
        while True:
            now = monotonic()
            look_again = rounds.look(now, self._seen())
            if rounds.phase is Phase.HELD:
                self._close()  # closed it is, unless the watchdog came in between
                return
            if rounds.phase is Phase.GIVEN_UP:
                await self._by_policy(allowed, on_busy)
                return
            if rounds.phase is Phase.OPEN and registry.valve.is_open is False:
                self._held_up_by = {session: session.boundaries for session in registry.busy_sessions()}
                self._requests_before = frozenset(registry.requests)
                self._open()
            elif rounds.phase is Phase.CLOSED and registry.valve.is_open:
                self._close()
            await self._stirred_within(look_again - now)

    async def _by_policy(self, allowed: float, default: OnBusy) -> None:
        """The time is over, and somebody is busy: pin them, send them away, or raise. Afterwards, in that very moment,
        all others are quiescent."""
        registry = self._registry
        busy = tuple(registry.busy(self._began))
        policies = {who.id: policy.on_busy(who.units, default) for who in registry.busy_sessions()}
        behind = any(pin.behind >= MOST_BEHIND for pin in registry.pins.values())
        away = [each for each in registry.busy_sessions() if policies[each.id] == "evict" and isinstance(each, Session)]
        pinned = [each for each in registry.busy_sessions() if policies[each.id] == "pin"]
        if len(away) + len(pinned) < len(policies) or behind or len(registry.pins) + len(pinned) > MOST_PINNED:
            raise _timed_out(busy, allowed)
        if away:
            self._evicted = tuple(each for each in busy if policies[each.session_id] == "evict")
            await pinning.evict(registry, away, EVICT_SECONDS)
        for who in pinned:
            if not who.quiescent and registry.is_here(who):
                pinning.pin(registry, who, next((each for each in busy if each.session_id == who.id), None))
        if not registry.all_quiescent():
            raise _timed_out(tuple(registry.busy(self._began)), allowed)
        self._close()

    def _seen(self) -> Seen:
        registry = self._registry
        requests = registry.requests
        return Seen(
            busy=not registry.all_quiescent(),
            requests=tuple(request.since for request in requests),
            freed=registry.valve.is_open
            and all(self._is_free(session, before) for session, before in self._held_up_by.items())
            and self._requests_before.isdisjoint(requests),
        )

    def _is_free(self, session: Session | Actor, boundaries_before: int) -> bool:
        came_back = session.quiescent or session.boundaries != boundaries_before
        return came_back or not self._registry.is_here(session)

    async def _stirred_within(self, seconds: float) -> None:
        """Return when the registry has changed, or after `seconds`."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._registry.changed()
        except TimeoutError:
            pass

    def _close(self) -> None:
        if self._closed_at is None:
            self._closed_at = monotonic()
        self._registry.valve.close()

    def _open(self) -> None:
        if self._closed_at is not None:
            self.last_seconds = monotonic() - self._closed_at
            self._closed_at = None
        self._registry.valve.open()

    @contextmanager
    def _open_if_it_fails(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.resume()
            raise

    def _watch(self, seconds: float) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._watchdog = asyncio.get_running_loop().call_later(seconds, self._bark)

    def _bark(self) -> None:
        logger.error(
            "sessions were held for %.1f s and nobody resumed them: the valve is opened, the hold is over",
            monotonic() - self._closed_at if self._closed_at is not None else 0.0,
        )
        self.resume()


def _timed_out(busy: tuple[Busy, ...], timeout: float) -> SessionsBusy:
    named = "; ".join(map(str, busy[:_NAMED]))
    more = f"; and {len(busy) - _NAMED} more" if len(busy) > _NAMED else ""
    many = f"{len(busy)} session{'s' if len(busy) != 1 else ''}"
    within = f" within {timeout:g} s" if timeout else ""
    return SessionsBusy(
        f"{many} did not come back to receive(){within}: {named}{more}. Nothing was changed; the old code still serves",
        busy,
        do="deploy again when they are done, or allow them more time (--suspend-timeout); one that goes on sending "
        'after a message of its client, and asks for no other, needs on_busy = "pin", or @upgradable and checkpoint()',
    )
