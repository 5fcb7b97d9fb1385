"""The long run of `tests/benchmarks/soak.py`, short: nothing lost, doubled or closed, and old code is freed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.soak import soak


async def test_many_upgrades_in_a_row_a_third_of_which_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLYHOT_RUNTIME_DIR", "replaced by the run, and put back afterwards")
    found: dict[str, Any] = await soak(clients=40, upgrades=20, messages=8_000)
    assert found["messages"] == 8_000
    assert found["unanswered"] == found["out_of_order_or_doubled"] == found["closed"] == 0, found
    assert sum(found["outcomes"].values()) == 20 and found["outcomes"]["complete"] == 14, found
    codes = found["code_objects"]
    assert codes["at_the_end"] <= codes["after_10"] + 2, "old releases' code stays in memory"
