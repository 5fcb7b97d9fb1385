"""A release as it travels: the signed manifest, and the payload.

In a store these are two objects, so that a payload is uploaded once for all manifests that name it. In a file they are
one: a line of magic, the length of the envelope (8 bytes, big-endian), the envelope, the payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flyhot_asgi.errors import HashMismatch, ReleaseError
from flyhot_asgi.release.manifest import Manifest, sha256

from .envelope import MAX_BYTES as MAX_ENVELOPE_BYTES
from .envelope import Envelope
from .manifest import PayloadRef, ReleaseManifest
from .payload import MAX_PAYLOAD_BYTES, pack_payload, unpack_payload
from .signing import KeyRing, SecretKey

KIND = "application/vnd.flyhot.release.v1+json"
MAGIC = b"flyhot-bundle-1\n"
MAX_FILE_BYTES = len(MAGIC) + 8 + MAX_ENVELOPE_BYTES + MAX_PAYLOAD_BYTES


@dataclass(frozen=True)
class Bundle:
    """A release that was packed here, or that was read and found sound. `envelope` holds the manifest's bytes."""

    manifest: ReleaseManifest
    envelope: Envelope
    payload: bytes

    @property
    def digest(self) -> str:
        return self.manifest.digest

    def signed(self, key: SecretKey) -> Bundle:
        """The same with that key's signature."""
        return Bundle(self.manifest, key.sign(self.envelope), self.payload)

    def files(self) -> dict[str, bytes]:
        """The contents by path, each verified. Raises HashMismatch, ManifestError."""
        return unpack_payload(self.manifest.files, self.manifest.payload, self.payload)

    def to_bytes(self) -> bytes:
        """The bundle as a file."""
        envelope = self.envelope.to_bytes()
        return b"".join((MAGIC, len(envelope).to_bytes(8, "big"), envelope, self.payload))


def payload_of(files: Mapping[str, bytes], manifest: Manifest) -> tuple[PayloadRef, bytes]:
    """The payload of these files, and what a manifest says of it. Raises ManifestError."""
    payload = pack_payload(manifest, files)
    return PayloadRef(sha256(payload), len(payload)), payload


def seal(manifest: ReleaseManifest, payload: bytes, *keys: SecretKey) -> Bundle:
    """The bundle of a manifest and its payload, signed with these keys."""
    envelope = Envelope(KIND, manifest.to_bytes())
    for key in keys:
        envelope = key.sign(envelope)
    return Bundle(manifest, envelope, payload)


def read_envelope(data: bytes, trusted: KeyRing, *, digest: str | None = None) -> tuple[ReleaseManifest, Envelope]:
    """The manifest in a signed document, if somebody we trust signed it; with `digest`, only that manifest.

    Raises SignatureInvalid, HashMismatch, ManifestError.
    """
    envelope = Envelope.from_bytes(data, kind=KIND)
    body = trusted.open(envelope)
    if digest is not None and sha256(body) != digest:
        raise HashMismatch(
            f"the manifest {digest[:12]} is not what its name says; it was changed or put in another's place",
            do="nothing was changed; publish the release again",
        )
    return ReleaseManifest.from_bytes(body), envelope


def read_bundle(data: bytes, trusted: KeyRing) -> Bundle:
    """A bundle from a file, verified to the last byte. Raises ReleaseError (its kinds), and nothing else."""
    start = len(MAGIC) + 8
    if len(data) > MAX_FILE_BYTES:
        raise ReleaseError(f"the bundle has {len(data):,} bytes; {MAX_FILE_BYTES:,} are accepted")
    if len(data) < start or not data.startswith(MAGIC):
        raise ReleaseError("this is no bundle of flyhot's", do="make one with `python -m flyhot_deploy pack`")
    length = int.from_bytes(data[len(MAGIC) : start], "big")
    if length > len(data) - start:
        raise HashMismatch("the bundle is cut short: its manifest is not whole", do="copy it again, or pack it again")
    manifest, envelope = read_envelope(data[start : start + length], trusted)
    bundle = Bundle(manifest, envelope, data[start + length :])
    bundle.files()
    return bundle
