"""How long sessions are held, and for what: 200 and 1,000 of them, with states that migrate."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from tests.faults.lab import SECOND, Lab

SESSIONS = (200, 1000)
HELD = ("reportheld", "load", "codechange", "verify", "vote", "commit", "resume")


async def measure() -> list[dict[str, Any]]:
    return [await _once(sessions) for sessions in SESSIONS]


async def _once(sessions: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="fh-", ignore_cleanup_errors=True) as folder:
        os.environ["FLYHOT_RUNTIME_DIR"] = f"{folder}/rt"
        (Path(folder) / "app").mkdir()
        lab = await Lab(Path(folder) / "app").start()
        await lab.connect(sessions)
        up = await lab.upgrade(SECOND)
        down = await lab.upgrade(lab.first, direction="down")
        for client in lab.clients:
            client.says()
            await client.until_answered()
            client.assert_in_order()
        await lab.close()
    for result in (up, down):
        assert result["outcome"] == "complete" and result["units_migrated"] == sessions + 1, result["error"]
    return {"sessions": sessions, "up": _parts(up), "down": _parts(down)}


def _parts(result: dict[str, Any]) -> dict[str, float]:
    parts = {name: round(result["phases_ms"].get(name, 0.0), 2) for name in HELD}
    return {"hold_ms": round(result["hold_ms"], 2), **parts}
