"""What only an upgrade needs of flyhot is imported by the first who asks for one.

A process that serves and was never upgraded imports a third of this package: the engine would cost it 10 MB, a third of
a second of its start, and some of its speed ever after (docs/decisions/0019). By then, flyhot may have been replaced on
the disk. Half of one flyhot and half of another must not meet in a process, so that is looked for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from ..errors import ControlError
from ..threads import in_thread

Files = Mapping[str, tuple[int, int]]
"""By path, a file's mtime (ns) and size (bytes)."""

_PACKAGE = Path(__file__).resolve().parents[1]
_LATER = (".transaction", ".already", ".check")

_noted: Files | None = None
_loaded = False


async def note() -> None:
    """Remember the files of this package as they are when the process starts. Safe to cancel."""
    global _noted
    if _noted is None:
        _noted = await in_thread(files)


async def load() -> None:
    """Import the rest, in a thread. Idempotent. Raises ControlError: it can't be imported, or is another flyhot's."""
    global _loaded
    if not _loaded:
        await in_thread(_load)
        _loaded = True


def _load() -> None:
    if _noted is not None and (other := replaced(_noted, files())) is not None:
        raise ControlError(
            f"flyhot itself was replaced since process {os.getpid()} was started ({other}), and the process can't "
            "change code with half of each",
            do="restart the process; the old code still serves",
        )
    try:
        for name in _LATER:
            import_module(name, __package__)
    except Exception as exc:
        raise ControlError(
            f"flyhot's engine can't be imported in process {os.getpid()}: {type(exc).__name__}: {exc}",
            do="mend that, or restart the process; the old code still serves",
        ) from exc


def files() -> Files:
    """The Python files of this package. Blocking; what can't be read is not there."""
    found: dict[str, tuple[int, int]] = {}
    for folder, _, names in os.walk(_PACKAGE):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                try:
                    status = os.stat(path)
                except OSError:
                    continue
                found[path] = (status.st_mtime_ns, status.st_size)
    return found


def replaced(before: Files, now: Files) -> str | None:
    """The first file that came, went or changed; None if all are as they were. Pure."""
    return next((path for path in sorted(before.keys() | now.keys()) if before.get(path) != now.get(path)), None)
