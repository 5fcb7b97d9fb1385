"""Tasks that have an owner: kept alive while they run, cancelled when the owner ends, their errors logged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

logger = logging.getLogger("flyhot.session")


class OwnedTasks:
    """The tasks of one owner. Owns them: nothing else refers to them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> None:
        """Run `work()` in a task. Whatever it raises is logged and hurts nobody else."""
        task = asyncio.get_running_loop().create_task(_guarded(work, name), name=f"flyhot: {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cancel(self) -> None:
        """Cancel all of them. Idempotent; does not wait for them."""
        for task in list(self._tasks):
            task.cancel()


async def _guarded(work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
    try:
        await work()
    except Exception:
        logger.exception("%s failed; the session goes on", name)


async def guarded(work: Any) -> Any:
    """Await `work`. A cancellation that is not this task's own, but that of something it awaited, is an error of its:
    RuntimeError."""
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    try:
        return await work
    except asyncio.CancelledError as exc:
        if task is not None and task.cancelling() > before:
            raise
        raise RuntimeError("something that was awaited was cancelled") from exc
