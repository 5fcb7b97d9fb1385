"""Functions at module level: signatures, decorators, adoption; what registers is not run twice."""

from __future__ import annotations

import pytest

from flyhot_asgi.engine import verify

from .pairs import pair
from .snapshot import Snapshot

RIGHT = {
    "signature and defaults": """
        --- m
        def f(a, b=1, *, c=2) -> int: return a
        async def g(a: int): return a
        --- n
        from .m import f, g
        +++ m
        def f(a, b=3, d=4, *, c=5, e=6) -> str: return a, b
        async def g(a: str, *args, **kw): return a
        """,
    "decorator added in one module": """
        --- m
        import functools
        def deco(f):
            @functools.wraps(f)
            def wrapper(*args): return ["w", f(*args)]
            return wrapper
        def f(x): return x
        --- n
        from .m import f
        +++ m
        import functools
        def deco(f):
            @functools.wraps(f)
            def wrapper(*args): return ["w", f(*args)]
            return wrapper
        @deco
        def f(x): return x
        """,
    "decorator added from another module": """
        --- d
        import functools
        def deco(f):
            @functools.wraps(f)
            def wrapper(*args): return ["w", f(*args)]
            return wrapper
        --- m
        def f(x): return x
        --- n
        from .m import f
        g = f
        +++ m
        from .d import deco
        @deco
        def f(x): return x
        """,
    "decorator removed": """
        --- d
        import functools
        def deco(f):
            @functools.wraps(f)
            def wrapper(*args): return ["w", f(*args)]
            return wrapper
        --- m
        from .d import deco
        @deco
        def f(x): return x
        --- n
        from .m import f
        +++ m
        from .d import deco
        def f(x): return x
        """,
    "decorator exchanged": """
        --- m
        import functools
        def one(f):
            @functools.wraps(f)
            def wrapper(*args): return ["one", f(*args)]
            return wrapper
        def two(f):
            @functools.wraps(f)
            def wrapper(*args): return ["two", f(*args)]
            return wrapper
        @one
        def f(x): return x
        --- n
        from .m import f
        +++ m
        import functools
        def one(f):
            @functools.wraps(f)
            def wrapper(*args): return ["one", f(*args)]
            return wrapper
        def two(f):
            @functools.wraps(f)
            def wrapper(*args): return ["two", f(*args)]
            return wrapper
        @two
        def f(x): return x
        """,
    "two decorators, arguments change": """
        --- m
        import functools
        def times(n):
            def deco(f):
                @functools.wraps(f)
                def wrapper(*args): return [f(*args) for _ in range(n)]
                return wrapper
            return deco
        @times(2)
        @times(3)
        def f(x): return x
        --- n
        from .m import f
        +++ m
        import functools
        def times(n):
            def deco(f):
                @functools.wraps(f)
                def wrapper(*args): return [f(*args) for _ in range(n)]
                return wrapper
            return deco
        @times(4)
        @times(5)
        def f(x): return x + 1
        """,
    "the wrapper gains a free variable": """
        --- m
        import functools
        def deco(f):
            @functools.wraps(f)
            def wrapper(*args): return f(*args)
            return wrapper
        @deco
        def f(x): return x
        --- n
        from .m import f
        +++ m
        import functools
        def deco(f):
            name = f.__name__
            @functools.wraps(f)
            def wrapper(*args): return [name, f(*args)]
            return wrapper
        @deco
        def f(x): return x
        """,
    "lru_cache with other arguments": """
        --- m
        import functools
        @functools.lru_cache(maxsize=2)
        def f(x): return x
        --- n
        from .m import f
        +++ m
        import functools
        @functools.lru_cache(maxsize=4)
        def f(x): return x
        """,
    "attributes of functions": """
        --- m
        def tag(name):
            def deco(f):
                f.tag = name
                return f
            return deco
        @tag("a")
        def f(): return 1
        +++ m
        def tag(name):
            def deco(f):
                f.tag = name
                return f
            return deco
        @tag("b")
        def f(): return 1
        """,
    "overloads change": """
        --- m
        import typing
        @typing.overload
        def f(x: int) -> int: ...
        @typing.overload
        def f(x: str) -> str: ...
        def f(x): return x
        +++ m
        import typing
        @typing.overload
        def f(x: int) -> int: ...
        @typing.overload
        def f(x: bytes) -> bytes: ...
        def f(x): return [x]
        """,
    "contextmanager": """
        --- m
        import contextlib
        @contextlib.contextmanager
        def f(x): yield x
        +++ m
        import contextlib
        @contextlib.contextmanager
        def f(x, y=1): yield x, y
        """,
    "added functions": """
        --- m
        def a(): return 1
        +++ m
        import functools
        def deco(f):
            @functools.wraps(f)
            def wrapper(): return f()
            return wrapper
        @deco
        def b(): return 2
        @functools.lru_cache
        def c(x): return x
        def a(): return b(), c(1)
        async def d(): yield 1
        """,
    "renamed": """
        --- m
        def helper(): return 1
        def f(): return helper()
        --- n
        from .m import helper
        def g(): return helper()
        +++ m
        def aide(): return 1
        def f(): return aide()
        +++ n
        from .m import aide
        def g(): return aide()
        """,
    "a function becomes a constant, a class, an import": """
        --- m
        def a(): return 1
        def b(): return 1
        def c(): return 1
        --- n
        from .m import a, b, c
        +++ m
        a = 1
        class b: x = 1
        from json import dumps as c
        """,
    "a constant becomes a function": """
        --- m
        a = 1
        import json as b
        --- n
        from .m import a, b
        +++ m
        def a(): return 1
        def b(): return 1
        """,
    "wrapper that counts at run time": """
        --- m
        import functools
        CALLS = {}
        def counted(f):
            @functools.wraps(f)
            def wrapper(*args):
                CALLS[f.__name__] = CALLS.get(f.__name__, 0) + 1
                return f(*args)
            return wrapper
        @counted
        def f(x): return x
        +++ m
        import functools
        CALLS = {}
        def counted(f):
            @functools.wraps(f)
            def wrapper(*args):
                CALLS[f.__name__] = CALLS.get(f.__name__, 0) + 1
                return f(*args)
            return wrapper
        @counted
        def f(x, y=2): return x, y
        """,
    "handlers of a registry come": """
        --- m
        HANDLERS = {}
        def on(name):
            def deco(f):
                HANDLERS[name] = f
                return f
            return deco
        @on("a")
        def a(): return 1
        +++ m
        HANDLERS = {}
        def on(name):
            def deco(f):
                HANDLERS[name] = f
                return f
            return deco
        @on("a")
        def a(): return 2
        @on("b")
        def b(): return 3
        """,
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_functions_are_those_of_a_cold_import(lab, text):
    old, new = pair(text)
    lab(**old).brings(**new)


REFUSED = {
    "a registering decorator": (
        """
        --- m
        SEEN = []
        def register(f):
            SEEN.append(f)
            return f
        @register
        def f(x): return x
        +++ m
        SEEN = []
        def register(f):
            SEEN.append(f)
            return f
        @register
        def f(x, y): return x
        """,
        "enter it",
    ),
    "a decorator that registers through another function": (
        """
        --- m
        SEEN = []
        def _enter(f): SEEN.append(f)
        def register(f):
            _enter(f)
            return f
        @register
        def f(x): return x
        +++ m
        SEEN = []
        def _enter(f): SEEN.append(f)
        def register(f):
            _enter(f)
            return f
        @register
        def f(x, y): return x
        """,
        "enter it",
    ),
    "a decorator that registers through an alias": (
        """
        --- m
        SEEN = []
        def register(f):
            seen = SEEN
            seen.append(f)
            return f
        @register
        def f(x): return x
        +++ m
        SEEN = []
        def register(f):
            seen = SEEN
            seen.append(f)
            return f
        @register
        def f(x, y): return x
        """,
        "enter it",
    ),
    "a decorating object": (
        """
        --- m
        class Bus:
            def __init__(self): self.seen = []
            def on(self, name):
                def deco(f):
                    self.seen.append(f)
                    return f
                return deco
        bus = Bus()
        @bus.on("x")
        def f(x): return x
        +++ m
        class Bus:
            def __init__(self): self.seen = []
            def on(self, name):
                def deco(f):
                    self.seen.append(f)
                    return f
                return deco
        bus = Bus()
        @bus.on("x")
        def f(x, y): return x
        """,
        "enter it",
    ),
    "a decorating class": (
        """
        --- m
        class Task:
            every = []
            def __init__(self, f):
                self.f = f
                Task.every.append(self)
        @Task
        def f(x): return x
        +++ m
        class Task:
            every = []
            def __init__(self, f):
                self.f = f
                Task.every.append(self)
        @Task
        def f(x, y): return x
        """,
        "the old is held by",
    ),
    "atexit": (
        """
        --- m
        def f(): return 1
        +++ m
        import atexit
        def f(): return 1
        @atexit.register
        def bye(): return 1
        """,
        "enter it",
    ),
    "singledispatch": (
        """
        --- m
        import functools
        @functools.singledispatch
        def f(x): return 1
        @f.register
        def _(x: int): return 2
        +++ m
        import functools
        @functools.singledispatch
        def f(x, y=1): return 1
        @f.register
        def _(x: int): return 2
        """,
        "enter it",
    ),
    "deleted but registered": (
        """
        --- m
        SEEN = []
        def register(f):
            SEEN.append(f)
            return f
        @register
        def f(x): return x
        +++ m
        SEEN = []
        def register(f):
            SEEN.append(f)
            return f
        """,
        "gone",
    ),
    "a decorator ran other code at import": (
        """
        --- m
        SEEN = []
        def register(f):
            SEEN.append(f)
            return f
        @register
        def f(x): return x
        +++ m
        SEEN = []
        def register(f):
            SEEN.append((f, 1))
            return f
        @register
        def f(x): return x
        """,
        "whose code changed",
    ),
}


ENTERED = (
    "a registering decorator",
    "a decorator that registers through another function",
    "a decorator that registers through an alias",
    "a decorating object",
    "deleted but registered",
    "a decorator ran other code at import",
)
"""Refused while nothing is known but the source; entered where they stood when it is looked at where that is."""


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in ENTERED])
def test_refused(lab, name):
    text, words = REFUSED[name]
    old, new = pair(text)
    refusal = lab(**old).refused(**new)
    assert words in refusal.reason


