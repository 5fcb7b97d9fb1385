"""Classes that are made anew: the living class swallows its twin, and nobody is left who holds the other one."""

from __future__ import annotations

import gc

import pytest

from .pairs import pair

RIGHT = {
    "a base comes": """
        --- m
        class A:
            def a(self): return 1
        class C:
            def f(self): return 1
        +++ m
        class A:
            def a(self): return 1
        class C(A):
            def f(self): return super().__repr__()
        """,
    "a base goes": """
        --- m
        class A:
            def a(self): return 1
        class C(A):
            def f(self): return 1
        class D(C): pass
        +++ m
        class A:
            def a(self): return 1
        class C:
            def f(self): return 1
        class D(C): pass
        """,
    "bases are exchanged": """
        --- m
        class A: pass
        class B: pass
        class C(A, B):
            x = 1
        +++ m
        class A: pass
        class B: pass
        class N: pass
        class C(B, N):
            x = 1
            def g(self): return __class__
        """,
    "a metaclass comes": """
        --- m
        import abc
        class C:
            def f(self): return 1
        class D(C):
            def f(self): return 2
        +++ m
        import abc
        class C(metaclass=abc.ABCMeta):
            @abc.abstractmethod
            def f(self): return 1
        class D(C):
            def f(self): return 2
        """,
    "an abstract base goes": """
        --- m
        import abc
        class C(abc.ABC):
            def f(self): return 1
        +++ m
        import abc
        class C:
            def f(self): return 1
        """,
    "dataclass fields": """
        --- m
        import dataclasses
        @dataclasses.dataclass
        class D:
            a: int
            b: list = dataclasses.field(default_factory=list)
            def f(self): return self.a
        +++ m
        import dataclasses
        @dataclasses.dataclass
        class D:
            a: str
            c: int = 3
            d: list = dataclasses.field(default_factory=list)
            def f(self): return self.c
            def g(self): return super().__repr__()
        """,
    "dataclass arguments": """
        --- m
        import dataclasses
        @dataclasses.dataclass
        class C:
            a: int
        +++ m
        import dataclasses
        @dataclasses.dataclass(frozen=True, order=True)
        class C:
            a: int
        """,
    "a derived dataclass": """
        --- m
        import dataclasses
        @dataclasses.dataclass
        class A:
            a: int
        --- n
        import dataclasses
        from .m import A
        @dataclasses.dataclass
        class B(A):
            b: int = 1
        +++ m
        import dataclasses
        @dataclasses.dataclass
        class A:
            a: int
            z: int = 2
        """,
    "dataclass with slots": """
        --- m
        import dataclasses
        @dataclasses.dataclass(slots=True)
        class C:
            a: int
            def f(self): return self.a
        +++ m
        import dataclasses
        @dataclasses.dataclass(slots=True)
        class C:
            a: int = 3
            def f(self): return self.a + 1
            def g(self, x): return x
        """,
    "named tuple": """
        --- m
        import typing
        class C(typing.NamedTuple):
            a: int
            def f(self): return self.a
        +++ m
        import typing
        class C(typing.NamedTuple):
            a: int
            b: int = 1
            def f(self): return self.b
        """,
    "typed dict": """
        --- m
        import typing
        class T(typing.TypedDict):
            a: int
        +++ m
        import typing
        class T(typing.TypedDict, total=False):
            a: int
            b: str
        """,
    "enum members": """
        --- m
        import enum
        class E(enum.Enum):
            A = 1
            B = 2
            GONE = 3
            def f(self): return self.value
        FIRST = E.A
        +++ m
        import enum
        class E(enum.Enum):
            A = 1
            B = 5
            C = 6
            ALIAS = 6
            def f(self): return self.name
        FIRST = E.A
        """,
    "flags and mixed enums": """
        --- m
        import enum
        class F(enum.Flag):
            R = enum.auto()
            W = enum.auto()
        class S(str, enum.Enum):
            A = "a"
        class I(enum.IntEnum):
            A = 1
        +++ m
        import enum
        class F(enum.Flag):
            R = enum.auto()
            W = enum.auto()
            X = enum.auto()
        class S(str, enum.Enum):
            A = "a"
            B = "b"
            def __str__(self): return self.value
        class I(enum.IntEnum):
            A = 1
            B = 2
        """,
    "a class decorator": """
        --- m
        def d(c):
            c.x = 1
            return c
        @d
        class C:
            def f(self): pass
        +++ m
        def d(c):
            c.x = 1
            return c
        @d
        class C:
            def f(self, y): pass
        """,
    "a decorator that registers": """
        --- m
        ALL = {}
        LIST = []
        def register(c):
            ALL[c.__name__] = c
            LIST.append(c)
            return c
        @register
        class A:
            x = 1
        @register
        class B: pass
        +++ m
        ALL = {}
        LIST = []
        def register(c):
            ALL[c.__name__] = c
            LIST.append(c)
            return c
        @register
        class A:
            x = 2
            def f(self): return 1
        @register
        class B: pass
        @register
        class C: pass
        """,
    "a metaclass that registers": """
        --- m
        ALL = []
        class M(type):
            def __init__(cls, *a): ALL.append(cls)
        class C(metaclass=M):
            x = 1
        class D(C): pass
        +++ m
        ALL = []
        class M(type):
            def __init__(cls, *a): ALL.append(cls)
        class C(metaclass=M):
            x = 2
        class D(C): pass
        """,
    "__init_subclass__ registers": """
        --- m
        class Base:
            known = {}
            def __init_subclass__(cls, /, key=None, **kw):
                Base.known[cls.__name__] = cls
                cls.key = key
        class A(Base, key="a"):
            x = 1
        +++ m
        class Base:
            known = {}
            def __init_subclass__(cls, /, key=None, **kw):
                Base.known[cls.__name__] = cls
                cls.key = key
        class A(Base, key="b"):
            x = 2
        class B(Base, key="n"): pass
        """,
    "descriptors with __set_name__": """
        --- m
        class Field:
            def __init__(self, n): self.n = n
            def __set_name__(self, owner, name): self.owner, self.name = owner, name
            def __get__(self, obj, owner): return self if obj is None else self.n
        class A: pass
        class C:
            a = Field(1)
            b = Field(2)
        +++ m
        class Field:
            def __init__(self, n): self.n = n
            def __set_name__(self, owner, name): self.owner, self.name = owner, name
            def __get__(self, obj, owner): return self if obj is None else self.n
        class A: pass
        class C(A):
            a = Field(1)
            b = Field(3)
            c = Field(4)
        """,
    "generic": """
        --- m
        import typing
        T = typing.TypeVar("T")
        class Box(typing.Generic[T]):
            def get(self) -> T: ...
        Ints = Box[int]
        +++ m
        import typing
        T = typing.TypeVar("T")
        class Base: pass
        class Box(Base, typing.Generic[T]):
            def get(self) -> T: ...
            def put(self, x: T): return super().__repr__()
        Ints = Box[int]
        """,
    "nested classes are made with it": """
        --- m
        import enum
        class A: pass
        class C:
            class Kind(enum.Enum):
                X = 1
            class Meta:
                order = 1
            kind = Kind.X
            def f(self): return 1
        +++ m
        import enum
        class A: pass
        class C(A):
            class Kind(enum.Enum):
                X = 1
                Y = 2
            class Meta:
                order = 2
                def g(self): return __class__
            kind = Kind.X
            def f(self): return 1
        """,
    "statements in its body": """
        --- m
        class C:
            x = []
            x.append(1)
            for i in range(2):
                x.append(i)
        +++ m
        class C:
            x = []
            x.append(2)
            for i in range(3):
                x.append(i)
        """,
    "equality and hash": """
        --- m
        class C:
            def f(self): return 1
        +++ m
        class C:
            def f(self): return 1
            def __eq__(self, other): return True
        """,
    "exceptions": """
        --- m
        class A(Exception): pass
        class B(A): pass
        +++ m
        class N(Exception): pass
        class A(N):
            code = 1
        class B(A): pass
        """,
    "total ordering": """
        --- m
        import functools
        @functools.total_ordering
        class C:
            def __eq__(self, o): return True
            def __lt__(self, o): return True
        +++ m
        import functools
        @functools.total_ordering
        class C:
            def __eq__(self, o): return True
            def __gt__(self, o): return True
        """,
    "protocol members": """
        --- m
        import typing
        @typing.runtime_checkable
        class P(typing.Protocol):
            def a(self): ...
        +++ m
        import typing
        @typing.runtime_checkable
        class P(typing.Protocol):
            x: int
            def a(self): ...
            def b(self): ...
        """,
    "properties and wrappers in a class that is made anew": """
        --- m
        import functools
        def deco(f):
            @functools.wraps(f)
            def inner(*a): return f(*a)
            return inner
        class A: pass
        class C:
            @property
            def p(self): return 1
            @p.setter
            def p(self, v): pass
            @staticmethod
            def s(): return 1
            @classmethod
            def c(cls): return 1
            @deco
            def d(self): return 1
            @functools.cached_property
            def k(self): return 1
            @functools.lru_cache
            def l(self): return 1
            a = b = lambda self: 1
        +++ m
        import functools
        def deco(f):
            @functools.wraps(f)
            def inner(*a): return f(*a)
            return inner
        class A: pass
        class C(A):
            @property
            def p(self): return 2
            @p.setter
            def p(self, v): self.v = v
            @staticmethod
            def s(): return 2
            @classmethod
            def c(cls): return __class__
            @deco
            def d(self, x=1): return super().__repr__()
            @functools.cached_property
            def k(self): return 2
            @functools.lru_cache
            def l(self): return 2
            a = b = lambda self: 2
        """,
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_classes_made_anew_are_those_of_a_cold_import(lab, text):
    old, new = pair(text)
    lab(**old).brings(**new)


def test_instances_methods_and_subclasses_follow_a_new_base(lab):
    text = "class A:\n    def a(self): return self.n\nclass C:\n    def __init__(self): self.n = 1\nclass D(C): pass\n"
    app = lab(m=text)
    one, sub, cls, init = app.m.C(), app.m.D(), app.m.C, app.m.C.__init__
    app.upgrade(m=text.replace("class C:", "class C(A):"))
    assert (one.a(), sub.a()) == (1, 1)
    assert app.m.C is cls and app.m.C.__init__ is init and type(one) is cls
    assert [c.__name__ for c in app.m.A.__subclasses__()] == ["C"]
    app.undo()
    assert not hasattr(one, "a") and app.m.A.__subclasses__() == []


def test_the_twin_is_nowhere_afterwards(lab):
    app = lab(m="class A: pass\nclass C:\n    x = 1\n")
    app.upgrade(m="class A: pass\nclass C(A):\n    x = 1\n")
    twins = [o for o in gc.get_objects() if isinstance(o, type) and o.__module__ == app.m.__name__ and o is not app.m.C]
    assert twins == [app.m.A]


def test_class_state_that_the_program_changed_lives_on(lab):
    text = (
        "class A: pass\nclass C:\n    seen = {}\n    count = 0\n"
        "def go():\n    C.count += 1; C.seen[1] = 2; C.late = 5\n"
    )
    app = lab(m=text)
    app.m.go()
    seen = app.m.C.seen
    app.upgrade(m=text.replace("class C:", "class C(A):"))
    assert (app.m.C.count, app.m.C.seen, app.m.C.late) == (1, {1: 2}, 5)
    assert app.m.C.seen is seen


def test_enum_members_stay_the_objects_that_are_held(lab):
    text = "import enum\nclass E(enum.Enum):\n    A = 1\n    B = 2\n"
    app = lab(m=text)
    a, b, table = app.m.E.A, app.m.E.B, {app.m.E.A: 1}
    app.upgrade(m=text.replace("B = 2", "B = 7\n    C = 3"))
    assert app.m.E.A is a and app.m.E(7) is b and b.value == 7 and table[app.m.E.A] == 1
    assert type(app.m.E.C) is app.m.E and list(app.m.E) == [a, b, app.m.E.C]
    app.undo()
    assert b.value == 2 and list(app.m.E) == [a, b] and app.m.E(2) is b


def test_a_member_that_is_gone_and_held_is_refused(lab):
    text = "import enum\nclass E(enum.Enum):\n    A = 1\n    B = 2\nclass Job: pass\njob = Job()\n"
    app = lab(m=text)
    app.m.job.state = app.m.E.B
    assert "`B`" in app.refused(m=text.replace("    B = 2\n", "")).reason


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "@dataclasses.dataclass\nclass C:\n    a: int = 1\n",
            "    b: list = dataclasses.field(default_factory=lambda: [1])\n",
            "`b`",
        ),
        (
            "class C:\n    __slots__ = ('a',)\n    def f(self): return 1\n",
            "    def code_change(self, old_vsn, state, extra): return state\n",
            "__slots__",
        ),
        ("class C(typing.NamedTuple):\n    a: int = 1\n", "    b: int = 2\n", "fields"),
    ],
)
def test_living_instances_without_a_place_for_it_refuse(lab, old, new, words):
    head = "import dataclasses, typing\n"
    app = lab(m=head + old)
    one = app.m.C()
    changed = (old + new).replace("('a',)", "('a', 'b')")
    assert words in app.refused(m=head + changed).reason
    assert one


