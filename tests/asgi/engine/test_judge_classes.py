"""Classes: members are grafted into the living class; what makes more of a class than its members is refused."""

from __future__ import annotations

import pytest

from .pairs import pair

RIGHT = {
    "methods come, go and change": """
        --- m
        class C:
            def a(self): return 1
            def b(self, x=1): return x
            def gone(self): return 1
        class D(C): pass
        +++ m
        class C:
            def a(self): return 1
            def b(self, x=2, *, y=3): return x, y
            def new(self): return super().__repr__()
        class D(C): pass
        """,
    "kinds of members": """
        --- m
        import functools
        class C:
            x = 1
            items = [1]
            @staticmethod
            def s(a): return a
            @classmethod
            def c(cls, a): return a
            @property
            def p(self): return 1
            @property
            def q(self): return 1
            @q.setter
            def q(self, v): self._q = v
            @functools.cached_property
            def k(self): return 1
        +++ m
        import functools
        class C:
            x = 2
            items = [1, 2]
            y: int = 3
            z: "str"
            @staticmethod
            def s(a, b=1): return a
            @classmethod
            def c(cls, a, b=1): return a
            @property
            def p(self): return 1
            @p.setter
            def p(self, v): self._p = v
            @property
            def q(self): return 2
            @functools.cached_property
            def k(self) -> int: return 2
            @functools.lru_cache
            def n(self): return 1
        """,
    "a plain method turns into another kind": """
        --- m
        class C:
            def a(self): return 1
            def b(self): return 1
            @property
            def c(self): return 1
            d = 1
        +++ m
        class C:
            @property
            def a(self): return 1
            @staticmethod
            def b(): return 1
            def c(self): return 1
            def d(self): return 1
        """,
    "special methods": """
        --- m
        class C:
            def __new__(cls): return object.__new__(cls)
            def __class_getitem__(cls, key): return cls
            def __len__(self): return 1
        +++ m
        class C:
            def __new__(cls, x=1): return object.__new__(cls)
            def __class_getitem__(cls, key, other=1): return cls
            def __init_subclass__(cls, **kw): cls.seen = 1
            def __getitem__(self, i): return i
            def __call__(self): return 1
        """,
    "abstract methods": """
        --- m
        import abc
        class A(abc.ABC):
            @abc.abstractmethod
            def a(self): ...
            def b(self): return 1
        class B(A):
            def a(self): return 1
        +++ m
        import abc
        class A(abc.ABC):
            @abc.abstractmethod
            def a(self): ...
            @abc.abstractmethod
            def b(self): ...
        class B(A):
            def a(self): return 1
        """,
    "protocol": """
        --- m
        from typing import Protocol, runtime_checkable
        class P(Protocol):
            def a(self) -> int: ...
        +++ m
        from typing import Protocol, runtime_checkable
        class P(Protocol):
            def a(self) -> str: ...
        """,
    "dataclass methods": """
        --- m
        import dataclasses
        @dataclasses.dataclass
        class D:
            x: int
            y: list = dataclasses.field(default_factory=list)
            def f(self): return self.x
        +++ m
        import dataclasses
        @dataclasses.dataclass
        class D:
            x: int
            y: list = dataclasses.field(default_factory=list)
            def f(self, n=1): return self.x + n
            def g(self): return self.f()
            @property
            def z(self): return self.x
        """,
    "nested classes": """
        --- m
        class C:
            class Inner:
                x = 1
                def f(self): return 1
            class Same:
                def f(self): return 1
        +++ m
        class C:
            class Inner:
                x = 2
                def f(self, y=1): return 2
                def g(self): return super().__repr__()
            class Same:
                def f(self): return 2
            class New:
                def f(self): return 1
        """,
    "new classes": """
        --- m
        class A: pass
        +++ m
        import abc, dataclasses, enum, typing
        class A: pass
        class B(A):
            def f(self): return super().__repr__()
        @dataclasses.dataclass
        class D:
            x: int = 1
        class E(enum.Enum):
            A = 1
        class N(typing.NamedTuple):
            x: int
        class P(typing.Protocol):
            def f(self): ...
        class G(typing.Generic[typing.TypeVar("T")]):
            pass
        class X(Exception):
            pass
        """,
    "doc strings of attributes": """
        --- m
        class C:
            "The class."
            x = 1
            def f(self): return 1
        +++ m
        class C:
            "The class."
            x = 1
            "The attribute."
            y = 2
            "The other."
            def f(self, a): return 1
        """,
    "names are mangled": """
        --- m
        class C:
            __secret = 1
            def f(self): return self.__secret
        +++ m
        class C:
            __secret = 2
            __other = 3
            def f(self, x=1): return self.__secret, self.__other, x
            def __g(self): return 1
        """,
    "members that read members": """
        --- m
        LIMIT = 1
        class C:
            base = 1
            double = base * 2 + LIMIT
            def f(self, x=base): return x
        +++ m
        LIMIT = 5
        class C:
            base = 3
            double = base * 2 + LIMIT
            def f(self, x=base): return x
        """,
    "a changed class reads a changed constant, too": """
        --- conf
        LIMIT = 1
        --- m
        from .conf import LIMIT
        class C:
            x = LIMIT
            y = x + 1
            def f(self, n=LIMIT): return n
            def g(self): return 1
        +++ conf
        LIMIT = 2
        +++ m
        from .conf import LIMIT
        class C:
            "Doc."
            x = LIMIT
            y = x + 1
            def f(self, n=LIMIT): return n
            def g(self, q=1): return 1
        """,
    "an exception class": """
        --- m
        class Wrong(ValueError):
            def __init__(self, a): super().__init__(a)
        def f():
            try:
                raise Wrong(1)
            except Wrong as e:
                return e
        +++ m
        class Wrong(ValueError):
            status = 1
            def __init__(self, a, b=2): super().__init__(a, b)
            def __str__(self): return "x"
        def f():
            try:
                raise Wrong(1)
            except Wrong as e:
                return str(e)
        """,
    "a constant becomes a class": """
        --- m
        C = 1
        --- n
        from .m import C
        D = [C]
        +++ m
        class C: pass
        """,
    "a lambda was called in a class body": """
        --- m
        class C:
            x = (lambda: 1)()
            y = x
        +++ m
        class C:
            x = (lambda: 2)()
            y = x
        """,
    "a class is gone": """
        --- m
        class A: pass
        class B:
            def f(self): return self
        --- n
        from .m import A, B
        +++ m
        class A: pass
        +++ n
        from .m import A
        """,
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_classes_are_those_of_a_cold_import(lab, text):
    old, new = pair(text)
    lab(**old).brings(**new)


REFUSED = {
    "functional named tuple": (
        "import collections\nC = collections.namedtuple('C', 'a')\none = C(1)\n",
        "import collections\nC = collections.namedtuple('C', 'a b')\none = C(1)\n",
        "",
    ),
}


@pytest.mark.parametrize(("old", "new", "words"), REFUSED.values(), ids=REFUSED)
def test_refused(lab, old, new, words):
    app = lab(m=old)
    refusal = app.refused(m=new)
    assert words in refusal.reason
    assert refusal.file.endswith("m.py")


ROOM = (
    "class Room:\n    def __init__(self):\n        self.members = []\n    def join(self, x): self.members.append(x)\n"
)
SCHEMA = {
    "read by a method": (
        ROOM,
        ROOM.replace("[]\n", "[]\n        self.topic = ''\n") + "    def show(self): return self.topic\n",
    ),
    "read by nobody here": (ROOM, ROOM.replace("[]\n", "[]\n        self.topic = ''\n")),
    "read by a function elsewhere": (
        ROOM + "def show(room): return 1\n",
        ROOM.replace("[]\n", "[]\n        self.topic = ''\n") + "def show(room): return room.topic\n",
    ),
    "read by a subclass": (
        ROOM + "class Sub(Room):\n    def f(self): return 1\n",
        ROOM.replace("[]\n", "[]\n        self.topic = ''\n")
        + "class Sub(Room):\n    def f(self): return self.topic\n",
    ),
    "another kind of container": (ROOM, ROOM.replace("= []", "= {}").replace("append(x)", "setdefault(x, 1)")),
    "none before": (ROOM.replace("= []", "= None"), ROOM),
    "set in a method, read in another": (
        ROOM,
        ROOM.replace("append(x)", "append(x); self.last = x") + "    def show(self): return self.last\n",
    ),
}


@pytest.mark.parametrize(("old", "new"), SCHEMA.values(), ids=SCHEMA)
def test_instances_that_would_lack_an_attribute_refuse_the_class(lab, old, new):
    app = lab(m=old)
    room = app.m.Room() if not hasattr(app.m, "Sub") else app.m.Sub()
    refusal = app.refused(m=new)
    assert "attribute" in refusal.reason
    assert "code_change" in refusal.do
    assert room.members in ([], None)


@pytest.mark.parametrize(("old", "new"), SCHEMA.values(), ids=SCHEMA)
def test_without_instances_the_class_follows(lab, old, new):
    lab(m=old).brings(m=new)


def test_a_class_level_default_answers_for_old_instances(lab):
    app = lab(m=ROOM)
    room = app.m.Room()
    app.upgrade(
        m=ROOM.replace("class Room:\n", "class Room:\n    topic = 'x'\n").replace(
            "[]\n", "[]\n        self.topic = ''\n"
        )
    )
    assert room.topic == "x"


def test_instances_of_a_nested_class_count_too(lab):
    text = (
        "class Out:\n    class In:\n        def __init__(self):\n            self.a = 1\n"
        "        def f(self): return 1\n"
    )
    app = lab(m=text)
    one = app.m.Out.In()
    app.refused(
        m=text.replace("self.a = 1\n", "self.a = 1\n            self.b = 1\n").replace("return 1", "return self.b")
    )
    assert one.a == 1


def test_instances_of_a_class_in_a_block_count_too(lab):
    text = (
        "if True:\n    class In:\n        def __init__(self):\n            self.a = 1\n        def f(self): return 1\n"
    )
    app = lab(m=text)
    one = app.m.In()
    app.refused(
        m=text.replace("self.a = 1\n", "self.a = 1\n            self.b = 1\n").replace("return 1", "return self.b")
    )
    assert one.a == 1


LOCAL = "def make():\n    class K:\n        def f(self): return 1\n    return K\n"


@pytest.mark.parametrize(
    "new",
    [LOCAL.replace("return 1", "return 2").replace("    return K", "        def g(self): return 1\n    return K")],
)
def test_a_living_local_class_that_gains_members_is_refused(lab, new):
    app = lab(m=LOCAL)
    held = app.m.make()
    app.refused(m=new)
    assert held


def test_a_living_local_class_gets_new_bodies(lab):
    app = lab(m=LOCAL)
    held = app.m.make()
    app.upgrade(m=LOCAL.replace("return 1", "return 2"))
    assert held().f() == 2


def test_units_with_code_change_may_gain_attributes(lab):
    new = (
        ROOM.replace("[]\n", "[]\n        self.topic = ''\n")
        + "    def code_change(self, v, s, e): return {**s, 'topic': 1}\n"
    )
    app = lab(m=ROOM)
    rooms = [app.m.Room(), app.m.Room()]
    assert app.plan(units=lambda cls: {*map(id, rooms)}, m=new).refusals == []
    refused = app.plan(units=lambda cls: {id(rooms[0])}, m=new).refusals
    assert "1 of its 2 living instances" in refused[0].reason
    assert rooms


def test_one_that_a_base_gains_is_inherited(lab):
    old = ROOM + "\n\nclass Small(Room):\n    def size(self): return len(vars(self))\n"
    new = old.replace("[]\n", "[]\n        self.topic = ''\n").replace("len(vars(self))", "len(self.topic)")
    app = lab(m=old)
    rooms = [app.m.Room(), app.m.Small()]
    assert app.plan(units=lambda cls: {*map(id, rooms)}, m=new).refusals, "none of them has one"
    with_one = new.replace(
        "class Small", "    def code_change(self, v, s, e): return {**s, 'topic': 1}\n\nclass Small", 1
    )
    app = lab(m=old)
    rooms += [app.m.Room(), app.m.Small()]
    assert app.plan(units=lambda cls: {*map(id, rooms)}, m=with_one).refusals == []


def test_on_a_downgrade_the_running_code_change_counts(lab):
    new = (
        ROOM.replace("[]\n", "[]\n        self.topic = ''\n")
        + "    def code_change(self, v, s, e): return {**s, 'topic': 1}\n"
    )
    app = lab(m=new)
    rooms = [app.m.Room()]
    other = ROOM.replace("[]\n", "[]\n        self.subject = ''\n")
    assert app.plan(units=lambda cls: {*map(id, rooms)}, downgrade=True, m=other).refusals == []
    assert app.plan(units=lambda cls: {*map(id, rooms)}, downgrade=False, m=other).refusals
    assert rooms


def test_instances_bound_methods_and_subclasses_see_the_new_class(lab):
    text = "class C:\n    def __init__(self): self.n = 1\n    def f(self, x=1): return ['old', x]\nclass D(C): pass\n"
    app = lab(m=text)
    one, sub = app.m.C(), app.m.D()
    bound, cls = one.f, app.m.C
    app.upgrade(m=text.replace("x=1): return ['old', x]", "x=2): return ['new', x]\n    def g(self): return self.n"))
    assert bound() == sub.f() == ["new", 2]
    assert sub.g() == 1
    assert app.m.C is cls and type(one) is cls


def test_a_class_attribute_that_the_program_changed_lives_on(lab):
    text = "class C:\n    seen = {}\n    count = 0\n    x = 1\n"
    app = lab(m=text)
    app.m.C.seen["a"] = 1
    app.m.C.count += 5
    app.upgrade(m=text.replace("x = 1", "x = 2"))
    assert (app.m.C.seen, app.m.C.count, app.m.C.x) == ({"a": 1}, 5, 2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seen = {}", "seen = {1: 1}"),
        ("seen = {}", "seen = {LIMIT: 1}"),
        ("seen = make()", "seen = make(1)"),
        ("count = START", "count = START + 1"),
    ],
)
def test_a_class_attribute_that_both_changed_is_refused(lab, old, new):
    text = f"START = 0\nLIMIT = 1\ndef make(x=0): return {{}}\nclass C:\n    {old}\n"
    app = lab(m=text)
    if "seen" in old:
        app.m.C.seen["a"] = 1
    else:
        app.m.C.count += 5
    app.refused(m=text.replace(old, new))


