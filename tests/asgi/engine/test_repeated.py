"""Functions that make an app also configure libraries: run once more, what they set there stays what it was."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import loguru
import pytest
import structlog

from flyhot_asgi.engine import Refused
from tests.asgi.engine import configured
from tests.asgi.engine.lab import Lab
from tests.asgi.engine.project import Project

USERS = """
from fastapi import APIRouter
router = APIRouter(prefix="/users")
@router.get("/a")
def a(): return "a"
"""
MAIN = """
import logging, os, sys, threading, warnings, subprocess, socket
import loguru, structlog
from fastapi import FastAPI
from tests.asgi.engine import configured as lib
from . import users
LEVEL = 20
TITLE = "chat"
def mark(logger, name, event): return event
def create_app():
    app = FastAPI(title=TITLE)
    app.include_router(users.router)
@
    return app
app = create_app()
"""


@contextmanager
def settings_kept() -> Iterator[None]:
    """What is set within it, here or in libraries, is set back."""
    loggers = [logging.getLogger(name) for name in ("", "shop")]
    was = [(one, list(one.handlers), one.level, one.propagate) for one in loggers]
    places: list[Any] = [os.environ, warnings.filters, configured.HOOKS, configured.OPTIONS, vars(configured._CONFIG)]
    core = configured.log._core
    places += [vars(structlog._config._CONFIG), vars(loguru.logger._core)]  # type: ignore[attr-defined]
    places += [vars(core), *(vars(sink) for sink in core.sinks.values())]
    places += [vars(handler) for one in loggers for handler in one.handlers]
    contents, debug = [list(place) if isinstance(place, list) else dict(place) for place in places], configured.DEBUG
    try:
        yield
    finally:
        configured.DEBUG = debug
        for place, content in zip(places, contents, strict=True):
            place.clear()
            (place.extend if isinstance(place, list) else place.update)(content)
        for one, handlers, level, propagate in was:
            for handler in [h for h in one.handlers if h not in handlers]:
                handler.close()
            one.handlers[:] = handlers
            one.setLevel(level)
            one.propagate = propagate


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A configuration closes all handlers that it finds: pytest's own stay open."""
    for handler in logging.getLogger().handlers:
        monkeypatch.setattr(handler, "close", handler.flush, raising=False)
    with settings_kept():
        yield


@pytest.fixture
def shop(lab: Callable[..., Lab]) -> Callable[..., Lab]:
    """An app whose releases are imported cold as in other processes: without a trace in this one."""

    began = {one.name: list(one.handlers) for one in (logging.getLogger("shop"), logging.getLogger())}

    core: Any = loguru.logger._core  # type: ignore[attr-defined]
    sinks, number = core.handlers, core.handlers_count

    def make(*lines: str) -> Lab:
        app = lab(users=USERS, main=main(*lines))
        app.here = True
        imported = app.cold_here

        def cold_here(**files: Any) -> Any:
            with settings_kept():
                configured.begin()
                vars(structlog._config._CONFIG).update(vars(type(structlog._config._CONFIG)()))
                core.handlers, core.handlers_count = sinks, number
                for one in (logging.getLogger("shop"), logging.getLogger()):
                    one.handlers[:] = began[one.name]
                return imported(**files)

        app.cold_here = cold_here  # type: ignore[method-assign]
        return app

    return make


def main(*lines: str) -> str:
    return MAIN.replace("@", "\n".join(f"    {line}" for line in lines))


def settings() -> list[Any]:
    root, shop = logging.getLogger(), logging.getLogger("shop")
    logs = [(*one.handlers, one.level, one.propagate, *one.filters) for one in (root, shop)]
    handlers = [(h.level, h.formatter, getattr(h, "stream", None)) for h in [*root.handlers, *shop.handlers]]
    return [*configured.state(), logs, handlers, dict(os.environ), list(warnings.filters)]


REPEATED = {
    "an object's attributes": "lib.configure(processors=[mark, lib.Timestamp('%H')], level=LEVEL)",
    "an item": "lib.set_option('mode', 'rich')",
    "a list that is appended to": "lib.add_hook(mark)",
    "a list of fresh objects": "lib.add_hook(lib.Timestamp('%H'))",
    "a list that a call gives": "lib.registry().append(mark)",
    "a list that a call gave, behind a name": "hooks = lib.registry(); hooks.append(mark)",
    "a dict that a call gave, behind a name": "found = lib.options(); found['mode'] = 'rich'",
    "a global": "lib.debug(True)",
    "sinks with numbers": "lib.log.remove(); lib.log.add(sys.stderr, level=30)",
    "a decorator of what it makes": "@lib.log.catch; def stop(): pass; app.state.stop = stop",
    "a level": "logging.getLogger('shop').setLevel(LEVEL)",
    "a handler": "logging.getLogger('shop').addHandler(logging.StreamHandler(sys.stderr))",
    "a handler of a logger behind a name": "log = logging.getLogger('shop'); log.addHandler(logging.StreamHandler())",
    "the root logger's handlers": "logging.getLogger().handlers = [logging.StreamHandler(sys.stderr)]",
    "handlers that are cleared": "logging.getLogger('shop').handlers.clear()",
    "dictConfig": (
        "logging.config.dictConfig({'version': 1, 'disable_existing_loggers': False, "
        "'handlers': {'out': {'class': 'logging.StreamHandler'}}, 'loggers': {'shop': {'handlers': ['out']}}})"
    ),
    "the environment": "os.environ['SHOP'] = 'open'",
    "a filter of warnings": "warnings.filterwarnings('ignore', 'no shop')",
}


