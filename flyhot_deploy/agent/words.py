"""What an agent says of itself and of its workers, as plain data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flyhot_asgi.errors import FlyhotError, StoreError

SHOWN = ("pid", "release", "state", "since", "websockets", "http_in_flight", "clients", "sessions", "pinned", "python")


def worker(document: Mapping[str, Any]) -> dict[str, Any]:
    """What `status` shows of a worker."""
    return {name: document.get(name) for name in SHOWN}


def error(message: str) -> dict[str, Any]:
    """An error's document."""
    return FlyhotError(message).document()


def stale() -> StoreError:
    """The pointer is too old to install anything by."""
    return StoreError(
        "the pointer in the store has expired: nothing new is installed by it, what runs goes on",
        do="deploy again: that writes a fresh one",
    )
