"""Functions of every kind, and who holds them."""

CASES = {
    "a body, held in a list": """
        --- m
        def f(): return 1
        +++ m
        def f(): return 2
        === hold
        held = [m.f]
        === ask
        held[0]()
        held[0] is m.f
    """,
    "a closure that a program made gains a variable": """
        --- m
        def make(n):
            k = 5
            def inner(): return n
            return inner
        +++ m
        def make(n):
            k = 5
            def inner(): return n + k
            return inner
        === hold
        c = m.make(1)
        === ask
        c()
    """,
    "a closure that a program made loses a variable": """
        --- m
        def make(n, k=2):
            def inner(): return n + k
            return inner
        +++ m
        def make(n, k=2):
            def inner(): return n
            return inner
        === hold
        c = m.make(1)
        === ask
        c()
        m.make(4)()
    """,
    "a closure at module level gains a variable": """
        --- m
        def make(n):
            k = 5
            def inner(): return n
            return inner
        f = make(3)
        +++ m
        def make(n):
            k = 5
            def inner(): return n + k
            return inner
        f = make(3)
        === hold
        held = [m.f]
        === ask
        held[0]()
        m.f()
    """,
    "a counter keeps its count": """
        --- m
        def counter():
            n = 0
            def up():
                nonlocal n
                n += 1
                return n
            return up
        up = counter()
        +++ m
        def counter():
            n = 0
            def up():
                nonlocal n
                n += 10
                return n
            return up
        up = counter()
        === use
        m.up(); m.up()
        === ask
        m.up() => 12
    """,
    "a method gains super()": """
        --- m
        class A:
            def hi(self): return "A"
        class B(A):
            def hi(self): return "B"
        +++ m
        class A:
            def hi(self): return "A"
        class B(A):
            def hi(self): return super().hi() + "B"
        === hold
        b = m.B(); held = m.B.hi
        === ask
        b.hi()
        held(b)
    """,
    "a method loses super()": """
        --- m
        class A:
            def hi(self): return "A"
        class B(A):
            def hi(self): return super().hi() + "B"
        +++ m
        class A:
            def hi(self): return "A"
        class B(A):
            def hi(self): return "B"
        === hold
        b = m.B(); held = b.hi
        === ask
        b.hi()
        held()
    """,
    "a decorated method gains __class__": """
        --- m
        import functools
        def deco(f):
            @functools.wraps(f)
            def w(*a): return ["w", f(*a)]
            return w
        class A:
            def hi(self): return 1
        class B(A):
            @deco
            def hi(self): return 2
        +++ m
        import functools
        def deco(f):
            @functools.wraps(f)
            def w(*a): return ["w", f(*a)]
            return w
        class A:
            def hi(self): return 1
        class B(A):
            @deco
            def hi(self): return (2, super().hi(), __class__.__name__)
        === hold
        b = m.B(); held = b.hi
        === ask
        b.hi()
        held()
    """,
    "defaults changed": """
        --- m
        def f(a, b=1, *, c=2): return a, b, c
        +++ m
        def f(a, b=3, *, c=4, d=5): return a, b, c, d
        === hold
        held = {"f": m.f}
        === ask
        held["f"](0)
        m.f(0, c=9)
    """,
    "a mutable default keeps nothing when its text changed": """
        --- m
        def f(x, seen=[]):
            seen.append(x)
            return len(seen)
        +++ m
        def f(x, seen=[], extra=()):
            seen.append(x)
            return len(seen) + 100
        === ask
        m.f(1)
    """,
    "annotations become strings": """
        --- m
        def f(a: int) -> int: return a
        class A:
            x: int = 1
            def g(self, a: "A") -> int: return a
        +++ m
        from __future__ import annotations
        def f(a: int) -> int: return a
        class A:
            x: int = 1
            def g(self, a: "A") -> int: return a
        === hold
        held = m.f; meth = m.A.g
        === ask
        held.__annotations__
        meth.__annotations__
        m.A.__annotations__
    """,
    "annotations become objects": """
        --- m
        from __future__ import annotations
        def f(a: int) -> list[int]: return a
        class A:
            x: int = 1
            def g(self, a: int) -> int: return a
        +++ m
        def f(a: int) -> list[int]: return a
        class A:
            x: int = 1
            def g(self, a: int) -> int: return a
        === hold
        held = m.f
        === ask
        held.__annotations__
        m.A.g.__annotations__
        m.A.__annotations__
    """,
    "annotations become strings in a dataclass": """
        --- m
        import dataclasses
        @dataclasses.dataclass
        class A:
            x: int = 1
        +++ m
        from __future__ import annotations
        import dataclasses
        @dataclasses.dataclass
        class A:
            x: int = 1
        === hold
        a = m.A()
        === ask
        [f.type for f in m.dataclasses.fields(a)]
        m.A.__init__.__annotations__
    """,
    "a plain function becomes a generator": """
        --- m
        def f(): return [1, 2]
        +++ m
        def f():
            yield 1
            yield 2
        === hold
        held = m.f
        === ask
        list(held())
        type(m.f()).__name__
    """,
    "a generator becomes plain": """
        --- m
        def f():
            yield 1
        +++ m
        def f(): return [1]
        === hold
        held = m.f
        === ask
        held()
    """,
    "a function becomes async": """
        --- m
        def f(): return 1
        +++ m
        async def f(): return 2
        === hold
        held = m.f
        import inspect
        === ask
        inspect.iscoroutinefunction(held)
        inspect.iscoroutinefunction(m.f)
    """,
    "a decorator comes": """
        --- m
        import functools
        def deco(f):
            @functools.wraps(f)
            def w(*a): return ["w", f(*a)]
            return w
        def f(x): return x
        +++ m
        import functools
        def deco(f):
            @functools.wraps(f)
            def w(*a): return ["w", f(*a)]
            return w
        @deco
        def f(x): return x
        === hold
        held = m.f
        === ask
        held(1)
        m.f(1)
        m.f.__wrapped__(1)
    """,
    "a decorator goes": """
        --- m
        import functools
        def deco(f):
            @functools.wraps(f)
            def w(*a): return ["w", f(*a)]
            return w
        @deco
        def f(x): return x
        +++ m
        import functools
        def deco(f):
            @functools.wraps(f)
            def w(*a): return ["w", f(*a)]
            return w
        def f(x): return x + 1
        === hold
        held = [m.f]; inner = m.f.__dict__.get("__wrapped__", m.f)
        === ask
        held[0](1)
        m.f(1)
    """,
    "a decorator's wrapper changes": """
        --- m
        import functools
        def deco(f):
            @functools.wraps(f)
            def w(*a): return ["w", f(*a)]
            return w
        @deco
        def f(x): return x
        class A:
            @deco
            def g(self): return 1
        +++ m
        import functools
        def deco(f):
            @functools.wraps(f)
            def w(*a): return ["W", f(*a)]
            return w
        @deco
        def f(x): return x
        class A:
            @deco
            def g(self): return 1
        === hold
        held = [m.f]; a = m.A()
        === ask
        held[0](1)
        m.f(1)
        a.g()
    """,
    "a decorator's wrapper gains a variable": """
        --- m
        import functools
        def deco(f):
            name = f.__name__
            @functools.wraps(f)
            def w(*a): return ["w", f(*a)]
            return w
        @deco
        def f(x): return x
        class A:
            @deco
            def g(self): return 1
        +++ m
        import functools
        def deco(f):
            name = f.__name__
            @functools.wraps(f)
            def w(*a): return [name, f(*a)]
            return w
        @deco
        def f(x): return x
        class A:
            @deco
            def g(self): return 1
        === hold
        held = [m.f]; a = m.A()
        === ask
        held[0](1)
        m.f(1)
        a.g()
    """,
    "a decorator with arguments changes its arguments": """
        --- m
        def times(n):
            def deco(f):
                def w(*a): return n * f(*a)
                return w
            return deco
        @times(2)
        def f(x): return x
        +++ m
        def times(n):
            def deco(f):
                def w(*a): return n * f(*a)
                return w
            return deco
        @times(5)
        def f(x): return x
        === hold
        held = m.f
        === ask
        held(3)
        m.f(3)
    """,
    "lru_cache: the body": """
        --- m
        import functools
        @functools.lru_cache
        def f(x): return x + 1
        def g(x): return f(x)
        +++ m
        import functools
        @functools.lru_cache
        def f(x): return x + 2
        def g(x): return f(x)
        === hold
        held = m.f; m.f(1); m.g(1)
        === ask
        held(1)
        m.f(1)
        m.g(1)
    """,
    "lru_cache: code that it calls": """
        --- m
        import functools
        def h(x): return x
        @functools.lru_cache
        def f(x): return h(x)
        +++ m
        import functools
        def h(x): return -x
        @functools.lru_cache
        def f(x): return h(x)
        === hold
        m.f(1)
        === ask
        m.f(1)
    """,
    "lru_cache: a method that it calls": """
        --- m
        import functools
        class A:
            def h(self, x): return x
        a = A()
        @functools.lru_cache
        def f(x): return a.h(x)
        +++ m
        import functools
        class A:
            def h(self, x): return -x
        a = A()
        @functools.lru_cache
        def f(x): return a.h(x)
        === hold
        m.f(1)
        === ask
        m.f(1)
    """,
    "lru_cache: a constant that it reads": """
        --- m
        import functools
        K = 1
        @functools.lru_cache
        def f(x): return x + K
        +++ m
        import functools
        K = 10
        @functools.lru_cache
        def f(x): return x + K
        === hold
        m.f(1)
        === ask
        m.f(1)
    """,
    "lru_cache: a method's": """
        --- m
        import functools
        class A:
            @functools.lru_cache
            def f(self, x): return x + 1
        a = A()
        +++ m
        import functools
        class A:
            @functools.lru_cache
            def f(self, x): return x + 2
        a = A()
        === hold
        m.a.f(1)
        === ask
        m.a.f(1)
    """,
    "lru_cache: a singleton is kept": """
        --- m
        import functools
        class S:
            def __init__(self): self.n = 0
        @functools.lru_cache
        def get(): return S()
        +++ m
        import functools
        class S:
            def __init__(self): self.n = 0
        @functools.lru_cache
        def get():
            # the one
            return S()
        === use
        m.get().n = 7
        === ask
        m.get().n => 7
    """,
    "lru_cache comes": """
        --- m
        import functools
        def f(x): return x
        +++ m
        import functools
        @functools.lru_cache
        def f(x): return x
        === hold
        held = m.f
        === ask
        type(m.f).__name__
        held(1)
    """,
    "lru_cache goes": """
        --- m
        import functools
        @functools.lru_cache
        def f(x): return x
        +++ m
        import functools
        def f(x): return x + 1
        === hold
        held = m.f; held(1)
        === ask
        held(1)
        m.f(1)
    """,
    "lru_cache's size": """
        --- m
        import functools
        @functools.lru_cache(maxsize=2)
        def f(x): return x
        +++ m
        import functools
        @functools.lru_cache(maxsize=8)
        def f(x): return x
        === hold
        held = m.f
        === ask
        m.f.cache_info().maxsize
        held.cache_info().maxsize
    """,
    "a cached_property": """
        --- m
        import functools
        class A:
            @functools.cached_property
            def p(self): return 1
        +++ m
        import functools
        class A:
            @functools.cached_property
            def p(self): return 2
        === hold
        a = m.A()
        === ask
        a.p
        m.A().p
    """,
    "a cached_property that has its value": """
        --- m
        import functools
        class A:
            @functools.cached_property
            def p(self): return 1
        +++ m
        import functools
        class A:
            @functools.cached_property
            def p(self): return 2
        === use
        a = m.A(); a.p
        === ask
        m.A().p => 2
    """,
    "a cached_property becomes a property": """
        --- m
        import functools
        class A:
            @functools.cached_property
            def p(self): return 1
        +++ m
        import functools
        class A:
            @property
            def p(self): return 2
        === hold
        a = m.A(); a.p
        === ask
        a.p
    """,
    "singledispatch: an implementation's body": """
        --- m
        import functools
        @functools.singledispatch
        def f(x): return "any"
        @f.register
        def _(x: int): return "int"
        @f.register(str)
        def on_str(x): return "str"
        +++ m
        import functools
        @functools.singledispatch
        def f(x): return "ANY"
        @f.register
        def _(x: int): return "INT"
        @f.register(str)
        def on_str(x): return "STR"
        === hold
        held = m.f
        === ask
        [held(1), held("x"), held(None)]
        m.f(1)
    """,
    "singledispatch: one more": """
        --- m
        import functools
        @functools.singledispatch
        def f(x): return "any"
        @f.register
        def _(x: int): return "int"
        +++ m
        import functools
        @functools.singledispatch
        def f(x): return "any"
        @f.register
        def _(x: int): return "int"
        @f.register
        def _(x: str): return "str"
        === hold
        held = m.f; held("x")
        === ask
        [held(1), held("x"), held(None)]
    """,
    "singledispatch: one less": """
        --- m
        import functools
        @functools.singledispatch
        def f(x): return "any"
        @f.register
        def _(x: int): return "int"
        @f.register
        def _(x: str): return "str"
        +++ m
        import functools
        @functools.singledispatch
        def f(x): return "any"
        @f.register
        def _(x: int): return "int"
        === hold
        held = m.f; held("x")
        === ask
        [held(1), held("x"), held(None)]
    """,
    "singledispatch: another type": """
        --- m
        import functools
        @functools.singledispatch
        def f(x): return "any"
        @f.register
        def _(x: int): return "number"
        +++ m
        import functools
        @functools.singledispatch
        def f(x): return "any"
        @f.register
        def _(x: float): return "number"
        === hold
        held = m.f; held(1)
        === ask
        [held(1), held(1.0)]
    """,
    "singledispatchmethod": """
        --- m
        import functools
        class A:
            @functools.singledispatchmethod
            def f(self, x): return "any"
            @f.register
            def _(self, x: int): return "int"
        +++ m
        import functools
        class A:
            @functools.singledispatchmethod
            def f(self, x): return "ANY"
            @f.register
            def _(self, x: int): return "INT"
        === hold
        a = m.A()
        === ask
        [a.f(1), a.f("x")]
    """,
    "a contextmanager's body": """
        --- m
        import contextlib
        @contextlib.contextmanager
        def cm(x):
            yield x
        +++ m
        import contextlib
        @contextlib.contextmanager
        def cm(x):
            yield x + 1
        === hold
        held = m.cm
        === ask
        held(1).__enter__()
    """,
    "a contextmanager's parameters": """
        --- m
        import contextlib
        @contextlib.contextmanager
        def cm(x):
            yield x
        +++ m
        import contextlib
        @contextlib.contextmanager
        def cm(x, y=3):
            yield x + y
        === hold
        held = m.cm
        === ask
        held(1).__enter__()
        m.cm(1).__enter__()
    """,
    "a partial's function body": """
        --- m
        import functools
        def f(a, b): return a + b
        p = functools.partial(f, 1)
        +++ m
        import functools
        def f(a, b): return a * b
        p = functools.partial(f, 1)
        === hold
        held = [m.p]
        === ask
        held[0](5)
        m.p(5)
    """,
    "a partial's arguments": """
        --- m
        import functools
        def f(a, b): return a + b
        p = functools.partial(f, 1)
        +++ m
        import functools
        def f(a, b): return a + b
        p = functools.partial(f, 2)
        === hold
        held = [m.p]
        === ask
        held[0](5)
        m.p(5)
    """,
    "a partial of another function": """
        --- m
        import functools
        def f(a, b): return a + b
        def g(a, b): return a - b
        p = functools.partial(f, 1)
        +++ m
        import functools
        def f(a, b): return a + b
        def g(a, b): return a - b
        p = functools.partial(g, 1)
        === hold
        held = [m.p]
        === ask
        held[0](5)
        m.p(5)
    """,
    "partialmethod": """
        --- m
        import functools
        class A:
            def f(self, a, b): return a, b
            g = functools.partialmethod(f, 1)
        +++ m
        import functools
        class A:
            def f(self, a, b): return b, a
            g = functools.partialmethod(f, 2)
        === hold
        a = m.A()
        === ask
        a.g(5)
    """,
    "lambdas in a table": """
        --- m
        T = {"a": lambda x: x + 1, "b": lambda x: x + 2}
        +++ m
        T = {"a": lambda x: x * 10, "b": lambda x: x + 2, "c": lambda x: -x}
        === hold
        held = m.T; a = m.T["a"]
        === ask
        [held[k](3) for k in sorted(held)]
        a(3)
    """,
    "lambdas change places": """
        --- m
        T = [lambda x: x + 1, lambda x: x + 2]
        +++ m
        T = [lambda x: x + 2, lambda x: x + 1]
        === hold
        held = m.T
        === ask
        [f(1) for f in held]
    """,
    "a lambda's default": """
        --- m
        K = 1
        f = lambda x, k=K: x + k
        +++ m
        K = 5
        f = lambda x, k=K: x + k
        === hold
        held = [m.f]
        === ask
        held[0](1)
        m.f(1)
    """,
    "a default that reads a constant": """
        --- m
        K = 1
        def f(x, k=K): return x + k
        +++ m
        K = 5
        def f(x, k=K): return x + k
        === hold
        held = [m.f]
        === ask
        held[0](1)
        m.f(1)
    """,
    "functions defined in a loop": """
        --- m
        T = {}
        for name in ("a", "b"):
            def f(x, name=name): return name, x
            T[name] = f
        +++ m
        T = {}
        for name in ("a", "b", "c"):
            def f(x, name=name): return name, -x
            T[name] = f
        === hold
        held = m.T; a = m.T["a"]
        === ask
        [held[k](1) for k in sorted(held)]
        a(1)
        m.f(1)
    """,
    "functions defined in a loop: only the body": """
        --- m
        T = {}
        for name in ("a", "b"):
            def f(x, name=name): return name, x
            T[name] = f
        +++ m
        T = {}
        for name in ("a", "b"):
            def f(x, name=name): return name, -x
            T[name] = f
        === hold
        held = m.T; a = m.T["a"]
        === ask
        [held[k](1) for k in sorted(held)]
        a(1)
    """,
    "a registering decorator": """
        --- m
        R = []
        def reg(f):
            R.append(f)
            return f
        @reg
        def a(): return "a"
        @reg
        def b(): return "b"
        +++ m
        R = []
        def reg(f):
            R.append(f)
            return f
        @reg
        def a(x=1): return "A", x
        @reg
        def b(): return "b"
        @reg
        def c(): return "c"
        === hold
        held = m.R
        === ask
        [f() for f in held]
        held is m.R
    """,
    "a registering decorator: one less": """
        --- m
        R = {}
        def reg(name):
            def deco(f):
                R[name] = f
                return f
            return deco
        @reg("a")
        def a(): return "a"
        @reg("b")
        def b(): return "b"
        +++ m
        R = {}
        def reg(name):
            def deco(f):
                R[name] = f
                return f
            return deco
        @reg("b")
        def b(): return "B"
        === hold
        held = m.R
        === ask
        {k: f() for k, f in held.items()}
    """,
    "a registering decorator: another name": """
        --- m
        R = {}
        def reg(name):
            def deco(f):
                R[name] = f
                return f
            return deco
        @reg("a")
        def a(): return "a"
        +++ m
        R = {}
        def reg(name):
            def deco(f):
                R[name] = f
                return f
            return deco
        @reg("z")
        def a(): return "a"
        === hold
        held = m.R
        === ask
        {k: f() for k, f in held.items()}
    """,
    "an overload": """
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
        def f(x): return (x,)
        === hold
        held = [m.f]
        === ask
        held[0](1)
        m.f(1)
    """,
    "a deleted function, in the app's own list": """
        --- m
        def f(): return 1
        H = []
        def add(): H.append(f)
        +++ m
        H = []
        def add(): H.append(None)
        === use
        m.add()
        === ask
        len(m.H) => 0
    """,
    "a deleted function, in a library's list": """
        --- m
        def f(): return 1
        def g(): return 1
        +++ m
        def g(): return 1
        === use
        lib.append(m.f)
        === ask
        len(lib) => 0
    """,
    "a function becomes a class": """
        --- m
        def f(): return 1
        +++ m
        class f:
            def __repr__(self): return "a class"
        === hold
        held = [m.f]
        === ask
        m.f()
    """,
    "a function becomes a class, held by the app": """
        --- m
        def f(): return 1
        class H: pass
        +++ m
        class f:
            def __repr__(self): return "a class"
        class H: pass
        === use
        m.H.cb = {"f": m.f}
        === ask
        m.H.cb["f"]() => a class
    """,
    "a class becomes a function, held by a library": """
        --- m
        class f:
            pass
        +++ m
        def f(): return 5
        === use
        lib.append(m.f)
        === ask
        lib[0]() => 5
    """,
    "an alias of a function": """
        --- m
        def f(): return 1
        g = f
        +++ m
        def f(): return 2
        g = f
        === hold
        held = m.g
        === ask
        held()
        m.g is m.f
    """,
    "an alias becomes a function of its own": """
        --- m
        def f(): return 1
        g = f
        +++ m
        def f(): return 1
        def g(): return 2
        === ask
        m.f()
        m.g()
        m.f is m.g
    """,
    "two functions become aliases": """
        --- m
        def f(): return 1
        def g(): return 2
        +++ m
        def f(): return 1
        g = f
        === hold
        held = [m.g]
        === ask
        m.g()
        m.f is m.g
    """,
    "a renamed function": """
        --- m
        def old(): return 1
        def caller(): return old()
        +++ m
        def new(): return 1
        def caller(): return new()
        === hold
        c = m.caller
        === ask
        c()
        m.new.__name__
    """,
    "nested functions two deep": """
        --- m
        def a(x):
            def b(y):
                def c(z): return x, y, z
                return c
            return b
        f = a(1)
        g = f(2)
        +++ m
        def a(x):
            def b(y):
                def c(z): return z, y, x
                return c
            return b
        f = a(1)
        g = f(2)
        === hold
        held = [m.g, m.a(7)(8)]
        === ask
        [h(3) for h in held]
    """,
    "two nested functions change places": """
        --- m
        def make():
            def a(): return 1
            def b(): return 2
            return a, b
        A, B = make()
        +++ m
        def make():
            def b(): return 20
            def a(): return 10
            return a, b
        A, B = make()
        === hold
        held = [m.A, m.B]
        === ask
        [h() for h in held]
    """,
    "a comprehension and a nested lambda": """
        --- m
        def f(xs): return sorted([x for x in xs], key=lambda x: x)
        +++ m
        def f(xs): return sorted([x * 2 for x in xs if x], key=lambda x: -x)
        === ask
        m.f([1, 2, 0])
    """,
    "a function's attributes": """
        --- m
        def f(): return f.n
        f.n = 1
        +++ m
        def f(): return f.n
        f.n = 2
        === hold
        held = m.f
        === ask
        held()
    """,
    "a recursive function gets a decorator": """
        --- m
        import functools
        def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
        +++ m
        import functools
        @functools.cache
        def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
        === ask
        m.fib(20)
        m.fib.cache_info().currsize
    """,
    "a static and a class method": """
        --- m
        class A:
            @staticmethod
            def s(x): return x
            @classmethod
            def c(cls, x): return cls.__name__, x
        +++ m
        class A:
            @staticmethod
            def s(x, y=2): return x, y
            @classmethod
            def c(cls, x, y=3): return cls.__name__, x, y
        === hold
        s, c, a = m.A.s, m.A.c, m.A()
        === ask
        [s(1), c(1), a.s(1), a.c(1)]
    """,
    "a method becomes static": """
        --- m
        class A:
            def s(self, x=1): return x
        +++ m
        class A:
            @staticmethod
            def s(x=5): return x
        === hold
        a = m.A()
        === ask
        a.s()
        m.A.s()
    """,
    "a bound method that a library keeps": """
        --- m
        class A:
            def s(self, x=1): return x
        a = A()
        +++ m
        class A:
            def s(self, x=2): return [x]
        a = A()
        === hold
        lib.append(m.a.s); cb = m.a.s
        === ask
        cb()
        sys.modules["some_library"].kept and 0
    """,
    "a docstring and a name": """
        --- m
        def f():
            "one"
        +++ m
        def f():
            "two"
        === hold
        held = m.f
        === ask
        held.__doc__
        held()
    """,
    "typed generics": """
        --- m
        from typing import TypeVar
        T = TypeVar("T")
        def f(x: T) -> T: return x
        +++ m
        from typing import TypeVar
        T = TypeVar("T", bound=int)
        def f(x: T) -> T: return x
        === hold
        held = m.f
        === ask
        held.__annotations__["x"].__bound__
        m.f.__annotations__["x"] is m.T
    """,
    "a decorator that a block imports": """
        --- m
        import sys
        if sys.version_info >= (3, 0):
            from functools import total_ordering as order
            from contextlib import contextmanager as managed
        else:
            order = managed = None
        @managed
        def f(x=1): yield x
        +++ m
        import sys
        if sys.version_info >= (3, 0):
            from functools import total_ordering as order
            from contextlib import contextmanager as managed
        else:
            order = managed = None
        @managed
        def f(x=2): yield x
        === hold
        f = m.f
        === ask
        f().__enter__()
    """,
    "a decorated function in a table becomes a generator": """
        --- m
        import functools
        def variant(f):
            @functools.wraps(f)
            def wrapper(*a): return list(f(*a))
            return wrapper
        def plain(n): return [n]
        @variant
        def twice(n): return [n, n]
        TABLE = {"plain": plain, "twice": twice}
        +++ m
        import functools
        def variant(f):
            @functools.wraps(f)
            def wrapper(*a): return list(f(*a))
            return wrapper
        def plain(n, k=1):
            yield n
            yield k
        @variant
        def twice(n, k=2):
            yield n
            yield k
        TABLE = {"plain": plain, "twice": twice}
        === hold
        held = m.twice, m.plain
        === ask
        list(held[1](3))
        held[0](3)
        m.TABLE["twice"] is m.twice
        m.TABLE["twice"](4)
    """,
}
