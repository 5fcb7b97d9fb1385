"""Upgrades that are laid first and compared afterwards: for whoever waits in front of a screen.

Only code that is swapped, in a process that was compared with its release before: what a cold import would say then
takes longer than everything else together, and changes nothing in nearly all cases. It is made all the same, right
after, and a difference takes the process back to the last release that it was compared with.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from ..engine import SourceModule
from ..engine.oracle.request import failure_of, request_for_tree
from ..engine.rehearsal.scratch import image_twice
from ..engine.verification.recorded import Recorded, record
from ..engine.verification.sealed import seal
from ..errors import SourceError, UpgradeError
from ..release.folder import Release
from ..threads import in_thread, in_thread_until
from ..upgrade import Outcome
from .coordinator import Alone, Coordinator
from .installed import Installed
from .order import Order


class Laid(Protocol):
    """The process that is upgraded. `AppProcess` is one."""

    def ready(self) -> Installed: ...

    async def upgrade(self, order: Order, coordinator: Coordinator) -> dict[str, Any]: ...

    async def confirm(self, recorded: Recorded, base: str) -> dict[str, Any]: ...


class Ahead:
    """Owns what the process was last compared with. One call at a time."""

    def __init__(self, process: Laid) -> None:
        self._process = process
        self._base: tuple[str, Recorded] | None = None
        """The release, and what it looks like."""
        self._laid: Order | None = None

    async def lay(self, order: Order) -> dict[str, Any] | None:
        """Upgrade at once; RESULT, unverified as yet. None if it can't be done so: nothing was changed then."""
        installed = self._process.ready()
        if installed.record is not None:
            self._base = (installed.digest, installed.record)
        elif self._laid is None or installed.digest != self._laid.release.digest:
            self._base = None
        if self._base is None:
            return None
        result = await self._process.upgrade(replace(order, swaps_only=True), Alone())
        if result["outcome"] != Outcome.COMPLETE.value:
            return None
        self._laid = order
        return result

    async def confirm(self) -> dict[str, Any]:
        """Compare the process with a cold import of what was laid: RESULT, verified; or `rolled_back`, to the release
        that it was last compared with, and why. Takes as long as the app's import.

        Raises SourceError if the release can't be imported: the process is taken back then, too. Safe to cancel.
        """
        assert self._base is not None
        base, known = self._base
        installed = self._process.ready()
        try:
            recorded = await in_thread_until(lambda cancel: _recorded(installed, known, cancel))
        except SourceError:
            await self._go_back(base, known)
            raise
        return await self._process.confirm(recorded, base)

    async def _go_back(self, base: str, known: Recorded) -> None:
        assert self._laid is not None
        release = await in_thread(lambda: self._process.ready().store.get_release(base))
        recorded = replace(known, old=None)
        order = replace(self._laid, release=release, id=f"{self._laid.id}-back", direction="down", recorded=recorded)
        result = await self._process.upgrade(order, Alone())
        if result["outcome"] != Outcome.COMPLETE.value:
            why = (result["error"] or {}).get("message", result["outcome"])
            raise UpgradeError(f"what was saved can't be imported, nor taken back: {why}", do="restart the app")


def _recorded(installed: Installed, known: Recorded, cancel: threading.Event) -> Recorded:
    """What the running release looks like, beside the one that is known. Raises SourceError, StoreError, Cancelled."""
    release = installed.store.get_release(installed.digest)
    request = request_for_tree(release.tree, installed.root, _sources(installed, release))
    limit = installed.settings.import_timeout
    first, again = image_twice(request, installed.digest, installed.images, timeout=limit, cancel=cancel)
    for image in (first, again):
        for name, failure in image["failed"].items():
            if name not in known.left_out:
                raise failure_of(request, failure)
    found = Recorded.of(seal({**record(first, again, None), "left_out": known.left_out}, known.salt))
    assert found is not None
    found.old = known.new
    found.masked |= known.masked
    return found


def _sources(installed: Installed, release: Release) -> Mapping[str, SourceModule]:
    live = installed.live()
    sources = installed.sources_with(release, live).new
    return {name: sources[name] for name in live if name in sources}
