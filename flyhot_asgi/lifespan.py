"""The lifespan scope, wrapped (ASGI lifespan protocol 2.0).

What is loaded is read before the app starts, so that the least may be edited meanwhile; the control socket opens when
the app has started, and closes before it stops. Handlers and loops that the app started end before its own shutdown
begins: they may need what that closes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from .runtime import AppRuntime


class Lifespan:
    """One run of the lifespan scope. Never fails an app: whose runtime can't be started runs without it."""

    def __init__(self, runtime: AppRuntime) -> None:
        self._runtime = runtime
        self._started = False

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the scope on to the app. An app without lifespan support raises as it would without us."""

        async def receive_first() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._runtime.end_actors()
                await self._stop()
            return message

        async def send_after(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete" and not self._started:
                self._started = await self._runtime.start()
            await send(message)

        if not await self._runtime.look():
            return await app(scope, receive, send)
        try:
            await app(scope, receive_first, send_after)
        finally:
            await self._runtime.end_actors()
            await self._stop()

    async def _stop(self) -> None:
        if self._started:
            self._started = False
            await self._runtime.stop()
