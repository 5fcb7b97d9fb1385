"""The pace of one page's events, with a clock of our own."""

from __future__ import annotations

import pytest

from flyhot_asgi.live.pace import Pace


def test_a_burst_passes_and_then_each_event_waits_its_turn() -> None:
    pace = Pace(rate=10, burst=3, now=100.0)
    assert [pace.take(100.0) for _ in range(5)] == [0.0, 0.0, 0.0, pytest.approx(0.1), pytest.approx(0.2)]


def test_who_keeps_the_pace_never_waits_and_gets_his_burst_back() -> None:
    pace = Pace(rate=10, burst=2, now=0.0)
    assert [pace.take(n / 10) for n in range(50)] == [0.0] * 50
    assert pace.take(5.0) == 0.0
    assert [pace.take(60.0) for _ in range(3)] == [0.0, 0.0, pytest.approx(0.1)]


def test_a_clock_that_stands_still_or_goes_back_gives_nothing_away() -> None:
    pace = Pace(rate=10, burst=1, now=50.0)
    assert pace.take(50.0) == 0.0
    assert pace.take(40.0) == pytest.approx(0.1)


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (10, 0)])
def test_a_pace_that_would_let_nothing_pass_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match="nothing pass"):
        Pace(rate=rate, burst=burst, now=0.0)
