"""How fast events of one page are taken: a token bucket. Pure.

Events past the rate are not lost and not refused: the next one is read later, TCP does the rest. Who floods us waits
for his own events only.
"""

from __future__ import annotations


class Pace:
    """`rate` events a second in the long run, `burst` at once. Times in seconds, of any clock that only grows."""

    __slots__ = ("_burst", "_left", "_rate", "_since")

    def __init__(self, rate: float, burst: int, now: float) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError(f"a rate of {rate} events a second with bursts of {burst} would let nothing pass")
        self._rate = rate
        self._burst = burst
        self._left = float(burst)
        self._since = now

    def take(self, now: float) -> float:
        """One event has come: how long to wait before the next one is read; 0 as long as the pace is kept."""
        self._left = min(self._burst, self._left + max(0.0, now - self._since) * self._rate) - 1.0
        self._since = now
        return 0.0 if self._left >= 0 else -self._left / self._rate
