"""`HotUpgrade`: the one line that makes an app upgradable while it runs. The composition root of the package.

    app.add_middleware(HotUpgrade)

Pure ASGI: a websocket gets a gate around its `receive`, an HTTP request waits while the app is held, the lifespan
starts and stops the runtime, and everything below `/_flyhot/` is the browser client's.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from pathlib import Path

from .client import ClientHub
from .lifespan import Lifespan
from .runtime import AppProcess, Pages, Registered, start_quietly, why_unsupported
from .session.endpoints import install as install_endpoints
from .types import SESSION_KEY, VSN_KEY, ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger("flyhot.upgrade")

registered = Registered()
"""Objects named by `register()`: process-wide, as the modules that make them are."""


def register(obj: object, *, name: str) -> None:
    """Make a living object a unit: at an upgrade its class's `code_change` gets its attributes.

    `name` is its name in reports, one per object. The object is referred to weakly; it must allow that (a class with
    `__slots__` needs `__weakref__`: TypeError otherwise). Objects bound at module level need no registration.
    """
    registered.add(obj, name)


class HubPages(Pages):
    """The open pages, told through the client hub."""

    def __init__(self, hub: ClientHub) -> None:
        self._hub = hub

    def count(self) -> int:
        return self._hub.statistics().sockets

    def hold(self, id: str, *, eta_ms: int, max_ms: int) -> None:
        self._hub.hold(id, eta_ms=eta_ms, max_ms=max_ms)

    def resume(self, id: str, *, ok: bool, vsn: str, render: str) -> None:
        self._hub.resume(id, ok=ok, vsn=vsn, render=render)  # type: ignore[arg-type]


class HotUpgrade:
    """ASGI middleware. `root` overrides where the app's source lies; everything else is in `[tool.flyhot]`.

    If the app can't be upgraded here (another interpreter, an unusable folder), that is logged once and the app runs as
    if this middleware were not there.
    """

    def __init__(self, app: ASGIApp, *, root: str | os.PathLike[str] | None = None) -> None:
        self._app = app
        self._why_not = why_unsupported()
        boot = secrets.token_hex(8)
        self.hub = ClientHub(vsn=lambda: self.process.vsn, boot=boot)
        self.process = AppProcess(
            registered, HubPages(self.hub), boot=boot, root=Path(root) if root is not None else None
        )
        self._starting: asyncio.Task[None] | None = None
        if self._why_not is not None:
            logger.error("this app can't be upgraded while it runs: %s", self._why_not)
        else:
            install_endpoints()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._why_not is not None:
            await self._app(scope, receive, send)
        elif scope["type"] == "lifespan":
            await Lifespan(self.process, self.hub).run(self._app, scope, receive, send)
        elif _is_ours(scope):
            await self.hub(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._start_late(scope)
        session = await self.process.registry.admit_websocket(scope, receive, send)
        scope[SESSION_KEY] = session
        scope[VSN_KEY] = self.process.vsn
        try:
            await self._app(scope, session.gate.receive, session.gate.send)
        finally:
            self.process.registry.drop(session)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._start_late(scope)
        async with self.process.registry.http(scope):
            scope[VSN_KEY] = vsn = self.process.vsn

            async def send_with_vsn(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [*message.get("headers", ()), (b"x-flyhot-vsn", vsn.encode())]
                await send(message)

            await self._app(scope, receive, send_with_vsn)

    def _start_late(self, scope: Scope) -> None:
        """Under a server that runs no lifespan, the first connection starts the runtime."""
        if self.process.installed is None and self._starting is None:
            self._starting = asyncio.create_task(start_quietly(self.process, scope.get("app")), name="flyhot-start")


def _is_ours(scope: Scope) -> bool:
    path: str = scope.get("path", "")
    root_path: str = scope.get("root_path", "")
    if root_path and path.startswith(root_path):
        path = path[len(root_path) :]
    return path.startswith("/_flyhot/")
