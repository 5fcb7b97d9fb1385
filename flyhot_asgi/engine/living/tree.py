"""The first-party Python files of an app's folder, by the packages that it names. Reads the disk and `sys.path`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

NEVER = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages"})


def read_tree(root: Path, packages: Iterable[str]) -> dict[str, bytes]:
    """Relative path (posix) → contents of the Python files of top-level `packages` and modules below `root`.

    They are looked for in the folders of `sys.path` inside of the root (`src` layouts), in the root itself and in its
    `src`. Raises OSError if a file can't be read. Blocking.
    """
    found: dict[str, bytes] = {}
    folders = import_folders(root)
    for package in packages:
        for folder in folders:
            files = [*_files_of(folder / package), *_single(folder / f"{package}.py")]
            for file in files:
                found[file.relative_to(root).as_posix()] = file.read_bytes()
            if files:
                break
    return found


def import_folders(root: Path) -> list[Path]:
    """Where first-party modules may be imported from: real paths inside of the root, in the order of `sys.path`."""
    entries = [Path(os.path.realpath(entry or os.curdir)) for entry in sys.path]
    inside = [entry for entry in entries if entry.is_relative_to(root) and not NEVER & set(entry.parts)]
    folders = dict.fromkeys([*inside, root, root / "src"])
    return [folder for folder in folders if folder.is_dir()]


def _single(file: Path) -> list[Path]:
    return [file] if file.is_file() else []


def _files_of(folder: Path) -> Iterator[Path]:
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in NEVER and not name.startswith("."))
        yield from (Path(at, name) for name in sorted(files) if name.endswith(".py"))
