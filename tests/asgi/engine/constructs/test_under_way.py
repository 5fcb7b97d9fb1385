"""What goes on in old code is told before it fails."""

from __future__ import annotations

import pytest

from .case import case, judge
from .under_way import GIVEN, GIVEN_ALIKE, QUEUED, REFUSED, RIGHT


@pytest.mark.parametrize("name", REFUSED)
def test_a_call_that_fits_no_more_is_refused_while_somebody_is_under_way_to_it(name, tmp_path):
    verdict = judge(case(REFUSED[name]), tmp_path)
    assert verdict.word == "refused", verdict.why
    assert any("of it under way still" in line for line in verdict.why), verdict.why


@pytest.mark.parametrize("name", GIVEN)
def test_a_generator_that_is_kept_and_gives_another_kind_now_is_refused(name, tmp_path):
    verdict = judge(case(GIVEN[name]), tmp_path)
    assert verdict.word == "refused" and "still, where its code gives" in verdict.why[0], verdict


@pytest.mark.parametrize("name", {**RIGHT, **GIVEN_ALIKE})
def test_a_call_that_fits_is_not(name, tmp_path):
    verdict = judge(case({**RIGHT, **GIVEN_ALIKE}[name]), tmp_path)
    assert verdict.word == "right", verdict.why


@pytest.mark.parametrize("name", QUEUED)
def test_what_old_code_queued_in_another_shape_is_refused(name, tmp_path):
    verdict = judge(case(QUEUED[name]), tmp_path)
    assert verdict.word == "refused", verdict.why
    assert any("takes them apart into 3" in line for line in verdict.why), verdict.why
