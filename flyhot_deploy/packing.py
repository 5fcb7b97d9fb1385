"""A folder made into a bundle: scanned, described, signed. The same folder on the same terms gives the same bytes.

Or an older bundle made anew, on other terms: the way back.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flyhot_asgi.errors import ConfigError
from flyhot_asgi.release.config import Settings
from flyhot_asgi.release.manifest import Manifest
from flyhot_asgi.release.scan import survey

from .errors import UsageError
from .release.bundle import Bundle, payload_of, seal
from .release.machine import base_name, dependencies_here, python_abi
from .release.manifest import Dependencies, Direction, ReleaseManifest
from .release.signing import SecretKey


@dataclass(frozen=True)
class Terms:
    """What a release is packed for. `created` and `expires` are epoch seconds; by default now (or SOURCE_DATE_EPOCH,
    for builds that can be repeated) and never. `structure` and `plan` are what rehearsal made: plain JSON.
    `dependencies` and `python_abi` are by default those of this interpreter.
    """

    app: str
    channel: str
    sequence: int
    bases: Sequence[str]
    created: int | None = None
    expires: int | None = None
    direction: Direction = "up"
    structure: Mapping[str, Any] | None = None
    plan: Mapping[str, Any] | None = None
    dependencies: Dependencies | None = field(default=None, repr=False)
    python_abi: str | None = None


@dataclass(frozen=True)
class Packed:
    """Files as a release, before it has its terms. `left_out`: what one might miss, and why it isn't in it."""

    files: Mapping[str, bytes]
    manifest: Manifest
    left_out: tuple[str, ...] = ()


def read_folder(root: Path, settings: Settings) -> Packed:
    """The app in a folder. Blocking. Raises ReleaseError: it can't be read; UsageError: it holds no Python."""
    found = survey(root, settings)
    if not any(path.endswith(".py") for path in found.files):
        raise UsageError(f"{root} is no app: there is no Python file below it", file=str(root))
    left_out = tuple(f"left out {item.path}: {item.reason}" for item in found.skipped[:20])
    # The name in the files' manifest is that under which the workers know the app: its settings', not the store's.
    return Packed(found.files, Manifest.of(found.files, app=settings.app), left_out)


def pack_files(files: Mapping[str, bytes], name: str, terms: Terms, keys: Sequence[SecretKey]) -> Bundle:
    """These files as a bundle; `name` is the app's own ([tool.flyhot] app). Raises ManifestError."""
    return bundle_of(Packed(files, Manifest.of(files, app=name)), terms, keys)


def bundle_of(packed: Packed, terms: Terms, keys: Sequence[SecretKey]) -> Bundle:
    """The release on its terms, signed. Raises ManifestError: it is too large, or holds what no release may."""
    ref, payload = payload_of(packed.files, packed.manifest)
    sealed = ReleaseManifest(
        app=terms.app,
        channel=terms.channel,
        sequence=terms.sequence,
        files=packed.manifest,
        payload=ref,
        bases=tuple(sorted({base_name(base) for base in terms.bases})),
        python_abi=terms.python_abi or python_abi(),
        dependencies=terms.dependencies or dependencies_here(),
        created=now() if terms.created is None else terms.created,
        expires=terms.expires,
        direction=terms.direction,
        structure=terms.structure,
        plan=terms.plan,
    )
    return seal(sealed, payload, *keys)


def again(old: Bundle, *, bases: tuple[str, ...], sequence: int, keys: Sequence[SecretKey]) -> Bundle:
    """An older release under new terms. A machine that has seen a higher sequence takes no old terms."""
    terms = replace(
        old.manifest,
        sequence=sequence,
        bases=tuple(sorted(set(bases))),
        created=now(),
        expires=None,
        direction="down",
        plan=None,
    )
    return seal(terms, old.payload, *keys)


def now() -> int:
    """The date of a release: SOURCE_DATE_EPOCH (reproducible-builds.org), else now. Raises ConfigError."""
    said = os.environ.get("SOURCE_DATE_EPOCH")
    if not said:
        return int(time.time())
    if not said.isascii() or not said.isdigit():
        raise ConfigError(f"SOURCE_DATE_EPOCH is {said[:40]!r}, and must be a number of seconds")
    return int(said)
