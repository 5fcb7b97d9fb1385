"""Files beside the modules that a release reads while it is imported, and that are others since this process did.

Both releases are imported cold in one folder, where the old file is gone: what the old release made of it can't be told
from what the program made since, unless the new file makes no difference to it.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..living.beside import digest_of, digests_beside
from ..source.drift import Drift
from ..source.module import SourceModule, Statement


@dataclass(frozen=True)
class Beside:
    """What was there when this process had imported its release: `digests` of files by their paths, relative to the
    root, and the time, in nanoseconds, for those that have none."""

    root: Path
    digests: Mapping[str, str]
    since: int

    @classmethod
    def now(cls, root: Path) -> Beside:
        """Blocking: reads all small files below the root."""
        return cls(root, digests_beside(root), time.time_ns())

    def read_since(self, files: Iterable[str], modules: Collection[str]) -> list[str]:
        """Which of `files` are others now. `modules`: files of modules that live here, whose text is compared
        elsewhere."""
        return [path for path in files if path not in modules and self._is_other(path)]

    def _is_other(self, path: str) -> bool:
        before = self.digests.get(path)
        if before is not None:
            return digest_of(self.root / path) != before
        return _changed(self.root / path) > self.since


def _changed(path: Path) -> int:
    """When the file, or its place, got what is there now; 0 if nobody can tell."""
    try:
        return path.stat().st_ctime_ns
    except OSError:
        return 0


def made_the_same(readers: Iterable[tuple[str, int]], sources: Mapping[str, SourceModule], drift: Drift | None) -> bool:
    """What these modules made of a file, at these lines, is what they make of it as it is now: all of it can be seen,
    and is what lives. The old release was imported with the new file."""
    places = [(module, _statement_at(sources.get(module), line)) for module, line in readers]
    homes = [(module, name) for module, statement in places if statement is not None for name in statement.binds]
    if drift is None or not places or any(statement is None or not statement.binds for _, statement in places):
        return False
    return all(drift.known(home) and not drift.by_program(home) and drift.opaque(home) is None for home in homes)


def _statement_at(source: SourceModule | None, line: int) -> Statement | None:
    found = source.statements if source is not None else ()
    return next((one for one in found if one.line <= line <= one.end), None)
