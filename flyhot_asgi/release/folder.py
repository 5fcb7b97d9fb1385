"""The folder store: releases by digest, in a folder of the machine. The embedded default.

    objects/<2>/<sha256>     contents of files, each named by its hash
    releases/<digest>.json   manifests, each named by its hash; written after all of its objects
    trees/<digest>/          a release unpacked, for tracebacks, templates and cold imports; made on demand
    history.jsonl            what was released when (history.py)
    lock                     held by the deploy that runs (lock.py)

Every write goes to a temporary name first and is renamed, so a crash leaves nothing half; what is found
corrupt is written again by the next deploy, so nothing ever wants cleaning by hand.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import HashMismatch, ManifestError, UnknownRelease
from . import lock
from .config import Settings
from .files import store_errors, sync_folder, write_atomically
from .history import Action, Direction, Entry, History, read_history
from .manifest import Manifest, sha256

STORE_FOLDER = ".flyhot"


def store_path(root: Path, settings: Settings, *, fallback: Path) -> Path:
    """Where the app at `root` keeps its store: the setting, else `<root>/.flyhot`, else `fallback`.

    `fallback` serves where the root can't be written to (a read-only image). Nothing is created.
    """
    if settings.store is not None:
        return (root / Path(settings.store).expanduser()).resolve()
    embedded = root / STORE_FOLDER
    probe = embedded if embedded.is_dir() else root
    return embedded if os.access(probe, os.W_OK | os.X_OK) else fallback


@dataclass(frozen=True)
class Release:
    """A release in a store: its manifest, and its files as they are asked for, each verified on the way."""

    store: FolderStore
    manifest: Manifest

    @property
    def digest(self) -> str:
        return self.manifest.digest

    @property
    def vsn(self) -> str:
        return self.manifest.vsn

    def read(self, path: str) -> bytes:
        """The content of one file. Raises HashMismatch if it isn't what the manifest says, KeyError if not
        listed.
        """
        entry = self.manifest.entries[path]
        return self.store.read_object(entry.sha256, wanted_by=path)

    def python_files(self) -> tuple[str, ...]:
        """The paths of the Python files, in order."""
        return tuple(path for path in self.manifest.entries if path.endswith(".py"))

    @property
    def tree(self) -> Path:
        """The release unpacked, verified; unpacked now if it isn't there whole. Blocking."""
        return self.store.unpack(self.manifest)