@pytest.mark.parametrize("name", ENTERED)
def test_entered_where_it_stood(lab, name):
    old, new = pair(REFUSED[name][0])
    app = lab(**old)
    before = Snapshot(app.top)
    app.arrive(**new)
    assert app.differs(**new) == []
    app.undo()
    assert before.differences() == []
    before.release()


MAKER = "def make(a, b):\n    def inner(x):\n        return x, a\n    return inner\n"
CLOSURES = {
    "a free variable more": (MAKER, MAKER.replace("x, a", "x, a, b"), "`b`"),
    "a parameter more": (MAKER, MAKER.replace("inner(x)", "inner(x, y=2)"), "parameters"),
    "another default": (
        MAKER.replace("inner(x)", "inner(x, y=1)"),
        MAKER.replace("inner(x)", "inner(x, y=2)"),
        "parameters",
    ),
    "gone": (MAKER, MAKER.replace("inner", "other"), "no counterpart"),
    "a lambda with another default": (
        "def make(a, b):\n    return lambda x, y=1: x\n",
        "def make(a, b):\n    return lambda x, y=2: x\n",
        "parameters",
    ),
}


@pytest.mark.parametrize(("old", "new", "words"), CLOSURES.values(), ids=CLOSURES)
def test_a_living_closure_that_cannot_follow_is_refused(lab, old, new, words):
    app = lab(m=old)
    held = [app.m.make(1, 2)]
    refusal = app.refused(m=new)
    assert words in refusal.reason
    assert held


