"""State of Python's own objects outlives that their statement is written otherwise."""

from __future__ import annotations

import pytest

from .begun import REFUSED, RIGHT
from .case import case, judge


@pytest.mark.parametrize("name", RIGHT)
def test_how_far_it_is_stays(name, tmp_path):
    verdict = judge(case(RIGHT[name]), tmp_path)
    assert verdict.word == "right", verdict.why


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_begin_anew_is_refused(name, tmp_path):
    verdict = judge(case(REFUSED[name]), tmp_path)
    assert verdict.word == "refused", verdict.why
