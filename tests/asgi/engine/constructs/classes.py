"""Classes: descriptors, cells, registries, slots, metaclasses, bases."""

CASES = {
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
}
