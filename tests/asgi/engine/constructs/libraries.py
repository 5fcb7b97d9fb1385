"""What commits of libraries do. Each of these is right: none may be refused."""

CASES = {
    "context managers are decorators, and what they are made of moves": """
        --- m
        from contextlib import asynccontextmanager, contextmanager
        @contextmanager
        def told(word): yield word
        @asynccontextmanager
        async def waited(): yield 1
        @told("f")
        def f(): return 1
        class C:
            @waited()
            async def g(self): return 2
        +++ m
        from contextlib import asynccontextmanager, contextmanager
        MORE = 1
        @contextmanager
        def told(word): yield word
        @asynccontextmanager
        async def waited(): yield 1
        @told("f")
        def f(): return 1
        class C:
            @waited()
            async def g(self): return 2
        === hold
        import asyncio
        def codes():
            inside = [c.cell_contents for f in (m.f, m.C.g) for c in f.__closure__]
            kept = [one.gen for one in inside if hasattr(one, "gen")]
            found = [getattr(one, "gi_code", None) or one.ag_code for one in kept]
            return [(one.co_consts, one.co_firstlineno) for one in found]
        === ask
        codes()
        m.f(), asyncio.run(m.C().g())
    """,
    "lazy objects raise when they are asked for their class, in modules, classes, containers and closures": """
        --- low
        class Lazy:
            @property
            def __class__(self): raise RuntimeError("settings are not configured")
            def __getattr__(self, name): raise RuntimeError("settings are not configured")
        settings = Lazy()
        --- m
        from dataclasses import dataclass
        from .low import Lazy, settings
        TABLE = {"one": settings, "list": [settings]}
        other = Lazy()
        class K:
            member = settings
            def f(self): return 1
        @dataclass
        class D:
            x: int = 1
        def made(): 
            kept = settings
            def inner(): return kept, 1
            return inner
        inner = made()
        LIMIT = 1
        def uses(value=settings): return LIMIT
        +++ m
        from dataclasses import dataclass
        from .low import Lazy, settings
        TABLE = {"one": settings, "list": [settings], "two": 2}
        other = Lazy()
        class K:
            member = settings
            more = 2
            def f(self): return 2
        @dataclass
        class D:
            x: int = 1
            y: int = 2
        def made():
            kept = settings
            def inner(): return kept, 2
            return inner
        inner = made()
        LIMIT = 2
        def uses(value=settings): return LIMIT, 3
        === ask
        m.K().f(), m.K.more, m.D(), m.inner()[1], m.uses(), len(m.TABLE)
    """,
    "a loop that hands docstrings on is written otherwise, and its functions change": """
        --- m
        class A:
            def run(self):
                "runs"
            def end(self):
                "ends"
        class B:
            def run(self): return 1
            def end(self): return 2
        for name in dir(A):
            if name.startswith("_"):
                continue
            value = getattr(A, name)
            if callable(value):
                other = getattr(B, name, None)
                if other and not getattr(other, "__doc__"):
                    other.__doc__ = value.__doc__
        +++ m
        class A:
            def run(self):
                "runs"
            def end(self):
                "ends"
        class B:
            def run(self): return 3
            def end(self): return 2
        for name in dir(A):
            if name.startswith("_"):
                continue
            value = getattr(A, name)
            if callable(value):
                other = getattr(B, name, None)
                if other and not other.__doc__:
                    other.__doc__ = value.__doc__
        === hold
        held = m.B.run
        === ask
        m.B().run(), m.B.run.__doc__, m.B.end.__doc__, held.__doc__
    """,
    "a table gets a word, and a set of the module has all of its words: it stays in the order of its text": """
        --- m
        KEYS = {"zeta", "alpha", "mid", "more"}
        CONFIG = {"zeta": 1, "alpha": 2}
        class Settings:
            table = {"zeta": 1, "alpha": 2}
        +++ m
        KEYS = {"zeta", "alpha", "mid", "more"}
        CONFIG = {"zeta": 1, "mid": 3, "alpha": 2}
        class Settings:
            table = {"zeta": 1, "mid": 3, "alpha": 2}
        === hold
        held = m.CONFIG
        === ask
        list(m.CONFIG), list(held), list(m.Settings.table)
    """,
    "an enum moves, and is a default of functions, old and new, and part of an alias": """
        --- factory
        from enum import Enum
        from typing import TypeVar
        class Special(Enum): OMITTED = "omitted"
        T = TypeVar("T")
        MayBe = Special | T
        def coalesce(a: MayBe[T], b: T) -> T: return b if a is Special.OMITTED else a
        class Factory:
            def replace(self, scope: MayBe[int] = Special.OMITTED): return coalesce(scope, 1)
        --- alias
        from .factory import Factory
        class Alias: pass
        +++ maybe
        from enum import Enum
        from typing import TypeVar
        class Special(Enum): OMITTED = "omitted"
        T = TypeVar("T")
        MayBe = Special | T
        def coalesce(a: MayBe[T], b: T) -> T: return b if a is Special.OMITTED else a
        +++ factory
        from .maybe import MayBe, Special, coalesce
        class Factory:
            def replace(self, scope: MayBe[int] = Special.OMITTED, more: MayBe[int] = Special.OMITTED):
                return coalesce(scope, 1), coalesce(more, 2)
        +++ alias
        from .factory import Factory
        from .maybe import MayBe, Special, coalesce
        class Alias:
            def replace(self, *, source: MayBe[int] = Special.OMITTED): return coalesce(source, 3)
        === hold
        held = factory.Special.OMITTED
        === ask
        factory.Factory().replace(), alias.Alias().replace(), factory.Factory().replace(held, held)
        held is factory.Special.OMITTED, type(held) is factory.Special, held.__class__.__module__.rpartition(".")[2]
    """,
    "annotations change of what was called at import, or of its namesake: that made the same": """
        --- low
        from typing import Any
        class Box:
            def get(self, key: Any) -> Any: return key
        def marked(number: Any) -> Any: return number
        --- m
        from .low import Box, marked
        NAMES = {}
        class Counted:
            made = 0
            def __init__(self, what):
                self.what = NAMES.get(what, marked(what))
                self.number = Counted.made
                Counted.made += 1
        class First:
            one = Counted(1)
            two = Counted(2)
        LAST = Counted(Box().get(3))
        +++ low
        from typing import Any
        T = Any
        class Box:
            def get(self, key: T | int) -> T | bool: return key
        def marked(number: int) -> "T": return number
        === hold
        first = m.First.one
        === ask
        m.First.one.number, m.First.two.number, m.LAST.number, m.Counted.made
        m.First.one.what, m.LAST.what, first is m.First.one
    """,
    "a submodule takes the place of what its package bound": """
        --- pkg
        from .one import value
        --- pkg.one
        value = 1
        +++ pkg
        from .names import one
        from .one import value
        +++ pkg.names
        one = "a name"
        === hold
        held = pkg.one
        === ask
        pkg.one.value
        held.value
    """,
    "a package's name takes the place of its submodule": """
        --- pkg
        from .one import value
        --- pkg.one
        value = 1
        +++ pkg
        from .one import value
        from .names import one
        +++ pkg.names
        one = "a name"
        === ask
        pkg.one
    """,
    "a loop over all names tells new exports where they are": """
        --- pkg
        from .one import A
        for value in list(locals().values()):
            if getattr(value, "__module__", "").startswith(__name__ + "."):
                value.__module__ = __name__
        del value
        --- pkg.one
        class A: pass
        +++ pkg
        from .one import A, B
        for value in list(locals().values()):
            if getattr(value, "__module__", "").startswith(__name__ + "."):
                value.__module__ = __name__
        del value
        +++ pkg.one
        class A: pass
        class B:
            def f(self): return 1
        === hold
        held = pkg.A()
        === ask
        pkg.A.__module__.count(".")
        pkg.B.__module__.count(".")
        held.__class__ is pkg.A
        hasattr(pkg, "value")
    """,
    "a loop over a module's names, which it has by a name, says something else": """
        --- pkg
        from .one import A
        __all__ = ["A", "__version__"]
        __version__ = "1"
        __names = locals()
        for __name in __all__:
            if not __name.startswith("__"):
                setattr(__names[__name], "__module__", "pkg")
                __names[__name.lower()] = 1
        --- pkg.one
        class A: pass
        +++ pkg
        from .one import A, B
        __all__ = ["A", "B", "C", "__version__"]
        __version__ = "2"
        __names = locals()
        for __name in __all__:
            if not __name.startswith(("__", "C")):
                setattr(__names[__name], "__module__", "pkg")
                __names[__name.lower() + "_"] = 1
        +++ pkg.one
        class A: pass
        class B: pass
        === use
        "the order of a module's names is of no account, but is compared as a dict's: so not compared whole"
        === ask
        pkg.__version__
        pkg.A.__module__
        pkg.B.__module__
        sorted(n for n in vars(pkg) if n[0] != "_")
        vars(pkg)["__names"] is vars(pkg)
    """,
    "a method reads a field that every dataclass instance was given": """
        --- m
        from dataclasses import dataclass
        @dataclass
        class A:
            x: str
            y: list
            def f(self): return self.y
        +++ m
        from dataclasses import dataclass
        @dataclass
        class A:
            x: str
            y: list
            def f(self): return self.y
            def g(self): return self.x
        === hold
        never_initialised = object.__new__(m.A)
        held = m.A(1, 2)
        === ask
        held.g()
    """,
    "a base reads what its heirs have where it has asked for them": """
        --- m
        class Base:
            def both(self, other): return All(self, other)
        class All(Base):
            def __init__(self, *parts): self.parts = parts
        ONE = Base()
        +++ m
        class Base:
            def both(self, other):
                if isinstance(self, All): return All(*self.parts, other)
                return All(self, other)
            def size(self): return isinstance(self, All) and len(self.parts)
        class All(Base):
            def __init__(self, *parts): self.parts = parts
        ONE = Base()
        === hold
        two = m.ONE.both(m.ONE)
        === ask
        len(m.ONE.both(1).both(2).parts)
        two.size()
        m.ONE.size()
    """,
    "a cache is asked of a class while it is made": """
        --- m
        from functools import lru_cache
        @lru_cache
        def names(cls): return tuple(cls.__annotations__)
        class Base:
            def __init_subclass__(cls): cls.names = names(cls)
        class A(Base):
            x: int
        +++ m
        from functools import lru_cache
        @lru_cache
        def names(cls): return tuple(cls.__annotations__)
        class Base:
            def __init_subclass__(cls): cls.names = names(cls)
        class A(Base):
            x: int
            y: int
        === hold
        K = m.A
        === ask
        m.A.names
        m.names(K)
        K is m.A
    """,
    "a cache of methods is asked of a class while it is made": """
        --- m
        from functools import lru_cache
        class Builder:
            def __init__(self, cls): self.cls = cls
            @lru_cache()
            def names(self): return tuple(self.cls.__annotations__)
        class Base:
            def __init_subclass__(cls): cls.names = Builder(cls).names()
        class A(Base):
            x: int
        +++ m
        from functools import lru_cache
        class Builder:
            def __init__(self, cls): self.cls = cls
            @lru_cache()
            def names(self): return tuple(self.cls.__annotations__)
        class Base:
            def __init_subclass__(cls): cls.names = Builder(cls).names()
        class A(Base):
            x: int
            y: int
        === hold
        K = m.A
        === ask
        m.A.names
        K is m.A
    """,
    "an instance that was never initialised has nothing of another kind": """
        --- m
        class A:
            def __init__(self): self.left = 0
            def f(self): self.left = 2; return self.left
        +++ m
        class A:
            def __init__(self): self.left = b""
            def f(self): self.left = b"ab"; return self.left
        === hold
        never_initialised = object.__new__(m.A)
        === ask
        m.A().f()
    """,
    "an enum gets a decorator while its members are held": """
        --- m
        import enum
        class S(enum.IntEnum):
            A = 0
            B = 1
        KEPT = [S.A]
        +++ m
        import enum
        @enum.global_enum
        class S(enum.IntEnum):
            A = 0
            B = 1
        def now(): return A
        KEPT = [S.A]
        === hold
        a = m.S.A
        === ask
        m.A is m.S.A
        m.now() is a
        m.KEPT[0] is a
        str(a)
        repr(a).rpartition(".")[2]
    """,
    "a class's state is annotated otherwise": """
        --- m
        import weakref
        from typing import ClassVar
        class A:
            live: "weakref.WeakKeyDictionary[object, int]" = weakref.WeakKeyDictionary()
            rooms: dict = {}
            def f(self): return 1
        +++ m
        import weakref
        from typing import ClassVar
        class A:
            live: "weakref.WeakKeyDictionary[object, str]" = weakref.WeakKeyDictionary()
            rooms: ClassVar[dict] = {}
            def f(self): return 2
        === hold
        held = m.A.live
        rooms = m.A.rooms
        a = m.A()
        m.A.live[a] = 1
        m.A.rooms["x"] = 1
        === use
        "what is in them stays"
        === ask
        m.A.live is held
        len(held) => 1
        rooms is m.A.rooms
        m.A.rooms => {'x': 1}
        m.A.__annotations__["live"]
        m.A.__annotations__["rooms"]
        a.f()
    """,
    "a class that is made anew has state that is annotated otherwise": """
        --- m
        import weakref
        class B: pass
        class A:
            live: "weakref.WeakKeyDictionary[object, int]" = weakref.WeakKeyDictionary()
            size: int = 1
            def f(self): return 1
        +++ m
        import weakref
        class B: pass
        class A(B):
            live: "weakref.WeakKeyDictionary[object, str]" = weakref.WeakKeyDictionary()
            size: float = 1
            def f(self): return 2
        === hold
        held = m.A.live
        a = m.A()
        m.A.live[a] = 1
        === use
        "what is in them stays"
        === ask
        m.A.live is held
        len(held) => 1
        m.A.__annotations__["live"]
        m.A.__annotations__["size"]
        a.f()
        isinstance(a, m.B)
    """,
    "the annotation of a class's state means something else": """
        --- m
        Key = int
        class A:
            rooms: dict[Key, int] = {}
            def f(self): return 1
        +++ m
        Key = str
        class A:
            rooms: dict[Key, int] = {}
            def f(self): return 2
        === hold
        rooms = m.A.rooms
        a = m.A()
        m.A.rooms["x"] = 1
        === use
        "what is in them stays"
        === ask
        rooms is m.A.rooms
        m.A.rooms => {'x': 1}
        m.A.__annotations__["rooms"]
        a.f()
    """,
    "a value and its annotation read what is bound anew": """
        --- m
        Key = int
        class A:
            one: Key = Key("1")
        +++ m
        Key = str
        class A:
            one: Key = Key("1")
        === ask
        m.A.one
        m.A.__annotations__["one"]
    """,
    "objects deep inside of what is made again": """
        --- m
        from dataclasses import dataclass
        import sys
        @dataclass
        class Format:
            colour: str = "t"
        @dataclass
        class Column:
            key: str
            format: object
        if sys is None:
            fancy = print
        else:
            fancy = Format()
        if sys is not None:
            default = fancy
        else:
            default = print
        class Console:
            def __init__(self, format=default):
                self.format = format
                self.configure()
            def configure(self):
                self.columns = [Column("a", Format("a"))]
        BUILTIN = [len, Console()]
        +++ m
        from dataclasses import dataclass
        import sys
        @dataclass
        class Format:
            colour: "str | None" = "t"
        @dataclass
        class Column:
            key: str
            format: object
        if sys is None:
            fancy = print
            plain = fancy
        else:
            fancy = Format()
            plain = Format(None)
        if sys is not None:
            default = fancy
            default_plain = plain
        else:
            default = default_plain = print
        class Console:
            def __init__(self, format=default):
                self.format = format
                if self.format is default:
                    self.format = default_plain
                self.configure()
            def configure(self):
                self.columns = [Column("a", Format("a"))]
        BUILTIN = [len, Console()]
        === hold
        held, format = m.BUILTIN[1], m.fancy
        === ask
        m.default is m.fancy is format
        held.format is m.plain
        held is m.BUILTIN[1]
        held.columns
        m.Console().format
    """,
    "a sentinel that functions and classes took from the module": """
        --- m
        from typing import Callable, Union
        MISSING = object()
        Sent = Union[int, str]
        Send = Callable[[Sent], None]
        Application = Callable[[Send, Send], None]
        class Status:
            early = MISSING
            def started(self):
                return self.early is not MISSING
        def get(value=MISSING):
            return value is MISSING
        def send(one: Send, other: Application) -> None: pass
        +++ m
        from typing import Callable, Union
        class Sentinel: pass
        MISSING = Sentinel()
        Sent = Union[int, str, bytes]
        Send = Callable[[Sent], None]
        Application = Callable[[Send, Send], None]
        class Status:
            early = MISSING
            def started(self):
                return self.early is not MISSING
        def get(value=MISSING):
            return value is MISSING
        def send(one: Send, other: Application) -> None: pass
        === hold
        status, get, send = m.Status(), m.get, m.send
        === ask
        status.started()
        get()
        get(m.MISSING)
        send.__annotations__
        m.Application
    """,
    "a class becomes a function": """
        --- m
        class serve:
            "Old."
            def __init__(self, port=1): self.port = port
            def __await__(self): return self.__impl__().__await__()
            async def __impl__(self): return self.port
            @property
            def url(self): return f"http://{self.port}"
            @staticmethod
            def made(): return 1
        def start(port): return serve(port)
        +++ m
        def serve(port=1):
            "New."
            return [port]
        def start(port): return serve(port)
        === hold
        start = m.start
        === ask
        start(3)
        m.serve.__doc__
    """,
    "a function becomes a class": """
        --- m
        def serve(port=1):
            def inner(): return port
            return inner
        def start(port): return serve(port)
        +++ m
        class serve:
            def __init__(self, port=1): self.port = port
            def __repr__(self): return f"serve {self.port}"
        def start(port): return serve(port)
        === hold
        start = m.start
        === ask
        start(3)
    """,
    "a dataclass gains a field and nobody made an instance": """
        --- m
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class Route:
            path: str
            name: str = ""
        +++ m
        from dataclasses import dataclass
        @dataclass(frozen=True)
        class Route:
            path: str
            limits: dict
            name: str = ""
        === hold
        bare = object.__new__(m.Route)
        === ask
        m.Route("/", {})
        type(bare) is m.Route
    """,
    "a table of objects that are made with a pattern": """
        --- m
        import re
        PATTERN = re.compile("(a)(b)?")
        class Style:
            __slots__ = ("name",)
            def __init__(self, text):
                self.name = PATTERN.match(text).groups()
            @classmethod
            def null(cls): return NULL
            @classmethod
            def parse(cls, text): return cls.null() if text == "none" else cls(text)
        NULL = Style("a")
        STYLES = {"x": Style("a")}
        class Theme:
            def __init__(self, styles):
                self.styles = STYLES.copy()
                self.styles.update({k: v if isinstance(v, Style) else Style.parse(v) for k, v in styles.items()})
        DEFAULT = Theme(STYLES)
        +++ m
        import re
        PATTERN = re.compile("(a)(b)?")
        class Style:
            __slots__ = ("name",)
            def __init__(self, text):
                self.name = PATTERN.match(text).groups()
            @classmethod
            def null(cls): return NULL
            @classmethod
            def parse(cls, text): return cls.null() if text == "none" else cls(text)
        NULL = Style("a")
        STYLES = {"x": Style("ab"), "y": Style("a")}
        class Theme:
            def __init__(self, styles):
                self.styles = STYLES.copy()
                self.styles.update({k: v if isinstance(v, Style) else Style.parse(v) for k, v in styles.items()})
        DEFAULT = Theme(STYLES)
        === hold
        theme, null = m.DEFAULT, m.NULL
        === ask
        theme is m.DEFAULT
        sorted(theme.styles)
        theme.styles["x"].name
        m.Style.parse("none") is null
    """,
    "names that the module deleted are needed again": """
        --- m
        from functools import partial
        def _make(x): return [x]
        _SIZE = 3
        X = _make(_SIZE)
        ADD = partial(int, "1")
        del _make, _SIZE, partial
        +++ m
        from functools import partial
        def _make(x): return [x]
        _SIZE = 3
        X = _make(_SIZE + 1)
        ADD = partial(int, "2")
        del _make, _SIZE, partial
        === hold
        x, add = m.X, m.ADD
        === ask
        x
        add()
        sorted(n for n in vars(m) if not n.startswith("__"))
    """,
    "what tells the module that calls it where its names are": """
        --- pkg
        from typing import TYPE_CHECKING
        from ._own import own_names
        if TYPE_CHECKING or True:
            from .one import A as A
            own_names()
        --- pkg._own
        import sys
        def own_names():
            space = sys._getframe(1).f_globals
            name = space["__name__"]
            del space[own_names.__name__]
            def __getattr__(attribute): raise AttributeError(f"{name} lacks {attribute}")
            sys.modules[name].__dict__["__getattr__"] = __getattr__
            for value in space.values():
                if getattr(value, "__module__", "").startswith(name + "."):
                    value.__module__ = name
        --- pkg.one
        class A: pass
        +++ pkg
        from typing import TYPE_CHECKING
        from ._own import own_names
        if TYPE_CHECKING or True:
            from .one import A as A
            from .one import B as B
            own_names()
        +++ pkg.one
        class A: pass
        class B: pass
        === hold
        a = pkg.A()
        === ask
        pkg.A.__module__.count(".")
        pkg.B.__module__.count(".")
        hasattr(pkg, "own_names")
        type(a) is pkg.A
        hasattr(pkg, "C")
    """,
    "a descriptor of its own gives way to the standard one": """
        --- m
        class lazy:
            def __init__(self, function): self.function = function
            def __get__(self, one, owner): return self if one is None else self.function(one)
        class Signal:
            @lazy
            def connected(self): return [1]
            @lazy
            def gone(self): return [2]
        def use(signal): return signal.connected
        +++ m
        from functools import cached_property
        class Signal:
            @cached_property
            def connected(self): return [1, 2]
        def use(signal): return signal.connected
        === hold
        signal, use = m.Signal(), m.use
        === ask
        use(signal)
        use(signal) is use(signal)
        hasattr(m, "lazy")
        hasattr(signal, "gone")
    """,
    "annotations made of a nested class that is made anew": """
        --- m
        import typing as t
        class Gen:
            class _Info(t.NamedTuple):
                const: t.Optional[t.Callable[..., str]]
                src: t.Optional[str]
            _one: t.Optional[_Info] = None
            _two: t.Optional[_Info] = None
            def make(self) -> _Info: return self._Info(None, "a")
            def use(self, x: str, info: _Info) -> None: pass
        +++ m
        import typing as t
        class Gen:
            class _Info(t.NamedTuple):
                const: t.Callable[..., str] | None
                src: str | None
            _one: _Info | None = None
            _two: t.Optional[_Info] = None
            def make(self) -> _Info: return self._Info(None, "a")
            def use(self, x: str, info: _Info) -> None: pass
        === hold
        gen = m.Gen()
        === ask
        gen.make()
        gen.use.__annotations__
        m.Gen.__annotations__
    """,
    "a symbol of a class that gives way to another": """
        --- m
        class _symbol:
            def __init__(self, name): self.name = name
            def __repr__(self): return self.name
        class symbol:
            symbols = {}
            def __new__(cls, name): return cls.symbols.setdefault(name, _symbol(name))
        ANY = symbol("ANY")
        ANY.__doc__ = "Any sender."
        class Signal:
            ANY = ANY
            def connect(self, sender=ANY): return sender is ANY
        +++ m
        class Symbol:
            symbols = {}
            def __new__(cls, name): return cls.symbols.setdefault(name, super().__new__(cls))
            def __init__(self, name): self.name = name
            def __repr__(self): return f"<{self.name}>"
        ANY = Symbol("ANY")
        class Signal:
            ANY = ANY
            def connect(self, sender=ANY): return sender is ANY
        === hold
        signal = m.Signal()
        === ask
        signal.connect()
        signal.ANY
        signal.connect(m.ANY)
    """,
    "a function that notes all names of the module that calls it": """
        --- pkg
        from ._lazy import lazy
        from .version import version as __version__
        lazy(globals(), {"one": "pkg.one"})
        --- pkg._lazy
        def lazy(space, aliases):
            names = set(space)
            def __dir__(): return sorted(n for n in names | set(aliases) if n != "__builtins__")
            space["__dir__"] = __dir__
        --- pkg.version
        version = "1"
        +++ pkg
        from ._lazy import lazy
        from .version import version as __version__
        lazy(globals(), {"one": "pkg.one"})
        +++ pkg.version
        version = "2"
        === hold
        import os
        === ask
        pkg.__version__
        [n for n in dir(pkg) if "flyhot" in n or n == "__dir__"]
    """,
    "others set an attribute of what nobody initialised": """
        --- m
        class Request:
            def __init__(self, url): self.url = url
        def send(request: Request): return request.url
        +++ m
        class Request:
            def __init__(self, url): self.url = url
        def mark(request: Request): request.extensions = {}
        def send(request: Request): return request.url, request.extensions
        === hold
        bare, send = object.__new__(m.Request), m.send
        === ask
        hasattr(bare, "url")
    """,
    "the docstring of a function under decorators": """
        --- m
        import contextlib, functools
        def noted(function):
            @functools.wraps(function)
            def inner(*args): return function(*args)
            return inner
        @contextlib.contextmanager
        def opened(x):
            "Old."
            yield 1
        @noted
        @functools.lru_cache
        def known(x):
            "Old."
            return 1
        @noted
        def renamed(x):
            "Old."
            return 1
        renamed.__doc__ = "Said otherwise."
        +++ m
        import contextlib, functools
        def noted(function):
            @functools.wraps(function)
            def inner(*args): return function(*args)
            return inner
        @contextlib.contextmanager
        def opened(x):
            "New."
            yield 2
        @noted
        @functools.lru_cache
        def known(x):
            "New."
            return 2
        @noted
        def renamed(x):
            "New."
            return 1
        renamed.__doc__ = "Said otherwise."
        === hold
        opened, known = m.opened, m.known
        === ask
        opened.__doc__
        opened.__wrapped__.__doc__
        known.__doc__
        known.__wrapped__.__doc__
        known(1)
        m.renamed.__doc__
        m.renamed.__wrapped__.__doc__
    """,
    "overloads are told by another name of the decorator": """
        --- m
        import typing
        @typing.overload
        def f(x: int) -> int: ...
        @typing.overload
        def f(x: typing.Any) -> typing.Any: ...
        def f(x: typing.Any) -> typing.Any: return x
        +++ m
        import typing
        from typing import Any, overload
        @overload
        def f(x: int) -> int: ...
        @overload
        def f(x: Any) -> Any: ...
        def f(x: Any) -> Any: return (x,)
        === hold
        held = [m.f]
        import typing
        === ask
        held[0](1)
        held[0] is m.f
        [s.__annotations__ for s in typing.get_overloads(m.f)]
    """,
    "a base of a base is generic no more": """
        --- m
        import typing
        K = typing.TypeVar("K")
        V = typing.TypeVar("V")
        class Base(typing.Mapping[K, V]):
            def __getitem__(self, key): return key
            def __iter__(self): return iter(())
            def __len__(self): return 0
        class Derived(Base[str, str]):
            def f(self): return 1
        +++ m
        from collections.abc import Mapping
        from typing import TypeVar
        K = TypeVar("K")
        V = TypeVar("V")
        class Base(Mapping[K, V]):
            def __getitem__(self, key): return key
            def __iter__(self): return iter(())
            def __len__(self): return 0
        class Derived(Base[str, str]):
            def f(self): return 1
        === hold
        held = m.Derived()
        === ask
        [c.__name__ for c in type(held).__mro__]
        "__parameters__" in vars(m.Derived)
        "__parameters__" in vars(m.Base)
        m.Derived.__orig_bases__
        held.f()
    """,
    "what a base's base means is generic no more": """
        --- m
        from typing import Mapping, TypeVar
        K = TypeVar("K")
        class Base(Mapping[K, K]):
            def __getitem__(self, key): return key
            def __iter__(self): return iter(())
            def __len__(self): return 0
        class Derived(Base[str]):
            def f(self): return 1
        +++ m
        from collections.abc import Mapping
        from typing import TypeVar
        K = TypeVar("K")
        class Base(Mapping[K, K]):
            def __getitem__(self, key): return key
            def __iter__(self): return iter(())
            def __len__(self): return 0
        class Derived(Base[str]):
            def f(self): return 1
        === hold
        held = m.Derived()
        === ask
        [c.__name__ for c in type(held).__mro__]
        "__parameters__" in vars(m.Derived)
        m.Derived.__orig_bases__
        held.f()
    """,
    "what a base means becomes generic": """
        --- m
        class Plain: pass
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class Typed(Generic[T]): pass
        Some = Plain
        class Base(Some):
            def f(self): return 1
        class Derived(Base):
            def g(self): return 1
        +++ m
        class Plain: pass
        from typing import Generic, TypeVar
        T = TypeVar("T")
        class Typed(Generic[T]): pass
        Some = Typed
        class Base(Some):
            def f(self): return 1
        class Derived(Base):
            def g(self): return 1
        === hold
        held = m.Derived()
        === ask
        [c.__name__ for c in type(held).__mro__]
        "__parameters__" in vars(m.Derived)
        "__parameters__" in vars(m.Base)
        held.g()
    """,
    "special names of a class with plain values": """
        --- m
        class C:
            __tablename__ = "a"
            __match_args__ = ("x",)
        class D(C): pass
        +++ m
        class C:
            __tablename__ = "b"
            __match_args__ = ("x", "y")
        class D(C):
            __order__ = 1
        === hold
        held = m.D()
        === ask
        held.__tablename__
        m.D.__match_args__
        m.D.__order__
    """,
    "a register of classes that derive from a generic base": """
        --- m
        from typing import Generic, TypeVar
        T = TypeVar("T")
        REG = {}
        class Base(Generic[T]):
            def __init_subclass__(cls, **kw):
                super().__init_subclass__(**kw)
                REG[cls.__name__] = cls
        class A(Base[int]): pass
        +++ m
        from typing import Generic, TypeVar
        T = TypeVar("T")
        REG = {}
        class Base(Generic[T]):
            def __init_subclass__(cls, **kw):
                super().__init_subclass__(**kw)
                REG[cls.__name__] = cls
        class B(Base[str]):
            def f(self): return 2
        class A(Base[int]):
            def f(self): return 1
        === hold
        held = m.REG
        a = m.A()
        === ask
        list(held)
        held is m.REG
        a.f()
        held["B"]().f()
    """,
    "a loop copies docstrings from a class to another that is made again": """
        --- m
        class A:
            def f(self):
                "does f"
            def g(self):
                "does g"
        class B:
            def f(self): return 1
            def g(self, x): return 2
        for name in ("f", "g"):
            method = getattr(B, name)
            if not method.__doc__:
                method.__doc__ = getattr(A, name).__doc__
        +++ m
        class A:
            def f(self):
                "does f"
            def g(self):
                "does g"
        class B:
            def f(self): return 3
            def g(self, x, y=1): return 4
        for name in ("f", "g"):
            method = getattr(B, name)
            if not method.__doc__:
                method.__doc__ = getattr(A, name).__doc__
        === hold
        held = m.B()
        === ask
        held.f()
        held.f.__doc__
        held.g.__doc__
        held.g(1)
    """,
    "what type checkers import is not imported": """
        --- pkg.base
        import typing
        if typing.TYPE_CHECKING:
            from .derived import Derived
        else:
            pass
        class Base(typing.Mapping[str, typing.Any]):
            def __getitem__(self, key): return key
            def __iter__(self): return iter(())
            def __len__(self): return 0
        --- pkg.derived
        import typing
        from .base import Base
        class Derived(Base):
            def f(self) -> typing.Any: return 1
        +++ pkg.base
        from collections.abc import Mapping
        from typing import TYPE_CHECKING, Any
        if TYPE_CHECKING:
            from .derived import Derived
        else:
            pass
        class Base(Mapping[str, Any]):
            def __getitem__(self, key): return key
            def __iter__(self): return iter(())
            def __len__(self): return 0
        +++ pkg.derived
        from typing import Any
        from .base import Base
        class Derived(Base):
            def f(self) -> Any: return 2
        === hold
        held = pkg.derived.Derived()
        === ask
        held.f()
        "__parameters__" in vars(pkg.derived.Derived)
        [c.__name__ for c in type(held).__mro__]
    """,
    "a function gets overloads": """
        --- m
        import typing as t
        def f(x: t.Any, y: int = 1) -> t.Any: return x
        +++ m
        import typing as t
        @t.overload
        def f(x: int, y: int = ...) -> int: ...
        @t.overload
        def f(x: str, y: int = ...) -> str: ...
        def f(x: t.Any, y: int = 2) -> t.Any: return (x, y)
        === hold
        held = [m.f]
        import typing
        === ask
        held[0](1)
        held[0] is m.f
        [s.__annotations__ for s in typing.get_overloads(m.f)]
    """,
    "a function loses its overloads": """
        --- m
        import typing as t
        @t.overload
        def f(x: int, y: int = ...) -> int: ...
        @t.overload
        def f(x: str, y: int = ...) -> str: ...
        def f(x: t.Any, y: int = 2) -> t.Any: return (x, y)
        +++ m
        import typing as t
        def f(x: t.Any, y: int = 1) -> t.Any: return x
        === hold
        held = [m.f]
        import typing
        === ask
        held[0](1)
        held[0] is m.f
        [s.__annotations__ for s in typing.get_overloads(m.f)]
    """,
    "a field's default is the class's own attribute": """
        --- m
        from dataclasses import dataclass, field, fields
        @dataclass(frozen=True)
        class Url:
            text: str
        @dataclass
        class C:
            at: Url = Url("a")
            n: int = 1
        +++ m
        from dataclasses import dataclass, field, fields
        @dataclass(frozen=True)
        class Url:
            text: str
        @dataclass
        class C:
            at: Url = Url("a")
            n: int = 2
        === hold
        held = m.C.at
        === ask
        m.C.at is m.fields(m.C)[0].default
        m.C().at is m.C.at
        m.C().at is held
        m.C()
    """,
    "a field whose type is worked out when it is asked for": """
        --- m
        import dataclasses
        ASKED = []
        class Field(dataclasses.Field):
            def __init__(self, default):
                super().__init__(default=default, default_factory=dataclasses.MISSING, init=True, repr=True, hash=None,
                    compare=True, metadata=None, kw_only=False)
            @property
            def type(self):
                ASKED.append(1)
                return self.said
            @type.setter
            def type(self, value):
                self.said = value
            __slots__ = ("said",)
        @dataclasses.dataclass
        class C:
            x: int = Field(1)
        ASKED.clear()
        def f(): return 1
        +++ m
        import dataclasses
        ASKED = []
        class Field(dataclasses.Field):
            def __init__(self, default):
                super().__init__(default=default, default_factory=dataclasses.MISSING, init=True, repr=True, hash=None,
                    compare=True, metadata=None, kw_only=False)
            @property
            def type(self):
                ASKED.append(1)
                return self.said
            @type.setter
            def type(self, value):
                self.said = value
            __slots__ = ("said",)
        @dataclasses.dataclass
        class C:
            x: int = Field(1)
        ASKED.clear()
        def f(): return 2
        === ask
        m.ASKED
        m.f()
    """,
    "classes and functions where the version decides": """
        --- m
        import sys
        if sys.version_info >= (3, 8):
            from typing import Any
            class C:
                def f(self): return 1
            def g(x): return x
            STATE = []
        else:
            from typing_extensions import Any
            class C:
                def f(self): return 0
        class D(C):
            def h(self) -> Any: return self.f()
        +++ m
        import sys
        if sys.version_info >= (3, 8):
            from typing import Any, Self
            class C:
                x: int = 5
                def f(self, n=1) -> Self: return n
                def more(self): return 3
            def g(x, y=2): return x + y
            STATE = []
        else:
            from typing_extensions import Any, Self
            class C:
                def f(self, n=0): return 0
                def g(self): return 0
        class D(C):
            def h(self) -> Any: return self.f(7)
        === hold
        held = [m.D(), m.C(), m.g, m.STATE]
        === ask
        held[0].h()
        held[1].more()
        held[2](1)
        held[3] is m.STATE
        isinstance(held[1], m.C)
        m.C.__annotations__
    """,
    "what the version decides comes without its if": """
        --- m
        import sys
        if sys.version_info >= (3, 8):
            class C:
                def f(self): return 1
        else:
            class C:
                def f(self): return 0
        def g(): return C().f()
        +++ m
        class C:
            def f(self): return 2
        def g(): return C().f()
        === hold
        held = m.C()
        === ask
        held.f()
        isinstance(held, m.C)
        m.g()
    """,
    "a class in a class where the version decides": """
        --- m
        import sys
        class C:
            if sys.version_info >= (3, 8):
                def f(self): return 1
            else:
                def f(self): return 0
            if sys.platform == "no such one":
                def g(self): return 1
        +++ m
        import sys
        class C:
            if sys.version_info >= (3, 8):
                def f(self, x=2): return x
                n = 3
            else:
                def f(self): return -1
            if sys.platform == "no such one":
                def g(self): return 2
        === hold
        held = m.C()
        === ask
        held.f()
        held.n
        hasattr(held, "g")
    """,
    "a function goes that properties of a class held": """
        --- m
        def parse(x): return [x]
        class Header:
            def __init__(self, load): self.load = load
            def __get__(self, obj, cls): return self.load(cls.__name__)
        class R:
            vary = Header(parse)
            allow = Header(parse)
            other = Header(str)
        class S:
            vary = Header(parse)
            def __init__(self, x): self.x = x
        +++ m
        class Header:
            def __init__(self, load): self.load = load
            def __get__(self, obj, cls): return self.load(cls.__name__)
        class Set:
            @classmethod
            def parse(cls, x): return (x,)
        class R:
            vary = Header(Set.parse)
            allow = Header(Set.parse)
            other = Header(str)
        class S:
            vary = Header(Set.parse)
            def __init__(self, x, y=1): self.x = x
        === hold
        held = m.R()
        === ask
        held.vary
        held.allow
        held.other
        m.S(1).vary
        hasattr(m, "parse")
    """,
    "an equal alias is written otherwise": """
        --- m
        from typing import Mapping, Union
        A = Union[str, list[str]]
        B = Union["A", Mapping[str, A], list[tuple[str, A]]]
        +++ m
        from typing import Mapping, Union
        A = str | list[str]
        B = Union["A", Mapping[str, A], list[tuple[str, A]]]
        === ask
        m.A
        m.B
    """,
    "a proxy that has nothing to answer for": """
        --- m
        class Proxy:
            def __init__(self, get): object.__setattr__(self, "_get", get)
            def __getattribute__(self, name):
                if name == "__class__":
                    return Proxy
                return getattr(object.__getattribute__(self, "_get")(), name)
            def __call__(self): return 1
        def unbound(): raise RuntimeError("outside of a request")
        current = Proxy(unbound)
        other = Proxy(unbound)
        class Gone: pass
        def f(): return 1
        +++ m
        class Proxy:
            def __init__(self, get): object.__setattr__(self, "_get", get)
            def __getattribute__(self, name):
                if name == "__class__":
                    return Proxy
                return getattr(object.__getattribute__(self, "_get")(), name)
            def __call__(self): return 1
        def unbound(): raise RuntimeError("outside of a request")
        other = Proxy(unbound)
        def f(): return 2
        === hold
        f = m.f
        === ask
        f() => 2
        hasattr(m, "current") => False
    """,
    "methods of a class that is made anew come under a decorator": """
        --- m
        class Base: pass
        class Hooks: pass
        def hooked(f):
            def wrapper(self, *a): return ["hooked", f(self, *a)]
            return wrapper
        def quiet(f): return f
        class S(Base):
            def f(self, x): return x
            @hooked
            def g(self): return 1
            @staticmethod
            def s(): return 1
            @hooked
            def same(self): return 1
            def h(self): return super().__repr__()[:1]
            def p(self): return 1
        +++ m
        class Base: pass
        class Hooks: pass
        def hooked(f):
            def wrapper(self, *a): return ["hooked", f(self, *a)]
            return wrapper
        def quiet(f): return f
        class S(Hooks, Base):
            @hooked
            def f(self, x, y=2): return (x, y)
            def g(self): return 2
            @staticmethod
            @quiet
            def s(): return 2
            @hooked
            def same(self): return 2
            @hooked
            def h(self): return super().__repr__()[:1]
            @property
            def p(self): return 2
        === hold
        one = m.S()
        held = [one.f, m.S.g, m.S.s, m.S.same, one.h]
        === ask
        held[0](1)
        held[1](one)
        held[2]()
        held[3](one)
        held[4]()
        one.f(1), one.g(), one.same(), one.h(), one.p
        held[0].__func__ is m.S.f, held[1] is m.S.g, held[3] is m.S.same
        [c.__name__ for c in m.S.__mro__]
    """,
    "a class that changes and whose base's base becomes another": """
        --- m
        class Other: pass
        def hooked(f):
            def wrapper(self, *a): return ["hooked", f(self, *a)]
            return wrapper
        class Base: pass
        class S(Base):
            limit = 1
            def f(self, x): return x
        +++ m
        class Other: pass
        def hooked(f):
            def wrapper(self, *a): return ["hooked", f(self, *a)]
            return wrapper
        class Base(Other): pass
        class S(Base):
            limit = 2
            @hooked
            def f(self, x, y=2): return (x, y)
        === hold
        one = m.S()
        held = one.f
        === ask
        held(1)
        one.f(1)
        held.__func__ is m.S.f
        one.limit
        [c.__name__ for c in m.S.__mro__]
    """,
    "an empty weak mapping gives way to that of another module": """
        --- a
        from weakref import WeakKeyDictionary
        SEEN = WeakKeyDictionary()
        --- b
        from weakref import WeakKeyDictionary
        SEEN = WeakKeyDictionary()
        def f(): return SEEN
        +++ a
        from weakref import WeakKeyDictionary
        SEEN = WeakKeyDictionary()
        +++ b
        from .a import SEEN
        def f(): return SEEN
        === ask
        b.f() is a.SEEN
    """,
    "an enum comes under @unique": """
        --- m
        import enum
        class E(enum.Enum):
            A = 1
            B = 2
        +++ m
        import enum
        @enum.unique
        class E(enum.Enum):
            A = 1
            B = 2
            C = 3
        === hold
        held = m.E.A
        === ask
        held is m.E.A
        list(m.E)
        m.E(3)
    """,
    "an enum and a class are deprecated": """
        --- m
        import enum
        class E(enum.Enum):
            A = 1
            B = 2
        class C:
            def __init__(self, x): self.x = x
            def f(self): return self.x
        +++ m
        import enum
        from typing_extensions import deprecated
        @deprecated("gone soon", category=UserWarning, stacklevel=2)
        class E(enum.Enum):
            A = 1
            B = 2
        @deprecated("gone soon", category=UserWarning, stacklevel=2)
        class C:
            def __init__(self, x): self.x = x
            def f(self): return self.x
        === hold
        held = [m.E.A, object.__new__(m.C)]
        held[1].x = 1
        def warned(f, *a):
            import warnings
            with warnings.catch_warnings(record=True) as found:
                warnings.simplefilter("always")
                return f(*a) is not None, [str(one.message) for one in found]
        === ask
        held[0] is m.E.A
        list(m.E)
        warned(m.C, 1)
        held[1].f()
        m.C.__deprecated__, m.E.__deprecated__
        warned(m.E, 1)
    """,
    "a name that an import brings, and a later class binds again": """
        --- n
        class Service:
            id = 'column'
        --- m
        from .n import Service
        class Alert:
            service = f'{Service.id} of {Service.__name__}'
            limit = 5
        class Service:
            name = 'schema'
        def made(): return Service.name
        +++ m
        from .n import Service
        class Alert:
            service = f'{Service.id} of the {Service.__name__}'
            limit = 6
        class Service:
            name = 'schema'
        def made(): return Service.name
        === hold
        a = m.Alert()
        s = m.Service
        === ask
        a.service
        a.limit
        m.made()
        m.Service is s
        m.Service.__module__
    """,
    "a name that an import brings, and a later def wraps": """
        --- n
        def sent(text): return f'sent {text}'
        --- m
        from .n import sent
        first = [sent('a')]
        def sent(text, _inner=sent): return f'<{_inner(text)}>'
        +++ m
        from .n import sent
        first = [sent('a'), sent('b')]
        def sent(text, _inner=sent): return f'<{_inner(text)}>'
        === hold
        first = m.first
        === ask
        m.first
        first
        m.sent('c')
    """,
    "a base goes, and all that derive from it": """
        --- m
        class Filter:
            def kind(self): return 'filter'
        class Tag(Filter):
            name = 'tag'
        class Category(Filter):
            name = 'category'
        def kinds(): return [one().kind() for one in (Tag, Category)]
        +++ m
        def kinds(): return []
        === ask
        m.kinds()
        hasattr(m, 'Filter'), hasattr(m, 'Tag')
    """,
}
OR_REFUSED = {
    "statements set docstrings and attributes of methods to others": """
        --- m
        class A:
            def run(self): return 1
            def end(self): return 1
            @property
            def size(self): return 1
        def noted(function, text): function.__doc__ = text
        A.run.__doc__ = "runs"
        noted(A.end, "ends")
        for name in ["run"]:
            getattr(A, name).tag = 1
        +++ m
        class A:
            def run(self): return 1
            def end(self): return 1
            @property
            def size(self): return 1
        def noted(function, text): function.__doc__ = text
        A.run.__doc__ = "runs!"
        noted(A.end, "ends!")
        for name in ["run", "end"]:
            getattr(A, name).tag = 2
        A.size.fget.tag = 3
        === ask
        m.A.run.__doc__, m.A.end.__doc__
        m.A.run.tag, m.A.end.tag
        m.A.size.fget.tag
    """,
    "a loop that hands docstrings on hands on others": """
        --- m
        class A:
            def run(self):
                "runs"
        class B:
            def run(self): return 1
        for name in ["run"]:
            getattr(B, name).__doc__ = getattr(A, name).__doc__
        +++ m
        class A:
            def run(self):
                "runs"
        class B:
            def run(self): return 1
        for name in ["run"]:
            getattr(B, name).__doc__ = getattr(A, name).__doc__ + "!"
        === ask
        m.B.run.__doc__
    """,
    "what a call at import did, the release's code does too": """
        --- m
        import click
        class G(click.Group):
            def add_command(self, cmd, name=None):
                cmd.callback = wrapped(cmd.callback)
                super().add_command(cmd)
        def wrapped(f):
            def inner(*a, **k): return f(*a, **k)
            return inner
        @click.group(cls=G)
        def cli(): "help"
        @click.command()
        def one(): click.echo("one")
        cli.add_command(one)
        +++ m
        import click
        class G(click.Group):
            def add_command(self, cmd, name=None):
                cmd.callback = wrapped(cmd.callback)
                super().add_command(cmd, name=name)
        def wrapped(f):
            def inner(*a, **k): return f(*a, **k)
            return inner
        @click.group(cls=G)
        def cli(): "help me"
        @click.command()
        def one(): click.echo("one")
        cli.add_command(one)
        === hold
        from click.testing import CliRunner
        held = m.cli
        === ask
        CliRunner().invoke(held, ["one"]).output
        held.help
        m.cli is held
    """,
}
"""What a group's own `add_command` wraps can't be seen whole."""
