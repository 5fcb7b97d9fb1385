"""Ordinary edits of functions that make an app or fill it: each is made in place, and answers as a cold import does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.asgi.engine.lab import Lab

from .serving import answers

CONFIG = """
class Settings:
    def __init__(self): self.title, self.version, self.prefix, self.debug = "shop", "1", "/api", False
settings = Settings()
"""
USERS = """
from fastapi import APIRouter
router = APIRouter(prefix="/users")
@router.get("/a")
def a(): return "a"
"""
MAIN = """
import time
from contextlib import asynccontextmanager
from functools import partial
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from . import users
from .config import settings
class NotFound(Exception):
    pass
async def timed(request: Request, call_next):
    response = await call_next(request)
    response.headers["x-timed"] = "yes"
    return response
async def not_found(request, exc): return JSONResponse("not found", 404)
async def ping(): return "pong"
def answer(word): return word
@asynccontextmanager
async def lifespan(app): yield
def register_middleware(app):
    app.middleware("http")(timed)
def register_handlers(app):
    app.exception_handler(NotFound)(not_found)
def register_routes(app: FastAPI) -> None:
    app.include_router(users.router, prefix=settings.prefix)
    app.get("/ping")(ping)
def create_app() -> FastAPI:
    app = FastAPI(title=settings.title, version=settings.version, lifespan=lifespan)
    app.middleware("http")(timed)
    register_middleware(app)
    register_handlers(app)
    register_routes(app)
    @app.get("/fail")
    def fail(): raise NotFound
    return app
app = create_app()
"""
EDITS = {
    "a route by hand comes": (
        '    app.get("/ping")(ping)\n',
        '    app.get("/ping")(ping)\n    app.get("/pong")(ping)\n',
    ),
    "a route by hand goes": ('    app.get("/ping")(ping)\n', ""),
    "a route by hand has another path": ('app.get("/ping")', 'app.get("/pong")'),
    "middleware by hand goes from the factory": ('    app.middleware("http")(timed)\n    register', "    register"),
    "middleware by hand goes from a function": (
        'def register_middleware(app):\n    app.middleware("http")(timed)',
        "def register_middleware(app):\n    pass",
    ),
    "a handler by hand goes": ("    app.exception_handler(NotFound)(not_found)", "    pass"),
    "a route in the factory comes": (
        "    return app\n",
        '    @app.get("/pong")\n    def p(): return 1\n    return app\n',
    ),
    "the title is written out": ("title=settings.title", 'title="other"'),
    "the routes have another prefix": ("prefix=settings.prefix", 'prefix="/v2"'),
    "an attribute of the state comes": ("    return app\n", "    app.state.settings = settings\n    return app\n"),
    "a router is made in the function": (
        '    app.get("/ping")(ping)\n',
        '    inner = APIRouter()\n    inner.get("/pong")(ping)\n    app.include_router(inner)\n',
    ),
    "routes in a loop": (
        '    app.get("/ping")(ping)\n',
        '    for path in ("/ping", "/pong"):\n        app.get(path)(ping)\n',
    ),
    "a handler by decorator": (
        "    app.exception_handler(NotFound)(not_found)",
        '    @app.exception_handler(NotFound)\n    async def f(request, exc): return JSONResponse("gone", 410)',
    ),
    "a handler by a table": (
        "    app.exception_handler(NotFound)(not_found)",
        "    for kind, handler in {NotFound: not_found, KeyError: not_found}.items():\n"
        "        app.add_exception_handler(kind, handler)",
    ),
    "the body of middleware": ('"x-timed"] = "yes"', '"x-timed"] = "no"'),
    "the title is set afterwards": ("    return app\n", '    app.title = "set"\n    return app\n'),
    "an override of a dependency": (
        "    return app\n",
        "    app.dependency_overrides[ping] = not_found\n    return app\n",
    ),
    "a mounted app": (
        "    return app\n",
        '    sub = FastAPI()\n    sub.get("/pong")(ping)\n    app.mount("/in", sub)\n    return app\n',
    ),
    "a partial as an endpoint": ('    app.get("/ping")(ping)\n', '    app.get("/pong")(partial(answer, "w"))\n'),
    "the document is made by a function": (
        "    return app\n",
        "    def document():\n        return {}\n    app.openapi = document\n    return app\n",
    ),
}
PATHS = ("/api/users/a", "/v2/users/a", "/ping", "/pong", "/in/pong", "/fail")


async def told(app: object) -> list[object]:
    found = await answers(app, [("GET", path, None) for path in PATHS])
    return [*found, app.title, app.openapi()]  # type: ignore[attr-defined]


@pytest.mark.parametrize("edit", EDITS)
async def test_it_is_made_in_place(lab: Callable[..., Lab], edit: str) -> None:
    before, after = EDITS[edit]
    assert before in MAIN
    old = {"config": CONFIG, "users": USERS, "main": MAIN}
    new = {**old, "main": MAIN.replace(before, after)}
    one = lab(**old)
    one.here = True
    app = one.main.app
    was = await told(app)
    one.arrive(**new)
    assert one.main.app is app
    cold, _, _ = one.cold_here(**new)
    assert await told(app) == await told(cold[f"{one.top}.main"].app)
    one.undo()
    assert await told(app) == was
