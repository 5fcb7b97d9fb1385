"""What module-level statements change beside the names that they bind, told by the source alone."""

from __future__ import annotations

import textwrap

import pytest

from flyhot_asgi.engine.source.defuse import Names
from flyhot_asgi.engine.source.filled import Filled
from flyhot_asgi.engine.source.module import SourceModule
from flyhot_asgi.engine.source.touches import Touch, Touches


def release(**texts: str) -> Names:
    modules = {name: SourceModule(name, f"/{name}.py", textwrap.dedent(text)) for name, text in texts.items()}
    return Names(modules)


def last(text: str, **others: str) -> Touch:
    """What the last statement of `text` touches, as module `m`."""
    names = release(m=text, **others)
    return Touches(names).of("m", names.modules["m"].statements[-1])


FILLING = {
    "a method": "X = []\nX.append(1)",
    "an item": "X = {}\nX['a'] = 1",
    "an item of an item": "X = {}\nX['a']['b'] = 1",
    "an item is deleted": "X = {'a': 1}\ndel X['a']",
    "an augmented item": "X = {'a': 1}\nX['a'] += 1",
    "an attribute": "class X: pass\nX.a = 1",
    "setattr": "class X: pass\nsetattr(X, 'a', 1)",
    "a loop": "X = []\nfor i in (1, 2):\n    X.append(i)",
    "a loop over it": "X = [{}]\nfor one in X:\n    one['a'] = 1",
    "a condition": "X = []\nif True:\n    X.append(1)",
    "a function of the app": "X = []\ndef put(v): X.append(v)\nput(1)",
    "a function that is handed it": "X = []\ndef put(to, v): to.append(v)\nput(X, 1)",
    "by keyword": "X = []\ndef put(v, to): to.append(v)\nput(1, to=X)",
    "through another function": "X = []\ndef put(v): X.append(v)\ndef twice(v): put(v); put(v)\ntwice(1)",
    "what a function gives": "X = {}\ndef get(): return X\nget()['a'] = 1",
    "a decorator": "X = []\ndef enter(f):\n    X.append(f)\n    return f\n@enter\ndef g(): pass",
    "a decorator with arguments": (
        "X = {}\ndef enter(name):\n    def put(f):\n        X[name] = f\n        return f\n    return put\n"
        "@enter('a')\ndef g(): pass"
    ),
    "a decorator's method": (
        "class R:\n    def on(self, f):\n        self.found = f\n        return f\nX = R()\n@X.on\ndef g(): pass"
    ),
    "a class decorator": "X = []\ndef enter(c):\n    X.append(c)\n    return c\n@enter\nclass G: pass",
    "a hook of a base": ("X = {}\nclass B:\n    def __init_subclass__(cls): X[cls.__name__] = cls\nclass G(B): pass"),
    "a metaclass": (
        "X = {}\nclass M(type):\n    def __new__(m, n, b, d):\n        c = super().__new__(m, n, b, d)\n"
        "        X[n] = c\n        return c\nclass G(metaclass=M): pass"
    ),
    "a constructor": "X = []\nclass C:\n    def __init__(self): X.append(self)\nc = C()",
    "a method of the app's": "class R:\n    def put(self, v): self.a = v\nX = R()\nX.put(1)",
    "an augmented name": "X = 1\nX += 1",
    "a name declared global": "X = 1\ndef bump():\n    global X\n    X = 2\nbump()",
    "map": "X = []\ndef put(v): X.append(v)\nlist(map(put, (1, 2)))",
    "a library that changes what it is handed": "import heapq\nX = []\nheapq.heappush(X, 1)",
    "a with statement": (
        "import contextlib\nX = []\n@contextlib.contextmanager\ndef noted():\n    X.append(1)\n    yield\n"
        "with noted():\n    pass"
    ),
}


@pytest.mark.parametrize("text", FILLING.values(), ids=FILLING)
def test_what_a_statement_fills(text: str) -> None:
    found = last(text)
    assert ("m", "X") in found.homes and not found.foreign


QUIET = {
    "a reading method": "X = {}\nX.get('a')",
    "a loop that only reads": "X = {'a': 1}\nfor k in X.items():\n    y = k",
    "a pure call": "X = [1]\nlen(X)",
    "a fresh object": "def f(): return [].append(1)\nX = f()",
    "a local object": "def f():\n    a = []\n    a.append(1)\n    return a\nf()",
    "a function without decorators": "X = []\ndef f(): X.append(1)",
    "functools": "import functools\n@functools.lru_cache\ndef f(): pass",
}


@pytest.mark.parametrize("text", QUIET.values(), ids=QUIET)
def test_what_changes_nothing(text: str) -> None:
    found = last(text)
    assert not found.homes and not found.foreign


FOREIGN = {
    "a library's function": ("import logging\nlogging.basicConfig()", "logging.basicConfig()"),
    "a library's object": ("import os\nos.environ['a'] = 'b'", "os.environ['a']"),
    "a decorator of a library": ("import atexit\n@atexit.register\ndef f(): pass", "@atexit.register"),
    "through a function": ("import signal\ndef set_up(): signal.signal(1, 2)\nset_up()", "signal.signal()"),
    "exec": ("exec('x = 1')", "exec('x = 1')"),
    "of a star import": ("from lib import *\nevent.listen(1, 2)", "event.listen()"),
    "of a star import, in a function": (
        "from lib import *\ndef set_up(on): event.listen(on, 2)\nset_up(1)",
        "event.listen()",
    ),
}


@pytest.mark.parametrize(("text", "told"), FOREIGN.values(), ids=FOREIGN)
def test_what_is_none_of_the_app_s(text: str, told: str) -> None:
    assert told in map(str, last(text).foreign)


def test_another_module_s_object_is_filled_by_its_home() -> None:
    found = last("from base import REG as registry\nregistry.append(1)", base="REG = []")
    assert found.homes == {("base", "REG")}
    found = last("import base\nbase.N = 1", base="N = 0")
    assert found.homes == {("base", "N")}


def test_own_names_are_told_apart() -> None:
    assert last("for n in ('a',):\n    globals()[n] = 1").own_names
    assert last("for v in list(locals().values()):\n    v.x = 1").own_names
    assert not last("X = []\nX.append(1)").own_names


def test_a_slice_is_all_that_makes_and_fills_it_in_the_order_of_an_import() -> None:
    names = release(
        base="REG = []\ndef enter(f):\n    REG.append(f)\n    return f\n",
        a="from base import enter\n@enter\ndef one(): pass\n",
        b="import a\nfrom base import REG\nREG.append(2)\nother = len(REG)\n",
    )
    filled = Filled(names, ["b", "base", "a"])
    assert [(module, statement.line) for module, statement in filled.slice_of(("base", "REG"))] == [
        ("base", 1),
        ("a", 2),
        ("b", 3),
    ]
    assert len(filled.fillers(("base", "REG"))) == 2


def test_what_a_function_imports_for_itself_is_followed() -> None:
    found = last("def start():\n    import atexit\n    atexit.register(print)\nstart()")
    assert [str(one) for one in found.foreign] == ["atexit.register()"]
    assert found.foreign[0].origin == "atexit.register"
    text = "def start():\n    from n import put as enter\n    enter(1)\nstart()"
    found = last(text, n="X = []\ndef put(v): X.append(v)")
    assert (found.homes, found.foreign) == ({("n", "X")}, [])
