"""Statements at module level that set something in libraries or in the process, and set it otherwise in the next
release: executed, and what is set then is what a cold import of that release sets."""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from flyhot_asgi.engine import Refused
from flyhot_asgi.engine.living.process import process_places
from flyhot_asgi.engine.patching.entries import Contents, changes, contents_of, write
from flyhot_asgi.engine.verification.settings import settings
from tests.asgi.engine import configured
from tests.asgi.engine.lab import Lab

HEAD = """
import asyncio, decimal, locale, logging, logging.config, mimetypes, os, signal, socket, structlog, sys, threading
import warnings
"""
NAMES = ("shop", "shop.cart", "shop.till")


def places() -> Contents:
    """All that a release may set."""
    config = vars(structlog._config._CONFIG)
    lists: list[Any] = [config, logging._handlerList]  # type: ignore[attr-defined]
    return contents_of([*(place for _, place in process_places()), *lists])


def put(contents: Contents) -> None:
    for change in changes(contents):
        write(change.place, change.before)


@pytest.fixture
def fresh() -> Iterator[Contents]:
    """A process in which nothing is set; it is as it was afterwards."""
    was = places()
    logging._handlerList[:] = []  # type: ignore[attr-defined]
    logging.root.handlers[:] = []
    logging.root.setLevel(logging.WARNING)
    for name in NAMES:
        one = logging.getLogger(name)
        one.handlers[:], one.filters[:] = [], []
        one.level, one.propagate, one.disabled = logging.NOTSET, True, False
    vars(structlog._config._CONFIG).clear()
    yield places()
    put(was)


@pytest.fixture
def app(fresh: Contents, lab: Callable[..., Lab]) -> Callable[..., Lab]:
    """A module of these lines. Its releases are imported cold in a process in which nothing is set."""

    def make(text: str, **more: str) -> Lab:
        os.environ.pop("PYTEST_CURRENT_TEST", None)  # it changes between the steps of a test
        put(fresh)
        found = lab(main=HEAD + text, **more)
        found.here = True
        imported = found.cold_here

        def cold_here(**files: Any) -> Any:
            now = places()
            put(fresh)
            try:
                return imported(**files)
            finally:
                put(now)

        found.cold_here = cold_here  # type: ignore[method-assign]
        return found

    return make


def told(app: Lab) -> dict[str, str]:
    return {name: text for name, (_, text) in settings(app.live).items()}


def dict_config(level: str = "INFO", text: str = "%(message)s", disable: bool = False, more: str = "") -> str:
    return f"""
LOGGING = {{
    "version": 1, "disable_existing_loggers": {disable},
    "formatters": {{"plain": {{"format": {text!r}}}}},
    "handlers": {{"out": {{"class": "logging.StreamHandler", "formatter": "plain"}}}},
    "loggers": {{"shop": {{"handlers": ["out"], "level": {level!r}}}{more}}},
}}
logging.config.dictConfig(LOGGING)
"""


