"""Where a task is: the line at which it awaits, for people who have to mend it."""

from __future__ import annotations

import asyncio
import gc
import os
import sysconfig
from dataclasses import dataclass
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import Any

_DEEPEST = 200
_INSTALLED = ("stdlib", "platstdlib", "purelib", "platlib")
_LIBRARIES = tuple({os.path.realpath(sysconfig.get_path(name)) + os.sep for name in _INSTALLED})
_OURSELVES = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


@dataclass(frozen=True)
class Whereabouts:
    """A line of source: `function` is the qualified name of the code that stands at it."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


def is_library(file: str) -> bool:
    """Is this file part of Python, of an installed package, or of flyhot: not the application's own?"""
    return (
        file.startswith(("<", _OURSELVES))
        or f"{os.sep}site-packages{os.sep}" in file
        or f"{os.sep}dist-packages{os.sep}" in file
        or os.path.realpath(file).startswith(_LIBRARIES)
    )


def whereabouts(task: asyncio.Task[Any] | None) -> Whereabouts | None:
    """The innermost line of the application's own at which `task` awaits; failing that, the innermost of any.

    None if the task has ended, has not begun, or is the one that asks.
    """
    if task is None or task.done():
        return None
    best: Whereabouts | None = None
    for frame in frames_of(task):
        here = Whereabouts(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)
        if best is None or not is_library(here.file) or is_library(best.file):
            best = here
    return best


def frames_of(task: asyncio.Task[Any]) -> list[FrameType]:
    """The frames of a waiting task, outermost first; goes on into a task that it waits for."""
    frames: list[FrameType] = []
    seen: set[int] = set()
    waiting: asyncio.Future[Any] | None = task
    while isinstance(waiting, asyncio.Task) and id(waiting) not in seen:
        seen.add(id(waiting))
        frames += frames_from(waiting.get_coro())
        waiting = getattr(waiting, "_fut_waiter", None)
    return frames


def frames_from(link: object) -> list[FrameType]:
    """The frames of a coroutine that waits, and of those that it awaits, outermost first."""
    return [frame for _, frame in running_from(link)]


def running_from(link: object) -> list[tuple[object, FrameType]]:
    """A coroutine that waits, and those that it awaits, outermost first, each with its frame."""
    found: list[tuple[object, FrameType]] = []
    while link is not None and len(found) < _DEEPEST:
        running = link
        frame, link = _step(link)
        if frame is not None:
            found.append((running, frame))
    return found


def _step(link: object) -> tuple[FrameType | None, object | None]:
    """One link of an await chain: its frame, and what it awaits."""
    if isinstance(link, CoroutineType):
        return link.cr_frame, link.cr_await
    if isinstance(link, AsyncGeneratorType):
        return link.ag_frame, link.ag_await
    if isinstance(link, GeneratorType):
        return link.gi_frame, link.gi_yieldfrom
    if isinstance(link, asyncio.Future):
        return None, None
    # `async for` and `__await__` put small wrappers in between, which don't say what they wrap; the collector
    # knows.
    for inner in gc.get_referents(link):
        if isinstance(inner, (CoroutineType, AsyncGeneratorType)):
            return None, inner
    return None, None
