"""Modules that come, go, move and turn into packages; imports of every kind; definitions that move between modules."""

CASES = {
    "a module comes": """
        --- m
        def f(): return 1
        +++ m
        from .n import g
        def f(): return g()
        +++ n
        def g(): return 2
        === hold
        held = m.f
        === ask
        held()
    """,
    "a module goes": """
        --- m
        from .n import g
        def f(): return g()
        --- n
        def g(): return 2
        +++ m
        def f(): return 1
        xxx n
        === hold
        held = m.f
        === ask
        held()
        f"{TOP}.n" in sys.modules
        hasattr(sys.modules[TOP], "n")
    """,
    "a module goes with instances that live on": """
        --- m
        from .n import K
        def f(): return K
        --- n
        class K: pass
        +++ m
        def f(): return 1
        xxx n
        === use
        k = m.K()
        === ask
        m.f() => 1
    """,
    "a module is renamed": """
        --- m
        from .old import g, K
        def f(): return g(), K().x
        --- old
        def g(): return 2
        class K:
            x = 1
        +++ m
        from .new import g, K
        def f(): return g(), K().x
        xxx old
        +++ new
        def g(): return 2
        class K:
            x = 1
        === hold
        held = m.f; k = m.K()
        === ask
        held()
        k.x
        isinstance(k, m.K)
        m.K.__module__
    """,
    "a module is renamed and edited": """
        --- m
        from . import old
        def f(): return old.g()
        --- old
        def g(): return 2
        +++ m
        from . import new
        def f(): return new.g()
        xxx old
        +++ new
        def g(): return 3
        === hold
        held = m.f
        === ask
        held()
        hasattr(m, "old")
    """,
    "a module becomes a package": """
        --- n
        X = 1
        def f(): return X
        --- m
        from .n import f
        +++ n
        from .part import g
        X = 1
        def f(): return X, g()
        +++ n.part
        def g(): return 5
        === hold
        held = m.f
        === ask
        held()
        n.__path__[0].endswith("/n")
        n.__package__
        n.__spec__.submodule_search_locations is not None
        n.__file__.endswith("n/__init__.py")
    """,
    "a package becomes a module": """
        --- n
        from .part import g
        X = 1
        def f(): return X, g()
        --- n.part
        def g(): return 5
        --- m
        from .n import f
        +++ n
        X = 1
        def g(): return 6
        def f(): return X, g()
        xxx n.part
        === hold
        held = m.f
        === ask
        held()
        hasattr(n, "__path__")
        n.__package__
        n.__file__.endswith("/n.py")
    """,
    "a function moves": """
        --- a
        def f(): return g()
        def g(): return "a"
        --- b
        def g(): return "b"
        +++ a
        from .b import f
        def g(): return "a"
        +++ b
        def g(): return "b"
        def f(): return g()
        === ask
        a.f()
        b.f()
        a.f is b.f
        a.f.__module__
    """,
    "a function moves, held by the program": """
        --- a
        def f(): return g()
        def g(): return "a"
        --- b
        def g(): return "b"
        +++ a
        from .b import f
        def g(): return "a"
        +++ b
        def g(): return "b"
        def f(): return g()
        === hold
        held = [a.f]; table = {"f": a.f}; pair = (a.f, 1)
        === ask
        held[0]()
        table["f"]()
        pair[0]()
    """,
    "a function moves, held by a library": """
        --- a
        def f(): return g()
        def g(): return "a"
        --- b
        def g(): return "b"
        +++ a
        from .b import f
        def g(): return "a"
        +++ b
        def g(): return "b"
        def f(): return g()
        === use
        lib.append(a.f)
        === ask
        lib[0]() => 'b'
    """,
    "a function moves and its old name is gone": """
        --- a
        def f(): return 1
        def h(): return f()
        --- b
        def g(): return "b"
        +++ a
        from . import b
        def h(): return b.f()
        +++ b
        def g(): return "b"
        def f(): return 1
        === hold
        held = a.h
        === ask
        held()
        hasattr(a, "f")
    """,
    "a class moves, no instances": """
        --- a
        class K:
            def f(self): return g()
        def g(): return "a"
        --- b
        def g(): return "b"
        +++ a
        from .b import K
        def g(): return "a"
        +++ b
        def g(): return "b"
        class K:
            def f(self): return g()
        === ask
        a.K().f()
        a.K is b.K
        a.K.__module__
    """,
    "a class moves, instances live on": """
        --- a
        class K:
            def __init__(self): self.n = 1
            def f(self): return g(), self.n
        def g(): return "a"
        one = K()
        --- b
        def g(): return "b"
        +++ a
        from .b import K
        def g(): return "a"
        one = K()
        +++ b
        def g(): return "b"
        class K:
            def __init__(self): self.n = 1
            def f(self): return g(), self.n
        === hold
        k = a.K(); meth = a.K().f
        === ask
        k.f()
        isinstance(k, b.K)
        isinstance(a.one, b.K)
        a.one.f()
        meth()
    """,
    "a class moves and changes, and makes some of its attributes": """
        --- parts
        class Part:
            def __init__(self, n): self.n = n
        --- a
        from .parts import Part
        class Thing:
            part = Part(1)
            names = ["a"]
            size = int("7")
            def f(self): return self.part.n
        --- user
        from .a import Thing
        xxx a
        +++ b
        from .parts import Part
        class Thing:
            part = Part(1)
            names = ["a"]
            size = int("7")
            @staticmethod
            def more(): return 2
            def f(self): return self.part.n + 1
        +++ user
        from .b import Thing
        === ask
        user.Thing().f(), user.Thing.more(), user.Thing.names, user.Thing.size, user.Thing.part.n
        user.Thing.__module__ == b.__name__
        """,
    "a dataclass moves, instances live on": """
        --- a
        import dataclasses
        @dataclasses.dataclass
        class K:
            n: int = 1
        --- b
        import dataclasses
        +++ a
        from .b import K
        +++ b
        import dataclasses
        @dataclasses.dataclass
        class K:
            n: int = 1
        === hold
        k = a.K(5)
        === ask
        k == b.K(5)
        isinstance(k, a.K)
    """,
    "an exception class moves; somebody catches it": """
        --- a
        class E(Exception): pass
        def boom(): raise E("x")
        --- b
        from .a import E, boom
        def safe():
            try: boom()
            except E: return "caught"
        +++ a
        from .errors import E
        def boom(): raise E("x")
        +++ errors
        class E(Exception): pass
        === hold
        held = b.safe; err = a.E("y")
        === ask
        held()
        isinstance(err, a.E)
    """,
    "a base class moves": """
        --- a
        class Base:
            def hi(self): return "base"
        --- b
        from .a import Base
        class D(Base):
            def hi(self): return super().hi() + "d"
        +++ a
        from .base import Base
        +++ base
        class Base:
            def hi(self): return "BASE"
        === hold
        d = b.D()
        === ask
        d.hi()
        isinstance(d, a.Base)
        b.D.__bases__[0] is a.Base
    """,
    "circular imports of names": """
        --- b
        X = 1
        from .c import g
        def f(): return g()
        --- c
        from . import b
        def g(): return b.X
        +++ b
        X = 5
        from .c import g
        def f(): return g() + 1
        +++ c
        from . import b
        def g(): return b.X * 10
        === hold
        held = b.f
        === ask
        held()
        c.g()
    """,
    "a constant moves": """
        --- a
        LIMIT = 5
        def f(): return LIMIT
        --- b
        X = 1
        +++ a
        from .b import LIMIT
        def f(): return LIMIT
        +++ b
        X = 1
        LIMIT = 6
        === hold
        held = a.f
        === ask
        held()
        b.LIMIT
    """,
    "a container moves with its contents": """
        --- a
        ROOMS = {}
        def add(k): ROOMS[k] = 1
        --- b
        X = 1
        +++ a
        from .b import ROOMS
        def add(k): ROOMS[k] = 1
        +++ b
        X = 1
        ROOMS = {}
        === use
        a.add("x")
        === ask
        a.ROOMS => {'x': 1}
        b.ROOMS is a.ROOMS => True
    """,
    "star import: a name comes and one goes": """
        --- n
        def f(): return 1
        def g(): return 2
        --- m
        from .n import *
        def h(): return f()
        +++ n
        def f(): return 10
        def k(): return 3
        === hold
        held = m.h
        === ask
        held()
        hasattr(m, "g")
        m.k()
    """,
    "star import: __all__ changes": """
        --- n
        __all__ = ["f"]
        def f(): return 1
        def g(): return 2
        --- m
        from .n import *
        +++ n
        __all__ = ["g"]
        def f(): return 1
        def g(): return 2
        === ask
        hasattr(m, "f")
        hasattr(m, "g")
        n.__all__
    """,
    "star import: __all__ comes": """
        --- n
        def f(): return 1
        def g(): return 2
        --- m
        from .n import *
        +++ n
        __all__ = ["g"]
        def f(): return 1
        def g(): return 2
        === ask
        hasattr(m, "f")
        m.g()
    """,
    "star import becomes plain": """
        --- n
        def f(): return 1
        def g(): return 2
        --- m
        from .n import *
        +++ m
        from .n import f
        === ask
        hasattr(m, "g")
        m.f()
    """,
    "star import comes": """
        --- n
        def f(): return 1
        def g(): return 2
        --- m
        from .n import f
        +++ m
        from .n import *
        === ask
        m.g()
        m.f()
    """,
    "a module's __getattr__": """
        --- n
        def __getattr__(name): return name.upper()
        --- m
        from . import n
        def f(): return n.anything
        +++ n
        def __getattr__(name): return name * 2
        === hold
        held = m.f
        === ask
        held()
        n.xy
    """,
    "a module's __getattr__ goes": """
        --- n
        def __getattr__(name):
            if name == "x": return 1
            raise AttributeError(name)
        --- m
        from .n import x
        +++ n
        x = 2
        === ask
        m.x
        n.x
        hasattr(n, "__getattr__")
    """,
    "circular imports": """
        --- a
        from . import b
        def f(): return b.g()
        X = 1
        --- b
        from . import a
        def g(): return a.X
        +++ a
        from . import b
        def f(): return b.g() + 1
        X = 2
        +++ b
        from . import a
        def g(): return a.X * 10
        === hold
        held = a.f
        === ask
        held()
    """,
    "a lazy import in a function": """
        --- m
        def f():
            from .n import g
            return g()
        --- n
        def g(): return 1
        +++ m
        def f():
            from .n import g, h
            return g(), h()
        +++ n
        def g(): return 2
        def h(): return 3
        === hold
        held = m.f
        === ask
        held()
    """,
    "a lazy module that was never imported": """
        --- m
        def f():
            from .lazy import g
            return g()
        --- lazy
        def g(): return 1
        +++ lazy
        def g(): return 2
        === hold
        held = m.f
        === ask
        held()
    """,
    "a conditional import": """
        --- m
        try:
            import no_such_module as j
        except ImportError:
            import json as j
        def f(): return j.__name__
        +++ m
        try:
            import no_such_module as j
        except ImportError:
            import csv as j
        def f(): return j.__name__
        === ask
        m.f()
    """,
    "a re-export through a package": """
        --- pkg
        from .impl import f
        __all__ = ["f"]
        --- pkg.impl
        def f(): return 1
        --- m
        from .pkg import f
        +++ pkg
        from .impl2 import f
        __all__ = ["f"]
        +++ pkg.impl2
        def f(): return 2
        +++ pkg.impl
        def other(): return 1
        === ask
        m.f()
        pkg.f is m.f
        pkg.impl2.f()
    """,
    "import a.b as c": """
        --- m
        import json.decoder as d
        from . import n as q
        def f(): return d.__name__, q.X
        --- n
        X = 1
        +++ m
        import json.encoder as d
        from . import n2 as q
        def f(): return d.__name__, q.X
        +++ n2
        X = 2
        === hold
        held = m.f
        === ask
        held()
        m.q.__name__
    """,
    "a new submodule stands on its parent": """
        --- pkg
        --- pkg.one
        X = 1
        +++ pkg
        +++ pkg.one
        from .two import Y
        X = Y
        +++ pkg.two
        Y = 5
        === ask
        pkg.two.Y
        pkg.one.X
    """,
    "an alias in sys.modules": """
        --- m
        import sys
        sys.modules[__name__ + "_alias"] = sys.modules[__name__]
        def f(): return 1
        +++ m
        import sys
        sys.modules[__name__ + "_alias"] = sys.modules[__name__]
        def f(): return 2
        === hold
        other = sys.modules[m.__name__ + "_alias"]
        === ask
        other.f()
    """,
    "an import that shadows a function": """
        --- m
        def dumps(x): return "own"
        def f(): return dumps(1)
        +++ m
        from json import dumps
        def f(): return dumps(1)
        === hold
        held = m.f
        === ask
        held()
    """,
    "an import goes and a builtin shows": """
        --- m
        def len(x): return -1
        def f(): return len([1])
        +++ m
        def f(): return len([1])
        === hold
        held = m.f
        === ask
        held()
    """,
    "the order of definitions decides": """
        --- m
        def f(): return 1
        X = f()
        def f(): return 2
        +++ m
        def f(): return 1
        def f(): return 2
        X = f()
        === ask
        m.X
        m.f()
    """,
    "a name deleted with del": """
        --- m
        for i in range(3): pass
        X = i
        del i
        +++ m
        for i in range(5): pass
        X = i
        del i
        === ask
        m.X
        hasattr(m, "i")
    """,
    "a module's docstring": """
        --- m
        "one"
        X = 1
        +++ m
        "two"
        X = 1
        === ask
        m.__doc__
    """,
    "a walrus at module level": """
        --- m
        if (n := 5) > 3:
            X = n
        +++ m
        if (n := 7) > 3:
            X = n
        === ask
        m.X
        m.n
    """,
    "an import order that matters": """
        --- reg
        ORDER = []
        --- a
        from .reg import ORDER
        ORDER.append("a")
        --- b
        from .reg import ORDER
        ORDER.append("b")
        --- m
        from . import a, b
        +++ m
        from . import b, a
        def f(): pass
        === ask
        m.a.__name__
    """,
    "two modules swap a function": """
        --- a
        def f(): return "a's"
        --- b
        def g(): return "b's"
        +++ a
        def g(): return "b's"
        +++ b
        def f(): return "a's"
        === ask
        hasattr(a, "f")
        a.g()
        b.f()
    """,
    "a function moves with its decorator and its helper": """
        --- a
        import functools
        def deco(f):
            @functools.wraps(f)
            def w(*x): return ["w", f(*x)]
            return w
        @deco
        def f(x): return x
        def user(): return f(1)
        --- b
        X = 1
        +++ a
        from .b import f, deco
        def user(): return f(1)
        +++ b
        import functools
        X = 1
        def deco(f):
            @functools.wraps(f)
            def w(*x): return ["w", f(*x)]
            return w
        @deco
        def f(x): return x
        === hold
        held = a.user
        === ask
        held()
        a.f.__module__
    """,
    "a class moves and a class attribute was changed": """
        --- a
        class K:
            count = 0
        def bump(): K.count += 1
        --- b
        X = 1
        +++ a
        from .b import K
        def bump(): K.count += 1
        +++ b
        X = 1
        class K:
            count = 0
        === use
        a.bump(); a.bump()
        === ask
        a.K.count => 2
    """,
    "an enum moves, members are held": """
        --- a
        import enum
        class C(enum.Enum):
            A = 1
            B = 2
        --- b
        X = 1
        +++ a
        from .b import C
        +++ b
        import enum
        X = 1
        class C(enum.Enum):
            A = 1
            B = 2
        === hold
        held = a.C.A; d = {a.C.B: 1}
        === ask
        held is a.C.A
        held in a.C
        d[a.C.B]
        held.name
    """,
    "a class moves; the program holds it, its instance and its methods": """
        --- a
        LEVEL = "a"
        class Base:
            def hi(self): return "base"
        class K(Base):
            n = 1
            def __init__(self): self.x = 5
            def f(self): return LEVEL, self.x
            def hi(self): return super().hi() + LEVEL
            @staticmethod
            def s(): return LEVEL
            @classmethod
            def c(cls): return cls.__module__.rpartition(".")[2]
            @property
            def p(self): return LEVEL
            class Inner:
                def g(self): return LEVEL
        class Derived(K): pass
        --- b
        LEVEL = "b"
        +++ a
        from .b import Base, K
        LEVEL = "a"
        class Derived(K): pass
        +++ b
        LEVEL = "b"
        class Base:
            def hi(self): return "base"
        class K(Base):
            n = 1
            def __init__(self): self.x = 5
            def f(self): return LEVEL, self.x
            def hi(self): return super().hi() + LEVEL
            @staticmethod
            def s(): return LEVEL
            @classmethod
            def c(cls): return cls.__module__.rpartition(".")[2]
            @property
            def p(self): return LEVEL
            class Inner:
                def g(self): return LEVEL
        === hold
        k = a.K(); K = a.K; f = a.K.f; bound = k.hi; d = a.Derived(); i = a.K.Inner(); s = a.K.s
        === ask
        (k.f(), f(k), bound(), d.hi(), i.g(), k.p, k.c(), s())
        (isinstance(k, b.K), K is b.K, a.K is b.K, type(d).__mro__[1] is b.K)
        (K.__module__ == b.__name__, K.Inner.__module__ == b.__name__)
    """,
    "definitions move into a new module": """
        --- a
        import functools
        class K:
            def f(self): return g()
        def g(): return "g"
        def deco(f):
            @functools.wraps(f)
            def w(): return "w" + f()
            return w
        @deco
        def h(): return g()
        TABLE = {"g": g, "h": h, "K": K}
        +++ a
        from .new import K, g, deco, h
        TABLE = {"g": g, "h": h, "K": K}
        +++ new
        import functools
        class K:
            def f(self): return g()
        def g(): return "G"
        def deco(f):
            @functools.wraps(f)
            def w(): return "W" + f()
            return w
        @deco
        def h(): return g()
        === hold
        k = a.K(); g = a.g; h = a.h; T = a.TABLE
        === ask
        (k.f(), g(), h(), T["g"]() , T["h"](), T["K"] is a.K, g is a.g, h is a.h)
        (g.__module__ == TOP + ".new", type(k) is a.K)
    """,
    "definitions move and their old home forgets them": """
        --- a
        class K:
            def f(self): return g()
        def g(): return "g"
        def use(): return K().f()
        --- b
        X = 1
        +++ a
        from . import b
        def use(): return b.K().f()
        +++ b
        X = 1
        class K:
            def f(self): return g()
        def g(): return "g"
        === use
        k = a.K(); g = a.g; use = a.use
        === ask
        (k.f(), g(), use(), type(k) is b.K, g is b.g, hasattr(a, "K")) => ('g', 'g', 'g', True, True, False)
    """,
    "a module's definitions move and the module is gone": """
        --- a
        class K:
            def f(self): return g()
        def g(): return "g"
        --- user
        from .a import K, g
        def use(): return K().f() + g()
        xxx a
        +++ b
        class K:
            def f(self): return g()
        def g(): return "g"
        +++ user
        from .b import K, g
        def use(): return K().f() + g()
        === hold
        k = user.K(); g = user.g; use = user.use
        === ask
        (k.f(), g(), use(), type(k) is user.K, g is user.g)
    """,
    "a class moves and gains an attribute; an instance lives": """
        --- a
        class K:
            def __init__(self): self.x = 1
            def f(self): return self.x
        --- b
        X = 1
        +++ a
        from .b import K
        +++ b
        X = 1
        class K:
            def __init__(self): self.x = 1; self.y = 2
            def f(self): return self.y
        === hold
        k = a.K()
        === ask
        k.f()
    """,
    "a function moves to the module that imported it": """
        --- a
        def f(): return "f"
        --- b
        from .a import f
        def g(): return f()
        +++ a
        X = 1
        +++ b
        def f(): return "F"
        def g(): return f()
        === hold
        f = b.f; g = b.g
        === ask
        (f(), g(), f is b.f, f.__module__ == b.__name__)
        hasattr(a, "f")
    """,
    "a package imports its submodule no more": """
        --- pkg
        from . import sub
        def f(): return 1
        --- pkg__sub
        X = 1
        +++ pkg
        def f(): return 2
        +++ pkg__sub
        X = 1
        === hold
        f = sys.modules[TOP + ".pkg"].f
        === ask
        (f(), sys.modules[TOP + ".pkg"].sub.X)
    """,
    "code objects in a set and in a table": """
        --- m
        INTERNAL = set()
        TABLE = {}
        def internal(f):
            INTERNAL.add(f.__code__)
            TABLE[f.__code__] = f.__name__
            return f
        @internal
        def f(): return 1
        @internal
        def g(): return 1
        def known(h): return h.__code__ in INTERNAL, TABLE.get(h.__code__)
        +++ m
        # other lines

        INTERNAL = set()
        TABLE = {}
        def internal(f):
            INTERNAL.add(f.__code__)
            TABLE[f.__code__] = f.__name__
            return f
        @internal
        def f(): return 2
        @internal
        def g(): return 1
        def known(h): return h.__code__ in INTERNAL, TABLE.get(h.__code__)
        === hold
        f = m.f; g = m.g; held = m.INTERNAL
        === ask
        (m.known(f), m.known(g), f.__code__ in held, len(held), len(m.TABLE))
    """,
    "an alias is annotated and made of something else": """
        --- m
        from typing import Callable
        A = Callable[[int], str]
        B: "str" = A
        +++ m
        from collections.abc import Callable
        from typing import TypeAlias
        A: TypeAlias = Callable[[int], str]
        B: "int" = A
        === ask
        m.A
        m.B
        m.__annotations__
    """,
    "modules for type checkers import each other": """
        --- types
        import typing
        if typing.TYPE_CHECKING:
            from .config import UNSET
        Name = str
        --- config
        from .types import Name
        UNSET: Name = "x"
        +++ types
        import typing
        if typing.TYPE_CHECKING:
            from .config import UNSET
        Name = str
        Cert = bytes
        +++ config
        from .types import Cert, Name
        UNSET: Name = "x"
        def f(c: Cert): return c
        === ask
        config.f.__annotations__
    """,
    "a decorated function's docstring": """
        --- m
        def deco(cls):
            "one"
            cls.tag = build()
            return cls
        def build():
            "one"
            return [1]
        @deco
        class A: pass
        X = build()
        +++ m
        def deco(cls):
            "two"
            cls.tag = build()
            return cls
        def build():
            "two"
            return [1]
        @deco
        class A: pass
        X = build()
        === hold
        X = m.X; tag = m.A.tag
        === ask
        (X is m.X, tag is m.A.tag, m.build.__doc__, m.deco.__doc__)
    """,
    "a package says of what module its exports are": """
        --- pkg__impl
        def get(x): return x
        class Client:
            def go(self): return 1
        --- pkg
        from .impl import Client, get
        __all__ = ["Client", "get"]
        for _name in __all__:
            locals()[_name].__module__ = __name__
        +++ pkg__impl
        def get(x, y=2): return x + y
        class Base: pass
        class Client(Base):
            def go(self, n=2): return n
        +++ pkg
        from .impl import Client, get
        __all__ = ["Client", "get"]
        for _name in __all__:
            locals()[_name].__module__ = __name__
        === hold
        c = pkg.Client(); get = pkg.get
        === ask
        (c.go(), get(1), type(c).__module__ == pkg.__name__, get.__module__ == pkg.__name__)
    """,
    "a package keeps its own namespace under a name": """
        --- pkg__impl
        class A: pass
        class B: pass
        --- pkg
        from .impl import A, B
        __all__ = ["A"]
        __locals = locals()
        for __name in __all__:
            setattr(__locals[__name], "__module__", __name__)
        +++ pkg__impl
        class A: pass
        class B: pass
        +++ pkg
        from .impl import A, B
        __all__ = ["A", "B"]
        __locals = locals()
        for __name in __all__:
            setattr(__locals[__name], "__module__", __name__)
        === ask
        vars(pkg)["__locals"] is vars(pkg)
        (pkg.A.__module__ == pkg.__name__, pkg.B.__module__ == pkg.__name__)
    """,
}
