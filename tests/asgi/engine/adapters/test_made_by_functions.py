"""Routers, endpoints and handlers that functions make, one for each call: the functions need more than they did."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.asgi.engine.lab import Lab
from tests.asgi.engine.pairs import pair

from .serving import answers

MAKER = """
def make_router(name):
    router = APIRouter(prefix=f"/{name}")
    @router.get("/a")
    def a(): return name
    return router
"""
MAKER_NOW = """
def make_router(name, more):
    router = APIRouter(prefix=f"/{name}")
    @router.get("/a")
    def a(): return [name, more]
    return router
"""
SHOWN = """
def show(name):
    def a(): return name
    return a
"""
SHOWN_NOW = """
def show(name, number):
    def a(): return [name, number]
    return a
"""
FILL = """
def fill(app):
    for name in ("x", "y"):
        @app.get(f"/{name}/a")
        def a(name=name): return name
"""
FILL_NOW = """
def fill(app, more):
    for name in ("x", "y"):
        @app.get(f"/{name}/a")
        def a(name=name): return [name, more]
"""
TIMED = """
class Timed(APIRoute):
    def get_route_handler(self):
        original = super().get_route_handler()
        async def handler(request):
            response = await original(request)
            response.headers["x-what"] = "route"
            return response
        return handler
router = APIRouter(route_class=Timed, prefix="/x")
@router.get("/a")
def a(): return 1
"""
TIMED_NOW = TIMED.replace("original =", "label = self.name\n        original =").replace('"route"', "label")
CASES = {
    "a router": (
        f'{MAKER}app.include_router(make_router("x"))\napp.include_router(make_router("y"))',
        f'{MAKER_NOW}app.include_router(make_router("x", 1))\napp.include_router(make_router("y", 2))',
    ),
    "a router that has a name": (
        f'{MAKER}xs = make_router("x")\nys = make_router("y")\napp.include_router(xs)\napp.include_router(ys)',
        f'{MAKER_NOW}xs = make_router("x", 1)\nys = make_router("y", 2)\n'
        "app.include_router(xs)\napp.include_router(ys)",
    ),
    "an endpoint, in a loop": (
        f'{SHOWN}for name in ("x", "y"):\n    app.get(f"/{{name}}/a")(show(name))',
        f'{SHOWN_NOW}for number, name in enumerate(("x", "y")):\n    app.get(f"/{{name}}/a")(show(name, number))',
    ),
    "endpoints, in a loop of its own": (f"{FILL}fill(app)", f"{FILL_NOW}fill(app, 3)"),
    "a route's handler": (f"{TIMED}app.include_router(router)", f"{TIMED_NOW}app.include_router(router)"),
}
HEAD = "from fastapi import APIRouter, FastAPI\nfrom fastapi.routing import APIRoute\napp = FastAPI()\n"
ASKED = [("GET", "/x/a", None), ("GET", "/y/a", None)]


@pytest.mark.parametrize("what", CASES)
async def test_what_it_makes_is_made_anew(lab: Callable[..., Lab], what: str) -> None:
    old, new = (HEAD + text for text in CASES[what])
    one = lab(main=old)
    one.here = True
    app, before = one.main.app, await answers(one.main.app, ASKED)
    one.comes(main=new)
    cold, _, _ = one.cold_here(main=new)
    assert one.main.app is app
    assert await answers(app, ASKED) == await answers(cold[f"{one.top}.main"].app, ASKED)
    one.undo()
    assert await answers(app, ASKED) == before


async def test_what_somebody_else_holds_of_it_refuses(lab: Callable[..., Lab]) -> None:
    old, new = (f"{HEAD}KEPT = []\n{text}" for text in CASES["a router"])
    old, new = (text.replace("    return router", "    KEPT.append(a)\n    return router") for text in (old, new))
    one = lab(main=old)
    assert "needs the variable `more`" in one.refused(main=new).reason


DEFAULT = """
--- main
from enum import Enum
from fastapi import FastAPI
class Kind(str, Enum):
    A = "a"
    B = "b"
app = FastAPI()
@app.get("/a")
def a(kind: Kind = Kind.B): return kind
+++ main
from enum import Enum
from fastapi import FastAPI
class Kind(str, Enum):
    A = "a"
    C = "c"
app = FastAPI()
@app.get("/a")
def a(kind: Kind = Kind.A): return kind
"""


async def test_a_member_of_an_enum_goes_that_was_a_default(lab: Callable[..., Lab]) -> None:
    old, new = pair(DEFAULT)
    asked = [("GET", f"/a{query}", None) for query in ("", "?kind=b", "?kind=c")]
    one = lab(**old)
    one.here = True
    one.comes(**new)
    cold, _, _ = one.cold_here(**new)
    assert await answers(one.main.app, asked) == await answers(cold[f"{one.top}.main"].app, asked)


async def test_a_member_that_the_program_keeps_refuses(lab: Callable[..., Lab]) -> None:
    old, new = pair(DEFAULT)
    one = lab(**{**old, "other": "KEPT = {}\n"})
    one.other.KEPT["kind"] = one.main.Kind.B
    assert "still held" in one.refused(**new, other="KEPT = {}\n").reason
