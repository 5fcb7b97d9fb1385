"""Every construct is right or refused."""

from __future__ import annotations

import pytest

from .adversary import CASES as ADVERSARY
from .bases import CASES as BASES
from .bases import HALF_WAY
from .case import case, judge
from .classes import CASES as CLASSES
from .combined import CASES as COMBINED
from .commands import CASES as COMMANDS
from .crossing import CASES as CROSSING
from .entered import CASES as ENTERED
from .entered import RIGHT
from .first_sight import CASES as FIRST_SIGHT
from .first_sight import OR_REFUSED
from .found import CASES as FOUND
from .functions import CASES as FUNCTIONS
from .gone import DEPENDS, GOES
from .gone import STAYS as GONE_AND_KEPT
from .lasting import CASES as LASTING
from .lasting import RIGHT as STAYS_RIGHT
from .layouts import CASES as LAYOUTS
from .layouts import OR_REFUSED as LAYOUTS_OR_REFUSED
from .libraries import CASES as LIBRARIES
from .libraries import OR_REFUSED as LIBRARIES_OR_REFUSED
from .modules import CASES as MODULES
from .of_attrs import CASES as ATTRS
from .outliving import CASES as OUTLIVING
from .records import REFUSED
from .records import RIGHT as RECORDS_RIGHT
from .registries import CASES as REGISTRIES
from .state import CASES as STATE
from .statements import CASES as STATEMENTS
from .strangers import CASES as STRANGERS
from .unseen import CASES as UNSEEN

ALL = {
    **FUNCTIONS,
    **MODULES,
    **CLASSES,
    **STATE,
    **FOUND,
    **STATEMENTS,
    **REGISTRIES,
    **COMBINED,
    **COMMANDS,
    **OUTLIVING,
    **ADVERSARY,
    **CROSSING,
    **UNSEEN,
    **ATTRS,
    **STRANGERS,
    **LASTING,
    **HALF_WAY,
    **OR_REFUSED,
    **LIBRARIES_OR_REFUSED,
}
NEVER_REFUSED = {**LIBRARIES, **STAYS_RIGHT, **BASES, **FIRST_SIGHT, **RECORDS_RIGHT, **GOES}


@pytest.mark.parametrize("name", ALL)
def test_a_construct_is_right_or_refused(name, tmp_path):
    verdict = judge(case(ALL[name]), tmp_path)
    assert verdict.word in ("right", "refused"), verdict.why


@pytest.mark.parametrize("name", NEVER_REFUSED)
def test_what_libraries_do_is_right(name, tmp_path):
    verdict = judge(case(NEVER_REFUSED[name]), tmp_path)
    assert verdict.word == "right", verdict.why


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_class_with_other_slots_takes_the_place_of_the_living_one(name, tmp_path):
    verdict = judge(case(LAYOUTS[name]), tmp_path, counted=False)
    assert verdict.word == "right", verdict.why


@pytest.mark.parametrize("name", LAYOUTS_OR_REFUSED)
def test_other_slots_are_refused_where_somebody_can_not_be_told(name, tmp_path):
    verdict = judge(case(LAYOUTS_OR_REFUSED[name]), tmp_path, counted=False)
    assert verdict.word in ("right", "refused"), verdict.why


def test_other_slots_are_refused_where_somebody_holds_the_class_unseen(tmp_path):
    verdict = judge(case(LAYOUTS["slots come to a plain class"]), tmp_path, counted=True)
    assert verdict.word == "refused" and "where the collector does not look" in verdict.why[0], verdict.why


@pytest.mark.parametrize("name", REFUSED)
def test_data_in_a_shape_that_nobody_makes_any_more_is_refused(name, tmp_path):
    verdict = judge(case(REFUSED[name]), tmp_path)
    assert verdict.word == "refused", verdict.why


@pytest.mark.parametrize("name", ENTERED)
def test_what_a_decorator_enters_is_entered_as_a_cold_import_does(name, tmp_path):
    verdict = judge(case(ENTERED[name]), tmp_path, here=True)
    assert verdict.word in (("right",) if name in RIGHT else ("right", "refused")), verdict.why


@pytest.mark.parametrize("name", GONE_AND_KEPT)
def test_what_the_app_keeps_of_a_module_that_is_gone_is_refused(name, tmp_path):
    verdict = judge(case(GONE_AND_KEPT[name]), tmp_path)
    assert verdict.word == "refused" and "its module is gone from the source" in verdict.why[0], verdict.why


def test_dependencies_whose_module_is_gone_go_with_their_route(tmp_path):
    verdict = judge(case(DEPENDS), tmp_path, here=True)
    assert verdict.word == "right", verdict.why
