"""What the standard library keeps for the whole process, and an app sets: loggers and their handlers, warnings, hooks,
the environment, signals. Places, as those that a walk over living objects finds: each can be read and written back.

One list for one library, as it is the same in every process. Reads only.
"""

from __future__ import annotations

import asyncio
import atexit
import decimal
import locale
import logging
import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from .attributes import fields_of

SEEN = frozenset("logging warnings os sys signal asyncio socket decimal locale mimetypes json threading".split())
"""Modules of the standard library whose settings are among these places."""
_MODULES = ("mimetypes", "json", "json.encoder", "json.decoder")
ENVIRONMENT = "the environment"
AT_EXIT = "functions run at the program's end"


class Setting:
    """One value that is asked for, and set, by calls. `put` is None where it can't be set again."""

    def __init__(self, name: str, get: Callable[[], Any], put: Callable[[Any], object] | None) -> None:
        self.name, self._get, self._put = name, get, put

    def read(self) -> dict[str, Any]:
        return {"value": self._get()}

    def write(self, contents: dict[str, Any]) -> None:
        now, was = self._get(), contents["value"]
        same = all(a is b for a, b in zip(now, was, strict=True)) if isinstance(was, tuple) else now == was
        if self._put is not None and not same:
            self._put(was)


def process_places() -> Iterator[tuple[str, Any]]:
    """Every place, with what it is called. Some hundred for a program with many loggers."""
    yield from _logging()
    yield "the filters of warnings", warnings.filters
    yield ENVIRONMENT, vars(os.environ)["_data"]
    for setting in [*_hooks(), Setting(AT_EXIT, atexit._ncallbacks, None)]:
        yield setting.name, setting
    for module in [sys.modules[name] for name in _MODULES if name in sys.modules]:
        yield module.__name__, vars(module)
        for name, value in list(vars(module).items()):
            if isinstance(value, dict | list) and not name.startswith("__"):
                yield f"{module.__name__}.{name}", value


def _hooks() -> Iterator[Setting]:
    for number in signal.valid_signals():
        yield Setting(f"the handler of signal {int(number)}", *_signal(number))
    for module, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        yield Setting(f"{module.__name__}.{name}", *_attribute(module, name))
    yield Setting("the event loop policy", *_attribute(asyncio.events, "_event_loop_policy"))
    yield Setting("the default timeout of sockets", socket.getdefaulttimeout, socket.setdefaulttimeout)
    yield Setting("the decimal context", *_decimal())
    yield Setting("the locale", lambda: locale.setlocale(locale.LC_ALL), lambda v: locale.setlocale(locale.LC_ALL, v))
    manager = logging.Logger.manager
    yield Setting("the level up to which nothing is logged", *_attribute(manager, "disable"))


def _signal(number: int) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    return lambda: signal.getsignal(number), lambda value: signal.signal(number, value)


def _attribute(module: Any, name: str) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    return lambda: getattr(module, name, None), lambda value: setattr(module, name, value)


def _decimal() -> tuple[Callable[[], Any], Callable[[Any], object]]:
    names = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")

    def put(value: tuple[Any, ...]) -> None:
        for name, one in zip(names, value, strict=True):
            setattr(decimal.getcontext(), name, one)

    return lambda: tuple(getattr(decimal.getcontext(), name) for name in names), put


def _logging() -> Iterator[tuple[str, Any]]:
    manager = logging.Logger.manager
    yield "the names of levels", logging._nameToLevel
    yield "the levels' names", logging._levelToName
    loggers = [one for one in list(manager.loggerDict.values()) if isinstance(one, logging.Logger)]
    for logger in [logging.root, *loggers]:
        shown = f"the logger `{logger.name}`"
        yield shown, Setting(shown, *_of_logger(logger))
        yield f"the handlers of {shown}", logger.handlers
        yield f"the filters of {shown}", logger.filters
        for handler in logger.handlers:
            yield f"a handler of {shown}", fields_of(handler)
            yield f"the filters of a handler of {shown}", handler.filters


def _of_logger(logger: logging.Logger) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    def get() -> tuple[Any, ...]:
        return (logger.level, logger.propagate, logger.disabled, logger.handlers, logger.filters)

    def put(value: tuple[Any, ...]) -> None:
        logger.level, logger.propagate, logger.disabled, logger.handlers, logger.filters = value
        logger.manager._clear_cache()  # type: ignore[attr-defined]

    return get, put
