"""How long a process has been at it, without the time in which others had the processors.

A limit in seconds shall say that an import hangs or takes too much, not that the machine is busy.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

MOST = 10.0
"""Limits hold by the clock on the wall, too, at so many times their length."""


class Clock:
    """Counts from where it is made. `pid`: the process."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._began = time.monotonic()
        self._waited = waited_of(pid)

    def left(self, limit: float) -> float:
        """What is left of `limit` seconds; below zero: it is past them."""
        spent = time.monotonic() - self._began
        return min(limit - spent + waited_of(self._pid) - self._waited, limit * MOST - spent)


def waited_of(pid: int) -> float:
    """Seconds in which the process's first thread was ready to run and had no processor; 0 where nobody counts them
    (Linux does: Documentation/scheduler/sched-stats.rst)."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    return 0.0
