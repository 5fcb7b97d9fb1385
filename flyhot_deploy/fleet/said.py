"""What a machine said, out of a store that others can write to: the fields that are looked at, each of its kind. Pure.

A report decides nothing about code, so it is not signed; and it may hold anything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

MOST = 1000
LONGEST = 4000


def read_report(document: Mapping[str, Any]) -> dict[str, Any]:
    """A machine's word in a deploy. A field of the wrong kind is as one that is missing."""
    return {
        "word": _text(document.get("word")),
        "deploy": _text(document.get("deploy")),
        "releases": _texts(document.get("releases")),
        "from": _texts(document.get("from")),
        "processes": [_process(item) for item in _objects(document.get("processes"))],
        "plan": _object(document.get("plan")),
        "error": _error(document.get("error")),
        "notes": _texts(document.get("notes")),
        "well": document.get("well") is True,
    }


def read_status(document: Mapping[str, Any]) -> dict[str, Any]:
    """What a machine says that it runs. A field of the wrong kind is as one that is missing."""
    release, at = document.get("release"), document.get("at")
    return {
        "image": _text(document.get("image")),
        "releases": _texts(document.get("releases")),
        "release": release[:LONGEST] if isinstance(release, str) else None,
        "provisional": document.get("provisional") is True,
        "workers": [_worker(item) for item in _objects(document.get("workers"))],
        "imported": [(one[0], one[1]) for one in map(_texts, _list(document.get("imported"))[:5000]) if len(one) == 2],
        "silent": [pid for pid in _list(document.get("silent")) if type(pid) is int][:MOST],
        "store": _text(document.get("store")) or None,
        "error": _error(document.get("error")),
        "at": _number(at),
    }


def _process(item: dict[str, Any]) -> dict[str, Any]:
    return item | {"hold_ms": _number(item.get("hold_ms")), "notes": _texts(item.get("notes"))}


def _worker(item: dict[str, Any]) -> dict[str, Any]:
    return item | {"pinned": _objects(item.get("pinned")), "sessions": _objects(item.get("sessions"))}


def _error(value: object) -> dict[str, Any] | None:
    """An error's document, as `FlyhotError.document` makes it."""
    if not isinstance(value, dict):
        return None
    found: dict[str, Any] = {
        name: _text(value.get(name)) or None for name in ("kind", "message", "file", "do", "detail")
    }
    line = value.get("line")
    return found | {"message": found["message"] or "it does not say why", "line": line if type(line) is int else None}


def _text(value: object) -> str:
    return value[:LONGEST] if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [item[:LONGEST] for item in _list(value) if isinstance(item, str)][:MOST]


def _object(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in _list(value) if isinstance(item, dict)][:MOST]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: object) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
    return float(value) if good and isinstance(value, int | float) and math.isfinite(value) else 0.0
