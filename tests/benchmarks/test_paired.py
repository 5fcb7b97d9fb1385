"""What the benchmarks conclude from what they measured."""

from __future__ import annotations

import random

import pytest

from tests.benchmarks.paired import ratio


def slices(level: float, count: int, chance: random.Random) -> list[tuple[float, float]]:
    """Pairs on a machine that is at times half as quick; one of a pair is hit a little otherwise than the other."""
    busy = [chance.uniform(0.5, 1.0) for _ in range(count)]
    return [(each * level * chance.gauss(1, 0.03), each * chance.gauss(1, 0.03)) for each in busy]


def test_a_ratio_is_seen_through_a_busy_machine() -> None:
    chance = random.Random(3)
    found = ratio([slices(0.97, 200, chance) for _ in range(6)])
    assert found.low < 0.97 < found.high < 0.98
    assert abs(found.value - 0.97) < 0.005


def test_processes_that_differ_widen_the_interval_however_many_slices_they_had() -> None:
    chance = random.Random(5)
    alike = ratio([slices(1.0, 200, chance) for _ in range(6)])
    apart = ratio([slices(each, 200, chance) for each in (0.95, 0.97, 0.99, 1.01, 1.03, 1.05)])
    assert apart.low < 0.98 and apart.high > 1.02, "two more such processes may be anything"
    assert alike.high - alike.low < (apart.high - apart.low) / 3


def test_of_one_set_only_its_slices_are_drawn() -> None:
    assert ratio([[(2.0, 1.0), (2.0, 1.0)]]).document() == {"ratio": 2.0, "between": [2.0, 2.0]}


@pytest.mark.parametrize("sets", [[], [[]], [[(1.0, 1.0)], []]])
def test_nothing_measured_is_no_ratio(sets: list[list[tuple[float, float]]]) -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        ratio(sets)
