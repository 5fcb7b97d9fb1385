"""The gathering of all sessions at their boundary, as long as somebody is there who wants it."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress

from ..session import Hold, HoldReport
from ..session.rounds import LONGEST_WINDOW
from .coordinator import Coordinator
from .order import Order

logger = logging.getLogger("flyhot.upgrade")


async def gather(
    hold: Hold, coordinator: Coordinator, order: Order, *, since: float | None = None
) -> HoldReport | None:
    """Suspend all sessions, or give up at once when the coordinator is gone or says stop: None.

    `since` (monotonic): when that was first tried in this upgrade. There is one time for all tries; but each has time
    for a window at least, or who was let go for others' sake would be the one that fails. Whatever is returned or
    raised, a `hold.resume()` is owed. Raises SuspendTimeout. Safe to cancel.
    """
    used = time.monotonic() - since if since is not None else 0.0
    gone = asyncio.create_task(coordinator.gone(), name="flyhot-coordinator")
    report = None
    try:
        async with asyncio.timeout(None) as limit:
            gone.add_done_callback(lambda _: _expire(limit))
            report = await hold.suspend(
                timeout=max(order.suspend_timeout - used, min(order.suspend_timeout, LONGEST_WINDOW)),
                http_drain=order.http_drain,
                on_busy=order.on_busy,
                since=since,
            )
    except TimeoutError:
        pass
    finally:
        gone.cancel()
        await asyncio.wait([gone])
    if gone.cancelled():
        return report
    if (error := gone.exception()) is not None:
        logger.warning("the word of upgrade %s can't be understood: %s", order.id, error)
    return None


def _expire(limit: asyncio.Timeout) -> None:
    with suppress(RuntimeError):  # it is over: who waited has come through meanwhile, and looks for itself
        limit.reschedule(asyncio.get_running_loop().time())
