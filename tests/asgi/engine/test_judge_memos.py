"""Values that instances and modules keep of what old code gave."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from .lab import Lab

LAZY = dedent("""
    RATE = 1
    def compute(): return RATE
    def make(): return [1]
    def __getattr__(name):
        if name == "VALUE":
            globals()[name] = compute()
            return globals()[name]
        if name == "ROOMS":
            return globals().setdefault(name, make())
        if name == "Thing":
            from . import things
            globals()[name] = things.Thing
            return things.Thing
        raise AttributeError(name)
    def connect():
        global POOL
        POOL = compute()
""")
THINGS = "class Thing: pass\nclass Other: pass\n"
PROPERTIES = dedent("""
    from functools import cached_property
    RATE = 1
    def helper(): return RATE
    class A:
        @cached_property
        def own(self): return 1
        @cached_property
        def called(self): return helper()
        @cached_property
        def rooms(self): return [helper()]
        @cached_property
        def other(self): return 5
        @cached_property
        def by_method(self): return self.one()
        def one(self): return 1
    class B(A): pass
""")


@pytest.mark.parametrize(("old", "new"), [("return RATE", "return RATE + 1"), ("RATE = 1", "RATE = 2")])
def test_a_value_that_a_modules_getattr_stored_is_worked_out_again(lab: Callable[..., Lab], old: str, new: str) -> None:
    app = lab(m=LAZY, things=THINGS)
    app.m.connect()
    rooms = app.m.ROOMS
    assert (app.m.VALUE, app.m.POOL, app.m.Thing) == (1, 1, app.things.Thing)
    plan = app.upgrade(m=LAZY.replace(old, new), things=THINGS)
    assert (app.m.VALUE, app.m.ROOMS, app.m.Thing) == (2, rooms, app.things.Thing)
    assert app.m.POOL == 1  # the program set it, by a function of its own
    assert any("the module keeps `ROOMS`" in note for note in plan.notes)
    app.undo()
    assert (vars(app.m)["VALUE"], app.m.POOL, app.m.ROOMS) == (1, 1, rooms)


def test_a_definition_that_is_found_elsewhere_now(lab: Callable[..., Lab]) -> None:
    app = lab(m=LAZY, things=THINGS)
    assert app.m.Thing is app.things.Thing
    app.upgrade(m=LAZY.replace("things.Thing\n", "things.Other\n"), things=THINGS)
    assert app.m.Thing is app.things.Other


def test_a_value_whose_code_is_the_same_stays(lab: Callable[..., Lab]) -> None:
    app = lab(m=LAZY + "def f(): return 1\n", things=THINGS)
    assert app.m.VALUE == 1
    app.upgrade(m=LAZY + "def f(): return 2\n", things=THINGS)
    assert vars(app.m)["VALUE"] == 1


def test_a_getattr_that_is_gone_leaves_no_names(lab: Callable[..., Lab]) -> None:
    app = lab(m=LAZY, things=THINGS)
    assert app.m.VALUE == 1
    app.upgrade(m="RATE = 1\n", things=THINGS)
    assert not hasattr(app.m, "VALUE")


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("return 1\n    @", "return 9\n    @", {"own": 9}),
        ("return RATE", "return RATE + 1", {"called": 2}),
        ("RATE = 1", "RATE = 3", {"called": 3}),
        ("def one(self): return 1", "def one(self): return 4", {"by_method": 4}),
        ("return [helper()]", "return [helper(), 2]", {}),
    ],
)
def test_values_of_cached_properties_follow_their_code(
    lab: Callable[..., Lab], old: str, new: str, changed: dict[str, int]
) -> None:
    app = lab(m=PROPERTIES)
    names = ("own", "called", "other", "by_method")
    before = {"own": 1, "called": 1, "other": 5, "by_method": 1}
    held = [app.m.A(), app.m.B()]
    rooms = [one.rooms for one in held]
    assert [{name: getattr(one, name) for name in names} for one in held] == [before] * 2
    plan = app.upgrade(m=PROPERTIES.replace(old, new))
    assert "other" in vars(held[0])
    assert [{name: getattr(one, name) for name in names} for one in held] == [before | changed] * 2
    assert all(one.rooms is kept for one, kept in zip(held, rooms, strict=True))  # the program may have filled it
    if "own" not in changed and "by_method" not in changed:
        assert any("instances of `A` keep their `rooms`" in note for note in plan.notes)
    app.undo()
    assert [vars(one)["own"] for one in held] == [1, 1]
