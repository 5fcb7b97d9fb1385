"""Questions to the history of a fleet: what ran before, and what is meant by the first digits of a release. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flyhot_asgi.errors import UnknownRelease

from ..errors import DeployError
from ..repository.pointer import Current

Entry = Mapping[str, Any]
EFFECTIVE = frozenset({"complete", "already", "provisional", "mixed"})


def took_effect(entry: Entry) -> bool:
    return entry.get("outcome") in EFFECTIVE


def named_entry(entries: Sequence[Entry], prefix: str) -> Entry:
    """The latest entry of the one release that begins so. Raises UnknownRelease: none, or more than one."""
    wanted = prefix.strip().lower()
    found = [entry for entry in entries if wanted and str(entry.get("release", "")).startswith(wanted)]
    releases = dict.fromkeys(str(entry.get("release")) for entry in found)
    if len(releases) > 1:
        names = ", ".join(release[:12] for release in list(releases)[:5])
        raise UnknownRelease(f"{prefix!r} could be any of {names}", do="give more digits")
    if not found:
        raise UnknownRelease(
            f"no release {prefix!r} was ever deployed", do="see `python -m flyhot_deploy history` for those that were"
        )
    return found[-1]


def previous_of(entries: Sequence[Entry], current: Current | None, image: str) -> Entry | None:
    """What ran before the current release on this image; None: the image's own release did.

    A rollback doesn't count as installing: after A, B, C and a rollback to B, the release before B is A. Raises
    DeployError: the image's own release is what runs.
    """
    if current is None or current.manifest is None:
        raise DeployError(
            "the machines run their image's own release: there is none before it",
            do="name a release of `python -m flyhot_deploy history`, or deploy an older image cold",
        )
    ours = [entry for entry in entries if took_effect(entry) and entry.get("image") == image]
    installed = [e for e in ours if e.get("action") == "hot" and e.get("release") == current.release]
    before = [e for e in installed if e.get("previous") != current.release]
    if not before:
        return None
    previous = before[-1].get("previous")
    found = [e for e in ours if e.get("release") == previous and e.get("manifest")]
    return found[-1] if found else None


def base_release(entries: Sequence[Entry], image: str) -> str | None:
    """The digest of the image's own release, if the history knows it: what ran before the first deploy on it."""
    first = next((e for e in entries if e.get("image") == image and e.get("previous_manifest") is None), None)
    previous = first.get("previous") if first is not None else None
    return previous if isinstance(previous, str) else None
