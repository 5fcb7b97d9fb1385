"""A boundary in a function that receives no messages, or waits for something else than its websocket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar, overload

from flyhot_asgi.functions.run import running

T = TypeVar("T")


@overload
async def checkpoint() -> None: ...


@overload
async def checkpoint(awaitable: Awaitable[T], /) -> T: ...


async def checkpoint(awaitable: Awaitable[T] | None = None, /) -> T | None:
    """Here an upgrade may hold this function, and end it if its code is new.

        @upgradable
        async def ticker(state):
            while True:
                await checkpoint(asyncio.sleep(60))
                state["ticks"] = state.get("ticks", 0) + 1

    With an argument, the whole wait is the boundary: an upgrade need not wait for its end. If it is over during the
    hold, its result is given to the next checkpoint of the function (the new one, if its code is new). If the function
    is ended meanwhile, what is awaited is cancelled.

    Outside of an `@upgradable` function it awaits, and nothing else. Raises CodeChanged. Safe to cancel.
    """
    run = running()
    if run is not None:
        result: T | None = await run.checkpoint(awaitable)
        return result
    if awaitable is not None:
        return await awaitable
    await asyncio.sleep(0)
    return None
