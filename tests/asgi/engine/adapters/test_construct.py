"""Apps and routers whose constructors get other arguments: the living objects stay, what they hold is the release's."""

from __future__ import annotations

import pytest

from tests.asgi.engine.pairs import pair
from tests.asgi.engine.started import served

from .serving import serves

APP = """
    --- users
    from fastapi import APIRouter, Depends
    def user(): return 1
    router = APIRouter(ROUTER)
    @router.get("/list")
    def users(): return ["a"]
    --- main
    from fastapi import Depends, FastAPI, Header
    from fastapi.responses import PlainTextResponse
    from . import users
    def token(x: str = Header("none")): return x
    app = FastAPI(APP)
    app.include_router(users.router)
    @app.get("/")
    def home(): return "hello"
"""
ASKED = [("GET", path, None) for path in ("/", "/list", "/users/list", "/docs", "/help", "/openapi.json")]
ROUTERS = {
    "a prefix": ("", 'prefix="/users"'),
    "another prefix": ('prefix="/people"', 'prefix="/users"'),
    "tags": ("", 'tags=["users"]'),
    "dependencies": ("", "dependencies=[Depends(user)]"),
    "nothing any more": ('prefix="/users", tags=["a"]', ""),
    "responses": ("", 'responses={404: {"description": "no"}}'),
}
APPS = {
    "no documentation": ("", "docs_url=None"),
    "documentation elsewhere": ("", 'docs_url="/help"'),
    "dependencies": ("", "dependencies=[Depends(token)]"),
    "a default response": ("", "default_response_class=PlainTextResponse"),
    "a title goes": ('title="chat", version="2"', 'version="3"'),
}


def released(text: str, **new: str) -> str:
    """The pair of `text` with each capital word replaced: `X=(before, after)`."""
    old, _ = pair(text)
    lines = text.splitlines()
    for name in old:
        lines += [f"    +++ {name}", *(f"    {line}" for line in old[name].splitlines())]
    return "\n".join(lines)


def between(which: str, before: str, after: str) -> str:
    other = "APP" if which == "ROUTER" else "ROUTER"
    both = released(APP).replace(f"({other})", "()")
    old, _, new = both.partition("+++")
    return old.replace(f"({which})", f"({before})") + "+++" + new.replace(f"({which})", f"({after})")


@pytest.mark.parametrize(("before", "after"), ROUTERS.values(), ids=ROUTERS)
async def test_a_router_is_made_otherwise(lab, before, after):
    app = await serves(lab, between("ROUTER", before, after), ASKED)
    assert app.users.router.routes


@pytest.mark.parametrize(("before", "after"), APPS.values(), ids=APPS)
async def test_an_app_is_made_otherwise(lab, before, after):
    await serves(lab, between("APP", before, after), ASKED)


async def test_what_is_state_stays(lab):
    old, new = pair(between("APP", "", "docs_url=None"))
    app = lab(**old)
    live = app.main.app
    live.state.count = 3
    live.dependency_overrides[app.main.token] = lambda: "x"
    router, routes, lifespan = live.router, live.router.routes, live.router.lifespan_context
    async with served(live):
        app.upgrade(**new)
        assert (live.router, live.router.routes) == (router, routes) and live.router.routes is routes
        assert live.state.count == 3 and list(live.dependency_overrides) == [app.main.token]
        assert live.router.lifespan_context is lifespan
        app.undo()
    assert live.state.count == 3 and live.docs_url == "/docs"


STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
async def home(request): return PlainTextResponse("home")
async def other(request): return PlainTextResponse("other")
routes = [Route("/", home)]
app = Starlette(routes=routes)
"""


async def test_the_routes_that_a_starlette_app_was_made_of_change(lab):
    text = STARLETTE.replace('routes = [Route("/", home)]\n', "").replace("=routes)", '=[Route("/", home)])')
    old = "\n".join(f"    {line}" for line in text.splitlines())
    new = old.replace('Route("/", home)', 'Route("/", other), Mount("/m", routes=[Route("/o", other)])')
    asked = [("GET", path, None) for path in ("/", "/m/o")]
    await serves(lab, f"    --- main\n{old}\n    +++ main\n{new}", asked)


BLOCK = """
    --- main
    from fastapi import APIRouter, FastAPI
    LOCAL = True
    private = APIRouter()
    @private.get("/secret")
    def secret(): return 1
    app = FastAPI()
    if LOCAL:
        app.include_router(private)
    +++ main
    from fastapi import APIRouter, FastAPI
    LOCAL = True
    private = APIRouter()
    @private.get("/secret")
    def secret(): return 1
    app = FastAPI()
    if not LOCAL or len(app.routes) > 100:
        app.include_router(private)
    if LOCAL:
        app.include_router(private, prefix="/local")
"""


async def test_a_block_that_includes_routers_changes(lab):
    await serves(lab, BLOCK, [("GET", path, None) for path in ("/secret", "/local/secret")])
