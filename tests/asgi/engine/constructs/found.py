"""What random releases found (tests/asgi/engine/generated), made small."""

CASES = {
    "a held function becomes a lambda": """
        --- m
        def f(x=1, *, y=2): return x, y
        +++ m
        f = lambda x=1: (x, 3)
        === hold
        lib.append(m.f)
        === ask
        m.f()
        lib[0]()
    """,
    "a container moves, and a class has it": """
        --- low
        X = 1
        --- mid
        ROWS = {0, 2}
        --- m
        from .mid import ROWS
        class C:
            base = ROWS
        +++ low
        X = 1
        ROWS = {0, 2}
        +++ mid
        +++ m
        from .low import ROWS
        class C:
            base = ROWS
        === ask
        m.C.base is m.ROWS
    """,
    "a closure moves, and a list has it": """
        --- low
        def maker(n):
            def made(): return n
            return made
        --- m
        from . import low
        f = low.maker(4)
        ROWS = [f, 0]
        +++ low
        def maker(n):
            def made(): return n
            return made
        f = maker(4)
        +++ m
        from . import low
        ROWS = [low.f, 0]
        === ask
        m.ROWS[0] is low.f
    """,
    "an annotation goes at module level": """
        --- m
        n: int = 3
        o: int = 4
        +++ m
        n = 2
        o: int = 4
        === ask
        sorted(m.__annotations__)
        m.n
    """,
    "an annotation goes in a class": """
        --- m
        class C:
            n: int = 3
            o: int = 4
        +++ m
        class C:
            n = 3
            o: int = 4
        === ask
        sorted(m.C.__annotations__)
    """,
    "a container that the program filled moves behind a star import": """
        --- low
        ROWS = [0, 4]
        --- m
        from .low import *
        +++ low
        +++ m
        from .low import *
        ROWS = [0, 4]
        === use
        m.ROWS.append(7)
        === ask
        m.ROWS => [0, 4, 7]
    """,
    "what a decorator notes changes": """
        --- parts
        def label(n):
            def put(f):
                f.label = (n, 1)
                return f
            return put
        --- m
        from .parts import label
        @label(0)
        def f(): return 1
        +++ parts
        def label(n):
            def put(f):
                f.label = (n, 2)
                return f
            return put
        === ask
        m.f.label
    """,
    "a class moves, and its metaclass lists it": """
        --- parts
        class Meta(type):
            made = []
            def __new__(mcs, name, bases, namespace):
                mcs.made.append(name)
                return super().__new__(mcs, name, bases, namespace)
        --- low
        X = 1
        --- m
        from .parts import Meta
        class A(metaclass=Meta): pass
        +++ low
        X = 1
        from .parts import Meta
        class A(metaclass=Meta): pass
        +++ m
        from .parts import Meta
        === ask
        parts.Meta.made
    """,
    "a name comes from another star import": """
        --- parts
        def counter(n):
            def count(): return n
            return count
        --- low
        X = 1
        --- mid
        from .parts import counter
        c = counter(3)
        --- m
        from .low import *
        from .mid import *
        +++ low
        from .parts import counter
        c = counter(3)
        +++ mid
        Y = 1
        === ask
        m.c is low.c
    """,
    "a method gets a decorator of another module": """
        --- n
        import functools
        LOG = []
        def deco(f):
            @functools.wraps(f)
            def wrapper(*a):
                LOG.append(1)
                return "n", f(*a)
            return wrapper
        --- m
        from .n import deco
        X = 1
        class A:
            def f(self): return X
            @deco
            def g(self): return X
        +++ n
        import functools
        LOG = []
        def deco(f):
            @functools.wraps(f)
            def wrapper(*a):
                LOG.append(1)
                return "n", f(*a)
            return wrapper
        +++ m
        from .n import deco
        X = 1
        class A:
            @deco
            def f(self): return X + 1
            def g(self): return X + 1
        === hold
        a, f, g = m.A(), m.A.f, m.A.g
        === ask
        f(a), g(a)
        a.f(), a.g()
        f is m.A.f, g is m.A.g
    """,
    "a held lambda becomes a decorated function": """
        --- m
        def deco(f):
            def wrapper(*args): return "d", f(*args)
            return wrapper
        f = lambda x=0: (x, 2)
        +++ m
        def deco(f):
            def wrapper(*args): return "d", f(*args)
            return wrapper
        def keep(f):
            f.kept = 1
            return f
        @keep
        @deco
        def f(x=0): return x, 0, 2
        === hold
        held = m.f
        === ask
        held()
        held is m.f
    """,
    "a singledispatch function's default changes": """
        --- m
        import functools
        @functools.singledispatch
        def f(x=1): return x, 2
        @f.register
        def _f_int(x: int): return 1
        +++ m
        import functools
        @functools.singledispatch
        def f(x=0): return x, 2
        @f.register
        def _f_int(x: int): return 1
        === hold
        held = m.f
        === ask
        held(3)
        held("a")
        held is m.f
    """,
    "a named tuple's default changes, and a list has instances": """
        --- low
        import typing
        class P(typing.NamedTuple):
            n: int = 4
        --- m
        from .low import P
        ROWS = [P(), P()]
        +++ low
        import typing
        class P(typing.NamedTuple):
            n: int = 3
        +++ m
        from .low import P
        ROWS = [P(), P()]
        === ask
        m.ROWS
    """,
    "instances of classes that derive from built-in types": """
        --- low
        SIZE = 1
        class Rows(list):
            def __init__(self): super().__init__([SIZE] * SIZE)
        class Name(str):
            def __new__(cls): return super().__new__(cls, "old")
        class Table(dict):
            def __init__(self): super().__init__(a=SIZE)
        class Number(int):
            def __new__(cls): return super().__new__(cls, 1)
        --- m
        from .low import Rows, Name, Table, Number
        ALL = [Rows(), Name(), Table(), Number()]
        +++ low
        SIZE = 2
        class Rows(list):
            def __init__(self): super().__init__([SIZE] * SIZE)
        class Name(str):
            def __new__(cls): return super().__new__(cls, "new")
        class Table(dict):
            def __init__(self): super().__init__(a=SIZE)
        class Number(int):
            def __new__(cls): return super().__new__(cls, 2)
        +++ m
        from .low import Rows, Name, Table, Number
        ALL = [Rows(), Name(), Table(), Number()]
        === ask
        m.ALL
    """,
    "a decorated function comes out of a block": """
        --- m
        import contextlib
        @contextlib.contextmanager
        def f(x=1):
            yield x, 1
        +++ m
        import contextlib
        try:
            def f(x=1): return x, 1
        finally:
            pass
        === hold
        lib.append(m.f)
        held = m.f
        === ask
        held()
    """,
    "docstrings of decorated methods": """
        --- m
        import contextlib, functools
        class C:
            @contextlib.contextmanager
            def opened(self):
                "Old."
                yield 1
            @functools.cached_property
            def cached(self):
                "Old."
                return 1
            @property
            def plain(self):
                "Old."
                return 1
            @classmethod
            def made(cls):
                "Old."
                return cls()
        +++ m
        import contextlib, functools
        class C:
            @contextlib.contextmanager
            def opened(self):
                "New."
                yield 1
            @functools.cached_property
            def cached(self):
                "New."
                return 1
            @property
            def plain(self):
                "New."
                return 1
            @classmethod
            def made(cls):
                "New."
                return cls()
        === hold
        held = m.C().opened, m.C.made
        === ask
        m.C.opened.__doc__
        held[0].__doc__
        held[1].__doc__
        m.C.cached.__doc__
        m.C.plain.__doc__
    """,
    "a class moves out of a module that goes, with a block and an object of another's": """
        --- parts
        class Table:
            def __init__(self): self.entries = {}
            def put(self, key, value): self.entries[key] = value
        table = Table()
        --- low
        from .parts import table
        --- mid
        from .parts import table
        class C(object):
            base = 1
            @classmethod
            def m(cls, x=4): return cls.__name__, x
            n: int = 0
        try:
            import no_such
        except ImportError:
            seven = 1
        eight = table
        table.put('p', seven)
        --- m
        from . import low
        from . import mid
        one: int | tuple = 1
        +++ low
        from .parts import table
        class C(object):
            base = 1
            @classmethod
            def m(cls, x=4): return cls.__name__, x
            n: int = 0
        try:
            import no_such
        except ImportError:
            seven = 1
        eight = table
        table.put('p', seven)
        xxx mid
        +++ m
        from . import low
        one: int | tuple = 2
    """,
    "a container that another has, two levels deep, moves": """
        --- low
        X = 1
        --- m
        from . import low
        ROWS = []
        TABLE = {}
        for i in range(3):
            TABLE[i] = ROWS, 2
        +++ low
        X = 1
        ROWS = []
        +++ m
        from . import low
        TABLE = {}
        for i in range(3):
            TABLE[i] = low.ROWS, 2
        === ask
        m.TABLE[0][0] is m.low.ROWS
    """,
}
