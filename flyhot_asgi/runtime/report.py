"""What an upgrade says of itself: the documents that cross the control socket. Pure."""

from __future__ import annotations

import os
from typing import Any

from ..engine import Plan
from ..errors import FlyhotError


def plan_document(plan: Plan | None, old: str, new: str, assets: dict[str, list[str]]) -> dict[str, Any]:
    """PLAN: from, to, modules, assets, steps, refusals, notes, stale_frames."""
    body = plan.document() if plan is not None else {"modules": {"changed": [], "added": [], "deleted": []}}
    empty: dict[str, Any] = {"steps": [], "refusals": [], "notes": [], "stale_frames": []}
    return {"from": old, "to": new, "assets": assets, **empty, **body}


def result_document(
    *,
    outcome: str,
    old: str,
    new: str,
    plan: Plan | None,
    document: dict[str, Any] | None,
    verified: bool,
    hold_ms: float,
    phases_ms: dict[str, float],
    units_migrated: int,
    sessions: int,
    error: FlyhotError | None,
) -> dict[str, Any]:
    """RESULT of one process. `verified` is true only if its living code was compared with `to` and found equal."""
    return {
        "pid": os.getpid(),
        "outcome": outcome,
        "from": old,
        "to": new,
        "verified": verified,
        "hold_ms": round(hold_ms, 3),
        "phases_ms": {name: round(value, 3) for name, value in phases_ms.items()},
        "modules": document["modules"] if document else {"changed": [], "added": [], "deleted": []},
        "definitions": plan.counts() if plan is not None else {},
        "units_migrated": units_migrated,
        "sessions": sessions,
        "stale_frames": document["stale_frames"] if document else [],
        "notes": document["notes"] if document else [],
        "plan": document,
        "error": error.document() if error is not None else None,
    }
