"""Assignments, imports and calls at module level: what is executed again, what is refused, and with which words."""

from __future__ import annotations

import pytest

from .pairs import pair

RIGHT = {
    "constant with dependents in other modules": """
        --- conf
        LIMIT = 1
        NAMES = ["a"]
        --- m
        from .conf import LIMIT, NAMES
        from . import conf
        DOUBLE = LIMIT * 2
        OTHER = conf.LIMIT + 1
        def f(x=LIMIT, *, y=conf.LIMIT): return x, y
        class C:
            limit = LIMIT
            def g(self, x=LIMIT): return x
        +++ conf
        LIMIT = 7
        NAMES = ["a", "b"]
        """,
    "containers are poured": """
        --- m
        A = {"a": 1}
        B = [1, 2]
        C = {1, 2}
        D = (1, 2)
        ALIAS = A
        def f(): return A
        +++ m
        A = {"b": 1, "a": 2}
        B = [1]
        C = {3}
        D = (1, 3)
        ALIAS = A
        def f(): return A
        """,
    "ordered, default, counter, deque": """
        --- m
        from collections import OrderedDict, defaultdict, Counter, deque
        A = OrderedDict([("a", 1), ("b", 2)])
        B = defaultdict(list, {"a": [1]})
        C = Counter({"a": 1})
        D = deque([1, 2], maxlen=3)
        E = bytearray(b"abc")
        +++ m
        from collections import OrderedDict, defaultdict, Counter, deque
        A = OrderedDict([("b", 1), ("c", 2), ("a", 3)])
        B = defaultdict(dict, {"b": {}})
        C = Counter({"b": 1})
        D = deque([2, 3], maxlen=3)
        E = bytearray(b"abcd")
        """,
    "names come and go": """
        --- m
        A = 1
        B: int = 2
        def f(): return A
        +++ m
        B: str = 2
        C = 3
        D: dict = {"x": C}
        def f(): return C
        """,
    "imports come, go and change": """
        --- m
        import json
        import os.path as p
        from math import floor
        def f(): return floor(1.5)
        +++ m
        import json
        import os.path as q
        from math import ceil, floor as down
        from collections.abc import Callable
        def f(): return ceil(1.5), down(1.5)
        """,
    "a name is imported from elsewhere": """
        --- a
        def f(): return 1
        --- b
        def f(): return 2
        --- m
        from .a import f
        T = {"f": f}
        --- n
        from .m import f
        +++ m
        from .b import f
        T = {"f": f}
        """,
    "star import follows": """
        --- a
        X = 1
        def f(): return X
        --- m
        from .a import *
        +++ a
        X = 2
        Y = 3
        def f(): return X
        def g(): return Y
        """,
    "star import drops what is gone": """
        --- a
        X = 1
        def f(): return 1
        --- m
        from .a import *
        Z = 1
        +++ a
        X = 1
        """,
    "star import follows __all__": """
        --- a
        __all__ = ["x"]
        x = 1
        y = 2
        --- m
        from .a import *
        +++ a
        __all__ = ["y"]
        x = 1
        y = 2
        """,
    "conditional import changes": """
        --- m
        try:
            import nothing_like_this as fast
        except ImportError:
            import json as fast
        +++ m
        try:
            import nothing_like_that as fast
        except ImportError:
            import pickle as fast
        """,
    "paths, patterns and other values": """
        --- m
        import re, pathlib, datetime, decimal
        BASE = pathlib.Path("/srv")
        TEMPLATES = BASE / "templates"
        WORD = re.compile("a+")
        SOON = datetime.timedelta(seconds=1)
        PRICE = decimal.Decimal("1.5")
        def f(): return TEMPLATES
        +++ m
        import re, pathlib, datetime, decimal
        BASE = pathlib.Path("/srv")
        TEMPLATES = BASE / "html"
        WORD = re.compile("b+")
        SOON = datetime.timedelta(seconds=2)
        PRICE = decimal.Decimal("2.5")
        def f(): return TEMPLATES
        """,
    "type aliases": """
        --- m
        from typing import Any, Callable, Optional, Union
        Json = dict[str, Any]
        Fn = Callable[[int], str]
        Maybe = Optional[int]
        Either = int | str
        def f(x: Json, y: Maybe = None) -> Either: return x
        +++ m
        from typing import Any, Callable, Optional, Union
        Json = dict[str, int]
        Fn = Callable[[str], str]
        Maybe = Optional[str]
        Either = int | None
        def f(x: Json, y: Maybe = None) -> Either: return x
        """,
    "a lambda is defined anew": """
        --- m
        f = lambda x, n=1: x + n
        T = {"a": f, "b": lambda x: x}
        --- n
        from .m import f
        +++ m
        f = lambda x, n=2: x * n
        T = {"a": f, "b": lambda x, y=1: (x, y)}
        """,
    "lambdas that share a line": """
        --- m
        x = 1
        +++ m
        T = {"f": lambda: 2, "g": lambda x=0: x, "h": lambda: 2, "i": lambda: 3, "j": [lambda: lambda: 3]}
        x = 1
        """,
    "a lambda was called at import": """
        --- m
        WORDS = sorted(["bb", "a"], key=lambda word: len(word))
        ONE = (lambda: 1)()
        +++ m
        WORDS = sorted(["bb", "a"], key=lambda word: -len(word))
        ONE = (lambda: 2)()
        """,
    "a function was called by a builtin at import": """
        --- m
        def key(x): return x
        WORDS = sorted([1, 2], key=key)
        MAPPED = list(map(key, WORDS))
        +++ m
        def key(x): return -x
        WORDS = sorted([1, 2], key=key)
        MAPPED = list(map(key, WORDS))
        """,
    "a classmethod was called at import": """
        --- m
        class Conf:
            @classmethod
            def limit(cls): return 1
            def get(self): return 1
        LIMIT = Conf.limit()
        conf = Conf()
        GOT = conf.get()
        +++ m
        class Conf:
            @classmethod
            def limit(cls): return 2
            def get(self): return 2
        LIMIT = Conf.limit()
        conf = Conf()
        GOT = conf.get()
        """,
    "a nested function was called at import": """
        --- m
        def make():
            def inner(): return 1
            return inner()
        X = make()
        +++ m
        def make():
            def inner(): return 2
            return inner()
        X = make()
        """,
    "a helper was called at import": """
        --- a
        def inner(): return 1
        def outer(): return inner()
        --- m
        from .a import outer
        X = outer()
        Y = [X]
        +++ a
        def inner(): return 2
        def outer(): return inner()
        """,
    "unpacking": """
        --- m
        A, B = 1, 2
        C = A + B
        +++ m
        A, B = 1, 3
        C = A + B
        """,
    "split unpacking": """
        --- m
        A, B = 1, 2
        +++ m
        A = 1
        B = 3
        """,
    "functions in containers": """
        --- m
        def a(): return 1
        def b(): return 2
        TABLE = {"a": a}
        +++ m
        def a(): return 1
        def b(): return 2
        def c(): return 3
        TABLE = {"a": a, "b": b, "c": c}
        """,
    "a function and its entry go": """
        --- m
        def a(): return 1
        def b(): return 2
        TABLE = {"a": a, "b": b}
        LIST = [a, b]
        +++ m
        def a(): return 1
        TABLE = {"a": a}
        LIST = [a]
        """,
    "nested containers": """
        --- m
        CONF = {"a": {"x": 1}, "b": [1, 2]}
        INNER = CONF["a"]
        +++ m
        CONF = {"a": {"x": 2}, "b": [1, 2, 3], "c": {}}
        INNER = CONF["a"]
        """,
    "logger": """
        --- m
        import logging
        logger = logging.getLogger("one")
        def f(): logger.info("x")
        +++ m
        import logging
        logger = logging.getLogger("two")
        def f(): logger.info("y")
        """,
    "an enum member used as a constant": """
        --- m
        import enum
        class E(enum.Enum):
            A = 1
            B = 2
        MODE = E.A
        +++ m
        import enum
        class E(enum.Enum):
            A = 1
            B = 2
        MODE = E.B
        """,
    "augmented assignment": """
        --- m
        X = 1
        X += 1
        ALL = ["a"]
        ALL += ["b"]
        +++ m
        X = 5
        X += 1
        ALL = ["a"]
        ALL += ["b", "c"]
        """,
    "environment": """
        --- m
        import os
        HOME = os.environ.get("HOME", "/")
        NAME = os.getenv("NOBODY", "one")
        +++ m
        import os
        HOME = os.environ.get("HOME", "/x")
        NAME = os.getenv("NOBODY", "two")
        """,
    "context variables and locks stay": """
        --- m
        import asyncio, contextvars
        var = contextvars.ContextVar("var", default=1)
        lock = asyncio.Lock()
        X = 1
        def f(): return var, lock
        +++ m
        import asyncio, contextvars
        var = contextvars.ContextVar("var", default=1)
        lock = asyncio.Lock()
        X = 2
        def f(): return lock, var
        """,
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_values_are_those_of_a_cold_import(lab, text):
    old, new = pair(text)
    lab(**old).brings(**new)


REFUSED = {
    "part of an object": (
        """
        --- m
        class C: pass
        C.x = 1
        +++ m
        class C: pass
        C.x = 2
        """,
        "part of another",
    ),
    "part of an object, as a dependent": (
        """
        --- m
        class C: pass
        LIMIT = 1
        C.x = LIMIT
        +++ m
        class C: pass
        LIMIT = 2
        C.x = LIMIT
        """,
        "part of another",
    ),
    "a first-party object is made otherwise": (
        """
        --- m
        class Pool:
            def __init__(self, size): self.size = size
        pool = Pool(1)
        +++ m
        class Pool:
            def __init__(self, size): self.size = size
        pool = Pool(2)
        """,
        "living Pool with state",
    ),
    "a callable object depends on a constant": (
        """
        --- m
        RATE = 1
        class Limiter:
            def __init__(self, rate): self.rate, self.seen = rate, []
            def __call__(self): self.seen.append(1)
        limiter = Limiter(RATE)
        +++ m
        RATE = 2
        class Limiter:
            def __init__(self, rate): self.rate, self.seen = rate, []
            def __call__(self): self.seen.append(1)
        limiter = Limiter(RATE)
        """,
        "lives on with state",
    ),
    "a call is new": (
        """
        --- m
        import sys
        +++ m
        import sys
        sys.getsizeof(1)
        """,
        "call at module level is new",
    ),
    "a call is gone": (
        """
        --- m
        import sys
        sys.getsizeof(1)
        +++ m
        import sys
        """,
        "call at module level is gone",
    ),
    "a call ran a function whose code changed": (
        """
        --- m
        SEEN = []
        def setup(): SEEN.append(1)
        setup()
        +++ m
        SEEN = []
        def setup(): SEEN.append(2)
        setup()
        """,
        "ran `setup` at import",
    ),
    "a deleted name is still imported": (
        """
        --- a
        def f(): return 1
        def g(): return 1
        --- m
        from .a import f
        def h(): return f()
        +++ a
        def g(): return 1
        """,
        "gone",
    ),
    "a deleted module is still imported": (
        """
        --- a
        def f(): return 1
        --- m
        from .a import f
        def h(): return f()
        xxx a
        """,
        "gone",
    ),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_refused(lab, text, words):
    old, new = pair(text)
    refusal = lab(**old).refused(**new)
    assert words in refusal.reason


STATE = "STATE = {}\nCOUNT = 0\ndef hit():\n    global COUNT\n    COUNT += 1\n    STATE[COUNT] = 1\n"


def test_state_lives_on_where_its_source_did_not_change(lab):
    app = lab(m=STATE + "X = 1\n")
    app.m.hit()
    held = app.m.STATE
    app.upgrade(m=STATE + "X = 2\ndef more(): return STATE\n")
    app.m.hit()
    assert app.m.STATE is held
    assert held == {1: 1, 2: 1}
    assert app.m.COUNT == 2


@pytest.mark.parametrize(
    "change",
    [
        ("STATE = {}", "try:\n    STATE = {}\nexcept ImportError:\n    pass"),
        ("COUNT = 0", "COUNT = 1"),
        ("COUNT = 0", "COUNT = int('0') + 5"),
        ("COUNT = 0", "COUNT, MORE = 0, 1"),
        ("COUNT = 0", "if True:\n    COUNT = 0"),
    ],
)
def test_a_value_that_the_program_changed_and_the_release_too_is_refused(lab, change):
    app = lab(m=STATE)
    app.m.hit()
    refusal = app.refused(m=STATE.replace(*change))
    assert "changed by the running program" in refusal.reason or "living" in refusal.reason


@pytest.mark.parametrize("text", ["STATE = {0: 0}", "STATE, OTHER = {}, 1", "STATE = dict([])"])
def test_what_the_program_put_into_a_container_stays_beside_what_the_release_says(lab, text):
    app = lab(m=STATE)
    app.m.hit()
    held = app.m.STATE
    app.upgrade(m=STATE.replace("STATE = {}", text))
    assert app.m.STATE is held and held[1] == 1 and (0 in held) == ("0: 0" in text)
    app.undo()
    assert held == {1: 1}


def test_a_counter_that_started_from_a_changed_constant_is_refused(lab):
    text = "START = 0\ncount = START\ndef hit():\n    global count\n    count += 1\n"
    app = lab(m=text)
    app.m.hit()
    app.refused(m=text.replace("START = 0", "START = 5"))


def test_an_alias_elsewhere_sees_a_poured_container(lab):
    app = lab(m="CONF = {'a': {'x': 1}}\n")
    held = [app.m.CONF, app.m.CONF["a"]]
    app.upgrade(m="CONF = {'a': {'x': 2, 'y': 1}}\n")
    assert held == [{"a": {"x": 2, "y": 1}}, {"x": 2, "y": 1}]


def test_a_new_first_party_object_is_made_once(lab):
    text = "MADE = []\nclass C:\n    def __init__(self): MADE.append(self)\n"
    app = lab(m=text)
    app.upgrade(m=text + "one = C()\n")
    assert app.m.MADE == [app.m.one]
    app.undo()
    assert app.m.MADE == []
    assert not hasattr(app.m, "one")
