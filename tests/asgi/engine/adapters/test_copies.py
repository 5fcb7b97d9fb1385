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

_SAME = "endpoint methods dependencies status_code summary description deprecated openapi_extra name".split()


@pytest.fixture(autouse=True)
def _copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """`include_router` as older FastAPI has it: the routes of that moment are copied."""

    def include_router(
        self: APIRouter, router: APIRouter, *, prefix: str = "", tags: Any = None, responses: Any = None, **_: Any
    ) -> None:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            same = {name: getattr(route, name) for name in _SAME}
            self.add_api_route(
                prefix + route.path,
                tags=[*(tags or ()), *(route.tags or ())],
                responses={**(responses or {}), **route.responses},
                **same,
            )

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


TOLD = """
from fastapi import APIRouter
router = APIRouter()
@router.get("/a", responses={404: {"description": "gone"}}, tags=["a"])
def a(): return 1
@router.get("/b")
def b(): return 2
"""
LOOP = """
from fastapi import FastAPI
from . import users
app = FastAPI()
for router in [users.router]:
    app.include_router(router, prefix="/api", tags=["all"], responses={500: {"description": "sorry"}})
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"/b"', '"/b", responses={200: {"description": "two"}}'),
        ('"gone"', '"never there"'),
        ('{404: {"description": "gone"}}', "{}"),
        ('["a"]', '["b", "c"]'),
        (', tags=["a"]', ""),
        ('"/b"', '"/b", status_code=201, summary="B", deprecated=True'),
        ('"/b"', '"/c"'),
        ('"/b"', '"/b", openapi_extra={"x-of": {"a": [{"b": {"c": {"d": 1}}}]}}'),
    ],
)
def test_a_copy_made_in_a_loop_tells_what_its_original_tells(lab: Callable[..., Lab], old: str, new: str) -> None:
    app = lab(users=TOLD, main=LOOP)
    app.here = True
    before, routes = _told(app), list(app.main.app.routes)
    app.arrive(users=TOLD.replace(old, new), main=LOOP)
    now = _told(app)
    assert app.main.app.routes == routes
    app.undo()
    assert _told(app) == before
    assert now == _told(lab(users=TOLD.replace(old, new), main=LOOP)) != before


def _told(lab: Lab) -> list[dict[str, Any]]:
    names = ("path", "responses", "tags", *_SAME)
    return [
        {name: getattr(route, name) for name in names if name != "endpoint"}
        for route in lab.main.app.routes
        if isinstance(route, APIRoute)
    ]


def test_a_copy_shares_with_its_original_what_a_new_copy_would(lab: Callable[..., Lab]) -> None:
    main = LOOP.replace(', tags=["all"], responses={500: {"description": "sorry"}}', "")
    app = lab(users=TOLD, main=main)
    app.here = True
    app.arrive(users=TOLD.replace('"gone"', '"never there"'), main=main)
    original, copy = app.users.router.routes[0], next(r for r in app.main.app.routes if r.path == "/api/a")
    assert copy.responses[404] is original.responses[404]
    assert copy.responses is not original.responses
