"""The time limit for synchronous code."""

from __future__ import annotations

import time

import pytest

from flyhot_asgi.session.budget import Overrun, within


def spin() -> None:
    while True:
        pass


def test_work_in_time_gives_its_result_and_its_errors() -> None:
    assert within(5, lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)


def test_endless_python_code_is_interrupted_where_it_is() -> None:
    with pytest.raises(Overrun) as caught:
        within(0.02, spin)
    assert caught.traceback[-1].name == "spin"


def test_work_that_swallows_the_interruption_is_too_late_all_the_same() -> None:
    def stubborn() -> int:
        try:
            spin()
        except BaseException:
            pass
        return 1

    with pytest.raises(Overrun):
        within(0.02, stubborn)


def test_a_call_that_can_not_be_interrupted_is_too_late_when_it_returns() -> None:
    with pytest.raises(Overrun):
        within(0.01, lambda: time.sleep(0.05))


def test_an_error_that_comes_too_late_is_an_overrun() -> None:
    def late() -> None:
        time.sleep(0.05)
        raise ValueError

    with pytest.raises(Overrun):
        within(0.01, late)


def test_no_interruption_is_left_over() -> None:
    for _ in range(30):
        try:
            within(0.001, lambda: sum(range(20_000)))
        except Overrun:
            pass
        time.sleep(0.0005)
    for _ in range(100_000):
        pass
