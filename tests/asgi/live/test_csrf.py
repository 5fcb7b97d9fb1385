"""The token of forms that post over HTTP, in a signed session."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from flyhot_asgi import LiveView, csrf_token, csrf_valid, live_routes
from flyhot_asgi.errors import ConfigError
from tests.asgi.client.peer import request


class Login(LiveView):
    async def mount(self, params: dict[str, str], session: Mapping[str, Any]) -> None:
        self.state = {"token": csrf_token(session)}

    def render(self) -> str:
        return (
            f'<form method="post" action="/in"><input type="hidden" name="csrf" value="{self.state["token"]}"></form>'
        )


async def sign_in(given: Request) -> PlainTextResponse:
    token = given.query_params["csrf"]
    return PlainTextResponse("in", status_code=200 if csrf_valid(given.session, token) else 403)


async def test_a_form_of_a_view_posts_with_its_own_sessions_token_only() -> None:
    routes = [*live_routes("/login", Login), Route("/in", sign_in, methods=["POST"])]
    app = Starlette(routes=routes, middleware=[Middleware(SessionMiddleware, secret_key="s")])

    async def visit(cookie: str = "") -> tuple[str, str]:
        _, headers, body = await request(app, "/login", headers={"cookie": cookie} if cookie else {})
        (token,) = re.findall(r'value="([^"]+)"', body.decode())
        return token, headers.get("set-cookie", cookie).partition(";")[0]

    async def post(cookie: str, token: str) -> int:
        more = {"method": "POST", "query_string": f"csrf={token}".encode()}
        return (await request(app, "/in", headers={"cookie": cookie}, **more))[0]

    token, cookie = await visit()
    assert (await visit(cookie))[0] == token, "the same as long as the session lasts"
    _, of_a_stranger = await visit()
    assert [await post(cookie, token), await post(cookie, "x" + token), await post(of_a_stranger, token)] == [
        200,
        403,
        403,
    ]


def test_without_a_session_it_says_what_to_add() -> None:
    with pytest.raises(ConfigError, match="no session") as caught:
        csrf_token(MappingProxyType({}))
    assert "SessionMiddleware" in str(caught.value.do)


@pytest.mark.parametrize("token", [None, "", 7, "\ud800", "wrong"])
def test_what_is_no_token_is_not_valid_and_never_raises(token: object) -> None:
    session = {"flyhot.csrf": "right"}
    assert not csrf_valid(session, token)
    assert not csrf_valid({}, token)
    assert csrf_valid(session, "right")
