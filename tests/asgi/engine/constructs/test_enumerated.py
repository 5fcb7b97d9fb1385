from __future__ import annotations

import pytest

from .case import case, judge
from .enumerated import CASES, REFUSED


@pytest.mark.parametrize("name", CASES)
def test_an_enum_changes(name, tmp_path):
    verdict = judge(case(CASES[name]), tmp_path, here=True, counted=False)
    assert verdict.word == "right", verdict.why


@pytest.mark.parametrize("name", REFUSED)
def test_a_member_that_somebody_has_does_not_go(name, tmp_path):
    verdict = judge(case(REFUSED[name]), tmp_path, here=True, counted=False)
    assert verdict.word == "refused", verdict.why
    assert any("gone from the source, but still held by" in one for one in verdict.why)