@pytest.mark.parametrize(("old", "new", "words"), CLOSURES.values(), ids=CLOSURES)
def test_without_a_living_closure_it_goes_through(lab, old, new, words):
    lab(m=old).brings(m=new)


def test_a_living_closure_loses_a_free_variable(lab):
    app = lab(m=MAKER.replace("x, a", "x, a, b"))
    held = app.m.make(1, 2)
    app.upgrade(m=MAKER)
    assert held(3) == (3, 1)
    app.undo()
    assert held(3) == (3, 1, 2)


def test_held_functions_run_the_new_code(lab):
    app = lab(m="import functools\ndef f(x): return 'old'\n")
    held = [app.m.f, functools_partial(app.m.f, 1), {"f": app.m.f}["f"]]
    app.upgrade(m="import functools\ndef f(x): return 'new'\n")
    assert held[0](1) == "new"
    assert held[1]() == "new"
    assert held[2](1) == "new"


def functools_partial(*args):
    import functools

    return functools.partial(*args)


def test_a_deleted_function_that_somebody_holds_is_refused(lab):
    app = lab(m="def f(): return 1\ndef g(): return 2\n")
    app.m.g.held = [app.m.f]
    refusal = app.refused(m="def g(): return 2\n")
    assert "still held" in refusal.reason


