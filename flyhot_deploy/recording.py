"""What is found of a release where it is packed: how it looks, imported cold, and that the upgrade to it arrives.

It ships in the signed manifest, as OTP's relup does in a release: a machine that runs just the release that was started
from, under the circumstances that were recorded, needs neither to import nor to rehearse. Every other one does it
itself. A recording decides nothing by itself: each process is still compared with it before it is called upgraded.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flyhot_asgi.errors import FlyhotError
from flyhot_asgi.release.config import Settings
from flyhot_asgi.release.folder import FolderStore
from flyhot_asgi.threads import in_thread_until

from .circumstances import circumstances

if TYPE_CHECKING:
    from flyhot_asgi.engine.rehearsal.packed import Laid

MAX_BYTES = 8 << 20
ARRIVES = ("arrives", "unneeded")


@dataclass(frozen=True)
class Predecessor:
    """What the machines run before: the release, its files, and which modules they have imported of it (name, file).
    `environment` is what is seen there beyond what this process sees."""

    release: str
    files: Mapping[str, bytes]
    imported: Sequence[tuple[str, str]]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Recording:
    """`structure` and `plan` as the manifest has them; None, and `why` in a sentence, if nothing could be recorded."""

    structure: dict[str, Any] | None = None
    plan: dict[str, Any] | None = None
    why: str = ""


async def record(
    files: Mapping[str, bytes],
    before: Predecessor,
    root: Path,
    settings: Settings,
    *,
    environment: Mapping[str, str],
    key: bytes,
) -> Recording:
    """Import both releases in fresh processes and rehearse the way. Takes some times as long as the app's import.

    What goes wrong is told in the recording, never raised: whether the release can run is for the machines to say. Safe
    to cancel: the processes are killed.
    """
    seen = {**environment, **before.environment}
    try:
        return await in_thread_until(lambda cancel: _record(files, before, root, settings, seen, key, cancel))
    except Exception as exc:  # a fault of ours, too: machines look for themselves, as ever
        return Recording(why=f"{type(exc).__name__}: {exc}")


def _record(
    files: Mapping[str, bytes],
    before: Predecessor,
    root: Path,
    settings: Settings,
    seen: Mapping[str, str],
    key: bytes,
    cancel: threading.Event,
) -> Recording:
    # The engine is imported by who records, and by no other command.
    from flyhot_asgi.engine.rehearsal.packed import check_packed
    from flyhot_asgi.engine.verification.sealed import seal

    try:
        with tempfile.TemporaryDirectory(prefix="flyhot-recording-") as folder:
            store = FolderStore(Path(folder), app=settings.app)
            old, new = _laid(store, before.files), _laid(store, files)
            if old.digest != before.release:
                return Recording(why="the files of the running release are not what its name says")
            imported, packages = before.imported, settings.first_party
            cold = check_packed(
                old,
                new,
                imported,
                root=root,
                packages=packages,
                environment=seen,
                timeout=settings.import_timeout,
                cancel=cancel,
            )
    except (FlyhotError, OSError) as exc:
        return Recording(why=str(exc))
    plan = cold.pop("rehearsed")
    if plan["outcome"] not in ARRIVES:
        reasons = plan["reasons"]
        return Recording(why=f"the rehearsal did not arrive: {reasons[0]['why'] if reasons else plan['outcome']}")
    structure = {**seal(_lasting(cold), new.digest), "circumstances": circumstances(seen, key)}
    if len(json.dumps(structure)) > MAX_BYTES:
        return Recording(why=f"what the release looks like takes more than {MAX_BYTES:,} bytes")
    return Recording(structure, plan)


def _lasting(cold: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is another each time: nobody compares it, and the same release shall give the same bytes."""
    masked = frozenset(cold["masked"])
    structure = {path: (entry[0], "" if path in masked else entry[1]) for path, entry in cold["structure"].items()}
    return {**cold, "structure": structure}


def _laid(store: FolderStore, files: Mapping[str, bytes]) -> Laid:
    from flyhot_asgi.engine.rehearsal.packed import Laid

    release = store.get_release(store.put_release(files).digest)
    return Laid(release.digest, release.tree, files)
