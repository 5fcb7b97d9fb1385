"""How long the processes that are held wait for those that are not: decided here, from the time that is passed in.

Theory of operation. A process gathers its sessions by rounds (flyhot_asgi/session/rounds.py), and holds them for a
fraction of a second in each. It may need many, if somebody computes or waits for a database; another process that has
gathered long ago must not hold its users for so long. So those who are held are let go after a window, and asked again
when the late ones have come. Each window is twice as long as the last, up to a bound: a process under load needs longer
to hear and to gather, and where somebody is always busy somewhere, all are at rest at once in a longer one only. When
the time for gathering is over nobody is let go any more: who is late then gives up, or goes by its policy.
"""

from __future__ import annotations

FIRST_WINDOW = 0.05
"""Seconds; as long as the first round within a process."""


class Windows:
    """The windows of one upgrade. Knows no clock: all times are passed in, in seconds."""

    def __init__(self, *, until: float, longest: float) -> None:
        """`until`: from then on nobody is let go. `longest`: the bound of a window."""
        self._until = until
        self._longest = longest
        self._width = min(FIRST_WINDOW, longest)
        self._ends: float | None = None
        self._waited_for: frozenset[int] = frozenset()

    def look(self, now: float, holding: tuple[int, ...], awaited: tuple[int, ...]) -> float | None:
        """When those who are held (`holding`) will have waited long enough for the others (`awaited`); None if nobody
        waits, or the time is over. A window begins when somebody is held, and anew when others are waited for."""
        if not holding or not awaited or now >= self._until:
            self._ends = None
        elif self._ends is None or not self._waited_for >= set(awaited):
            self._ends = now + self._width
            self._width = min(2 * self._width, self._longest)
        self._waited_for = frozenset(awaited)
        return self._ends
