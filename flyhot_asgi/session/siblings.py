"""The tasks that a task waits for: `await task`, `asyncio.gather`, `asyncio.wait`. A task group cancels its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import Any

from flyhot_asgi.session.whereabouts import frames_from

logger = logging.getLogger("flyhot.session")

END_SECONDS = 5.0
_GATE = "flyhot_asgi.session.gate"
_WAIT = asyncio.tasks._wait.__code__  # type: ignore[attr-defined]  # has what it waits for in its frame only


def awaited_by(task: asyncio.Task[Any] | None) -> list[asyncio.Task[Any]]:
    """All that `task` waits for in this moment, at any depth. What it started and does not wait for isn't among them,
    nor is what it shields, nor what the server waits for on the other side of the gate: its connection's own tasks."""
    found: list[asyncio.Task[Any]] = []
    queue = [task] if task is not None else []
    while queue:
        for each in _directly(queue.pop()):
            if each is not task and each not in found:
                found.append(each)
                queue.append(each)
    return found


def _directly(task: asyncio.Task[Any]) -> list[asyncio.Task[Any]]:
    frames = frames_from(task.get_coro())
    if any(frame.f_globals.get("__name__") == _GATE for frame in frames):
        return []
    waiter = getattr(task, "_fut_waiter", None)
    members: list[Any] = [waiter, *(getattr(waiter, "_children", None) or ())]
    for frame in frames:
        if frame.f_code is _WAIT:
            members += frame.f_locals["fs"]
    return [each for each in members if isinstance(each, asyncio.Task)]


async def end(tasks: Collection[asyncio.Task[Any]], what: str) -> None:
    """Cancel those that still run, and wait for them, END_SECONDS at most. What they raise is logged."""
    running = [task for task in tasks if not task.done()]
    for task in running:
        task.cancel()
    if running:
        _, late = await asyncio.wait(running, timeout=END_SECONDS)
        for task in late:
            logger.error("%s: a task that it had started does not end: %r; it runs on with its old code", what, task)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # it is seen: what it waits for is over
