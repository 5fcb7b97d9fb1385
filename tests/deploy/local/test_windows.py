"""The windows in which those who are held wait for the others, with a clock on paper."""

from __future__ import annotations

from flyhot_deploy.local.windows import Windows

A, B, AB = (1,), (2,), (1, 2)


def test_a_window_begins_when_somebody_is_held_and_each_is_twice_as_long_up_to_a_bound() -> None:
    windows, now = Windows(until=100.0, longest=0.3), 10.0
    found = []
    for _ in range(5):
        assert windows.look(now, (), AB) is None
        end = windows.look(now, A, B)
        assert end is not None
        found.append(round(end - now, 3))
        now = end
    assert found == [0.05, 0.1, 0.2, 0.3, 0.3]


def test_who_comes_meanwhile_makes_it_no_longer() -> None:
    windows = Windows(until=100.0, longest=1.0)
    assert windows.look(1.0, (1,), (2, 3)) == 1.05
    assert windows.look(1.04, (1, 2), (3,)) == 1.05


def test_those_who_are_asked_again_get_a_window_of_their_own() -> None:
    windows = Windows(until=100.0, longest=1.0)
    assert windows.look(1.0, A, B) == 1.05
    assert windows.look(1.05, (), B) is None  # let go
    assert windows.look(2.0, B, A) == 2.1
    assert windows.look(2.05, AB, ()) is None


def test_nobody_is_let_go_when_the_time_is_over() -> None:
    windows = Windows(until=5.0, longest=1.0)
    assert windows.look(5.0, A, B) is None
