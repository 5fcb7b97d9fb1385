"""Objects and containers at module level that the release makes otherwise: they stay the same objects, with their
state."""

from __future__ import annotations

import sys
import types

import pytest

ROOM = """
class Room:
    def __init__(self, size, topic="t"):
        self.size = size
        self.topic = topic
        self.members = []
        self.greet = self.hello
    def hello(self): return self.size
"""

RIGHT = {
    "an argument": (ROOM + "room = Room(1)\nalias = [room]\n", ROOM + "room = Room(2)\nalias = [room]\n"),
    "a keyword": (ROOM + "room = Room(1)\n", ROOM + "room = Room(1, topic='x')\n"),
    "by a function": (
        ROOM + "def make(n): return Room(n)\nroom = make(1)\n",
        ROOM + "def make(n): return Room(n, 'y')\nroom = make(3)\n",
    ),
    "in a dict": (
        ROOM + "ROOMS = {'a': Room(1), 'b': Room(2)}\n",
        ROOM + "ROOMS = {'a': Room(5), 'c': Room(2)}\n",
    ),
    "a container that a function fills": (
        "def f(n): return [n]\nX = {k: f(k) for k in range(2)}\n",
        "def f(n): return [n, n]\nX = {k: f(k) for k in range(3)}\n",
    ),
    "a partial": (
        "import functools\ndef f(a, b): return a\ng = functools.partial(f, 1)\nH = [g]\n",
        "import functools\ndef f(a, b): return a\ng = functools.partial(f, 2, b=3)\nH = [g]\n",
    ),
    "collections": (
        "import collections\nA = collections.deque([1], maxlen=3)\nB = collections.defaultdict(list, a=[1])\n"
        "C = collections.Counter('aab')\nD = collections.OrderedDict(a=1)\nE = frozenset({1})\nF = bytearray(b'a')\n",
        "import collections\nA = collections.deque([1, 2], maxlen=3)\nB = collections.defaultdict(set, a=[1, 2])\n"
        "C = collections.Counter('abb')\nD = collections.OrderedDict(b=1, a=2)\n"
        "E = frozenset({2})\nF = bytearray(b'b')\n",
    ),
    "the class changed with it": (
        ROOM + "room = Room(1)\n",
        ROOM.replace("self.members = []", "self.members = [size]") + "room = Room(2)\n",
    ),
}


@pytest.mark.parametrize(("old", "new"), RIGHT.values(), ids=RIGHT)
def test_values_are_those_of_a_cold_import(lab, old, new):
    app = lab(m=old, n="from . import m\nfrom .m import *\n")
    app.looks = True
    held = {name: value for name, value in vars(app.m).items() if not name.startswith("__")}
    same = [name for name, value in held.items() if isinstance(value, dict | list) or name in ("room", "g")]
    app.upgrade(m=new, n="from . import m\nfrom .m import *\n")
    assert all(vars(app.m)[name] is held[name] for name in same)
    assert app.differs(m=new, n="from . import m\nfrom .m import *\n") == []
    app.undo()


@pytest.mark.parametrize(("old", "new"), RIGHT.values(), ids=RIGHT)
def test_and_undone_exactly(lab, old, new):
    app = lab(m=old)
    app.looks = True
    del old
    app.brings(m=new)


def test_what_the_program_changed_and_the_release_did_not_stays(lab):
    app = lab(m=ROOM + "room = Room(1)\n")
    app.looks = True
    room, members = app.m.room, app.m.room.members
    room.members.append("ann")
    room.late = 1
    app.upgrade(m=ROOM + "room = Room(2)\n")
    assert app.m.room is room and room.members is members == ["ann"] and (room.size, room.late) == (2, 1)
    assert room.greet.__self__ is room


def test_an_attribute_that_both_changed_is_refused_by_name(lab):
    app = lab(m=ROOM + "room = Room(1)\n")
    app.looks = True
    app.m.room.size = 7
    assert "`room.size`" in app.refused(m=ROOM + "room = Room(2)\n").reason


def test_containers_are_merged_item_by_item(lab):
    app = lab(m="A = {'x': 1, 'y': 2}\nB = [1]\nC = {1, 2}\n")
    a, b, c = app.m.A, app.m.B, app.m.C
    a["mine"] = 5
    b.append("mine")
    c.add(9)
    app.upgrade(m="A = {'x': 1, 'y': 3, 'z': 4}\nB = [1, 2]\nC = {1, 3}\n")
    assert (app.m.A, app.m.B, app.m.C) == ({"x": 1, "y": 3, "z": 4, "mine": 5}, [1, 2, "mine"], {1, 3, 9})
    assert app.m.A is a and app.m.B is b and app.m.C is c
    app.undo()
    assert (a, b, c) == ({"x": 1, "y": 2, "mine": 5}, [1, "mine"], {1, 2, 9})


CLIENT = "import threading, io\nclass App:\n    def __init__(self, n):\n        self.n = n\n        self.lock = {}\n"


def test_what_can_not_be_looked_into_stays_if_its_text_does(lab):
    app = lab(m=CLIENT.format("threading.Lock()") + "app = App(1)\n")
    app.looks = True
    lock = app.m.app.lock
    app.upgrade(m=CLIENT.format("threading.Lock()") + "app = App(2)\n")
    assert app.m.app.n == 2 and app.m.app.lock is lock


def test_what_can_not_be_looked_into_and_may_have_changed_is_refused(lab):
    app = lab(m=CLIENT.format("iter(n)").replace("self.n = n", "self.n = 1") + "app = App('1')\n")
    app.looks = True
    new = CLIENT.format("iter(n)").replace("self.n = n", "self.n = 1") + "app = App('2')\n"
    assert "can't be seen" in app.refused(m=new).reason


def test_a_librarys_object_that_was_built_from_a_changed_one_stays_the_same_object(lab):
    text = """
from string import Template
from urllib.request import Request
first = Request("http://a", headers={"A": "1"})
second = Template(first)
"""
    one = lab(m=text)
    one.here = True
    second = one.m.second
    one.arrive(m=text.replace("http://a", "http://c"))
    assert one.m.second is second and second.template is one.m.first
    assert one.m.first.full_url == "http://c"
    one.undo()
    assert one.m.second is second and second.template is one.m.first and one.m.first.full_url == "http://a"


def test_a_librarys_container_that_forbids_changes_is_not_filled_but_replaced(lab, monkeypatch):
    class Frozen(dict):
        def __setitem__(self, key, value):
            raise TypeError("immutable")

    class Box:
        def __init__(self, of):
            self.seen = Frozen(of=of)

    for cls in (Frozen, Box):
        cls.__module__ = "frozen_library"
    monkeypatch.setitem(sys.modules, "frozen_library", types.ModuleType("frozen_library"))
    monkeypatch.setattr(sys.modules["frozen_library"], "Box", Box, raising=False)
    text = """
import frozen_library
from urllib.request import Request
a = Request("http://a")
box = frozen_library.Box(a)
"""
    one = lab(m=text)
    one.here = True
    box = one.m.box
    one.arrive(m=text.replace("http://a", "http://c"))
    assert one.m.box is box and type(box.seen) is Frozen and box.seen["of"] is one.m.a
    one.undo()
    assert box.seen["of"] is one.m.a and one.m.a.full_url == "http://a"
