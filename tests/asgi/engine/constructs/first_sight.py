"""What commits of libraries did that nobody had looked at. None may be refused."""

CASES = {
    "a dataclass's slots, written out before, are made by the decorator": """
        --- m
        from dataclasses import dataclass
        @dataclass
        class D:
            __slots__ = ("name", "at")
            name: str
            at: int
            def shown(self): return self.name
        +++ m
        from dataclasses import dataclass
        @dataclass(slots=True)
        class D:
            name: str
            at: int
            def shown(self): return f"{self.name}@{self.at}"
        === hold
        held = m.D("x", 4)
        === ask
        held.shown()
        held == m.D("x", 4)
        m.D.__slots__
    """,
    "the function that dispatches gets a docstring and another body, and what is entered with it stays": """
        --- a
        class A: pass
        class B: pass
        --- m
        from functools import singledispatch
        from .a import A, B
        @singledispatch
        def wrap(x):
            raise TypeError(f"no {x}")
        @wrap.register(A)
        def _(x): return "int"
        @wrap.register(B)
        @wrap.register(str)
        def _(x): return "str"
        +++ a
        class A: pass
        class B: pass
        +++ m
        from functools import singledispatch
        from .a import A, B
        @singledispatch
        def wrap(x):
            '''Doc.'''

            msg = f"no {x}"
            raise TypeError(msg)
        @wrap.register(A)
        def _(x): return "int"
        @wrap.register(B)
        @wrap.register(str)
        def _(x): return "str"
        === hold
        held = m._
        === ask
        held is m._
        m.wrap(1), m.wrap("a")
        m.wrap(2.)
    """,
    "it dispatches, and several of one name are entered with it by two decorators": """
        --- m
        from functools import singledispatch
        class A: pass
        class B(A): pass
        @singledispatch
        def wrap(x):
            raise TypeError(f"no {x}")
        @wrap.register(A)
        def _(x): return "int"
        @wrap.register(B)
        @wrap.register(str)
        def _(x): return "str"
        @wrap.register(bytes)
        def _(x): return "bytes"
        +++ m
        from functools import singledispatch
        class A: pass
        class B(A): pass
        @singledispatch
        def wrap(x):
            msg = f"no {x}"
            raise TypeError(msg)
        @wrap.register(A)
        def _(x): return "int"
        @wrap.register(B)
        @wrap.register(str)
        def _(x): return "str"
        @wrap.register(bytes)
        def _(x): return "bytes"
        === ask
        m.wrap(m.A()), m.wrap("a"), m.wrap(b"")
        m.wrap(2.)
        m.wrap.registry[bytes] is m._
    """,
    "a method goes that another class's in another module equals, text and line": """
        --- base
        class Repo: pass
        --- m
        from .base import Repo
        class Approve:
            def __init__(self) -> None:
                self.repo = Repo()
            def __call__(self, number): return number
        --- n
        from .base import Repo
        class Get:
            def __init__(self) -> None:
                self.repo = Repo()
            def __call__(self, number): return number + 1
        +++ base
        class Repo: pass
        class Base:
            def __init__(self, number, by) -> None:
                self.repo, self.number, self.by = Repo(), number, by
        +++ m
        from .base import Base
        class Approve(Base):
            def __call__(self): return self.number
        +++ n
        from .base import Repo
        class Get:
            def __init__(self) -> None:
                self.repo = Repo()
            def __call__(self, number): return number + 1
        === hold
        held = n.Get()
        === ask
        held(1)
        m.Approve(3, 4)()
    """,
    "a static method becomes one of an instance, with other defaults": """
        --- m
        class Env:
            def __init__(self, a=1): self.a = a
            @staticmethod
            def read(path=None, *, recurse=True, verbose=False): return path, recurse, verbose
        env = Env()
        +++ m
        class Env:
            def __init__(self, a=1): self.a = a
            def read(self, path=None, *, recurse=True): return self.a, path, recurse
        env = Env()
        === hold
        held = m.Env()
        === ask
        held.read(), m.env.read()
    """,
    "methods of an instance become static and one of the class": """
        --- m
        class Env:
            def __init__(self, a=1): self.a = a
            def read(self, path=None, *, recurse=True): return self.a, path, recurse
            def other(self, b=1): return b
        env = Env()
        +++ m
        class Env:
            def __init__(self, a=1): self.a = a
            @staticmethod
            def read(path=None, *, recurse=True, verbose=False): return path, recurse, verbose
            @classmethod
            def other(cls, b=2): return cls, b
        env = Env()
        === hold
        held = m.Env()
        === ask
        held.read(), m.env.read()
        held.other()[1]
    """,
    "commands have other docstrings, and those are their help": """
        --- m
        import click
        @click.group()
        def cli(): pass
        @cli.command(name="set")
        @click.pass_context
        @click.argument("key")
        def set_value(ctx, key):
            '''Set.'''
            print(key)
        @cli.command()
        def plain():
            '''Plain.'''
        +++ m
        import click
        @click.group()
        def cli(): pass
        @cli.command(name="set")
        @click.pass_context
        @click.argument("key")
        def set_value(ctx, key):
            '''
            Set it.
            '''
            print(key, 1)
        @cli.command()
        def plain():
            '''Plain one.'''
        === ask
        m.cli.commands["set"].help, m.set_value.help
        m.plain.help, m.cli.commands["plain"].help
        m.cli.commands["set"] is m.set_value
    """,
    "accessors of a property call one another, however deep": """
        --- m
        def getter(key):
            def fget(r): return r.data.get(key)
            def fset(r, value):
                fdel(r)
                r.data[key] = value
            def fdel(r): r.data.pop(key, None)
            return property(fget, fset, fdel, key)
        def converted(prop, to, name=None):
            name = name or "``%s``" % (to.__name__,)
            doc = f"It is {name}."
            hget, hset = prop.fget, prop.fset
            def fget(r): return to(hget(r))
            def fset(r, value): hset(r, str(value))
            return property(fget, fset, prop.fdel, doc)
        class Response:
            age = converted(getter("age"), int)
            name = getter("name")
            def __init__(self): self.data = {}
            def show(self): return "<%s>" % self.name

        +++ m
        def getter(key):
            def fget(r): return r.data.get(key)
            def fset(r, value):
                fdel(r)
                r.data[key] = value
            def fdel(r): r.data.pop(key, None)
            return property(fget, fset, fdel, key)
        def converted(prop, to, name=None):
            name = name or "``{}``".format(to.__name__)
            doc = f"It is {name}."
            hget, hset = prop.fget, prop.fset
            def fget(r): return to(hget(r))
            def fset(r, value): hset(r, str(value))
            return property(fget, fset, prop.fdel, doc)
        class Response:
            age = converted(getter("age"), int)
            name = getter("name")
            def __init__(self): self.data = {}
            def show(self): return f"<{self.name}>"
        === hold
        held = m.Response()
        held.age = 3
        === ask
        (held.age, held.name)
        m.Response.name.fset.__closure__[0].cell_contents is m.Response.name.fdel
        m.Response.age.fset.__closure__[0].cell_contents.__closure__[0].cell_contents is m.Response.age.fdel
    """,
    "two properties share accessors": """
        --- m
        def getter(key):
            def fget(r): return r.data.get(key)
            def fset(r, value):
                fdel(r)
                r.data[key] = value
            def fdel(r): r.data.pop(key, None)
            return property(fget, fset, fdel, key)
        def converted(prop, to, name=None):
            name = name or "``%s``" % (to.__name__,)
            doc = f"It is {name}."
            hget, hset = prop.fget, prop.fset
            def fget(r): return to(hget(r))
            def fset(r, value): hset(r, str(value))
            return property(fget, fset, prop.fdel, doc)
        class Response:
            _age = getter("age")
            age = converted(_age, int)
            name = getter("name")
            def __init__(self): self.data = {}
            def show(self): return "<%s>" % self.name

        +++ m
        def getter(key):
            def fget(r): return r.data.get(key)
            def fset(r, value):
                fdel(r)
                r.data[key] = value
            def fdel(r): r.data.pop(key, None)
            return property(fget, fset, fdel, key)
        def converted(prop, to, name=None):
            name = name or "``{}``".format(to.__name__)
            doc = f"It is {name}."
            hget, hset = prop.fget, prop.fset
            def fget(r): return to(hget(r))
            def fset(r, value): hset(r, str(value))
            return property(fget, fset, prop.fdel, doc)
        class Response:
            _age = getter("age")
            age = converted(_age, int)
            name = getter("name")
            def __init__(self): self.data = {}
            def show(self): return f"<{self.name}>"
        === hold
        held = m.Response()
        held.age = 3
        === ask
        (held.age, held.name)
        m.Response.name.fset.__closure__[0].cell_contents is m.Response.name.fdel
        m.Response.age.fset.__closure__[0].cell_contents.__closure__[0].cell_contents is m.Response.age.fdel
        (lambda c: c.age.fget.__closure__[0].cell_contents is c._age.fget)(m.Response)
        m.Response.age.fdel is m.Response._age.fdel
    """,
    "what is run for each new class raises for one that it knows, and methods come and change": """
        --- m
        from abc import ABC
        from typing import ClassVar
        class Pattern(ABC):
            key: ClassVar[str] = ""
            __registry: ClassVar[dict] = {}
            def __init_subclass__(cls):
                if not cls.key or ABC in cls.__bases__: return
                if cls.key in cls.__registry:
                    raise TypeError(f"{cls.key!r} is already defined")
                cls.__registry[cls.key] = cls
            @classmethod
            def known(cls): return cls.__registry
        class Mixin:
            def values(self): return [str(v) for v in self.value]
        class Files(Mixin, Pattern):
            key = "files"
            def __init__(self, value): self.value = value
            def clean(self): return 1
        class Other(Mixin, Pattern):
            key = "other"
        +++ m
        from abc import ABC
        from typing import ClassVar
        class Pattern(ABC):
            key: ClassVar[str] = ""
            __registry: ClassVar[dict] = {}
            def __init_subclass__(cls):
                if not cls.key or ABC in cls.__bases__: return
                if cls.key in cls.__registry:
                    raise TypeError(f"{cls.key!r} is already defined")
                cls.__registry[cls.key] = cls
            @classmethod
            def known(cls): return cls.__registry
        class Mixin:
            def values(self): return [self._value(v) for v in self.value]
            def _value(self, v, parse=False): return str(v)
        class Files(Mixin, Pattern):
            key = "files"
            def __init__(self, value): self.value = value
            def _value(self, v, parse=True): return super()._value(v) + "!"
            def clean(self, more=1): return more
        class Other(Mixin, Pattern):
            key = "other"
        === hold
        held = m.Files([1])
        === ask
        held.values(), held.clean()
        m.Pattern.known()["files"] is m.Files is type(held)
    """,
    "a package that imports lazily has another name, under TYPE_CHECKING and not": """
        --- imports
        def lazy(namespace, aliases=None):
            aliases = aliases or {}
            known = set(namespace)
            assert not known & set(aliases), "conflict"
            def __getattr__(name):
                if name in aliases: return aliases[name]
                raise AttributeError(name)
            namespace["__getattr__"] = __getattr__
            def __dir__():
                return sorted(set(aliases))
            namespace["__dir__"] = __dir__
        --- m
        from typing import TYPE_CHECKING
        from .imports import lazy
        __all__ = ["one"]
        if TYPE_CHECKING:
            from .other import one
        else:
            lazy(globals(), aliases={"one": ".other"})

        +++ imports
        def lazy(namespace, aliases=None):
            aliases = aliases or {}
            known = set(namespace)
            assert not known & set(aliases), "conflict"
            def __getattr__(name):
                if name in aliases: return aliases[name]
                raise AttributeError(name)
            namespace["__getattr__"] = __getattr__
            def __dir__():
                return sorted(set(aliases))
            namespace["__dir__"] = __dir__
        +++ m
        from typing import TYPE_CHECKING
        from .imports import lazy
        __all__ = ["one", "two"]
        if TYPE_CHECKING:
            from .other import one, two
        else:
            lazy(globals(), aliases={"one": ".other", "two": ".other"})
        === ask
        m.two, m.one
        dir(m)
    """,
    "a call that gets hold of all names is written otherwise": """
        --- imports
        def lazy(namespace, aliases=None):
            aliases = aliases or {}
            known = set(namespace)
            assert not known & set(aliases), "conflict"
            def __getattr__(name):
                if name in aliases: return aliases[name]
                raise AttributeError(name)
            namespace["__getattr__"] = __getattr__
            def __dir__():
                return sorted(set(aliases))
            namespace["__dir__"] = __dir__
        --- m
        from typing import TYPE_CHECKING
        from .imports import lazy
        __all__ = ["one"]
        lazy(globals(), aliases={"one": ".other"})

        +++ imports
        def lazy(namespace, aliases=None):
            aliases = aliases or {}
            known = set(namespace)
            assert not known & set(aliases), "conflict"
            def __getattr__(name):
                if name in aliases: return aliases[name]
                raise AttributeError(name)
            namespace["__getattr__"] = __getattr__
            def __dir__():
                return sorted(set(aliases))
            namespace["__dir__"] = __dir__
        +++ m
        from typing import TYPE_CHECKING
        from .imports import lazy
        __all__ = ["one", "two"]
        lazy(globals(), aliases={"one": ".other", "two": ".other"})
        === ask
        m.two, m.one
        dir(m)
    """,
    "a class adds to the options of its base, which are others": """
        --- a
        class Channel:
            options = ("one", "two")
            def f(self): return self.options
        --- m
        from .a import Channel
        class Sentinel(Channel):
            options = Channel.options + ("master",)
        class Plain(Channel):
            other = 1

        +++ a
        class Channel:
            options = ("one", "zero", "two")
            def f(self): return self.options
        +++ m
        from .a import Channel
        class Sentinel(Channel):
            options = Channel.options + ("master",)
        class Plain(Channel):
            other = 1

        === hold
        held = m.Sentinel()
        === ask
        held.f(), m.Plain().f()
    """,
    "a function comes under a decorator of another module, and copies of a table hold it": """
        --- w
        import functools
        def variant(sync):
            def decorate(f):
                @functools.wraps(sync)
                def wrapper(*args, **kwargs):
                    if args and args[0] == "async": return f(*args, **kwargs)
                    return sync(*args, **kwargs)
                wrapper.is_variant = True
                return wrapper
            return decorate
        --- m
        from .w import variant
        def do_unique(env, value, case=False):
            '''Unique.'''
            return sorted(set(value))
        def other(): return 1
        FILTERS = {"unique": do_unique, "other": other}
        --- d
        from .m import FILTERS as DEFAULT
        class Env:
            def __init__(self): self.filters = DEFAULT.copy()
            def run(self, *a): return self.filters["unique"](*a)
        +++ w
        import functools
        def variant(sync):
            def decorate(f):
                @functools.wraps(sync)
                def wrapper(*args, **kwargs):
                    if args and args[0] == "async": return f(*args, **kwargs)
                    return sync(*args, **kwargs)
                wrapper.is_variant = True
                return wrapper
            return decorate
        +++ m
        from .w import variant
        def sync_do_unique(env, value, case=False):
            '''Unique.'''
            return sorted(set(value))
        @variant(sync_do_unique)
        def do_unique(env, value, case=False):
            return sync_do_unique(env, value, case) + ["async"]
        def other(): return 1
        FILTERS = {"unique": do_unique, "other": other}
        +++ d
        from .m import FILTERS as DEFAULT
        class Env:
            def __init__(self): self.filters = DEFAULT.copy()
            def run(self, *a): return self.filters["unique"](*a)
        === hold
        held = d.Env()
        f = m.do_unique
        === ask
        held.run("async", [1, 1, 2]), held.run("x", [1, 1])
        f is m.do_unique is m.FILTERS["unique"] is held.filters["unique"]
        f("async", [1])
        f.__doc__, f.is_variant, f.__wrapped__ is m.sync_do_unique
    """,
    "a base goes, of a class whose instances the app holds": """
        --- m
        class Base: pass
        class Named:
            def title(self): return "n"
        class Room(Base, Named):
            def f(self): return 1
        class Small(Room): pass
        rooms = []
        def enter(): rooms.extend([Room(), Small()])
        +++ m
        class Base: pass
        class Room(Base):
            def f(self): return 2
        class Small(Room): pass
        rooms = []
        def enter(): rooms.extend([Room(), Small()])
        === use
        m.enter()
        === ask
        [r.f() for r in m.rooms] => [2, 2]
        [hasattr(r, "title") for r in m.rooms] => [False, False]
        [c.__name__ for c in m.Small.__mro__]
    """,
    "a decorator goes and a default comes": """
        --- m
        import functools
        def timed(f):
            @functools.wraps(f)
            def inner(*a, **k): return f(*a, **k)
            return inner
        @timed
        def stamp(): return 1
        --- n
        from .m import stamp
        +++ m
        import functools
        def timed(f):
            @functools.wraps(f)
            def inner(*a, **k): return f(*a, **k)
            return inner
        def stamp(unit="s"): return unit
        === hold
        held, under = m.stamp, getattr(m.stamp, "__wrapped__", m.stamp)
        === ask
        held(), under(), n.stamp()
        held.__defaults__, under.__defaults__
        n.stamp is m.stamp is held
        hasattr(held, "__wrapped__"), hasattr(under, "__wrapped__")
    """,
    "one of two like decorators goes": """
        --- m
        import functools
        def timed(f):
            @functools.wraps(f)
            def inner(*a, **k): return f(*a, **k) + 1
            return inner
        @timed
        @timed
        def stamp(): return 1
        +++ m
        import functools
        def timed(f):
            @functools.wraps(f)
            def inner(*a, **k): return f(*a, **k) + 1
            return inner
        @timed
        def stamp(unit=5): return unit
        === hold
        held = m.stamp
        === ask
        held(), m.stamp(7)
    """,
    "a second decorator of the kind comes": """
        --- m
        import functools
        def timed(f):
            @functools.wraps(f)
            def inner(*a, **k): return f(*a, **k) + 1
            return inner
        @timed
        def stamp(): return 1
        +++ m
        import functools
        def timed(f):
            @functools.wraps(f)
            def inner(*a, **k): return f(*a, **k) + 1
            return inner
        @timed
        @timed
        def stamp(unit=5): return unit
        === hold
        held = m.stamp
        === ask
        held(), m.stamp(7)
    """,
    "a function moves along a circle of imports, which can begin at one end only": """
        --- a
        from . import tools
        def use(): return tools.whisper("x")
        --- more
        from . import tools
        HERE = 1
        --- tools
        from . import more
        STAMP = 1
        def whisper(text): return f"{text} {STAMP}"
        +++ a
        from . import tools
        def use(): return tools.whisper("x")
        +++ more
        from . import tools
        def whisper(text): return f"{text} {tools.STAMP}"
        HERE = 2
        +++ tools
        STAMP = 2
        from .more import whisper
        === hold
        held = a.use
        f = tools.whisper
        === ask
        held()
        f is tools.whisper
        f is more.whisper
        more.whisper("y")
        tools.whisper("y")
    """,
}

