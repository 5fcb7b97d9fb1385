"""Bodies swapped on every living function object, moves, modules that come and go: pairs of releases, each compared
with a cold import of the second, undone exactly."""

from __future__ import annotations

import enum
import textwrap
from typing import Any

import pytest

from .pairs import pair

BODIES = {
    "plain function": """
        --- m
        def f(): return 1
        +++ m
        def f(): return 2
        """,
    "docstring": """
        --- m
        def f():
            "one"
        class C:
            "one"
            def g(self):
                "one"
        +++ m
        "module"
        def f():
            "two"
        class C:
            "two"
            def g(self):
                "two"
        """,
    "docstrings gone": """
        --- m
        "module"
        def f():
            "one"
            return 1
        class C:
            "one"
            def g(self):
                "one"
                return 1
        +++ m
        def f():
            return 1
        class C:
            def g(self):
                return 1
        """,
    "docstrings new": """
        --- m
        def f():
            return 1
        class C:
            x = 1
            def g(self):
                return 1
        +++ m
        "module"
        def f():
            "one"
            return 1
        class C:
            "one"
            x = 1
            def g(self):
                "one"
                return 1
        """,
    "comments only": """
        --- m
        x = [1]
        def f(): return x
        class C:
            def g(self): return 1
        +++ m
        # a comment
        x = [1]

        # another
        def f(): return x


        class C:
            # third
            def g(self): return 1  # fourth
        """,
    "reordered": """
        --- m
        def a(): return b()
        class C:
            def x(self): return 1
            def y(self): return 2
        def b(): return 1
        K = 1
        +++ m
        K = 1
        def b(): return 1
        class C:
            def y(self): return 2
            def x(self): return 1
        def a(): return b()
        """,
    "methods of all kinds": """
        --- m
        class C:
            def plain(self): return 1
            @staticmethod
            def static(): return 1
            @classmethod
            def of(cls): return 1
            @property
            def p(self): return 1
            @p.setter
            def p(self, value): self.v = value
            async def co(self): return 1
            def gen(self): yield 1
            async def agen(self): yield 1
        +++ m
        class C:
            def plain(self): return 2
            @staticmethod
            def static(): return 2
            @classmethod
            def of(cls): return 2
            @property
            def p(self): return 2
            @p.setter
            def p(self, value): self.v = value + 1
            async def co(self): return 2
            def gen(self): yield 2
            async def agen(self): yield 2
        """,
    "lambdas in a dict": """
        --- m
        TABLE = {"a": lambda: 1, "b": lambda x: x}
        +++ m
        TABLE = {"a": lambda: 2, "b": lambda x: x + 1}
        """,
    "wrapper and wrapped": """
        --- d
        import functools
        def deco(f):
            @functools.wraps(f)
            def wrapper(*args):
                return ("old", f(*args))
            return wrapper
        --- m
        from .d import deco
        @deco
        def f(x): return x
        +++ d
        import functools
        def deco(f):
            @functools.wraps(f)
            def wrapper(*args):
                return ("new", f(*args))
            return wrapper
        +++ m
        from .d import deco
        @deco
        def f(x): return x + 1
        """,
    "decorator with arguments": """
        --- m
        import functools
        def times(n):
            def deco(f):
                @functools.wraps(f)
                def wrapper(*args): return [f(*args) for _ in range(n)]
                return wrapper
            return deco
        @times(2)
        def f(): return 1
        +++ m
        import functools
        def times(n):
            def deco(f):
                @functools.wraps(f)
                def wrapper(*args): return [f(*args) for _ in range(n + 1)]
                return wrapper
            return deco
        @times(2)
        def f(): return 5
        """,
    "super() comes": """
        --- m
        class A:
            def f(self): return 1
        class B(A):
            def f(self): return 2
            def g(self): return 3
        +++ m
        class A:
            def f(self): return 1
        class B(A):
            def f(self): return super().f() + 2
            def g(self): return __class__
        """,
    "super() goes": """
        --- m
        class A:
            def f(self): return 1
        class B(A):
            def f(self): return super().f() + 2
        +++ m
        class A:
            def f(self): return 1
        class B(A):
            def f(self): return 2
        """,
    "nested functions": """
        --- m
        def outer(x):
            def inner(y):
                return lambda z: (x, y, z)
            return inner
        +++ m
        def outer(x):
            def inner(y):
                return lambda z: (x, y, z, "new")
            return inner
        """,
    "contextmanager, cache, partial, cached_property": """
        --- m
        import contextlib, functools
        @contextlib.contextmanager
        def ctx(): yield 1
        @functools.lru_cache
        def cached(x): return x
        def base(a, b): return a
        part = functools.partial(base, 1)
        class C:
            @functools.cached_property
            def p(self): return 1
        +++ m
        import contextlib, functools
        @contextlib.contextmanager
        def ctx(): yield 2
        @functools.lru_cache
        def cached(x): return x + 1
        def base(a, b): return b
        part = functools.partial(base, 1)
        class C:
            @functools.cached_property
            def p(self): return 2
        """,
    "overloads": """
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
        def f(x: str) -> str: ...
        def f(x): return [x]
        """,
    "functions in blocks": """
        --- m
        import sys
        if sys.version_info >= (3, 0):
            def f(): return 1
        else:
            def f(): return 0
        try:
            import nothing_like_this
        except ImportError:
            def g(): return 1
        +++ m
        import sys
        if sys.version_info >= (3, 0):
            def f(): return 2
        else:
            def f(): return 0
        try:
            import nothing_like_this
        except ImportError:
            def g(): return 2
        """,
    "generator and coroutine flips of undecorated functions": """
        --- m
        def f(): return 1
        async def g(): return 1
        +++ m
        def f(): yield 1
        def g(): return 1
        """,
    "enum, dataclass and protocol bodies": """
        --- m
        import dataclasses, enum, typing
        class E(enum.Enum):
            A = 1
            def f(self): return 1
        @dataclasses.dataclass
        class D:
            x: int = 1
            def f(self): return 1
        class P(typing.Protocol):
            def f(self): return 1
        class N(typing.NamedTuple):
            x: int
            def f(self): return 1
        +++ m
        import dataclasses, enum, typing
        class E(enum.Enum):
            A = 1
            def f(self): return 2
        @dataclasses.dataclass
        class D:
            x: int = 1
            def f(self): return 2
        class P(typing.Protocol):
            def f(self): return 2
        class N(typing.NamedTuple):
            x: int
            def f(self): return 2
        """,
    "PEP 563": """
        --- m
        from __future__ import annotations
        def f(x: Later) -> int: return 1
        class Later:
            y: int = 1
            def g(self, z: int) -> Later: return self
        +++ m
        from __future__ import annotations
        def f(x: Later) -> str: return "2"
        class Later:
            y: int = 2
            def g(self, z: str) -> Later: return None
        """,
}

