"""Values that come by ways which no text tells, and what belongs to a definition beside its code."""

CASES = {
    "SimpleNamespace made by an operator": """
        --- m
        import types
        class V:
            def __add__(self, o): return o + 1
        CONF = types.SimpleNamespace(n=V() + 1)
        +++ m
        import types
        class V:
            def __add__(self, o): return o + 2
        CONF = types.SimpleNamespace(n=V() + 1)
        === ask
        m.CONF.n
    """,
    "attrgetter made of a dunder": """
        --- m
        import operator
        class V:
            def __str__(self): return 'real'
        GET = operator.attrgetter(f'{V()}')
        +++ m
        import operator
        class V:
            def __str__(self): return 'imag'
        GET = operator.attrgetter(f'{V()}')
        === ask
        m.GET(3+4j)
    """,
    "HTTPStatus through an index": """
        --- low
        class T:
            def __getitem__(self, k): return 200
        t = T()
        --- m
        import http
        from .low import t
        OK = http.HTTPStatus(t['x'])
        +++ low
        class T:
            def __getitem__(self, k): return 404
        t = T()
        === ask
        m.OK
    """,
    "HTTPStatus through getattr": """
        --- low
        CODE = 200
        --- m
        import http
        from . import low
        OK = http.HTTPStatus(getattr(low, 'CO' + 'DE'))
        +++ low
        CODE = 404
        === ask
        m.OK
    """,
    "ChainMap of values": """
        --- low
        A = {'x': 1}
        def get(): return dict(A)
        --- m
        import collections
        from . import low
        C = collections.ChainMap(getattr(low, 'get')(), {'y': 2})
        +++ low
        A = {'x': 5}
        def get(): return dict(A)
        === ask
        m.C['x']
    """,
    "a default list from a dynamic value": """
        --- low
        N = 3
        --- m
        from . import low
        def f(xs=list(range(vars(low)['N']))): return xs
        +++ low
        N = 4
        === ask
        m.f()
    """,
    "a closure cell list from a dynamic value": """
        --- low
        N = 3
        --- m
        from . import low
        def make():
            xs = [vars(low)['N']]
            def f(): return xs
            return f
        f = make()
        +++ low
        N = 4
        === ask
        m.f()
    """,
    "globals() reads": """
        --- m
        LIMIT_A = 1
        def pick(n): return globals()['LIMIT_' + n]
        X = [pick('A')]
        +++ m
        LIMIT_A = 2
        def pick(n): return globals()['LIMIT_' + n]
        X = [pick('A')]
        === ask
        m.X
    """,
    "sys.modules reads": """
        --- low
        A = 1
        --- m
        import sys
        from . import low
        X = (sys.modules[low.__name__].A, 2)
        +++ low
        A = 3
        === ask
        m.X
    """,
    "deep value": """
        --- low
        A = 1
        --- m
        from . import low
        X = {'a': {'b': {'c': {'d': {'e': {'f': getattr(low, 'A')}}}}}}
        +++ low
        A = 3
        === ask
        m.X
    """,
    "a big table": """
        --- low
        A = 1
        --- m
        from . import low
        X = {i: getattr(low, 'A') for i in range(1500)}
        +++ low
        A = 3
        === ask
        m.X[7]
    """,
    "cached_property of another module's function": """
        --- low
        def a(self): return 1
        def b(self): return 2
        which = {'x': a}
        --- m
        import functools
        from . import low
        class C:
            x = functools.cached_property(low.which['x'])
        +++ low
        def a(self): return 1
        def b(self): return 2
        which = {'x': b}
        === ask
        m.C().x
    """,
    "compiled template": """
        --- low
        T = 'a $x'
        --- m
        import string
        from . import low
        X = string.Template(getattr(low, 'T'))
        +++ low
        T = 'b $x'
        === ask
        m.X.substitute(x=1)
    """,
    "datetime constants": """
        --- m
        import datetime
        D = datetime.timedelta(days=1)
        E = (datetime.date(2020, 1, 1), D * 2)
        def f(d=D): return d
        +++ m
        import datetime
        D = datetime.timedelta(days=2)
        E = (datetime.date(2020, 1, 1), D * 2)
        def f(d=D): return d
        === ask
        m.D, m.E, m.f()
    """,
    "a default from an imported constant": """
        --- low
        LIMIT = [1]
        --- m
        from .low import LIMIT
        def f(x=LIMIT, *, y=LIMIT[0]): return x, y
        class C:
            lim = LIMIT
            def g(self, z=LIMIT): return z
        TEXT = f'{LIMIT} ok'
        +++ low
        LIMIT = [2]
        === ask
        m.f()
        m.C.lim
        m.C().g()
        m.TEXT
        m.f()[0] is m.C.lim is m.C().g()
    """,
    "function attribute state, decorator comes": """
        --- m
        def keep(f):
            f.kept = True
            return f
        def f():
            f.calls += 1
            return f.calls
        f.calls = 0
        +++ m
        def keep(f):
            f.kept = True
            return f
        @keep
        def f():
            f.calls += 1
            return f.calls
        f.calls = 0
        === use
        m.f(); m.f()
        === ask
        m.f() => 3
        m.f.kept
    """,
    "class counter, class made anew": """
        --- m
        class Base: pass
        class C:
            count = 0
            seen = []
            def __init__(self):
                C.count += 1
                C.seen.append(1)
        +++ m
        class Base: pass
        class C(Base):
            count = 0
            seen = []
            def __init__(self):
                C.count += 1
                C.seen.append(1)
        === use
        m.C(); m.C()
        === ask
        m.C.count => 2
        len(m.C.seen) => 2
        m.C.__mro__[1].__name__ => 'Base'
    """,
    "enum: _generate_next_value_ changes": """
        --- m
        import enum
        class E(str, enum.Enum):
            def _generate_next_value_(name, start, count, last): return name.lower()
            A = enum.auto()
            B = enum.auto()
        +++ m
        import enum
        class E(str, enum.Enum):
            def _generate_next_value_(name, start, count, last): return name.upper()
            A = enum.auto()
            B = enum.auto()
        === ask
        m.E.A.value
        m.E('A') is m.E.A
    """,
    "enum: _missing_ and cached pseudo members": """
        --- m
        import enum
        class F(enum.Flag):
            A = 1
            B = 2
        def both(): return F.A | F.B
        +++ m
        import enum
        class F(enum.Flag):
            A = 1
            B = 2
            AB = 3
        def both(): return F.A | F.B
        === hold
        x = m.both()
        === ask
        m.both().name
        m.both() is m.F.AB
        x is m.F.AB
    """,
    "enum: members reordered": """
        --- m
        import enum
        class E(enum.Enum):
            A = 1
            B = 2
        +++ m
        import enum
        class E(enum.Enum):
            B = 2
            A = 1
        === hold
        a = m.E.A
        === ask
        list(m.E)
        a is m.E.A
    """,
    "enum: a method becomes a member": """
        --- m
        import enum
        class E(enum.Enum):
            A = 1
            def B(self): return 1
        +++ m
        import enum
        class E(enum.Enum):
            A = 1
            B = 2
        === ask
        list(m.E)
        m.E.B
    """,
    "match by positional fields": """
        --- m
        import dataclasses
        @dataclasses.dataclass
        class P:
            x: int
            y: int
        def f(p):
            match p:
                case P(a, b): return a, b
        +++ m
        import dataclasses
        @dataclasses.dataclass
        class P:
            y: int
            x: int
        def f(p):
            match p:
                case P(a, b): return a, b
        === hold
        p = m.P(x=1, y=2)
        === ask
        m.f(p)
        m.P.__match_args__
    """,
    "dataclass: kw_only and order": """
        --- m
        import dataclasses
        @dataclasses.dataclass
        class P:
            x: int = 0
            y: int = 1
        +++ m
        import dataclasses
        @dataclasses.dataclass(order=True, kw_only=True)
        class P:
            x: int = 0
            y: int = 1
        === ask
        m.P(x=1) < m.P(x=2)
        m.P(1)
    """,
    "dataclass: InitVar and __post_init__": """
        --- m
        import dataclasses
        @dataclasses.dataclass
        class P:
            x: int
            s: dataclasses.InitVar[int] = 2
            def __post_init__(self, s): self.x *= s
        +++ m
        import dataclasses
        @dataclasses.dataclass
        class P:
            x: int
            s: dataclasses.InitVar[int] = 3
            t: dataclasses.InitVar[int] = 1
            def __post_init__(self, s, t): self.x *= s + t
        === ask
        m.P(2).x
    """,
    "dataclass: base gains a field with a factory, an instance of the derived lives": """
        --- low
        import dataclasses
        @dataclasses.dataclass
        class B:
            x: int = 0
        --- m
        import dataclasses
        from .low import B
        @dataclasses.dataclass
        class C(B):
            y: int = 1
        +++ low
        import dataclasses
        @dataclasses.dataclass
        class B:
            x: int = 0
            z: list = dataclasses.field(default_factory=list)
        === hold
        c = m.C(1, 2)
        === ask
        c => C(x=1, z=[], y=2)
    """,
    "frozen dataclass gains a field; instances in a set": """
        --- m
        import dataclasses
        @dataclasses.dataclass(frozen=True)
        class P:
            x: int = 0
        +++ m
        import dataclasses
        @dataclasses.dataclass(frozen=True)
        class P:
            x: int = 0
            y: int = 0
        === hold
        s = {m.P(1): 'a'}
        === ask
        s.get(m.P(1))
    """,
    "frozen dataclass's base gains a field; instances in a set": """
        --- m
        import dataclasses
        @dataclasses.dataclass(frozen=True)
        class B:
            x: int = 0
        @dataclasses.dataclass(frozen=True)
        class P(B):
            w: int = 0
        +++ m
        import dataclasses
        @dataclasses.dataclass(frozen=True)
        class B:
            x: int = 0
            y: int = 0
        @dataclasses.dataclass(frozen=True)
        class P(B):
            w: int = 0
        === hold
        s = {m.P(x=1): 'a'}
        === ask
        s.get(m.P(x=1))
    """,
    "a base's __hash__ changes": """
        --- m
        class B:
            def __hash__(self): return 1
            def __eq__(self, o): return True
        class P(B): pass
        +++ m
        class B:
            def __hash__(self): return 2
            def __eq__(self, o): return True
        class P(B): pass
        === hold
        s = {m.P(): 'a'}
        === ask
        s.get(m.P())
    """,
    "NamedTuple: default and a method": """
        --- m
        import typing
        class P(typing.NamedTuple):
            x: int = 0
            def f(self): return self.x
        +++ m
        import typing
        class P(typing.NamedTuple):
            x: int = 1
            def f(self): return self.x * 10
        === hold
        p = m.P()
        === ask
        m.P().f()
        m.P._field_defaults
        p.f.__func__ is m.P.f
    """,
    "TypedDict gains keys; used by another": """
        --- m
        import typing
        class A(typing.TypedDict):
            x: int
        class B(A, total=False):
            y: int
        +++ m
        import typing
        class A(typing.TypedDict):
            x: int
            z: str
        class B(A, total=False):
            y: int
        === ask
        sorted(m.B.__annotations__), sorted(m.B.__required_keys__), sorted(m.B.__optional_keys__)
    """,
    "Literal of a constant in an annotation": """
        --- low
        A = 'x'
        --- m
        import typing
        from .low import A
        def f(a: typing.Literal[A]) -> typing.Annotated[int, A]: return 1
        class C:
            z: typing.Literal[A]
        +++ low
        A = 'y'
        === ask
        m.f.__annotations__
        m.C.__annotations__
    """,
    "make_dataclass, namedtuple, Enum by function": """
        --- m
        import dataclasses, collections, enum
        NAMES = ['a', 'b']
        D = dataclasses.make_dataclass('D', NAMES)
        P = collections.namedtuple('P', NAMES)
        E = enum.Enum('E', NAMES)
        +++ m
        import dataclasses, collections, enum
        NAMES = ['a', 'b', 'c']
        D = dataclasses.make_dataclass('D', NAMES)
        P = collections.namedtuple('P', NAMES)
        E = enum.Enum('E', NAMES)
        === ask
        [f.name for f in dataclasses.fields(m.D)] if (dataclasses := __import__('dataclasses')) else 0
        m.P._fields
        list(m.E)
    """,
    "type() in a loop": """
        --- m
        class Base:
            def hi(self): return self.n
        KINDS = {}
        for n in ('a', 'b'):
            KINDS[n] = type(n.upper(), (Base,), {'n': n})
        +++ m
        class Base:
            def hi(self): return self.n * 2
        KINDS = {}
        for n in ('a', 'b', 'c'):
            KINDS[n] = type(n.upper(), (Base,), {'n': n})
        === hold
        a = m.KINDS['a']()
        === ask
        a.hi()
        sorted(m.KINDS)
        isinstance(a, m.KINDS['a'])
    """,
    "exec at module level": """
        --- m
        for n in ('a', 'b'):
            exec(f'def {n}(): return {n!r}')
        +++ m
        for n in ('a', 'b'):
            exec(f'def {n}(): return {n!r} * 2')
        === hold
        f = m.a
        === ask
        m.a()
        f()
    """,
    "FunctionType copies": """
        --- m
        import types
        def f(x=1): return x
        g = types.FunctionType(f.__code__, globals(), 'g', (2,))
        +++ m
        import types
        def f(x=1): return x * 10
        g = types.FunctionType(f.__code__, globals(), 'g', (2,))
        === hold
        lib.append(m.g)
        === ask
        m.g()
        lib[0]()
    """,
    "name bound twice, first kept elsewhere": """
        --- m
        TABLE = {}
        def h(): return 1
        TABLE['a'] = h
        def h(): return 2
        TABLE['b'] = h
        +++ m
        TABLE = {}
        def h(): return 10
        TABLE['a'] = h
        def h(): return 20
        TABLE['b'] = h
        === hold
        fs = dict(m.TABLE)
        === ask
        [f() for f in m.TABLE.values()]
        [f() for f in fs.values()]
    """,
    "name bound twice, a third comes between": """
        --- m
        TABLE = {}
        def h(): return 1
        TABLE['a'] = h
        def h(): return 2
        TABLE['b'] = h
        +++ m
        TABLE = {}
        def h(): return 1
        TABLE['a'] = h
        def h(): return 3
        TABLE['c'] = h
        def h(): return 2
        TABLE['b'] = h
        === hold
        fs = dict(m.TABLE)
        === ask
        {k: f() for k, f in m.TABLE.items()}
        {k: f() for k, f in fs.items() if k != 'c'} => {'a': 1, 'b': 2}
    """,
    "lambdas in one line change places": """
        --- m
        A, B = (lambda: 1), (lambda: 2)
        T = {'a': A, 'b': B}
        +++ m
        A, B = (lambda: 2), (lambda: 1)
        T = {'a': A, 'b': B}
        === hold
        a, b = m.A, m.B
        === ask
        m.A(), m.B(), m.T['a'](), m.T['b']()
        a(), b()
    """,
    "lambda inserted before another in a line": """
        --- m
        L = [lambda: 1, lambda: 2]
        +++ m
        L = [lambda: 0, lambda: 1, lambda: 2]
        === hold
        fs = list(m.L)
        === ask
        [f() for f in m.L]
        [f() for f in fs][-1] => 2
    """,
    "comprehension of closures": """
        --- m
        L = [lambda i=i: i for i in range(3)]
        M = [(lambda k: lambda: k)(k) for k in range(3)]
        +++ m
        L = [lambda i=i: i + 10 for i in range(3)]
        M = [(lambda k: lambda: k + 10)(k) for k in range(3)]
        === hold
        fs = list(m.L) + list(m.M)
        === ask
        [f() for f in m.L], [f() for f in m.M]
        [f() for f in fs]
    """,
    "property to attribute at class level": """
        --- m
        class C:
            @property
            def x(self): return 1
        +++ m
        class C:
            x = 5
        === hold
        c = m.C()
        === ask
        c.x, m.C.x
    """,
    "method to property": """
        --- m
        class C:
            def x(self): return 1
        +++ m
        class C:
            @property
            def x(self): return 2
        === hold
        c = m.C()
        === ask
        c.x
    """,
    "method to property, bound method held": """
        --- m
        class C:
            def x(self): return 1
        +++ m
        class C:
            @property
            def x(self): return 2
        === hold
        c = m.C()
        lib.append(c.x)
        === ask
        m.C().x
    """,
    "staticmethod to classmethod": """
        --- m
        class C:
            @staticmethod
            def x(a=1): return a
        F = C.x
        +++ m
        class C:
            @classmethod
            def x(cls, a=1): return cls.__name__, a
        F = C.x
        === ask
        m.C.x(), m.C().x(), m.F()
    """,
    "function to generator to async": """
        --- m
        import inspect
        def f(): return [1]
        async def g(): return 1
        def h(): yield 1
        KINDS = (inspect.isgeneratorfunction(f), inspect.iscoroutinefunction(g), inspect.isasyncgenfunction(h))
        +++ m
        import inspect
        def f(): yield 1
        def g(): return 1
        async def h(): yield 1
        KINDS = (inspect.isgeneratorfunction(f), inspect.iscoroutinefunction(g), inspect.isasyncgenfunction(h))
        === hold
        fs = (m.f, m.g, m.h)
        === ask
        m.KINDS
        [type(f()).__name__ for f in fs]
    """,
    "class to function of one name, registered": """
        --- low
        REG = {}
        def reg(x):
            REG[x.__name__] = x
            return x
        --- m
        from .low import reg
        @reg
        class thing:
            def __call__(self): return 1
        +++ m
        from .low import reg
        @reg
        def thing(): return 2
        === ask
        m.thing
        sorted(__import__('sys').modules[m.__name__.rpartition('.')[0] + '.low'].REG) 
    """,
    "__del__ comes and an object at module level is made anew": """
        --- m
        LOG = []
        class C:
            def __init__(self, n): self.n = n
            def __del__(self): LOG.append(self.n)
        X = C(1)
        +++ m
        LOG = []
        class C:
            def __init__(self, n): self.n = n
            def __del__(self): LOG.append(self.n)
        X = C(2)
        === ask
        m.X.n
        m.LOG
    """,
    "weak key dictionary of classes and functions": """
        --- m
        import weakref
        W = weakref.WeakKeyDictionary()
        def f(): return 1
        class C: pass
        W[f] = 'f'; W[C] = 'C'
        +++ m
        import weakref
        W = weakref.WeakKeyDictionary()
        def f(x=1): return 2
        class C:
            y = 1
        W[f] = 'f'; W[C] = 'C'
        === ask
        m.W.get(m.f), m.W.get(m.C), len(m.W)
    """,
    "weak value registry with __init_subclass__": """
        --- m
        import weakref
        REG = weakref.WeakValueDictionary()
        class Base:
            def __init_subclass__(cls, **kw): REG[cls.__name__] = cls
        class A(Base):
            x = 1
        +++ m
        import weakref
        REG = weakref.WeakValueDictionary()
        class Base:
            def __init_subclass__(cls, **kw): REG[cls.__name__] = cls
        class A(Base):
            x = 2
        class B(Base):
            pass
        === ask
        sorted(m.REG)
        m.REG['A'] is m.A
        m.REG['A'].x
    """,
    "weak set of classes": """
        --- m
        import weakref
        REG = weakref.WeakSet()
        class Base:
            def __init_subclass__(cls, **kw): REG.add(cls)
        class A(Base):
            x = 1
        class Gone(Base): pass
        +++ m
        import weakref
        REG = weakref.WeakSet()
        class Base:
            def __init_subclass__(cls, **kw): REG.add(cls)
        class A(Base, tag=1):
            x = 2
        === ask
        sorted(c.__name__ for c in m.REG)
        m.A in m.REG
    """,
    "name mangling in a class that changes its bases": """
        --- m
        class B:
            def __init__(self): self.__p = 1
            def p(self): return self.__p
        class C(B):
            def __init__(self):
                super().__init__()
                self.__p = 2
            def q(self): return self.__p
        +++ m
        class B:
            def __init__(self): self.__p = 1
            def p(self): return self.__p + 10
        class M: pass
        class C(M, B):
            def __init__(self):
                super().__init__()
                self.__p = 2
            def q(self): return self.__p + 10
        === hold
        c = m.C()
        === ask
        c.p(), c.q()
        [k.__name__ for k in type(c).__mro__]
    """,
    "explicit super and __class__ in nested and lambda": """
        --- m
        class B:
            def f(self): return 'B'
        class C(B):
            def f(self): return (lambda s: super(C, s).f())(self)
            def g(self):
                def inner(): return __class__.__name__
                return inner()
            h = lambda self: __class__
        +++ m
        class B:
            def f(self): return 'BB'
        class C(B):
            def f(self):
                return [super(C, s).f() for s in (self,)]
            def g(self):
                def inner(): return super(__class__, self).f()
                return inner()
            h = lambda self: (__class__, super().f())
        === hold
        c = m.C()
        === ask
        c.f(), c.g(), c.h()
    """,
    "decorator with state, default changes": """
        --- m
        def limit(n):
            hits = []
            def deco(f):
                def w(x=1):
                    hits.append(x)
                    return len(hits), n, f(x)
                return w
            return deco
        @limit(3)
        def f(x): return x
        +++ m
        def limit(n):
            hits = []
            def deco(f):
                def w(x=1):
                    hits.append(x)
                    return len(hits), n, f(x)
                return w
            return deco
        @limit(4)
        def f(x): return x
        === use
        m.f(); m.f()
        === ask
        m.f() => (3, 4, 1)
    """,
    "mutable default's state, another default changes": """
        --- m
        def f(n=1, cache={}):
            cache[len(cache)] = n
            return len(cache)
        +++ m
        def f(n=2, cache={}):
            cache[len(cache)] = n
            return len(cache)
        === use
        m.f(); m.f()
        === ask
        m.f() => 3
    """,
}
