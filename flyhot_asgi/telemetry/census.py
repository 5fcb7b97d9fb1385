"""Who is served right now, by the apps of this process: counted when somebody asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Census:
    """One app. `release`: first 12 digits of what runs; `sessions`: websockets by the class, or function, that serves
    them; `held`: are they held in this moment?"""

    app: str
    release: str
    sessions: Counter[str]
    http_in_flight: int
    held: bool


_counters: dict[Callable[[], Census], None] = {}


def add(count: Callable[[], Census]) -> None:
    """From now on `count()` speaks for one app. Idempotent."""
    _counters[count] = None


def remove(count: Callable[[], Census]) -> None:
    """Idempotent."""
    _counters.pop(count, None)


def take() -> list[Census]:
    """One for each app that runs here. Safe to call in any thread."""
    return [count() for count in tuple(_counters)]
