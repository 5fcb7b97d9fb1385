"""`HotUpgrade`: the one line that makes an app upgradable while it runs. The composition root of the package.

    app.add_middleware(HotUpgrade)

Pure ASGI: a websocket gets a gate around its `receive`, an HTTP request waits while the app is held, the lifespan
starts and stops the runtime, and everything below `/_flyhot/` is the browser client's.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from sys import getrefcount
from types import CoroutineType, FunctionType
from typing import TYPE_CHECKING

from .client import ClientHub
from .client.inject import injecting
from .errors import FlyhotError
from .integrations import install as install_integrations
from .lifespan import Lifespan
from .release import began as began  # it notes whose import this is, and since when: not that of a fork, later
from .release import imported
from .release.config import project_root
from .session import Requests
from .session.boundary import ALWAYS_OPEN
from .session.duty import SERVICE_RESTART
from .session.endpoints import install as install_endpoints
from .session.refusals import refuse
from .session.registered import Registered
from .session.requests import LET_GO
from .types import SESSION_KEY, VSN_KEY, ASGIApp, Message, Receive, Scope, Send
from .watch.asked import wanted

if TYPE_CHECKING:
    from .runtime import AppProcess, AppRuntime

imported.watch()

registered = Registered()
"""Objects named by `register()`: process-wide, as the modules that make them are."""

ASKS = b"x-flyhot"
"""A request with this header is told in `X-Flyhot-Vsn` which release answers. The client script asks, and so may you
(`curl -si -H x-flyhot:1`). Others are not told: the header would cost each response more than all else that is done for
it."""

LATE_SECONDS = 0.5
"""Under a server that runs no lifespan: how long after the first connection the runtime starts. A test client's event
loop has ended by then."""


def register(obj: object, *, name: str) -> None:
    """Make a living object a unit: at an upgrade its class's `code_change` gets its attributes.

    `name` is its name in reports; registered anew, it is the new object's. The object is referred to weakly. Raises
    ConfigError if it has no `__dict__`, or allows no weak reference. What is bound at module level needs no
    registration.
    """
    registered.add(obj, name)


class HotUpgrade:
    """ASGI middleware. `root` overrides where the app's source lies; everything else is in `[tool.flyhot]`.

    `watch`: follow the files while the app runs (None: if FLYHOT_WATCH=1; needs `watchfiles`). `inject`: put the
    client's tag into HTML documents that have none (None: only while watching).

    If the app can't be upgraded here (another interpreter, an unusable folder), that is logged once and the app runs as
    if this middleware were not there. One that stands behind another one does nothing.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        root: str | os.PathLike[str] | None = None,
        watch: bool | None = None,
        inject: bool | None = None,
    ) -> None:
        self._app = app
        self._watch = wanted(watch)
        self._inject = self._watch if inject is None else inject
        self._root = Path(root) if root is not None else None
        self._runtime: AppRuntime | None = None
        self._impossible = False
        self._steady: AppProcess | None = None
        """Whose requests may go straight to the app, as long as nobody is held. None before it has started."""
        self._requests = Requests()
        self._valve = ALWAYS_OPEN
        self._lifespans = 0
        self._late: asyncio.Task[None] | None = None
        self._is_plain = isinstance(inspect.getattr_static(type(app), "__call__", None), FunctionType)
        setattr(self, "__call__", self._called)  # noqa: B010 (by way of its `__dict__`, all its attributes get slower)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """ASGI 3. An HTTP request for which nothing else is to be done is the app's own coroutine: no frame of ours
        stands around it, and nothing is noted of it unless it still runs when the next one comes
        (docs/decisions/0014)."""
        process = self._steady
        if (
            process is None
            or not self._valve.calm
            or scope["type"] != "http"
            or VSN_KEY in scope
            or "/_flyhot/" in scope["path"]
        ):
            return self._serve(scope, receive, send)
        for name, _ in scope["headers"]:
            if name == ASKS:
                return self._serve(scope, receive, send)
        scope[VSN_KEY] = process.vsn
        requests = self._requests
        if getrefcount(requests.last) > LET_GO and requests.last.cr_frame is not None:
            requests.note(requests.last)
        app = self._app
        # The same, but that the interpreter gets to a function by way of the class at half the cost.
        request = type(app).__call__(app, scope, receive, send) if self._is_plain else app(scope, receive, send)
        if type(request) is not CoroutineType:
            return requests.counted(request, scope)
        requests.last = request
        return request

    async def _called(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What a server sees that asks whether `__call__` is a coroutine function, as that tells ASGI 3 from 2."""
        await self(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        runtime = self._runtime
        if VSN_KEY in scope or (runtime is None and (runtime := self._enter(scope)) is None):
            return await self._app(scope, receive, send)
        kind = scope["type"]
        if kind != "http" and kind != "websocket":
            return await self._other(runtime, scope, receive, send)
        process = runtime.process
        if not process.started:
            self._start_late(runtime)
        elif not self._inject:
            self._steady = process
        if "/_flyhot/" in scope["path"] and ClientHub.serves(scope):
            return await runtime.hub(scope, receive, send)
        registry = process.registry
        if kind == "websocket":
            if not await registry.may_come_in():
                return await refuse(scope, receive, send)
            session = await registry.admit_websocket(scope, receive, send)
            scope[SESSION_KEY] = session
            scope[VSN_KEY] = process.vsn
            try:
                return await self._app(scope, session.gate.receive, session.gate.send)
            except asyncio.CancelledError:
                if not session.was_evicted():
                    raise
                with suppress(OSError):  # the client has gone
                    await session.gate.close(SERVICE_RESTART, "new release")  # if nobody has yet
                return None
            finally:
                registry.drop(session)
        if not registry.valve.is_open and not await registry.may_come_in():
            return await refuse(scope, receive, send)
        vsn = scope[VSN_KEY] = process.vsn
        if any(name == ASKS for name, _ in scope["headers"]):
            send = _naming(vsn, send)
        if self._inject:
            send = injecting(scope, send)
        await registry.http.counted(self._app(scope, receive, send), scope)

    async def _other(self, runtime: AppRuntime, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            return await self._app(scope, receive, send)
        scope[VSN_KEY] = ""
        self._lifespans += 1
        self._steady = None
        try:
            await Lifespan(runtime).run(self._app, scope, receive, send)
        finally:
            self._lifespans -= 1
            self._steady = None

    def _enter(self, scope: Scope) -> AppRuntime | None:
        """The first connection, or the lifespan: find out whose runtime this is. None: the app runs without one."""
        if self._impossible:
            return None
        # Not before: who imports a release cold, to see what it is like, needs none of the engine.
        from .runtime import find_root, runtime_of, say_impossible, why_unsupported

        try:
            if why_not := why_unsupported():
                raise FlyhotError(why_not)
            root = project_root(self._root or find_root(scope.get("app"), self._app, self))
        except Exception as exc:
            self._impossible = True
            say_impossible(exc)
            return None
        install_endpoints()
        install_integrations(root)
        runtime = self._runtime = runtime_of(root, registered)
        self._requests, self._valve = runtime.process.registry.http, runtime.process.registry.valve
        if self._watch and runtime.beside is None:
            from .watch.watcher import Watcher

            runtime.beside = Watcher(runtime.process, runtime.hub)
        return runtime

    def _start_late(self, runtime: AppRuntime) -> None:
        if not self._lifespans and not runtime.failed and (self._late is None or self._late.done()):
            self._late = asyncio.get_running_loop().create_task(self._run_late(runtime), name="flyhot-start")

    async def _run_late(self, runtime: AppRuntime) -> None:
        """Runs until the server's event loop ends, and cancels it."""
        await asyncio.sleep(LATE_SECONDS)
        if await runtime.start():
            try:
                await asyncio.Event().wait()
            finally:
                self._steady = None
                await runtime.stop()


def _naming(vsn: str, send: Send) -> Send:
    """A `send` that says in the response which release gave it."""

    async def send_with_vsn(message: Message) -> None:
        if message["type"] == "http.response.start":  # a copy: the app may send the same message again
            message = {**message, "headers": [*message.get("headers", ()), (b"x-flyhot-vsn", vsn.encode())]}
        await send(message)

    return send_with_vsn
