"""Workers of one server belong together: what their crew has decided to run, for a worker that is started later.

A server with worker processes (`uvicorn --workers`, gunicorn, hypercorn, granian) starts a worker anew when one dies,
from whatever lies in the app's folder by then. So whoever takes part in an upgrade leaves a note with the crew:

    <base>/<app id>/crews/<supervisor>.json     {"release", "old", "tx", "until"}

While an upgrade is under way, `tx` names it and the decision record says which of the two releases stands (see
decision.py); a worker that comes up meanwhile waits for that until `until` (epoch seconds). Afterwards `tx` is null.
The note is the supervisor's: a server that is started anew starts from its folder, as ever.

A supervisor that imports the app itself, and forks its workers (`gunicorn --preload`), has the release that lay in the
folder then, for as long as it runs, whatever the workers were upgraded to and were edited since:

    <base>/<app id>/crews/<supervisor>.base     its digest

Under a supervisor whose later workers come up with what stands, and not from the folder (runtime/standing.py), there is

    <base>/<app id>/crews/<supervisor>.stands   empty
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import sys
import time
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..errors import ControlError
from ..release.files import write_atomically

SERVERS = ("uvicorn", "hypercorn", "granian")
"""Whose `multiprocessing` children are workers."""

KEEP_SECONDS = 7 * 24 * 3600.0
START_AGAIN = 75
"""Exit code (EX_TEMPFAIL) of a worker whose supervisor is to start another one: the files under it have changed."""
TRIES, WITHIN = 5, 60.0
"""So often, in so many seconds, may workers of one supervisor end by themselves for that."""


@dataclass(frozen=True)
class Note:
    release: str
    old: str
    tx: str | None
    until: float


class Crew:
    """The note of one supervisor's workers. `supervisor` names it, for as long as it runs, and never another one."""

    def __init__(self, folder: Path, supervisor: str) -> None:
        self.path = folder / "crews" / f"{supervisor}.json"
        self._base = folder / "crews" / f"{supervisor}.base"
        self._ended = folder / "crews" / f"{supervisor}.ended"
        self._stands = folder / "crews" / f"{supervisor}.stands"

    def begin(self, tx: str, *, release: str, old: str, within: float) -> None:
        """This worker may go from `old` to `release`, as upgrade `tx` decides `within` seconds. Raises ControlError."""
        self._write(Note(release, old, tx, time.time() + within))

    def settle(self, release: str) -> None:
        """This worker runs `release`, and no upgrade is under way. Raises ControlError."""
        self._write(Note(release, release, None, 0.0))

    def read(self) -> Note | None:
        """What was noted last; None if nothing was. Raises ControlError if it can't be read."""
        try:
            document = json.loads(self.path.read_bytes())
            tx = document["tx"]
            return Note(
                str(document["release"]),
                str(document["old"]),
                None if tx is None else str(tx),
                float(document["until"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise ControlError(f"the note {self.path} can't be read: {exc}", file=str(self.path)) from exc

    def forked(self, release: str) -> None:
        """The supervisor itself has imported `release`. Raises ControlError."""
        self._save(self._base, release.encode())

    def may_begin_again(self, server: str | None) -> bool:
        """This worker may end, as its supervisor starts another one; noted as done. False if too many have, or if
        nobody would follow. `server`: `serving_us()`. Blocking; raises ControlError."""
        if server not in ("uvicorn", "gunicorn") or why_nobody_follows(server) is not None:
            return False
        recent = [moment for moment in self._ends() if moment > time.time() - WITHIN]
        if len(recent) >= TRIES:
            return False
        self._save(self._ended, json.dumps([*recent, time.time()]).encode())
        return True

    def _ends(self) -> list[float]:
        try:
            return [float(moment) for moment in json.loads(self._ended.read_bytes())]
        except (OSError, ValueError, TypeError):
            return []

    def stand(self) -> None:
        """Workers that are started later come up with what stands. Raises ControlError."""
        self._save(self._stands, b"")

    @property
    def base(self) -> str | None:
        """What the supervisor itself has imported; None if nobody has said so."""
        try:
            return self._base.read_text() or None
        except (OSError, ValueError):
            return None

    def _write(self, note: Note) -> None:
        self._save(self.path, json.dumps(asdict(note)).encode())

    def _save(self, path: Path, data: bytes) -> None:
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            write_atomically(path, data, mode=0o600)
        except OSError as exc:
            raise ControlError(f"the note {path} can't be written: {exc.strerror or exc}", file=str(path)) from exc

    def forget(self, *, older_than: float = KEEP_SECONDS) -> None:
        """Remove notes of supervisors that have gone long since. `older_than` is in seconds. Never raises."""
        limit = time.time() - older_than
        with contextlib.suppress(OSError):
            for path in self.path.parent.iterdir():
                with contextlib.suppress(OSError):
                    if path.stem != self.path.stem and not _runs(path.stem) and path.stat().st_mtime < limit:
                        path.unlink()


def has_server(folder: Path) -> bool:
    """A server runs whose workers have left a note: if none of them is there, others come. Blocking; never raises."""
    try:
        return any(_runs(path.stem) for path in (folder / "crews").iterdir())
    except OSError:
        return False


def starts_from_folder(folder: Path) -> bool:
    """A server runs whose later workers import what lies in the app's folder by then. Blocking; never raises."""
    try:
        notes = [path for path in (folder / "crews").glob("*.json") if _runs(path.stem)]
    except OSError:
        return False
    return any(not path.with_suffix(".stands").exists() for path in notes)


def serving_us() -> str | None:
    """The package of the server whose worker this is; None if it can't be told. gunicorn is known by who has called us:
    ask in the main thread."""
    target = getattr(multiprocessing.current_process(), "_target", None)
    if target is not None:
        return str(getattr(target, "__module__", "")).partition(".")[0] or None
    frame: Any = sys._getframe()
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith("gunicorn.workers."):
            return "gunicorn"
        frame = frame.f_back
    return None


def why_nobody_follows(server: str) -> str | None:
    """Why a worker of that server must not end by itself; None if another one is started in its place."""
    if server == "granian":
        return "granian ends with the first worker that does"
    if server == "uvicorn":
        with contextlib.suppress(PackageNotFoundError, ValueError):
            if [int(part) for part in version("uvicorn").split(".")[:2]] < [0, 30]:
                return "uvicorn before 0.30 starts no worker anew"
    return None


def supervisor() -> str | None:
    """Who starts this process anew when it dies; None if nobody does that we know.

    Not the parent of `--reload`: that one starts a process because the folder has changed.
    """
    process: Any = multiprocessing.current_process()
    target = getattr(process, "_target", None)
    parent = multiprocessing.parent_process()
    if parent is not None and str(getattr(target, "__module__", "")).partition(".")[0] in SERVERS:
        config = (getattr(process, "_kwargs", None) or {}).get("config")
        return None if getattr(config, "reload", False) else _named(int(parent.pid or 0))
    return _named(os.getppid()) if "gunicorn.arbiter" in sys.modules else None


def _runs(supervisor: str) -> bool:
    pid = supervisor.partition("-")[0]
    return "-" in supervisor and pid.isdigit() and _named(int(pid)) == supervisor


def _named(pid: int) -> str:
    """A pid, and when its process began, as far as the system says: pids are used again."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return f"{pid}-{fields[19]}"
    except (OSError, IndexError):
        return f"{pid}"
