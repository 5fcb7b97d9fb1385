"""A site for browser tests: pages that a test can change, the real hub, the real gate and hold, a real uvicorn."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn

from flyhot_asgi.client import ClientHub
from flyhot_asgi.client.frames import Render
from flyhot_asgi.client.script import tag
from flyhot_asgi.session import Hold, Registry
from flyhot_asgi.types import SESSION_KEY, VSN_KEY, ASGIApp, Receive, Scope, Send
from tests.asgi.memory import in_flight


@dataclass
class Answer:
    """What a page answers. `{script}` in the body becomes the client's tag."""

    body: str
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    nonce: str | None = None
    wait: asyncio.Event | None = None
    """The answer comes when this is set."""


class Site:
    """Pages by path, and what the middleware does around an application. `asked`: the paths that were asked for."""

    def __init__(self, *, root_path: str = "", app: ASGIApp | None = None, middleware: bool = True) -> None:
        self.vsn = "one"
        self.pages: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.app = app
        self.middleware = middleware
        self.root_path = root_path
        self.registry = Registry()
        self.hold = Hold(self.registry)
        self.hub = ClientHub(vsn=lambda: self.vsn, boot="boot", heartbeat=25)
        self.url = ""
        self._upgrades = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.root_path:  # as Mount does
            scope["root_path"] = self.root_path
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif not self.middleware:
            assert self.app is not None
            await self.app(scope, receive, send)
        elif self.hub.serves(scope):
            await self.hub(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            scope[VSN_KEY] = self.vsn
            async with in_flight(self.registry, scope):
                await self._page(scope, receive, send)

    async def upgrade(
        self,
        vsn: str,
        *,
        change: Callable[[], object] | None = None,
        render: Render = "morph",
        files: Sequence[str] | None = None,
    ) -> None:
        """What the runner does, without an engine: hold all, `change()`, tell the views, resume, tell the pages."""
        self._upgrades += 1
        name, was = f"tx{self._upgrades}", self.vsn
        self.hub.hold(name, eta_ms=100, max_ms=5000)
        await self.hold.suspend(timeout=60, http_drain=1)
        try:
            if change is not None:
                change()
            self.vsn = vsn
            for unit in self.registry.units() if render == "morph" else ():
                unit.resumed(vsn, True)
        finally:
            self.hold.resume()
        self.hub.resume(name, ok=True, vsn=vsn, render=render, was=was, files=files)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        scope[VSN_KEY] = self.vsn
        session = await self.registry.admit_websocket(scope, receive, send)
        scope[SESSION_KEY] = session
        try:
            await self.app(scope, session.gate.receive, session.gate.send)
        finally:
            self.registry.drop(session)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(self.root_path)
        self.asked.append(path)
        page = self.pages.get(path)
        if page is None and self.app is not None:
            await self.app(scope, receive, send)
            return
        page = page or Answer("not found", status=404)
        if page.wait is not None:
            await page.wait.wait()
        script = tag(f"{self.root_path}/_flyhot/flyhot.js", scope, nonce=page.nonce)
        headers = {"content-type": page.kind, "x-flyhot-vsn": self.vsn, **page.headers}
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": page.status, "headers": pairs})
        await send({"type": "http.response.body", "body": page.body.replace("{script}", script).encode()})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


class _Server(uvicorn.Server):
    """Says when it serves, and leaves the signals to pytest."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = asyncio.Event()

    async def startup(self, sockets: Sequence[socket.socket] | None = None) -> None:
        await super().startup(sockets)  # type: ignore[arg-type]
        self.serving.set()


@asynccontextmanager
async def served(site: Site, *, port: int = 0) -> AsyncIterator[Site]:
    """Serve `site` on a free loopback port, in this event loop."""
    listener = socket.socket(proto=socket.IPPROTO_TCP)  # else asyncio leaves Nagle on: 40 ms a response
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(site, log_level="warning", timeout_graceful_shutdown=2)
    server = _Server(config)
    serving = asyncio.create_task(server._serve([listener]))
    try:
        await server.serving.wait()
        site.url = f"http://127.0.0.1:{listener.getsockname()[1]}{site.root_path}"
        yield site
    finally:
        server.should_exit = True
        await site.hub.close(retry_ms=0)
        await serving
        listener.close()
