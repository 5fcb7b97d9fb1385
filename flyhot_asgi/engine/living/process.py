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

    def read(self) -> Any:
        return {"value": self._get()}

    def write(self, contents: Any) -> None:
        now, was = self._get(), contents["value"]
        parts = isinstance(was, tuple) and len(now) == len(was)
        same = all(a is b for a, b in zip(now, was, strict=True)) if parts else now == was
        if self._put is not None and not same:
            self._put(was)


class Filters(Setting):
    """The filters of warnings: what was filtered is remembered by modules, until it is told that they changed."""

    def __init__(self) -> None:
        super().__init__("the filters of warnings", lambda: warnings.filters, None)

    def read(self) -> Any:
        return list(warnings.filters)

    def write(self, contents: Any) -> None:
        if list(warnings.filters) != contents:
            warnings.filters[:] = contents  # type: ignore[index]
            getattr(warnings, "_filters_mutated", lambda: None)()


class Environment(Setting):
    """Variables, as bytes. What is put back is told the C library as well, as `os.environ` does it."""

    def __init__(self) -> None:
        super().__init__(ENVIRONMENT, lambda: vars(os.environ)["_data"], None)

    def read(self) -> dict[Any, Any]:
        return dict(vars(os.environ)["_data"])

    def write(self, contents: dict[Any, Any]) -> None:
        now = vars(os.environ)["_data"]
        for key in [key for key in now if key not in contents]:
            del now[key]
            os.unsetenv(key)
        for key, value in contents.items():
            if now.get(key) != value:
                now[key] = value
                os.putenv(key, value)


_FILTERS, _ENVIRONMENT = Filters(), Environment()


def environment() -> Setting:
    """The variables of this process."""
    return _ENVIRONMENT


_ATTRIBUTES = (
    (sys, "excepthook"),
    (sys, "unraisablehook"),
    (threading, "excepthook"),
    (warnings, "showwarning"),
    (logging, "_warnings_showwarning"),
    (logging, "_loggerClass"),
    (logging, "_logRecordFactory"),
)


def process_places() -> Iterator[tuple[str, Any]]:
    """Every place, with what it is called. Some hundred for a program with many loggers."""
    yield from _logging()
    yield "the filters of warnings", _FILTERS
    yield ENVIRONMENT, _ENVIRONMENT
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
    for module, name in _ATTRIBUTES:
        yield Setting(f"{module.__name__}.{name}", *_attribute(module, name))
    yield Setting("the depth of recursion", sys.getrecursionlimit, sys.setrecursionlimit)
    yield Setting("the interval of threads", sys.getswitchinterval, sys.setswitchinterval)
    yield Setting("the event loop policy", *_attribute(asyncio.events, "_event_loop_policy"))
    yield Setting("the default timeout of sockets", socket.getdefaulttimeout, socket.setdefaulttimeout)
    yield Setting("the decimal context", *_decimal())
    yield Setting("the locale", lambda: locale.setlocale(locale.LC_ALL), lambda v: locale.setlocale(locale.LC_ALL, v))
    if (types := sys.modules.get("mimetypes")) is not None:
        yield Setting("the endings of media types", *_endings(types))
    manager = logging.Logger.manager
    yield Setting("the level up to which nothing is logged", *_attribute(manager, "disable"))


def _signal(number: int) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    return lambda: signal.getsignal(number), lambda value: signal.signal(number, value)


def _attribute(module: Any, name: str) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    return lambda: getattr(module, name, None), lambda value: setattr(module, name, value)


def _endings(types: Any) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    """What `mimetypes` knows the other way round, in lists that it appends to."""

    def get() -> Any:
        known = types._db.types_map_inv if types._db is not None else ()
        return [{kind: list(endings) for kind, endings in side.items()} for side in known]

    def put(value: Any) -> None:
        for side, was in zip(types._db.types_map_inv if types._db is not None else (), value, strict=False):
            side.clear()
            side.update({kind: list(endings) for kind, endings in was.items()})

    return get, put


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
        yield shown, logger_place(logger)
        yield f"the handlers of {shown}", logger.handlers
        yield f"the filters of {shown}", logger.filters
        for handler in logger.handlers:
            yield f"a handler of {shown}", fields_of(handler)
            yield f"the filters of a handler of {shown}", handler.filters


_OF_LOGGERS = frozenset({*vars(logging.Logger("")), "manager"})


def logger_place(logger: logging.Logger) -> Setting:
    """What is set of one, but for what its lists hold."""
    return Setting(f"the logger `{logger.name}`", *_of_logger(logger))


def _of_logger(logger: logging.Logger) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    def get() -> tuple[Any, ...]:
        more = tuple(sorted((k, v) for k, v in vars(logger).items() if k not in _OF_LOGGERS and not k.startswith("_")))
        return (logger.level, logger.propagate, logger.disabled, logger.handlers, logger.filters, *more)

    def put(value: tuple[Any, ...]) -> None:
        logger.level, logger.propagate, logger.disabled, logger.handlers, logger.filters = value[:5]
        for name in [k for k in vars(logger) if k not in _OF_LOGGERS and not k.startswith("_")]:
            delattr(logger, name)
        vars(logger).update(value[5:])
        logger.manager._clear_cache()  # type: ignore[attr-defined]

    return get, put
