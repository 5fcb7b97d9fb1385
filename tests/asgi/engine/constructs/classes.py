"""Classes: descriptors, cells, registries, slots, metaclasses, bases."""

CASES = {
    "a classmethod under a decorator of the app's gets another name": """
        --- m
        import functools
        def wrapped(f):
            @functools.wraps(f)
            def inner(*a, **k): return f(*a, **k)
            return inner
        class A:
            @classmethod
            @wrapped
            def find(cls, x): return x
        +++ m
        import functools
        def wrapped(f):
            @functools.wraps(f)
            def inner(*a, **k): return f(*a, **k)
            return inner
        class A:
            @classmethod
            @wrapped
            def get(cls, x): return x + 1
        === hold
        one = m.A()
        === ask
        one.get(1) => 2
        hasattr(one, "find") => False
    """,
    "a method under a decorator of the app's gets a parameter": """
        --- m
        import contextlib, functools
        def wrapped(f):
            @functools.wraps(f)
            def inner(*a, **k): return f(*a, **k)
            return inner
        class A:
            @wrapped
            def get(self, x=1): yield x
        +++ m
        import contextlib, functools
        def wrapped(f):
            @functools.wraps(f)
            def inner(*a, **k): return f(*a, **k)
            return inner
        class A:
            @wrapped
            def get(self, y=2, x=1): yield x + y
        === hold
        held, raw, one = m.A.get, m.A.get.__wrapped__, m.A()
        === ask
        held is m.A.get
        raw is m.A.get.__wrapped__
        raw.__defaults__
        list(raw(one))
        list(getattr(one.get(), "gen", None) or one.get())
    """,
    "a method under contextmanager gets a parameter": """
        --- m
        import contextlib, functools
        def wrapped(f):
            @functools.wraps(f)
            def inner(*a, **k): return f(*a, **k)
            return inner
        class A:
            @contextlib.contextmanager
            def get(self, x=1): yield x
        +++ m
        import contextlib, functools
        def wrapped(f):
            @functools.wraps(f)
            def inner(*a, **k): return f(*a, **k)
            return inner
        class A:
            @contextlib.contextmanager
            def get(self, y=2, x=1): yield x + y
        === hold
        held, raw, one = m.A.get, m.A.get.__wrapped__, m.A()
        === ask
        held is m.A.get
        raw is m.A.get.__wrapped__
        raw.__defaults__
        list(raw(one))
        list(getattr(one.get(), "gen", None) or one.get())
    """,
    "a descriptor of the app's": """
        --- m
        class D:
            def __set_name__(self, owner, name): self.name = name
            def __get__(self, obj, owner): return "one", self.name
        class A:
            d = D()
        +++ m
        class D:
            def __set_name__(self, owner, name): self.name = name
            def __get__(self, obj, owner): return "two", self.name
        class A:
            d = D()
            e = D()
        === hold
        a = m.A()
        === ask
        a.d
        a.e
    """,
    "a descriptor is renamed": """
        --- m
        class D:
            def __set_name__(self, owner, name): self.name = name
            def __get__(self, obj, owner): return self.name
        class A:
            d = D()
        +++ m
        class D:
            def __set_name__(self, owner, name): self.name = name
            def __get__(self, obj, owner): return self.name
        class A:
            e = D()
        === hold
        a = m.A()
        === ask
        a.e
        hasattr(a, "d")
    """,
    "a property gains a setter": """
        --- m
        class A:
            @property
            def p(self): return 1
        +++ m
        class A:
            @property
            def p(self): return self.__dict__.get("_p", 1)
            @p.setter
            def p(self, v): self._p = v
        === hold
        a = m.A()
        === ask
        (setattr(a, "p", 5), a.p)
    """,
    "__init_subclass__ registers": """
        --- m
        R = []
        class Base:
            def __init_subclass__(cls): R.append(cls.__name__)
        class A(Base): pass
        +++ m
        R = []
        class Base:
            def __init_subclass__(cls): R.append(cls.__name__)
        class A(Base):
            x = 1
        class B(Base): pass
        === hold
        held = m.R
        === ask
        held
    """,
    "a metaclass registers": """
        --- m
        R = {}
        class Meta(type):
            def __init__(cls, name, bases, ns):
                super().__init__(name, bases, ns)
                R[name] = cls
        class A(metaclass=Meta): pass
        +++ m
        R = {}
        class Meta(type):
            def __init__(cls, name, bases, ns):
                super().__init__(name, bases, ns)
                R[name] = cls
        class A(metaclass=Meta):
            x = 1
        class B(A): pass
        === hold
        held = m.R; a = m.A()
        === ask
        sorted(held)
        held["A"] is m.A
        a.x
    """,
    "a base comes; an instance lives": """
        --- m
        class Mixin:
            def hi(self): return "hi"
        class A:
            pass
        +++ m
        class Mixin:
            def hi(self): return "hi"
        class A(Mixin):
            pass
        === hold
        a = m.A()
        === ask
        a.hi()
        m.A.__mro__[1].__name__
    """,
    "a base goes": """
        --- m
        class Mixin:
            def hi(self): return "hi"
        class A(Mixin):
            pass
        +++ m
        class Mixin:
            def hi(self): return "hi"
        class A:
            def hi(self): return "own"
        === hold
        a = m.A()
        === ask
        a.hi()
        isinstance(a, m.Mixin)
    """,
    "an abstract method comes": """
        --- m
        import abc
        class B(abc.ABC):
            pass
        class C(B):
            def f(self): return 1
        +++ m
        import abc
        class B(abc.ABC):
            @abc.abstractmethod
            def f(self): ...
        class C(B):
            def f(self): return 2
        === hold
        c = m.C()
        === ask
        c.f()
        m.B()
    """,
    "a NamedTuple's default": """
        --- m
        from typing import NamedTuple
        class P(NamedTuple):
            x: int = 1
            def f(self): return self.x
        +++ m
        from typing import NamedTuple
        class P(NamedTuple):
            x: int = 2
            def f(self): return -self.x
        === hold
        p = m.P(5); K = m.P
        === ask
        p.f()
        K()
        m.P()
    """,
    "a nested class": """
        --- m
        class A:
            class B:
                x = 1
                def f(self): return 1
        +++ m
        class A:
            class B:
                x = 2
                def f(self): return super().__init__, 2
        === hold
        b = m.A.B()
        === ask
        b.x
        b.f()[1]
    """,
    "a class decorator": """
        --- m
        def tag(cls):
            cls.tag = "one"
            return cls
        @tag
        class A: pass
        +++ m
        def tag(cls):
            cls.tag = "two"
            return cls
        @tag
        class A:
            x = 1
        === hold
        a = m.A()
        === ask
        a.tag
        a.x
    """,
    "a method aliased in the class": """
        --- m
        class A:
            def f(self): return 1
            g = f
        +++ m
        class A:
            def f(self): return 2
            g = f
        === hold
        a = m.A()
        === ask
        a.g()
        m.A.g is m.A.f
    """,
    "a method that was patched onto another class": """
        --- m
        def f(self): return 1
        class A: pass
        A.f = f
        +++ m
        def f(self): return 2
        class A: pass
        A.f = f
        === hold
        a = m.A()
        === ask
        a.f()
    """,
    "a method moves to the base": """
        --- m
        class B:
            pass
        class A(B):
            def f(self): return "A"
        +++ m
        class B:
            def f(self): return "B"
        class A(B):
            pass
        === hold
        a = m.A()
        === ask
        a.f()
        "f" in vars(m.A)
    """,
    "__eq__ comes": """
        --- m
        class A:
            def __init__(self, x): self.x = x
        +++ m
        class A:
            def __init__(self, x): self.x = x
            def __eq__(self, o): return self.x == o.x
        === hold
        a = m.A(1)
        === ask
        a == m.A(1)
        m.A.__hash__ is None
    """,
    "a Protocol": """
        --- m
        from typing import Protocol, runtime_checkable
        @runtime_checkable
        class P(Protocol):
            def f(self): ...
        class A:
            def f(self): return 1
        +++ m
        from typing import Protocol, runtime_checkable
        @runtime_checkable
        class P(Protocol):
            def f(self): ...
            def g(self): ...
        class A:
            def f(self): return 1
            def g(self): return 1
        === hold
        a = m.A()
        === ask
        isinstance(a, m.P)
        isinstance(1, m.P)
    """,
    "a class's body computes": """
        --- m
        class A:
            names = []
            for n in ("a", "b"):
                names.append(n)
        +++ m
        class A:
            names = []
            for n in ("a", "b", "c"):
                names.append(n)
        === hold
        K = m.A
        === ask
        K.names
    """,
    "class keywords": """
        --- m
        class Base:
            def __init_subclass__(cls, kind="x"): cls.kind = kind
        class A(Base, kind="one"): pass
        +++ m
        class Base:
            def __init_subclass__(cls, kind="x"): cls.kind = kind
        class A(Base, kind="two"): pass
        === hold
        a = m.A()
        === ask
        a.kind
    """,
    "a TypedDict": """
        --- m
        from typing import TypedDict
        class T(TypedDict):
            x: int
        +++ m
        from typing import TypedDict
        class T(TypedDict, total=False):
            x: int
            y: str
        === hold
        K = m.T
        === ask
        sorted(m.T.__annotations__)
        K.__total__
    """,
    "a TypedDict of typing_extensions that derives from a library's": """
        --- m
        from pydantic import ConfigDict
        class Config(ConfigDict, total=False):
            x: int
        DEFAULTS = Config(x=1)
        +++ m
        from pydantic import ConfigDict
        class Config(ConfigDict, total=False):
            x: int
            y: str | None
        DEFAULTS = Config(x=1)
        === hold
        K = m.Config
        === ask
        K is m.Config
        K.__annotations__["y"]
        "strict" in K.__optional_keys__ and "y" in K.__optional_keys__
        m.DEFAULTS
    """,
    "a generic class": """
        --- m
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class A(Generic[T]):
            def f(self): return 1
        class B(A[int]): pass
        +++ m
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class A(Generic[T]):
            def f(self): return 2
            def g(self): return 3
        class B(A[int]): pass
        === hold
        b = m.B()
        === ask
        b.f()
        b.g()
    """,
    "an instance at module level": """
        --- m
        class S:
            def __init__(self, n): self.n = n; self.seen = []
            def f(self): return self.n
        s = S(1)
        +++ m
        class S:
            def __init__(self, n): self.n = n; self.seen = []
            def f(self): return self.n
        s = S(2)
        === hold
        held = m.s
        === ask
        held.n
        m.s.f()
    """,
    "a class and the functions that check for it": """
        --- m
        class A: pass
        def check(x): return isinstance(x, A)
        +++ m
        class A:
            z = 1
        def check(x): return isinstance(x, A)
        === hold
        a = m.A()
        === ask
        m.check(a)
        a.z
    """,
    "private names": """
        --- m
        class A:
            def __x(self): return 1
            def f(self): return self.__x()
        +++ m
        class A:
            def __y(self): return 2
            def f(self): return self.__y()
        === hold
        a = m.A()
        === ask
        a.f()
        hasattr(a, "_A__x")
    """,
    "a class deleted with live instances in the app": """
        --- m
        class A:
            def f(self): return 1
        KEPT = []
        def go(): KEPT.append(A())
        +++ m
        KEPT = []
        def go(): pass
        === use
        m.go()
        === ask
        len(m.KEPT) => 0
    """,
    "a metaclass that makes no more classes; annotations and methods change": """
        --- m
        class Meta(type):
            def __new__(mcs, name, bases, d):
                for base in bases:
                    d.setdefault("fields", getattr(base, "fields", ()))
                return type.__new__(mcs, name, bases, d)
        class Node(metaclass=Meta):
            fields = ("a",)
            a: "int"
            def f(self): return 1
        class Leaf(Node):
            b: "int"
        def _no(*args): raise TypeError("no more of these")
        Meta.__new__ = staticmethod(_no)
        +++ m
        class Meta(type):
            def __new__(mcs, name, bases, d):
                for base in bases:
                    d.setdefault("fields", getattr(base, "fields", ()))
                return type.__new__(mcs, name, bases, d)
        class Node(metaclass=Meta):
            fields = ("a",)
            a: "str"
            def f(self, x=2): return x
            def g(self): return 3
        class Leaf(Node):
            b: "str"
        def _no(*args): raise TypeError("no more of these")
        Meta.__new__ = staticmethod(_no)
        === hold
        node = m.Node(); leaf = m.Leaf(); K = m.Node
        === ask
        (node.f(), leaf.g(), K.__annotations__, m.Leaf.__annotations__, K.fields, m.Leaf.fields)
    """,
    "a class's body called a function whose code changes": """
        --- m
        def compute(): return 1
        class A:
            x = compute()
            y = [compute()]
            def f(self): return self.x
        class B(A): pass
        +++ m
        def compute(): return 2
        class A:
            x = compute()
            y = [compute()]
            def f(self): return self.x
        class B(A): pass
        === hold
        a = m.A(); b = m.B(); K = m.A
        === ask
        (a.x, b.y, K.x, isinstance(b, K), a.f())
    """,
    "only what is for type checkers changes": """
        --- m
        import typing as t
        if t.TYPE_CHECKING:
            import decimal
            class P(t.Protocol): x: int
        def f(): return 1
        +++ m
        import typing as t
        if t.TYPE_CHECKING:
            import fractions
            class P(t.Protocol): y: int
            for i in range(3): print(i)
        def f(): return 2
        === hold
        f = m.f
        === ask
        (f(), hasattr(m, "P"))
    """,
    "a class body's annotations of members": """
        --- m
        class A:
            x: int
            y: "list[int]" = []
        +++ m
        class A:
            x: str
            y: "list[str]" = []
        === hold
        K = m.A
        === ask
        K.__annotations__
    """,
    "classes that a function makes, and who holds them": """
        --- m
        class Base: pass
        def work(self): return 1
        def make(name, n):
            def level(self): return n
            return type(name, (Base,), {"work": work, "level": level})
        A = make("A", 1)
        B = make("B", 2)
        TABLE = {1: A, 2: B}
        +++ m
        class Base: pass
        def work(self): return 10
        def make(name, n):
            def level(self): return n * 100
            return type(name, (Base,), {"work": work, "level": level, "more": work})
        A = make("A", 1)
        B = make("B", 3)
        TABLE = {1: A, 2: B}
        === hold
        A = m.A; b = m.B(); level = m.B.level
        === ask
        (A().work(), A().level(), b.level(), b.more(), level(b), A is m.A, type(b) is m.B)
        (m.TABLE[1] is A, len(m.Base.__subclasses__()))
    """,
    "classes that a function makes into a table": """
        --- m
        def make(n):
            class K:
                def f(self): return n
            return K
        TABLE = {i: make(i) for i in range(3)}
        def use(): return [k().f() for k in TABLE.values()]
        +++ m
        def make(n):
            m = n * 2
            class K:
                def f(self): return m
            return K
        TABLE = {i: make(i) for i in range(3)}
        def use(): return [k().f() for k in TABLE.values()]
        === hold
        k = m.TABLE[2]()
        === ask
        (k.f(), m.use())
    """,
    "slots in another order": """
        --- m
        class A:
            __slots__ = ("b", "a")
            def __init__(self): self.a = 1; self.b = 2
        +++ m
        class A:
            __slots__ = ("a", "b")
            def __init__(self): self.a = 1; self.b = 2
            def f(self): return self.a, self.b
        === hold
        a = m.A()
        === ask
        (a.f(), a.__slots__)
    """,
    "a method that the program holds is gone": """
        --- m
        class A:
            def f(self): return 1
            def _g(self): return 2
        +++ m
        class A:
            def f(self): return 3
        === use
        a = m.A(); f = a.f; g = m.A._g
        === ask
        (f(), hasattr(a, "_g")) => (3, False)
    """,
    "a class that the program has an instance of is gone": """
        --- m
        class A:
            def f(self): return 1
        class B: pass
        +++ m
        class B: pass
        === use
        a = m.A()
        === ask
        hasattr(m, "A") => False
    """,
    "a class attribute made of an enum that gains a member": """
        --- m
        import enum
        class C(enum.Enum):
            A = 1
        class Adder:
            every = set(C)
            count = len(C)
            def f(self): return sorted(c.name for c in self.every)
        +++ m
        import enum
        class C(enum.Enum):
            A = 1
            B = 2
        class Adder:
            every = set(C)
            count = len(C)
            def f(self): return sorted(c.name for c in self.every)
        === hold
        adder = m.Adder(); A = m.C.A
        === ask
        (adder.f(), adder.count, A in adder.every)
    """,
    "a class attribute that is a method's default, too": """
        --- m
        import enum
        class C(enum.Enum):
            A = 1
        class Adder:
            every = set(C)
            names = [c.name for c in C]
            def __init__(self, these=every, *, names=names): self.these = these; self.names = names
        +++ m
        import enum
        class C(enum.Enum):
            A = 1
            B = 2
        class Adder:
            every = set(C)
            names = [c.name for c in C]
            def __init__(self, these=every, *, names=names): self.these = these; self.names = names
        === hold
        every = m.Adder.every; init = m.Adder.__init__
        === ask
        (every is m.Adder.every, m.Adder().these is every, len(every), m.Adder().names is m.Adder.names, m.Adder.names)
    """,
    "an instance of a class that is gone asks for itself": """
        --- m
        class A:
            def __init__(self, inner): self.inner = inner
            def __getattr__(self, name): return getattr(self.inner, name)
        def f(): return 1
        +++ m
        def f(): return 2
        === use
        a = object.__new__(m.A); f = m.f
        === ask
        f() => 2
    """,
    "a class attribute's text changes; the program left it alone": """
        --- m
        def combine(*parts): return "|".join(parts)
        class A:
            patterns = ["x", combine("a", "b")]
            seen = [combine("n")]
        +++ m
        import typing
        def combine(*parts): return "|".join(parts)
        class A:
            patterns: typing.ClassVar[list] = ["x", combine("a", "b", "c")]
            seen = [combine("n")]
        === hold
        a = m.A(); patterns = m.A.patterns
        === ask
        (a.patterns, patterns is m.A.patterns, m.A.seen)
    """,
    "a class attribute's text changes; the program changed it, too": """
        --- m
        def combine(*parts): return "|".join(parts)
        class A:
            patterns = ["x", combine("a", "b")]
        +++ m
        def combine(*parts): return "|".join(parts)
        class A:
            patterns = ["x", combine("a", "b", "c")]
        === use
        m.A.patterns.append("mine")
        === ask
        m.A.patterns => either
    """,
}
