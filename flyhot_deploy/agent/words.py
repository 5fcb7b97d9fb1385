"""What an agent says of itself and of its workers, as plain data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flyhot_asgi.errors import FlyhotError, StoreError

from .memory import Memory
from .workers import Look

SHOWN = (
    *("pid", "release", "verified", "state", "since", "websockets", "http_in_flight", "clients", "sessions", "pinned"),
    "python",
)

MOST_MODULES = 5000


def memory(known: Memory) -> dict[str, Any]:
    """How far it is in which deploy."""
    return {"provisional": known.provisional, "deploy": known.deploy or None, "word": known.word or None}


def look(seen: Look) -> dict[str, Any]:
    """What its workers run."""
    return {
        "releases": list(seen.running),
        "release": seen.running[0] if len(seen.running) == 1 and not seen.silent else None,
        "workers": [worker(document) for document in seen.documents],
        "silent": list(seen.silent),
        "imported": imported(seen),
    }


def imported(seen: Look) -> list[list[str]]:
    """What the workers have imported of the app: name and file of each module, in the order of the import."""
    found: dict[str, list[str]] = {}
    for document in seen.documents:
        listed = document.get("imported")
        for one in listed if isinstance(listed, list) else []:
            found.setdefault(str(one[0]), [str(one[0]), str(one[1])])
    return list(found.values())[:MOST_MODULES]


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
