"""Objects of the app's own classes with slots, in values at module level: what is in a slot is looked at."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from flyhot_asgi.engine import Refused
from tests.asgi.engine.project import Project

CLASSES = {
    "a dataclass": "import dataclasses\n@dataclasses.dataclass(slots=True, frozen=True)\nclass Plan:\n    seats: int\n",
    "slots": "class Plan:\n    __slots__ = ('seats',)\n    def __init__(self, seats): self.seats = seats\n",
    "a heir": (
        "class Base:\n    __slots__ = ('seats',)\n"
        "class Plan(Base):\n    __slots__ = ()\n    def __init__(self, seats): self.seats = seats\n"
    ),
}
VALUES = {
    "a tuple": ("PLANS = (Plan(1), Plan(5))\n", "PLANS = (Plan(2), Plan(5))\n"),
    "built from a constant": ("SEATS = 1\nPLANS = (Plan(SEATS),)\n", "SEATS = 2\nPLANS = (Plan(SEATS),)\n"),
    "from a function": (
        "def seats(): return 1\nPLANS = (Plan(seats()),)\n",
        "def seats(): return 2\nPLANS = (Plan(seats()),)\n",
    ),
    "a list": ("PLANS = [Plan(1)]\n", "PLANS = [Plan(2)]\n"),
}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.close()


@pytest.mark.parametrize("made", CLASSES.values(), ids=CLASSES)
def test_what_is_in_slots_follows_the_release(app: Project, made: str) -> None:
    names = [f"m{number}" for number in range(len(VALUES))]
    app.write(init="", **{name: made + old for name, (old, _) in zip(names, VALUES.values(), strict=True)})
    modules = [app.load(name) for name in names]
    engine = app.engine(rehearse=False)
    app.write(**{name: made + new for name, (_, new) in zip(names, VALUES.values(), strict=True)})
    assert engine.upgrade().verified
    seats = [module.PLANS[0].seats for module in modules]
    engine.undo_last()
    undone = [module.PLANS[0].seats for module in modules]
    engine.close()
    assert (seats, undone) == ([2] * len(names), [1] * len(names))


def test_what_the_program_put_into_a_slot_is_not_lost(app: Project) -> None:
    app.write(init="", m=CLASSES["slots"] + "PLANS = (Plan(1),)\ndef buy():\n    PLANS[0].seats += 10\n")
    module = app.load("m")
    module.buy()
    engine = app.engine(rehearse=False)
    app.write(m=CLASSES["slots"] + "PLANS = (Plan(2),)\ndef buy():\n    PLANS[0].seats += 10\n")
    with pytest.raises(Refused, match="PLANS"):
        engine.upgrade()
    assert module.PLANS[0].seats == 11
    engine.close()


MODEL = """
from pydantic import BaseModel, PrivateAttr
class Plan(BaseModel, extra="allow"):
    seats: int = 0
    _price: int = PrivateAttr(1)
def priced(price, **more):
    plan = Plan(**more)
    plan._price = price
    return plan
"""


def test_what_is_private_in_a_model_or_given_beside_its_fields_follows(app: Project) -> None:
    app.write(init="", m=MODEL + "PLANS = (priced(1, colour='red'),)\n")
    module = app.load("m")
    engine = app.engine(rehearse=False)
    app.write(m=MODEL + "PLANS = (priced(2, colour='blue'),)\n")
    assert engine.upgrade().verified
    engine.close()
    assert (module.PLANS[0]._price, module.PLANS[0].colour) == (2, "blue")


def test_a_model_whose_private_default_changes_is_not_left_old(app: Project) -> None:
    app.write(init="", m=MODEL + "PLAN = Plan()\nPLANS = (Plan(),)\n")
    module = app.load("m")
    engine = app.engine(rehearse=False)
    app.write(m=MODEL.replace("PrivateAttr(1)", "PrivateAttr(2)") + "PLAN = Plan()\nPLANS = (Plan(),)\n")
    with contextlib.suppress(Refused):
        engine.upgrade()
        assert (module.PLAN._price, module.PLANS[0]._price) == (2, 2)
    engine.close()
