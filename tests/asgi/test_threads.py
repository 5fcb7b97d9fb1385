"""Work in a thread, cancelled or not, is over when its caller is."""

from __future__ import annotations

import asyncio
import threading
import weakref

import pytest

from flyhot_asgi.threads import in_thread


async def test_its_result_and_its_exception_are_the_works() -> None:
    assert await in_thread(lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 / 0)


@pytest.mark.parametrize("fails", [False, True])
async def test_cancelled_it_waits_for_the_work(fails: bool) -> None:
    begun, go_on, over = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(10)
        over.set()
        if fails:
            raise ValueError("too late for anybody")

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait, 10)
    for _ in range(2):
        task.cancel()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert over.is_set()


async def test_it_keeps_nothing_of_the_work() -> None:
    class Work:
        def __call__(self) -> str:
            return "done"

    work = Work()
    ref = weakref.ref(work)
    waiting = asyncio.ensure_future(in_thread(work))
    del work
    assert await waiting == "done"
    assert ref() is None, "though the thread may not have been told yet that it is through"
