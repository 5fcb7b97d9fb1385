"""What an upgradable function waits for at its boundary, in whichever of its tasks, and how it is woken there.

A task that waits is woken by cancelling it; the cancellation is turned into CodeChanged where the wait was begun, and
taken back (`Task.uncancel`), so that whoever stands in between (a server's queue, the gate, `asyncio.wait_for`) gives
back what it has in hand as it does at any timeout. A cancellation that somebody else asked for stays one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from flyhot_asgi.functions.changed import CodeChanged

T = TypeVar("T")


class Parking:
    """The waits of one run. Owns which tasks wait, and which of them it has woken."""

    def __init__(self, owner: object) -> None:
        self._owner = owner
        self._waiting: dict[asyncio.Task[Any], int] = {}
        self._woken: set[asyncio.Task[Any]] = set()

    @property
    def tasks(self) -> list[asyncio.Task[Any]]:
        """Those that wait at the boundary."""
        return list(self._waiting)

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """The result of `awaitable`, or CodeChanged. Safe to cancel."""
        task = asyncio.current_task()
        assert task is not None
        before = task.cancelling()
        self._waiting[task] = self._waiting.get(task, 0) + 1
        try:
            return await awaitable
        except asyncio.CancelledError:
            if task not in self._woken:
                raise
            self._woken.discard(task)
            if task.uncancel() > before:
                raise
            raise CodeChanged(self._owner) from None
        finally:
            self._waiting[task] -= 1
            if not self._waiting[task]:
                del self._waiting[task]

    def wake(self) -> None:
        """End all waits with CodeChanged."""
        for task in self.tasks:
            if task not in self._woken:
                self._woken.add(task)
                task.cancel()