MODULES = {
    "a new module": """
        --- m
        def f(): return 1
        +++ m
        from .new import g
        def f(): return g()
        +++ new
        def g(): return 2
        """,
    "a new module in a new package": """
        --- m
        def f(): return 1
        +++ m
        from .pkg.new import g
        def f(): return g()
        +++ pkg
        from .new import g as h
        +++ pkg.new
        def g(): return 2
        """,
    "a module is gone": """
        --- m
        from .old import g
        def f(): return g()
        --- old
        def g(): return 2
        +++ m
        def f(): return 3
        xxx old
        """,
    "circular imports": """
        --- a
        from . import b
        X = 1
        def f(): return b.g()
        --- b
        from . import a
        def g(): return a.X
        +++ a
        from . import b
        X = 2
        def f(): return b.g() + 1
        +++ b
        from . import a
        def g(): return a.X + 10
        def h(): return a.f()
        """,
    "re-exports of a package": """
        --- pkg
        from .one import f
        __all__ = ["f"]
        --- pkg.one
        def f(): return 1
        --- m
        from .pkg import f
        +++ pkg
        from .one import f, g
        __all__ = ["f", "g"]
        +++ pkg.one
        def f(): return 2
        def g(): return 3
        +++ m
        from .pkg import f, g
        """,
    "a function moves, its old home imports it": """
        --- one
        def f(): return 1
        def stay(): return f()
        --- two
        def other(): return 1
        --- m
        from .one import f
        +++ one
        from .two import f
        def stay(): return f()
        +++ two
        def other(): return 1
        def f(): return 2
        """,
    "main guard and TYPE_CHECKING": """
        --- m
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from nowhere import Thing
        def f(x: "Thing"): return 1
        if __name__ == "__main__":
            print(f(1))
        +++ m
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from nowhere import Thing, Other
        def f(x: "Thing"): return 2
        if __name__ == "__main__":
            print(f(2), 3)
        """,
    "an import moves under TYPE_CHECKING": """
        --- m
        from typing import TYPE_CHECKING
        from .n import Thing
        def f(x: "Thing"): return 1
        --- n
        class Thing: pass
        +++ m
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from .n import Thing
        def f(x: "Thing"): return 1
        """,
}


@pytest.mark.parametrize("text", BODIES.values(), ids=BODIES)
def test_bodies_are_those_of_a_cold_import(lab, text):
    old, new = pair(text)
    lab(**old).brings(**new)


@pytest.mark.parametrize("text", MODULES.values(), ids=MODULES)
def test_modules_are_those_of_a_cold_import(lab, text):
    old, new = pair(text)
    lab(**old).brings(**new)


def test_what_a_library_s_base_gave_a_class_is_not_poured_into(lab):
    """An enum has `Enum.__new__` among its own members; a decorator wraps it."""
    text = "import enum\nclass E(enum.Enum):\n    A = 1\n"
    new: Any = enum.Enum.__new__
    code = new.__code__
    app = lab(m=text)
    try:
        app.arrive(m=text.replace("class", "from typing_extensions import deprecated\n@deprecated('soon')\nclass", 1))
        assert new.__code__ is code
        with pytest.warns(DeprecationWarning, match="soon"):
            assert app.m.E(1) is app.m.E.A
        app.undo()
        assert new.__code__ is code and app.m.E(1) is app.m.E.A
    finally:
        new.__code__ = code


def test_a_method_in_the_place_of_a_librarys_function_leaves_that_function_alone(lab):
    app = lab(m="import textwrap\nclass C:\n    parse = textwrap.dedent\n    show = staticmethod(textwrap.indent)\n")
    indent = "    @staticmethod\n    def show(text, by): return 'shown'\n"
    app.upgrade(m=f"class C:\n    def parse(self): return 'mine'\n{indent}")
    assert (app.m.C().parse(), app.m.C.show("a", "b")) == ("mine", "shown")
    assert (textwrap.dedent("  a"), textwrap.indent("a", " ")) == ("a", " a")
