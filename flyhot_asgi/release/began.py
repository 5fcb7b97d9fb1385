"""When the import of the app can have begun at the earliest: what was edited later may not be what was imported."""

from __future__ import annotations

import os
import time
from collections.abc import MutableMapping
from pathlib import Path

VARIABLE = "FLYHOT_BEGAN"
"""Names that moment (epoch seconds) to the processes of a server whose files were laid just before it was started."""

_COARSE = 0.01
"""Seconds: a file's times are those of the kernel's last tick."""


def mark(environment: MutableMapping[str, str]) -> None:
    """What is on the disk now is what the processes with this environment import."""
    environment[VARIABLE] = repr(time.time() - _COARSE)


def tick() -> float:
    """Seconds: how exactly the kernel tells when a process began."""
    return 1 / os.sysconf("SC_CLK_TCK")


def process_began() -> float:
    """When this process began, in seconds since the machine was started, never too late. Raises OSError."""
    fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    return int(fields[19]) * tick()


def _process_began() -> float:
    """Epoch seconds, never too late; where the system doesn't tell it, 0.0."""
    try:
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - process_began()
    except (OSError, AttributeError, IndexError, ValueError):
        return 0.0
    return time.time() - age - _COARSE


def _began() -> float:
    try:
        marked = float(os.environ.get(VARIABLE, ""))
    except ValueError:
        marked = 0.0
    return max(marked, _process_began())


BEGAN = _began()
"""Epoch seconds. Of the process that imported us, not of its forks: they have the app from it."""

_IMPORTED_BY = os.getpid()


def is_fork() -> bool:
    """The app was imported by another process, of which this one is a fork."""
    return os.getpid() != _IMPORTED_BY
