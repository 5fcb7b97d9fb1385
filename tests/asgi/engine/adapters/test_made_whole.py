"""Apps that functions make, or fill in ways that can't be told apart: made again whole, poured into the living one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import fastapi.routing
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from flyhot_asgi.engine import Refused
from tests.asgi.engine.lab import Lab
from tests.asgi.engine.pairs import pair

from .serving import answers

USERS = """
from fastapi import APIRouter
router = APIRouter(prefix="/users")
@router.get("/a")
def a(): return "a"
"""
API = """
from fastapi import APIRouter
from . import users
api = APIRouter(prefix="/api")
api.include_router(users.router)
"""
HEAD = """
from contextlib import asynccontextmanager
from fastapi import FastAPI, Request
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import JSONResponse
from . import api
TITLE = "chat"
class Counting:
    def __init__(self, app, step=1): self.app, self.step, self.count = app, step, 0
    async def __call__(self, scope, receive, send):
        self.count += self.step
        scope["count"] = self.count
        await self.app(scope, receive, send)
def fill(app):
    app.include_router(api.api)
def guard(app):
    app.add_middleware(GZipMiddleware, minimum_size=500)
    app.add_middleware(Counting)
def handle(app):
    @app.exception_handler(ZeroDivisionError)
    def divided(request, exc): return JSONResponse("divided", 400)
"""
TAIL = """
@app.get("/fail")
def fail(): return 1 / 0
@app.get("/count")
def count(request: Request): return request.scope["count"]
"""
FACTORY = f"""{HEAD}
def create_app():
    @asynccontextmanager
    async def lifespan(app): yield
    app = FastAPI(title=TITLE, lifespan=lifespan)
    fill(app)
    guard(app)
    handle(app)
    app.state.seen = []
    return app
app = create_app()
{TAIL}"""
FILLED = f"""{HEAD}
app = FastAPI(title=TITLE)
fill(app)
guard(app)
handle(app)
{TAIL}"""
LOOPED = f"""{HEAD}
app = FastAPI(title=TITLE)
for router in [api.api]:
    app.include_router(router)
