"""Files beside the modules that a release reads while it is imported, and that are others since this process did.

Both releases are imported cold in one folder, where the old file is gone: what the old release made of it can't be told
from what the program made since.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..living.beside import digest_of, digests_beside


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