@pytest.mark.parametrize("line", REPEATED.values(), ids=REPEATED)
def test_what_it_tells_a_library_stays_as_it_was(shop: Callable[..., Lab], line: str) -> None:
    lines = ["import logging.config", *line.split("; ")]
    app = shop(*lines)
    before = settings()
    app.arrive(users=USERS, main=main(*lines).replace("chat", "rooms"))
    assert settings() == before
    assert app.main.app.title == "rooms"
    app.undo()
    assert settings() == before


OTHERWISE = {
    "another level": ("lib.configure(level=LEVEL)", "LEVEL = 20", "LEVEL = 30"),
    "another list": ("lib.configure(processors=[mark] * LEVEL)", "LEVEL = 20", "LEVEL = 30"),
    "another hook": ("lib.add_hook(lib.Timestamp('%H'))", "'%H'", "'%M'"),
    "a call that is gone": ("lib.add_hook(mark)", "    lib.add_hook(mark)\n", ""),
    "a call that is new": ("pass", "    pass\n", "    lib.add_hook(mark)\n"),
    "a handler with another level": (
        "log = logging.getLogger('shop'); h = logging.StreamHandler(); h.setLevel(LEVEL); log.addHandler(h)",
        "LEVEL = 20",
        "LEVEL = 30",
    ),
    "an attribute of the module": ("lib.DEBUG = True", "def a()", "def a()"),
    "a thread": ("threading.Thread(target=print).start()", "def a()", "def a()"),
    "a thread that is started later": ("t = threading.Thread(target=print); t.start()", "def a()", "def a()"),
    "a process": ("subprocess.run(['true'], check=True)", "def a()", "def a()"),
    "a socket": ("socket.getaddrinfo('localhost', 80)", "def a()", "def a()"),
    "a file that is written over": ("open(__file__ + '.log', 'w').close()", "def a()", "def a()"),
}


@pytest.mark.parametrize(("line", "old", "new"), OTHERWISE.values(), ids=OTHERWISE)
def test_what_it_does_otherwise_or_can_t_do_twice_is_refused(
    shop: Callable[..., Lab], line: str, old: str, new: str
) -> None:
    text = main(*line.split("; "))
    app = shop(*line.split("; "))
    before = settings()
    with pytest.raises(Refused) as refused:
        app.arrive(users=USERS, main=text.replace("chat", "rooms").replace(old, new))
    assert any(reason.file and "main" in reason.file and reason.line for reason in refused.value.reasons)
    assert settings() == before
    assert app.main.app.title == "chat"


def test_a_program_s_own_setting_lives_on(shop: Callable[..., Lab]) -> None:
    """The release sets it as before: what somebody set since stays."""
    lines = ["logging.getLogger('shop').setLevel(LEVEL)", "lib.configure(level=LEVEL)"]
    app = shop(*lines)
    mine = logging.StreamHandler()
    logging.getLogger("shop").addHandler(mine)
    app.arrive(users=USERS, main=main(*lines).replace("chat", "rooms"))
    assert logging.getLogger("shop").handlers == [mine]


def test_what_nobody_is_seen_to_set_otherwise_is_compared(lab: Callable[..., Lab]) -> None:
    text = "import logging\nLEVEL = 20\ndef set_up():\n    log = logging.getLogger('shop')\n    log.setLevel(LEVEL)\n"
    text += "set_up()\n"
    app = lab(main=text)
    app.here = True
    imported = app.cold_here

    def cold_here(**files: Any) -> Any:
        with settings_kept():
            return imported(**files)

    app.cold_here = cold_here  # type: ignore[method-assign]
    with pytest.raises(Refused, match="the logger `shop`: after the upgrade it is set as before"):
        app.arrive(main=text.replace("20", "30"))
    assert logging.getLogger("shop").level == 20 == app.main.LEVEL


def test_structlog_and_loguru_keep_what_they_were_told(tmp_path: Path) -> None:
    lines = (
        "structlog.configure(processors=[mark, structlog.processors.TimeStamper(fmt='%Y')],"
        " logger_factory=structlog.stdlib.LoggerFactory(), cache_logger_on_first_use=True)",
        "loguru.logger.remove()",
        "loguru.logger.add(sys.stderr, level='INFO')",
        "loguru.logger.configure(extra={'shop': 1})",
    )
    app = Project(tmp_path)
    core: Any = loguru.logger._core  # type: ignore[attr-defined]
    try:
        app.write(init="", users=USERS, main=main(*lines))
        module = app.load("users", "main")
        before, sinks, engine = structlog.get_config(), dict(core.handlers), app.engine()
        app.write(main=main(*lines).replace("chat", "rooms"))
        assert engine.upgrade().verified
        assert module.app.title == "rooms"
        assert structlog.get_config() == before
        assert core.handlers == sinks and core.extra == {"shop": 1}
        app.write(main=main(*lines).replace("chat", "rooms").replace("INFO", "DEBUG"))
        with pytest.raises(Refused):
            engine.upgrade()
        assert structlog.get_config() == before and core.handlers == sinks
        engine.close()
    finally:
        app.close()
        loguru.logger.remove()
