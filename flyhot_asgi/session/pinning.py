"""Who is pinned, from the moment when an upgrade could not wait any longer to the boundary at which it catches up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flyhot_asgi.errors import MigrationFailed
from flyhot_asgi.session.actor import Actor
from flyhot_asgi.session.connection import Session
from flyhot_asgi.session.duty import SERVICE_RESTART, Dismissal
from flyhot_asgi.session.migrate import code_change_of
from flyhot_asgi.session.pins import Direction, Pin, Step, kept_change
from flyhot_asgi.session.registry import Busy, Registry
from flyhot_asgi.session.unit import Unit
from flyhot_asgi.types import Message

logger = logging.getLogger("flyhot.session")

Missed = dict[str, list[tuple[Unit, Step]]]
"""By the id of the pin: what each unit would have been migrated by."""


def pin(registry: Registry, who: Session | Actor, busy: Busy | None) -> None:
    """Leave it out of the upgrade that is being gathered for."""
    registry.pins[who.id] = Pin(who.id, str(busy) if busy is not None else who.id, "")


def let_go(registry: Registry) -> None:
    """The upgrade has not happened, or its hold is over: what was pinned for it alone, is no more. Idempotent."""
    for id in [id for id, pin in registry.pins.items() if not pin.confirmed]:
        del registry.pins[id]


def let_in(registry: Registry) -> None:
    """Who has come to its boundary meanwhile takes part. To be called right before the migration."""
    for id in [id for id, pin in registry.pins.items() if not pin.confirmed]:
        who = registry.find(id)
        if who is None or who.quiescent:
            del registry.pins[id]


def missed(
    registry: Registry,
    direction: Direction,
    older: Callable[[type], str],
    newer: Callable[[type], str],
    extra: Mapping[str, Any],
) -> Missed:
    """What the pinned ones are missing now: worked out with the migration, when the newer release's code is there."""
    found: Missed = {}
    for id in registry.pins:
        who = registry.find(id)
        steps = found[id] = []
        for unit in who.units if who is not None else ():
            old, new, instance = older(unit.cls), newer(unit.cls), unit.instance
            if old != new and instance is not None:
                change = kept_change(code_change_of(unit.cls, instance))
                steps.append((unit, Step(direction, old, new, change, dict(extra))))
    return found


def confirm(registry: Registry, found: Missed, vsn: Callable[[], str], *, old: str) -> list[str]:
    """The upgrade is committed: who is pinned stays so until its boundary. Returns a line on each. `vsn`: the release
    that runs when it is asked; `old`: the one that ran before."""
    lines = []
    for id, pin in list(registry.pins.items()):
        who = registry.find(id)
        if who is None:
            del registry.pins[id]
            continue
        for unit, step in found.get(id, ()):
            pin.add(unit, step)
        lines.append(pin.who)
        if not who.units:  # no state: only its frame is old, and ends so
            del registry.pins[id]
            if isinstance(who, Session):
                who.waived = True
                who.gate.owe(WaitedForAgain(who))
            continue
        if not pin.confirmed:
            pin.confirmed, pin.vsn = True, old
            _owe(registry, who, pin, vsn)
    return lines


def _owe(registry: Registry, who: Session | Actor, pin: Pin, vsn: Callable[[], str]) -> None:
    if isinstance(who, Session):
        who.gate.owe(CatchUp(registry, who, pin, vsn))
        return

    def settle() -> None:
        registry.pins.pop(pin.id, None)
        try:
            pin.settle(who.units, vsn())
        except MigrationFailed as exc:
            registry.report(f"{exc.message}, after it had been pinned; it was ended")
            raise

    who.owe(settle)


class WaitedForAgain:
    """The duty of a session without state that a hold would not wait for: it has come back."""

    lasting = False

    def __init__(self, session: Session) -> None:
        self._session = session

    def ready(self) -> bool:
        return True

    def discharge(self) -> None:
        self._session.waived = False


class CatchUp:
    """The duty of a pinned session. One that fails closes it: the upgrade stands, and its state fits no code any
    more."""

    lasting = False

    def __init__(self, registry: Registry, session: Session, pin: Pin, vsn: Callable[[], str]) -> None:
        self._registry = registry
        self._session = session
        self._pin = pin
        self._vsn = vsn

    def ready(self) -> bool:
        return not self._session.has_bodies

    def discharge(self) -> Message | None:
        self._registry.pins.pop(self._pin.id, None)
        units: Sequence[Unit] = tuple(self._session.units)
        try:
            self._pin.settle(units, self._vsn())
        except MigrationFailed as exc:
            what = f"{exc.message}, after it had been pinned; it was closed with {SERVICE_RESTART}"
            logger.error("%s", what, exc_info=exc)
            self._registry.report(what)
            gate = self._session.gate
            self._registry.spawn(lambda: gate.close(SERVICE_RESTART, "new release"), name=f"closing {self._session.id}")
            return {"type": "websocket.disconnect", "code": SERVICE_RESTART, "reason": "new release"}
        return None


def dismiss(registry: Registry, session: Session | None, why: str) -> str:
    """Close a session with a unit whose state could not be migrated; nothing that its client sent is handled any more.
    Returns a line on it."""
    if session is not None:
        gate = session.gate
        gate.owe(Dismissal("new release"))
        registry.spawn(lambda: gate.close(SERVICE_RESTART, "new release"), name=f"closing {session.id}")
    line = f"{why}; it was closed with {SERVICE_RESTART}"
    registry.report(line)
    return line


async def evict(registry: Registry, sessions: Sequence[Session], seconds: float) -> None:
    """Close sessions that are at work with 1012, cancel their tasks, and wait until they are gone, so many seconds at
    most. Safe to cancel."""
    for session in sessions:
        try:
            async with asyncio.timeout(seconds):
                await session.gate.close(SERVICE_RESTART, "new release")
        except (OSError, RuntimeError, TimeoutError):
            logger.debug("%s was gone before it could be closed", session.id)
        session.evict()
    tasks = [session.task for session in sessions if session.task is not None]
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)
