"""What functions keep between their calls in the defaults of their parameters: it is state, and it is undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyhot_asgi.engine.source.defaults import stable_defaults
from flyhot_asgi.engine.source.module import SourceModule

from .constructs.case import case, judge

CASES = {
    "library keeps state in a default": """
        --- m
        def remember(f, cache={}):
            cache[f.__name__] = f
            return f
        @remember
        def a(): return 1
        def ask(n): return remember.__defaults__[0][n]()
        +++ m
        def remember(f, cache={}):
            cache[f.__name__] = f
            return f
        @remember
        def a(): return 2
        @remember
        def b(): return 3
        def ask(n): return remember.__defaults__[0][n]()
        === ask
        m.ask("a")
        m.ask("b")
        m.remember.__defaults__[0] is m.ask.__globals__['remember'].__defaults__[0]
        sorted(m.remember.__defaults__[0])
    """,
    "own default changes with state": """
        --- m
        def count(k, seen={}):
            seen[k] = seen.get(k, 0) + 1
            return seen[k]
        +++ m
        def count(k, step=1, seen={}):
            seen[k] = seen.get(k, 0) + step
            return seen[k]
        === use
        m.count("a"); m.count("a")
        === ask
        m.count("a") => 3
    """,
    "own default with state, body changes": """
        --- m
        def count(k, seen={}):
            seen[k] = seen.get(k, 0) + 1
            return seen[k]
        +++ m
        def count(k, seen={}):
            seen[k] = seen.get(k, 0) + 10
            return seen[k]
        === use
        m.count("a"); m.count("a")
        === ask
        m.count("a") => 12
    """,
    "default keeps state, annotation changes": """
        --- m
        def count(k, seen={}):
            seen[k] = seen.get(k, 0) + 1
            return seen[k]
        +++ m
        def count(k: str, seen: dict = {}) -> int:
            seen[k] = seen.get(k, 0) + 1
            return seen[k]
        === use
        m.count("a"); m.count("a")
        === ask
        m.count("a") => 3
    """,
    "method default keeps state": """
        --- m
        class C:
            def count(self, k, seen={}):
                seen[k] = seen.get(k, 0) + 1
                return seen[k]
        +++ m
        class C:
            def count(self, k, seen={}, step=2):
                seen[k] = seen.get(k, 0) + step
                return seen[k]
        === use
        m.C().count("a"); m.C().count("a")
        === ask
        m.C().count("a") => 4
    """,
    "kw default keeps state, decorated": """
        --- m
        import functools
        def deco(f):
            @functools.wraps(f)
            def w(*a, **k): return f(*a, **k)
            return w
        @deco
        def count(k, *, seen={}):
            seen[k] = seen.get(k, 0) + 1
            return seen[k]
        +++ m
        import functools
        def deco(f):
            @functools.wraps(f)
            def w(*a, **k): return f(*a, **k)
            return w
        @deco
        def count(k, *, seen={}, x=1):
            seen[k] = seen.get(k, 0) + 1
            return seen[k]
        === use
        m.count("a"); m.count("a")
        === ask
        m.count("a") => 3
    """,
    "default is an object with state": """
        --- m
        class Limiter:
            def __init__(self): self.n = 0
            def hit(self): self.n += 1; return self.n
        def serve(x, lim=Limiter()): return lim.hit()
        +++ m
        class Limiter:
            def __init__(self): self.n = 0
            def hit(self): self.n += 1; return self.n
        def serve(x, y=1, lim=Limiter()): return lim.hit()
        === use
        m.serve(1); m.serve(1)
        === ask
        m.serve(1) => 3
    """,
    "default shared with a name": """
        --- m
        STATE = {}
        def put(k, state=STATE): state[k] = 1
        def get(k, state=STATE): return state.get(k)
        +++ m
        STATE = {}
        def put(k, state=STATE, v=2): state[k] = v
        def get(k, state=STATE): return state.get(k)
        === use
        m.put("a")
        === ask
        m.get("a") => 1
        m.put("b") => None
        m.get("b") => 2
        m.STATE => {'a': 1, 'b': 2}
    """,
    "the text of the default changes": """
        --- m
        def count(k, seen={}):
            seen[k] = seen.get(k, 0) + 1
            return seen[k]
        +++ m
        def count(k, seen={"b": 5}):
            seen[k] = seen.get(k, 0) + 1
            return seen[k]
        === ask
        m.count("b")
    """,
    "a default that names what changes": """
        --- m
        A = 1
        def table(extra=[A]): return extra
        +++ m
        A = 2
        def table(extra=[A], more=1): return extra
        === ask
        m.table()
    """,
}


@pytest.mark.parametrize("name", CASES)
def test_defaults_keep_what_the_program_put_in(name: str, tmp_path: Path) -> None:
    verdict = judge(case(CASES[name]), tmp_path)
    assert verdict.word == "right", verdict.why


def test_stable_are_those_with_one_text_that_make_something_and_name_nothing() -> None:
    old, new = (
        SourceModule("m", "m.py", text)
        for text in (
            "class C:\n    def f(self, a={}, b=X, *, c=dict()): pass\ndef g(a={}, b=[1]): pass",
            "class C:\n    def f(self, z, a={}, b=X, *, d=1, c=dict()): pass\ndef g(a={1: 2}, b=[1], c=[X]): pass",
        )
    )
    assert stable_defaults(old, new) == {"C.f": frozenset({"a", "c"}), "g": frozenset({"b"})}
