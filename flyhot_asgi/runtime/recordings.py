"""What checks found, kept beside the releases: every process of this machine, and every worker that is started later,
goes the same way between two releases."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import secrets
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ..engine.rehearsal.document import read_rehearsed
from ..errors import ReleaseError

logger = logging.getLogger("flyhot.control")

_MOST = 16
FRESH_SECONDS = 600.0
"""A check asks again what was found before that: an import may depend on what no digest names."""
_OF_ONE_PROCESS = frozenset({"_", "SHLVL", "PWD", "OLDPWD", "PYTEST_CURRENT_TEST", "FLYHOT_WATCH_FD"})


class Recordings:
    """The checks of one store, by the releases that they lead from and to. Blocking; a cache: what can't be written or
    read is not there."""

    def __init__(self, store: Path) -> None:
        self._folder = store / "rehearsed"

    def keep(self, cold: dict[str, Any]) -> None:
        rehearsed = cold["rehearsed"]
        path = self._path(rehearsed["from"], rehearsed["to"])
        part = path.with_suffix(f".{secrets.token_hex(4)}.part")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.write_text(json.dumps({"circumstances": circumstances(), "cold": cold}))
            os.replace(part, path)
            self._thin()
        except OSError as exc:
            logger.info("what the rehearsal found can't be kept in %s: %s", self._folder, exc)
            with contextlib.suppress(OSError):
                part.unlink()

    def find(self, old: str, new: str) -> dict[str, Any] | None:
        """What a check of the way from `old` to `new` (digests) found."""
        kept = self._read(old, new)
        return kept["cold"] if kept is not None else None

    def find_fresh(self, old: str, new: str, modules: Collection[str]) -> dict[str, Any] | None:
        """The same, if it was found a moment ago by a process like this one, with at least these modules, and leads
        there: what could not be done is tried again."""
        try:
            age = time.time() - self._path(old, new).stat().st_mtime
        except OSError:
            return None
        kept = self._read(old, new) if 0 <= age < FRESH_SECONDS else None
        if kept is None or kept["circumstances"] != circumstances():
            return None
        rehearsed = read_rehearsed(kept["cold"]["rehearsed"])
        leads = rehearsed.outcome in ("arrives", "unneeded") and rehearsed.holds_for(old, new, modules)
        return kept["cold"] if leads else None

    def forget(self, old: str, new: str) -> None:
        """It was not true: the next check looks for itself."""
        with contextlib.suppress(OSError):
            self._path(old, new).unlink()

    def _read(self, old: str, new: str) -> dict[str, Any] | None:
        try:
            kept = json.loads(self._path(old, new).read_text())
            rehearsed = read_rehearsed(kept["cold"]["rehearsed"])
        except (OSError, ValueError, TypeError, LookupError, ReleaseError):
            return None
        return kept if (rehearsed.old, rehearsed.new) == (old, new) else None

    def _path(self, old: str, new: str) -> Path:
        return self._folder / f"{old[:32]}-{new[:32]}.json"

    def _thin(self) -> None:
        files = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[_MOST:]:
            path.unlink(missing_ok=True)


def circumstances() -> str:
    """A digest of what an import depends on beside the release: interpreter, environment, and where it looks for
    packages, with the time at which something was last installed there."""
    environment = sorted((name, value) for name, value in os.environ.items() if name not in _OF_ONE_PROCESS)
    places = [(entry, _changed(entry)) for entry in sys.path]
    text = repr((sys.executable, sys.version, sys.flags.optimize, environment, places))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _changed(entry: str) -> int:
    """Of installed packages only: the app's own folders are what is edited."""
    if not {"site-packages", "dist-packages"} & set(Path(entry).parts):
        return 0
    try:
        return os.stat(entry).st_mtime_ns
    except OSError:
        return 0
