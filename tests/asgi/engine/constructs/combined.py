"""Several constructs in one change, as releases have them: a class that moves and gains, a closure in a table."""

CASES = {
    "a class moves, gains a slot, and has instances": """
        --- a
        class P:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
            def get(self): return self.x
        --- b
        from .a import P
        +++ a
        +++ b
        class P:
            __slots__ = ("x", "y")
            def __init__(self): self.x = 1; self.y = 2
            def get(self): return getattr(self, "y", None), self.x
        === hold
        held = b.P()
        === ask
        held.get()
        type(held) is b.P
    """,
    "a class moves and gains a slot; none lives": """
        --- a
        class P:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
        --- b
        from .a import P
        +++ a
        +++ b
        class P:
            __slots__ = ("x", "y")
            def __init__(self): self.x = 1; self.y = 2
        === hold
        kept = b.P
        === ask
        kept is b.P
        kept().y
        b.P.__slots__
    """,
    "a slotted base gains a slot; a subclass's instance lives": """
        --- m
        class A:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
        class B(A):
            __slots__ = ("z",)
            def __init__(self): super().__init__(); self.z = 3
            def all(self): return self.x, self.z
        +++ m
        class A:
            __slots__ = ("x", "y")
            def __init__(self): self.x = 1; self.y = 2
        class B(A):
            __slots__ = ("z",)
            def __init__(self): super().__init__(); self.z = 3
            def all(self): return self.x, self.y, self.z
        === hold
        held = m.B()
        === ask
        held.all()
    """,
    "slots go; an instance lives": """
        --- m
        class A:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
        +++ m
        class A:
            def __init__(self): self.x = 1
            def add(self): self.extra = 5; return self.extra
        === hold
        held = m.A()
        === ask
        held.x
        held.add()
    """,
    "a dataclass gets slots; super() in a method": """
        --- m
        from dataclasses import dataclass
        class Base:
            def name(self): return "base"
        @dataclass
        class D(Base):
            x: int = 1
            def name(self): return "d" + super().name()
        +++ m
        from dataclasses import dataclass
        class Base:
            def name(self): return "base"
        @dataclass
        class D(Base):
            x: int = 1
            def name(self): return "D" + super(D, self).name()
        === hold
        held = m.D(4)
        === ask
        held.name()
        held.x
        m.D(4) == held
    """,
    "a slotted dataclass: a method's body": """
        --- m
        from dataclasses import dataclass
        @dataclass(slots=True)
        class D:
            x: int = 1
            def twice(self): return self.x * 2
        +++ m
        from dataclasses import dataclass
        @dataclass(slots=True)
        class D:
            x: int = 1
            def twice(self): return self.x + self.x + 1
        === hold
        held = m.D(4)
        === ask
        held.twice()
        m.D(4) == held
        m.D.__slots__
    """,
    "a slotted dataclass gains a field; none lives": """
        --- m
        from dataclasses import dataclass
        @dataclass(slots=True)
        class D:
            x: int = 1
        KEPT = {"cls": D}
        +++ m
        from dataclasses import dataclass
        @dataclass(slots=True)
        class D:
            x: int = 1
            y: int = 2
        KEPT = {"cls": D}
        === ask
        m.D()
        m.KEPT["cls"] is m.D
    """,
    "a frozen dataclass gains an order": """
        --- m
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class V:
            n: int
        TABLE = {V(1): "one"}
        +++ m
        from dataclasses import dataclass
        @dataclass(frozen=True, order=True)
        class V:
            n: int
        TABLE = {V(1): "one"}
        === hold
        held = m.V(1)
        === ask
        m.TABLE[held]
        held < m.V(2)
        sorted([m.V(3), held])
    """,
    "a closure that gains a variable stands in a table of another module": """
        --- a
        def make(n):
            k = 5
            def inner(): return n
            return inner
        --- b
        from .a import make
        TABLE = {"x": make(3)}
        +++ a
        def make(n):
            k = 5
            def inner(): return n + k
            return inner
        +++ b
        from .a import make
        TABLE = {"x": make(3)}
        === hold
        held = b.TABLE["x"]
        === ask
        held()
        held is b.TABLE["x"]
    """,
    "a closure that gains a variable, registered by a decorator of another module": """
        --- reg
        HOOKS = []
        def hook(name):
            def deco(f):
                HOOKS.append((name, f))
                return f
            return deco
        --- m
        from .reg import hook
        def build(n):
            base = 10
            @hook("made")
            def made(): return n
            return made
        build(1)
        build(2)
        +++ reg
        HOOKS = []
        def hook(name):
            def deco(f):
                HOOKS.append((name, f))
                return f
            return deco
        +++ m
        from .reg import hook
        def build(n):
            base = 10
            @hook("made")
            def made(): return n + base
            return made
        build(1)
        build(2)
        === ask
        [(n, f()) for n, f in reg.HOOKS]
    """,
    "an enum with an alias: the alias becomes a member": """
        --- m
        import enum
        class E(enum.Enum):
            A = 1
            B = 1
            C = 2
        DEFAULT = E.B
        +++ m
        import enum
        class E(enum.Enum):
            A = 1
            B = 3
            C = 2
        DEFAULT = E.B
        === hold
        held = m.E.A
        === ask
        held is m.E.A
        m.DEFAULT is m.E.B
        m.DEFAULT.value
        list(m.E)
        m.E(3)
    """,
    "an enum with an alias: the member becomes an alias": """
        --- m
        import enum
        class E(enum.Enum):
            A = 1
            B = 3
            C = 2
        +++ m
        import enum
        class E(enum.Enum):
            A = 1
            B = 1
            C = 2
        === hold
        held = m.E.B
        === ask
        held is m.E.B
        held.name
        held in m.E
        list(m.E)
    """,
    "a flag gains a composite": """
        --- m
        import enum
        class F(enum.Flag):
            R = enum.auto()
            W = enum.auto()
        BOTH = F.R | F.W
        +++ m
        import enum
        class F(enum.Flag):
            R = enum.auto()
            W = enum.auto()
            X = enum.auto()
            ALL = R | W | X
        BOTH = F.R | F.W
        === hold
        held = m.F.R | m.F.W
        === ask
        held is m.BOTH
        m.F.ALL & held == held
        list(m.F.ALL)
        ~held
    """,
    "a str enum with a method and a missing hook": """
        --- m
        import enum
        class S(str, enum.Enum):
            A = "a"
            B = "b"
            def label(self): return self.value
        +++ m
        import enum
        class S(str, enum.Enum):
            A = "a"
            B = "b"
            C = "c"
            def label(self): return self.value.upper()
            @classmethod
            def _missing_(cls, value): return cls.C
        === hold
        held = m.S.B
        === ask
        held.label()
        m.S("nothing")
        held == "b"
        m.S.C.label()
    """,
    "enum auto values shift": """
        --- m
        import enum
        class E(enum.Enum):
            A = enum.auto()
            B = enum.auto()
        NAMES = {E.A: "a", E.B: "b"}
        +++ m
        import enum
        class E(enum.Enum):
            Z = enum.auto()
            A = enum.auto()
            B = enum.auto()
        NAMES = {E.A: "a", E.B: "b"}
        === hold
        held = m.E.A
        === ask
        held.value
        m.NAMES[held]
        m.E(1)
        list(m.E)
    """,
    "a generic class gains a parameter": """
        --- m
        from typing import Generic, TypeVar
        T = TypeVar("T")
        U = TypeVar("U")
        class Box(Generic[T]):
            def __init__(self, item): self.item = item
        IntBox = Box[int]
        class Sub(Box[str]): pass
        +++ m
        from typing import Generic, TypeVar
        T = TypeVar("T")
        U = TypeVar("U")
        class Box(Generic[T, U]):
            def __init__(self, item): self.item = item
        IntBox = Box[int, str]
        class Sub(Box[str, int]): pass
        === hold
        held = m.Sub(3)
        === ask
        m.Box.__parameters__
        m.IntBox
        m.Sub.__orig_bases__
        isinstance(held, m.Box)
        m.IntBox(4).item
    """,
    "NewType, ParamSpec and Annotated": """
        --- m
        from typing import Annotated, Callable, NewType, ParamSpec, TypeVar
        P = ParamSpec("P")
        R = TypeVar("R")
        UserId = NewType("UserId", int)
        def log(f: Callable[P, R]) -> Callable[P, R]:
            def inner(*args: P.args, **kw: P.kwargs) -> R: return f(*args, **kw)
            return inner
        @log
        def load(i: UserId) -> Annotated[int, "old"]: return i
        +++ m
        from typing import Annotated, Callable, NewType, ParamSpec, TypeVar
        P = ParamSpec("P")
        R = TypeVar("R")
        UserId = NewType("UserId", str)
        def log(f: Callable[P, R]) -> Callable[P, R]:
            def inner(*args: P.args, **kw: P.kwargs) -> R: return f(*args, **kw)
            inner.__wrapped__ = f
            return inner
        @log
        def load(i: UserId) -> Annotated[str, "new"]: return str(i)
        === hold
        held = m.load
        === ask
        m.UserId.__supertype__
        held(3)
        held is m.load
        m.load.__wrapped__.__annotations__["return"]
        m.load.__wrapped__.__annotations__["i"] is m.UserId
    """,
    "TypedDict: total and required keys": """
        --- m
        from typing import TypedDict
        class Base(TypedDict):
            a: int
        class Row(Base, total=False):
            b: str
        +++ m
        from typing import NotRequired, TypedDict
        class Base(TypedDict):
            a: int
            c: NotRequired[int]
        class Row(Base, total=True):
            b: str
        === hold
        kept = m.Row
        === ask
        sorted(kept.__required_keys__)
        sorted(kept.__optional_keys__)
        kept is m.Row
        kept.__total__
        sorted(kept.__annotations__)
    """,
    "a chain of property setters": """
        --- m
        class C:
            def __init__(self): self._v = 1
            @property
            def v(self): return self._v
            @v.setter
            def v(self, n): self._v = n
        +++ m
        class C:
            def __init__(self): self._v = 1
            @property
            def v(self): return self._v * 10
            @v.setter
            def v(self, n): self._v = n + 1
            @v.deleter
            def v(self): self._v = 0
        === hold
        held = m.C()
        prop = m.C.v
        === ask
        held.v
        setattr(held, "v", 5)
        held.v
        delattr(held, "v")
        held.v
    """,
    "a subclass extends a base's property; the base's getter changes": """
        --- m
        class A:
            @property
            def v(self): return 1
        class B(A):
            @A.v.setter
            def v(self, n): self.n = n
        +++ m
        class A:
            @property
            def v(self): return 2
        class B(A):
            @A.v.setter
            def v(self, n): self.n = n * 2
        === hold
        held = m.B()
        === ask
        held.v
        setattr(held, "v", 4)
        held.n
    """,
    "a subclass extends a base's property; the getter becomes lambda's": """
        --- a
        class A:
            @property
            def v(self): return 1
        --- b
        from .a import A
        class B(A):
            @A.v.setter
            def v(self, n): self.n = n
        +++ a
        def getter(self): return 7
        class A:
            v = property(getter)
        +++ b
        from .a import A
        class B(A):
            @A.v.setter
            def v(self, n): self.n = n
        === hold
        held = b.B()
        === ask
        held.v
        b.B.v.fget is a.getter
    """,
    "cached_property has its value, and what it calls changes": """
        --- m
        from functools import cached_property
        def compute(): return "old"
        class C:
            @cached_property
            def v(self): return compute()
        +++ m
        from functools import cached_property
        def compute(): return "new"
        class C:
            @cached_property
            def v(self): return compute()
        === use
        held = m.C()
        held.v
        === ask
        held.v => 'new'
        m.C().v => 'new'
    """,
    "a context variable's default": """
        --- m
        import contextvars
        VAR = contextvars.ContextVar("VAR", default=1)
        def get(): return VAR.get()
        +++ m
        import contextvars
        VAR = contextvars.ContextVar("VAR", default=2)
        def get(): return VAR.get()
        === ask
        m.get()
    """,
    "a context variable that is set keeps its value": """
        --- m
        import contextvars
        VAR = contextvars.ContextVar("VAR", default=1)
        def get(): return VAR.get()
        +++ m
        import contextvars
        VAR = contextvars.ContextVar("VAR", default=1)
        def get(): return VAR.get() + 1
        === use
        m.VAR.set(41)
        === ask
        m.get() => 42
    """,
    "a context variable that is set, and its default changes": """
        --- m
        import contextvars
        VAR = contextvars.ContextVar("VAR", default=1)
        def get(): return VAR.get()
        +++ m
        import contextvars
        VAR = contextvars.ContextVar("VAR", default=2)
        def get(): return VAR.get()
        === use
        m.VAR.set(41)
        === ask
        m.get() => 41
    """,
    "weak references to a class and to an instance": """
        --- m
        import weakref
        class C:
            def f(self): return 1
        ONE = C()
        REF = weakref.ref(C)
        SEEN = weakref.WeakKeyDictionary({ONE: "one"})
        CALL = weakref.WeakMethod(ONE.f)
        +++ m
        import weakref
        class C:
            def f(self): return 2
            def g(self): return 3
        ONE = C()
        REF = weakref.ref(C)
        SEEN = weakref.WeakKeyDictionary({ONE: "one"})
        CALL = weakref.WeakMethod(ONE.f)
        === hold
        held = m.ONE
        ref = weak = __import__("weakref").ref(m.C)
        === ask
        m.REF() is m.C
        ref() is m.C
        m.CALL()()
        m.SEEN[held]
        held.g()
    """,
    "a weak callback's function changes": """
        --- m
        import weakref
        GONE = []
        class C: pass
        def gone(ref): GONE.append("old")
        ONE = C()
        REF = weakref.ref(ONE, gone)
        +++ m
        import weakref
        GONE = []
        class C: pass
        def gone(ref): GONE.append("new")
        ONE = C()
        REF = weakref.ref(ONE, gone)
        === ask
        m.REF.__callback__(None)
        m.GONE
    """,
    "weakref.finalize with a function that changes": """
        --- m
        import weakref
        LOG = []
        class C: pass
        def bye(n): LOG.append(n)
        ONE = C()
        FIN = weakref.finalize(ONE, bye, 1)
        +++ m
        import weakref
        LOG = []
        class C: pass
        def bye(n): LOG.append(n * 10)
        ONE = C()
        FIN = weakref.finalize(ONE, bye, 1)
        === ask
        m.FIN()
        m.LOG
    """,
    "pickled by name; the class moves": """
        --- a
        class P:
            def __init__(self): self.x = 1
        --- b
        from .a import P
        +++ a
        from .b import P
        +++ b
        class P:
            def __init__(self): self.x = 1
            def twice(self): return self.x * 2
        === hold
        import pickle
        held = b.P()
        stored = pickle.dumps(held)
        === ask
        type(pickle.loads(stored)) is b.P
        pickle.loads(stored).twice()
        pickle.loads(pickle.dumps(held)).twice()
    """,
    "__reduce__ comes": """
        --- m
        class P:
            def __init__(self, x=1): self.x = x
        +++ m
        def again(x): return P(x + 1)
        class P:
            def __init__(self, x=1): self.x = x
            def __reduce__(self): return again, (self.x,)
        === hold
        import pickle
        held = m.P()
        === ask
        pickle.loads(pickle.dumps(held)).x
    """,
    "__init_subclass__ registers; a subclass goes that the program has": """
        --- m
        class Base:
            kinds = {}
            def __init_subclass__(cls, **kw): Base.kinds[cls.__name__] = cls
        class A(Base): pass
        class B(Base): pass
        +++ m
        class Base:
            kinds = {}
            def __init_subclass__(cls, **kw): Base.kinds[cls.__name__] = cls
        class A(Base): pass
        === ask
        sorted(m.Base.kinds)
        [c.__name__ for c in m.Base.__subclasses__()]
    """,
    "__init_subclass__ takes a keyword that changes": """
        --- m
        class Base:
            def __init_subclass__(cls, /, tag=None, **kw):
                super().__init_subclass__(**kw)
                cls.tag = tag
        class A(Base, tag="a"): pass
        class B(A): pass
        +++ m
        class Base:
            def __init_subclass__(cls, /, tag=None, **kw):
                super().__init_subclass__(**kw)
                cls.tag = (tag, cls.__name__)
        class A(Base, tag="aa"): pass
        class B(A): pass
        === hold
        held = m.A(), m.B()
        === ask
        [h.tag for h in held]
    """,
    "a metaclass with __prepare__": """
        --- m
        class Meta(type):
            @classmethod
            def __prepare__(mcs, name, bases, **kw):
                space = dict()
                space["made"] = "old"
                return space
        class C(metaclass=Meta):
            x = made + "!"
        +++ m
        class Meta(type):
            @classmethod
            def __prepare__(mcs, name, bases, **kw):
                space = dict()
                space["made"] = "new"
                return space
        class C(metaclass=Meta):
            x = made + "!"
        === hold
        held = m.C()
        === ask
        held.x
        held.made
    """,
    "a metaclass's __call__ makes singletons": """
        --- m
        class Single(type):
            _one = {}
            def __call__(cls, *a):
                if cls not in Single._one:
                    Single._one[cls] = super().__call__(*a)
                return Single._one[cls]
        class Config(metaclass=Single):
            def __init__(self): self.n = 0
            def bump(self): self.n += 1; return self.n
        +++ m
        class Single(type):
            _one = {}
            def __call__(cls, *a):
                if cls not in Single._one:
                    Single._one[cls] = super().__call__(*a)
                return Single._one[cls]
        class Config(metaclass=Single):
            def __init__(self): self.n = 0
            def bump(self): self.n += 10; return self.n
        === use
        one = m.Config()
        one.bump()
        === ask
        m.Config() is one => True
        one.bump() => 11
    """,
    "a metaclass's __getattr__ and __iter__ come": """
        --- m
        class Meta(type):
            pass
        class C(metaclass=Meta):
            items = (1, 2)
        +++ m
        class Meta(type):
            def __getattr__(cls, name): return name.upper()
            def __iter__(cls): return iter(cls.items)
        class C(metaclass=Meta):
            items = (1, 2, 3)
        === hold
        held = m.C
        === ask
        list(held)
        held.anything
    """,
    "a metaclass changes to another": """
        --- m
        class M1(type):
            def who(cls): return "m1"
        class M2(type):
            def who(cls): return "m2"
        class C(metaclass=M1): pass
        class D(C): pass
        +++ m
        class M1(type):
            def who(cls): return "m1"
        class M2(type):
            def who(cls): return "m2"
        class C(metaclass=M2): pass
        class D(C): pass
        === hold
        held = m.D(), m.D
        === ask
        m.C.who()
        held[1].who()
        type(held[0]) is m.D
    """,
    "a module's __getattr__ with a cache": """
        --- m
        _made = []
        def __getattr__(name):
            if name.startswith("lazy"):
                _made.append(name)
                value = "old " + name
                globals()[name] = value
                return value
            raise AttributeError(name)
        +++ m
        _made = []
        def __getattr__(name):
            if name.startswith("lazy"):
                _made.append(name)
                value = "new " + name
                globals()[name] = value
                return value
            raise AttributeError(name)
        === use
        m.lazy_a
        === ask
        m.lazy_b => 'new lazy_b'
        m._made => ['lazy_a', 'lazy_b']
    """,
    "a module's __dir__ and __getattr__ for what is deprecated": """
        --- m
        def new_name(): return 1
        +++ m
        def better_name(): return 2
        def __getattr__(name):
            if name == "new_name": return better_name
            raise AttributeError(name)
        def __dir__(): return ["better_name", "new_name"]
        === ask
        m.new_name()
        dir(m)
    """,
    "TYPE_CHECKING imports become real": """
        --- a
        class T: pass
        --- b
        from __future__ import annotations
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from .a import T
        def f(x: T) -> T: return x
        +++ a
        class T: pass
        +++ b
        from typing import TYPE_CHECKING
        from .a import T
        def f(x: T) -> T: return x
        === ask
        b.f.__annotations__["x"] is a.T
        b.T is a.T
    """,
    "get_type_hints on strings, and the class moves": """
        --- a
        class T: pass
        --- b
        from .a import T
        def f(x: "T") -> "list[T]": return [x]
        +++ a
        +++ b
        class T: pass
        def f(x: "T") -> "list[T]": return [x]
        === hold
        import typing
        f = b.f
        === ask
        typing.get_type_hints(f)["x"] is b.T
        typing.get_type_hints(f)["return"].__args__[0] is b.T
    """,
    "try and except ImportError: the fallback is another class": """
        --- m
        try:
            from no_such_library import Fast as Impl
        except ImportError:
            class Impl:
                def f(self): return "slow"
        def make(): return Impl()
        +++ m
        try:
            from no_such_library import Fast as Impl
        except ImportError:
            class Impl:
                def f(self): return "slower"
                def g(self): return 1
        def make(): return Impl()
        === hold
        held = m.make()
        === ask
        held.f()
        held.g()
        type(held) is m.Impl
    """,
    "try and except: another function's copy": """
        --- m
        try:
            import no_such_json as json
        except ImportError:
            import json
        dumps = json.dumps
        +++ m
        try:
            import no_such_json as json
            FAST = True
        except ImportError:
            import json
            FAST = False
        def dumps(v): return "v1" + json.dumps(v)
        === ask
        m.dumps(1)
        m.FAST
    """,
    "a conditional definition's condition turns": """
        --- m
        FAST = True
        if FAST:
            def f(): return "fast"
            class K:
                n = 1
        else:
            def f(): return "slow"
            class K:
                n = 2
        USES = [f, K]
        +++ m
        FAST = False
        if FAST:
            def f(): return "fast"
            class K:
                n = 1
        else:
            def f(): return "slow"
            class K:
                n = 2
        USES = [f, K]
        === hold
        held = m.f, m.K, m.K()
        === ask
        held[0]()
        held[1] is m.K
        held[2].n
        m.USES[0]()
        m.USES[1] is m.K
    """,
    "del at module level of a helper, and its user changes": """
        --- m
        def _make(n): return {"n": n}
        TABLE = _make(1)
        del _make
        +++ m
        def _make(n): return {"n": n, "m": n + 1}
        TABLE = _make(2)
        del _make
        === ask
        m.TABLE
        hasattr(m, "_make")
    """,
    "a function sets globals, and is called at import": """
        --- m
        LEVEL = 0
        def setup(n):
            global LEVEL, HANDLER
            LEVEL = n
            HANDLER = lambda: n
        setup(1)
        +++ m
        LEVEL = 0
        def setup(n):
            global LEVEL, HANDLER
            LEVEL = n
            HANDLER = lambda: n * 10
        setup(2)
        === ask
        m.LEVEL
        m.HANDLER()
    """,
    "a walrus in a comprehension at module level": """
        --- m
        ROWS = [y for x in range(3) if (y := x * 2) > 1]
        +++ m
        ROWS = [z for x in range(4) if (z := x * 3) > 1]
        === ask
        m.ROWS
        sorted(n for n in vars(m) if n in ("x", "y", "z"))
    """,
    "a match statement with a class pattern": """
        --- m
        class P:
            __match_args__ = ("x", "y")
            def __init__(self, x, y): self.x, self.y = x, y
        def f(v):
            match v:
                case P(1, y): return "one", y
                case P(): return "p"
        +++ m
        class P:
            __match_args__ = ("y", "x")
            def __init__(self, x, y): self.x, self.y = x, y
        def f(v):
            match v:
                case P(1, x): return "one", x
                case P(y=9): return "nine"
                case P(): return "P"
        === hold
        held = m.P(1, 2), m.P(5, 1), m.P(0, 9)
        === ask
        [m.f(h) for h in held]
    """,
    "an async generator that stands, and its function": """
        --- m
        async def gen():
            yield "old"
            yield tail()
        def tail(): return "old tail"
        +++ m
        async def gen():
            yield "new"
            yield tail()
        def tail(): return "new tail"
        === use
        import asyncio
        held = m.gen()
        def step(g):
            try: held_coro = g.__anext__().send(None)
            except StopIteration as e: return e.value
        first = step(held)
        === ask
        step(held) => 'new tail'
        step(m.gen()) => 'new'
    """,
    "nested decorators with arguments, the outer changes": """
        --- m
        import functools
        def tag(t):
            def deco(f):
                @functools.wraps(f)
                def inner(*a): return (t, f(*a))
                return inner
            return deco
        def twice(f):
            @functools.wraps(f)
            def inner(*a): return f(*a), f(*a)
            return inner
        @tag("x")
        @twice
        def f(n): return n
        TABLE = {"f": f}
        +++ m
        import functools
        def tag(t, *more):
            def deco(f):
                @functools.wraps(f)
                def inner(*a): return (t, more, f(*a))
                return inner
            return deco
        def twice(f):
            @functools.wraps(f)
            def inner(*a): return f(*a), f(*a)
            return inner
        @tag("x", "y")
        @twice
        def f(n): return n + 1
        TABLE = {"f": f}
        === hold
        held = m.f
        === ask
        held(1)
        held is m.TABLE["f"]
        held.__wrapped__(2)
    """,
    "overloads come and go": """
        --- m
        from typing import overload
        @overload
        def f(x: int) -> int: ...
        @overload
        def f(x: str) -> str: ...
        def f(x): return x
        +++ m
        from typing import overload
        @overload
        def f(x: int) -> int: ...
        @overload
        def f(x: bytes) -> bytes: ...
        @overload
        def f(x: str) -> str: ...
        def f(x): return x, 1
        === hold
        import typing
        held = m.f
        === ask
        held(1)
        [o.__annotations__ for o in typing.get_overloads(m.f)]
    """,
    "a protocol becomes runtime_checkable": """
        --- m
        from typing import Protocol
        class Closes(Protocol):
            def close(self) -> None: ...
        class F:
            def close(self): pass
        +++ m
        from typing import Protocol, runtime_checkable
        @runtime_checkable
        class Closes(Protocol):
            def close(self) -> None: ...
            def flush(self) -> None: ...
        class F:
            def close(self): pass
            def flush(self): pass
        === hold
        held = m.F()
        kept = m.Closes
        === ask
        isinstance(held, kept)
        isinstance(3, kept)
        kept is m.Closes
    """,
    "an abstract method goes, and a living instance implements another": """
        --- m
        import abc
        class A(abc.ABC):
            @abc.abstractmethod
            def f(self): ...
            def run(self): return self.f()
        class B(A):
            def f(self): return 1
        +++ m
        import abc
        class A(abc.ABC):
            @abc.abstractmethod
            def g(self): ...
            def run(self): return self.g()
        class B(A):
            def g(self): return 2
        === hold
        held = m.B()
        === ask
        held.run()
        m.B().run()
        sorted(m.A.__abstractmethods__)
        sorted(m.B.__abstractmethods__)
        hasattr(held, "f")
    """,
    "__set_name__ of a descriptor with a table per owner": """
        --- m
        class Field:
            def __set_name__(self, owner, name):
                self.name = name
                owner.__dict__.get("fields", {})[name] = self
            def __get__(self, obj, cls): return self if obj is None else obj.__dict__.get(self.name, "none")
        class C:
            fields = {}
            a = Field()
            b = Field()
        +++ m
        class Field:
            def __set_name__(self, owner, name):
                self.name = name
                owner.__dict__.get("fields", {})[name] = self
            def __get__(self, obj, cls): return self if obj is None else obj.__dict__.get(self.name, "nothing")
        class C:
            fields = {}
            a = Field()
            c = Field()
        === hold
        held = m.C()
        === ask
        sorted(m.C.fields)
        held.a
        held.c
        hasattr(held, "b")
        m.C.fields["a"] is m.C.a
    """,
    "a descriptor keeps its values per instance": """
        --- m
        import weakref
        class Typed:
            def __init__(self, kind): self.kind, self.values = kind, weakref.WeakKeyDictionary()
            def __get__(self, obj, cls): return self if obj is None else self.values.get(obj)
            def __set__(self, obj, value): self.values[obj] = self.kind(value)
        class C:
            n = Typed(int)
        +++ m
        import weakref
        class Typed:
            def __init__(self, kind): self.kind, self.values = kind, weakref.WeakKeyDictionary()
            def __get__(self, obj, cls): return self if obj is None else (self.values.get(obj), "new")
            def __set__(self, obj, value): self.values[obj] = self.kind(value)
        class C:
            n = Typed(int)
            def m(self): return self.n
        === use
        held = m.C()
        held.n = "4"
        === ask
        held.n => (4, 'new')
        held.m() => (4, 'new')
    """,
    "a descriptor keeps its values per instance, and its arguments change": """
        --- m
        class Typed:
            def __init__(self, kind): self.kind, self.values = kind, {}
            def __get__(self, obj, cls): return self if obj is None else self.values.get(id(obj))
            def __set__(self, obj, value): self.values[id(obj)] = self.kind(value)
        class C:
            n = Typed(int)
        +++ m
        class Typed:
            def __init__(self, kind): self.kind, self.values = kind, {}
            def __get__(self, obj, cls): return self if obj is None else self.values.get(id(obj))
            def __set__(self, obj, value): self.values[id(obj)] = self.kind(value)
        class C:
            n = Typed(float)
        === use
        held = m.C()
        held.n = "4"
        === ask
        held.n => 4
        m.C.n.kind => <class 'float'>
    """,
    "a package's __init__ re-exports from elsewhere": """
        --- pkg__one
        def f(): return 1
        class K: pass
        --- pkg__two
        --- pkg
        from .one import f, K
        __all__ = ["f", "K"]
        --- m
        from .pkg import *
        +++ pkg__one
        +++ pkg__two
        def f(): return 2
        class K:
            n = 3
        +++ pkg
        from .two import f, K
        __all__ = ["f", "K"]
        +++ m
        from .pkg import *
        === hold
        held = m.f, m.K()
        === ask
        held[0]()
        held[1].n
        m.f is pkg.f
        isinstance(held[1], m.K)
    """,
    "a module becomes a package, and its class goes into a submodule": """
        --- core
        class C:
            def f(self): return 1
        def make(): return C()
        --- m
        from .core import make, C
        +++ core__kinds
        class C:
            def f(self): return 2
        +++ core
        from .kinds import C
        def make(): return C()
        +++ m
        from .core import make, C
        === hold
        held = m.make()
        === ask
        held.f()
        type(held) is m.C
        m.C.__module__.rpartition(".")[2]
        isinstance(m.make(), m.C)
    """,
    "a cycle of relative imports turns round": """
        --- a
        from . import b
        def fa(): return "a", b.NAME
        NAME = "A"
        --- b
        NAME = "B"
        def fb():
            from . import a
            return a.NAME
        +++ b
        from . import a
        NAME = "B2"
        def fb(): return a.NAME
        +++ a
        NAME = "A2"
        def fa():
            from . import b
            return "a", b.NAME
        === ask
        a.fa()
        b.fb()
        b.a is a
    """,
    "a generator stands in old code, and the next is new": """
        --- m
        def rows():
            yield "old", 1
            yield "old", step()
        def step(): return 2
        +++ m
        def rows():
            yield "new", 1
            yield "new", step()
        def step(): return 20
        === use
        g = m.rows()
        next(g)
        === ask
        next(g) => ('old', 20)
        next(m.rows()) => ('new', 1)
    """,
    "bound methods and partials in lists": """
        --- m
        import functools
        class C:
            def __init__(self, n): self.n = n
            def f(self, k=0): return self.n + k
        ONE = C(5)
        CALLS = [ONE.f, functools.partial(ONE.f, k=2), functools.partial(C.f, ONE)]
        +++ m
        import functools
        class C:
            def __init__(self, n): self.n = n
            def f(self, k=0, *, by=1): return (self.n + k) * by
        ONE = C(5)
        CALLS = [ONE.f, functools.partial(ONE.f, k=3, by=2), functools.partial(C.f, ONE)]
        === hold
        first = m.CALLS[0]
        === ask
        [c() for c in m.CALLS]
        first(by=3)
    """,
    "partials of partials": """
        --- m
        import functools
        def f(*a, **k): return a, sorted(k.items())
        P = functools.partial(f, 1)
        Q = functools.partial(P, 2, z=1)
        HELD = [Q]
        +++ m
        import functools
        def f(*a, **k): return "new", a, sorted(k.items())
        P = functools.partial(f, 10)
        Q = functools.partial(P, 2, z=3)
        HELD = [Q]
        === hold
        mine = m.Q
        === ask
        m.Q()
        m.HELD[0]()
        mine()
        mine is m.Q
    """,
    "a slotted class gains a base without slots": """
        --- m
        class Mixin:
            def mix(self): return "mixed"
        class C:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
        +++ m
        class Mixin:
            def mix(self): return "mixed"
        class C(Mixin):
            __slots__ = ("x",)
            def __init__(self): self.x = 1
        === hold
        held = m.C()
        === ask
        held.mix()
        held.x
    """,
    "a slotted class gains an empty base": """
        --- m
        class Mixin:
            __slots__ = ()
            def mix(self): return "mixed"
        class C:
            __slots__ = ("x",)
            def __init__(self): self.x = 1
        +++ m
        class Mixin:
            __slots__ = ()
            def mix(self): return "mixed"
        class C(Mixin):
            __slots__ = ("x",)
            def __init__(self): self.x = 1
        === hold
        held = m.C()
        === ask
        held.mix()
        held.x
        m.C.__mro__
    """,
    "a named tuple gains a field with a default; instances live": """
        --- m
        from typing import NamedTuple
        class P(NamedTuple):
            x: int
            y: int = 0
        +++ m
        from typing import NamedTuple
        class P(NamedTuple):
            x: int
            y: int = 0
            z: int = 9
            def total(self): return self.x + self.y + self.z
        === hold
        held = m.P(1, 2)
        === ask
        held.total()
        m.P(1)
    """,
    "a named tuple's fields change places; instances live": """
        --- m
        from collections import namedtuple
        P = namedtuple("P", "x y")
        def f(p): return p.x
        +++ m
        from collections import namedtuple
        P = namedtuple("P", "y x")
        def f(p): return p.x
        === hold
        held = m.P(x=1, y=2)
        === ask
        m.f(held)
    """,
    "a namedtuple() gains a field; none lives": """
        --- m
        from collections import namedtuple
        P = namedtuple("P", "x y")
        def f(): return P(1, 2)
        +++ m
        from collections import namedtuple
        P = namedtuple("P", "x y z", defaults=[3])
        def f(): return P(1, 2)
        === ask
        m.f()
        m.P._fields
        m.P._field_defaults
    """,
    "an exception class that an old frame catches gains a base": """
        --- m
        class Err(Exception): pass
        def work(n):
            raise Err(n)
        def run():
            try:
                yield "ready"
                work(1)
            except Err as exc:
                yield "caught", exc.args
        +++ m
        class Root(Exception): pass
        class Err(Root):
            def code(self): return 400
        def work(n):
            raise Err(n + 1)
        def run():
            try:
                yield "ready"
                work(1)
            except Root as exc:
                yield "caught", exc.args
        === use
        g = m.run()
        next(g)
        kept = m.Err
        === ask
        next(g) => ('caught', (2,))
        kept is m.Err => True
        issubclass(kept, m.Root) => True
        kept("x").code() => 400
    """,
    "an exception is renamed and its old name is an alias": """
        --- m
        class TimeoutErr(Exception): pass
        def f():
            raise TimeoutErr("t")
        --- n
        from .m import TimeoutErr, f
        def g():
            try: f()
            except TimeoutErr as e: return type(e).__name__
        +++ m
        class RequestTimeout(Exception): pass
        TimeoutErr = RequestTimeout
        def f():
            raise RequestTimeout("t")
        +++ n
        from .m import TimeoutErr, f
        def g():
            try: f()
            except TimeoutErr as e: return type(e).__name__
        === hold
        caught = m.TimeoutErr
        === ask
        n.g()
        caught is m.RequestTimeout
    """,
    "class attributes made in a loop in the body": """
        --- m
        class C:
            for _name in ("a", "b"):
                locals()[_name] = (lambda n: lambda self: n)(_name)
            del _name
        +++ m
        class C:
            for _name in ("a", "c"):
                locals()[_name] = (lambda n: lambda self: n + "!")(_name)
            del _name
        === hold
        held = m.C()
        === ask
        held.a()
        held.c()
        hasattr(held, "b")
    """,
    "a class decorator that returns another class": """
        --- m
        def wrap(cls):
            class Wrapped(cls):
                extra = 1
            Wrapped.__name__ = cls.__name__
            return Wrapped
        @wrap
        class C:
            def f(self): return 1
        +++ m
        def wrap(cls):
            class Wrapped(cls):
                extra = 2
            Wrapped.__name__ = cls.__name__
            return Wrapped
        @wrap
        class C:
            def f(self): return 2
            def g(self): return super().__repr__()[:1]
        === hold
        held = m.C()
        === ask
        held.f()
        held.extra
        held.g()
        type(held) is m.C
    """,
    "total_ordering comes": """
        --- m
        class V:
            def __init__(self, n): self.n = n
            def __eq__(self, o): return self.n == o.n
            def __lt__(self, o): return self.n < o.n
        +++ m
        from functools import total_ordering
        @total_ordering
        class V:
            def __init__(self, n): self.n = n
            def __eq__(self, o): return self.n == o.n
            def __lt__(self, o): return self.n > o.n
        === hold
        held = m.V(1), m.V(2)
        === ask
        held[0] < held[1]
        held[0] >= held[1]
    """,
    "a class with __class_getitem__ and an alias of it": """
        --- m
        class K:
            def __class_getitem__(cls, item): return (cls.__name__, item)
        INT = K[int]
        +++ m
        class K:
            def __class_getitem__(cls, item): return (cls.__name__, "new", item)
        INT = K[int]
        === ask
        m.INT
        m.K[str]
    """,
    "__class__ cells of a base that a function made": """
        --- m
        def base():
            class B:
                def who(self): return "B", __class__.__name__
            return B
        class C(base()):
            def who(self): return "C", super().who()
        +++ m
        def base():
            class B:
                def who(self): return "B2", __class__.__name__
            return B
        class C(base()):
            def who(self): return "C2", super().who(), __class__.__name__
        === hold
        held = m.C()
        === ask
        held.who()
        m.C().who()
        len(m.C.__mro__)
    """,
    "__new__ counts and an instance is interned": """
        --- m
        class Sym:
            _all = {}
            def __new__(cls, name):
                if name not in cls._all:
                    cls._all[name] = super().__new__(cls)
                    cls._all[name].name = name
                return cls._all[name]
        A = Sym("a")
        B = Sym("b")
        +++ m
        class Sym:
            _all = {}
            def __new__(cls, name):
                if name not in cls._all:
                    cls._all[name] = super().__new__(cls)
                    cls._all[name].name = name
                return cls._all[name]
            def __repr__(self): return f"<{self.name}>"
        A = Sym("a")
        C = Sym("c")
        === hold
        held = m.A
        === ask
        held is m.A
        held
        m.Sym("a") is m.A
        m.Sym("c") is m.C
    """,
    "an iterator at module level": """
        --- m
        import itertools
        IDS = itertools.count(1)
        def new_id(): return next(IDS)
        +++ m
        import itertools
        IDS = itertools.count(1)
        def new_id(): return "id", next(IDS)
        === use
        m.new_id()
        m.new_id()
        === ask
        m.new_id() => ('id', 3)
    """,
    "an iterator at module level starts elsewhere": """
        --- m
        import itertools
        IDS = itertools.count(1)
        def new_id(): return next(IDS)
        +++ m
        import itertools
        IDS = itertools.count(100)
        def new_id(): return next(IDS)
        === use
        m.new_id()
        m.new_id()
        === ask
        m.new_id() => 100
    """,
    "a lock at module level": """
        --- m
        import threading
        LOCK = threading.Lock()
        COUNT = 0
        def bump():
            global COUNT
            with LOCK: COUNT += 1
            return COUNT
        +++ m
        import threading
        LOCK = threading.Lock()
        COUNT = 0
        def bump():
            global COUNT
            with LOCK: COUNT += 10
            return COUNT
        === use
        m.bump()
        kept = m.LOCK
        === ask
        m.bump() => 11
        kept is m.LOCK => True
    """,
    "a lock becomes an RLock": """
        --- m
        import threading
        LOCK = threading.Lock()
        def f():
            with LOCK: return 1
        +++ m
        import threading
        LOCK = threading.RLock()
        def f():
            with LOCK:
                with LOCK: return 2
        === ask
        m.f()
    """,
    "an instance at module level whose class gains an attribute": """
        --- m
        class Conf:
            def __init__(self): self.a = 1
        CONF = Conf()
        +++ m
        class Conf:
            def __init__(self): self.a = 1; self.b = 2
            def both(self): return self.a, self.b
        CONF = Conf()
        === use
        m.CONF.a = 42
        kept = m.CONF
        === ask
        kept.both() => (42, 2)
    """,
    "exports by a loop over a tuple with setattr of the module": """
        --- m
        import sys
        class A: pass
        class B: pass
        for _cls in (A, B):
            setattr(sys.modules[__name__], _cls.__name__ + "Alias", _cls)
        +++ m
        import sys
        class A:
            n = 1
        class B: pass
        class C: pass
        for _cls in (A, C):
            setattr(sys.modules[__name__], _cls.__name__ + "Alias", _cls)
        === hold
        held = m.A()
        === ask
        m.AAlias is m.A
        m.CAlias is m.C
        hasattr(m, "BAlias")
        held.n
    """,
    "handlers in a class body's table": """
        --- m
        class Parser:
            table = {}
            def on(key, table=table):
                def deco(f):
                    table[key] = f
                    return f
                return deco
            @on("a")
            def do_a(self): return "a"
            @on("b")
            def do_b(self): return "b"
            def run(self, key): return self.table[key](self)
        +++ m
        class Parser:
            table = {}
            def on(key, table=table):
                def deco(f):
                    table[key] = f
                    return f
                return deco
            @on("a")
            def do_a(self): return "A"
            @on("c")
            def do_c(self): return "C"
            def run(self, key): return self.table[key](self)
        === hold
        held = m.Parser()
        === ask
        held.run("a")
        held.run("c")
        sorted(held.table)
        held.table["a"] is m.Parser.do_a
    """,
    "a registry keyed by types, of a moved class": """
        --- kinds
        class A: pass
        class B(A): pass
        --- enc
        from .kinds import A, B
        ENC = {A: lambda v: "a", B: lambda v: "b"}
        def enc(v): return ENC[type(v)](v)
        +++ kinds
        from .more import B
        class A: pass
        +++ more
        class B:
            def extra(self): return 1
        +++ enc
        from .kinds import A, B
        ENC = {A: lambda v: "a", B: lambda v: ("b", v.extra())}
        def enc(v): return ENC[type(v)](v)
        === hold
        held = kinds.B(), kinds.A()
        === ask
        [enc.enc(h) for h in held]
        isinstance(held[0], kinds.A)
    """,
    "a generic alias as a key": """
        --- m
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class Box(Generic[T]): pass
        REG = {Box[int]: "int"}
        def look(k): return REG.get(k)
        +++ m
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class Box(Generic[T]):
            n = 1
        REG = {Box[int]: "int", Box[str]: "str"}
        def look(k): return REG.get(k)
        === hold
        key = m.Box[int]
        === ask
        m.look(key)
        m.look(m.Box[str])
        key().n
    """,
    "super() in a static helper and a class method": """
        --- m
        class A:
            @classmethod
            def make(cls): return cls.__name__, "A"
            @staticmethod
            def s(): return 1
        class B(A):
            @classmethod
            def make(cls): return super().make()
        +++ m
        class A:
            @classmethod
            def make(cls, n=1): return cls.__name__, "A", n
            @staticmethod
            def s(k=2): return k
        class B(A):
            @classmethod
            def make(cls): return "B", super().make(n=3)
            @staticmethod
            def s(): return __class__.__name__
        === hold
        held = m.B.make, m.B.s, m.B()
        === ask
        held[0]()
        held[2].s()
        held[2].make()
    """,
    "a mixin comes between, and super() goes through it": """
        --- m
        class A:
            def f(self): return ["A"]
        class B(A):
            def f(self): return ["B"] + super().f()
        class C(B):
            def f(self): return ["C"] + super().f()
        +++ m
        class A:
            def f(self): return ["A"]
        class Mid(A):
            def f(self): return ["Mid"] + super().f()
        class B(Mid):
            def f(self): return ["B"] + super().f()
        class C(B):
            def f(self): return ["C"] + super().f()
        === hold
        held = m.C()
        bound = held.f
        === ask
        held.f()
        bound()
        [c.__name__ for c in m.C.__mro__]
    """,
    "a block's condition turns, and its names go": """
        --- m
        released = False
        tag = version = "1.0"
        if not released:
            import pathlib
            def get_version(tag): return tag + ".dev"
            version = get_version(tag)
        def show(): return version
        +++ m
        released = True
        tag = version = "1.0.1"
        if not released:
            import pathlib
            def get_version(tag): return tag + ".dev"
            version = get_version(tag)
        def show(): return version
        === ask
        m.show()
        hasattr(m, "get_version")
        hasattr(m, "pathlib")
        m.tag
    """,
    "overloads of a method, at other lines": """
        --- m
        from typing import overload
        class S:
            @overload
            def __init__(self, x: int, serializer: None = None): ...
            @overload
            def __init__(self, x: str, serializer: str = ...): ...
            def __init__(self, x, serializer=None): self.x = x
        +++ m
        from typing import overload
        T = int
        class S:
            n = 1
            @overload
            def __init__(self, x: int, serializer: None = None): ...
            @overload
            def __init__(self, x: bytes, serializer: bytes): ...
            @overload
            def __init__(self, x: T, *, serializer: str): ...
            def __init__(self, x, serializer=None): self.x = [x]
        === hold
        import typing
        held = m.S(1)
        === ask
        [(o.__annotations__, o.__defaults__) for o in typing.get_overloads(m.S.__init__)]
        m.S(2).x
    """,
    "overloads that move and go": """
        --- m
        from typing import overload
        @overload
        def f(x: int) -> int: ...
        @overload
        def f(x: bytes) -> int: ...
        @overload
        def f(x: str) -> str: ...
        def f(x): return x
        +++ m
        from typing import overload
        A = 1
        @overload
        def f(x: int) -> int: ...
        @overload
        def f(x: str, y: int = 2) -> str: ...
        def f(x, y=1): return x, y
        === hold
        import typing
        held = m.f
        === ask
        held(1)
        [(o.__annotations__, o.__defaults__) for o in typing.get_overloads(m.f)]
    """,
}
