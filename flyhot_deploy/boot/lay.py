"""A release laid over the files of an image, in place: then tracebacks, templates, static files, lazy imports and
whatever the app opens by itself are the release's, and a worker that is started later imports it.

Only where there is an image to go back to. The working tree of a developer is never written to (decision 0002).

    <root>/.flyhot/laid.json    {"base", "now", "to", "pristine"}: what the image held, what lies there, what was
    being laid

All new contents are written beside their places first; then they are renamed into them, one after the other. A crash
on the way leaves `to` behind, and the next laying, of whatever release, makes it whole: it knows every file that may
be there.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from flyhot_asgi.errors import ReleaseError, StoreError
from flyhot_asgi.release.config import read_settings
from flyhot_asgi.release.files import sync_folder, write_atomically
from flyhot_asgi.release.folder import STORE_FOLDER, FolderStore
from flyhot_asgi.release.lock import in_turn
from flyhot_asgi.release.manifest import Manifest, sha256
from flyhot_asgi.release.scan import scan

from ..release.manifest import is_digest

NAME = "laid.json"


@dataclass(frozen=True)
class Laid:
    """`base`: the image's own files. `now`: what lies there. `to`: every release whose laying was not finished.

    `pristine`: the base was read before the app had run. Else what the app wrote may be among it.
    """

    base: str
    now: str
    to: tuple[str, ...] = ()
    pristine: bool = True


@dataclass(frozen=True)
class Change:
    """What a laying did: the paths it wrote, those it removed, and those that it left alone because the app has written
    something of its own there. Relative to the root.
    """

    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.written or self.removed)


def read_laid(root: Path) -> Laid | None:
    """What is noted as lying there; None if nothing was ever laid (or a note that can't be read: the image is new)."""
    try:
        document = json.loads((root / STORE_FOLDER / NAME).read_bytes())
        laid = Laid(document["base"], document["now"], tuple(document["to"]), document["pristine"] is True)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return laid if all(map(is_digest, (laid.base, laid.now, *laid.to))) else None


def note_image(root: Path, store: FolderStore) -> None:
    """Read what the image holds, before the app runs: what the app writes later is then known to be the app's own.

    Does nothing if that was noted already. Blocking. Raises ReleaseError, StoreError.
    """
    with _errors(root), _locked(root):
        if read_laid(root) is None:
            _note(root, _base_of(root, store, pristine=True))


def lay(root: Path, store: FolderStore, release: str | None) -> Change:
    """Make the app's files below `root` those of a release in `store`, or (None) those of the image. Blocking.

    Python is made the release's whatever lies there. Another file is left alone if its content is none that any release
    or the image has for it: then it is the app's own data by now.

    Raises ReleaseError or StoreError: nothing was changed, or the next laying makes whole what was begun.
    """
    with _errors(root), _locked(root):
        laid = read_laid(root)
        if laid is None:
            if release is None:
                return Change()
            laid = _base_of(root, store, pristine=False)
        return _Laying(root, store, laid).to(release or laid.base)


def _base_of(root: Path, store: FolderStore, *, pristine: bool) -> Laid:
    manifest = Manifest.of(scan(root, read_settings(root)), app=store.app)
    store.put_manifest(manifest)
    return Laid(manifest.digest, manifest.digest, (), pristine)


class _Laying:
    """One laying. Owns the temporary files until they are in their places."""

    def __init__(self, root: Path, store: FolderStore, laid: Laid) -> None:
        self.root = root
        self.store = store
        self.laid = laid
        self.left: list[str] = []

    def to(self, target: str) -> Change:
        wanted = self.store.get_release(target)
        hashes = self._known_hashes({target, self.laid.base, self.laid.now, *self.laid.to})
        entries = wanted.manifest.entries
        with tempfile.TemporaryDirectory(dir=self.root / STORE_FOLDER, prefix="laying-") as folder:
            fresh: dict[str, str] = {}
            gone: list[str] = []
            for number, path in enumerate(sorted(hashes)):
                entry = entries.get(path)
                if not self._is_ours(path, hashes[path], entry.sha256 if entry else None):
                    continue
                if entry is None:
                    gone.append(path)
                else:
                    fresh[path] = os.path.join(folder, str(number))
                    self._write(fresh[path], wanted.read(path), self._mode(path))
            if not fresh and not gone and self.laid == replace(self.laid, now=target, to=()):
                return Change(left=tuple(self.left))
            self._check_room(fresh, set(gone))
            self._keep_base([*fresh, *gone])
            _note(self.root, replace(self.laid, to=tuple(dict.fromkeys((*self.laid.to, target)))))
            for path in gone:  # first: a folder may have to make room for a file
                self._remove(path)
            for path, temporary in fresh.items():
                self._replace(temporary, path)
            for parent in {(self.root / path).parent for path in (*fresh, *gone)}:
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    sync_folder(parent)
        _note(self.root, replace(self.laid, now=target, to=()))
        return Change(tuple(fresh), tuple(gone), tuple(self.left))

    def _known_hashes(self, digests: set[str]) -> dict[str, set[str]]:
        """Every path that may be there, and the contents that releases and image have for it."""
        found: dict[str, set[str]] = {}
        for digest in digests:
            try:
                manifest = self.store.get_release(digest).manifest
            except ReleaseError:  # a local store that was lost meanwhile; the target itself was read before
                continue
            for entry in manifest.files:
                found.setdefault(entry.path, set()).add(entry.sha256)
        return found

    def _is_ours(self, path: str, known: set[str], wanted: str | None) -> bool:
        """Whether something is to be done about that path, and may be."""
        there = self._hash(path)
        if there == wanted:
            return False
        if path.endswith(".py"):
            return True
        if there is None:
            return wanted is not None
        if there not in known or (wanted is None and not self.laid.pristine and known == {there}):
            if wanted is None or len(known) > 1:
                self.left.append(path)
            return False
        return True

    def _check_room(self, fresh: Iterable[str], gone: set[str]) -> None:
        """Nothing of the app's own may be in the way. Raises ReleaseError before anything is touched."""
        for path in fresh:
            place = self._place(path)
            if place.is_dir() and not place.is_symlink():
                inside = (Path(here, name) for here, _, names in os.walk(place) for name in names)
                strangers = [
                    item
                    for item in inside
                    if item.suffix != ".pyc" and item.relative_to(self.root).as_posix() not in gone
                ]
            else:
                above = [self.root / parent for parent in place.relative_to(self.root).parents[:-1]]
                strangers = [
                    item for item in above if item.is_file() and item.relative_to(self.root).as_posix() not in gone
                ]
            if strangers:
                raise ReleaseError(
                    f"{path} can't be laid: {strangers[0]} is in the way, and is no release's",
                    file=str(strangers[0]),
                    do="move it away, or leave that path out of the release",
                )

    def _keep_base(self, paths: Iterable[str]) -> None:
        """Before they go, the image's own contents are put where the way back finds them."""
        try:
            base = self.store.get_release(self.laid.base).manifest.entries
        except ReleaseError:
            return
        for path in paths:
            if path in base and self._hash(path) == base[path].sha256:
                self.store.put_object(self._place(path).read_bytes())

    def _place(self, path: str) -> Path:
        """Where a path lies. Raises ReleaseError if a link on the way leads out of the app's folder."""
        place = self.root / path
        real = Path(os.path.realpath(place.parent))
        if real != self.root and not real.is_relative_to(self.root):
            raise ReleaseError(f"{path} can't be laid: {place.parent} leads out of {self.root}", file=str(place))
        return place

    def _hash(self, path: str) -> str | None:
        """The hash of what lies there; None for nothing, or a folder."""
        try:
            return sha256(self._place(path).read_bytes())
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

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


def _note(root: Path, laid: Laid) -> None:
    write_atomically(root / STORE_FOLDER / NAME, json.dumps(asdict(laid)).encode("utf-8"))


@contextlib.contextmanager
def _errors(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise StoreError(
            f"the release can't be laid over {root}: {exc.strerror or exc}",
            file=str(exc.filename or root),
            do="the image's own files serve; make the app's folder writable and give it room",
        ) from exc


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    folder = root / STORE_FOLDER
    folder.mkdir(exist_ok=True)
    with in_turn(folder / "laying.lock"):
        yield
