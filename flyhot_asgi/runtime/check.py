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
    return await _record(installed, tree, kept, now)


async def _record(
    installed: Installed, tree: Path, new: dict[str, SourceModule], now: dict[str, SourceModule]
) -> dict[str, Any]:
    """Import the release twice, side by side, and the one that runs: see `structure.py`."""
    first, again = await asyncio.gather(*(import_cold(tree, installed.root, new, hash_seed=seed) for seed in (1, 2)))
    return record(first, again, await _structure_now(installed, now))


async def _structure_now(installed: Installed, now: dict[str, SourceModule]) -> dict[str, Any] | None:
    """None if the running release can't be imported any more: then less can be compared."""
    try:
        await asyncio.to_thread(installed.store_base)
        tree = await asyncio.to_thread(lambda: installed.store.get_release(installed.digest).tree)
        return await import_cold(tree, installed.root, now, hash_seed=1)
    except FlyhotError as exc:
        logger.info("the running release could not be imported cold: %s", exc)
        return None
