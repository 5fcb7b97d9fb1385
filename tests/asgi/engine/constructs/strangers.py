"""Small programs that a reader brought who had seen none of the other tables: live objects above all."""

CASES = {
    "attribute becomes a method; instance lives": """
        --- m
        class Cart:
            def __init__(self): self.items = [2, 3]; self.total = 5
            def show(self): return self.total
        +++ m
        class Cart:
            def __init__(self): self.items = [2, 3]
            def total(self): return sum(self.items)
            def show(self): return self.total()
        === hold
        c = m.Cart()
        === ask
        c.show()
    """,
    "attribute becomes cached_property; instance lives": """
        --- m
        class Cart:
            def __init__(self): self.items = [2, 3]; self.total = 'old'
        +++ m
        import functools
        class Cart:
            def __init__(self): self.items = [2, 3]
            @functools.cached_property
            def total(self): return sum(self.items)
        === hold
        c = m.Cart()
        === ask
        c.total
    """,
    "global None singleton filled lazily, init changes text": """
        --- m
        _inst = None
        class Svc:
            name = 'old'
        def get():
            global _inst
            if _inst is None:
                _inst = Svc()
            return _inst
        +++ m
        import typing
        _inst: typing.Optional['Svc'] = None
        class Svc:
            name = 'new'
        def get() -> 'Svc':
            global _inst
            if _inst is None:
                _inst = Svc()
            return _inst
        === use
        s = m.get()
        === ask
        m.get() is s => True
        s.name => 'new'
    """,
    "TypeVar bound changes, generic alias": """
        --- t
        from typing import TypeVar, Generic, Callable, ParamSpec
        P = ParamSpec('P')
        T = TypeVar('T', bound=int)
        class Box(Generic[T]):
            def __init__(self, v: T): self.v = v
        Ints = Box[int]
        Fn = Callable[P, T]
        --- m
        from .t import Ints, Box, T, Fn
        def mk(): return Ints(3)
        def sig(f: Fn, b: 'Box[T]') -> T: ...
        +++ t
        from typing import TypeVar, Generic, Callable, ParamSpec
        P = ParamSpec('P')
        T = TypeVar('T', bound=str)
        class Box(Generic[T]):
            def __init__(self, v: T): self.v = v
            def map(self, f): return type(self)(f(self.v))
        Ints = Box[str]
        Fn = Callable[P, T]
        === hold
        b = m.mk()
        === ask
        b.map(str).v, m.Ints.__args__, m.T.__bound__
        __import__('typing').get_type_hints(m.sig)['b'].__args__[0].__bound__
        m.T is m.Box.__parameters__[0]
        m.Fn.__args__[1] is m.T
    """,
    "init loops over a class constant that grows": """
        --- m
        class A:
            FIELDS = ('x', 'y')
            def __init__(self):
                for f in self.FIELDS: setattr(self, f, 0)
            def total(self): return sum(getattr(self, f) for f in self.FIELDS)
        +++ m
        class A:
            FIELDS = ('x', 'y', 'z')
            def __init__(self):
                for f in self.FIELDS: setattr(self, f, 0)
            def total(self): return sum(getattr(self, f) for f in self.FIELDS)
        === hold
        a = m.A()
        === ask
        a.total()
    """,
    "init loops over a constant of another module that grows": """
        --- conf
        FIELDS = ['x', 'y']
        --- m
        from .conf import FIELDS
        class A:
            def __init__(self, **kw):
                for f in FIELDS: setattr(self, f, kw.get(f, 0))
            def total(self): return sum(getattr(self, f) for f in FIELDS)
        +++ conf
        FIELDS = ['x', 'y', 'z']
        === hold
        a = m.A()
        === ask
        a.total()
    """,
    "annotation alias rebound, counter counted": """
        --- m
        Num = int
        count: Num = 0
        def hit():
            global count
            count += 1
            return count
        +++ m
        Num = float
        count: Num = 0
        def hit():
            global count
            count += 1
            return count
        === use
        m.hit(); m.hit()
        === ask
        m.hit() => 3
        m.__annotations__ => {'count': <class 'float'>}
    """,
    "module-level generator expression and iterator": """
        --- m
        names = ('a', 'b', 'c')
        gen = (n.upper() for n in names)
        ids = iter(range(100))
        def nxt(): return next(gen), next(ids)
        +++ m
        names = ('a', 'b', 'c')
        gen = (n.title() for n in names)
        ids = iter(range(100))
        def nxt(): return next(gen), next(ids), 1
        === use
        m.nxt()
        === ask
        m.nxt() => ('B', 1, 1)
    """,
    "held combination": """
        --- m
        import enum
        class F(enum.Flag):
            A = enum.auto()
            B = enum.auto()
            C = enum.auto()
        +++ m
        import enum
        class F(enum.Flag):
            B = enum.auto()
            A = enum.auto()
            C = enum.auto()
        === hold
        ac = m.F.A | m.F.C
        === ask
        ac is (m.F.A | m.F.C), m.F.A in ac, ac
    """,
    "Flag members reordered and removed": """
        --- m
        import enum
        class F(enum.Flag):
            A = enum.auto()
            B = enum.auto()
            C = enum.auto()
            AB = A | B
        def allf(): return [f.name for f in F], F.AB.value, (F.A | F.C).value
        +++ m
        import enum
        class F(enum.Flag):
            B = enum.auto()
            A = enum.auto()
            C = enum.auto()
            AB = A | B
            AC = A | C
        def allf(): return [f.name for f in F], F.AB.value, (F.A | F.C).value
        === hold
        a = m.F.A
        ac = m.F.A | m.F.C
        === ask
        m.allf()
        a.value, a is m.F.A
        (m.F.A | m.F.C) is m.F.AC
    """,
}
