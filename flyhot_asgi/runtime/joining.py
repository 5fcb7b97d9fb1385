"""A worker that its server has started anew joins the release that the other workers run, before it serves anybody.

It opens its control socket first, and looks for its crew's note then. A deploy does it the other way round: when all
have prepared, and so have left their notes, it looks for sockets of processes that it does not know. So whoever comes
up in the middle has seen the note, and waits for the decision; or is seen, and takes part.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ..control.crew import Crew, supervisor
from ..control.decision import Decisions
from ..errors import ControlError, FlyhotError
from .coordinator import Alone, Coordinator
from .installed import Installed
from .order import Order, is_cold
from .recordings import Recordings

logger = logging.getLogger("flyhot.upgrade")

LOOK_SECONDS = 0.05
MARGIN = 5.0
"""Seconds beyond those that an upgrade's own bounds allow it. In all it must be less than the 30 s in which gunicorn
wants to hear of a new worker."""


@dataclass
class Joining:
    """A process that comes up. `tx` is the upgrade whose decision it waits for."""

    tx: str | None = None


class Joins(Protocol):
    """The process that may have to join. `AppProcess` is one."""

    joining: Joining | None

    def ready(self) -> Installed: ...

    async def upgrade(self, order: Order, coordinator: Coordinator) -> dict[str, Any]: ...


def crew_in(folder: Path) -> Crew | None:
    """The crew of this process, by its app's runtime folder; None for a process without a supervisor."""
    name = supervisor()
    return Crew(folder, name) if name is not None else None


def may_take(order: Order) -> float:
    """Seconds after which an upgrade is decided, one way or the other."""
    return order.suspend_timeout + order.http_drain + order.hold_budget + order.vote_timeout + MARGIN


async def join(process: Joins, crew: Crew, decisions: Decisions) -> None:
    """Bring this process to the release that its crew runs, if that is another one. What can't be done is said in the
    log: the app then serves what was imported, and the status shows it. Safe to cancel."""
    try:
        await asyncio.to_thread(crew.forget)
        wanted = await _wanted(crew, decisions, process.joining or Joining())
        installed = process.ready()
        if wanted is None or wanted == installed.digest:
            return
        logger.info("worker started with %s; its crew runs %s: it joins", installed.vsn, wanted[:12])
        order = await asyncio.to_thread(_order, installed, wanted)
        result = await process.upgrade(order, Alone())
        if result["outcome"] != "complete":
            raise ControlError(str((result["error"] or {}).get("message", result["outcome"])))
    except FlyhotError as exc:
        logger.error(
            "this worker can't join the release that the other workers run, and serves what lies in its folder: %s "
            "(deploy again, or restart the server)",
            exc,
        )


async def _wanted(crew: Crew, decisions: Decisions, joining: Joining) -> str | None:
    """The release that stands; waits for a decision that is due. Raises ControlError."""
    while (note := await asyncio.to_thread(crew.read)) is not None and note.tx is not None:
        word = decisions.standing(note.tx)
        if word is None and time.time() >= note.until:  # nobody is there to decide any more
            word = decisions.decide(note.tx, "abort")
        if word is not None:
            return note.release if word == "commit" else note.old
        joining.tx = note.tx
        await asyncio.sleep(LOOK_SECONDS)  # the others tell nobody who is not there yet
    return note.release if note is not None else None


def _order(installed: Installed, wanted: str) -> Order:
    """Blocking. Raises StoreError."""
    release = installed.store.get_release(wanted)
    direction = installed.store.history().direction(installed.digest, wanted)
    cold = Recordings(installed.store.path).find(installed.digest, wanted)
    known = cold if cold is not None and is_cold(cold) else None
    return Order(release=release, id=f"join-{wanted[:12]}", direction=direction, cold=known, joins=True)
