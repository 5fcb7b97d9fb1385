"""The mailbox: order, the limit, and what is no longer wanted."""

from __future__ import annotations

import asyncio

from flyhot_asgi.stateful.mailbox import Call, Cast, Info, Mailbox
from tests.asgi.session.fakes import turn


def mailbox(limit: int = 3) -> Mailbox:
    return Mailbox(limit, lambda: None)


async def sender(box: Mailbox, message: object) -> None:
    await box.room()
    box.put(Cast(message))


def messages(box: Mailbox) -> list[object]:
    found = []
    while (item := box.take()) is not None:
        assert isinstance(item, Cast)
        found.append(item.message)
    return found


async def test_who_finds_it_full_waits_and_comes_in_order() -> None:
    box = mailbox(2)
    tasks = [asyncio.create_task(sender(box, n)) for n in range(5)]
    await turn()
    assert len(box) == 2 and [task.done() for task in tasks] == [True, True, False, False, False]
    seen = []
    while len(seen) < 5:
        item = box.take()
        assert isinstance(item, Cast) and len(box) <= 2
        seen.append(item.message)
        await turn()
    assert seen == [0, 1, 2, 3, 4]


async def test_who_gives_up_waiting_leaves_the_place_to_the_next() -> None:
    box = mailbox(1)
    box.put(Cast("first"))
    second, third = (asyncio.create_task(sender(box, name)) for name in ("second", "third"))
    await turn()
    box.take()  # the place is the second's, who is cancelled in the same moment
    second.cancel()
    await turn()
    assert second.cancelled() and third.done() and messages(box) == ["third"]


async def test_a_call_whose_caller_gave_up_and_a_cancelled_timers_message_are_skipped() -> None:
    box = mailbox()
    reply: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    box.put(Call("question", reply))
    box.put(Info("tick", wanted=False))
    box.put(Cast("rest"))
    assert [call.request for call in box.calls] == ["question"]
    reply.cancel()
    assert box.calls == [] and messages(box) == ["rest"]


async def test_emptied_it_lets_everybody_in() -> None:
    box = mailbox(1)
    box.put(Cast("unread"))
    tasks = [asyncio.create_task(box.room()) for _ in range(3)]
    await turn()
    box.limit = 100
    assert [item.message for item in box.clear() if isinstance(item, Cast)] == ["unread"]
    await turn()
    assert all(task.done() for task in tasks)
