"""What is kept in a store for one app and channel, as operations. Joins `release` and `store`.

Everything that comes back is untrusted: it is bounded, checked against its name, and for what decides about code
against a signature. Blocking.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flyhot_asgi.errors import HashMismatch, ManifestError, UnknownRelease
from flyhot_asgi.release.manifest import Manifest

from ..release import base as bases
from ..release.bundle import Bundle, read_envelope
from ..release.envelope import MAX_BYTES as MAX_ENVELOPE_BYTES
from ..release.envelope import Envelope
from ..release.manifest import MAX_SEQUENCE, ReleaseManifest
from ..release.payload import MAX_PAYLOAD_BYTES
from ..release.signing import KeyRing, SecretKey
from ..store.base import MAX_OBJECT_BYTES, Conflict, NotFound, Progress, Store, TooLarge, Unavailable
from . import pointer as pointers
from .keys import Keys
from .lease import Lease
from .pointer import Pointer
from .records import MAX_BYTES as MAX_RECORD_BYTES
from .records import Judgement, Verdict, from_record, judgement_of, to_record, verdict_of

POINTER_LIFE = 90 * 86400
_OURS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.json")
MAX_POINTER_BYTES = 2 * pointers.MAX_BYTES


@dataclass(frozen=True)
class Read:
    """The pointer as it was read, and the etag to write it or to ask again with. `etag` None: there is none yet."""

    pointer: Pointer
    etag: str | None


class Repository:
    """Releases, pointer, decisions and reports of one app and channel. `trusted`: the keys whose word counts."""

    def __init__(self, store: Store, keys: Keys, trusted: KeyRing) -> None:
        self.store = store
        self.keys = keys
        self.trusted = trusted

    # -- releases ---------------------------------------------------------------------------------

    def publish(self, bundle: Bundle, *, progress: Progress | None = None) -> bool:
        """Put a bundle into the store: payload first, then its manifest. False if it was there already.

        Publishing again mends what was damaged there. Raises ObjectStoreError.
        """
        manifest = bundle.manifest
        self._put_once(self.keys.payload(manifest.payload.sha256), bundle.payload, progress)
        return self._put_once(self.keys.manifest(bundle.digest), bundle.envelope.to_bytes(), None)

    def manifest(self, digest: str) -> ReleaseManifest:
        """The manifest of that digest, verified. Raises UnknownRelease, SignatureInvalid, HashMismatch, ManifestError,
        ObjectStoreError.
        """
        return self._envelope(digest)[0]

    def bundle(self, digest: str, *, progress: Progress | None = None) -> Bundle:
        """The release of that manifest, verified to the last byte. Errors as for `manifest`."""
        manifest, envelope = self._envelope(digest)
        ref = manifest.payload
        try:
            stored = self.store.get(
                self.keys.payload(ref.sha256), max_bytes=min(ref.size, MAX_PAYLOAD_BYTES), progress=progress
            )
        except NotFound as exc:
            raise HashMismatch(
                f"the payload of release {manifest.vsn} is missing from {self.store.url}",
                do="publish the release again",
            ) from exc
        bundle = Bundle(manifest, envelope, stored.body)
        bundle.files()
        return bundle

    def _envelope(self, digest: str) -> tuple[ReleaseManifest, Envelope]:
        key = self.keys.manifest(digest)
        try:
            stored = self.store.get(key, max_bytes=MAX_ENVELOPE_BYTES)
        except NotFound as exc:
            raise UnknownRelease(f"{self.store.url} has no manifest {digest[:12]}", file=key) from exc
        manifest, envelope = read_envelope(stored.body, self.trusted, digest=digest)
        if (manifest.app, manifest.channel) != (self.keys.app, self.keys.channel):
            raise ManifestError(f"the manifest {digest[:12]} is for {manifest.app}/{manifest.channel}", file=key)
        return manifest, envelope

    def publish_base(self, manifest: Manifest, files: Mapping[str, bytes]) -> bool:
        """Put an image's own release into the store, once for all machines of the image. False if it was there.

        Raises ManifestError: it holds what no release may; ObjectStoreError.
        """
        key = self.keys.base(manifest.digest)
        if any(item.key == key for item in self.store.list(key)):
            return False
        return self._put_once(key, bases.to_bytes(manifest, files), None)

    def base_files(self, release: str) -> tuple[Manifest, dict[str, bytes]] | None:
        """An image's own release by its digest, verified to the last byte; None if no machine has put it there.

        Raises HashMismatch, ManifestError, ObjectStoreError.
        """
        try:
            stored = self.store.get(self.keys.base(release), max_bytes=bases.MAX_BYTES)
        except NotFound:
            return None
        return bases.from_bytes(stored.body, release)

    # -- pointer ----------------------------------------------------------------------------------

    def pointer(self, *, if_none_match: str | None = None) -> Read:
        """What is current. An empty pointer if there is none yet.

        Raises NotModified (it is still the one with that etag), SignatureInvalid, ManifestError, ObjectStoreError.
        """
        try:
            stored = self.store.get(self.keys.pointer, if_none_match=if_none_match, max_bytes=MAX_POINTER_BYTES)
        except NotFound:
            return Read(Pointer(self.keys.app, self.keys.channel), None)
        body = self.trusted.open(Envelope.from_bytes(stored.body, kind=pointers.KIND))
        pointer = Pointer.from_bytes(body)
        if (pointer.app, pointer.channel) != (self.keys.app, self.keys.channel):
            raise ManifestError(f"the pointer is for {pointer.app}/{pointer.channel}", file=self.keys.pointer)
        return Read(pointer, stored.etag)

    def damaged_pointer(self) -> Read:
        """An empty pointer to be written over one that can't be read, or that nobody trusted has signed: all that the
        history knows of it is its sequence. Raises ObjectStoreError.
        """
        known = [entry["sequence"] for entry in self.history()]
        try:
            etag = self.store.get(self.keys.pointer, max_bytes=MAX_OBJECT_BYTES).etag
        except NotFound:
            etag = None
        sequence = min(max(known, default=0), MAX_SEQUENCE - 1)
        return Read(Pointer(self.keys.app, self.keys.channel, sequence=sequence), etag)

    def move(
        self, read: Read, pointer: Pointer, lease: Lease, *keys: SecretKey, life: int | None = POINTER_LIFE
    ) -> Read:
        """Write the pointer over the one that was `read`, in the name of the lease. Dates and epoch are set here.

        `life` is in seconds, None for ever. Raises Conflict (somebody wrote it meanwhile: read it again and think),
        StoreLocked (the lease is lost), ObjectStoreError.
        """
        lease.check()
        if read.pointer.epoch > lease.epoch:
            raise Conflict(
                f"the pointer was written under epoch {read.pointer.epoch}, and this deploy has {lease.epoch}"
            )
        at = max(int(time.time()), read.pointer.at)
        pointer = replace(
            pointer,
            epoch=lease.epoch,
            sequence=max(pointer.sequence, read.pointer.sequence),
            at=at,
            expires=None if life is None else at + life,
        )
        envelope = Envelope(pointers.KIND, pointer.to_bytes())
        for key in keys:
            envelope = key.sign(envelope)
        return Read(pointer, self._put_over(self.keys.pointer, envelope.to_bytes(), read.etag))

    # -- one deploy -------------------------------------------------------------------------------

    def decide(self, deploy: str, verdict: Verdict, *, epoch: int, detail: Mapping[str, Any] | None = None) -> Verdict:
        """Decide commit or abort, if nobody has: returns the decision that stands.

        Raises ObjectStoreError, ManifestError; after Unavailable ask `decision` what stands.
        """
        return verdict_of(self._stand(self.keys.decision(deploy), deploy, verdict, epoch, detail))

    def decision(self, deploy: str) -> Verdict | None:
        """The decision that stands; None if there is none yet. Raises ObjectStoreError, ManifestError."""
        record = self.standing(self.keys.decision(deploy))
        return None if record is None else verdict_of(record)

    def judge(
        self, deploy: str, judgement: Judgement, *, epoch: int, detail: Mapping[str, Any] | None = None
    ) -> Judgement:
        """Say, if nobody has, how a committed deploy ended: returns what stands. Errors as for `decide`."""
        return judgement_of(self._stand(self.keys.verdict(deploy), deploy, judgement, epoch, detail))

    def verdict(self, deploy: str) -> Judgement | None:
        """How a committed deploy ended; None if that is still open. Raises ObjectStoreError, ManifestError."""
        record = self.standing(self.keys.verdict(deploy))
        return None if record is None else judgement_of(record)

    def standing(self, key: str) -> dict[str, Any] | None:
        """The record under a key, None if there is none. Raises ObjectStoreError, ManifestError."""
        try:
            stored = self.store.get(key, max_bytes=MAX_RECORD_BYTES)
        except NotFound:
            return None
        return from_record(stored.body, key=key)

    def _stand(self, key: str, deploy: str, word: str, epoch: int, detail: Mapping[str, Any] | None) -> dict[str, Any]:
        """Write a record that is written once, or read the one that was first."""
        record = {"word": word, "deploy": deploy, "epoch": epoch, "detail": dict(detail or {})}
        try:
            self.store.put(key, to_record(record), if_none_match=True)
        except Conflict:
            stands = self.standing(key)
            if stands is None:
                raise
            return stands
        return record

    def report(self, deploy: str, machine: str, document: Mapping[str, Any]) -> None:
        """What a machine has to say in a deploy; written by that machine only, over what it said before."""
        self.store.put(self.keys.report(deploy, machine), to_record(document))

    def reports(self, deploy: str) -> dict[str, dict[str, Any]]:
        """What each machine said last. One that can't be read is there with an `error`. Raises ObjectStoreError."""
        return self._records(self.keys.reports(deploy))

    def report_of(self, deploy: str, machine: str) -> dict[str, Any] | None:
        """What one machine said last; None if nothing. Raises ObjectStoreError, ManifestError."""
        return self.standing(self.keys.report(deploy, machine))

    # -- machines and history ---------------------------------------------------------------------

    def say(self, machine: str, document: Mapping[str, Any]) -> None:
        """What a machine runs at all times; written by that machine only."""
        self.store.put(self.keys.machine(machine), to_record(document))

    def said(self) -> dict[str, dict[str, Any]]:
        """What every machine said that it runs. One that can't be read is there with an `error`."""
        return self._records(self.keys.machines)

    def note_boots(self, machine: str, document: Mapping[str, Any]) -> None:
        """What a machine tries to boot, for the case that it can't remember it; written by that machine only."""
        self.store.put(self.keys.boots(machine), to_record(document))

    def boots(self, machine: str) -> dict[str, Any]:
        """What that machine noted last; empty if nothing, or nothing that can be read. Raises ObjectStoreError."""
        try:
            return self.standing(self.keys.boots(machine)) or {}
        except ManifestError:
            return {}

    def record(self, sequence: int, entry: Mapping[str, Any]) -> bool:
        """Add to the history, once for each sequence. False if that one has an entry already."""
        try:
            self.store.put(
                self.keys.entry(sequence), to_record(dict(entry) | {"sequence": sequence}), if_none_match=True
            )
        except Conflict:
            return False
        return True

    def history(self) -> list[dict[str, Any]]:
        """The entries, oldest first. One that can't be read is there with an `error`. Raises ObjectStoreError."""
        return [
            {"sequence": int(name)} | entry
            for name, entry in self._records(self.keys.history).items()
            if name.isdigit()
        ]

    # -- inside -----------------------------------------------------------------------------------

    def _records(self, prefix: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for key in self._names(prefix):
            name = key[len(prefix) :].removesuffix(".json")
            try:
                record = self.standing(key)
            except (ManifestError, TooLarge) as exc:
                record = {"error": exc.document()}
            if record is not None:
                found[name] = record
        return found

    def _names(self, prefix: str) -> Iterator[str]:
        for item in self.store.list(prefix):
            if _OURS.fullmatch(item.key[len(prefix) :]):  # others may keep something there, too
                yield item.key

    def _put_once(self, key: str, body: bytes, progress: Progress | None) -> bool:
        """Write an object whose name says its content. One that is there and isn't that is mended."""
        try:
            self.store.put(key, body, if_none_match=True, progress=progress)
        except Conflict:
            present = self.store.get(key)
            if present.body == body:
                return False
            self.store.put(key, body, if_match=present.etag, progress=progress)
        return True

    def _put_over(self, key: str, body: bytes, etag: str | None) -> str:
        """A conditional write whose answer may get lost: then what lies there tells whether it was ours."""
        try:
            if etag is None:
                return self.store.put(key, body, if_none_match=True)
            return self.store.put(key, body, if_match=etag)
        except (Conflict, NotFound, Unavailable) as exc:
            try:
                present = self.store.get(key, max_bytes=MAX_POINTER_BYTES)
            except NotFound:
                present = None
            if present is not None and present.body == body:
                return present.etag
            if isinstance(exc, NotFound):
                raise Conflict(f"the object {key} was removed meanwhile", key=key) from exc
            raise