class FolderStore:
    """Releases in a folder. Blocking; safe to use from several processes at once.

    Nothing is created before the first write. Every method raises StoreError when the folder can't be used.
    """

    def __init__(self, path: Path, *, app: str = "app") -> None:
        self.path = path
        self.app = app

    # -- releases ------------------------------------------------------------

    def put_release(self, files: Mapping[str, bytes], *, python: str | None = None, lasting: bool = True) -> Manifest:
        """Store these files as a release; storing the same again changes nothing. Raises ManifestError,
        StoreError.

        `python` is the minor version of the processes that will run it; by default that of this interpreter.
        lasting: it survives a power cut. Without, what was lost is found and stored anew by the next put.
        """
        manifest = Manifest.of(files, app=self.app, python=python)
        with store_errors(self.path, "written"):
            self._create()
            for entry in manifest.files:
                self._put_object(entry.sha256, files[entry.path], lasting)
            target = self._manifest_path(manifest.digest)
            data = manifest.to_bytes()
            if _content(target) != data:
                write_atomically(target, data, lasting=lasting)
        return manifest

    def put_manifest(self, manifest: Manifest) -> None:
        """Store the list of a release's files without their contents: those follow with `put_object`, where they are
        needed. Raises StoreError.
        """
        with store_errors(self.path, "written"):
            self._create()
            target, data = self._manifest_path(manifest.digest), manifest.to_bytes()
            if _content(target) != data:
                write_atomically(target, data)

    def put_object(self, content: bytes) -> None:
        """Store one content under its hash. Raises StoreError."""
        with store_errors(self.path, "written"):
            self._create()
            self._put_object(sha256(content), content)

    def get_release(self, digest: str) -> Release:
        """The release of that digest. Raises UnknownRelease, or HashMismatch/ManifestError if it was
        tampered with.
        """
        path = self._manifest_path(digest)
        with store_errors(self.path, "read"):
            data = _content(path) if _is_digest(digest) else None
        if data is None:
            raise UnknownRelease(f"the store {self.path} has no release {digest[:64]}", file=str(path))
        if sha256(data) != digest:
            raise HashMismatch(
                f"the manifest {path} is not what its name says; it was changed or cut short",
                file=str(path),
                do="remove that file and deploy again",
            )
        try:
            return Release(self, Manifest.from_bytes(data))
        except ManifestError as exc:
            raise ManifestError(exc.message, file=str(path)) from exc

    def has_release(self, digest: str) -> bool:
        """Whether that release is there and its manifest is sound."""
        try:
            self.get_release(digest)
        except (UnknownRelease, HashMismatch, ManifestError):
            return False
        return True

    def releases(self) -> list[str]:
        """The digests of all releases in the store, sorted."""
        with store_errors(self.path, "read"):
            try:
                names = os.listdir(self.path / "releases")
            except FileNotFoundError:
                return []
        return sorted(name[:-5] for name in names if name.endswith(".json") and _is_digest(name[:-5]))

    def resolve(self, prefix: str) -> str:
        """The one digest that begins with `prefix` (hex, any case). Raises UnknownRelease: none, or more
        than one.
        """
        wanted = prefix.strip().lower()
        found = [digest for digest in self.releases() if wanted and digest.startswith(wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(digest[:12] for digest in found[:5])
            raise UnknownRelease(f"{prefix!r} could be any of {names}", do="give more digits")
        raise UnknownRelease(
            f"the store {self.path} has no release {prefix!r}",
            do="see `python -m flyhot_deploy history` for those it has",
        )

    def read_object(self, digest: str, *, wanted_by: str) -> bytes:
        """The content of that hash, verified. Raises HashMismatch if it is missing or anything else."""
        path = self._object_path(digest)
        with store_errors(self.path, "read"):
            content = _content(path)
        if content is None or sha256(content) != digest:
            what = "is missing from" if content is None else "is not what it was when it was put into"
            raise HashMismatch(
                f"the content of {wanted_by} {what} the store {self.path}",
                file=str(path),
                do="deploy again from the folder that has the file: it is then stored anew",
            )
        return content

    def unpack(self, manifest: Manifest) -> Path:
        """The folder with the release's files, verified; made or mended if need be. Raises HashMismatch,
        StoreError.
        """
        target = self.path / "trees" / manifest.digest
        with store_errors(self.path, "written"):
            if self._is_whole(target, manifest):
                return target
            self._create()
            fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
            try:
                os.chmod(fresh, 0o755)
                self._fill(fresh, manifest)
                self._move_into_place(fresh, target, manifest)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
        return target

    # -- history and lock ------------------------------------------------------------

    def history(self) -> History:
        """What was released when; empty if nothing was. Raises StoreError naming the line that can't be
        read.
        """
        path = self.path / "history.jsonl"
        with store_errors(self.path, "read"):
            data = _content(path) or b""
        return read_history(data, str(path))[0]

    def previous(self, digest: str) -> str | None:
        """The release that `digest` replaced; see History.previous."""
        return self.history().previous(digest)

    def direction(self, old: str, new: str) -> Direction:
        """ "down" if `new` was first released before `old`; see History.direction."""
        return self.history().direction(old, new)

    def record(
        self,
        action: Action,
        release: str,
        *,
        previous: str | None,
        outcome: str,
        processes: Sequence[Mapping[str, Any]] = (),
    ) -> Entry:
        """Append to the history, fsynced. Writers are expected to hold `locked()`. Raises StoreError."""
        path = self.path / "history.jsonl"
        with store_errors(self.path, "written"):
            self._create()
            with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+b") as file:
                history, whole = read_history(file.read(), str(path))
                entry = history.next_entry(action, release, previous=previous, outcome=outcome, processes=processes)
                file.truncate(whole)
                file.seek(whole)
                file.write(entry.to_line())
                file.flush()
                os.fsync(file.fileno())
        return entry

    def locked(self) -> AbstractContextManager[None]:
        """Hold the store for one deploy. Raises StoreLocked at once if another has it."""
        with store_errors(self.path, "written"):
            self._create()
        return lock.exclusive(self.path / "lock")

    # -- inside ------------------------------------------------------------

    def _create(self) -> None:
        for name in ("objects", "releases", "trees"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        ignore = self.path / ".gitignore"
        if not ignore.exists():
            write_atomically(ignore, b"*\n")

    def _manifest_path(self, digest: str) -> Path:
        return self.path / "releases" / f"{digest}.json"

    def _object_path(self, digest: str) -> Path:
        return self.path / "objects" / digest[:2] / digest

    def _put_object(self, digest: str, content: bytes, lasting: bool = True) -> None:
        path = self._object_path(digest)
        if _content(path) != content:
            path.parent.mkdir(exist_ok=True)
            write_atomically(path, content, mode=0o444, lasting=lasting)

    def _is_whole(self, tree: Path, manifest: Manifest) -> bool:
        return all(_hash_of(tree / entry.path) == entry.sha256 for entry in manifest.files) and tree.is_dir()

    def _fill(self, folder: Path, manifest: Manifest) -> None:
        for entry in manifest.files:
            path = folder / entry.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.read_object(entry.sha256, wanted_by=entry.path))
            os.chmod(path, 0o444)  # a reminder to whoever opens it in an editor: this is a copy

    def _move_into_place(self, fresh: Path, target: Path, manifest: Manifest) -> None:
        try:
            os.rename(fresh, target)
        except OSError:
            # Somebody else's is there already: whole, if another process unpacked it meanwhile; else it was
            # damaged.
            if self._is_whole(target, manifest):
                return
            aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".old-"))
            try:
                with contextlib.suppress(FileNotFoundError):
                    os.rename(target, aside / "tree")
                os.rename(fresh, target)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        sync_folder(target.parent)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _hash_of(path: Path) -> str | None:
    content = _content(path)
    return None if content is None else sha256(content)


def _is_digest(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None
