"""A release from the store into a machine's local copies: verified, and found to be for this machine."""

from __future__ import annotations

import time

from flyhot_asgi.errors import HashMismatch, StoreError, UnknownRelease
from flyhot_asgi.release.folder import FolderStore

from .release.machine import MachineFacts, require_applicable
from .release.manifest import ReleaseManifest
from .repository.repository import Repository
from .store.base import Progress


def fetch(
    repository: Repository,
    digest: str,
    into: FolderStore,
    facts: MachineFacts,
    *,
    progress: Progress | None = None,
    floor: int = 0,
) -> ReleaseManifest:
    """Bring the release of that manifest into a local store, where the control verbs find it by `manifest.release`.

    Blocking. `floor` is the highest sequence that this machine has accepted: a lower one is a replay, and refused.
    Raises ReleaseError (its kinds: signature, hash, not for this machine), StoreError. Nothing is written before all
    is verified.
    """
    manifest = repository.manifest(digest)
    if manifest.sequence < floor:
        raise HashMismatch(
            f"the manifest of release {manifest.vsn} has sequence {manifest.sequence}, and {floor} was seen here: "
            "somebody shows it an old one",
            do="nothing was changed; going back is a new deploy: python -m flyhot_deploy rollback",
        )
    require_applicable(manifest, facts, now=time.time())
    if has_copy(into, manifest.release):
        return manifest
    files = repository.bundle(digest, progress=progress).files()
    stored = FolderStore(into.path, app=manifest.files.app).put_release(files, python=manifest.files.python)
    if stored.digest != manifest.release:
        raise HashMismatch(f"release {manifest.vsn} is not what its manifest says", do="publish it again")
    return manifest


def has_copy(store: FolderStore, release: str) -> bool:
    """Whether the local store has that release whole: every file is read and compared."""
    try:
        found = store.get_release(release)
        for path in found.manifest.entries:
            found.read(path)
    except (HashMismatch, UnknownRelease, StoreError):
        return False
    return True
