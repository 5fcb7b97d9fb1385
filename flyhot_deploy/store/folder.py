"""`file:///some/folder`: objects as files. The store of one machine, or of several that share a disk.

Reading takes no lock: a file is replaced as a whole. Writing takes a lock of the folder for the moment of its
comparison and its rename, so conditional writes are atomic between processes (`flock`: on a network file system only
as far as that has it; the probe finds out).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from flyhot_asgi.release.files import write_atomically
from flyhot_asgi.release.lock import in_turn

from .base import (
    MAX_OBJECT_BYTES,
    Conflict,
    Denied,
    Listed,
    NotFound,
    NotModified,
    ObjectStoreError,
    Progress,
    Stored,
    Unavailable,
    check_key,
    check_size,
)
from .memory import etag_of

LOCK_NAME = ".lock"


class FileStore:
    """A Store in a folder. Nothing is created before the first write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def url(self) -> str:
        return self.folder.as_uri()

    def get(
        self,
        key: str,
        *,
        if_none_match: str | None = None,
        max_bytes: int = MAX_OBJECT_BYTES,
        progress: Progress | None = None,
    ) -> Stored:
        path = self._path(key)
        with self._errors(key, "read"):
            body = _read(path, key, max_bytes)
        if body is None:
            raise NotFound(f"{self.url} has no object {key}", key=key)
        if if_none_match is not None and etag_of(body) == if_none_match:
            raise NotModified(f"the object {key} is unchanged", key=key)
        if progress is not None:
            progress(len(body), len(body))
        return Stored(body, etag_of(body))

    def put(
        self,
        key: str,
        body: bytes,
        *,
        if_match: str | None = None,
        if_none_match: bool = False,
        progress: Progress | None = None,
    ) -> str:
        path = self._path(key)
        with self._errors(key, "written"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked():
                self._check(path, key, if_match, if_none_match)
                write_atomically(path, body)
        if progress is not None:
            progress(len(body), len(body))
        return etag_of(body)

    def delete(self, key: str) -> None:
        path = self._path(key)
        with self._errors(key, "written"), contextlib.suppress(FileNotFoundError, NotADirectoryError), self._locked():
            path.unlink()

    def list(self, prefix: str) -> Iterator[Listed]:
        # The folder below which all keys with that prefix lie.
        start = self.folder / prefix.rpartition("/")[0]
        found: list[Listed] = []
        with self._errors(prefix, "read"):
            for folder, names, files in os.walk(start):
                names.sort()
                for name in files:
                    path = Path(folder, name)
                    key = path.relative_to(self.folder).as_posix()
                    if name.startswith(".") or not key.startswith(prefix):
                        continue
                    with contextlib.suppress(FileNotFoundError):
                        info = path.stat()
                        found.append(Listed(key, info.st_size, etag_of(path.read_bytes()), info.st_mtime))
        yield from sorted(found, key=lambda item: item.key)

    def _path(self, key: str) -> Path:
        return self.folder / check_key(key)

    def _check(self, path: Path, key: str, if_match: str | None, if_none_match: bool) -> None:
        if if_match is None and not if_none_match:
            return
        present = _read(path, key, MAX_OBJECT_BYTES)
        if if_none_match and present is not None:
            raise Conflict(f"{self.url} has an object {key} already", key=key)
        if if_match is not None and (present is None or etag_of(present) != if_match):
            raise Conflict(f"the object {key} in {self.url} was changed meanwhile", key=key)

    def _locked(self) -> AbstractContextManager[None]:
        return in_turn(self.folder / LOCK_NAME, 0o666)

    @contextlib.contextmanager
    def _errors(self, key: str, doing: str) -> Iterator[None]:
        try:
            yield
        except PermissionError as exc:
            message = f"{self.url} doesn't let us in: {key} can't be {doing} ({exc.strerror})"
            raise Denied(message, key=key, do="give this user the folder, or name another one") from exc
        except (NotADirectoryError, IsADirectoryError, FileExistsError) as exc:
            raise ObjectStoreError(f"{self.url} is no store: {exc.filename} is in the way", key=key) from exc
        except OSError as exc:
            message = f"{self.url}: {key} can't be {doing}: {exc.strerror or exc}"
            raise Unavailable(message, key=key, do="make room, or look at the disk; then try again") from exc


def _read(path: Path, key: str, max_bytes: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            check_size(key, os.fstat(file.fileno()).st_size, max_bytes)
            return file.read()
    except FileNotFoundError:
        return None
