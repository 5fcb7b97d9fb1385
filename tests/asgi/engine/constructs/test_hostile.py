"""What a hostile judge found: right, or refused where no engine could do it."""

from __future__ import annotations

import pytest

from .case import case, judge
from .hostile import CASES, REFUSED


@pytest.mark.parametrize("name", CASES)
def test_what_a_stranger_writes_is_right(name, tmp_path):
    verdict = judge(case(CASES[name]), tmp_path)
    assert verdict.word == ("refused" if name in REFUSED else "right"), verdict.why
