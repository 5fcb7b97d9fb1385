"""A release laid over the files of an image, in place: then tracebacks, templates, static files, lazy imports and
whatever the app opens by itself are the release's, and a worker that is started later imports it.

Only where there is an image to go back to. The working tree of a developer is never written to (decision 0002).

    <root>/.flyhot/laid.json    {"base", "now", "to"}: what the image held, what lies there, what was being laid

All new contents are written beside their places first; then they are renamed into them, one after the other. A crash
on the way leaves `to` behind, and the next laying, of whatever release, makes it whole: it knows every file that may
be there.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flyhot_asgi.errors import ReleaseError, StoreError
from flyhot_asgi.release.config import read_settings
from flyhot_asgi.release.files import sync_folder, write_atomically
from flyhot_asgi.release.folder import STORE_FOLDER, FolderStore
from flyhot_asgi.release.manifest import sha256
from flyhot_asgi.release.scan import scan

from ..release.manifest import is_digest

NAME = "laid.json"


@dataclass(frozen=True)
class Laid:
    """`base`: the image's own files. `now`: what lies there. `to`: what was being laid when something went wrong."""

    base: str
    now: str
    to: str | None = None


@dataclass(frozen=True)
class Change:
    """What a laying did: the paths it wrote and those it removed, relative to the root."""

    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.written or self.removed)


def read_laid(root: Path) -> Laid | None:
    """What is noted as lying there; None if nothing was ever laid (or a note that can't be read: the image is new)."""
    try:
        document = json.loads((root / STORE_FOLDER / NAME).read_bytes())
        laid = Laid(document["base"], document["now"], document["to"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return laid if is_digest(laid.base) and is_digest(laid.now) and (laid.to is None or is_digest(laid.to)) else None


def lay(root: Path, store: FolderStore, release: str | None) -> Change:
    """Make the files below `root` those of a release in `store`, or (None) those of the image. Blocking.

    Raises ReleaseError or StoreError: nothing was changed, or what was begun was taken back, or (a disk that fails on
    the way back, too) the next boot will mend it.
    """
    try:
        with _locked(root):
            laid = read_laid(root)
            if laid is None:
                if release is None:
                    return Change()
                base = store.put_release(scan(root, read_settings(root))).digest
                laid = Laid(base, base)
            target = release or laid.base
            if laid.to is None and laid.now == target:
                return Change()
            return _Laying(root, store, laid).to(target)
    except OSError as exc:
        raise StoreError(
            f"the release can't be laid over {root}: {exc.strerror or exc}",
            file=str(exc.filename or root),
            do="the image's own files serve; make the app's folder writable and give it room",
        ) from exc


class _Laying:
    """One laying. Owns the temporary files until they are in their places."""

    def __init__(self, root: Path, store: FolderStore, laid: Laid) -> None:
        self.root = root
        self.store = store
        self.laid = laid

    def to(self, target: str) -> Change:
        wanted = self.store.get_release(target)
        known = [self.laid.base, self.laid.now, *([self.laid.to] if self.laid.to else [])]
        ours = {path for digest in known for path in self.store.get_release(digest).manifest.entries}
        with tempfile.TemporaryDirectory(dir=self.root / STORE_FOLDER, prefix="laying-") as folder:
            fresh: dict[str, str] = {}
            for number, entry in enumerate(wanted.manifest.files):
                if self._hash(entry.path) != entry.sha256:
                    fresh[entry.path] = os.path.join(folder, str(number))
                    self._write(fresh[entry.path], wanted.read(entry.path), self._mode(entry.path))
            gone = sorted(path for path in ours - wanted.manifest.entries.keys() if self._hash(path) is not None)
            self._note(Laid(self.laid.base, self.laid.now, target))
            for path in gone:  # first: a folder may have to make room for a file
                self._remove(path)
            for path, temporary in fresh.items():
                self._replace(temporary, path)
            for parent in {(self.root / path).parent for path in (*fresh, *gone)}:
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    sync_folder(parent)
        self._note(Laid(self.laid.base, target))
        return Change(tuple(fresh), tuple(gone))

    def _note(self, laid: Laid) -> None:
        document = {"base": laid.base, "now": laid.now, "to": laid.to}
        write_atomically(self.root / STORE_FOLDER / NAME, json.dumps(document).encode("utf-8"))

    def _place(self, path: str) -> Path:
        """Where a path lies. Raises ReleaseError if a link on the way leads out of the app's folder."""
        place = self.root / path
        real = Path(os.path.realpath(place.parent))
        if real != self.root and not real.is_relative_to(self.root):
            raise ReleaseError(f"{path} can't be laid: {place.parent} leads out of {self.root}", file=str(place))
        return place

    def _hash(self, path: str) -> str | None:
        place = self._place(path)
        try:
            info = place.lstat()
            return sha256(place.read_bytes()) if stat.S_ISREG(info.st_mode) else ""
        except (FileNotFoundError, NotADirectoryError):
            return None
        except IsADirectoryError:
            return ""

    def _mode(self, path: str) -> int:
        with contextlib.suppress(OSError):
            return stat.S_IMODE(self._place(path).stat().st_mode)
        return 0o644

    def _write(self, temporary: str, content: bytes, mode: int) -> None:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())

    def _replace(self, temporary: str, path: str) -> None:
        place = self._place(path)
        self._make_room(place)
        try:
            os.replace(temporary, place)
        except OSError as exc:
            if exc.errno != errno.EXDEV:
                raise
            # Another file system is mounted below the app's folder.
            write_atomically(place, Path(temporary).read_bytes(), mode=self._mode(path))
        _forget_compiled(place)

    def _make_room(self, place: Path) -> None:
        """A module may have become a package, or the other way round."""
        for parent in reversed(place.relative_to(self.root).parents[:-1]):
            folder = self.root / parent
            if folder.is_file():
                folder.unlink()
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir() and not place.is_symlink():
            _remove_empty(place)

    def _remove(self, path: str) -> None:
        place = self._place(path)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            place.unlink()
        _forget_compiled(place)
        folder = place.parent
        while folder != self.root:
            with contextlib.suppress(OSError):
                os.rmdir(folder / "__pycache__")
            try:
                os.rmdir(folder)
            except OSError:
                break
            folder = folder.parent


def _forget_compiled(place: Path) -> None:
    """Compiled code names its source by size and second: two layings within one would look the same."""
    if place.suffix == ".py":
        with contextlib.suppress(OSError):
            for compiled in (place.parent / "__pycache__").glob(f"{place.stem}.*.pyc"):
                compiled.unlink()


def _remove_empty(folder: Path) -> None:
    """Remove a folder that holds nothing but folders and compiled code. Raises OSError if there is more."""
    for here, names, files in os.walk(folder, topdown=False):
        for name in files:
            if name.endswith(".pyc"):
                os.unlink(os.path.join(here, name))
        for name in names:
            os.rmdir(os.path.join(here, name))
    os.rmdir(folder)


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    folder = root / STORE_FOLDER
    folder.mkdir(exist_ok=True)
    handle = os.open(folder / "laying.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
