"""When a handler that has ended is started anew, and when that is given up. Decided from the times passed in.

OTP's `supervisor`: a child is permanent, transient (started anew unless it ended by itself) or temporary, and more than
`intensity` new starts within `period` seconds are too many: what fails at once, again and again, is not mended by
starting it.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Literal

Restart = Literal["permanent", "transient", "temporary"]
RESTARTS: tuple[Restart, ...] = ("permanent", "transient", "temporary")


class Verdict(Enum):
    START_ANEW = "start anew"
    STAY_DOWN = "stay down"
    GIVE_UP = "give up"


class Supervision:
    """Owns the times of one handler's restarts (seconds, on the clock of `now`)."""

    def __init__(self, restart: Restart, intensity: int, period: float) -> None:
        self._restart = restart
        self._intensity = intensity
        self._period = period
        self._restarts: deque[float] = deque()
        self.count = 0
        """How often it was started anew, in all."""

    def ended(self, now: float, *, crashed: bool) -> Verdict:
        """It has ended, by itself or by an error: what now?"""
        if self._restart == "temporary" or (self._restart == "transient" and not crashed):
            return Verdict.STAY_DOWN
        while self._restarts and now - self._restarts[0] > self._period:
            self._restarts.popleft()
        if len(self._restarts) >= self._intensity:
            return Verdict.GIVE_UP
        self._restarts.append(now)
        self.count += 1
        return Verdict.START_ANEW
