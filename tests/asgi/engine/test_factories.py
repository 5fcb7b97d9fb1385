"""Apps made by a function: what it hands to the framework is kept there, not called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flyhot_asgi.engine import Refused

from .lab import Lab
from .project import Project

FACTORY = """
from fastapi import FastAPI

def twice(n):
    return n * 2

async def index():
    return "one"

def make():
    app = FastAPI(title=str(twice(1)))
    app.add_api_route("/", index)
    return app

app = make()
"""


def test_the_body_of_an_endpoint_that_a_factory_registers_is_swapped(lab: Callable[..., Lab]) -> None:
    one = lab(m=FACTORY)
    app = one.m.app
    plan = one.upgrade(m=FACTORY.replace('"one"', '"two"'))
    assert [step.name for step in plan.steps] == ["index"]
    assert one.m.app is app


def test_what_a_factory_calls_has_another_body_and_the_app_stays_the_same_object(lab: Callable[..., Lab]) -> None:
    one = lab(m=FACTORY)
    one.here = True
    app = one.m.app
    one.arrive(m=FACTORY.replace("n * 2", "n * 3"))
    assert one.m.app is app and app.title == "3"
    one.undo()
    assert app.title == "2"


def test_a_factory_is_not_called_again_if_nobody_knows_what_the_program_registered(lab: Callable[..., Lab]) -> None:
    plan = lab(m=FACTORY).plan(m=FACTORY.replace("n * 2", "n * 3"))
    assert [refusal.name for refusal in plan.refusals] == ["app"]
    assert "not known" in plan.refusals[0].reason


NESTED = """
from fastapi import APIRouter, FastAPI, Request

class Pure:
    def __init__(self, app, name="pure"):
        self.app = app
        self.name = name

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)

router = APIRouter()

@router.get("/routed")
def routed():
    return "routed"

def create_app(title="v1"):
    app = FastAPI(title=title)

    @app.get("/")
    async def index(request: Request):
        return title

    @app.middleware("http")
    async def header(request, call_next):
        response = await call_next(request)
        response.headers["x-one"] = "1"
        return response

    @app.exception_handler(KeyError)
    async def missing(request, exc):
        return None

    app.include_router(router, prefix="/api")
    app.add_middleware(Pure, name="p")
    return app

app = create_app()
"""
NEWER = {
    "a title": ('title="v1"', 'title="v2"'),
    "a route": (
        '    @app.middleware("http")',
        '    @app.get("/two")\n    def two():\n        return 2\n\n    @app.middleware("http")',
    ),
    "a body inside": ("return title", "return title + '!'"),
    "a middleware's argument": ('name="p"', 'name="q"'),
    "a prefix": ('prefix="/api"', 'prefix="/v2"'),
}


@pytest.mark.parametrize("change", NEWER.values(), ids=NEWER)
async def test_a_factory_with_endpoints_inside_is_called_again(
    lab: Callable[..., Lab], change: tuple[str, str]
) -> None:
    one = lab(m=NESTED)
    app = one.m.app
    before = await answers(app)
    one.comes(m=NESTED.replace(*change))
    assert one.m.app is app
    here = await answers(app)
    assert here != before
    cold = one.cold_here(m=NESTED.replace(*change))[0]
    assert here == await answers(cold[f"{one.top}.m"].app)
    one.undo()
    assert await answers(app) == before


async def answers(app: Any) -> list[Any]:
    found: list[Any] = [app.title, [getattr(m.kwargs, "get", dict)("name") for m in app.user_middleware]]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        for path in ("/", "/index", "/two", "/api/routed", "/v2/routed"):
            response = await client.get(path)
            found.append((path, response.status_code, response.text, response.headers.get("x-one")))
    return found


async def test_an_endpoint_inside_of_a_factory_gets_another_path_unless_others_hold_it_too(project: Project) -> None:
    moved = NESTED.replace('@app.get("/")', '@app.get("/index")')
    project.write(init="", m=NESTED, keeper="KEPT = []\n")
    keeper, m = project.load("keeper"), project.load("m")
    before = await answers(m.app)
    engine = project.engine()
    project.write(m=moved)
    engine.upgrade()
    assert [status for _, status, _, _ in (await answers(m.app))[2:]] == [404, 200, 404, 200, 404]
    engine.undo_last()
    assert await answers(m.app) == before
    keeper.KEPT.append(m.app.routes[-2].endpoint)
    assert keeper.KEPT[0].__name__ == "index"
    with pytest.raises(Refused, match=r"create_app\.index"):
        engine.upgrade()
    engine.close()
