"""Work on the event loop's thread that leaves the loop to others in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
SLICE_SECONDS = 0.004


async def in_slices(items: Iterable[str], work: Callable[[str], list[T]]) -> list[T]:
    """What `work` finds for all items, as many of them at a time as take no longer than `SLICE_SECONDS`. On this
    thread, as what is looked at is the program's. Safe to cancel."""
    found: list[T] = []
    began = time.perf_counter()
    for item in items:
        if time.perf_counter() - began > SLICE_SECONDS:
            await asyncio.sleep(0)
            began = time.perf_counter()
        found += work(item)
    return found
