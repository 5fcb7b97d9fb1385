"""Whether an app was started: then its start-up has run, and another one would not be run any more.

A server keeps the app's lifespan waiting for as long as it serves (ASGI's lifespan protocol: one call of the app from
start-up to shutdown), so that the app's state need not be guessed from what servers leave behind.
"""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Iterable
from typing import Any

from .inventory import frame_of, running_code, subclasses
from .wrapped import function_chain


def serving() -> bool:
    """A server, or a test client, has started an app of Starlette's or FastAPI's in this process and not ended it. One
    pass over the heap."""
    codes = {function.__code__ for function in _lifespans()}
    return bool(codes) and any(
        type(one) is types.CoroutineType and one.cr_code in codes and one.cr_frame is not None
        for one in gc.get_objects()
    )


def begun(function: types.FunctionType, running: Iterable[Any]) -> bool:
    """Among what runs (coroutines and generators) there is a call of the function, in whatever release it began."""
    name, namespace = function.__code__.co_qualname, function.__globals__
    frames = [frame_of(one) for one in running if running_code(one).co_qualname == name]
    return any(frame is not None and frame.f_globals is namespace for frame in frames)


def _lifespans() -> set[types.FunctionType]:
    """The methods that answer a server's lifespan call."""
    router = getattr(sys.modules.get("starlette.routing"), "Router", None)
    kinds = [router, *subclasses(router)] if router is not None else []
    return {function for kind in kinds for function in function_chain(vars(kind).get("lifespan"))}
