"""Records a release for the machines while the deployer does something else: takes its lock, probes the store."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from flyhot_asgi.errors import FlyhotError
from flyhot_asgi.release.config import Settings

from ..circumstances import shared_key
from ..environment import Place
from ..local.progress import Fact, Notify
from ..packing import Packed
from ..recording import Predecessor, Recording, record
from ..repository.repository import Repository
from .members import Members
from .predecessor import environment_of, predecessor


@dataclass(frozen=True)
class Recorder:
    """The recording that is being made, and what it takes the machines to run. `None`: there is nothing to go by."""

    task: asyncio.Task[tuple[Predecessor, Recording] | None]
    notify: Notify

    async def result(self) -> Recording:
        """Waits for it. Never raises but when cancelled."""
        made = await self.task
        if made is None:
            return Recording()
        before, found = made
        if found.plan is None:
            self.notify(Fact(f"nothing was recorded, so machines look for themselves: {found.why}"))
        else:
            said = f"{len(found.plan['modules'])} modules, from {before.release[:12]}: {found.plan['outcome']}"
            self.notify(Fact(f"recorded and rehearsed: {said}"))
        return found


@contextlib.asynccontextmanager
async def recorder(
    place: Place,
    repository: Repository,
    packed: Packed,
    root: Path,
    settings: Settings,
    found: Members,
    environment: Mapping[str, str] | None,
    notify: Notify,
) -> AsyncIterator[Recorder]:
    """Begins at once, and ends with the block. `environment`: what the app sees here; None: it is never run here."""

    async def make() -> tuple[Predecessor, Recording] | None:
        key = shared_key(environment or {}, unsigned=place.trusted.allow_unsigned)
        if environment is None or key is None:
            return None
        before = await asyncio.to_thread(_before, repository, found)
        if before is None or before.release == packed.manifest.digest:
            return None
        return before, await record(packed.files, before, root, settings, environment=environment, key=key)

    task = asyncio.create_task(make(), name="flyhot-recording")
    try:
        yield Recorder(task, notify)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _before(repository: Repository, found: Members) -> Predecessor | None:
    try:
        base, said = found.image(), repository.said()
        theirs = [said[machine.id] for machine in found.running if machine.id in said]
        environment = environment_of(found.running[0], base)
        return predecessor(repository, repository.pointer().pointer, base, theirs, environment)
    except FlyhotError:
        return None
