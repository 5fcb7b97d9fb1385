"""Events of this process's upgrades, and who listens to them."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

logger = logging.getLogger("flyhot.upgrade")

Kind = Literal["started", "held", "resumed", "complete", "failed", "rolled_back"]

IN_HAND = 1000
"""Events kept for an iterator that is not asked; older ones are dropped, and counted."""


@dataclass(frozen=True)
class Phase:
    """One step of an upgrade. `began`: epoch seconds; `seconds`: how long it took, in all if it was taken twice."""

    name: str
    began: float
    seconds: float


@dataclass(frozen=True)
class UpgradeEvent:
    """What happened to an upgrade of this process.

    kind            started, held, resumed; then one of complete, rolled_back (applied and undone), failed
    id, direction   of the upgrade; "up" or "down"
    app, root       the app's name, and its folder
    from_release    digest of what ran before
    to_release      digest of what was to run
    at              epoch seconds
    outcome         at the end: complete, already, refused, failed, aborted, rolled_back, broken, cancelled; else ""
    sessions        how many were held, from `held` on
    hold_ms         how long, from `resumed` on
    units_migrated  whose `code_change` ran, at the end
    phases          what was done so far
    error           at the end: why not, for people; else ""
    """

    kind: Kind
    id: str
    direction: str
    app: str
    root: str
    from_release: str
    to_release: str
    at: float
    outcome: str = ""
    sessions: int = 0
    hold_ms: float = 0.0
    units_migrated: int = 0
    phases: tuple[Phase, ...] = ()
    error: str = ""


class Subscription:
    """An async iterator over events, from now on; or, with a callback, what ends that one. `close()` it, or use it in a
    `with`. Belongs to the event loop in which it is iterated. `missed`: events that were dropped, as nobody took
    them."""

    def __init__(self, callback: Callable[[UpgradeEvent], object] | None = None) -> None:
        self.missed = 0
        self._callback = callback
        self._events: deque[UpgradeEvent] = deque(maxlen=IN_HAND)
        self._stirred = asyncio.Event()
        self._open = True

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Hear no more; an iteration ends after what is in hand. Idempotent."""
        self._open = False
        _subscriptions.pop(self, None)
        self._stirred.set()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> UpgradeEvent:
        while not self._events:
            if not self._open:
                raise StopAsyncIteration
            self._stirred.clear()
            await self._stirred.wait()
        return self._events.popleft()

    def take(self, event: UpgradeEvent) -> None:
        """Called with each event. Never raises."""
        if not self._open:
            return
        if self._callback is None:
            self.missed += len(self._events) == IN_HAND
            self._events.append(event)
            self._stirred.set()
            return
        try:
            self._callback(event)
        except Exception:
            logger.exception("a subscriber to upgrades failed at %r", event.kind)


_subscriptions: dict[Subscription, None] = {}


def subscribe(callback: Callable[[UpgradeEvent], object] | None = None) -> Subscription:
    """Hear of every upgrade of this process: by a callback, or by iterating over what is returned.

        async for event in subscribe():
            ...

    A callback is called in the event loop, by itself: never in the part of a hold in which the loop stands still, and
    what it raises is logged. It should be quick: between `held` and `resumed`, sessions wait for it.
    """
    subscription = Subscription(callback)
    _subscriptions[subscription] = None
    return subscription


def publish(event: UpgradeEvent) -> None:
    """Give the event to all subscribers, in the loop's next turn and in order. Call it in the event loop."""
    if _subscriptions:
        asyncio.get_running_loop().call_soon(_deliver, event, tuple(_subscriptions))


def _deliver(event: UpgradeEvent, to: tuple[Subscription, ...]) -> None:
    for subscription in to:
        subscription.take(event)
