"""The lifespan scope, wrapped: the runtime starts after the app has started, and stops before the app stops (ASGI
lifespan protocol 2.0)."""

from __future__ import annotations

from typing import Protocol

from .runtime import AppProcess, start_quietly
from .types import ASGIApp, Message, Receive, Scope, Send

RETRY_MS = 1000


class Closable(Protocol):
    async def close(self, retry_ms: int) -> None: ...


class Lifespan:
    """One run of the lifespan scope."""

    def __init__(self, process: AppProcess, hub: Closable) -> None:
        self._process = process
        self._hub = hub

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the scope on to the app. An app without lifespan support raises as it would without us."""

        async def receive_first() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._stop()
            return message

        async def send_after(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                await start_quietly(self._process, scope.get("app"))
            await send(message)

        try:
            await app(scope, receive_first, send_after)
        finally:
            await self._stop()

    async def _stop(self) -> None:
        await self._process.stop()
        await self._hub.close(RETRY_MS)
