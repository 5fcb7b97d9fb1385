"""Python's own objects that another one can't take the place of while somebody works with them: what is in them, or who
has them, would be lost."""

from __future__ import annotations

import asyncio
import dis
import gc
import inspect
import itertools
import queue
import threading
import types
from typing import Any

from .places import is_made_by_call

_QUEUES = (queue.Queue, queue.SimpleQueue, asyncio.Queue)
_EMPTY: tuple[Any, ...] = ([], (), {}, set(), "", b"", range(0))
_COUNTED = (itertools.count, itertools.repeat)
_ITERATORS: tuple[type, ...] = (
    *(one for one in vars(itertools).values() if isinstance(one, type) and one not in _COUNTED),
    *(type(iter(empty)) for empty in _EMPTY),
    type(iter({}.values())),
    type(iter({}.items())),
    enumerate,
    filter,
    map,
    reversed,
    zip,
)
_LOCKS = (type(threading.Lock()), asyncio.Lock, asyncio.Semaphore)


def instances_of_made(value: Any) -> int:
    """How many instances are alive of a class that a function of Python's made; of any other, 0."""
    if not issubclass(type(value), type) or not is_made_by_call(value):
        return 0
    return sum(value in type.__getattribute__(type(one), "__mro__") for one in gc.get_objects())


def in_use(value: Any) -> str | None:
    """In what way, in words; None if it is in nobody's use, or of another kind. Runs none of the app's code."""
    kind = type(value)
    if kind is types.GeneratorType and has_begun(value):
        return "a generator that has begun; what it has given would be given again"
    if kind is types.AsyncGeneratorType and has_begun(value):
        return "an async generator that has begun; what it has given would be given again"
    if kind is types.CoroutineType and inspect.getcoroutinestate(value) != inspect.CORO_CREATED:
        return "a coroutine that has begun; what it has done would be done again"
    if kind.__module__ in ("queue", "_queue", "asyncio.queues") and issubclass(kind, _QUEUES) and value.qsize():
        return f"a queue with {value.qsize()} item(s) in it, which would be lost"
    if kind.__module__ in ("_thread", "asyncio.locks") and issubclass(kind, _LOCKS) and value.locked():
        return "a lock that somebody has; another one would let others pass"
    if kind is threading.local:
        return "a place where each thread keeps what is its own, which would be lost"
    if kind in _ITERATORS:
        return "an iterator, which can't tell how far it is; another one would begin anew"
    return None


def has_begun(value: types.GeneratorType[Any, Any, Any] | types.AsyncGeneratorType[Any, Any]) -> bool:
    """It has been asked for something, or has ended. Before 3.12 Python does not tell it of one that is asynchronous:
    one that has not begun stands at the instruction that made it."""
    if isinstance(value, types.GeneratorType):
        return inspect.getgeneratorstate(value) != inspect.GEN_CREATED
    frame, suspended = value.ag_frame, getattr(value, "ag_suspended", None)
    if frame is None or value.ag_running or suspended is not None:
        return frame is None or value.ag_running or bool(suspended)
    return frame.f_code.co_code[frame.f_lasti] != dis.opmap["RETURN_GENERATOR"]
