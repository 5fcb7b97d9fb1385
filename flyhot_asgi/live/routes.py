"""The two routes of a LiveView: the first page over HTTP, and the websocket at the same address."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from flyhot_asgi.client.hub import serve_script
from flyhot_asgi.client.origin import same_origin
from flyhot_asgi.client.script import Markup, bundle, flyhot_script, live_tag, script_path, tag
from flyhot_asgi.live.frames import SUBPROTOCOL
from flyhot_asgi.live.session import LiveSession
from flyhot_asgi.live.view import LiveView, first_page, make_view
from flyhot_asgi.types import SESSION_KEY, VSN_KEY, Receive, Scope, Send

logger = logging.getLogger("flyhot.live")

CLIENT_QUERY = "flyhot-client"
"""Without the middleware nobody serves /_flyhot/: a view's own address serves the script, under this query."""


def live_routes(
    path: str, cls: type[LiveView], *, name: str | None = None, allowed_origins: Collection[str] = ()
) -> list[BaseRoute]:
    """The routes of a view, for `app.router.routes.extend(...)` of Starlette or FastAPI, or in a Router or Mount.

    path: as in Starlette, with parameters. name: for `url_for`; the class's by default. allowed_origins: pages of
    other hosts that may open the websocket ("https://app.example"); its own host always may.
    """
    endpoint = LiveEndpoint(cls, allowed_origins)
    name = name or cls.__name__
    return [
        Route(path, endpoint, methods=["GET"], name=name),
        WebSocketRoute(path, endpoint, name=f"{name}:live"),
    ]


class LiveEndpoint:
    """An ASGI application for both routes of one view class. Holds the class: an upgrade renews its contents."""

    def __init__(self, cls: type[LiveView], allowed_origins: Collection[str] = ()) -> None:
        self.view = cls
        self._allowed_origins = frozenset(allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._serve_page(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        if CLIENT_QUERY in connection.query_params:
            await serve_script(connection.query_params[CLIENT_QUERY], scope, send)
            return
        await (await self._first_page(connection))(scope, receive, send)

    async def _first_page(self, connection: HTTPConnection) -> Response:
        view = make_view(self.view)
        view._path_params = _path_params(connection)
        await view.mount(_params(connection), _session(connection.scope))
        try:
            if view._redirected is not None:
                return RedirectResponse(view._redirected, 303)
            text = first_page(view, _address(connection.scope), _script(connection))
        finally:
            await view.unmount()
        return HTMLResponse(text)

    async def _serve_page(self, scope: Scope, receive: Receive, send: Send) -> None:
        if SUBPROTOCOL not in scope.get("subprotocols", ()) or not same_origin(scope, self._allowed_origins):
            logger.info("a websocket for %s is refused: not a page of this host", self.view.__qualname__)
            await send({"type": "websocket.close", "code": 1008})  # before accept: the handshake fails with 403
            return
        connection = HTTPConnection(scope)
        live = LiveSession(self.view, receive, send, scope.get(SESSION_KEY))
        await live.run(_params(connection), _session(scope), _path_params(connection))


def _params(connection: HTTPConnection) -> dict[str, str]:
    """Of the query, then of the path (those win: a route decides what they mean)."""
    return {**dict(connection.query_params), **_path_params(connection)}


def _path_params(connection: HTTPConnection) -> dict[str, str]:
    return {name: str(value) for name, value in connection.path_params.items()}


def _session(scope: Scope) -> Mapping[str, Any]:
    session = scope.get("session")
    return session if isinstance(session, Mapping) else MappingProxyType({})


def _path(scope: Scope) -> str:
    """As the browser knows it: with the application's root, which some servers leave out of `path`."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    return quote(path if not root or path.startswith(root + "/") or path == root else root + path)


def _address(scope: Scope) -> str:
    query: bytes = scope.get("query_string", b"")
    return _path(scope) + ("?" + query.decode("latin-1") if query else "")


def _script(connection: HTTPConnection) -> Markup:
    """The tags of the client and of its part for LiveViews: loaded side by side, run in this order."""
    scope: Scope = connection.scope
    known = bundle()
    if VSN_KEY in scope:
        place = script_path(scope).removesuffix(known.name)
        return Markup(flyhot_script(connection) + live_tag(place + known.live_name, scope))
    place = f"{_path(scope)}?{CLIENT_QUERY}="
    return Markup(tag(place + known.name, scope) + live_tag(place + known.live_name, scope))
