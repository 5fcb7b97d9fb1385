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
    "bound method of renamed method kept in the instance": """
        --- m
        class Bus:
            def __init__(self): self.handlers = {'a': self.on_a}
            def on_a(self): return 'a1'
            def fire(self, k): return self.handlers[k]()
        +++ m
        class Bus:
            def __init__(self): self.handlers = {'a': self.handle_a}
            def handle_a(self): return 'a2'
            def fire(self, k): return self.handlers[k]()
        === hold
        b = m.Bus()
        === ask
        b.fire('a')
    """,
    "plain class becomes dataclass; instance lives": """
        --- m
        class P:
            def __init__(self, x, y):
                self.x = x
                self.y = y
            def __eq__(self, o): return (self.x, self.y) == (o.x, o.y)
        +++ m
        import dataclasses
        @dataclasses.dataclass
        class P:
            x: int
            y: int
        === hold
        p = m.P(1, 2)
        === ask
        p
        p == m.P(1, 2)
        isinstance(p, m.P)
        __import__('dataclasses').replace(p, x=5)
    """,
    "dataclass becomes plain; instance lives": """
        --- m
        import dataclasses
        @dataclasses.dataclass(order=True)
        class P:
            x: int
            y: int = 3
        +++ m
        class P:
            def __init__(self, x, y=3):
                self.x = x
                self.y = y
            def __repr__(self): return f'<{self.x}>'
        === hold
        p = m.P(1, 2)
        === ask
        p
        p == m.P(1, 2)
        p < m.P(2, 3)
        hash(p) == hash(p)
        __import__('dataclasses').is_dataclass(p)
        m.P(4).y
    """,
    "queue moved and maxsize changes": """
        --- m
        import queue
        Q = queue.Queue()
        def put(x): Q.put(x); return Q.qsize()
        +++ m
        import queue
        Q = queue.Queue(maxsize=10)
        def put(x): Q.put(x); return Q.qsize()
        === use
        m.put(1); q = m.Q
        === ask
        m.put(2) => 2
    """,
    "functools.singledispatch with union and ABC over modules": """
        --- fmt
        import functools, collections.abc
        @functools.singledispatch
        def fmt(x): return f'obj:{x}'
        @fmt.register
        def _(x: int | float): return f'num:{x}'
        --- m
        from .fmt import fmt
        class Money:
            def __init__(self, n): self.n = n
        @fmt.register(Money)
        def _(x): return f'money:{x.n}'
        def go(x): return fmt(x)
        +++ fmt
        import functools, collections.abc
        @functools.singledispatch
        def fmt(x): return f'OBJ:{x}'
        @fmt.register
        def _(x: int | float): return f'NUM:{x}'
        @fmt.register
        def _(x: collections.abc.Sequence): return 'seq'
        +++ m
        from .fmt import fmt
        class Money:
            def __init__(self, n): self.n = n
        class Euro(Money): pass
        @fmt.register(Money)
        def _(x): return f'MONEY:{x.n}'
        @fmt.register(Euro)
        def _(x): return f'EURO:{x.n}'
        def go(x): return fmt(x)
        === hold
        mo = m.Money(1); f = fmt.fmt; r = f(mo), f(1), f([1])
        === ask
        f(mo), f(1), f([1]), f(None), m.go(m.Euro(2)), f is fmt.fmt
    """,
    "function attribute counters: its default changes": """
        --- m
        import functools
        def counted(f):
            @functools.wraps(f)
            def w(*a):
                w.calls += 1
                return f(*a), w.calls
            w.calls = 0
            return w
        @counted
        def f(x=1): return x
        +++ m
        import functools
        def counted(f):
            @functools.wraps(f)
            def w(*a):
                w.calls += 1
                return f(*a), w.calls
            w.calls = 0
            return w
        @counted
        def f(x=2): return x
        === use
        f = m.f; f(); f()
        === ask
        f() => (2, 3)
    """,
    "function's own attributes: its default changes": """
        --- m
        def f(x=1):
            f.calls += 1
            f.memo[x] = x * 10
            return f.memo[x], f.calls
        f.calls = 0
        f.memo = {}
        +++ m
        def f(x=2):
            f.calls += 1
            f.memo[x] = x * 10
            return f.memo[x], f.calls, len(f.memo)
        f.calls = 0
        f.memo = {}
        === use
        f = m.f; f(); f(7)
        === ask
        f() => (20, 3, 3)
    """,
    "wrapper's attribute set in decorator: decorator's argument changes": """
        --- m
        import functools
        def counted(label):
            def deco(f):
                @functools.wraps(f)
                def w(*a):
                    w.calls += 1
                    return label, f(*a), w.calls
                w.calls = 0
                w.label = label
                return w
            return deco
        @counted('a')
        def f(x=1): return x
        +++ m
        import functools
        def counted(label):
            def deco(f):
                @functools.wraps(f)
                def w(*a):
                    w.calls += 1
                    return label, f(*a), w.calls
                w.calls = 0
                w.label = label
                return w
            return deco
        @counted('b')
        def f(x=1): return x
        === use
        f = m.f; f(); f()
        === ask
        f() => ('b', 1, 3)
        f.label => 'b'
    """,
    "function's attribute set by the program and another by the release": """
        --- m
        def f(x=1): return x, getattr(f, 'mode', None)
        f.mode = 'fast'
        f.tags = ['a']
        +++ m
        def f(x=2): return x, getattr(f, 'mode', None)
        f.mode = 'slow'
        f.tags = ['a', 'b']
        === use
        f = m.f; f.extra = 5
        === ask
        f() => (2, 'slow')
        f.tags => ['a', 'b']
        f.extra => 5
    """,
    "instances as dict keys; hash through property and helper function": """
        --- m
        def norm(s): return s.lower()
        class Key:
            def __init__(self, s): self.s = s
            @property
            def canon(self): return norm(self.s)
            def __eq__(self, o): return self.canon == o.canon
            def __hash__(self): return hash(self.canon)
        D = {}
        def put(k, v): D[Key(k)] = v
        def get(k): return D.get(Key(k))
        +++ m
        def norm(s): return s.upper()
        class Key:
            def __init__(self, s): self.s = s
            @property
            def canon(self): return norm(self.s)
            def __eq__(self, o): return self.canon == o.canon
            def __hash__(self): return hash(self.canon)
        D = {}
        def put(k, v): D[Key(k)] = v
        def get(k): return D.get(Key(k))
        === use
        m.put('Ab', 1)
        === ask
        m.get('aB') => 1
    """,
    "hash by an overridden key in a subclass that changes": """
        --- base
        class Named:
            def key(self): return 0
            def __eq__(self, o): return self.key() == o.key()
            def __hash__(self): return hash(self.key())
        --- m
        from .base import Named
        class User(Named):
            def __init__(self, name): self.name = name
            def key(self): return self.name
        SEEN = set()
        def see(n): SEEN.add(User(n)); return len(SEEN)
        +++ m
        from .base import Named
        class User(Named):
            def __init__(self, name): self.name = name
            def key(self): return self.name.lower()
        SEEN = set()
        def see(n): SEEN.add(User(n)); return len(SEEN)
        === use
        m.see('Bob')
        === ask
        m.see('Bob') => 1
    """,
    "enum with custom hash and members in a dict": """
        --- m
        import enum
        class E(enum.Enum):
            A = 'a'
            B = 'b'
            def __hash__(self): return hash(self.value)
        D = {E.A: 1}
        def get(e): return D.get(e)
        +++ m
        import enum
        class E(enum.Enum):
            A = 'aa'
            B = 'b'
            def __hash__(self): return hash(self.value)
        D = {E.A: 1}
        def get(e): return D.get(e)
        === hold
        a = m.E.A; s = {m.E.A}
        === ask
        m.get(a), a in s, m.get(m.E('aa'))
    """,
    "SimpleNamespace in an instance gains an attribute": """
        --- m
        from types import SimpleNamespace
        class Svc:
            def __init__(self): self.st = SimpleNamespace(hits=0)
            def hit(self): self.st.hits += 1; return vars(self.st)
        +++ m
        from types import SimpleNamespace
        class Svc:
            def __init__(self): self.st = SimpleNamespace(hits=0, misses=0)
            def hit(self): self.st.hits += 1; self.st.misses += 1; return vars(self.st)
        === use
        s = m.Svc(); s.hit()
        === ask
        s.hit() => {'hits': 2, 'misses': 1}
    """,
    "dict in an instance gains a key": """
        --- m
        class Svc:
            def __init__(self): self.st = {'hits': 0}
            def hit(self): self.st['hits'] += 1; return self.st
        +++ m
        class Svc:
            def __init__(self): self.st = {'hits': 0, 'misses': 0}
            def hit(self): self.st['hits'] += 1; self.st['misses'] += 1; return self.st
        === use
        s = m.Svc(); s.hit()
        === ask
        s.hit() => {'hits': 2, 'misses': 1}
    """,
    "tuple attribute unpacked by the new code has one more": """
        --- m
        class P:
            def __init__(self): self.pos = (1, 2)
            def show(self):
                x, y = self.pos
                return x + y
        +++ m
        class P:
            def __init__(self): self.pos = (1, 2, 3)
            def show(self):
                x, y, z = self.pos
                return x + y + z
        === use
        p = m.P()
        === ask
        p.show() => 6
    """,
    "attribute becomes an instance of a class": """
        --- m
        class Money:
            def __init__(self, n): self.n = n
        class P:
            def __init__(self, n): self.price = n
            def show(self): return self.price
        +++ m
        class Money:
            def __init__(self, n): self.n = n
        class P:
            def __init__(self, n): self.price = Money(n)
            def show(self): return self.price.n
        === use
        p = m.P(5)
        === ask
        p.show() => 5
    """,
    "old generator runs deleted helper": """
        --- m
        def helper(x): return x + 1
        def gen():
            for i in range(3): yield helper(i)
        +++ m
        def assist(x): return x + 100
        def gen():
            for i in range(3): yield assist(i)
        === use
        g = m.gen(); next(g)
        === ask
        next(g) => 101
    """,
    "subclass of int and namedtuple constants": """
        --- m
        class Port(int):
            def label(self): return f':{int(self)}'
        P = Port(80)
        def go(): return P.label()
        --- n
        from .m import P
        T = (P, P + 1)
        def go(): return P.label(), T
        +++ m
        class Port(int):
            def label(self): return f'port {int(self)}'
        P = Port(8080)
        def go(): return P.label()
        === hold
        p = m.P
        === ask
        m.go(), n.go(), n.P is m.P
    """,
    "two instances of closures over loop variable registry": """
        --- m
        HANDLERS = {}
        for _k in ('a', 'b'):
            def _make(k):
                n = 0
                def h(x):
                    nonlocal n
                    n += 1
                    return (k, x, n)
                return h
            HANDLERS[_k] = _make(_k)
        +++ m
        HANDLERS = {}
        for _k in ('a', 'b', 'c'):
            def _make(k):
                n = 0
                def h(x):
                    nonlocal n
                    n += 1
                    return (k.upper(), x, n)
                return h
            HANDLERS[_k] = _make(_k)
        === use
        m.HANDLERS['a'](1)
        === ask
        m.HANDLERS['a'](1) => ('A', 1, 2)
        m.HANDLERS['c'](1) => ('C', 1, 1)
    """,
    "only a class decorator's code changes": """
        --- d
        def deco(cls):
            cls.label = cls.__name__
            return cls
        --- m
        from .d import deco
        @deco
        class A:
            x = 1
        a = A()
        +++ d
        def deco(cls):
            cls.label = cls.__name__ + '!'
            return cls
        === hold
        a = m.a
        === ask
        a.label, m.A.label, type(a) is m.A
    """,
    "class keyword args and __init_subclass__ building a table of handlers from methods": """
        --- base
        class Handlers:
            def __init_subclass__(cls, prefix='', **kw):
                super().__init_subclass__(**kw)
                cls.routes = {prefix + k[3:]: v for k, v in vars(cls).items() if k.startswith('on_')}
            def dispatch(self, ev, *a): return self.routes[ev](self, *a)
        --- m
        from .base import Handlers
        class Chat(Handlers, prefix='chat.'):
            def on_join(self, u): return 'join1', u
            def on_leave(self, u): return 'leave1', u
        +++ m
        from .base import Handlers
        class Chat(Handlers, prefix='room.'):
            def on_join(self, u): return 'join2', u
            def on_kick(self, u): return 'kick2', u
        === hold
        c = m.Chat(); d = c.dispatch
        === ask
        d('room.join', 1), c.dispatch('room.kick', 2), sorted(m.Chat.routes)
    """,
    "observer with weakmethod callbacks": """
        --- m
        import weakref
        class Subject:
            def __init__(self): self.obs = []
            def on(self, f): self.obs.append(weakref.WeakMethod(f))
            def fire(self): return [r()() for r in self.obs if r()]
        SUB = Subject()
        class View:
            def __init__(self): SUB.on(self.update)
            def update(self): return 'u1'
        +++ m
        import weakref
        class Subject:
            def __init__(self): self.obs = []
            def on(self, f): self.obs.append(weakref.WeakMethod(f))
            def fire(self): return [r()() for r in self.obs if r()]
        SUB = Subject()
        class View:
            def __init__(self): SUB.on(self.refresh)
            def refresh(self): return 'u2'
        === use
        v = m.View()
        === ask
        m.SUB.fire() => ['u2']
    """,
    "a class that says no module": """
        --- m
        class P:
            x = 1
            def f(self): return 1
        class A(P): pass
        +++ m
        class Base: pass
        class P(Base):
            x = 2
            def f(self): return 2
        class A(P): pass
        === use
        X = type('X', (m.P,), {}); x = X(); held = [x]
        === ask
        x.f(), x.x => (2, 2)
    """,
    "enum member with tuple value and __init__": """
        --- m
        import enum
        class Planet(enum.Enum):
            EARTH = (5, 6)
            MARS = (3, 4)
            def __init__(self, mass, r): self.mass, self.r = mass, r
            @property
            def g(self): return self.mass / self.r
        +++ m
        import enum
        class Planet(enum.Enum):
            EARTH = (5, 6, 'e')
            MARS = (3, 4, 'm')
            def __init__(self, mass, r, code): self.mass, self.r, self.code = mass, r, code
            @property
            def g(self): return self.mass / self.r * 10
        === hold
        e = m.Planet.EARTH
        === ask
        e.g, e.code, m.Planet((5, 6, 'e')) is e, e.value
    """,
    "assignment through globals() and setattr on the module": """
        --- m
        import sys
        for _n in ('x', 'y'):
            globals()[f'get_{_n}'] = lambda _n=_n: _n
        setattr(sys.modules[__name__], 'Z', 1)
        --- n
        from .m import get_x, Z
        def go(): return get_x(), Z
        +++ m
        import sys
        for _n in ('x', 'y', 'w'):
            globals()[f'get_{_n}'] = lambda _n=_n: _n.upper()
        setattr(sys.modules[__name__], 'Z', 2)
        === hold
        g = m.get_x
        === ask
        n.go(), g(), m.get_w(), m.Z
    """,
    "augmented assignment on imported list and tuple": """
        --- base
        MIDDLEWARE = ['a']
        APPS = ('x',)
        --- m
        from .base import *
        MIDDLEWARE += ['b']
        APPS += ('y',)
        def go(): return MIDDLEWARE, APPS
        +++ base
        MIDDLEWARE = ['a', 'a2']
        APPS = ('x', 'x2')
        === hold
        g = m.go
        === ask
        g(), base.MIDDLEWARE
    """,
    "a file that a loader executes, under no name, has a constant that changes": """
        --- rates
        RATE = 1
        --- lazy_job
        from .rates import RATE
        def run(): return RATE
        --- loads
        import importlib.util
        spec = importlib.util.spec_from_file_location(f"{__package__}.job", __file__.replace("loads.py", "lazy_job.py"))
        job = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(job)
        run = job.run
        +++ rates
        RATE = 2
        +++ lazy_job
        from .rates import RATE
        def run(): return RATE
        === hold
        held = loads.run
        === ask
        held(), loads.run()
    """,
    "a file that is imported and that a loader executes besides gets a name that its function reads": """
        --- plug
        def run(): return 1
        --- loads
        import importlib.util
        spec = importlib.util.spec_from_file_location(f"{__package__}.job", __file__.replace("loads.py", "plug.py"))
        job = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(job)
        run = job.run
        +++ plug
        RATE = 2
        def run(): return RATE
        === hold
        held = loads.run
        === ask
        held(), loads.run()
    """,
    "a file that a loader executes, under no name, calls at import what has another body": """
        --- rates
        def rate(): return 1
        --- lazy_job
        from .rates import rate
        RATE = rate()
        def run(): return RATE
        --- loads
        import importlib.util
        spec = importlib.util.spec_from_file_location(f"{__package__}.job", __file__.replace("loads.py", "lazy_job.py"))
        job = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(job)
        run = job.run
        +++ rates
        def rate(): return 2
        +++ lazy_job
        from .rates import rate
        RATE = rate()
        def run(): return RATE
        === hold
        held = loads.run
        === ask
        held(), loads.run()
    """,
    "a file that is imported and that a loader executes besides has another body": """
        --- plug
        RATE = 2
        def run(): return RATE
        --- loads
        import importlib.util
        spec = importlib.util.spec_from_file_location(f"{__package__}.job", __file__.replace("loads.py", "plug.py"))
        job = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(job)
        run = job.run
        +++ plug
        RATE = 2
        def run(): return -RATE
        === hold
        held = loads.run
        === ask
        held(), loads.run()
    """,
}
