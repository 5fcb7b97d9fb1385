"""The files of an app's folder, as they are now: data that modules may read when they are imported."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from .tree import NEVER

_MOST, _LARGEST = 5_000, 262_144
"""So many files, of so many bytes at most: the others are known by their times alone."""


def digests_beside(root: Path) -> dict[str, str]:
    """Relative path (posix) → a digest of each file below the root, those with modules' text included: they may be
    read as data, too. Blocking; reads what it digests. Files that can't be read are left out."""
    found: dict[str, str] = {}
    for path in _files(root):
        if (digest := digest_of(path)) is not None:
            found[path.relative_to(root).as_posix()] = digest
        if len(found) >= _MOST:
            break
    return found


def digest_of(path: Path) -> str | None:
    """None if it is too large, or can't be read."""
    try:
        if path.stat().st_size > _LARGEST:
            return None
        return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError:
        return None


def _files(root: Path) -> Iterator[Path]:
    for at, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in NEVER and not name.startswith("."))
        yield from (Path(at, name) for name in sorted(files) if not name.endswith((".pyc", ".so")))
