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
    def enter(one, what): one.rooms.append(what)
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


WORDS = dedent("""
    from functools import cached_property
    class Name:
        def __init__(self, text): self.text = text
    class Doc:
        def __init__(self, text): self.text = text
        @cached_property
        def words(self): return self.text.split()
        @cached_property
        def name(self): return Name(self.text)
        def count(self): return len(self.words)
        def first(self):
            found = self.words
            return found[0] if found else None
""")
UPPER = WORDS.replace("self.text.split()", "self.text.upper().split()").replace(
    "Name(self.text)", "Name(self.text * 2)"
)


def test_containers_that_are_only_read_and_objects_that_stay_as_they_were_made_are_made_again(
    lab: Callable[..., Lab],
) -> None:
    app = lab(m=WORDS)
    one = app.m.Doc("a b")
    assert (one.words, one.name.text) == (["a", "b"], "a b")
    app.upgrade(m=UPPER)
    assert (one.words, one.count(), one.name.text) == (["A", "B"], 2, "a ba b")
    app.undo()
    assert (one.words, one.name.text) == (["a", "b"], "a b")


@pytest.mark.parametrize(
    ("code", "does"),
    [
        ("def words(one): return one.words\n", "hands them on"),
        ("def put(one, word): one.words.append(word)\n", "changes them"),
        ("def put(one, word):\n    found = one.words\n    found[0] = word\n", "changes them"),
    ],
)
def test_containers_that_others_may_have_changed_are_refused(lab: Callable[..., Lab], code: str, does: str) -> None:
    app = lab(m=WORDS + code)
    one = app.m.Doc("a b")
    assert one.words
    refusal = app.refused(m=UPPER + code)
    assert f"1 living instance(s) keep the list that its old code made, and the app's code {does}" in refusal.reason
    assert "state.pop('words', None)" in refusal.do


def test_an_object_that_its_methods_change_stays_and_is_told(lab: Callable[..., Lab]) -> None:
    text = WORDS.replace("class Doc", "    def call(self, text): self.text = text\nclass Doc")
    app = lab(m=text)
    one = app.m.Doc("a b")
    one.name.call("c")
    plan = app.upgrade(m=text.replace("Name(self.text)", "Name(self.text * 2)"))
    assert one.name.text == "c"
    assert any("instances of `Doc` keep their `name`" in note for note in plan.notes)


ROOMS = dedent("""
    import functools
    class Room:
        def __init__(self, name): self.name, self.members = name, set()
        def join(self, who): self.members.add(who)
    class Key:
        def __init__(self, name): self.name = name
    @functools.lru_cache
    def room(name): return Room(name)
    @functools.lru_cache
    def key(name): return Key(name)
    @functools.lru_cache
    def settings(): return {"limit": 10}
    def limit(number): settings()["limit"] = number
""")


def test_objects_with_state_stay_in_the_cache_and_others_are_made_again(lab: Callable[..., Lab]) -> None:
    app = lab(m=ROOMS)
    app.m.room("a").join("me")
    assert app.m.key("a").name == "a"
    plan = app.upgrade(m=ROOMS.replace("Room(name)", "Room(name + '!')").replace("Key(name)", "Key(name + '!')"))
    assert app.m.room("a").members == {"me"} and app.m.room("b").name == "b!"
    assert app.m.key("a").name == "a!"
    assert any("`room` keeps the object in its cache" in note for note in plan.notes)


def test_a_container_in_a_cache_that_the_program_changes_is_no_value(lab: Callable[..., Lab]) -> None:
    app = lab(m=ROOMS)
    app.m.limit(5)
    assert (
        "its cache keeps a container that the app's code changes"
        in app.refused(m=ROOMS.replace('"limit": 10', '"limit": 20')).reason
    )
    app.upgrade(m=ROOMS + "def other(): pass\n")
    assert app.m.settings() == {"limit": 5}