OR_REFUSED = {
    "a package that imports lazily has another name, and has submodules by now": """
        --- pkg
        from .imports import lazy
        lazy(globals(), {"value": ".one"})
        --- pkg.imports
        def lazy(namespace, aliases):
            known = set(namespace)
            def __getattr__(name):
                if name in aliases: return aliases[name]
                raise AttributeError(name)
            namespace["__getattr__"] = __getattr__
            def __dir__():
                return sorted(known | set(aliases))
            namespace["__dir__"] = __dir__
        --- pkg.one
        value = 1

        +++ pkg
        from .imports import lazy
        lazy(globals(), {"value": ".one", "other": ".one"})
        +++ pkg.imports
        def lazy(namespace, aliases):
            known = set(namespace)
            def __getattr__(name):
                if name in aliases: return aliases[name]
                raise AttributeError(name)
            namespace["__getattr__"] = __getattr__
            def __dir__():
                return sorted(known | set(aliases))
            namespace["__dir__"] = __dir__
        +++ pkg.one
        value = 1

        === ask
        [n for n in dir(pkg) if not n.startswith("_")]
        pkg.other
    """,
    "a function that notes all names sees those that it saw at import": """
        --- pkg
        from ._lazy import lazy
        from .one import A
        lazy(globals(), {"one": "pkg.one"})
        def later(): return 1
        --- pkg._lazy
        def lazy(space, aliases):
            names = set(space)
            def __dir__(): return sorted(n for n in names | set(aliases) if n != "__builtins__")
            space["__dir__"] = __dir__
        --- pkg.one
        class A: pass
        +++ pkg
        from ._lazy import lazy
        from .one import A, B
        lazy(globals(), {"one": "pkg.one"})
        def later(): return 2
        +++ pkg.one
        class A: pass
        class B: pass
        === ask
        [n for n in dir(pkg) if "flyhot" in n or n in ("__dir__", "A", "B", "later")]
        pkg.later()
    """,
}
