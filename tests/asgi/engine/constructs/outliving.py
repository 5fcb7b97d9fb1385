"""What outlives the classes and functions that made it: instances, closures, answers of `isinstance`."""

CASES = {
    "eq goes, hash comes back": """
        --- m
        class C:
            def __eq__(self, o): return True
        +++ m
        class C:
            pass
        === hold
        c = m.C()
        === ask
        hash(c) == hash(c)
        c == m.C()
        '__hash__' in vars(m.C)
    """,
    "hash changes, member of a set": """
        --- m
        class K:
            def __init__(self, n): self.n = n
            def __hash__(self): return hash(self.n)
            def __eq__(self, o): return self.n == o.n
        SEEN = set()
        TABLE = {}
        +++ m
        class K:
            def __init__(self, n): self.n = n
            def __hash__(self): return hash((self.n, 1))
            def __eq__(self, o): return self.n == o.n
        SEEN = set()
        TABLE = {}
        === use
        k = m.K(3)
        m.SEEN.add(k); m.TABLE[k] = 5
        lib.append({m.K(7)})
        === ask
        k in m.SEEN => True
        m.TABLE.get(k) => 5
        m.K(7) in lib[0] => True
    """,
    "eq comes, member of a set": """
        --- m
        class K:
            def __init__(self, n): self.n = n
        SEEN = set()
        +++ m
        class K:
            def __init__(self, n): self.n = n
            def __eq__(self, o): return self.n == o.n
            def __hash__(self): return hash(self.n)
        SEEN = set()
        === use
        k = m.K(3)
        m.SEEN.add(k)
        === ask
        k in m.SEEN => True
        m.K(3) in m.SEEN => True
    """,
    "subclasshook changes, abc cache": """
        --- m
        import abc
        class Sized(abc.ABC):
            @classmethod
            def __subclasshook__(cls, C):
                return any('size' in vars(B) for B in C.__mro__) or NotImplemented
        class A:
            def size(self): return 1
        class B:
            def length(self): return 1
        +++ m
        import abc
        class Sized(abc.ABC):
            @classmethod
            def __subclasshook__(cls, C):
                return any('length' in vars(B) for B in C.__mro__) or NotImplemented
        class A:
            def size(self): return 1
        class B:
            def length(self): return 1
        === hold
        x = (isinstance(m.A(), m.Sized), isinstance(m.B(), m.Sized))
        === ask
        isinstance(m.A(), m.Sized)
        isinstance(m.B(), m.Sized)
    """,
    "subclasshook looks at members that change": """
        --- m
        import abc
        class Sized(abc.ABC):
            @classmethod
            def __subclasshook__(cls, C):
                return any('size' in vars(B) for B in C.__mro__) or NotImplemented
        class A:
            def size(self): return 1
        class B:
            pass
        +++ m
        import abc
        class Sized(abc.ABC):
            @classmethod
            def __subclasshook__(cls, C):
                return any('size' in vars(B) for B in C.__mro__) or NotImplemented
        class A:
            pass
        class B:
            def size(self): return 1
        === hold
        x = (isinstance(m.A(), m.Sized), isinstance(m.B(), m.Sized))
        === ask
        isinstance(m.A(), m.Sized)
        isinstance(m.B(), m.Sized)
    """,
    "collections.abc cache: __iter__ comes": """
        --- m
        import collections.abc
        class A:
            pass
        class B:
            def __iter__(self): return iter(())
        def kind(x): return isinstance(x, collections.abc.Iterable)
        +++ m
        import collections.abc
        class A:
            def __iter__(self): return iter(())
        class B:
            pass
        def kind(x): return isinstance(x, collections.abc.Iterable)
        === hold
        a, b = m.A(), m.B()
        x = (m.kind(a), m.kind(b))
        === ask
        m.kind(a)
        m.kind(b)
    """,
    "abc base goes": """
        --- m
        import abc
        class Base(abc.ABC):
            pass
        class C(Base):
            pass
        class D:
            pass
        +++ m
        import abc
        class Base(abc.ABC):
            pass
        class C:
            pass
        class D(Base):
            pass
        === hold
        x = (isinstance(m.C(), m.Base), isinstance(m.D(), m.Base))
        === ask
        isinstance(m.C(), m.Base)
        isinstance(m.D(), m.Base)
    """,
    "singledispatch cache and bases": """
        --- m
        import functools
        class A: pass
        class B: pass
        class C(A): pass
        @functools.singledispatch
        def f(x): return 'object'
        @f.register
        def _(x: A): return 'A'
        @f.register
        def _(x: B): return 'B'
        +++ m
        import functools
        class A: pass
        class B: pass
        class C(B): pass
        @functools.singledispatch
        def f(x): return 'object'
        @f.register
        def _(x: A): return 'A'
        @f.register
        def _(x: B): return 'B'
        === hold
        c = m.C()
        m.f(c)
        === ask
        m.f(c)
        m.f(m.C())
    """,
    "runtime protocol cache": """
        --- m
        from typing import Protocol, runtime_checkable
        @runtime_checkable
        class P(Protocol):
            def a(self): ...
        class X:
            def a(self): return 1
        class Y:
            def b(self): return 1
        +++ m
        from typing import Protocol, runtime_checkable
        @runtime_checkable
        class P(Protocol):
            def b(self): ...
        class X:
            def a(self): return 1
        class Y:
            def b(self): return 1
        === hold
        t = (isinstance(m.X(), m.P), isinstance(m.Y(), m.P))
        === ask
        isinstance(m.X(), m.P)
        isinstance(m.Y(), m.P)
    """,
    "__subclasses__: base changes": """
        --- m
        class Base:
            @classmethod
            def all(cls): return [c.__name__ for c in cls.__subclasses__()]
        class Other: pass
        class A(Base): pass
        class C(Other): pass
        +++ m
        class Base:
            @classmethod
            def all(cls): return [c.__name__ for c in cls.__subclasses__()]
        class Other: pass
        class A(Other): pass
        class C(Base): pass
        === ask
        m.Base.all()
    """,
    "attribute becomes property over another": """
        --- m
        class C:
            def __init__(self): self.x = 1
            def get(self): return self.x
        +++ m
        class C:
            def __init__(self): self.x = 1
            @property
            def x(self): return self._x
            @x.setter
            def x(self, v): self._x = v
            def get(self): return self.x
        === hold
        c = m.C()
        === ask
        c.get()
    """,
    "property becomes attribute": """
        --- m
        class C:
            def __init__(self): self._x = 1
            @property
            def x(self): return self._x
        +++ m
        class C:
            def __init__(self): self.x = 1
        === hold
        c = m.C()
        === ask
        c.x
    """,
    "super().__init__ is now called": """
        --- m
        class Base:
            def __init__(self): self.b = 1
        class C(Base):
            def __init__(self): self.c = 1
            def get(self): return self.c
        +++ m
        class Base:
            def __init__(self): self.b = 1
        class C(Base):
            def __init__(self):
                super().__init__()
                self.c = 1
            def get(self): return self.c + self.b
        === hold
        c = m.C()
        === ask
        c.get()
    """,
    "__init__ goes, the base's applies": """
        --- m
        class Base:
            def __init__(self): self.b = 1
        class C(Base):
            def __init__(self): self.c = 1
            def get(self): return self.c
        +++ m
        class Base:
            def __init__(self): self.b = 1
        class C(Base):
            def get(self): return self.b
        === hold
        c = m.C()
        === ask
        c.get()
    """,
    "a helper is now called by __init__": """
        --- m
        class C:
            def __init__(self): self.c = 1
            def setup(self): self.d = 2
            def get(self): return self.c
        +++ m
        class C:
            def __init__(self):
                self.c = 1
                self.setup()
            def setup(self): self.d = 2
            def get(self): return self.d
        === hold
        c = m.C()
        === ask
        c.get()
    """,
    "__new__ sets": """
        --- m
        class C:
            def __new__(cls):
                o = super().__new__(cls)
                o.a = 1
                return o
            def get(self): return self.a
        +++ m
        class C:
            def __new__(cls):
                o = super().__new__(cls)
                o.a = 1
                o.b = 2
                return o
            def get(self): return self.a + self.b
        === hold
        c = m.C()
        === ask
        c.get()
    """,
    "object.__setattr__ in __post_init__": """
        --- m
        import dataclasses
        @dataclasses.dataclass(frozen=True)
        class C:
            a: int = 1
            def get(self): return self.a
        +++ m
        import dataclasses
        @dataclasses.dataclass(frozen=True)
        class C:
            a: int = 1
            def __post_init__(self):
                object.__setattr__(self, 'b', 2)
            def get(self): return self.a + self.b
        === hold
        c = m.C()
        === ask
        c.get()
    """,
    "targets of all kinds": """
        --- m
        class C:
            def __init__(self):
                self.a = 1
            def get(self): return 1
        +++ m
        class C:
            def __init__(self):
                self.a = 1
                self.b, (self.c, *self.d) = 1, (2, 3)
            def get(self): return (self.b, self.c, self.d)
        === hold
        c = m.C()
        === ask
        c.get()
    """,
    "target of a for": """
        --- m
        class C:
            def __init__(self):
                self.a = 1
            def get(self): return 1
        +++ m
        class C:
            def __init__(self):
                self.a = 1
                for self.i in range(3): pass
            def get(self): return self.i
        === hold
        c = m.C()
        === ask
        c.get()
    """,
    "target of a with": """
        --- m
        import io
        class C:
            def __init__(self):
                self.a = 1
            def get(self): return 1
        +++ m
        import io
        class C:
            def __init__(self):
                self.a = 1
                with io.StringIO() as self.f: pass
            def get(self): return self.f.closed
        === hold
        c = m.C()
        === ask
        c.get()
    """,
    "vars(self).update": """
        --- m
        class C:
            def __init__(self):
                self.a = 1
            def get(self): return 1
        +++ m
        class C:
            def __init__(self):
                self.a = 1
                vars(self).update(b=2)
            def get(self): return self.b
        === hold
        c = m.C()
        === ask
        c.get()
    """,
    "setattr in a loop in init": """
        --- m
        class C:
            def __init__(self):
                for n in ('a',): setattr(self, n, 1)
            def get(self): return 1
        +++ m
        class C:
            def __init__(self):
                for n in ('a', 'b'): setattr(self, n, 1)
            def get(self): return self.b
        === hold
        c = m.C()
        === ask
        c.get()
    """,
    "setattr in a loop over a constant": """
        --- m
        FIELDS = ('a',)
        class C:
            def __init__(self):
                for n in FIELDS: setattr(self, n, 1)
            def get(self): return self.a
        +++ m
        FIELDS = ('a', 'b')
        class C:
            def __init__(self):
                for n in FIELDS: setattr(self, n, 1)
            def get(self): return self.b
        === hold
        c = m.C()
        === ask
        c.get()
    """,
    "metaclass call sets": """
        --- m
        class Meta(type):
            def __call__(cls, *a):
                o = super().__call__(*a)
                return o
        class C(metaclass=Meta):
            def get(self): return 1
        +++ m
        class Meta(type):
            def __call__(cls, *a):
                o = super().__call__(*a)
                o.stamp = 5
                return o
        class C(metaclass=Meta):
            def get(self): return self.stamp
        === hold
        c = m.C()
        === ask
        c.get()
    """,
    "retyped attribute": """
        --- m
        class C:
            def __init__(self): self.items = []
            def add(self, x): self.items.append(x); return len(self.items)
        +++ m
        class C:
            def __init__(self): self.items = {}
            def add(self, x): self.items[x] = 1; return len(self.items)
        === hold
        c = m.C()
        === ask
        c.add('x')
    """,
    "retyped attribute: lock": """
        --- m
        import threading, asyncio
        class C:
            def __init__(self): self.lock = threading.Lock()
            def kind(self): return type(self.lock).__name__
        +++ m
        import threading, asyncio
        class C:
            def __init__(self): self.lock = asyncio.Lock()
            def kind(self): return type(self.lock).__name__
        === hold
        c = m.C()
        === ask
        c.kind()
    """,
    "retyped dataclass field": """
        --- m
        import dataclasses
        @dataclasses.dataclass
        class C:
            items: list = dataclasses.field(default_factory=list)
            def add(self, x): self.items.append(x); return len(self.items)
        +++ m
        import dataclasses
        @dataclasses.dataclass
        class C:
            items: dict = dataclasses.field(default_factory=dict)
            def add(self, x): self.items[x] = 1; return len(self.items)
        === hold
        c = m.C()
        === ask
        c.add('x')
    """,
    "mangled attribute of a renamed class": """
        --- m
        class Old:
            def __init__(self): self.__n = 3
            def n(self): return self.__n
        +++ m
        class New:
            def __init__(self): self.__n = 3
            def n(self): return self.__n
        Old = New
        === hold
        c = m.Old()
        === ask
        c.n()
    """,
    "private attribute becomes mangled": """
        --- m
        class C:
            def __init__(self): self._n = 3
            def n(self): return self._n
        +++ m
        class C:
            def __init__(self): self.__n = 3
            def n(self): return self.__n
        === hold
        c = m.C()
        === ask
        c.n()
    """,
    "data descriptor over instance values": """
        --- m
        class D:
            def __set_name__(self, o, n): self.n = n
            def __get__(self, o, t=None): return self if o is None else 'class'
        class C:
            x = D()
            def __init__(self): self.x = 5
        +++ m
        class D:
            def __set_name__(self, o, n): self.n = n
            def __get__(self, o, t=None): return self if o is None else o.__dict__['_' + self.n]
            def __set__(self, o, v): o.__dict__['_' + self.n] = v
        class C:
            x = D()
            def __init__(self): self.x = 5
        === hold
        c = m.C()
        === ask
        c.x
    """,
    "cached_property comes where an attribute was set": """
        --- m
        class C:
            def __init__(self): self.n = 2
            def x(self): return self.n * 2
        +++ m
        import functools
        class C:
            def __init__(self): self.n = 2
            @functools.cached_property
            def x(self): return self.n * 3
        === hold
        c = m.C()
        f = c.x
        === ask
        c.x
    """,
    "abstract in a base, subclass elsewhere": """
        --- low
        import abc
        class Base(abc.ABC):
            @abc.abstractmethod
            def a(self): ...
        --- m
        from .low import Base
        class C(Base):
            def a(self): return 1
        +++ low
        import abc
        class Base(abc.ABC):
            @abc.abstractmethod
            def a(self): ...
            @abc.abstractmethod
            def b(self): ...
        === ask
        sorted(m.C.__abstractmethods__)
        m.C()
    """,
    "abstract goes in a base, subclass elsewhere": """
        --- low
        import abc
        class Base(abc.ABC):
            @abc.abstractmethod
            def a(self): ...
            @abc.abstractmethod
            def b(self): ...
        --- m
        from .low import Base
        class C(Base):
            def a(self): return 1
        +++ low
        import abc
        class Base(abc.ABC):
            @abc.abstractmethod
            def a(self): ...
            def b(self): return 5
        === ask
        sorted(m.C.__abstractmethods__)
        m.C().b()
    """,
    "a program closure: variable renamed": """
        --- m
        def outer(a, b):
            def inner(): return a
            return inner
        +++ m
        def outer(a, b):
            def inner(): return b
            return inner
        === hold
        f = m.outer(1, 2)
        === ask
        f()
    """,
    "a program closure: variables exchanged": """
        --- m
        def outer(a, b):
            def inner(): return a - b
            return inner
        +++ m
        def outer(b, a):
            def inner(): return a - b
            return inner
        === hold
        f = m.outer(1, 2)
        === ask
        m.outer(1, 2)()
    """,
    "a program closure: what the variable holds is retyped": """
        --- m
        def outer():
            seen = []
            def inner(x):
                seen.append(x)
                return len(seen)
            return inner
        +++ m
        def outer():
            seen = set()
            def inner(x):
                seen.add(x)
                return len(seen)
            return inner
        === hold
        f = m.outer()
        === ask
        f(1)
    """,
    "module closure: what the variable holds is retyped": """
        --- m
        def outer():
            seen = []
            def inner(x):
                seen.append(x)
                return len(seen)
            return inner
        f = outer()
        +++ m
        def outer():
            seen = set()
            def inner(x):
                seen.add(x)
                return len(seen)
            return inner
        f = outer()
        === ask
        m.f(1)
    """,
    "__subclasses__ order": """
        --- m
        class Base:
            @classmethod
            def all(cls): return [c.__name__ for c in cls.__subclasses__()]
        class A(Base): pass
        class C(Base): pass
        +++ m
        class Base:
            @classmethod
            def all(cls): return [c.__name__ for c in cls.__subclasses__()]
        class A(Base): pass
        class B(Base): pass
        class C(Base): pass
        === ask
        m.Base.all()
    """,
    "__subclasses__: one goes": """
        --- m
        class Base:
            @classmethod
            def all(cls): return [c.__name__ for c in cls.__subclasses__()]
        class A(Base): pass
        class C(Base): pass
        +++ m
        class Base:
            @classmethod
            def all(cls): return [c.__name__ for c in cls.__subclasses__()]
        class C(Base): pass
        === ask
        m.Base.all()
    """,
}
