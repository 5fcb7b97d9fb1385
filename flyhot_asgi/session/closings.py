"""Closings that can't be avoided are gentle: spread over a time, in no order, so that clients don't all come back at
once."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Iterable

from flyhot_asgi.session.connection import Session

SERVICE_RESTART = 1012
"""WebSocket close code: the server restarts, come back (IANA registry)."""

TRY_AGAIN_LATER = 1013
PER_SECOND = 200
"""As fast as it need not be: few sessions are closed sooner than the time that is given."""

BATCH_SECONDS = 0.1
SEND_SECONDS = 2.0
"""How long one client may take to take its close."""


async def close_gently(
    sessions: Iterable[Session], *, within: float, code: int = SERVICE_RESTART, reason: str = ""
) -> int:
    """Close the sessions' websockets in shuffled batches at uneven intervals, all within `within` seconds; returns how
    many. Safe to cancel: those not reached stay open."""
    waiting = list(sessions)
    random.shuffle(waiting)
    count = len(waiting)
    batches = max(1, math.ceil(min(within, count / PER_SECOND) / BATCH_SECONDS))
    size = math.ceil(count / batches)
    step = min(BATCH_SECONDS, within / batches)
    closing = []
    while waiting:
        batch, waiting = waiting[:size], waiting[size:]
        closing += [asyncio.ensure_future(_close(session, code, reason)) for session in batch]
        if waiting:
            await asyncio.sleep(step * (0.5 + random.random() / 2))
    await asyncio.gather(*closing)
    return count


async def _close(session: Session, code: int, reason: str) -> None:
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await session.gate.close(code, reason)
    except (OSError, RuntimeError, TimeoutError):
        pass  # it has gone already, or takes nothing: the server's own end comes to it