guard(app)
handle(app)
{TAIL}"""
APPS = {"factory": FACTORY, "filled": FILLED, "looped": LOOPED}
EDITS = {
    "a route of a router goes": ("users", '@router.get("/a")\n', ""),
    "a parameter of a route": ("users", "def a()", "def a(q: int = 1)"),
    "another router": ("api", "include_router(users.router)", "include_router(users.router, prefix='/x')"),
    "the prefix": ("api", 'prefix="/api"', 'prefix="/v2"'),
    "a constant that is read when it is made": ("main", 'TITLE = "chat"', 'TITLE = "rooms"'),
    "what fills it": ("main", "    app.include_router(api.api)\n", "    app.include_router(api.api, prefix='/in')\n"),
    "middleware goes": ("main", "    app.add_middleware(GZipMiddleware, minimum_size=500)\n", ""),
    "middleware with another argument": ("main", "minimum_size=500", "minimum_size=1"),
    "another handler": ("main", '"divided", 400', '"not divided", 422'),
}
PATHS = ("/api/users/a", "/in/api/users/a", "/api/x/users/a", "/v2/users/a", "/fail")


@pytest.fixture
def including(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """`include_router` as FastAPI has it, and as older ones have: the routes of that moment are copied."""

    def include_router(self: APIRouter, router: APIRouter, *, prefix: str = "", **_: Any) -> None:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            self.add_api_route(prefix + route.path, route.endpoint, methods=sorted(route.methods), name=route.name)

    if request.param == "copied":
        monkeypatch.setattr(APIRouter, "include_router", include_router)
        monkeypatch.delattr(fastapi.routing, "_IncludedRouter")


def layers(app: Any) -> Iterator[Any]:
    stack = app.middleware_stack
    while stack is not app.router:
        yield stack
        stack = stack.app


async def told(app: Any) -> list[Any]:
    return await answers(app, [("GET", path, None) for path in PATHS])


async def brought(make: Callable[..., Lab], old: dict[str, str], new: dict[str, str]) -> Lab:
    """A lab whose living app answers as a cold one of the new release does, and stays the same object."""
    lab = make(**old)
    lab.here = True
    app = lab.main.app
    app.state.seen = [1]
    router, routes, state, listed = app.router, app.router.routes, app.state, app.user_middleware
    before = await told(app)
    (counting,) = (layer for layer in layers(app) if type(layer).__name__ == "Counting")
    lab.arrive(**new)
    assert (lab.main.app, app.router, app.state, app.state.seen) == (app, router, state, [1])
    assert app.router.routes is routes and app.user_middleware is listed
    assert counting in layers(app) and counting.count == len(PATHS) + 1
    cold, _, _ = lab.cold_here(**new)
    assert await told(app) == await told(cold[f"{lab.top}.main"].app)
    lab.undo()
    assert await told(app) == before
    return lab


CASES = [
    *(("live", "factory", edit) for edit in EDITS),
    *(("copied", "filled", edit) for edit in EDITS),
    *(("copied", "factory", edit) for edit in list(EDITS)[:3]),
    *(("live", "looped", edit) for edit in list(EDITS)[3:5]),
]


@pytest.mark.parametrize(("including", "app", "edit"), CASES, indirect=["including"])
@pytest.mark.usefixtures("including")
async def test_it_is_made_again_and_stays_the_same_object(lab: Callable[..., Lab], app: str, edit: str) -> None:
    module, before, after = EDITS[edit]
    old = {"users": USERS, "api": API, "main": APPS[app]}
    await brought(lab, old, {**old, module: old[module].replace(before, after)})


REFUSED = {
    "has another value": ("    app.state.seen = []", "    app.state.seen = [2]", "", ""),
    "atexit.register": ("    fill(app)\n", "    fill(app)\n    import atexit\n    atexit.register(print)\n", "", ""),
    "changes its kind": ("    return app\n", "    return app.router\n", "", ""),
}


@pytest.mark.parametrize("why", REFUSED)
async def test_what_cannot_be_had_twice_is_refused(lab: Callable[..., Lab], why: str) -> None:
    a, b, c, d = REFUSED[why]
    one = lab(users=USERS, api=API, main=FACTORY)
    one.here = True
    one.main.app.state.seen = [1]
    before = await told(one.main.app)
    with pytest.raises(Refused, match=why):
        one.arrive(users=USERS, api=API, main=FACTORY.replace(a, b).replace(c, d))
    assert await told(one.main.app) == before


async def test_routes_that_the_program_added_are_not_lost(lab: Callable[..., Lab]) -> None:
    one = lab(users=USERS, api=API, main=FACTORY)
    one.here = True
    one.main.app.get("/late")(lambda: "late")
    with pytest.raises(Refused, match="registered routes with it while it ran"):
        one.arrive(users=USERS, api=API, main=FACTORY.replace("minimum_size=500", "minimum_size=1"))
    assert "/late" in [getattr(route, "path", None) for route in one.main.app.routes]


FILL = "    app.include_router(api.api)\n"
TAGS = f'{FILL}    app.get("/tagged", tags=["one", "two"])(handle)\n'
TAGGED = {"users": USERS, "api": API, "main": FACTORY.replace(FILL, TAGS)}


@pytest.mark.parametrize("first", ["", '    app.get("/first", tags=["three"])(guard)\n'])
def test_tags_in_the_order_of_a_set_are_not_what_the_program_made(lab: Callable[..., Lab], first: str) -> None:
    one = lab(**TAGGED)
    one.here = True
    (tagged,) = (route for route in one.main.app.routes if getattr(route, "path", "") == "/tagged")
    tagged.tags.reverse()  # as `list({"one", "two"})` may be with another hash seed
    new = TAGGED["main"].replace("minimum_size=500", "minimum_size=1").replace(FILL, first + FILL)
    one.comes(**{**TAGGED, "main": new.replace('["one", "two"]', '["two", "one"]') if first else new})
    assert [route.path for route in one.main.app.routes if getattr(route, "path", "") in ("/first", "/tagged")][
        -1
    ] == "/tagged"


def test_a_tag_that_the_program_added_is(lab: Callable[..., Lab]) -> None:
    one = lab(**TAGGED)
    one.here = True
    next(route for route in one.main.app.routes if getattr(route, "path", "") == "/tagged").tags.append("three")
    with pytest.raises(Refused, match="registered routes with it while it ran"):
        one.comes(**{**TAGGED, "main": TAGGED["main"].replace("minimum_size=500", "minimum_size=1")})


def test_an_attribute_that_the_maker_sets_on_a_router_is_undone(lab):
    old, new = pair(
        """
        --- api
        from fastapi import APIRouter
        router = APIRouter()
        @router.get("/")
        def home(): return 1
        --- main
        from fastapi import FastAPI
        from .api import router
        def create_app():
            app = FastAPI()
            app.include_router(router)
            return app
        app = create_app()
        +++ main
        from fastapi import FastAPI
        from .api import router
        def create_app():
            app = FastAPI()
            router.container = "container"
            app.include_router(router)
            return app
        app = create_app()
        """
    )
    app = lab(**old)
    app.looks = True
    app.upgrade(**new)
    assert app.api.router.container == "container"
    app.undo()
    assert not hasattr(app.api.router, "container")
    app.brings(**new)


BLOCK = """
from pathlib import Path
from fastapi import FastAPI
FRONTEND = True
app = FastAPI()
@app.get("/a")
def a(): return 1
if FRONTEND:
    folder = Path("dist")
    @app.get("/{path:path}")
    def page(path: str): return str(folder / path)
