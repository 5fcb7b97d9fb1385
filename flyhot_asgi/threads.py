"""Work in a thread that is over when its caller is."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """As `asyncio.to_thread`; but cancelled, it waits until the work is through, then raises CancelledError.

    A survey of the heap that goes on after its upgrade was cancelled would hold on to what the next one looks at.
    """
    once = [work]
    del work  # the thread lets go of it by itself: one that is late would keep alive the code that an upgrade deletes
    task = asyncio.ensure_future(asyncio.to_thread(lambda: once.pop()()))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with contextlib.suppress(asyncio.CancelledError):  # however often it is said
                await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # it is seen, and nobody's any more
        raise


async def in_thread_until(work: Callable[[threading.Event], T]) -> T:
    """As `in_thread`, for work that looks at its event: that is set when the caller is cancelled."""
    cancel = threading.Event()
    task = asyncio.ensure_future(asyncio.to_thread(work, cancel))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        cancel.set()
        with contextlib.suppress(Exception):
            await task
        raise