def test_a_hash_that_comes_is_refused_where_something_keeps_instances_by_the_old(lab):
    text = "import dataclasses\n@dataclasses.dataclass(eq=False)\nclass C:\n    a: int = 1\n"
    app = lab(m=text)
    one = app.m.C()
    app.brings(m=text + "    def __hash__(self): return 1\n")
    kept = {one}
    assert "`__hash__`" in app.refused(m=text + "    def __hash__(self): return 1\n").reason
    assert kept


def test_a_dataclass_field_with_a_default_answers_for_old_instances(lab):
    text = "import dataclasses\n@dataclasses.dataclass\nclass C:\n    a: int = 1\n"
    app = lab(m=text)
    one = app.m.C()
    app.upgrade(m=text + "    b: int = 2\n")
    assert (one.b, repr(one), one == app.m.C()) == (2, "C(a=1, b=2)", True)


def test_typing_forgets_with_an_undo_what_it_made_of_a_class(lab):
    text = "from typing import Generic, TypeVar\nT = TypeVar('T')\nK = TypeVar('K')\nclass Box(Generic[T]): pass\n"
    app = lab(m=text + "BOX = Box[int]\n")
    app.upgrade(m=text.replace("Generic[T]", "Generic[T, K]") + "BOX = Box[int, str]\n")
    app.undo()
    with pytest.raises(TypeError):
        app.m.Box[int, str]
