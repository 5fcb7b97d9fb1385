"""The first page of a view over HTTP, and how its routes fit into applications."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from flyhot_asgi.client.script import bundle
from flyhot_asgi.live import LiveView, live_routes
from tests.asgi.client.peer import request


class Room(LiveView):
    calls: list[str] = []
    title = "A <room>"

    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        self.calls.append(f"mount {self.connected}")
        self.state = {"params": params, "user": session.get("user")}
        self.send_after(0, "never").cancel()
        await self.send_info("to nobody")

    async def unmount(self) -> None:
        self.calls.append("unmount")

    def render(self) -> str:
        return f"<p>{sorted(self.state['params'].items())} {self.state['user']}</p>"


def starlette(prefix: str = "", **more: Any) -> Any:
    routes = live_routes("/rooms/{room}/{number:int}", Room)
    return Starlette(routes=[Mount(prefix, routes=routes)] if prefix else routes, **more)


async def test_the_first_page_is_whole_and_needs_no_script() -> None:
    Room.calls = []
    status, headers, body = await request(starlette(), "/rooms/a/7", query_string=b'x=1&room=y&q="<')
    text = body.decode()
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<p>[('number', '7'), ('q', '\"<'), ('room', 'a'), ('x', '1')] None</p>" in text
    assert "<title>A &lt;room&gt;</title>" in text
    assert 'data-live="/rooms/a/7?x=1&amp;room=y&amp;q=&quot;&lt;"' in text
    assert Room.calls == ["mount False", "unmount"]


@pytest.mark.parametrize(("prefix", "root"), [("", ""), ("/sub", ""), ("", "/proxy"), ("/sub", "/proxy")])
async def test_without_the_middleware_the_view_serves_the_client_itself(prefix: str, root: str) -> None:
    app = starlette(prefix)
    path = f"{root}{prefix}/rooms/a/7"
    _, _, body = await request(app, path, root_path=root)
    source, live = re.findall(r'<script src="([^"]+)" defer></script>', body.decode())
    assert source == f"{path}?flyhot-client={bundle().name}"
    assert live == f"{path}?flyhot-client={bundle().live_name}"
    assert f'data-live="{path}"' in body.decode()
    status, headers, script = await request(app, path, root_path=root, query_string=source.partition("?")[2].encode())
    assert (status, headers["content-type"], script) == (
        200,
        "text/javascript; charset=utf-8",
        bundle().scripts["flyhot.js"].body,
    )


async def test_with_the_middleware_the_page_asks_the_hub() -> None:
    _, _, body = await request(starlette(), "/rooms/a/7", **{"flyhot.vsn": "abc"})
    assert f'<script src="/_flyhot/{bundle().name}" data-vsn="abc" defer></script>' in body.decode()
    assert f'<script src="/_flyhot/{bundle().live_name}" defer></script>' in body.decode()


async def test_routes_work_in_fastapi_beside_its_own() -> None:
    app = FastAPI()
    app.router.routes.extend(live_routes("/rooms/{room}", Room))
    assert (await request(app, "/rooms/a"))[0] == 200
    assert (await request(app, "/rooms/a", method="POST"))[0] == 405


async def test_the_session_of_the_middleware_reaches_mount() -> None:
    async def login(request: Request) -> PlainTextResponse:
        request.session["user"] = "ada"
        return PlainTextResponse("ok")

    app = Starlette(
        routes=[Route("/login", login), *live_routes("/rooms/{room}", Room)],
        middleware=[Middleware(SessionMiddleware, secret_key="k")],
    )
    _, headers, _ = await request(app, "/login")
    cookie = headers["set-cookie"].partition(";")[0]
    _, _, body = await request(app, "/rooms/a", headers={"cookie": cookie})
    assert "ada" in body.decode()


def test_routes_have_names() -> None:
    app = Starlette(routes=[*live_routes("/rooms/{room}", Room), *live_routes("/other/{room}", Room, name="other")])
    assert app.url_path_for("Room", room="a") == "/rooms/a"
    assert app.url_path_for("Room:live", room="a") == "/rooms/a"
    assert app.url_path_for("other", room="a") == "/other/a"


async def test_a_view_that_fails_at_the_first_page_is_an_ordinary_error_and_is_unmounted() -> None:
    class Failing(Room):
        def render(self) -> str:
            raise RuntimeError("on purpose")

    Room.calls = []
    with pytest.raises(RuntimeError, match="on purpose"):
        await request(Starlette(routes=live_routes("/f", Failing)), "/f")
    assert Room.calls == ["mount False", "unmount"]


async def test_a_render_that_returns_no_text_is_named() -> None:
    class Wrong(LiveView):
        def render(self) -> Any:
            return b"bytes"

    with pytest.raises(TypeError, match=r"Wrong.render\(\) must return str, not bytes"):
        await request(Starlette(routes=live_routes("/w", Wrong)), "/w")


def test_views_do_not_share_a_state() -> None:
    from flyhot_asgi.live.view import make_view

    class Bare(LiveView):
        async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
            self.state["x"] = 1

    one, other = make_view(Bare), make_view(Bare)
    one.state["x"] = 1
    assert other.state == {}
