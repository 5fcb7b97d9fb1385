"""What code that is run once more does to the world outside of this process: stopped, and told.

A statement that was run at import is run again for what it shows, or because what it makes is made again. A thread, a
socket, a process that it starts would be there twice, and no journal takes them back. The interpreter tells of these
before they happen (PEP 578): what raises then does not happen.

Such a hook can't be taken out again. It is put in when the first release is looked at this way, and looks at nothing
but the thread that runs one: elsewhere an event costs about 0.6 µs more (measured on a busy machine).
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ...errors import UpgradeError

_THREAD = "starts a thread"
_STARTED = {
    "_thread.start_new_thread": _THREAD,
    "_thread.start_joinable_thread": _THREAD,
    "subprocess.Popen": "starts a process",
    "os.system": "starts a process",
    "os.posix_spawn": "starts a process",
    "os.spawn": "starts a process",
    "os.fork": "starts a process",
    "os.forkpty": "starts a process",
    "os.exec": "starts a process",
    "os.kill": "sends a signal",
    "socket.connect": "connects a socket",
    "socket.bind": "binds a socket",
    "socket.sendto": "sends to a socket",
    "socket.sendmsg": "sends to a socket",
    "socket.getaddrinfo": "asks for an address",
    "sqlite3.connect": "opens a database",
    "os.remove": "removes a file",
    "os.rename": "moves a file",
    "os.rmdir": "removes a folder",
    "os.truncate": "cuts a file",
    "shutil.rmtree": "removes a folder",
    "shutil.move": "moves a file",
}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_thread: int | None = None
_told: list[str] = []
_installed = False


class Stopped(BaseException):
    """Raised in the place of what is stopped. No library's `except Exception` takes it for a failure of its own."""


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _thread is None or threading.get_ident() != _thread:
        return
    what = (
        _writes(*arguments) if event == "open" else _makes(*arguments) if event == "os.mkdir" else _STARTED.get(event)
    )
    if what is not None:
        _stop(what)


def _stop(what: str) -> None:
    _told.append(what)
    raise Stopped(what)


def _start(self: threading.Thread) -> None:
    """`Thread.start` meanwhile: not all interpreters tell of threads."""
    if _thread == threading.get_ident():
        _stop(_THREAD)
    _real_start(self)


_real_start = threading.Thread.start


def _writes(path: object, mode: object, flags: object = 0, *_: object) -> str | None:
    """Opening a log to append to it changes nothing."""
    if not isinstance(flags, int) or not flags & _WRITES or flags & os.O_APPEND:
        return None
    shown = os.fsdecode(path) if isinstance(path, str | bytes) else str(path)
    return None if shown.startswith("/dev/") or "__pycache__" in shown else f"writes to {shown}"


def _makes(path: object, *_: object) -> str | None:
    return None if isinstance(path, str | bytes) and os.path.isdir(path) else "makes a folder"


@contextmanager
def nothing_started(refuse: Callable[[str], UpgradeError]) -> Iterator[None]:
    """Within it this thread starts and writes nothing: what would is raised as what `refuse` makes of it in words
    (`starts a thread`). Not for coroutines."""
    global _thread, _installed, _real_start
    if not _installed:
        sys.addaudithook(_hook)
        _installed = True
    outer, _thread = _thread, threading.get_ident()
    before = len(_told)
    starting = threading.Thread.start
    if starting is not _start:
        _real_start = starting
        threading.Thread.start = _start  # type: ignore[method-assign]
    try:
        yield
    except Stopped as exc:
        raise refuse(str(exc)) from None
    finally:
        _thread = outer
        threading.Thread.start = starting  # type: ignore[method-assign]
        found = _told[before:]
        del _told[before:]
    if found:
        raise refuse(found[0])
