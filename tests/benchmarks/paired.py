"""Is one thing as quick as another, on a machine that does other work? Ratios of pairs, and how far they are true.

What is compared runs in **sets** of servers started anew, each in short slices taken in turns. Two slices right after
one another see the same machine, so their ratio tells more than either figure; but two processes of the same program
differ by a per cent or two for as long as they live (where their memory lies, how their strings hash). So the slices of
one set, however many, say only how that pair of processes compares: the ratio is the mean over sets of each set's
median, and the interval comes from drawing sets, and slices in them, at random (a bootstrap on two levels). Pure.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

DRAWS = 2000


@dataclass(frozen=True)
class Ratio:
    """`value` lies between `low` and `high` in 95 of 100 repetitions."""

    value: float
    low: float
    high: float

    def document(self) -> dict[str, object]:
        return {"ratio": round(self.value, 4), "between": [round(self.low, 4), round(self.high, 4)]}


def ratio(sets: Sequence[Sequence[tuple[float, float]]], *, draws: int = DRAWS, seed: int = 1) -> Ratio:
    """Of the first of each pair to the second. `sets`: per set of servers, its pairs of slices. Raises ValueError if
    there is none, or a set without pairs."""
    ratios = [[one / other for one, other in pairs] for pairs in sets]
    if not ratios or not all(ratios):
        raise ValueError("nothing was measured")
    chance = random.Random(seed)
    drawn = sorted(
        _mean([chance.choices(one, k=len(one)) for one in chance.choices(ratios, k=len(ratios))]) for _ in range(draws)
    )
    return Ratio(_mean(ratios), drawn[int(0.025 * draws)], drawn[int(0.975 * draws)])


def _mean(sets: Sequence[Sequence[float]]) -> float:
    return statistics.fmean(map(statistics.median, sets))
