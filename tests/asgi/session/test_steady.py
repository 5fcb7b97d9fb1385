"""A server that takes a message for a call that was cancelled in the same moment, and forgets it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flyhot_asgi.session.steady import Steady, steady


class Forgetful:
    """As granian's: the message is out of the queue when the waiting call is woken, whether or not it wants it."""

    def __init__(self) -> None:
        self.waiting: asyncio.Future[Any] | None = None
        self.calls = 0

    async def receive(self) -> Any:
        self.calls += 1
        self.waiting = asyncio.get_running_loop().create_future()
        return await self.waiting

    def gives(self, number: int) -> None:
        assert self.waiting is not None
        self.waiting.set_result({"type": "websocket.receive", "text": str(number)})


Forgetful.__module__ = "granian._granian"


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_message_that_comes_with_a_cancellation_is_the_next_calls() -> None:
    server = Forgetful()
    receive = steady(server.receive)
    for number in range(3):
        call = asyncio.create_task(receive())
        await turn()
        server.gives(number)
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()
        assert (await receive())["text"] == str(number)
    assert server.calls == 3


async def test_a_call_after_a_cancellation_asks_the_server_no_second_time() -> None:
    server = Forgetful()
    receive = steady(server.receive)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(), 0.001)
    call = asyncio.create_task(receive())
    await turn()
    server.gives(7)
    assert (await call)["text"] == "7" and server.calls == 1


async def test_an_error_is_the_callers_and_what_is_pending_ends_with_the_connection() -> None:
    server = Forgetful()
    receive = steady(server.receive)
    assert isinstance(receive, Steady)
    call = asyncio.create_task(receive())
    await turn()
    assert server.waiting is not None
    server.waiting.set_exception(OSError("gone"))
    with pytest.raises(OSError):
        await call
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(receive(), 0.001)
    receive.end()
    receive.end()
    await turn()
    assert server.waiting is not None and server.waiting.cancelled()


def test_of_other_servers_nothing_is_wrapped() -> None:
    async def receive() -> Any: ...

    assert steady(receive) is receive
    assert steady(dict(a=1).get) is not None and not isinstance(steady(dict(a=1).get), Steady)  # type: ignore[arg-type]
