"""What is in flight, without a frame of ours: when it is noted, seen, told of, and let go of."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Generator
from typing import Any

import pytest

from flyhot_asgi.session import Requests
from flyhot_asgi.types import VSN_KEY


class Mark:
    pass


def request(path: str = "/", **more: Any) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": path, VSN_KEY: "1", **more}


async def app(scope: dict[str, Any], going: asyncio.Event) -> None:
    await going.wait()


def come(requests: Requests, coroutine: Any) -> Any:
    """As the middleware does it."""
    if requests.last.cr_frame is not None:
        requests.note(requests.last)
    requests.last = coroutine
    return coroutine


@pytest.fixture
def requests() -> Requests:
    return Requests()


async def test_those_that_run_are_seen_oldest_first_by_what_they_were_given(requests: Requests) -> None:
    going = asyncio.Event()
    tasks = [asyncio.create_task(come(requests, app(request(f"/{n}"), going))) for n in range(3)]
    assert [str(each) for each in requests] == ["GET /0", "GET /1", "GET /2"]
    await asyncio.sleep(0)
    seen = list(requests)
    assert [each.path for each in seen] == ["/0", "/1", "/2"] and list(requests) == seen, "their times stay the same"
    going.set()
    await asyncio.gather(*tasks)
    assert list(requests) == [], "although their tasks are kept, which keep the coroutines"


async def test_one_that_ends_before_the_next_one_comes_leaves_nothing(requests: Requests) -> None:
    going, mark = asyncio.Event(), Mark()
    going.set()
    await come(requests, app(request(mark=mark), going))
    freed = weakref.ref(mark)
    del mark
    assert freed() is None, "what it was given is not kept alive"
    come(requests, app(request(), going)).close()
    assert not requests._noted and list(requests) == []


async def test_one_that_nobody_goes_on_with_is_let_go_of(requests: Requests) -> None:
    loop, mark = asyncio.get_running_loop(), Mark()
    abandoned = come(requests, app(request("/gone", mark=mark), asyncio.Event()))
    abandoned.send(None)  # it waits, and belongs to no task
    assert [each.path for each in requests] == ["/gone"]
    freed = weakref.ref(mark)
    del abandoned, mark
    come(requests, app(request(), asyncio.Event())).close()
    gc.collect()
    assert freed() is None and list(requests) == [] and loop.is_running()


async def test_the_last_one_is_known_once_however_often_it_is_looked_at(requests: Requests) -> None:
    """Another thread may look just when the next one comes: nothing of what is kept is changed by a look."""
    going = asyncio.Event()
    task = asyncio.create_task(come(requests, app(request("/1"), going)))
    seen = list(requests)
    assert requests.last.cr_frame is not None and list(requests) == seen
    following = asyncio.create_task(come(requests, app(request("/2"), going)))
    assert next(iter(requests)) is seen[0] and [each.path for each in requests] == ["/1", "/2"]
    going.set()
    await asyncio.gather(task, following)


async def test_who_watches_is_told_once_of_each_end(requests: Requests) -> None:
    first, second, told = asyncio.Event(), asyncio.Event(), []

    async def serve(path: str, going: asyncio.Event) -> None:
        await come(requests, app(request(path), going))

    tasks = [asyncio.create_task(serve("/1", first)), asyncio.create_task(serve("/2", second))]
    await asyncio.sleep(0)
    for _ in range(3):
        requests.watch(lambda: told.append([each.path for each in requests]))
    assert told == []
    first.set()
    await tasks[0]
    assert told == [["/2"]]
    second.set()
    await tasks[1]
    assert told == [["/2"], []]


async def test_an_awaitable_that_is_no_coroutine_counts_as_well(requests: Requests) -> None:
    class Odd:
        def __await__(self) -> Generator[Any, None, None]:
            yield from asyncio.sleep(0).__await__()

    task = asyncio.create_task(requests.counted(Odd(), request("/odd")))
    await asyncio.sleep(0)
    assert [str(each) for each in requests] == ["GET /odd"]
    await task
    assert list(requests) == []


async def test_one_whose_frames_do_not_have_what_it_was_given_counts_without_a_name(requests: Requests) -> None:
    going = asyncio.Event()
    task = asyncio.create_task(come(requests, app({}, going)))
    assert [str(each) for each in requests] == ["? ?"]
    going.set()
    await task