def test_a_deleted_function_that_only_the_program_around_the_app_holds_is_noted(lab):
    app = lab(m="def f(): return 1\ndef g(): return 2\n")
    held = [app.m.f]
    plan = app.brings(m="def g(): return 2\n")
    assert any(".f` lives on outside of the app" in note for note in plan.notes)
    assert held


def test_a_deleted_cache_that_somebody_holds_is_refused(lab):
    app = lab(m="import functools\n@functools.lru_cache\ndef f(x): return 1\ndef g(): return 2\n")
    app.m.g.held = [app.m.f]
    refusal = app.refused(m="import functools\ndef g(): return 2\n")
    assert "still held" in refusal.reason


def test_a_decorated_function_held_elsewhere_keeps_its_identity_or_is_refused(lab):
    deco = "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def w(*a): return ['w', f(*a)]\n    return w\n"
    app = lab(m=deco + "def f(x): return x\n")
    held = [app.m.f]
    app.upgrade(m=deco + "@deco\ndef f(x): return x\n")
    assert held[0](1) == app.m.f(1) == ["w", 1]
    app.upgrade(m=deco + "def f(x): return x + 1\n")
    assert held[0](1) == app.m.f(1) == 2


@pytest.mark.parametrize("with_arguments", [True, False])
def test_caches_of_changed_functions_are_emptied(lab, with_arguments):
    argument = "x" if with_arguments else ""
    text = (
        f"import functools\nRATE = 1\ndef g(): return RATE\n@functools.lru_cache\ndef f({argument}): return 'a', g()\n"
    )
    app = lab(m=text)
    call = (lambda: app.m.f(1)) if with_arguments else (lambda: app.m.f())
    assert call() == ("a", 1)
    app.upgrade(m=text.replace("'a'", "'b'"))
    assert call() == ("b", 1)
    app.upgrade(m=text.replace("'a'", "'b'").replace("RATE = 1", "RATE = 2"))
    assert call() == ("b", 2)


def test_a_cached_singleton_lives_on(lab):
    text = "import functools\nclass C: pass\n@functools.lru_cache\ndef f(): return C()\n"
    app = lab(m=text)
    one = app.m.f()
    plan = app.upgrade(m=text.replace("return C()", "return [C()][0]"))
    assert app.m.f() is one
    assert any("cache" in note for note in plan.notes)


def test_a_closure_that_only_a_running_frame_holds_is_left_to_the_verification(lab):
    app = lab(m=MAKER)
    held = app.m.make(1, 2)
    plan = app.plan(m=MAKER.replace("inner", "other"))
    assert plan.refusals == []
    patch = app.apply(plan, app.journal)
    assert "not the release's" in str(verify(patch)[0])
    app.undo()
    app.collector.end()
    assert held(3) == (3, 1)
