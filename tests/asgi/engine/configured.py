"""An installed library that keeps what an app tells it, in the ways in which libraries do. Reset it after use."""

from __future__ import annotations

import itertools
import threading
from typing import Any


class Config:
    def __init__(self) -> None:
        self.processors: list[Any] = [print]
        self.level = 0


_CONFIG = Config()
OPTIONS: dict[str, Any] = {"mode": "plain"}
HOOKS: list[Any] = []
DEBUG = False


class Timestamp:
    def __init__(self, fmt: str) -> None:
        self.fmt = fmt


class Sink:
    """Works until it is stopped."""

    def __init__(self, target: Any, number: int, level: int) -> None:
        self.target, self.number, self.level = target, number, level
        self.stopped = False
        self.lock = threading.Lock()

    def stop(self) -> None:
        self.stopped = True


class Core:
    def __init__(self) -> None:
        self.count = itertools.count()
        self.sinks: dict[int, Sink] = {}


class Log:
    """Numbers its sinks, and puts a new dict in the place of the old one, as loguru does."""

    def __init__(self) -> None:
        self._core = Core()

    def add(self, target: Any, level: int = 10) -> int:
        number = next(self._core.count)
        self._core.sinks = {**self._core.sinks, number: Sink(target, number, level)}
        return number

    def catch(self, function: Any) -> Any:
        def catcher() -> Any:
            return function() if self._core.sinks is not None else None

        return catcher

    def remove(self) -> None:
        for sink in self._core.sinks.values():
            sink.stop()
        self._core.sinks = {}


log = Log()


def configure(processors: list[Any] | None = None, level: int | None = None) -> None:
    if processors is not None:
        _CONFIG.processors = processors
    if level is not None:
        _CONFIG.level = level


def set_option(name: str, value: Any) -> None:
    OPTIONS[name] = value


def add_hook(hook: Any) -> None:
    HOOKS.append(hook)


def debug(on: bool) -> None:
    global DEBUG
    DEBUG = on


def registry() -> list[Any]:
    return HOOKS


def options() -> dict[str, Any]:
    return OPTIONS


def state() -> list[Any]:
    """All that it keeps: the objects themselves."""
    sinks = [*log._core.sinks.items(), *(sink.stopped for sink in log._core.sinks.values())]
    return [_CONFIG.processors, _CONFIG.level, *OPTIONS.items(), *HOOKS, DEBUG, *sinks]


def begin() -> None:
    """As a fresh process finds it."""
    global DEBUG
    vars(_CONFIG).update(vars(Config()))
    OPTIONS.clear()
    OPTIONS["mode"] = "plain"
    HOOKS.clear()
    DEBUG = False
    vars(log._core).update(vars(Core()))


class Registry:
    """A class that keeps what it is told."""

    entered: list[str] = []
    size = limit = 0

    @classmethod
    def register(cls, name: str) -> None:
        cls.entered.append(name)


def _closure() -> tuple[Any, Any, Any]:
    known: list[str] = []
    size = 0

    def enter(name: str) -> None:
        known.append(name)

    def grow(by: int) -> None:
        nonlocal size
        size += by

    def forget() -> None:
        nonlocal size
        known.clear()
        size = 0

    return enter, grow, forget


enter, grow, forget = _closure()
"""They keep what they are told where only they can see it."""
