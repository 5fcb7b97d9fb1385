"""Websockets that only send: a ticker, a dashboard, a feed.

Their handler takes the connection, and from then on never asks its client for anything: it waits for a clock, a queue
or a subscription, and sends. No message is in its hand, so none can be handled half by one release and half by the
next; waiting for its next `receive()` would be waiting for good. Its boundary is its `send`.

Whether an application is such a one is seen from what it does: it has sent more than a greeting, and has not asked for
a message since `websocket.connect`. It stops to be one with its first `receive()` after that, and from then on is asked
nothing here any more: who talks with its client pays for none of this.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from flyhot_asgi.session.whereabouts import frames_of
from flyhot_asgi.types import Message, Send

_MORE_THAN_A_GREETING = 2
_CHAINED = "_chain_future"  # asyncio's own: a future that stands for a thread's has its callback
_ANYIO = ("run_sync_in_worker_thread", "anyio._backends._asyncio")


class Door(Protocol):
    """What of the application's valve is asked here."""

    async def opened(self) -> None: ...

    def stir(self) -> None: ...


class Pushing:
    """Stands in the `send` of one websocket until its application asks for a message. Counts what it sends, and while
    the valve is closed, holds it back: in order, and without losing any."""

    __slots__ = ("_left", "_sent", "_valve", "connected", "send")

    def __init__(self, send: Send, valve: Door) -> None:
        self.send = send
        """The server's own."""
        self.connected = False
        """`websocket.connect` was asked for: the next call of `receive()` is for the client's words."""
        self._valve = valve
        self._sent = 0
        self._left = False

    @property
    def pushes(self) -> bool:
        return self._sent >= _MORE_THAN_A_GREETING and not self._left

    async def __call__(self, message: Message) -> None:
        """Cancelled while the valve is closed, nothing was sent."""
        if message["type"] == "websocket.send":
            self._sent += 1
        if self.pushes:
            self._valve.stir()
            await self._valve.opened()
        await (send_to_nobody if self._left else self.send)(message)

    def leave(self) -> Send:
        """The connection is closed from this side: what the application still sends goes to nobody. Returns the
        server's own `send`, for the closing."""
        self._left = True
        return self.send


async def send_to_nobody(message: Message) -> None:
    """To a client that has gone (ASGI specification: OSError)."""
    if message.get("type") != "websocket.close":
        raise OSError("the server has closed this connection")


def waits_for_a_thread(task: asyncio.Task[Any] | None) -> bool:
    """Has `task` given work to a thread, and waits for it? Such work is in flight, though the task has come to rest.

    Walks its awaits: not for the hot path.
    """
    waiting: Any = task
    while isinstance(waiting, asyncio.Task):
        if any((f.f_code.co_name, f.f_globals.get("__name__")) == _ANYIO for f in frames_of(waiting)):
            return True
        waiting = getattr(waiting, "_fut_waiter", None)
    callbacks = getattr(waiting, "_callbacks", None) or ()
    return any(getattr(each, "__qualname__", "").startswith(_CHAINED) for each, *_ in callbacks)