OWN = """
class Plain(logging.Formatter):
    def __init__(self, n):
        super().__init__()
        self.n = n
logging.basicConfig()
logging.root.handlers[0].setFormatter(Plain(%d))
"""
FILTER = """
class Only(logging.Filter):
    def filter(self, record):
        return %r in record.msg
log = logging.getLogger('shop')
log.addFilter(Only())
log.setLevel(%d)
"""
PROCESSORS = "structlog.configure(processors=[%s structlog.processors.JSONRenderer()])"
STEP = "def step(n):\n    def add(logger, name, event):\n        return dict(event, n=n)\n    return add\n"
PAIRS = {
    "basicConfig: a level": ("logging.basicConfig(level=20)", "logging.basicConfig(level=10)"),
    "basicConfig: a format": ("logging.basicConfig(format='%(message)s')", "logging.basicConfig(format='%(name)s')"),
    "basicConfig: a constant": ("L = 10\nlogging.basicConfig(level=L)", "L = 20\nlogging.basicConfig(level=L)"),
    "basicConfig comes": ("", "logging.basicConfig(level=10)"),
    "basicConfig goes": ("logging.basicConfig(level=10)", ""),
    "a level": ("logging.getLogger('shop').setLevel(20)", "logging.getLogger('shop').setLevel(30)"),
    "a level comes": ("", "logging.getLogger('shop').setLevel(30)"),
    "a level goes": ("logging.getLogger('shop').setLevel(30)", ""),
    "a level of a named logger": (
        "log = logging.getLogger('shop')\nlog.setLevel(20)",
        "log = logging.getLogger('shop')\nlog.setLevel(30)",
    ),
    "levels in a loop": (
        "for name in ('shop', 'shop.cart'):\n    logging.getLogger(name).setLevel(20)",
        "for name in ('shop', 'shop.till'):\n    logging.getLogger(name).setLevel(30)",
    ),
    "an attribute": ("logging.getLogger('shop').propagate = False", "logging.getLogger('shop').propagate = True"),
    "a handler's formatter": (
        "log = logging.getLogger('shop')\nh = logging.StreamHandler()\nh.setFormatter(logging.Formatter('a'))\n"
        "log.addHandler(h)".replace("'a'", "'%(message)s'"),
        "log = logging.getLogger('shop')\nh = logging.StreamHandler()\nh.setFormatter(logging.Formatter('a'))\n"
        "log.addHandler(h)".replace("'a'", "'%(name)s'"),
    ),
    "a formatter of the app's own": (OWN % 1, OWN % 2),
    "a filter of the app's own, and a level": (FILTER % ("a", 10), FILTER % ("b", 20)),
    "dictConfig: a format": (dict_config(), dict_config(text="%(name)s")),
    "dictConfig: a level": (dict_config(), dict_config("DEBUG")),
    "dictConfig: a further logger": (dict_config(), dict_config(more=", 'shop.cart': {'level': 'DEBUG'}")),
    "dictConfig that disables others": (dict_config(disable=True), dict_config("DEBUG", disable=True)),
    "a filter of warnings": ("warnings.filterwarnings('ignore', 'a')", "warnings.filterwarnings('ignore', 'b')"),
    "a filter of warnings comes": ("", "warnings.filterwarnings('ignore', 'b')"),
    "a filter of warnings goes": ("warnings.filterwarnings('ignore', 'b')", ""),
    "a variable": ("os.environ['SHOP'] = 'a'", "os.environ['SHOP'] = 'b'"),
    "a variable's default": ("os.environ.setdefault('SHOP', 'a')", "os.environ.setdefault('SHOP', 'b')"),
    "a variable comes": ("", "os.environ.setdefault('SHOP', 'b')"),
    "a variable goes": ("os.environ.setdefault('SHOP', 'b')", ""),
    "a media type comes": ("", "mimetypes.add_type('text/shop', '.shop')"),
    "the depth of recursion": ("sys.setrecursionlimit(3000)", "sys.setrecursionlimit(4000)"),
    "a timeout": ("socket.setdefaulttimeout(3)", "socket.setdefaulttimeout(4)"),
    "a hook": (
        "import sys\ndef say(*a): return 1\nsys.excepthook = say",
        "import sys\ndef say(*a): return 1\ndef tell(*a): return 2\nsys.excepthook = tell",
    ),
    "processors": (PROCESSORS % "", PROCESSORS % "structlog.processors.add_log_level,"),
    "processors that functions make": (STEP + PROCESSORS % "step(1),", STEP + PROCESSORS % "step(2),"),
    "processors come": ("", PROCESSORS % ""),
    "a function's code": (
        "def setup():\n    logging.getLogger('shop').setLevel(20)\nsetup()",
        "def setup():\n    logging.getLogger('shop').setLevel(30)\nsetup()",
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_it_is_set_as_a_cold_import_sets_it(app: Callable[..., Lab], name: str) -> None:
    old, new = PAIRS[name]
    shop = app(old)
    before = told(shop)
    shop.arrive(main=HEAD + new)
    cold = {key: text for key, (_, text) in shop.settings_then.items()}
    after = told(shop)
    assert {key: text for key, text in after.items() if key in cold} == cold
    assert before != after or name == "basicConfig: a constant"
    shop.undo()
    undone = told(shop)
    assert {name: undone[name] for name in before} == before


@pytest.mark.parametrize("name", ["a variable's default", "a level", "processors", "a filter of warnings"])
def test_and_back(app: Callable[..., Lab], name: str) -> None:
    old, new = PAIRS[name]
    shop = app(old)
    before = told(shop)
    shop.arrive(main=HEAD + new)
    shop.described, shop.settings = shop._cold_import(main=HEAD + new)[1], dict(shop.settings_then)
    shop.arrive(main=HEAD + old)
    assert told(shop) == before


def test_what_does_not_change_stays_the_same_object_and_open(app: Callable[..., Lab], tmp_path: Any) -> None:
    file = f"logging.getLogger('shop').addHandler(logging.FileHandler({str(tmp_path / 'log')!r}, delay=True))\n"
    shop = app(file + "logging.getLogger('shop.cart').setLevel(20)")
    (handler,) = logging.getLogger("shop").handlers
    shop.arrive(main=HEAD + file + "logging.getLogger('shop.cart').setLevel(30)")
    logging.getLogger("shop").error("sold")
    assert logging.getLogger("shop").handlers == [handler]
    assert (tmp_path / "log").read_text() == "sold\n"
    handler.close()


def test_handlers_that_dict_config_would_close_stay_open(app: Callable[..., Lab], tmp_path: Any) -> None:
    file = f"logging.getLogger('shop.till').addHandler(logging.FileHandler({str(tmp_path / 'log')!r}, delay=True))\n"
    shop = app(dict_config() + file)
    (handler,) = logging.getLogger("shop.till").handlers
    shop.arrive(main=HEAD + dict_config("DEBUG") + file)
    logging.getLogger("shop.till").error("sold")
    assert (tmp_path / "log").read_text() == "sold\n"
    handler.close()


def test_what_the_program_has_added_stays(app: Callable[..., Lab]) -> None:
    shop = app(dict_config(more=", 'shop.cart': {'level': 'INFO'}"))
    mine = logging.NullHandler()
    logging.getLogger("shop").addHandler(mine)
    shop.arrive(main=HEAD + dict_config(more=", 'shop.cart': {'level': 'DEBUG'}"))
    assert logging.getLogger("shop").handlers[1:] == [mine]
    assert logging.getLogger("shop.cart").level == logging.DEBUG


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (
            "logging.getLogger('shop').setLevel(20)",
            "logging.getLogger('shop').setLevel(30); threading.Thread(target=print).start()",
            "changes something outside",
        ),
        ("", "os.putenv('SHOP', 'b')", "os.putenv"),
        ("", "os.umask(0o77)", "os.umask"),
        ("", "logging.Logger.trace = print", "logging.Logger.trace"),
        ("", "import json\njson.JSONEncoder.default = print", "JSONEncoder"),
        ("", "logging.getLogger('shop').parent = None", "parent"),
    ],
)
def test_what_nobody_looks_at_is_refused(app: Callable[..., Lab], old: str, new: str, what: str) -> None:
    shop = app(old)
    before = told(shop)
    with pytest.raises(Refused) as refused:
        shop.arrive(main=HEAD + new)
    assert what in str(refused.value.reasons[0])
    assert told(shop) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lib.Registry.register('a')", "lib.Registry.register('b')"),
        ("lib.Registry.size = 1\nlib.Registry.limit = 2", "lib.Registry.limit = 2"),
        ("lib.Registry.size = 1", "lib.Registry.size = 2"),
        ("lib.enter('a')", "lib.enter('b')"),
        ("lib.grow(1)", "lib.grow(2)"),
    ],
)
def test_what_a_librarys_class_or_closure_keeps_is_refused(app: Callable[..., Lab], old: str, new: str) -> None:
    head = "from tests.asgi.engine import configured as lib\n"
    try:
        shop = app(head + old)
        with pytest.raises(Refused):
            shop.arrive(main=HEAD + head + new)
    finally:
        configured.Registry.entered.clear()
        configured.Registry.size = configured.Registry.limit = 0
        configured.forget()


def test_what_the_program_has_set_since_and_the_release_sets_otherwise_is_refused(app: Callable[..., Lab]) -> None:
    shop = app("logging.getLogger('shop').setLevel(20)")
    logging.getLogger("shop").setLevel(40)
    with pytest.raises(Refused):
        shop.arrive(main=HEAD + "logging.getLogger('shop').setLevel(30)")
    assert logging.getLogger("shop").level == 40


def test_a_dict_of_the_apps_that_a_library_changes_is_not_changed_twice(app: Callable[..., Lab]) -> None:
    lines = "SEEN = []\ndef setup(level):\n    SEEN.append(level)\n    logging.getLogger('shop').setLevel(level)\n"
    shop = app(lines + "setup(20)")
    try:
        shop.arrive(main=HEAD + lines + "setup(30)")
    except Refused:
        assert shop.main.SEEN == [20]
    else:
        assert shop.main.SEEN == [30]


def test_the_c_library_is_told_of_variables(app: Callable[..., Lab]) -> None:
    shop = app("os.environ['SHOP'] = 'a'")
    shop.arrive(main=HEAD + "os.environ['SHOP'] = 'b'")
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    assert getenv(b"SHOP") == b"b"
    shop.undo()
    assert getenv(b"SHOP") == b"a"
