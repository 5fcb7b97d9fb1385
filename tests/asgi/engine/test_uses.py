"""Which names functions bind anew, read off the source; and what is handed a constant fills nothing."""

from __future__ import annotations

import ast

import pytest

from flyhot_asgi.engine.source.defuse import Names
from flyhot_asgi.engine.source.uses import Stores, may_be_stored

from .test_touches import release

STORED = {
    "global and assigned": "X = 1\ndef f():\n    global X\n    X = 2",
    "augmented": "X = 1\ndef f():\n    global X\n    X += 2",
    "deleted": "X = 1\ndef f():\n    global X\n    del X",
    "a loop's name": "X = 1\ndef f():\n    global X\n    for X in (1, 2): pass",
    "by a function inside": "X = 1\ndef f():\n    def g():\n        global X\n        X = 2\n    g()",
    "imported": "X = 1\ndef f():\n    global X\n    import os as X",
    "a function of that name": "X = 1\ndef f():\n    global X\n    def X(): pass",
    "an error's name": "X = 1\ndef f():\n    global X\n    try: pass\n    except ValueError as X: pass",
    "an attribute of its module": "import m\nX = 1\ndef f(): m.X = 2",
    "setattr": "import m\nX = 1\ndef f(): setattr(m, 'X', 2)",
}
NOT_STORED = {
    "declared and only read": "X = 1\ndef f():\n    global X\n    return X",
    "a name of its own": "X = 1\ndef f():\n    X = 2\n    return X",
    "an attribute of an instance": "X = 1\nclass C:\n    def f(self): self.X = 2",
}


@pytest.mark.parametrize("text", STORED.values(), ids=STORED)
def test_a_function_binds_it_anew(text: str) -> None:
    names = release(m=text)
    assert may_be_stored(names, ("m", "X"))
    assert Stores(names).has(("m", "X"))


@pytest.mark.parametrize("text", NOT_STORED.values(), ids=NOT_STORED)
def test_no_function_binds_it_anew(text: str) -> None:
    assert not may_be_stored(release(m=text), ("m", "X"))


def test_of_another_module_of_the_release() -> None:
    names = release(m="X = 1", n="import m\ndef f(): m.X = 2")
    assert may_be_stored(names, ("m", "X"))
    assert not may_be_stored(names, ("n", "X"))


def test_what_is_handed_a_constant_that_functions_declare_fills_nothing(lab) -> None:
    settings = (
        "from pathlib import Path\nPRODUCTION = True\nBASE = Path('/tmp')\n"
        "class Settings:\n    def __init__(self, production, base): self.production, self.base = production, base\n"
        "def base():\n    global PRODUCTION, BASE\n    return BASE if PRODUCTION else BASE / 'dev'\n"
        "def settings(): return Settings(PRODUCTION, base())\n"
    )
    held = "from .conf import settings\nS = settings()\n"
    app = lab(conf=settings, m=held, n="def f(): return 1\n")
    app.arrive(conf=settings, m=held, n="from .conf import settings\nT = settings()\ndef f(): return T.base\n")
    assert str(app.n.f()) == "/tmp"


def test_a_release_is_looked_through_once_whoever_asks() -> None:
    names = release(m="X = Y = 1\ndef f():\n    global X\n    X = 2\n")
    assert may_be_stored(names, ("m", "X"))

    vars(names.modules["m"])["tree"] = ast.parse("")  # nobody looks there again, for this plan or the next

    assert not may_be_stored(names, ("m", "Y"))
    assert Stores(release_of(names)).has(("m", "X"))


def test_what_a_definition_runs_is_found_once() -> None:
    names = release(m="def f():\n    return g()\ndef g(): ...\n")
    before = names.reached({("m", "f")})

    statement = names.definition(("m", "f"))
    assert statement is not None and isinstance(statement.node, ast.FunctionDef)
    statement.node.body.clear()

    assert names.reached({("m", "f")}) == before and ("m", "g") in before.homes


def release_of(names: Names) -> Names:
    """The same modules, as the next plan meets them."""
    return Names(names.modules)
