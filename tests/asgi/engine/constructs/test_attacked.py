"""What somebody found who looked for what breaks."""

from __future__ import annotations

import pytest

from .abandoned import ALIASED
from .abandoned import REFUSED as ABANDONED
from .abandoned import RIGHT as GONE
from .attacked import REFUSED, RIGHT
from .case import case, judge
from .closures import REFUSED as CLOSURES
from .closures import RIGHT as STAYS
from .keyed import REFUSED as KEYED
from .keyed import RIGHT as FOUND

RIGHT = {**RIGHT, **FOUND, **STAYS, **GONE}
REFUSED = {**REFUSED, **KEYED, **CLOSURES, **ABANDONED}


@pytest.mark.parametrize("name", RIGHT)
def test_it_is_right(name, tmp_path):
    verdict = judge(case(RIGHT[name]), tmp_path, here=True)
    assert verdict.word == "right", verdict.why


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_and_says_why(name, tmp_path):
    text, why = REFUSED[name]
    verdict = judge(case(text), tmp_path)
    assert verdict.word == "refused" and why in verdict.why[0], verdict


@pytest.mark.parametrize("name", ALIASED)
def test_it_is_right_without_a_copy_beside_it(name, tmp_path):
    verdict = judge(case(ALIASED[name]), tmp_path)
    assert verdict.word == "right", verdict.why
