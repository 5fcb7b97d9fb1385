"""Writing a file so that it is there whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import StoreError


def write_atomically(path: Path, content: bytes, *, mode: int = 0o644, lasting: bool = True) -> None:
    """Write to a temporary name beside `path`, fsync, rename. A crash leaves the old file, or the new one.

    lasting: wait for the disk. Without, a power cut may leave it empty: for what is made anew then.
    Raises OSError; the temporary file is removed then.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            if lasting:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if lasting:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def store_errors(path: Path, doing: str) -> Iterator[None]:
    """Turn an OSError into a StoreError that names the store, what was tried, and the mend."""
    try:
        yield
    except OSError as exc:
        raise StoreError(
            f"the store {path} can't be {doing}: {exc.strerror or exc}",
            file=str(exc.filename or path),
            do="make the folder writable and leave it some space, or name another with [tool.flyhot] store",
        ) from exc
