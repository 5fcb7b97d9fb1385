"""The pointer: what is current on which base, and what is being deployed. The one object that machines poll. Pure.

It is written by the deploy that holds the lock, by compare-and-set, and signed like a manifest. Machines never write
it: one whose base the pointer doesn't name has been deployed cold, and runs its image; nothing needs to be reset for
that, and two bases that live side by side during a rolling cold deploy each have their own line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..release.canonical import check_keys, from_canonical, refuse, to_canonical
from ..release.manifest import LATEST, MAX_SEQUENCE, is_base, is_digest

FORMAT = 1
MAX_BYTES = 1 << 20
MAX_BASES = 32
WHAT = "the pointer"
KIND = "application/vnd.flyhot.pointer.v1+json"


@dataclass(frozen=True)
class Current:
    """The permanent release of a base: its manifest's digest, its own name, and the sequence of the manifest.

    `manifest` None: the bare image is current (a rollback to it), `release` is then its digest, or "" if unknown.
    """

    manifest: str | None
    release: str
    sequence: int


@dataclass(frozen=True)
class Candidate:
    """A release that a deploy tries at this moment. `detail` is what the fleet protocol has to say to machines: plain
    JSON.
    """

    deploy: str
    manifest: str
    release: str
    sequence: int
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Pointer:
    """What is current. `epoch` is that of the lock under which it was written, `sequence` the highest that was ever
    given out; both only grow. `at` and `expires` are epoch seconds: past `expires` it installs nothing new anywhere.
    """

    app: str
    channel: str
    epoch: int = 0
    sequence: int = 0
    current: Mapping[str, Current] = field(default_factory=dict)
    candidate: Candidate | None = None
    at: int = 0
    expires: int | None = None

    def current_on(self, base: str) -> Current | None:
        """The permanent release of a base; None if that base was never upgraded hot: its image is."""
        return self.current.get(base)

    def with_current(self, bases: tuple[str, ...], current: Current) -> Pointer:
        """The same, with that release current on these bases; the oldest bases make room if there are too many."""
        kept = {base: one for base, one in self.current.items() if base not in bases}
        room = MAX_BASES - len(bases)
        newest = sorted(kept.items(), key=lambda item: item[1].sequence, reverse=True)[: max(0, room)]
        sequence = max(self.sequence, current.sequence)
        return replace(self, current=dict(newest) | dict.fromkeys(bases, current), sequence=sequence)

    def is_after(self, other: Pointer | None) -> bool:
        """Whether this was written after `other`; a machine ignores what isn't (a stale or replayed read)."""
        return other is None or (self.epoch, self.sequence, self.at) >= (other.epoch, other.sequence, other.at)

    def has_expired(self, now: float) -> bool:
        return self.expires is not None and now > self.expires

    def to_bytes(self) -> bytes:
        candidate = self.candidate
        return to_canonical(
            {
                "app": self.app,
                "at": self.at,
                "candidate": None
                if candidate is None
                else {
                    "deploy": candidate.deploy,
                    "detail": dict(candidate.detail),
                    "manifest": candidate.manifest,
                    "release": candidate.release,
                    "sequence": candidate.sequence,
                },
                "channel": self.channel,
                "current": {
                    base: {"manifest": one.manifest, "release": one.release, "sequence": one.sequence}
                    for base, one in self.current.items()
                },
                "epoch": self.epoch,
                "expires": self.expires,
                "format": FORMAT,
                "sequence": self.sequence,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Pointer:
        """Raises ManifestError, and nothing else."""
        document = from_canonical(data, what=WHAT, max_bytes=MAX_BYTES)
        names = ("app", "at", "candidate", "channel", "current", "epoch", "expires", "format", "sequence")
        check_keys(document, names, what=WHAT)
        if type(document["format"]) is not int or document["format"] != FORMAT:
            refuse(WHAT, f"its format is {document['format']!r:.40}; this flyhot reads format {FORMAT}")
        if not isinstance(document["app"], str) or not isinstance(document["channel"], str):
            refuse(WHAT, "its app or channel is not a name")
        current, candidate = document["current"], document["candidate"]
        if not isinstance(current, dict) or len(current) > MAX_BASES or not all(is_base(base) for base in current):
            refuse(WHAT, "its current releases are not a table of bases")
        return cls(
            app=document["app"],
            channel=document["channel"],
            epoch=_number(document, "epoch", MAX_SEQUENCE),
            sequence=_number(document, "sequence", MAX_SEQUENCE),
            current={base: _current(item) for base, item in current.items()},
            candidate=None if candidate is None else _candidate(candidate),
            at=_number(document, "at", LATEST),
            expires=None if document["expires"] is None else _number(document, "expires", LATEST),
        )


def _current(item: object) -> Current:
    if not isinstance(item, dict):
        refuse(WHAT, "a current release is not an object")
    check_keys(item, ("manifest", "release", "sequence"), what=WHAT)
    manifest, release = item["manifest"], item["release"]
    if not (manifest is None or is_digest(manifest)) or not (
        is_digest(release) or (manifest is None and release == "")
    ):
        refuse(WHAT, "a current release is not named by digests")
    return Current(manifest, release, _number(item, "sequence", MAX_SEQUENCE))


def _candidate(item: object) -> Candidate:
    if not isinstance(item, dict):
        refuse(WHAT, "its candidate is not an object")
    check_keys(item, ("deploy", "detail", "manifest", "release", "sequence"), what=WHAT)
    if not is_digest(item["manifest"]) or not is_digest(item["release"]):
        refuse(WHAT, "its candidate is not named by digests")
    if (
        not isinstance(item["deploy"], str)
        or not 0 < len(item["deploy"]) <= 100
        or not isinstance(item["detail"], dict)
    ):
        refuse(WHAT, "its candidate has no deploy, or no detail")
    sequence = _number(item, "sequence", MAX_SEQUENCE)
    return Candidate(item["deploy"], item["manifest"], item["release"], sequence, item["detail"])


def _number(document: Mapping[str, Any], name: str, most: int) -> int:
    value = document[name]
    if type(value) is not int or not 0 <= value <= most:
        refuse(WHAT, f"its {name!r} is not a number")
    return value
