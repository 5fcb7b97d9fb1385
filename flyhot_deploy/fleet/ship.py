"""Make a release that can travel: from a folder, or anew from one that travelled before."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flyhot_asgi.release.config import Settings
from flyhot_asgi.release.manifest import Manifest
from flyhot_asgi.release.scan import survey

from ..errors import UsageError
from ..release.bundle import Bundle, payload_of, seal
from ..release.machine import dependencies_here, python_abi
from ..release.manifest import Dependencies, Direction, ReleaseManifest
from ..release.signing import SecretKey


@dataclass(frozen=True)
class Packed:
    """A folder's files as a release, before it has its terms. `left_out`: what one might miss, and why it isn't in
    it."""

    files: Mapping[str, bytes]
    manifest: Manifest
    dependencies: Dependencies
    left_out: tuple[str, ...] = ()


def pack(root: Path, settings: Settings, *, app: str) -> Packed:
    """Read a folder. Blocking. Raises ReleaseError, UsageError: it holds no Python."""
    found = survey(root, settings)
    if not any(path.endswith(".py") for path in found.files):
        raise UsageError(f"{root} is no app: there is no Python file below it", file=str(root))
    left_out = tuple(f"left out {item.path}: {item.reason}" for item in found.skipped[:20])
    # The name in the files' manifest is that under which the workers know the app: its settings', not the store's.
    return Packed(found.files, Manifest.of(found.files, app=settings.app), dependencies_here(), left_out)


def bundle_of(
    packed: Packed,
    *,
    app: str,
    channel: str,
    bases: tuple[str, ...],
    sequence: int,
    keys: Sequence[SecretKey],
    direction: Direction = "up",
    structure: Mapping[str, Any] | None = None,
) -> Bundle:
    """The release with its terms, signed."""
    ref, payload = payload_of(packed.files, packed.manifest)
    terms = ReleaseManifest(
        app=app,
        channel=channel,
        sequence=sequence,
        files=packed.manifest,
        payload=ref,
        bases=tuple(sorted(set(bases))),
        python_abi=python_abi(),
        dependencies=packed.dependencies,
        created=int(time.time()),
        direction=direction,
        structure=structure,
    )
    return seal(terms, payload, *keys)


def again(old: Bundle, *, bases: tuple[str, ...], sequence: int, keys: Sequence[SecretKey]) -> Bundle:
    """An older release under new terms: the way back. A machine that has seen a higher sequence takes no old terms."""
    terms = replace(
        old.manifest,
        sequence=sequence,
        bases=tuple(sorted(set(bases))),
        created=int(time.time()),
        expires=None,
        direction="down",
        plan=None,
    )
    return seal(terms, old.payload, *keys)
