"""When to close the valve, when to open it again, and when to give up: decided here, from the time that is
passed in.

Theory of operation. To bring all sessions to their message boundary, the valve is closed: who is at work
finishes its message and parks. That alone can't gather a session that waits for another one's answer while
the other one's message is held (OTP's suspend kills such callers; see `sys:suspend` and the order by
`DepMods` in `systools_rc`). So it is done by rounds: closed for a short window; if somebody is still busy,
open for as long, at most, so that those can get what they wait for; then closed again, each window twice as
long as the last, up to a bound.

    CLOSED --all at their boundary--> HELD
    CLOSED --window over, somebody busy--> OPEN --window over, or the busy ones came back--> CLOSED
    CLOSED --deadline, somebody busy--> GIVEN_UP

The last window before the deadline is always a closed one. A loop that was blocked (somebody computes without
awaiting) wakes us late, when the others had no chance to come back: such a round gets a little more time, a
bounded number of times.

HTTP requests in flight are waited for as sessions are, but each for `http_drain` seconds at most; those older
than that hold nothing up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

FIRST_WINDOW = 0.05
LONGEST_WINDOW = 0.4
_GRACES = 3


class Phase(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HELD = "held"
    GIVEN_UP = "given up"


@dataclass(frozen=True)
class Seen:
    """What the driver sees in one moment. `busy`: a session isn't at its boundary; `requests`: when each HTTP
    request in flight began (seconds, on the clock of `now`); `freed`: all that held up the last closed window
    have come to a boundary since, or ended."""

    busy: bool
    requests: tuple[float, ...] = ()
    freed: bool = False


class Rounds:
    """One gathering. Owns the phase and the deadlines; knows no clock: all times are passed in, in
    seconds."""

    def __init__(self, *, now: float, timeout: float, http_drain: float, since: float | None = None) -> None:
        """`since`: when requests began to be waited for, if it was before: they are not waited for twice."""
        self.phase = Phase.CLOSED
        self.count = 1
        self._began = now if since is None else since
        self._deadline = now + timeout
        self._http_drain = http_drain
        self._width = FIRST_WINDOW
        self._window_end = min(now + FIRST_WINDOW, self._deadline)
        self._graces = _GRACES

    def look(self, now: float, seen: Seen) -> float:
        """Decide what is the case now (`phase`), given what is seen. Returns when to look again if nothing
        stirs.

        A phase of HELD or GIVEN_UP is final: the time returned is then `now`.
        """
        if self.phase is Phase.CLOSED:
            return self._look_while_closed(now, seen)
        if self.phase is Phase.OPEN:
            return self._look_while_open(now, seen)
        return now

    def waived(self, since: float, now: float) -> bool:
        """Has a request that began at `since` had its time to drain?"""
        return now - max(since, self._began) >= self._http_drain

    def _look_while_closed(self, now: float, seen: Seen) -> float:
        waited_for = [since for since in seen.requests if not self.waived(since, now)]
        if not seen.busy and (not waited_for or now >= self._deadline):
            self.phase = Phase.HELD
            return now
        if now < self._window_end:
            drained = [max(since, self._began) + self._http_drain for since in waited_for]
            return min([self._window_end, *([] if seen.busy else drained)])
        if now > self._window_end + FIRST_WINDOW and self._graces:
            self._graces -= 1
            self._window_end = now + FIRST_WINDOW
            self._deadline = max(self._deadline, self._window_end)
            return self._window_end
        if now >= self._deadline:
            self.phase = Phase.GIVEN_UP
            return now
        return self._open_or_stay(now)

    def _open_or_stay(self, now: float) -> float:
        """The window is over and somebody is busy: open, if there is time for another closed window after
        it."""
        last_close = self._deadline - FIRST_WINDOW
        if now >= last_close:
            self._window_end = self._deadline
            return self._deadline
        self.phase = Phase.OPEN
        self._window_end = min(now + self._width, last_close)
        return self._window_end

    def _look_while_open(self, now: float, seen: Seen) -> float:
        if now < self._window_end and not seen.freed:
            return self._window_end
        self.phase = Phase.CLOSED
        self.count += 1
        self._width = min(2 * self._width, LONGEST_WINDOW)
        self._deadline = max(self._deadline, now + FIRST_WINDOW)  # late if the loop was blocked
        self._window_end = min(now + self._width, self._deadline)
        return self._window_end
