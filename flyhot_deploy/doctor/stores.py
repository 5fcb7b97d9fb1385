"""What can be found out by asking the store: does it answer, keep its word, tell the time, and hold a sound pointer?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from flyhot_asgi.errors import FlyhotError

from ..environment import Place
from ..release.manifest import ReleaseManifest
from ..repository.lease import read_lock
from ..repository.pointer import Pointer
from ..repository.repository import Repository
from ..store.probe import probe
from .finding import Finding

MAX_SKEW = 60.0
SOON = 7 * 86400


@dataclass
class StoreChecks:
    """The checks of one store. `manifest` is the current release of this machine's base, once `run` has found it."""

    place: Place
    manifest: ReleaseManifest | None = None

    def run(self) -> Iterator[Finding]:
        """Everything, one after the other; a store that doesn't answer is asked no further. Blocking."""
        try:
            repository = self.place.repository()
        except FlyhotError as exc:
            yield Finding("store", "failure", exc.message, exc.do)
            return
        try:
            found = probe(repository.store, repository.keys.probe("doctor"))
        except FlyhotError as exc:
            yield Finding("store", "failure", exc.message, exc.do)
            return
        yield Finding(
            "store", "ok", f"{repository.store.url} answers in {found.seconds * 1000:.0f} ms, and can be written"
        )
        for broken in found.broken:
            yield Finding(
                "conditional writes",
                "failure",
                broken,
                "use a store that keeps them: Tigris, AWS S3, a recent SeaweedFS",
            )
        if found.ok:
            yield Finding("conditional writes", "ok", "kept, also with 16 writers at once")
        if found.skew is not None:
            yield _clock(found.skew)
        yield from self._pointer(repository)
        yield from _lock(repository)

    def _pointer(self, repository: Repository) -> Iterator[Finding]:
        try:
            pointer = repository.pointer().pointer
        except FlyhotError as exc:
            yield Finding("pointer", "failure", exc.message, exc.do)
            return
        if not pointer.current:
            yield Finding("pointer", "note", "nothing was released yet")
        else:
            yield _life(pointer)
        current = pointer.current_on(self.place.base) if self.place.base else None
        if current is None or current.manifest is None:
            return
        try:
            self.manifest = repository.bundle(current.manifest).manifest
            yield Finding("release", "ok", f"{current.release[:12]} is current here, and sound to the last byte")
        except FlyhotError as exc:
            yield Finding("release", "failure", f"{current.release[:12]} is current here: {exc.message}", exc.do)


def _clock(skew: float) -> Finding:
    if abs(skew) > MAX_SKEW:
        return Finding(
            "clock",
            "warning",
            f"this machine's clock is {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} the store's",
            "let something keep it (chrony, systemd-timesyncd): requests to a store are refused from 15 minutes on",
        )
    return Finding("clock", "ok", f"within {max(1, abs(skew)):.0f} s of the store's")


def _life(pointer: Pointer) -> Finding:
    said = f"sequence {pointer.sequence}, epoch {pointer.epoch}, {len(pointer.current)} images"
    now = time.time()
    if pointer.has_expired(now):
        return Finding("pointer", "failure", f"{said}; it has expired: nothing new is installed", "deploy again")
    if pointer.expires is not None and pointer.expires - now < SOON:
        return Finding("pointer", "warning", f"{said}; it expires within a week", "deploy again, or `confirm`")
    return Finding("pointer", "ok", said)


def _lock(repository: Repository) -> Iterator[Finding]:
    try:
        lock = read_lock(repository.store, repository.keys.lock)
    except FlyhotError as exc:
        yield Finding("lock", "failure", exc.message, "remove that object: nothing of flyhot's belongs there")
        return
    if lock.held:
        yield Finding("lock", "note", f"held by {lock.owner} (epoch {lock.epoch})", "unlock it if that deploy is dead")
    else:
        yield Finding("lock", "ok", f"free (epoch {lock.epoch})")
