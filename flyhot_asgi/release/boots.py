"""Boots that have not come up yet: one file for each process that starts with a release laid over its image.

A process that dies before its app has started leaves its file behind; one that comes up removes them all. So the
number of files whose process is gone is the number of boots that failed in a row, and nothing has to be counted by
anybody who might be killed while counting.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

VARIABLE = "FLYHOT_BOOT_TICKETS"
"""Names the folder for the processes that are started with the release."""

_TICKET = re.compile(r"([1-9][0-9]*)-([0-9]+)")


def begin(folder: Path) -> None:
    """Note, before anything of the release runs, that this process (or what it execs) boots with it. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{os.getpid()}-{_started(os.getpid())}"
    with open(path, "ab") as file:
        os.fsync(file.fileno())


def withdraw(folder: Path) -> None:
    """This process ends before it has run anything of the release: that is no failed boot. Never raises."""
    with contextlib.suppress(OSError):
        (folder / f"{os.getpid()}-{_started(os.getpid())}").unlink()


def failed(folder: Path) -> int:
    """How many boots in a row died before their app had started. One that is still starting doesn't count."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    found = [match for name in names if (match := _TICKET.fullmatch(name))]
    return sum(1 for match in found if _started(int(match[1])) != match[2])


def came_up(folder: Path | None = None) -> None:
    """The app has started: the boots of this release are good. By default those that the environment names. Never
    raises.
    """
    named = os.environ.get(VARIABLE)
    folder = folder or (Path(named) if named else None)
    if folder is None:
        return
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if _TICKET.fullmatch(name):
                with contextlib.suppress(OSError):
                    (folder / name).unlink()


def _started(pid: int) -> str:
    """When a process was started, in the kernel's ticks; "0" if there is none. Tells a pid that was used again."""
    try:
        # The name of the program, in brackets, may hold anything.
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19].decode("ascii")
    except (OSError, IndexError):
        return "0"
