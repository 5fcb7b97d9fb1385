"""Functions that lie somewhere with what they are to be called with: partials, callbacks of event loops, of futures and
of weak references, timers, exit stacks, finalizers, calls that wait for a thread of a pool. Reads only; runs none of
the app's code."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import gc
import threading
import types
import weakref
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures.thread import _WorkItem
from dataclasses import dataclass
from typing import Any

from .attributes import fields_of


@dataclass(frozen=True)
class Applied:
    """`function`: without its object, if it is a method, which `bound` tells. `whole`: nothing is added by the call."""

    function: types.FunctionType
    bound: bool
    count: int
    keywords: frozenset[str]
    whole: bool
    holder: str
    one: object
    """What keeps it."""


def applied() -> Iterator[Applied]:
    """All that live; one pass over the heap."""
    kinds = (functools.partial, asyncio.Handle, asyncio.TimerHandle, threading.Timer, _WorkItem, *_STACKS)
    told = (asyncio.Future, concurrent.futures.Future, weakref.ref)
    for one in [one for one in gc.get_objects() if type(one) in kinds or issubclass(type(one), told)]:
        yield from _of(one) if type(one) in kinds else _told(one)
    for info in list(weakref.finalize._registry.values()):  # type: ignore[attr-defined]
        yield from _made(info.func, info.args, info.kwargs or {}, True, "a finalizer", info)


_STACKS = (contextlib.ExitStack, contextlib.AsyncExitStack)


def _of(one: Any) -> Iterator[Applied]:
    kind = type(one)
    if kind is functools.partial:
        yield from _made(one.func, one.args, one.keywords, False, "a partial", one)
    elif kind in (asyncio.Handle, asyncio.TimerHandle):
        if not one._cancelled:
            yield from _made(one._callback, one._args, {}, True, "a callback of the event loop", one)
    elif kind is threading.Timer:
        fields = fields_of(one) or {}
        yield from _made(fields.get("function"), fields.get("args", ()), fields.get("kwargs", {}), True, "a timer", one)
    elif kind is _WorkItem:
        yield from _made(one.fn, one.args, one.kwargs, True, "a pool of threads", one)
    else:
        for _, callback in (fields_of(one) or {}).get("_exit_callbacks", ()):
            if isinstance(callback, types.FunctionType) and callback.__module__ == "contextlib":
                cells = dict(zip(callback.__code__.co_freevars, callback.__closure__ or (), strict=False))
                if {"args", "callback", "kwds"} <= cells.keys():
                    function, args, keywords = (cells[name].cell_contents for name in ("callback", "args", "kwds"))
                    yield from _made(function, args, keywords, True, "an exit stack", callback)


def _told(one: Any) -> Iterator[Applied]:
    """Who is called with the object itself when something comes to pass with it: a future is done, what a weak
    reference is to is gone. Partials tell of themselves."""
    if isinstance(one, weakref.ref):
        callback = object.__getattribute__(one, "__callback__")
        yield from _made(callback, (one,), {}, True, "a weak reference", one) if callback is not None else ()
        return
    callbacks: Iterable[Any] = (fields_of(one) or {}).get("_done_callbacks", ())
    if isinstance(one, asyncio.Future):
        callbacks = [callback for callback, _ in one._callbacks or ()]
    for callback in list(callbacks):
        yield from _made(callback, (one,), {}, True, "a future's end", one)


def _made(
    function: Any, args: tuple[Any, ...], keywords: Mapping[str, Any], whole: bool, holder: str, one: object
) -> Iterator[Applied]:
    bound = type(function) is types.MethodType
    inner = function.__func__ if bound else function
    while type(inner) is types.FunctionType and "__wrapped__" in inner.__dict__:
        inner = inner.__dict__["__wrapped__"]
    if type(inner) is types.FunctionType:
        yield Applied(inner, bound, len(args), frozenset(keywords), whole, holder, one)
