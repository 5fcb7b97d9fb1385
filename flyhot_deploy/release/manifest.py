"""The manifest of a release that travels: its files, and the terms on which a machine may run them.

The files are a `flyhot_asgi` Manifest, whose digest is the **release**: the same code has the same name wherever it was
packed. The terms (which app, which channel, over which base image, in which order) are what is signed together with it;
that whole has a digest of its own, under which it lies in a store. Going back to an older release is a new manifest
with a higher sequence and the direction "down".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

from flyhot_asgi.release.manifest import Manifest, sha256

from .canonical import check_keys, from_canonical, refuse, to_canonical

FORMAT = 1
MAX_BYTES = 64 * 1024 * 1024
MAX_BASES = 64
MAX_DISTRIBUTIONS = 5_000
MAX_SEQUENCE = 1 << 53
LATEST = 1 << 40

Direction = Literal["up", "down"]

WHAT = "the release's manifest"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_ABI = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class PayloadRef:
    """The bytes that hold the files' contents: their SHA-256 and how many they are."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Dependencies:
    """What is installed beside the app: a digest over all, and each name with its version, to say what differs."""

    digest: str
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReleaseManifest:
    """A release and its terms. Checked when built: a malformed one can't exist. Raises ManifestError.

    `bases` names what it may be laid over: image references without their `@sha256:` end (or `tree:` and a digest,
    where there is no image). `python_abi` is the interpreter's SOABI. `structure` (what a cold import gives) and
    `plan` (the rehearsed relup) are plain JSON that this room doesn't read. `created` and `expires` are epoch
    seconds, `expires` None for never.
    """

    app: str
    channel: str
    sequence: int
    files: Manifest
    payload: PayloadRef
    bases: tuple[str, ...]
    python_abi: str
    dependencies: Dependencies
    created: int
    expires: int | None = None
    direction: Direction = "up"
    structure: Mapping[str, Any] | None = None
    plan: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        _check_name(self.app, "app")
        _check_name(self.channel, "channel")
        _check_number(self.sequence, "sequence", 1, MAX_SEQUENCE)
        _check_payload(self.payload, self.files)
        if not 1 <= len(self.bases) <= MAX_BASES or list(self.bases) != sorted(set(self.bases)):
            refuse(WHAT, f"its bases are not a sorted list of 1 to {MAX_BASES}")
        if not all(is_base(base) for base in self.bases):
            refuse(WHAT, "a base is not the name of an image or tree")
        if not isinstance(self.python_abi, str) or not _ABI.fullmatch(self.python_abi):
            refuse(WHAT, "its Python ABI is not a short word")
        _check_dependencies(self.dependencies)
        _check_number(self.created, "created", 0, LATEST)
        if self.expires is not None:
            _check_number(self.expires, "expires", 0, LATEST)
        if self.direction not in get_args(Direction):
            refuse(WHAT, "its direction is neither up nor down")
        if not all(part is None or isinstance(part, Mapping) for part in (self.structure, self.plan)):
            refuse(WHAT, "its structure or plan is not an object")

    @property
    def release(self) -> str:
        """The digest of the files: the release's name."""
        return self.files.digest

    @property
    def vsn(self) -> str:
        return self.files.vsn

    @cached_property
    def digest(self) -> str:
        """The digest of the whole: the name of the object that holds it."""
        return sha256(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The one spelling of this manifest: what is signed."""
        return to_canonical(
            {
                "app": self.app,
                "bases": list(self.bases),
                "channel": self.channel,
                "created": self.created,
                "dependencies": {"digest": self.dependencies.digest, "versions": dict(self.dependencies.versions)},
                "direction": self.direction,
                "expires": self.expires,
                "files": self.files.to_bytes().decode("utf-8"),
                "format": FORMAT,
                "payload": {"sha256": self.payload.sha256, "size": self.payload.size},
                "plan": self.plan,
                "python_abi": self.python_abi,
                "sequence": self.sequence,
                "structure": self.structure,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> ReleaseManifest:
        """Read a manifest. Raises ManifestError, and nothing else, for anything but the one spelling of a sound one."""
        document = from_canonical(data, what=WHAT, max_bytes=MAX_BYTES)
        check_keys(document, _KEYS, what=WHAT)
        if type(document["format"]) is not int or document["format"] != FORMAT:
            refuse(WHAT, f"its format is {document['format']!r:.40}; this flyhot reads format {FORMAT}")
        payload, dependencies = document["payload"], document["dependencies"]
        if not isinstance(payload, dict) or not isinstance(dependencies, dict):
            refuse(WHAT, "its payload or dependencies are not objects")
        check_keys(payload, ("sha256", "size"), what=WHAT)
        check_keys(dependencies, ("digest", "versions"), what=WHAT)
        bases, files = document["bases"], document["files"]
        if not isinstance(bases, list) or not isinstance(files, str):
            refuse(WHAT, "its bases or files are of the wrong kind")
        if not all(isinstance(base, str) for base in bases):
            refuse(WHAT, "a base is not the name of an image or tree")
        return cls(
            app=document["app"],
            channel=document["channel"],
            sequence=document["sequence"],
            files=Manifest.from_bytes(files.encode("utf-8", "surrogatepass")),
            payload=PayloadRef(payload["sha256"], payload["size"]),
            bases=tuple(bases),
            python_abi=document["python_abi"],
            dependencies=Dependencies(dependencies["digest"], dependencies["versions"]),
            created=document["created"],
            expires=document["expires"],
            direction=document["direction"],
            structure=document["structure"],
            plan=document["plan"],
        )


_KEYS = frozenset(
    "app bases channel created dependencies direction expires files format payload plan python_abi sequence structure"
    "".split()
)


def is_base(name: object) -> bool:
    """Whether `name` can be that of a base: short, printable, without spaces and without an `@`."""
    return (
        isinstance(name, str)
        and 0 < len(name) <= 500
        and name.isascii()
        and name.isprintable()
        and not set(name) & set(" @")
    )


def is_digest(value: object) -> bool:
    """Whether `value` is a SHA-256 in lower-case hex."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _check_name(value: object, field_name: str) -> None:
    """A name that can be part of an object's key."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        refuse(WHAT, f"its {field_name} is not a name of letters, digits, dots and dashes")


def _check_number(value: object, field_name: str, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        refuse(WHAT, f"its {field_name!r} is not a number between {low} and {high}")


def _check_payload(payload: PayloadRef, files: Manifest) -> None:
    if not isinstance(files, Manifest):
        refuse(WHAT, "it lists no files")
    if not is_digest(payload.sha256):
        refuse(WHAT, "the hash of its payload is not 64 hex digits")
    _check_number(payload.size, "payload size", 0, 1 << 40)


def _check_dependencies(dependencies: Dependencies) -> None:
    versions = dependencies.versions
    if not is_digest(dependencies.digest):
        refuse(WHAT, "the digest of its dependencies is not 64 hex digits")
    if not isinstance(versions, Mapping) or len(versions) > MAX_DISTRIBUTIONS:
        refuse(WHAT, "its dependencies are not a table of names and versions")
    if not all(isinstance(k, str) and isinstance(v, str) and len(k) + len(v) <= 400 for k, v in versions.items()):
        refuse(WHAT, "its dependencies are not a table of names and versions")
