"""A server's `receive` that loses nothing when a call of it is cancelled.

granian takes a message for a call that is cancelled in the same moment, and nobody gets it: an application's own
timeout is enough. There each call is asked for in a task, which outlives a cancellation and answers the next call.
Other servers keep the message themselves.
"""

from __future__ import annotations

import asyncio

from flyhot_asgi.types import Message, Receive


def steady(receive: Receive) -> Receive:
    """`receive` itself, where it can be cancelled safely."""
    server = type(getattr(receive, "__self__", None)).__module__
    return Steady(receive) if server.partition(".")[0] == "granian" else receive


class Steady:
    """Owns the call that is asked for."""

    __slots__ = ("_asked", "_receive")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._asked: asyncio.Task[Message] | None = None

    async def __call__(self) -> Message:
        """Safe to cancel: the message is the next call's."""
        asked = self._asked
        if asked is None:
            asked = self._asked = asyncio.create_task(self._ask())
        try:
            message = await asyncio.shield(asked)
        except asyncio.CancelledError:
            if asked.cancelled():
                self._asked = None  # not by our caller: the server gives up
            raise
        except BaseException:
            self._asked = None
            raise
        self._asked = None
        return message

    async def _ask(self) -> Message:
        return await self._receive()

    def end(self) -> None:
        """The connection is over. Idempotent."""
        asked, self._asked = self._asked, None
        if asked is not None and not asked.cancel() and not asked.cancelled():
            asked.exception()  # it is seen, and nobody's any more