def test_a_class_attribute_built_from_a_changed_constant_keeps_the_programs_value_or_is_refused(lab):
    text = "START = 0\nclass C:\n    count = START\n"
    app = lab(m=text)
    app.m.C.count += 5
    app.refused(m=text.replace("START = 0", "START = 1"))


def test_a_deleted_class_is_refused_while_the_app_has_instances(lab):
    app = lab(m="KNOWN = []\nclass A: pass\nclass B: pass\n")
    app.m.KNOWN.append(app.m.A())
    assert "alive" in app.refused(m="KNOWN = []\nclass B: pass\n").reason


def test_an_instance_of_a_deleted_class_that_only_the_program_has_is_told(lab):
    app = lab(m="class A: pass\nclass B: pass\n")
    app_has = [app.m.A()]
    plan = app.upgrade(m="class B: pass\n")
    assert any("an instance of" in note for note in plan.notes)
    assert app_has


def test_a_deleted_class_that_somebody_holds_is_refused(lab):
    app = lab(m="KNOWN = []\nclass A: pass\nclass B: pass\n")
    app.m.KNOWN.append(app.m.A)
    assert "held" in app.refused(m="KNOWN = []\nclass B: pass\n").reason


def test_a_deleted_method_that_somebody_holds_is_refused(lab):
    app = lab(m="class A:\n    def f(self): pass\n    def g(self): pass\n")
    app.m.A.g.held = [app.m.A().f]
    assert "held" in app.refused(m="class A:\n    def g(self): pass\n").reason
