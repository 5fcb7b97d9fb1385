"""Constructs that meet: what crosses modules, threads, names and times."""

CASES = {
    "a value that was imported is made where it is used, by the same statement": """
        --- kinds
        class Admin:
            __slots__ = ("name",)
            def __init__(self, name): self.name = name
        --- a
        from .kinds import Admin
        ADMIN = Admin("system")
        --- m
        from .a import ADMIN
        def who(): return ADMIN.name
        +++ a
        OTHER = 1
        +++ m
        from .kinds import Admin
        ADMIN = Admin("system")
        def who(): return ADMIN.name
        === hold
        held = m.ADMIN
        === ask
        m.who() => 'system'
        held is m.ADMIN => True
    """,
    "a function moves to a new module with another body, and was called at import": """
        --- a
        def fill(found): found.append(1)
        --- m
        from .a import fill
        def make():
            found = []
            fill(found)
            return found
        value = make()
        +++ a
        from .b import fill
        +++ b
        def fill(found): found.append(2)
        +++ m
        from .a import fill
        def make():
            found = []
            fill(found)
            return found
        value = make()
        === hold
        held = m.fill
        === ask
        m.value => [2]
        held is m.fill => True
    """,
    "a circular import of three modules turns": """
        --- a
        from . import b
        X = 1
        def fa(): return b.fb() + X
        --- b
        from . import c
        def fb(): return c.fc()
        --- c
        from . import a
        def fc(): return a.X
        +++ a
        X = 2
        from . import c
        def fa(): return c.fc() + X
        +++ b
        from . import a
        def fb(): return a.X * 10
        +++ c
        from . import b
        def fc(): return b.fb() + 1
        === hold
        f = a.fa
        === ask
        f()
        a.fa(), b.fb(), c.fc()
    """,
    "sys.modules replaced by an object": """
        --- m
        import sys
        class Facade:
            def hi(self): return 1
        sys.modules[__name__ + '_facade'] = Facade()
        +++ m
        import sys
        class Facade:
            def hi(self): return 2
        sys.modules[__name__ + '_facade'] = Facade()
        === ask
        sys.modules[m.__name__ + '_facade'].hi()
    """,
    "star import of a name that becomes private by __all__": """
        --- low
        def a(): return 1
        def b(): return 2
        --- mid
        from .low import *
        --- m
        from .mid import *
        def go(): return a(), b()
        +++ low
        __all__ = ['a']
        def a(): return 1
        def b(): return 2
        === ask
        m.go()
        hasattr(m, 'b')
    """,
    "from-import becomes module import, alias kept": """
        --- low
        def a(): return 1
        --- m
        from .low import a as go
        T = {'go': go}
        +++ low
        def a(): return 2
        def c(): return 3
        --- x
        Y = 1
        +++ m
        from . import low
        go = low.c
        T = {'go': go}
        === hold
        t = m.T
        === ask
        m.go(), m.T['go'](), t['go']()
    """,
    "class moved with live instance in a deque, its old module re-exports": """
        --- low
        class C:
            n = 1
            def f(self): return 'low', self.n
        --- m
        from .low import C
        import collections
        Q = collections.deque([C()], maxlen=3)
        +++ low
        from .new import C
        +++ new
        class C:
            n = 1
            def f(self): return 'new', self.n
        === hold
        c = m.C()
        === ask
        c.f(), m.Q[0].f(), m.C.__module__.rpartition('.')[2]
        isinstance(c, m.C), isinstance(m.Q[0], m.C)
    """,
    "two classes swap names": """
        --- m
        class A:
            def f(self): return 'a'
        class B:
            def f(self): return 'b'
        +++ m
        class B:
            def f(self): return 'a'
        class A:
            def f(self): return 'b'
        === hold
        a, b = m.A(), m.B()
        === ask
        a.f(), b.f(), m.A().f(), m.B().f()
    """,
    "two functions swap names, held in a table": """
        --- m
        def a(): return 1
        def b(): return 2
        T = {'a': a, 'b': b}
        +++ m
        def b(): return 1
        def a(): return 2
        T = {'a': a, 'b': b}
        === hold
        fa = m.a
        === ask
        fa(), m.T['a'](), m.T['b'](), m.a(), m.b()
    """,
    "contextvar with a first-party default object": """
        --- m
        import contextvars
        class User:
            def __init__(self, n): self.n = n
            def hi(self): return self.n
        V = contextvars.ContextVar('V', default=User(1))
        +++ m
        import contextvars
        class User:
            def __init__(self, n): self.n = n
            def hi(self): return self.n * 10
        V = contextvars.ContextVar('V', default=User(2))
        === ask
        m.V.get().hi()
    """,
    "contextvar default computed elsewhere": """
        --- low
        N = 1
        --- m
        import contextvars
        from . import low
        V = contextvars.ContextVar('V', default=getattr(low, 'N'))
        +++ low
        N = 2
        === ask
        m.V.get()
    """,
    "exception groups and except by a tuple constant": """
        --- m
        class A(Exception): pass
        class B(Exception): pass
        CAUGHT = (A,)
        def go(e):
            try: raise e
            except CAUGHT: return 'caught'
        +++ m
        class A(Exception): pass
        class B(Exception): pass
        CAUGHT = (A, B)
        def go(e):
            try: raise e
            except CAUGHT: return 'caught'
        === hold
        b = m.B()
        go = m.go
        === ask
        go(b), m.go(m.B())
    """,
    "pickle by name across a rename with alias": """
        --- m
        class Old:
            def __init__(self): self.n = 1
        +++ m
        class New:
            def __init__(self): self.n = 1
        Old = New
        === hold
        import pickle
        o = m.Old()
        === ask
        pickle.loads(pickle.dumps(o)).n
        type(o) is m.New is m.Old
    """,
    "copyreg and __reduce__": """
        --- m
        class C:
            def __init__(self, n): self.n = n
            def __reduce__(self): return (C, (self.n,))
        +++ m
        def make(n): return C(n * 10)
        class C:
            def __init__(self, n): self.n = n
            def __reduce__(self): return (make, (self.n,))
        === hold
        import copy
        c = m.C(1)
        === ask
        copy.copy(c).n
    """,
    "generator class method suspended with yield from": """
        --- m
        class C:
            def inner(self):
                yield 1
                yield 2
            def outer(self):
                yield from self.inner()
                yield self.last()
            def last(self): return 3
        +++ m
        class C:
            def inner(self):
                yield 10
                yield 20
            def outer(self):
                yield from self.inner()
                yield self.last()
            def last(self): return 30
        === hold
        g = m.C().outer()
        x = next(g)
        === ask
        list(g) => [2, 30]
        list(m.C().outer()) => [10, 20, 30]
    """,
    "async generator and coroutine suspended; context manager open": """
        --- m
        import contextlib
        LOG = []
        @contextlib.contextmanager
        def ctx():
            LOG.append('in')
            try: yield 1
            finally: LOG.append('out')
        +++ m
        import contextlib
        LOG = []
        @contextlib.contextmanager
        def ctx():
            LOG.append('IN')
            try: yield 2
            finally: LOG.append('OUT')
        === use
        cm = m.ctx(); cm.__enter__()
        === ask
        cm.__exit__(None, None, None) => False
        m.LOG => ['in', 'out']
        m.ctx().__enter__() => 2
    """,
    "bound methods as dict keys and in sets": """
        --- m
        class C:
            def f(self): return 1
            def g(self): return 2
        c = C()
        T = {c.f: 'f', c.g: 'g'}
        S = {c.f}
        +++ m
        class C:
            def f(self): return 10
            def g(self): return 20
        c = C()
        T = {c.f: 'f', c.g: 'g'}
        S = {c.f}
        === ask
        m.T[m.c.f], m.T[m.c.g], m.c.f in m.S, [f() for f in m.T]
    """,
    "bound methods as dict keys; decorated anew": """
        --- m
        def d(f): return f
        class C:
            def f(self): return 1
        c = C()
        T = {c.f: 'f'}
        +++ m
        def d(f):
            def w(self): return 'w', f(self)
            return w
        class C:
            @d
            def f(self): return 10
        c = C()
        T = {c.f: 'f'}
        === hold
        t = m.T
        === ask
        m.T.get(m.c.f), len(m.T), [f() for f in m.T], t.get(m.c.f)
    """,
    "lru_cache keyed by instances": """
        --- m
        import functools
        class K:
            def __init__(self, n): self.n = n
            def __eq__(self, o): return self.n == o.n
            def __hash__(self): return hash(self.n)
        @functools.lru_cache
        def f(k): return [k.n]
        +++ m
        import functools
        class K:
            def __init__(self, n): self.n = n
            def __eq__(self, o): return self.n == o.n
            def __hash__(self): return hash(self.n)
        @functools.lru_cache
        def f(k): return [k.n * 10]
        === hold
        x = m.f(m.K(1))
        === ask
        m.f(m.K(1))
    """,
    "lru_cache on a method that a subclass overrides; keeps instances": """
        --- m
        import functools
        class B:
            @functools.lru_cache(maxsize=None)
            def f(self): return self.h()
            def h(self): return 1
        class C(B):
            def h(self): return 2
        c = C()
        +++ m
        import functools
        class B:
            @functools.lru_cache(maxsize=None)
            def f(self): return self.h()
            def h(self): return 1
        class C(B):
            def h(self): return 20
        c = C()
        === hold
        x = m.c.f()
        === ask
        m.c.f()
    """,
    "cached_property whose function changes; the instance has its value": """
        --- m
        import functools
        class C:
            @functools.cached_property
            def v(self): return [1]
        +++ m
        import functools
        class C:
            @functools.cached_property
            def v(self): return [2]
        === hold
        c = m.C()
        x = c.v
        === ask
        m.C().v
    """,
    "hand-made caches in a dict": """
        --- m
        CACHE = {}
        def f(n):
            if n not in CACHE: CACHE[n] = n + 1
            return CACHE[n]
        +++ m
        CACHE = {}
        def f(n):
            if n not in CACHE: CACHE[n] = n + 2
            return CACHE[n]
        === use
        m.f(1)
        === ask
        m.f(2) => 4
        m.f(1) => 2
    """,
    "a default argument that is a class moved and a function": """
        --- low
        class K: 
            n = 1
        def mk(): return K.n
        --- m
        from .low import K, mk
        def f(cls=K, make=mk): return cls.n, make()
        +++ low
        class K: 
            n = 2
        def mk(): return K.n * 10
        === hold
        lib.append(m.f)
        === ask
        m.f(), lib[0]()
    """,
    "unicode names, tabs, form feed": """
        --- m
        ﬁeld = 1
        def grüße():
        \treturn ﬁeld
        class Ä:
        \tdef é(self): return '\u00e9', 1
        +++ m
        field = 2
        def grüße():
        \treturn field
        class Ä:
        \tdef é(self): return '\u00e9', 2
        === hold
        a = m.Ä()
        === ask
        m.grüße(), a.é(), m.field
    """,
    "__slots__ with __weakref__ and __dict__": """
        --- m
        class C:
            __slots__ = ('a', '__weakref__')
            def __init__(self): self.a = 1
        +++ m
        class C:
            __slots__ = ('a', '__weakref__', '__dict__')
            def __init__(self): self.a = 1
            def f(self): return self.a
        === ask
        vars(m.C())
        m.C().f()
    """,
    "__slots__ inherited; subclass body changes": """
        --- m
        class B:
            __slots__ = ('a',)
        class C(B):
            __slots__ = ('b',)
            def f(self): return 1
        +++ m
        class B:
            __slots__ = ('a',)
            def g(self): return 2
        class C(B):
            __slots__ = ('b',)
            def f(self, x=1): return x, self.g()
        === hold
        c = m.C()
        === ask
        c.f()
    """,
    "metaclass __prepare__ orders and __call__ changes": """
        --- m
        class Meta(type):
            @classmethod
            def __prepare__(mcs, name, bases): return {'prepared': 1}
            def __call__(cls, *a): return ('old', super().__call__(*a))
        class C(metaclass=Meta):
            def f(self): return self.prepared
        +++ m
        class Meta(type):
            @classmethod
            def __prepare__(mcs, name, bases): return {'prepared': 2}
            def __call__(cls, *a): return ('new', super().__call__(*a))
        class C(metaclass=Meta):
            def f(self): return self.prepared
        === ask
        m.C()[0], m.C()[1].f()
    """,
    "metaclass property and __instancecheck__": """
        --- m
        class Meta(type):
            def __instancecheck__(cls, o): return o == 1
            @property
            def kind(cls): return 'old'
        class C(metaclass=Meta): pass
        KIND = C.kind
        IS = isinstance(1, C)
        +++ m
        class Meta(type):
            def __instancecheck__(cls, o): return o == 2
            @property
            def kind(cls): return 'new'
        class C(metaclass=Meta): pass
        KIND = C.kind
        IS = isinstance(1, C)
        === ask
        m.KIND, m.IS, isinstance(2, m.C)
    """,
    "__set_name__ registers in the owner": """
        --- m
        class F:
            def __init__(self, k): self.k = k
            def __set_name__(self, owner, name):
                owner.__dict__.get('fields', {}).update({name: self.k})
        class M:
            fields = {}
            a = F(1)
            b = F(2)
        +++ m
        class F:
            def __init__(self, k): self.k = k
            def __set_name__(self, owner, name):
                owner.__dict__.get('fields', {}).update({name: self.k})
        class M:
            fields = {}
            a = F(1)
            c = F(3)
        === ask
        m.M.fields
        sorted(vars(m.M).keys() & {'a', 'b', 'c'})
    """,
    "ABC registration by call, order of statements": """
        --- m
        import abc
        class S(abc.ABC): pass
        class A: pass
        class B: pass
        S.register(A)
        KIND = [isinstance(A(), S), isinstance(B(), S)]
        +++ m
        import abc
        class S(abc.ABC): pass
        class A: pass
        class B: pass
        S.register(B)
        KIND = [isinstance(A(), S), isinstance(B(), S)]
        === hold
        a = m.A()
        === ask
        m.KIND, isinstance(a, m.S), isinstance(m.B(), m.S)
    """,
    "class attribute alias of a method of another class": """
        --- m
        class A:
            def f(self): return 1, type(self).__name__
        class B:
            g = A.f
            h = staticmethod(len)
        +++ m
        class A:
            def f(self): return 2, type(self).__name__
        class B:
            g = A.f
            h = staticmethod(sorted)
        === hold
        b = m.B()
        === ask
        b.g(), b.h([2, 1])
    """,
    "a name deleted and its module attribute set by a submodule import": """
        --- pkg
        from .sub import helper
        sub = 'not the module'
        --- pkg.sub
        def helper(): return 1
        +++ pkg
        from .sub import helper
        === ask
        type(pkg.sub).__name__, pkg.helper()
    """,
    "a submodule attribute shadowed by a function": """
        --- pkg
        from .sub import helper
        --- pkg.sub
        def helper(): return 1
        +++ pkg
        from .sub import helper
        def sub(): return 5
        === ask
        pkg.sub(), pkg.helper()
    """,
    "if TYPE_CHECKING else": """
        --- m
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from .nothing import X
        else:
            X = 1
        def f() -> 'X': return X
        +++ m
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from .nothing import X
        else:
            X = 2
        def f() -> 'X': return X
        === ask
        m.f()
    """,
    "annotations only and docstrings only": """
        --- m
        import dataclasses
        @dataclasses.dataclass
        class C:
            "doc"
            x: int = 1
            y: 'str' = ''
            def f(self, a: int) -> int:
                "old"
                return a
        +++ m
        import dataclasses
        @dataclasses.dataclass
        class C:
            "doc 2"
            x: float = 1
            y: 'bytes' = ''
            def f(self, a: float) -> float:
                "new"
                return a
        === hold
        c = m.C()
        === ask
        m.C.__doc__, m.C.f.__doc__, m.C.f.__annotations__, m.C.__annotations__
        [f.type for f in __import__('dataclasses').fields(c)]
        c.f.__doc__
        __import__('inspect').signature(m.C)
    """,
    "a thread that runs old code": """
        --- m
        import threading
        go = threading.Event()
        OUT = []
        def step(): return 'old'
        def loop():
            OUT.append(step())
            go.wait(20)
            OUT.append(step())
        +++ m
        import threading
        go = threading.Event()
        OUT = []
        def step(): return 'new'
        def loop():
            OUT.append(step())
            go.wait(20)
            OUT.append(step())
            OUT.append('end')
        === use
        import threading
        t = threading.Thread(target=m.loop); t.start()
        while not m.OUT: pass
        === ask
        m.go.set() or t.join(20) or m.OUT => ['old', 'new']
    """,
    "threading.local subclass": """
        --- m
        import threading
        class L(threading.local):
            n = 1
            def f(self): return self.n
        l = L()
        +++ m
        import threading
        class L(threading.local):
            n = 2
            def f(self): return self.n * 10
        l = L()
        === ask
        m.l.f()
    """,
    "operator methods of a class change, used at import elsewhere": """
        --- low
        class V:
            def __init__(self, n): self.n = n
            def __add__(self, o): return V(self.n + o)
            def __lt__(self, o): return self.n < o.n
            def __len__(self): return self.n
            def __iter__(self): return iter([self.n])
            def __contains__(self, x): return x == self.n
            def __bool__(self): return self.n > 1
        --- m
        from .low import V
        a = V(1) + 2
        b = max(V(1), V(2)).n
        c = len(V(3)), list(V(4)), 5 in V(5)
        d = 'yes' if V(2) else 'no'
        +++ low
        class V:
            def __init__(self, n): self.n = n
            def __add__(self, o): return V(self.n - o)
            def __lt__(self, o): return self.n > o.n
            def __len__(self): return self.n * 2
            def __iter__(self): return iter([self.n, 0])
            def __contains__(self, x): return x != self.n
            def __bool__(self): return self.n > 2
        === ask
        m.a.n, m.b, m.c, m.d
    """,
    "with and for at module level over app objects": """
        --- low
        class R:
            def __enter__(self): return 1
            def __exit__(self, *a): return False
        def rows(): yield from (1, 2)
        --- m
        from .low import R, rows
        OUT = []
        with R() as r:
            OUT.append(r)
        for x in rows():
            OUT.append(x)
        +++ low
        class R:
            def __enter__(self): return 10
            def __exit__(self, *a): return False
        def rows(): yield from (1, 2, 3)
        === ask
        m.OUT, m.r, m.x
    """,
    "callbacks through the standard library": """
        --- low
        def key(n): return -n
        def sub(match): return 'a'
        def red(a, b): return a + b
        --- m
        import re, functools
        from .low import key, sub, red
        A = sorted([1, 2, 3], key=key)
        B = re.sub('x', sub, 'xyx')
        C = functools.reduce(red, [1, 2, 3])
        D = list(map(key, [1, 2])), list(filter(key, [0, 1]))
        +++ low
        def key(n): return n
        def sub(match): return 'b'
        def red(a, b): return a * b + 1
        === ask
        m.A, m.B, m.C, m.D
    """,
    "attribute of an object of another module set at import": """
        --- low
        class S: pass
        s = S()
        s.n = 1
        --- m
        from .low import s
        s.n += 1
        s.extra = [s.n]
        +++ low
        class S: pass
        s = S()
        s.n = 5
        === ask
        m.s.n, m.s.extra
    """,
    "monkeypatch of another module's class and function": """
        --- low
        class S:
            def f(self): return 1
        def g(): return 1
        def user(): return g()
        --- m
        from . import low
        def better(self): return 2
        low.S.f = better
        low.g = lambda: 3
        +++ low
        class S:
            def f(self): return 10
            def h(self): return 11
        def g(): return 10
        def user(): return g(), 'user'
        === hold
        s = m.low.S()
        === ask
        s.f(), m.low.user(), s.h()
    """,
    "a monkeypatch goes": """
        --- low
        class S:
            def f(self): return 1
        def g(): return 1
        def user(): return g()
        --- m
        from . import low
        def better(self): return 2
        low.S.f = better
        low.g = lambda: 3
        +++ m
        from . import low
        === hold
        s = m.low.S()
        === ask
        s.f(), m.low.user()
    """,
}
