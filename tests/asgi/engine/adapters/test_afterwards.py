"""Statements that work on the routes of an app when these were registered: routes that are registered anew are worked
on as well, once, and the others are left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.asgi.engine.lab import Lab

from .serving import answers

ITEMS = """
from fastapi import APIRouter
from .schemas import Item
router = APIRouter(prefix="/items")
@router.get("/a")
def a(): return "a"
@router.get("/b", response_model=Item)
def b(q: int = 1): return Item(name=str(q))
"""
SCHEMAS = """
from pydantic import BaseModel
class Item(BaseModel):
    name: str = "x"
"""
MAIN = """
from functools import wraps
from fastapi import FastAPI
from fastapi.routing import APIRoute
from tests.asgi.engine.adapters.paging import add_paging
from . import items
app = FastAPI()
@app.get("/direct")
def direct(): return "direct"
app.include_router(items.router)
def name_all(app):
    for route in every(app.routes):
        route.operation_id = f"{route.name}-named"
def guard(app):
    for route in every(app.routes):
        route.handle = no
        route.dependant.call = wraps(route.endpoint)(lambda: None)
async def no(scope, receive, send):
    await send({"type": "http.response.start", "status": 403, "headers": []})
    await send({"type": "http.response.body", "body": b"no"})
def every(routes):
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from every(route.original_router.routes)
@
"""
WORKING = {
    "a library's function": "add_paging(app)",
    "the app's own function": "name_all(app)",
    "what each route runs": "guard(app)",
    "several": "add_paging(app)\nname_all(app)",
}
EDITS = {
    "a parameter": ("items", "q: int = 1", "q: int = 2, p: str = ''"),
    "a schema": ("schemas", 'name: str = "x"', 'name: str = "x"\n    size: int = 1'),
    "a route comes": ("items", '@router.get("/b"', '@router.get("/n")\ndef n(): return 1\n@router.get("/b"'),
    "of the app": ("main", "def direct():", "def direct(z: int = 3):"),
}
ASKED = [("GET", path, None) for path in ("/direct", "/items/a", "/items/b", "/items/n", "/items/b?size=x")]


@pytest.mark.parametrize("working", WORKING.values(), ids=WORKING)
@pytest.mark.parametrize(("module", "old", "new"), EDITS.values(), ids=EDITS)
async def test_a_route_that_is_registered_anew_is_worked_on(
    lab: Callable[..., Lab], module: str, old: str, new: str, working: str
) -> None:
    before = {"schemas": SCHEMAS, "items": ITEMS, "main": MAIN.replace("@\n", f"{working}\n")}
    assert old in before[module]
    after = {**before, module: before[module].replace(old, new)}
    app = lab(**before)
    app.here = True
    live, starts = app.main.app, app.main.app.router.lifespan_context
    said = await answers(live, ASKED)
    app.arrive(**after)
    cold, _, _ = app.cold_here(**after)
    assert await answers(live, ASKED) == await answers(cold[f"{app.top}.main"].app, ASKED)
    app.undo()
    assert await answers(live, ASKED) == said
    assert live.router.lifespan_context is starts
