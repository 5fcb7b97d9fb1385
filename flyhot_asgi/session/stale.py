"""Connections whose handler runs on with old code after an upgrade: found, and closed gently if that is the policy."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection
from contextlib import suppress

from flyhot_asgi.session.closings import close_gently
from flyhot_asgi.session.connection import Session
from flyhot_asgi.session.registry import Registry
from flyhot_asgi.session.siblings import awaited_by
from flyhot_asgi.session.staleness import any_stale
from flyhot_asgi.session.whereabouts import frames_of

logger = logging.getLogger("flyhot.session")

RENEWAL_SECONDS = 10.0
"""A function that has not started anew by then runs old code like any other."""

_LOOK_SECONDS = 0.05
_AT_ONCE = 100
"""So many connections are looked at in one turn of the loop."""


async def close_stale(registry: Registry, *, within: float, leaving: Collection[Session] = ()) -> None:
    """Close with 1012 every connection that runs a frame of old code, spread over some time, `within` seconds at most;
    and those that are `leaving` for it. Reported. Safe to cancel."""
    stale = await stale_sessions(registry)
    away = [session for session in leaving if registry.is_here(session) and session not in stale]
    await _close(registry, [*stale, *away], within)
    if renewing := [session for session in registry.sessions if session.renewing]:
        await _until_renewed(registry, renewing)
        await _close(registry, [session for session in renewing if _is_stale_here(registry, session)], within)


async def _close(registry: Registry, stale: list[Session], within: float) -> None:
    if not stale:
        return
    names = Counter(session.handler for session in stale)
    shown = ", ".join(f"{count} x {name}" for name, count in sorted(names.items()))
    registry.report(f"closed with 1012, as they run old code: {shown}")
    logger.info("sessions that run old code are closed with 1012, to come back: %s", shown)
    await close_gently(stale, reason="new release", within=within)


async def stale_sessions(registry: Registry) -> list[Session]:
    """Those whose handler has a frame under way whose function has other code by now. Who is pinned is not among them:
    that frame ends at the session's boundary, and until then the session was to be left alone; nor is a function that
    is being ended, to start anew: its tasks and its cleanup may take some turns of the loop."""
    found = []
    for number, session in enumerate(registry.sessions):
        if number % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0)
        if _is_stale_here(registry, session):
            found.append(session)
    return found


async def _until_renewed(registry: Registry, sessions: list[Session]) -> None:
    """Their functions have started anew, or have gone, or had their time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(RENEWAL_SECONDS):
            while any(session.renewing and registry.is_here(session) for session in sessions):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_SECONDS)  # whoever catches CodeChanged tells nobody
    for session in sessions:
        session.renewing = False


def _is_stale_here(registry: Registry, session: Session) -> bool:
    left_alone = session.renewing or session.id in registry.pins
    return registry.is_here(session) and not left_alone and _is_stale(session)


def _is_stale(session: Session) -> bool:
    task = session.task
    if task is None or task.done():
        return False
    return any_stale(frame for each in (task, *awaited_by(task)) for frame in frames_of(each))
