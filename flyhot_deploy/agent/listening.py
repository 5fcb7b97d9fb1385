"""On which ports processes listen (Linux, /proc): a health check asks the app itself, whatever fly.toml calls its
port."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

_LISTEN = "0A"


def ports_of(pids: Iterable[int]) -> list[int]:
    """The TCP ports that these processes listen on; empty where it can't be told."""
    inodes: set[str] = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            for entry in os.scandir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    target = os.readlink(entry.path)
                    if target.startswith("socket:["):
                        inodes.add(target[8:-1])
    found: set[int] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if len(fields) > 9 and fields[3] == _LISTEN and fields[9] in inodes:
                    found.add(int(fields[1].rpartition(":")[2], 16))
    return sorted(found)


def port_for(wanted: int, pids: Iterable[int]) -> int:
    """The port to ask: the wanted one if the processes listen there or nowhere, else the first of theirs."""
    ports = ports_of(pids)
    return wanted if wanted in ports or not ports else ports[0]
