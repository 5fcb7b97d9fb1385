"""What goes on in old code is told before it fails."""

from __future__ import annotations

import pytest

from .case import case, judge
from .under_way import QUEUED, REFUSED, RIGHT


@pytest.mark.parametrize("name", REFUSED)
def test_a_call_that_fits_no_more_is_refused_while_somebody_is_under_way_to_it(name, tmp_path):
    verdict = judge(case(REFUSED[name]), tmp_path)
    assert verdict.word == "refused", verdict.why
    assert any("of it under way still" in line for line in verdict.why), verdict.why


@pytest.mark.parametrize("name", RIGHT)
def test_a_call_that_fits_is_not(name, tmp_path):
    verdict = judge(case(RIGHT[name]), tmp_path)
    assert verdict.word == "right", verdict.why


@pytest.mark.parametrize("name", QUEUED)
def test_what_old_code_queued_in_another_shape_is_refused(name, tmp_path):
    verdict = judge(case(QUEUED[name]), tmp_path)
    assert verdict.word == "refused", verdict.why
    assert any("takes them apart into 3" in line for line in verdict.why), verdict.why
