"""When a handler is started anew."""

from __future__ import annotations

import pytest

from flyhot_asgi.stateful.supervision import Supervision, Verdict

UP, DOWN, OUT = Verdict.START_ANEW, Verdict.STAY_DOWN, Verdict.GIVE_UP


@pytest.mark.parametrize(
    ("restart", "crashed", "verdict"),
    [
        ("permanent", True, UP),
        ("permanent", False, UP),
        ("transient", True, UP),
        ("transient", False, DOWN),
        ("temporary", True, DOWN),
        ("temporary", False, DOWN),
    ],
)
def test_what_a_kind_of_child_does_at_an_end(restart: str, crashed: bool, verdict: Verdict) -> None:
    assert Supervision(restart, 3, 5.0).ended(0.0, crashed=crashed) is verdict  # type: ignore[arg-type]


def test_more_than_intensity_restarts_within_the_period_are_too_many() -> None:
    supervision = Supervision("transient", 2, 5.0)
    assert [supervision.ended(now, crashed=True) for now in (0.0, 1.0, 2.0)] == [UP, UP, OUT]
    assert supervision.count == 2


def test_what_lies_further_back_than_the_period_is_forgotten() -> None:
    supervision = Supervision("transient", 2, 5.0)
    assert [supervision.ended(now, crashed=True) for now in (0.0, 4.0, 5.1, 9.2, 9.3)] == [UP, UP, UP, UP, OUT]


def test_no_restart_at_all_may_be_allowed() -> None:
    assert Supervision("permanent", 0, 5.0).ended(0.0, crashed=True) is OUT
