"""Files beside the modules that a release reads while it is imported, and that are others since this process did.

Both releases are imported cold in one folder, where the old file is gone: what the old release made of it can't be told
from what the program made since.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path


def read_since(root: Path, files: Iterable[str], since: int, modules: Collection[str]) -> list[str]:
    """Which of `files`, relative to the root. `since`: a time in nanoseconds; `modules`: files of modules that live
    here, whose text is compared elsewhere."""
    return [path for path in files if path not in modules and _changed(root / path) > since]


def _changed(path: Path) -> int:
    """When the file, or its place, got what is there now; 0 if nobody can tell."""
    try:
        return path.stat().st_ctime_ns
    except OSError:
        return 0
