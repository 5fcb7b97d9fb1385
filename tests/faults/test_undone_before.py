"""What an upgrade that was undone has left behind as garbage is in no later one's way."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest

from .lab import FIRST, Lab, edited

MAIN = FIRST["main.py"]
RELEASE = ("RELEASE = 1\n", "RELEASE = 2\n")
WITH_BASE = (
    ("class Clock:\n", "class Named:\n    def title(self):\n        return 'n'\n\n\nclass Clock(Named):\n"),
    ("    def tick(self):\n", "    def code_change(self, *a):\n        raise ValueError\n\n    def tick(self):\n"),
)
WITH_MORE = (
    ("class Clock:\n", "class Other:\n    pass\n\n\nclass Clock(Other):\n"),
    (
        "    def tick(self):\n",
        "    def code_change(self, old_vsn, state, extra):\n        return state\n\n    def tick(self):\n",
    ),
)


@pytest.mark.parametrize("more", [(), WITH_MORE], ids=["bodies", "classes made anew"])
async def test_a_class_that_an_undone_upgrade_made_is_not_taken_for_living(tmp_path: Path, more: Any) -> None:
    """It is garbage in a circle, which nobody may have collected when the next upgrade keeps what lives."""
    (tmp_path / "app").mkdir()
    lab = await Lab(tmp_path / "app", {**FIRST, "main.py": MAIN}).start()
    enabled = gc.isenabled()
    gc.disable()
    try:
        undone = await lab.upgrade({**FIRST, "main.py": edited(MAIN, RELEASE, *WITH_BASE)})
        assert undone["outcome"] == "rolled_back" and "ValueError" in undone["error"]["message"], undone["error"]
        after = await lab.upgrade({**FIRST, "main.py": edited(MAIN, RELEASE, *more)})
        assert after["outcome"] == "complete", after["error"]
    finally:
        if enabled:
            gc.enable()
        await lab.close()
