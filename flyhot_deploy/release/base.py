"""The release that an image was built with, as its machines put it into the store: what the first hot upgrade over that
image starts from, and goes back to.

Nobody signs it and nothing of it is installed by its own word: it is named by the release's digest, and is what that
name says or is refused. Layout: a line of magic, the length of the files' manifest (8 bytes, big-endian), that
manifest, the payload.
"""

from __future__ import annotations

from collections.abc import Mapping

from flyhot_asgi.errors import HashMismatch
from flyhot_asgi.release.manifest import MAX_BYTES as MAX_MANIFEST_BYTES
from flyhot_asgi.release.manifest import Manifest, sha256

from .manifest import PayloadRef
from .payload import MAX_PAYLOAD_BYTES, pack_payload, unpack_payload

MAGIC = b"flyhot-base-1\n"
MAX_BYTES = len(MAGIC) + 8 + MAX_MANIFEST_BYTES + MAX_PAYLOAD_BYTES


def to_bytes(manifest: Manifest, files: Mapping[str, bytes]) -> bytes:
    """These files as one object. Raises ManifestError: they hold what no release may."""
    head = manifest.to_bytes()
    return b"".join((MAGIC, len(head).to_bytes(8, "big"), head, pack_payload(manifest, files)))


def from_bytes(data: bytes, release: str) -> tuple[Manifest, dict[str, bytes]]:
    """The release of that digest, verified to the last byte. Raises HashMismatch, ManifestError."""
    start = len(MAGIC) + 8
    length = int.from_bytes(data[len(MAGIC) : start], "big")
    if not data.startswith(MAGIC) or not 0 < length <= min(MAX_MANIFEST_BYTES, len(data) - start):
        raise _mismatch(release)
    head, payload = data[start : start + length], data[start + length :]
    if sha256(head) != release:
        raise _mismatch(release)
    manifest = Manifest.from_bytes(head)
    return manifest, unpack_payload(manifest, PayloadRef(sha256(payload), len(payload)), payload)


def _mismatch(release: str) -> HashMismatch:
    return HashMismatch(f"what lies in the store as the image's release {release[:12]} is not that release")
