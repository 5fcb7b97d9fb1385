"""Routes that older FastAPI copied out of included routers follow those that are registered anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fastapi.routing
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from tests.asgi.engine.lab import Lab

from .serving import answers

USERS = """
from typing import Annotated
from fastapi import APIRouter, Depends, Query
from .deps import LIMIT, Allowed, page
router = APIRouter(prefix="/users")
@router.get("/a", dependencies=[Depends(Allowed(["all"]))])
def a(page: Annotated[int, Depends(page)], limit: int = Query(LIMIT, ge=1)): return [page, limit]
"""
DEPS = """
class Allowed:
    def __init__(self, whom): self.whom = whom
    def __call__(self): return self.whom
LIMIT = 20
def page(number: int = 1): return number
"""
MADE = """
from fastapi import FastAPI
from . import users
def create_app():
    app = FastAPI()
    app.include_router({} prefix="/api")
    return app
app = create_app()
"""
FACTORY = MADE.format("users.router,")
INCLUDED = """
from fastapi import APIRouter, FastAPI
from . import users
app = FastAPI()
app.include_router(router=users.router, prefix="/api")
"""
ASKED = [("GET", "/api/users/a", None)]


@pytest.fixture(autouse=True)
def _copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """`include_router` as older FastAPI has it: the routes of that moment are copied."""

    def include_router(self: APIRouter, router: APIRouter, *, prefix: str = "", **_: Any) -> None:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            dependencies = list(route.dependencies)
            self.add_api_route(prefix + route.path, route.endpoint, methods=route.methods, dependencies=dependencies)

    monkeypatch.setattr(APIRouter, "include_router", include_router)
    monkeypatch.delattr(fastapi.routing, "_IncludedRouter")


def _shared(lab: Lab) -> bool:
    copy = next(route for route in lab.main.app.routes if route.path == "/api/users/a")
    default = lab.users.a.__defaults__[0]
    own = lab.users.router.routes[0]
    return all(route.dependant.query_params[0].field_info is default for route in (copy, own))


@pytest.mark.parametrize("main", [FACTORY, INCLUDED], ids=["in a function", "by a keyword"])
@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        ("LIMIT = 20", "LIMIT = 10 + 10", "[1,20]"),
        ("LIMIT = 20", "LIMIT = 30", "[1,30]"),
        ("number: int = 1", "number: int = 2", "[2,20]"),
    ],
)
async def test_a_copy_reads_what_the_function_has_now(
    lab: Callable[..., Lab], main: str, old: str, new: str, answer: str
) -> None:
    app = lab(deps=DEPS, users=USERS, main=main)
    app.here = True
    assert _shared(app)
    routes = list(app.main.app.routes)
    app.arrive(deps=DEPS.replace(old, new), users=USERS, main=main)
    assert _shared(app)
    assert (await answers(app.main.app, ASKED))[0] == (200, answer)
    app.undo()
    assert app.main.app.routes == routes and _shared(app)
    assert (await answers(app.main.app, ASKED))[0] == (200, "[1,20]")
