"""Whether a release is for this machine: what the machine is, against the manifest's terms. Pure but for
`facts_here`.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass

from flyhot_asgi.errors import NotApplicable
from flyhot_asgi.release.manifest import python_minor

from .manifest import Dependencies, ReleaseManifest

NAMED_DIFFERENCES = 5


@dataclass(frozen=True)
class MachineFacts:
    """What a machine is. `base` is its image (without `@sha256:…`), or `tree:` and a digest where there is none."""

    app: str
    channel: str
    base: str
    python: str
    python_abi: str
    dependencies: Dependencies


def facts_here(*, app: str, channel: str, base: str) -> MachineFacts:
    """The facts of this interpreter. Reads the metadata of every installed distribution: milliseconds to a second."""
    return MachineFacts(app, channel, base_name(base), python_minor(), python_abi(), dependencies_here())


def python_abi() -> str:
    """The running interpreter's ABI, such as cpython-311-x86_64-linux-gnu."""
    return str(sysconfig.get_config_var("SOABI") or "unknown")


def dependencies_here() -> Dependencies:
    """Every distribution that this interpreter would import, by normalised name (PEP 503)."""
    versions: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        name = distribution.metadata["Name"] if distribution.metadata is not None else None
        if name:  # the first one on sys.path is the one that is imported
            versions.setdefault(re.sub(r"[-_.]+", "-", name).lower(), str(distribution.version or "?"))
    return dependencies_of(versions)


def dependencies_of(versions: Mapping[str, str]) -> Dependencies:
    """These names and versions with their digest: SHA-256 over sorted `name==version` lines."""
    lines = "".join(f"{name}=={version}\n" for name, version in sorted(versions.items()))
    return Dependencies(hashlib.sha256(lines.encode("utf-8")).hexdigest(), dict(sorted(versions.items())))


def base_name(reference: str) -> str:
    """An image reference as a base: `@sha256:…` doesn't belong to it (a machine may or may not be told of it), unless
    there is no tag that would tell the image from others: then it takes the tag's place (`repository:sha256-…`).
    """
    name, _, digest = reference.partition("@")
    return f"{name}:{digest.replace(':', '-')}" if digest and ":" not in name.rpartition("/")[2] else name


def differences(installed: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    """What differs between two sets of distributions, one phrase each, sorted by name."""
    found = []
    for name in sorted(installed.keys() | wanted.keys()):
        here, there = installed.get(name), wanted.get(name)
        if here != there:
            was = f"{here} is installed" if here else "is not installed"
            found.append(f"{name}: {was}, the release was packed {f'with {there}' if there else 'without it'}")
    return found


def require_applicable(manifest: ReleaseManifest, facts: MachineFacts, *, now: float) -> None:
    """Raises NotApplicable, saying why, unless the release may be installed on such a machine. `now`: epoch seconds."""
    if (manifest.app, manifest.channel) != (facts.app, facts.channel):
        theirs, ours = f"{manifest.app}/{manifest.channel}", f"{facts.app}/{facts.channel}"
        raise _not_here(manifest, f"it is for {theirs}, and this machine is of {ours}", "deploy to the right app")
    if facts.base not in manifest.bases:
        raise _not_here(
            manifest,
            f"it was packed for {', '.join(manifest.bases)[:300]}, and this machine runs {facts.base}",
            "nothing: a cold deploy has replaced what it was made for",
        )
    if manifest.python_abi != facts.python_abi or manifest.files.python != facts.python:
        raise _not_here(
            manifest,
            f"it is for Python {manifest.files.python} ({manifest.python_abi}), and here is {facts.python} "
            f"({facts.python_abi})",
            "deploy cold: `fly deploy`",
        )
    if manifest.dependencies.digest != facts.dependencies.digest:
        found = differences(facts.dependencies.versions, manifest.dependencies.versions)
        named = "; ".join(found[:NAMED_DIFFERENCES]) or "their lists are the same, their digests are not"
        more = f" and {len(found) - NAMED_DIFFERENCES} more" if len(found) > NAMED_DIFFERENCES else ""
        raise _not_here(manifest, f"dependencies differ: {named}{more}", "deploy cold: `fly deploy`")
    if manifest.expires is not None and now > manifest.expires:
        raise _not_here(manifest, "it has expired", "pack and publish it again")


def _not_here(manifest: ReleaseManifest, why: str, do: str) -> NotApplicable:
    return NotApplicable(f"release {manifest.vsn} is not for this machine: {why}", do=do)
