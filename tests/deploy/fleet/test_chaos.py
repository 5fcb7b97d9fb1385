"""A few deploys while things die. `python -m tests.benchmarks fleet` runs hundreds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.fleet import chaos


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_dies_what_was_said_is_true_afterwards(tmp_path: Path, seed: int) -> None:
    outcomes = await chaos.deploys(tmp_path, seed, 4)
    assert len(outcomes) == 4


async def test_of_two_deployers_exactly_one_proceeds(tmp_path: Path) -> None:
    assert await chaos.two_at_once(tmp_path, 5) == [1] * 5
