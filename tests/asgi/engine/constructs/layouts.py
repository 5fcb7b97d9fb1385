# ruff: noqa: E501
"""Classes whose instances are laid out in another way (their slots change), and members of enums that are other texts or
numbers. All are right but those of the last table, which may be refused."""

_DATA = """
from dataclasses import dataclass, field
@dataclass(slots=True)
class P:
    x: int
    y: int = 0
    {field}
    def total(self): return self.x + self.y
KEPT = [P(1)]
{more}
"""
_WITH_DEFAULTS = f"""
--- m
{_DATA.format(field="pass", more="")}
+++ m
{_DATA.format(field="z: int = 5; tags: list = field(default_factory=list)", more="")}
=== hold
p = m.P(3)
=== ask
p.z, p.tags, m.KEPT[0].tags is p.tags
p == m.P(3), repr(p), m.P.__slots__
"""
_DERIVED = f"""
--- m
{_DATA.format(field="pass", more="@dataclass(slots=True)" + chr(10) + "class Q(P): w: int = 1" + chr(10) + "ALL = [Q(2)]")}
+++ m
{_DATA.format(field="pass", more="@dataclass(slots=True)" + chr(10) + "class Q(P): w: int = 1; v: int = 2" + chr(10) + "ALL = [Q(2)]")}
=== hold
q = m.Q(3)
=== ask
q.v, m.ALL[0].v, q.total()
"""
_WITHOUT_SLOTS = f"""
--- m
{_DATA.format(field="pass", more="")}
+++ m
{_DATA.format(field="pass", more="").replace("(slots=True)", "")}
=== hold
p = m.P(3)
=== ask
p == m.P(3), repr(p), m.P.y, p.__dict__
"""
_FROM_A_TUPLE = """
--- m
from dataclasses import dataclass
from typing import NamedTuple
class P(NamedTuple):
    x: int
    y: int = 0
+++ m
from dataclasses import dataclass
from typing import NamedTuple
@dataclass
class P:
    x: int
    y: int = 0
=== ask
m.P(1), m.P.y
"""
CASES = {
    "a dataclass has no slots any more": _WITHOUT_SLOTS,
    "a named tuple becomes a dataclass": _FROM_A_TUPLE,
    "fields with defaults come to a dataclass with slots": _WITH_DEFAULTS,
    "a field comes to a dataclass that derives from one, and the module makes one": _DERIVED,
    "a slot comes; who holds the class": """
        --- m
        class A:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
            def get(self): return self.x
        TABLE = {"a": A}
        BY = {A: 1}
        KINDS = (A, int)
        def make(kind=A): return kind()
        def typed(a: A) -> A: return a
        --- n
        from .m import A
        class Holder:
            kind = A
            def is_a(self, one): return isinstance(one, A)
        +++ m
        class A:
            __slots__ = ("x", "y")
            def __init__(self): self.x = 1; self.y = 2
            def get(self): return self.x, self.y
        TABLE = {"a": A}
        BY = {A: 1}
        KINDS = (A, int)
        def make(kind=A): return kind()
        def typed(a: A) -> A: return a
        +++ n
        from .m import A
        class Holder:
            kind = A
            def is_a(self, one): return isinstance(one, A)
        === hold
        kept = {"cls": m.A, "list": [m.A], "method": m.A.get, "set": {m.A}, "deep": (1, (m.A,))}
        holder = n.Holder()
        === ask
        m.A().get()
        n.A is m.A
        m.TABLE["a"] is m.A
        m.BY[m.A]
        m.KINDS[0] is m.A
        m.make().get()
        m.typed.__annotations__["a"] is m.A
        n.Holder.kind is m.A
        holder.is_a(m.A())
        kept["cls"] is m.A and kept["list"][0] is m.A and m.A in kept["set"] and kept["deep"][1][0] is m.A
        kept["method"](m.A())
        kept["method"] is m.A.get
        m.A.__slots__
        len(m.A.__mro__)
    """,
    "a slot comes; hundreds of instances live": """
        --- m
        class A:
            __slots__ = ("x",)
            def __init__(self, x): self.x = x
            def get(self): return self.x
        LIVE = []
        +++ m
        class A:
            __slots__ = ("x", "y")
            def __init__(self, x): self.x = x
            def get(self): return self.x + 1
        LIVE = []
        === use
        m.LIVE.extend(m.A(x) for x in range(500))
        kept = {one: one.x for one in m.LIVE}
        === ask
        sum(one.get() for one in m.LIVE) => 125250
        {type(one) is m.A for one in [*m.LIVE, *kept]} => {True}
        [one.x for one in kept] == list(range(500)) => True
    """,
    "a slot goes; instances live": """
        --- m
        class A:
            __slots__ = ("x", "y", "__weakref__")
            def __init__(self): self.x = 1; self.y = 2
            def get(self): return self.x
        ONE = A()
        --- n
        from .m import ONE
        +++ m
        class A:
            __slots__ = ("x", "__weakref__")
            def __init__(self): self.x = 1
            def get(self): return self.x + 1
        ONE = A()
        +++ n
        from .m import ONE
        === hold
        held = [m.A()]
        by = {held[0]: 1}
        m.ONE.x = 7
        === ask
        held[0].get()
        by[held[0]]
        type(held[0]) is m.A
        n.ONE is m.ONE
        m.ONE.get() => 8
    """,
    "derived classes follow": """
        --- m
        class A:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
        class B(A):
            __slots__ = ("z",)
            def __init__(self): super().__init__(); self.z = 3
            def all(self): return self.x, self.z
        --- n
        from .m import B
        class C(B):
            def all(self): return "c", super().all()
        +++ m
        class A:
            __slots__ = ("x", "y")
            def __init__(self): self.x = 1; self.y = 2
        class B(A):
            __slots__ = ("z",)
            def __init__(self): super().__init__(); self.z = 3
            def all(self): return self.x, self.y, self.z
        +++ n
        from .m import B
        class C(B):
            def all(self): return "c", super().all()
        === hold
        kept = [m.A, m.B, n.C]
        === ask
        m.B().all()
        n.C().all()
        kept == [m.A, m.B, n.C]
        issubclass(n.C, m.A)
        [c.__name__ for c in n.C.__mro__]
        [c.__name__ for c in m.A.__subclasses__()]
        [c.__name__ for c in m.B.__subclasses__()]
    """,
    "slots come to a plain class": """
        --- m
        class A:
            def __init__(self): self.x = 1
        +++ m
        class A:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
        === hold
        held = [m.A()]
        held[0].x = 5
        === ask
        held[0].x
        hasattr(held[0], "__dict__")
        type(held[0]) is m.A
    """,
    "slots go from a class": """
        --- m
        class A:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
        +++ m
        class A:
            def __init__(self): self.x = 1
            def add(self): self.extra = 5; return self.extra
        === hold
        held = {"one": m.A()}
        === ask
        held["one"].x
        held["one"].add()
        vars(held["one"])
    """,
    "a dataclass with slots gains a field": """
        --- m
        from dataclasses import dataclass
        from typing import Optional, Union
        @dataclass(slots=True, frozen=True)
        class D:
            x: int = 1
        MAYBE = Optional[D]
        EITHER = D | None
        LIST = list[D]
        def f(one: Optional[D] = None): return one
        +++ m
        from dataclasses import dataclass
        from typing import Optional, Union
        @dataclass(slots=True, frozen=True)
        class D:
            x: int = 1
            y: int = 2
        MAYBE = Optional[D]
        EITHER = D | None
        LIST = list[D]
        def f(one: Optional[D] = None): return one
        === ask
        m.D()
        m.MAYBE.__args__[0] is m.D
        m.EITHER.__args__[0] is m.D
        m.LIST.__args__[0] is m.D
        isinstance(m.D(), m.EITHER)
        m.f.__annotations__["one"].__args__[0] is m.D
        hash(m.D()) == hash(m.D())
    """,
    "a weak reference's place comes": """
        --- m
        class A:
            __slots__ = ("x",)
        +++ m
        class A:
            __slots__ = ("x", "__weakref__")
        === hold
        import weakref
        held = [m.A()]
        === ask
        weakref.ref(held[0])() is held[0]
    """,
    "a dict comes, a generic class": """
        --- m
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class A(Generic[T]):
            __slots__ = ("x",)
            def __init__(self): self.x = 1
        INTS = A[int]
        class B(A[str]):
            pass
        +++ m
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class A(Generic[T]):
            __slots__ = ("x", "__dict__")
            def __init__(self): self.x = 1; self.z = 2
        INTS = A[int]
        class B(A[str]):
            pass
        === ask
        m.INTS().z
        m.B().z
        m.INTS.__origin__ is m.A
        m.B.__orig_bases__[0].__origin__ is m.A
    """,
    "a nested class": """
        --- m
        class Outer:
            class Inner:
                __slots__ = ("x",)
                def __init__(self): self.x = 1
            def make(self): return self.Inner()
        +++ m
        class Outer:
            class Inner:
                __slots__ = ("x", "y")
                def __init__(self): self.x = 1; self.y = 2
            def make(self): return self.Inner()
        === hold
        held = m.Outer()
        kept = [m.Outer.Inner]
        === ask
        held.make().y
        kept[0] is m.Outer.Inner
    """,
    "instances that know one another": """
        --- m
        class Node:
            __slots__ = ("next", "old")
            def __init__(self, next=None): self.next = next
        A = Node()
        B = Node(A)
        A.next = B
        +++ m
        class Node:
            __slots__ = ("next",)
            def __init__(self, next=None): self.next = next
            def two(self): return self.next.next
        A = Node()
        B = Node(A)
        A.next = B
        === ask
        m.A.two() is m.A
        m.B.next is m.A
    """,
    "an abstract class, registered by hand": """
        --- m
        import abc
        from collections.abc import Sized
        class A:
            __slots__ = ("x",)
            def __len__(self): return 1
        class Kind(abc.ABC): pass
        Kind.register(A)
        +++ m
        import abc
        from collections.abc import Sized
        class A:
            __slots__ = ("x", "y")
            def __len__(self): return 1
        class Kind(abc.ABC): pass
        Kind.register(A)
        === ask
        issubclass(m.A, m.Kind)
        isinstance(m.A(), m.Kind)
        issubclass(m.A, m.Sized)
    """,
    "held by closures, partials and bound methods": """
        --- m
        import functools
        class A:
            __slots__ = ("x",)
            def __init__(self, x=1): self.x = x
            @classmethod
            def make(cls): return cls()
            def get(self): return self.x
        def maker(kind):
            def make(): return kind()
            return make
        MAKE = maker(A)
        PART = functools.partial(A, 3)
        BOUND = A.make
        +++ m
        import functools
        class A:
            __slots__ = ("x", "y")
            def __init__(self, x=1): self.x = x; self.y = 2
            @classmethod
            def make(cls): return cls()
            def get(self): return self.x
        def maker(kind):
            def make(): return kind()
            return make
        MAKE = maker(A)
        PART = functools.partial(A, 3)
        BOUND = A.make
        === ask
        m.MAKE().y
        m.PART().y
        m.BOUND().y
    """,
    "another value of a text that is a member, everywhere it is held": """
        --- m
        import enum
        class S(str, enum.Enum):
            DONE = "done"
            OPEN = "open"
        TABLE = {S.DONE: 1, S.OPEN: 2}
        STATE = {}
        class Job:
            def __init__(self): self.state = S.DONE
        def default(s=S.DONE): return s.value
        --- n
        from .m import S
        FINAL = (S.DONE, S.OPEN)
        +++ m
        import enum
        class S(str, enum.Enum):
            DONE = "DONE"
            OPEN = "open"
            NEW = "new"
        TABLE = {S.DONE: 1, S.OPEN: 2}
        STATE = {}
        class Job:
            def __init__(self): self.state = S.DONE
        def default(s=S.DONE): return s.value
        +++ n
        from .m import S
        FINAL = (S.DONE, S.OPEN)
        === hold
        job = m.Job()
        others = {m.S.DONE: "x"}
        === ask
        m.S("DONE") is m.S.DONE
        job.state is m.S.DONE
        job.state.value
        others["DONE"]
        m.TABLE["DONE"]
        n.FINAL[0] is m.S.DONE
        n.FINAL[0] == "DONE"
        m.default()
        list(m.S)
        isinstance(job.state, m.S)
    """,
    "another number of a number that is a member": """
        --- m
        import enum
        class S(enum.IntEnum):
            A = 1
            B = 2
        HELD = [S.B]
        +++ m
        import enum
        class S(enum.IntEnum):
            A = 1
            C = 2
            B = 3
        HELD = [S.B]
        === hold
        b = m.S.B
        === ask
        b is m.S.B
        b + 1
        m.HELD[0] is b
        m.S(2).name
    """,
    "two names of one member become two; the plan has listed who is alive": """
        --- m
        import enum
        class S(str, enum.Enum):
            IRI = "ref"
            REF = "ref"
        class Job:
            def __init__(self): self.x = 1
            def f(self): return 1
        +++ m
        import enum
        class S(str, enum.Enum):
            IRI = "iri"
            REF = "ref"
        class Job:
            def __init__(self): self.x = 1; self.y = 2
            def f(self): return self.x
            def code_change(self, old_vsn, state, extra): self.y = 2
        === hold
        job = m.Job.__new__(m.Job)
        === ask
        m.S("ref") is m.S.REF
    """,
    "two names of one member become two members that nobody holds": """
        --- m
        import enum
        class S(str, enum.Enum):
            IRI = "ref"
            REF = "ref"
            X = "x"
        +++ m
        import enum
        class S(str, enum.Enum):
            IRI = "iri"
            REF = "ref"
            X = "x"
        === ask
        m.S.IRI.value
        m.S("ref") is m.S.REF
    """,
}
OR_REFUSED = {
    "a running generator has an instance": """
        --- m
        class A:
            __slots__ = ("x", "y")
            def __init__(self): self.x = 1
            def get(self): return 1
        def run(a):
            while True: yield a.get()
        +++ m
        class A:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
            def get(self): return 2
        def run(a):
            while True: yield a.get()
        === hold
        going = m.run(m.A())
        next(going)
        === ask
        next(going)
    """,
    "an instance that lacks the new slot": """
        --- m
        class A:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
            def get(self): return self.x
        +++ m
        class A:
            __slots__ = ("x", "y")
            def __init__(self): self.x = 1; self.y = 2
            def get(self): return self.x + self.y
        === hold
        held = m.A()
        === ask
        held.get()
    """,
    "a dataclass with slots gains a field, and an instance lives": """
        --- m
        from dataclasses import dataclass
        @dataclass(slots=True)
        class D:
            x: int = 1
        +++ m
        from dataclasses import dataclass
        @dataclass(slots=True)
        class D:
            x: int = 1
            y: int = 2
        === hold
        held = [m.D()]
        === ask
        held[0]
        held[0] == m.D()
    """,
    "a dataclass gets slots and a field, and an instance lives": """
        --- m
        from dataclasses import dataclass
        @dataclass
        class D:
            x: int = 1
        +++ m
        from dataclasses import dataclass
        @dataclass(slots=True)
        class D:
            x: int = 1
            y: int = 2
        === hold
        held = [m.D()]
        === ask
        held[0]
        held[0] == m.D()
    """,
    "a dataclass gets slots, and an instance lives": """
        --- m
        from dataclasses import dataclass
        @dataclass
        class D:
            x: int = 1
        +++ m
        from dataclasses import dataclass
        @dataclass(slots=True)
        class D:
            x: int = 1
        === hold
        held = [m.D(3)]
        === ask
        held[0]
        held[0] == m.D(3)
        hasattr(held[0], "__dict__")
    """,
    "an instance is a key by what it holds, and pickled": """
        --- m
        class A:
            __slots__ = ("x", "y")
            def __init__(self, x): self.x = x; self.y = 1
            def __hash__(self): return hash(self.x)
            def __eq__(self, other): return self.x == other.x
            def __reduce__(self): return (A, (self.x,))
        TABLE = {A(1): "one"}
        +++ m
        class A:
            __slots__ = ("x",)
            def __init__(self, x): self.x = x
            def __hash__(self): return hash(self.x)
            def __eq__(self, other): return self.x == other.x
            def __reduce__(self): return (A, (self.x,))
        TABLE = {A(1): "one"}
        === hold
        import copy, copyreg
        held = {m.A(2), m.A(3)}
        === ask
        m.TABLE[m.A(1)]
        m.A(2) in held, m.A(4) in held
        copy.copy(next(iter(m.TABLE))) == m.A(1)
    """,
    "an exception with slots": """
        --- m
        class E(Exception):
            __slots__ = ("code",)
            def __init__(self): self.code = 1
        def fail(): raise E
        +++ m
        class E(Exception):
            __slots__ = ("code", "more")
            def __init__(self): self.code = 1; self.more = 2
        def fail():
            try: raise E
            except E as exc: return exc.more
        === ask
        m.fail()
    """,
    "a base in C, with an instance": """
        --- m
        class A(dict):
            __slots__ = ("x", "y")
            def f(self): return 1
        +++ m
        class A(dict):
            __slots__ = ("x",)
            def f(self): return 2
        === hold
        held = [m.A(a=1)]
        === ask
        held[0].f()
        held[0]
    """,
    "a weak reference to an instance": """
        --- m
        class A:
            __slots__ = ("x", "y", "__weakref__")
            def get(self): return 1
        +++ m
        class A:
            __slots__ = ("x", "__weakref__")
            def get(self): return 2
        === hold
        import weakref
        held = [m.A()]
        weak = weakref.ref(held[0])
        === ask
        weak() is held[0]
        weak().get()
    """,
    "a cache keyed by the class": """
        --- m
        import functools
        class A:
            __slots__ = ("x",)
        @functools.lru_cache
        def name(kind): return [kind.__slots__]
        GOT = name(A)
        +++ m
        import functools
        class A:
            __slots__ = ("x", "y")
        @functools.lru_cache
        def name(kind): return [kind.__slots__]
        GOT = name(A)
        === ask
        m.name(m.A)
        m.GOT
    """,
    "a slotted class that is registered by its base": """
        --- m
        class Base:
            __slots__ = ()
            kinds = []
            def __init_subclass__(cls): Base.kinds.append(cls)
        class A(Base):
            __slots__ = ("x",)
        class B(Base):
            __slots__ = ("z",)
        +++ m
        class Base:
            __slots__ = ()
            kinds = []
            def __init_subclass__(cls): Base.kinds.append(cls)
        class A(Base):
            __slots__ = ("x", "y")
        class B(Base):
            __slots__ = ("z",)
        === ask
        [k.__slots__ for k in m.Base.kinds]
        m.Base.kinds[0] is m.A
        sorted(c.__name__ for c in m.Base.__subclasses__())
    """,
    "two names of one member that somebody holds become two members": """
        --- m
        import enum
        class S(str, enum.Enum):
            IRI = "ref"
            REF = "ref"
            X = "x"
        +++ m
        import enum
        class S(str, enum.Enum):
            IRI = "iri"
            REF = "ref"
            X = "x"
        === hold
        kept = [m.S.REF]
        === ask
        m.S.IRI.value
    """,
    "another value of a member in a running call": """
        --- m
        import enum
        class S(str, enum.Enum):
            A = "a"
        def gen():
            s = S.A
            yield 1
            yield s.value
        +++ m
        import enum
        class S(str, enum.Enum):
            A = "b"
        def gen():
            s = S.A
            yield 1
            yield s.value
        === hold
        g = m.gen()
        next(g)
        === ask
        m.S.A.value
    """,
}
