"""Programs of several modules by a judge who had seen no table: what it found wrong, or refused for no true reason."""

REFUSED = frozenset({"attrs, no slots: a field with a default comes, and instances live"})

CASES = {
    "attrs, no slots: a field with a default comes, and instances live": """
        --- m
        import attrs
        @attrs.define(slots=False)
        class P:
            x: int = 0
            def area(self): return self.x
        live = [P(1)]
        +++ m
        import attrs
        @attrs.define(slots=False)
        class P:
            x: int = 0
            y: int = 7
            def area(self): return self.x * self.y
        live = [P(1)]
        === ask
        m.live[0].area()
        m.live == [m.P(1)]
    """,
    "a table holds a partial of a partial, and what it binds changes": """
        --- f
        def send(host, port, *, retries=1): return (host, port, retries)
        --- m
        from functools import partial
        from .f import send
        local = partial(send, "localhost", retries=3)
        local80 = partial(local, 80)
        table = {"a": local80, "b": partial(local, 443)}
        +++ m
        from functools import partial
        from .f import send
        local = partial(send, "127.0.0.1", retries=5)
        local80 = partial(local, 80)
        table = {"a": local80, "b": partial(local, 443)}
        === hold
        held = m.table
        === ask
        held["a"](), held["b"](), m.local80()
        held["a"] is m.local80
    """,
    "a generic base is told another argument, and an instance lives": """
        --- repo
        from typing import Generic, TypeVar, get_args
        T = TypeVar("T")
        class Repo(Generic[T]):
            def __init__(self): self.items = {}
            def __init_subclass__(cls, **kw):
                super().__init_subclass__(**kw)
                cls.model = get_args(cls.__orig_bases__[0])[0]
            def add(self, key, *args):
                self.items[key] = self.model(*args)
                return self.items[key]
        --- m
        from .repo import Repo
        class User:
            def __init__(self, name): self.name = name
        class Post:
            def __init__(self, title): self.title = title
        class Things(Repo[User]): pass
        things = Things()
        +++ m
        from .repo import Repo
        class User:
            def __init__(self, name): self.name = name
        class Post:
            def __init__(self, title): self.title = title
        class Things(Repo[Post]): pass
        things = Things()
        === hold
        held = m.things
        === ask
        held.add(1, "x").title
        m.Things.model is m.Post
        held is m.things
    """,
    "a method of a living object enters classes; one of them gets another attribute, one comes": """
        --- box
        class Container:
            def __init__(self): self.kinds = {}; self.made = {}
            def provide(self, cls):
                self.kinds[cls.__name__] = cls
                return cls
            def get(self, name):
                if name not in self.made: self.made[name] = self.kinds[name]()
                return self.made[name]
        c = Container()
        --- m
        from .box import c
        @c.provide
        class Repo:
            KIND = 1
            def __init__(self): self.rows = [1]
        +++ m
        from .box import c
        @c.provide
        class Before: pass
        @c.provide
        class Repo:
            KIND = 2
            def __init__(self): self.rows = [1]
        @c.provide
        class After: pass
        === use
        repo = box.c.get("Repo")
        === ask
        repo.KIND, box.c.get("Repo") is repo, box.c.kinds["Repo"] is m.Repo => (2, True, True)
        list(box.c.kinds)
        type(box.c.get("After")).__name__
    """,
    "classes enter themselves in their base's list and dict, and one comes in the middle": """
        --- base
        class Handler:
            listed = []
            named = {}
            def __init_subclass__(cls, /, event=None, **kw):
                super().__init_subclass__(**kw)
                Handler.listed.append(cls)
                Handler.named[event or cls.__name__] = cls
        --- m
        from .base import Handler
        class A(Handler, event="a"): pass
        class B(Handler): pass
        --- bus
        from . import m
        from .base import Handler
        made = {name: cls() for name, cls in Handler.named.items()}
        +++ m
        from .base import Handler
        class A(Handler, event="a"): pass
        class AB(A): pass
        class B(Handler):
            def x(self): return 1
        class C(Handler): pass
        === hold
        b = bus.made["B"]
        === ask
        [cls.__name__ for cls in base.Handler.listed], list(base.Handler.named), list(bus.made)
        b.x(), bus.made["B"].x()
    """,
    "lambdas of several attributes of one class change": """
        --- m
        class Board:
            key = staticmethod(lambda r: r[0])
            cols = {"n": lambda r: r[0], "s": lambda r: r[1]}
            def top(self, rows, by=None): return sorted(rows, key=self.cols[by] if by else self.key)
        b = Board()
        +++ m
        class Board:
            key = staticmethod(lambda r: -r[0])
            cols = {"n": lambda r: r[0], "s": lambda r: -r[1]}
            def top(self, rows, by=None): return sorted(rows, key=self.cols[by] if by else self.key)
        b = Board()
        === hold
        n = m.b.cols["n"]
        === ask
        m.b.top([(1, 2), (2, 9)]), m.b.top([(1, 2), (2, 9)], "s"), m.b.top([(1, 2), (2, 9)], "n")
        n is m.Board.cols["n"], n((5, 6))
    """,
    "a function that tables and classes hold gets a cache, another loses it": """
        --- svc
        import functools
        def slow(n): return [n]
        @functools.cache
        def quick(n): return [n]
        --- m
        from .svc import quick, slow
        table = [quick, slow]
        class K:
            f = staticmethod(slow)
        def go(n): return [f(n) for f in table], K.f(n)
        +++ svc
        import functools
        @functools.cache
        def slow(n): return [n]
        def quick(n): return [n]
        === ask
        m.go(1), m.table[0] is svc.quick, m.table[1] is svc.slow, m.K.f is svc.slow
        hasattr(m.quick, "cache_info"), hasattr(m.slow, "cache_info")
    """,
    "a further name of one object becomes one of another": """
        --- conf
        class Conf:
            def __init__(self, name): self.name = name
        a = Conf("a")
        b = Conf("b")
        near = a
        --- m
        from .conf import a, b, near
        current = a
        class Service:
            conf = current
            def __init__(self): self.own = current
        service = Service()
        def asked(one=current): return one.name, near.name
        +++ conf
        class Conf:
            def __init__(self, name): self.name = name
        a = Conf("a")
        b = Conf("b")
        near = b
        +++ m
        from .conf import a, b, near
        current = b
        class Service:
            conf = current
            def __init__(self): self.own = current
        service = Service()
        def asked(one=current): return one.name, near.name
        === hold
        first = conf.a
        === ask
        m.current is conf.b, m.Service.conf is conf.b, m.service.own is conf.b, m.near is conf.b
        first.name, conf.a is first, conf.b.name, m.asked()
    """,
    "closures in registers are made with another class, function, method or partial": """
        --- f
        def make(kind, fn=str):
            def run(x): return kind().go(), fn(x)
            return run
        class Users:
            def go(self): return "users"
        class Posts:
            def go(self): return "posts"
        def mul(a, b): return a * b
        class Box:
            def __init__(self): self.h = {}
            def add(self, key, *args): self.h[key] = make(*args)
        table = {}
        def reg(key, value): table[key] = value
        --- m
        from functools import partial
        from .f import Box, Posts, Users, make, mul, reg, table
        box = Box()
        box.add("a", Users)
        box.add("b", Users, str)
        reg("c", make(Users, ",".join))
        reg("d", make(Users, partial(mul, 2)))
        def asked(): return [one("12") for one in [*box.h.values(), *table.values()]]
        +++ m
        from functools import partial
        from .f import Box, Posts, Users, make, mul, reg, table
        box = Box()
        box.add("a", Posts)
        box.add("b", Users, int)
        reg("c", make(Users, ";".join))
        reg("d", make(Users, partial(mul, 3)))
        def asked(): return [one("12") for one in [*box.h.values(), *table.values()]]
        === ask
        m.asked()
    """,
    "closures of a router know it, and it counts": """
        --- m
        class Router:
            def __init__(self): self.h = {}; self.hits = 0
            def route(self, path, *, wrap=None):
                def entered(f):
                    def run(*a):
                        self.hits += 1
                        return path, wrap(f(*a)) if wrap else f(*a)
                    self.h[path] = run
                    return run
                return entered
        r = Router()
        @r.route("/a")
        def a(): return 1
        @r.route("/b", wrap=str)
        def b(): return 2
        +++ m
        class Router:
            def __init__(self): self.h = {}; self.hits = 0
            def route(self, path, *, wrap=None):
                def entered(f):
                    def run(*a):
                        self.hits += 1
                        return path, wrap(f(*a)) if wrap else f(*a)
                    self.h[path] = run
                    return run
                return entered
        r = Router()
        @r.route("/a")
        def a(): return 1
        @r.route("/c")
        def c(): return 3
        @r.route("/b", wrap=float)
        def b(): return 2
        === use
        m.a()
        === ask
        list(m.r.h) => ['/a', '/c', '/b']
        m.r.h["/b"](), m.b() => (('/b', 2.0), ('/b', 2.0))
        m.r.hits => 3
    """,
    "a register holds a closure over an object that nobody names": """
        --- core
        REGISTER = {}
        def enter(name, function): REGISTER[name] = function
        class Format:
            def __init__(self, text): self.text = text
        def made(how):
            def run(value): return how.text + value
            return run
        --- m
        from .core import Format, enter, made
        def later(): return Format("a")
        enter("x", made(Format("a")))
        enter("y", made(later()))
        +++ m
        from .core import Format, enter, made
        def later(): return Format("b")
        enter("x", made(Format("b")))
        enter("y", made(later()))
        === ask
        core.REGISTER["x"]("-"), core.REGISTER["y"]("-")
    """,
    "closures know the router of an app, which is made again": """
        --- m
        class Router:
            def __init__(self): self.count, self.table = 0, {}
            def route(self, name):
                def enter(function):
                    def run(): self.count += 1; return function()
                    self.table[name] = run
                    return function
                return enter
        class App:
            def __init__(self): self.router = Router()
        app = App()
        @app.router.route("a")
        def a(): return 1
        +++ m
        class Router:
            def __init__(self): self.count, self.table = 0, {}
            def route(self, name):
                def enter(function):
                    def run(): self.count += 1; return function()
                    self.table[name] = run
                    return function
                return enter
        class App:
            def __init__(self): self.router = Router()
        app = App()
        @app.router.route("a")
        def a(): return 1
        @app.router.route("b")
        def b(): return 2
        === hold
        held = m.app.router
        === ask
        held is m.app.router, sorted(held.table), held.table["b"](), held.table["a"](), held.count
    """,
}