"""
BLOCKS = {
    "it comes": (BLOCK.partition("if")[0], BLOCK),
    "it goes": (BLOCK, BLOCK.partition("if")[0]),
    "it changes": (BLOCK, BLOCK.replace('"dist"', '"web"').replace("/{path:path}", "/pages/{path}")),
}


@pytest.mark.parametrize(("old", "new"), BLOCKS.values(), ids=BLOCKS)
def test_a_block_that_decorates_a_route(lab: Callable[..., Lab], old: str, new: str) -> None:
    here = lab(main=old)
    here.here = True
    app = here.main.app
    before = told_routes(app)
    here.arrive(main=new)
    cold, _, _ = here.cold_here(main=new)
    assert here.main.app is app and told_routes(app) == told_routes(cold[f"{here.top}.main"].app)
    here.undo()
    assert told_routes(app) == before


def told_routes(app: Any) -> list[Any]:
    return [(route.path, getattr(route, "endpoint", print).__qualname__) for route in app.router.routes]


HANDLERS = """
from fastapi import FastAPI
from fastapi.responses import JSONResponse
def wrong(request, exc): return JSONResponse({"of": "wrong"}, 400)
def register(app: FastAPI) -> None:
    app.add_exception_handler(KeyError, wrong)
"""
ASKING = """
from fastapi import FastAPI
from .handlers import register
app = FastAPI()
@app.get("/")
def home(): raise KeyError(1)
register(app)
"""


async def test_handlers_that_a_function_registers_get_other_names(lab: Callable[..., Lab]) -> None:
    one = lab(handlers=HANDLERS, main=ASKING)
    one.here = True
    assert (await answers(one.main.app, [("GET", "/", None)]))[0][0] == 400
    one.arrive(handlers=HANDLERS.replace("wrong", "lacking").replace("400", "404"), main=ASKING)
    assert (await answers(one.main.app, [("GET", "/", None)]))[0][0] == 404
    one.undo()
    assert (await answers(one.main.app, [("GET", "/", None)]))[0][0] == 400


@pytest.mark.parametrize("home", ["handlers", "told"])
async def test_handlers_of_an_app_that_a_function_makes_get_other_names_and_places(
    lab: Callable[..., Lab], home: str
) -> None:
    making = ASKING.replace(
        "app = FastAPI()", "def make():\n    app = FastAPI()\n    register(app)\n    return app\napp = make()"
    )
    making = making.replace("\nregister(app)\n", "\n")
    one = lab(handlers=HANDLERS, main=making)
    one.here = True
    after = HANDLERS.replace("wrong", "lacking").replace("400", "404")
    moved = {"told": after, "handlers": "from .told import register\n"} if home == "told" else {home: after}
    one.arrive(**moved, main=making)
    assert (await answers(one.main.app, [("GET", "/", None)]))[0][0] == 404
    one.undo()
    assert (await answers(one.main.app, [("GET", "/", None)]))[0][0] == 400
