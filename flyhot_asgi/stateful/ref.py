"""How others speak with a StatefulHandler: by a reference that stays good when the handler is started anew."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from flyhot_asgi.errors import CallTimeout, NotRunning
from flyhot_asgi.stateful import names

if TYPE_CHECKING:
    from flyhot_asgi.stateful.server import Server


class ServerRef:
    """What `StatefulHandler.start()` returns, and `whereis(name)`.

    For the event loop that the handler runs in; `info` from any thread.
    """

    __slots__ = ("_server",)

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def name(self) -> str | None:
        return self._server.name

    @property
    def alive(self) -> bool:
        """Does it run, or is it about to be started anew?"""
        return self._server.alive

    @property
    def restarts(self) -> int:
        """How often it was started anew after an error."""
        return self._server.supervision.count

    async def call(self, request: Any, *, timeout: float | None = 5.0) -> Any:  # noqa: ASYNC109 (OTP's word)
        """What `handle_call(request)` returns. `timeout`: seconds in all, the wait for room in the mailbox and an
        upgrade's hold included; None waits as long as it takes.

        Raises CallTimeout, HandlerCrashed (its cause is what the handler raised), NotRunning. Safe to cancel. A call
        that was given up before the handler had begun with it is never begun.
        """
        server = self._server
        server.check_caller()
        reply = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout) as limit:
                await server.post_call(request, reply)
                return await reply
        except TimeoutError as exc:
            if not limit.expired():
                raise
            raise CallTimeout(
                f"{server.label} did not answer within {timeout:g} s: {server.occupation(reply)}",
                do="allow it more time (timeout=), or find out what keeps it",
            ) from exc
        finally:
            reply.cancel()

    async def cast(self, message: Any) -> None:
        """Have `handle_cast(message)` called, without waiting for it; waits only while the mailbox is full.

        Raises NotRunning. Safe to cancel: then it was not sent.
        """
        await self._server.post_cast(message)

    def info(self, message: Any) -> None:
        """Have `handle_info(message)` called. From any thread; never waits. Raises MailboxFull (in the loop's thread;
        from another one that is logged), NotRunning."""
        self._server.post_info(message)

    put = info  # so that a PubSub takes a reference as a subscriber

    async def stop(self, *, timeout: float = 5.0) -> None:  # noqa: ASYNC109 (OTP's word)
        """End it after the message in hand: `terminate("normal")` runs, and it is not started anew. Past `timeout`
        seconds its task is cancelled. Idempotent."""
        await self._server.stop("normal", timeout)

    def __repr__(self) -> str:
        return f"<ServerRef {self._server.label}{'' if self.alive else ', ended'}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ServerRef) and other._server is self._server

    def __hash__(self) -> int:
        return hash(id(self._server))


def whereis(name: str) -> ServerRef:
    """The running handler of that name. Raises NotRunning if there is none."""
    server = names.find(name)
    if server is None:
        others = ", ".join(sorted(names.all_names())) or "none"
        raise NotRunning(f"no handler runs under the name {name!r} (there are: {others})", do="start it first")
    return ServerRef(server)
