"""One at a time: an flock on a file, as one deploy has on the store. The kernel lets go of it when its holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import StoreLocked
from .files import store_errors


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock at `path` for the block. Raises StoreLocked at once, naming the holder's pid and since
    when.

    The file stays behind: removing it would let a third deploy lock a new file while a second one waits on
    the old.
    """
    with store_errors(path, "locked"):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise _locked(_owner(handle)) from exc
        owner = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
        with store_errors(path, "locked"):
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(owner).encode("utf-8"), 0)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def in_turn(path: Path, mode: int = 0o600) -> Iterator[None]:
    """Hold the lock at `path` for the block, and wait for it as long as somebody else does. Blocking; for work that is
    short. A file that is not there is made with `mode`. Raises OSError.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _owner(handle: int) -> dict[str, Any]:
    """Who holds the lock, as the holder wrote it. Its first words may still be on the way: then nobody's
    name.
    """
    try:
        owner = json.loads(os.pread(handle, 4096, 0))
    except (OSError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}


def _locked(owner: dict[str, Any]) -> StoreLocked:
    pid, since = owner.get("pid", "unknown"), owner.get("since", "just now")
    return StoreLocked(
        f"another deploy is running: pid {pid}, since {since}",
        do="wait for it to end, then run this again",
        detail=json.dumps({"pid": owner.get("pid"), "since": owner.get("since")}),
    )
