"""Pairs that a sceptical reader wrote: whatever the table's other files had not asked."""

CASES = {
    "a NewType, a Protocol and a TypeVar move": """
        --- a
        import typing
        UserId = typing.NewType('UserId', int)
        T = typing.TypeVar('T')
        class P(typing.Protocol):
            def f(self) -> UserId: ...
        --- m
        from .a import UserId, P, T
        def go(x: UserId, p: P) -> UserId: return UserId(x)
        +++ a
        import typing
        T = typing.TypeVar('T')
        from .b import UserId, P
        +++ b
        import typing
        UserId = typing.NewType('UserId', str)
        class P(typing.Protocol):
            def f(self) -> UserId: ...
            def g(self) -> int: ...
        === ask
        m.UserId.__supertype__
        m.go.__annotations__['x'] is m.UserId
        sorted(k for k in vars(m.P) if k in 'fg')
    """,
    "dataclass in a dict as value, moved with factory function": """
        --- a
        import dataclasses
        @dataclasses.dataclass
        class Row:
            x: int
        def mk(n): return Row(n)
        --- m
        from .a import mk
        R = {n: mk(n) for n in (1, 2)}
        +++ a
        from .b import Row, mk
        +++ b
        import dataclasses
        @dataclasses.dataclass
        class Row:
            x: int
            y: int = 5
        def mk(n): return Row(n, n)
        === hold
        r = m.R[1]
        === ask
        m.R[1], m.R[2]
        type(m.R[1]).__module__.rpartition('.')[2]
    """,
    "exception raised in old frame caught by new": """
        --- m
        class E(Exception):
            code = 1
        def boom(): raise E('x')
        def gen():
            try:
                yield 1
                boom()
            except E as e:
                yield e.code
        +++ m
        class Base(Exception): pass
        class E(Base):
            code = 2
        def boom(): raise E('x')
        def gen():
            try:
                yield 1
                boom()
            except E as e:
                yield e.code
        === hold
        g = m.gen()
        x = next(g)
        === ask
        next(g)
    """,
    "functools.wraps: docs, name, attributes of what is wrapped": """
        --- m
        import functools
        def d(f):
            @functools.wraps(f)
            def w(*a): return f(*a)
            w.tag = f.__name__.upper()
            return w
        @d
        def f(a: int = 1) -> int:
            "old doc"
            return a
        +++ m
        import functools
        def d(f):
            @functools.wraps(f)
            def w(*a): return f(*a)
            w.tag = f.__name__.title()
            return w
        @d
        def f(a: str = 'x', b: int = 2) -> str:
            "new doc"
            return a
        === hold
        g = m.f
        === ask
        g.__doc__, g.__annotations__, g.tag, g(), __import__('inspect').signature(g)
    """,
    "two decorators, one stateful class": """
        --- m
        class Count:
            def __init__(self, f): self.f, self.n = f, 0
            def __call__(self, *a):
                self.n += 1
                return self.n, self.f(*a)
        def twice(f): return lambda *a: (f(*a), f(*a))
        @twice
        @Count
        def f(): return 1
        @Count
        def g(): return 1
        +++ m
        class Count:
            def __init__(self, f): self.f, self.n = f, 0
            def __call__(self, *a):
                self.n += 1
                return self.n, self.f(*a)
        def twice(f): return lambda *a: (f(*a), f(*a))
        @twice
        @Count
        def f(): return 10
        @Count
        def g(): return 10
        === use
        m.f(); m.g()
        === ask
        m.f() => ((3, 10), (4, 10))
        m.g() => (2, 10)
    """,
    "a stateful decorator object whose function's default changes": """
        --- m
        class Count:
            def __init__(self, f): self.f, self.n = f, 0
            def __call__(self, *a):
                self.n += 1
                return self.n, self.f(*a)
        @Count
        def g(x=1): return x
        +++ m
        class Count:
            def __init__(self, f): self.f, self.n = f, 0
            def __call__(self, *a):
                self.n += 1
                return self.n, self.f(*a)
        @Count
        def g(x=2): return x
        === use
        m.g()
        === ask
        m.g() => (2, 2)
    """,
    "a class decorated by a registry that instantiates": """
        --- m
        REG = {}
        def reg(cls):
            REG[cls.__name__] = cls()
            return cls
        @reg
        class A:
            def __init__(self): self.n = 1
            def f(self): return self.n
        +++ m
        REG = {}
        def reg(cls):
            REG[cls.__name__] = cls()
            return cls
        @reg
        class A:
            def __init__(self): self.n = 1
            def f(self): return self.n * 10
        @reg
        class B(A):
            def f(self): return -1
        === ask
        {k: v.f() for k, v in m.REG.items()}
        type(m.REG['A']) is m.A
    """,
    "nested classes two deep, both change": """
        --- m
        class A:
            x = 1
            class B:
                y = 1
                class C:
                    z = 1
                    def f(self): return A.B.C.z
        H = A.B.C
        +++ m
        class A:
            x = 2
            class B:
                y = 2
                class C:
                    z = 2
                    def f(self, k=3): return A.B.C.z, k
                class D(C): pass
        H = A.B.C
        === hold
        c = m.A.B.C()
        === ask
        c.f(), m.H is m.A.B.C, m.A.B.D().f()
    """,
    "class body reads a global that changes; property made by a function": """
        --- m
        N = 1
        def prop(n): return property(lambda self: n)
        class C:
            a = N
            b = prop(N)
            c = [N for _ in range(N)]
            d = lambda self, n=N: n
        +++ m
        N = 2
        def prop(n): return property(lambda self: n)
        class C:
            a = N
            b = prop(N)
            c = [N for _ in range(N)]
            d = lambda self, n=N: n
        === hold
        c = m.C()
        === ask
        c.a, c.b, c.c, c.d()
    """,
    "a default that shadows a global of another module; keyword-only": """
        --- low
        class Conf:
            limit = 1
        conf = Conf()
        --- m
        from .low import conf
        def f(*, n=conf.limit): return n
        g = lambda n=conf.limit: n
        +++ low
        class Conf:
            limit = 2
        conf = Conf()
        === ask
        m.f(), m.g()
    """,
    "an instance attribute read at import elsewhere": """
        --- low
        class Conf:
            def __init__(self):
                self.limit = self.make()
            def make(self): return 1
        conf = Conf()
        --- m
        from .low import conf
        LIMIT = conf.limit + 1
        +++ low
        class Conf:
            def __init__(self):
                self.limit = self.make()
            def make(self): return 10
        conf = Conf()
        === ask
        m.LIMIT, m.conf.limit
    """,
    "conditional redefinition by a flag of another module": """
        --- low
        FAST = False
        --- m
        from . import low
        def impl(): return 'slow'
        if low.FAST:
            def impl(): return 'fast'
        go = impl
        +++ low
        FAST = True
        === hold
        f = m.go
        === ask
        m.impl(), m.go()
    """,
    "try/except/else/finally defines": """
        --- m
        try:
            import no_such_thing
        except ImportError:
            def f(): return 'fallback'
            KIND = 1
        else:
            KIND = 2
        finally:
            DONE = [KIND]
        +++ m
        try:
            import json
        except ImportError:
            def f(): return 'fallback'
            KIND = 1
        else:
            KIND = 2
            def f(): return 'real'
        finally:
            DONE = [KIND]
        === hold
        g = m.f
        === ask
        m.f(), m.KIND, m.DONE
    """,
    "a module-level comprehension over a class's methods": """
        --- m
        class C:
            def on_a(self): return 1
            def on_b(self): return 2
        HANDLERS = {n[3:]: getattr(C, n) for n in vars(C) if n.startswith('on_')}
        +++ m
        class C:
            def on_a(self): return 10
            def on_c(self): return 3
        HANDLERS = {n[3:]: getattr(C, n) for n in vars(C) if n.startswith('on_')}
        === ask
        {k: f(None) for k, f in m.HANDLERS.items()}
        m.HANDLERS['a'] is m.C.on_a
    """,
    "an abstract property becomes concrete; instance creation": """
        --- m
        import abc
        class B(abc.ABC):
            @property
            @abc.abstractmethod
            def x(self): ...
        class C(B):
            x = 1
        +++ m
        import abc
        class B(abc.ABC):
            @property
            def x(self): return 5
        class C(B):
            pass
        === hold
        c = m.C()
        === ask
        c.x, m.B().x, m.C().x
    """,
    "__init_subclass__ with keyword default from a constant": """
        --- m
        P = 1
        class B:
            def __init_subclass__(cls, /, p=P, **kw):
                super().__init_subclass__(**kw)
                cls.p = p
        class C(B): pass
        class D(B, p=7): pass
        +++ m
        P = 2
        class B:
            def __init_subclass__(cls, /, p=P, **kw):
                super().__init_subclass__(**kw)
                cls.p = p
        class C(B): pass
        class D(B, p=8): pass
        === ask
        m.C.p, m.D.p
    """,
    "__class_getitem__ and a generic alias kept in a table": """
        --- m
        class G:
            def __class_getitem__(cls, k): return (cls.__name__, k, 'old')
        T = {'x': G[int]}
        def f(a: G[str]): pass
        +++ m
        class G:
            def __class_getitem__(cls, k): return (cls.__name__, k, 'new')
        T = {'x': G[int]}
        def f(a: G[str]): pass
        === ask
        m.T, m.f.__annotations__
    """,
    "__getattribute__ comes and goes": """
        --- m
        class C:
            def __init__(self): self.n = 1
            def __getattribute__(self, k): return object.__getattribute__(self, k)
        class D:
            def __init__(self): self.n = 1
        +++ m
        class C:
            def __init__(self): self.n = 1
        class D:
            def __init__(self): self.n = 1
            def __getattribute__(self, k):
                v = object.__getattribute__(self, k)
                return v * 10 if k == 'n' else v
        === hold
        c, d = m.C(), m.D()
        === ask
        c.n, d.n
    """,
    "rich comparisons, bool, len, contains come to a living instance": """
        --- m
        class C:
            n = 1
        +++ m
        class C:
            n = 1
            def __bool__(self): return False
            def __len__(self): return 5
            def __contains__(self, x): return True
            def __lt__(self, o): return True
            def __matmul__(self, o): return 'mm'
            def __enter__(self): return 'in'
            def __exit__(self, *a): return True
            def __format__(self, s): return 'fmt'
        === hold
        c = m.C()
        === ask
        bool(c), len(c), 3 in c, c < c, c @ 1, f'{c}'
    """,
    "await, aiter and acontext come": """
        --- m
        class C: pass
        +++ m
        class C:
            def __await__(self):
                return 5
                yield
            async def __aenter__(self): return 1
            async def __aexit__(self, *a): return True
        === hold
        c = m.C()
        async def go():
            async with c as x:
                return x, await c
        === ask
        __import__('asyncio').run(go())
    """,
    "tuple of exceptions as a default and in except": """
        --- m
        class A(Exception): pass
        RETRY = (A, OSError)
        def go(f, retry=RETRY):
            try: return f()
            except retry as e: return type(e).__name__
        +++ m
        class A(Exception): pass
        class B(Exception): pass
        RETRY = (A, B)
        def go(f, retry=RETRY):
            try: return f()
            except retry as e: return type(e).__name__
        === hold
        go = m.go
        def boom(): raise m.B()
        === ask
        go(boom)
    """,
    "positional-only and varargs change under a partial": """
        --- m
        import functools
        def f(a, /, b, *c, d=1, **e): return a, b, c, d, e
        p = functools.partial(f, 1, d=2)
        +++ m
        import functools
        def f(a, b, /, *c, d=3, z=4, **e): return a, b, c, d, z, e
        p = functools.partial(f, 1, d=2)
        === hold
        q = m.p
        === ask
        m.p(5), q(6, 7, x=1)
    """,
    "global statement in a nested function at import": """
        --- m
        def outer():
            def inner():
                global FOUND
                FOUND = [1]
            inner()
        outer()
        +++ m
        def outer():
            def inner():
                global FOUND, OTHER
                FOUND = [2]
                OTHER = 3
            inner()
        outer()
        === ask
        m.FOUND, m.OTHER
    """,
    "a counter of itertools and iterators": """
        --- m
        import itertools
        ids = itertools.count(1)
        cyc = itertools.cycle('ab')
        def new(): return next(ids)
        +++ m
        import itertools
        ids = itertools.count(1)
        cyc = itertools.cycle('ab')
        def new(): return next(ids) * 100
        === use
        m.new(); m.new()
        === ask
        m.new() => 300
    """,
    "string.Formatter subclass, json encoder subclass": """
        --- m
        import json
        class Enc(json.JSONEncoder):
            def default(self, o): return 'old'
        def dump(x): return json.dumps(x, cls=Enc)
        enc = Enc(sort_keys=True)
        +++ m
        import json
        class Enc(json.JSONEncoder):
            def default(self, o): return 'new'
        def dump(x): return json.dumps(x, cls=Enc)
        enc = Enc(sort_keys=True, indent=1)
        === ask
        m.dump(object()), m.enc.encode({'b': 1, 'a': object()})
    """,
    "a subclass of a builtin with __new__": """
        --- m
        class Name(str):
            def __new__(cls, s): return super().__new__(cls, s.lower())
            def hi(self): return 'hi ' + self
        N = Name('ABC')
        L = [N]
        +++ m
        class Name(str):
            def __new__(cls, s): return super().__new__(cls, s.upper())
            def hi(self): return 'HI ' + self
        N = Name('ABC')
        L = [N]
        === ask
        m.N, m.L, m.N.hi(), m.L[0] is m.N
    """,
    "interning cache in a class attribute": """
        --- m
        class T:
            _known = {}
            def __new__(cls, n):
                if n not in cls._known:
                    cls._known[n] = super().__new__(cls)
                    cls._known[n].n = n
                return cls._known[n]
            def v(self): return self.n
        A = T(1)
        +++ m
        class T:
            _known = {}
            def __new__(cls, n):
                if n not in cls._known:
                    cls._known[n] = super().__new__(cls)
                    cls._known[n].n = n
                return cls._known[n]
            def v(self): return self.n * 10
        A = T(1)
        B = T(2)
        === use
        m.T(5)
        === ask
        m.T(1) is m.A => True
        m.A.v() => 10
        sorted(m.T._known) => [1, 2, 5]
    """,
}
