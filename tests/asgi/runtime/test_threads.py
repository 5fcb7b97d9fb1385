"""Work in a thread is over when its caller is, and forgotten."""

from __future__ import annotations

import asyncio
import threading
import weakref

import pytest

from flyhot_asgi.runtime.threads import in_thread


class Work:
    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.ended = False

    def __call__(self) -> str:
        self.may_end.wait(10)
        self.ended = True
        return "done"


async def test_it_gives_the_result_and_keeps_nothing_of_the_work() -> None:
    work = Work()
    work.may_end.set()
    ref = weakref.ref(work)
    waiting = asyncio.ensure_future(in_thread(work))
    del work
    assert await waiting == "done"
    del waiting
    assert ref() is None, "though the thread may not have been told yet that it is through"


async def test_cancelled_it_waits_until_the_work_is_through() -> None:
    work = Work()
    task = asyncio.create_task(in_thread(work))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.sleep(0.01)
    assert not task.done()
    work.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.ended
