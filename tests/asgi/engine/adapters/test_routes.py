"""Routes of FastAPI and Starlette apps follow: added, changed, moved, removed, included, mounted."""

from __future__ import annotations

import httpx
import pytest

from tests.asgi.engine.pairs import pair

RIGHT = {
    "what an app's state has, and the function in it": """
        --- main
        from starlette.applications import Starlette
        async def start(): return 1
        app = Starlette()
        app.state.started = start
        +++ main
        from starlette.applications import Starlette
        async def start(): return 2
        app = Starlette()
        app.state.started = [start]
        """,
    "a route after a class that a decorator registers": """
        --- main
        from fastapi import FastAPI
        from starlette.endpoints import WebSocketEndpoint
        app = FastAPI()
        @app.get("/")
        def home(): return 1
        @app.websocket_route("/ws")
        class Chat(WebSocketEndpoint):
            encoding = "text"
        +++ main
        from fastapi import FastAPI
        from starlette.endpoints import WebSocketEndpoint
        app = FastAPI()
        @app.get("/")
        def home(): return 1
        @app.websocket_route("/ws")
        class Chat(WebSocketEndpoint):
            encoding = "text"
        @app.get("/more")
        def more(): return 1
        """,
    "an included router gains, changes and drops routes": """
        --- users
        from fastapi import APIRouter, Depends
        router = APIRouter(prefix="/users")
        def page(n: int = 1): return n
        @router.get("/")
        def users(n: int = Depends(page)): return n
        @router.get("/old")
        def old(): return 1
        --- main
        from fastapi import FastAPI
        from . import users
        app = FastAPI()
        app.include_router(users.router)
        @app.get("/")
        def home(): return 1
        +++ users
        from fastapi import APIRouter, Depends
        router = APIRouter(prefix="/users")
        def page(n: int = 1, size: int = 10): return n
        @router.get("/me")
        def me(): return 1
        @router.get("/")
        def users(n: int = Depends(page)): return n + 1
        """,
    "a router module is new and included": """
        --- main
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/")
        def home(): return 1
        +++ main
        from fastapi import FastAPI
        from . import items
        app = FastAPI()
        app.include_router(items.router, prefix="/v1")
        @app.get("/")
        def home(): return 1
        +++ items
        from fastapi import APIRouter
        router = APIRouter()
        @router.get("/items")
        def items(): return []
        """,
    "a router module is gone": """
        --- main
        from fastapi import FastAPI
        from .items import router
        app = FastAPI()
        app.include_router(router)
        @app.get("/")
        def home(): return 1
        --- items
        from fastapi import APIRouter
        router = APIRouter()
        @router.get("/items")
        def items(): return []
        +++ main
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/")
        def home(): return 1
        xxx items
        """,
    "one function, two routes": """
        --- main
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/a")
        @app.get("/b")
        def home(): return 1
        @app.get("/c")
        def other(): return 1
        +++ main
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/a")
        @app.post("/b")
        @app.get("/d")
        def home(q: str = ""): return 1
        @app.get("/c")
        def other(): return 1
        """,
    "a wrapper under a route": """
        --- main
        import functools
        from fastapi import FastAPI
        def timed(f):
            @functools.wraps(f)
            async def wrapper(*args, **kw): return await f(*args, **kw)
            return wrapper
        app = FastAPI()
        @app.get("/a")
        @timed
        async def home(q: str = ""): return 1
        +++ main
        import functools
        from fastapi import FastAPI
        def timed(f):
            @functools.wraps(f)
            async def wrapper(*args, **kw): return await f(*args, **kw)
            return wrapper
        app = FastAPI()
        @app.get("/a")
        @timed
        async def home(q: str = "", n: int = 1): return 2
        """,
    "a wrapper comes under a route": """
        --- main
        import functools
        from fastapi import FastAPI
        def timed(f):
            @functools.wraps(f)
            async def wrapper(*args, **kw): return await f(*args, **kw)
            return wrapper
        app = FastAPI()
        @app.get("/a")
        async def home(q: str = ""): return 1
        +++ main
        import functools
        from fastapi import FastAPI
        def timed(f):
            @functools.wraps(f)
            async def wrapper(*args, **kw): return await f(*args, **kw)
            return wrapper
        app = FastAPI()
        @app.get("/a")
        @timed
        async def home(q: str = ""): return 1
        """,
    "Starlette routes by list, endpoints change": """
        --- main
        from starlette.applications import Starlette
        from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
        from starlette.responses import PlainTextResponse
        from starlette.routing import Mount, Route, WebSocketRoute
        def home(request): return PlainTextResponse("1")
        class Page(HTTPEndpoint):
            def get(self, request): return PlainTextResponse("1")
        class Echo(WebSocketEndpoint):
            encoding = "text"
            async def on_receive(self, ws, data): await ws.send_text(data)
        routes = [Route("/", home), Route("/page", Page), WebSocketRoute("/ws", Echo)]
        app = Starlette(routes=routes)
        +++ main
        from starlette.applications import Starlette
        from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
        from starlette.responses import PlainTextResponse
        from starlette.routing import Mount, Route, WebSocketRoute
        def home(request): return PlainTextResponse("2")
        class Page(HTTPEndpoint):
            def get(self, request): return PlainTextResponse("2")
            def post(self, request): return PlainTextResponse("3")
        class Echo(WebSocketEndpoint):
            encoding = "json"
            async def on_connect(self, ws): await ws.accept()
            async def on_receive(self, ws, data): await ws.send_json(data)
        routes = [Route("/", home), Route("/page", Page), WebSocketRoute("/ws", Echo)]
        app = Starlette(routes=routes)
        """,
    "Starlette add_route and mount": """
        --- main
        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse
        from starlette.routing import Mount, Route, Router
        def home(request): return PlainTextResponse("1")
        sub = Router()
        sub.add_route("/x", home)
        app = Starlette()
        app.add_route("/", home)
        app.mount("/sub", sub)
        +++ main
        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse
        from starlette.routing import Mount, Route, Router
        def home(request): return PlainTextResponse("1")
        def other(request): return PlainTextResponse("2")
        sub = Router()
        sub.add_route("/y", other)
        sub.add_route("/x", home)
        app = Starlette()
        app.mount("/sub", sub)
        app.add_route("/other", other)
        app.add_route("/", home)
        """,
    "routes from a loop stay, others change": """
        --- main
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/a")
        def a(): return 1
        def make(n):
            def route(): return n
            return route
        for n in range(3):
            app.add_api_route(f"/n{n}", make(n))
        @app.get("/b")
        def b(): return 1
        +++ main
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/a")
        def a(q: int = 1): return 2
        def make(n):
            def route(): return n
            return route
        for n in range(3):
            app.add_api_route(f"/n{n}", make(n))
        @app.get("/c")
        def c(): return 1
        @app.get("/b")
        def b(): return 1
        """,
    "a dependency in another module changes its signature": """
        --- deps
        from fastapi import Header
        def token(x: str = Header("")): return x
        --- main
        from typing import Annotated
        from fastapi import Depends, FastAPI
        from .deps import token
        Token = Annotated[str, Depends(token)]
        app = FastAPI()
        @app.get("/")
        def home(t: Token): return t
        +++ deps
        from fastapi import Header
        def token(x: str = Header(""), y: str = Header("")): return x + y
        """,
    "a constant in a decorator": """
        --- main
        from fastapi import FastAPI
        TAGS = ["a"]
        PREFIX = "/v1"
        app = FastAPI()
        @app.get(PREFIX + "/", tags=TAGS)
        def home(): return 1
        @app.get("/other")
        def other(): return 1
        +++ main
        from fastapi import FastAPI
        TAGS = ["b"]
        PREFIX = "/v2"
        app = FastAPI()
        @app.get(PREFIX + "/", tags=TAGS)
        def home(): return 1
        @app.get("/other")
        def other(): return 1
        """,
    "two functions are told of the app, and add no routes": """
        --- setup
        def errors(app): app.add_exception_handler(KeyError, missing)
        def layers(app):
            @app.middleware("http")
            async def layer(request, call_next): return await call_next(request)
        async def missing(request, exc): raise exc
        --- books
        from fastapi import APIRouter
        router = APIRouter()
        @router.get("/")
        def books(): return 1
        --- main
        from fastapi import FastAPI
        from .books import router
        from .setup import errors, layers
        app = FastAPI(title="Books")
        errors(app)
        layers(app)
        app.include_router(router, prefix="/api/books")
        app.include_router(router, prefix="/api/more")
        +++ main
        from fastapi import FastAPI
        from .books import router
        from .setup import errors, layers
        prefix = "/api/v1"
        app = FastAPI(title="Books", docs_url=f"{prefix}/docs")
        errors(app)
        layers(app)
        app.include_router(router, prefix=f"{prefix}/books")
        app.include_router(router, prefix=f"{prefix}/more")
        """,
    "exception handlers and middleware change their bodies": """
        --- main
        from fastapi import FastAPI
        from fastapi.responses import PlainTextResponse
        app = FastAPI()
        class Wrong(Exception): pass
        @app.exception_handler(Wrong)
        async def wrong(request, exc): return PlainTextResponse("1")
        @app.middleware("http")
        async def timing(request, call_next): return await call_next(request)
        @app.get("/")
        def home(): raise Wrong
        +++ main
        from fastapi import FastAPI
        from fastapi.responses import PlainTextResponse
        app = FastAPI()
        class Wrong(Exception): pass
        @app.exception_handler(Wrong)
        async def wrong(request, exc): return PlainTextResponse("2")
        @app.middleware("http")
        async def timing(request, call_next):
            response = await call_next(request)
            response.headers["x"] = "1"
            return response
        @app.get("/")
        def home(): raise Wrong
        """,
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_routes_are_those_of_a_cold_import(lab, text):
    old, new = pair(text)
    app = lab(**old)
    app.brings(**new)


CHAIN = """
from fastapi import FastAPI
app = FastAPI()
@app.get("/a")
def a(): return 1
@app.get("/b")
def b(): return 1
"""


async def get(app, url: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        return await client.get(url)


async def test_requests_see_the_new_routes_and_the_old_ones_after_the_undo(lab):
    app = lab(m=CHAIN)
    served = app.m.app
    assert (await get(served, "/b")).json() == 1
    assert set((await get(served, "/openapi.json")).json()["paths"]) == {"/a", "/b"}
    app.upgrade(m=CHAIN.replace('"/b"', '"/c"').replace("def b(): return 1", "def b(n: int): return n"))
    assert (await get(served, "/b")).status_code == 404
    assert (await get(served, "/c?n=7")).json() == 7
    assert set((await get(served, "/openapi.json")).json()["paths"]) == {"/a", "/c"}
    app.undo()
    assert (await get(served, "/b")).json() == 1
    assert set((await get(served, "/openapi.json")).json()["paths"]) == {"/a", "/b"}


def test_routes_that_the_app_added_while_it_ran_stay(lab):
    app = lab(m=CHAIN)
    app.m.app.add_api_route("/late", app.m.a)
    app.upgrade(m=CHAIN + '@app.get("/c")\ndef c(): return 1\n')
    paths = [route.path for route in app.m.app.router.routes if route.path in ("/a", "/b", "/c", "/late")]
    assert paths == ["/a", "/b", "/c", "/late"]


DEPENDENCY = """
from fastapi import Depends, FastAPI
app = FastAPI()
def user(q: str = "a"): return q
@app.get("/")
def home(u: str = Depends(user)): return u
"""
KINDS = {
    "async": "async def user(q: str = 'b'): return q",
    "generator": "def user(q: str = 'b'): yield q",
    "async generator": "async def user(q: str = 'b'): yield q",
    "plain": "def user(q: str = 'b'): return q",
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_dependency_turns_into_another_kind_of_function(lab, kind):
    app = lab(m=DEPENDENCY)
    assert (await get(app.m.app, "/")).json() == "a"
    app.upgrade(m=DEPENDENCY.replace('def user(q: str = "a"): return q', KINDS[kind]))
    assert (await get(app.m.app, "/")).json() == "b"
    app.undo()
    assert (await get(app.m.app, "/")).json() == "a"


@pytest.mark.parametrize("kind", ["async ", ""])
async def test_an_endpoint_turns_into_another_kind_of_function(lab, kind):
    other = "" if kind else "async "
    text = f"from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\n{kind}def home(): return 1\n"
    app = lab(m=text)
    assert (await get(app.m.app, "/")).json() == 1
    app.upgrade(m=text.replace(f"{kind}def home(): return 1", f"{other}def home(): return 2"))
    assert (await get(app.m.app, "/")).json() == 2
    app.undo()
    assert (await get(app.m.app, "/")).json() == 1


async def test_a_document_that_was_made_once_makes_a_new_body_no_more_than_a_swap(lab):
    """It is forgotten with the swap; nothing is executed for it, so that nothing has to be rehearsed."""
    app = lab(m=CHAIN)
    assert (await get(app.m.app, "/openapi.json")).status_code == 200
    plan = app.upgrade(m=CHAIN.replace("return 1", "return 2"))
    assert app.m.app.openapi_schema is None and not plan.executes
    app.undo()
    assert set(app.m.app.openapi_schema["paths"]) == {"/a", "/b"}


def test_older_fastapi_copies_as_many_routes_as_the_included_router_has(monkeypatch):
    import ast
    import types

    from fastapi import APIRouter, routing

    from flyhot_asgi.engine.adapters.routes import RoutesAdapter

    included = APIRouter()
    included.get("/a")(lambda: 1)
    included.websocket("/b")(lambda websocket: None)
    included.mount("/c", included)  # it is not copied
    context = types.SimpleNamespace(resolve=lambda module, name: {"included": included}.get(name))
    asked = ("included", "make()", "prefix='/x', router=included")
    known, other, named = (ast.parse(f"r.include_router({one})", mode="eval").body for one in asked)
    assert RoutesAdapter()._size(context, "m", known, "include_router") == 1
    monkeypatch.delattr(routing, "_IncludedRouter")
    assert RoutesAdapter()._size(context, "m", known, "include_router") == 2
    assert RoutesAdapter()._size(context, "m", named, "include_router") == 2
    assert RoutesAdapter()._size(context, "m", other, "include_router") is None


async def test_who_holds_an_endpoint_holds_it_with_its_new_decorator(lab):
    """A wrapper made elsewhere, below the decorators that register: the name's object is the route's endpoint."""
    log = """
import functools
CALLS = []
def logged(f):
    @functools.wraps(f)
    def wrapper(*args, **named):
        CALLS.append(f.__name__)
        return f(*args, **named)
    return wrapper
"""
    text = """
from fastapi import FastAPI
from .log import logged
app = FastAPI()
@app.get("/")
def home(x: int = 1): return x
"""
    app = lab(log=log, main=text)
    held = app.main.home
    app.upgrade(log=log, main=text.replace("def home(x: int = 1)", "@logged\ndef home(x: int = 2)"))
    assert held is app.main.home is app.main.app.routes[-1].endpoint
    assert held() == 2 and app.log.CALLS == ["home"]
    app.undo()
    assert held is app.main.home and held() == 1
