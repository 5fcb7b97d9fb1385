"""A release looked at before anybody is held for it: imported cold in fresh processes, and recorded."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from ..engine import SourceModule
from ..engine.verification.recorded import record
from ..errors import FlyhotError
from ..release.folder import Release
from .coldimport import import_cold
from .installed import Installed

logger = logging.getLogger("flyhot.control")


async def check(installed: Installed, release: Release) -> dict[str, Any]:
    """The `cold` document for an upgrade of this process to `release`. Takes some times as long as the app's import.

    Raises SourceError naming file and line of the release, StoreError. Safe to cancel: the processes are killed.
    """
    tree = await asyncio.to_thread(lambda: release.tree)
    live = installed.live()
    sources = await asyncio.to_thread(installed.sources_with, release, live)
    for source in sources.new.values():
        _ = source.code  # a syntax error is said better by us than by a traceback
    kept = {name: sources.new[name] for name in live if name in sources.new}
    now = {name: sources.old[name] for name in live if name in sources.old}
    return await _record(installed, release, tree, kept, now)


async def _record(
    installed: Installed, release: Release, tree: Path, new: dict[str, SourceModule], now: dict[str, SourceModule]
) -> dict[str, Any]:
    """Import the release twice, and the one that runs, all at once: see `structure.py`."""
    first, again, before = await asyncio.gather(
        import_cold(tree, installed.root, new, hash_seed=1),
        import_cold(tree, installed.root, new, hash_seed=2),
        _structure_now(installed, now),
    )
    installed.remember_structure(release.digest, new, first)  # when it runs, it is the one before
    return record(first, again, before)


async def _structure_now(installed: Installed, now: dict[str, SourceModule]) -> dict[str, Any] | None:
    """None if the running release can't be imported any more: then less can be compared."""
    known = installed.structure_of(installed.digest, now)
    if known is not None:
        return known
    try:
        await asyncio.to_thread(installed.store_base)
        tree = await asyncio.to_thread(lambda: installed.store.get_release(installed.digest).tree)
        found = await import_cold(tree, installed.root, now, hash_seed=1)
        installed.remember_structure(installed.digest, now, found)
        return found
    except FlyhotError as exc:
        logger.info("the running release could not be imported cold: %s", exc)
        return None
