"""Routes under a further decorator that enters them somewhere: entered once, where a cold import has them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.asgi.engine.lab import Lab

from .serving import answers

LIMITS = """
from slowapi import Limiter
from slowapi.util import get_remote_address
_limiter = None
def get_limiter():
    global _limiter
    if _limiter is None:
        _limiter = Limiter(key_func=get_remote_address)
    return _limiter
limiter = get_limiter()
"""
OWN = (
    LIMITS
    + """
from functools import wraps
def limited(text):
    limiter = get_limiter()
    def decorate(f):
        inner = limiter.limit(text)(f)
        @wraps(f)
        async def wrapper(*args, **kwargs): return await inner(*args, **kwargs)
        return wrapper
    return decorate
"""
)
SCHEMAS = """
from pydantic import BaseModel
class Item(BaseModel):
    name: str = "x"
"""
MAIN = """
from fastapi import FastAPI, APIRouter, Request
from . import limits
from .schemas import Item
router = APIRouter()
@router.get("/a")
@X("5/minute")
async def a(request: Request, item: Item | None = None): return {"a": 1}
@router.post("/b")
@X("6/minute")
async def b(request: Request, item: Item): return item
@router.post("/c")
@X("7/minute;70/hour")
async def c(request: Request, item: Item): return item
app = FastAPI()
app.state.limiter = limits.limiter
app.include_router(router)
"""
EDITS = {
    "a schema": ("schemas", 'name: str = "x"', 'name: str = "y"\n    size: int = 1'),
    "a parameter": (
        "main",
        "async def b(request: Request, item: Item)",
        "async def b(request: Request, item: Item, q: int = 1)",
    ),
    "the path": ("main", '"/b"', '"/bb"'),
    "a limit": ("main", "6/minute", "60/minute"),
    "a route comes": (
        "main",
        '@router.post("/c")',
        '@router.get("/n")\n@X("9/minute")\nasync def n(request: Request): return 1\n@router.post("/c")',
    ),
    "a route goes": (
        "main",
        '@router.post("/b")\n@X("6/minute")\nasync def b(request: Request, item: Item): return item\n',
        "",
    ),
    "no longer limited": ("main", '@X("6/minute")\n', ""),
    "a body": ("main", 'return {"a": 1}', 'return {"a": 2}'),
}


def entered(limiter: Any) -> Any:
    """What a limiter knows of each function, by its name without the app's."""
    marked = vars(limiter)["_Limiter__marked_for_limiting"]
    limits = {
        name.rpartition(".")[2]: [str(one.limit) for one in found] for name, found in limiter._route_limits.items()
    }
    return limits, {name.rpartition(".")[2]: [f.__code__.co_qualname for f in found] for name, found in marked.items()}


def swapped(text: str) -> str:
    """As many have it: the limit above the route, where no request meets it."""
    return re.sub(r'(@router\.\w+\("/\w+"\))\n(@X\("[^"]*"\))', r"\2\n\1", text)


@pytest.mark.parametrize("edit", [name for name in EDITS if name != "no longer limited"])
async def test_a_limit_above_a_route_stands_once(lab: Callable[..., Lab], edit: str) -> None:
    module, old, new = EDITS[edit]
    before = {"limits": LIMITS, "schemas": SCHEMAS, "main": MAIN}
    after = {**before, module: before[module].replace(old, new)}
    before, after = (
        {**side, "main": swapped(side["main"]).replace("@X", "@limits.limiter.limit")} for side in (before, after)
    )
    app = lab(**before)
    app.here = True
    asked = [("GET", "/a", None), ("POST", "/b", {}), ("POST", "/bb", {}), ("POST", "/c", {}), ("GET", "/n", None)]
    first, said = entered(app.limits.limiter), await answers(app.main.app, asked)
    app.arrive(**after)
    cold, _, _ = app.cold_here(**after)
    assert entered(app.limits.limiter) == entered(cold[f"{app.top}.limits"].limiter)
    assert await answers(app.main.app, asked) == await answers(cold[f"{app.top}.main"].app, asked)
    app.undo()
    assert entered(app.limits.limiter) == first
    assert await answers(app.main.app, asked) == said


@pytest.mark.parametrize("decorator", ("limits.limiter.limit", "limits.limited"))
@pytest.mark.parametrize(("module", "old", "new"), EDITS.values(), ids=EDITS)
async def test_a_limit_stands_once(lab: Callable[..., Lab], module: str, old: str, new: str, decorator: str) -> None:
    before = {"limits": OWN, "schemas": SCHEMAS, "main": MAIN}
    assert old in before[module]
    after = {**before, module: before[module].replace(old, new)}
    before, after = ({**side, "main": side["main"].replace("@X", f"@{decorator}")} for side in (before, after))
    app = lab(**before)
    app.here = True
    asked = [("GET", "/a", None), ("POST", "/b", {}), ("POST", "/bb", {}), ("POST", "/c", {}), ("GET", "/n", None)]
    first, said = entered(app.limits.limiter), await answers(app.main.app, asked)
    limiter, functions = app.limits.limiter, (app.main.a, app.main.c)
    app.arrive(**after)
    cold, _, _ = app.cold_here(**after)
    assert entered(limiter) == entered(cold[f"{app.top}.limits"].limiter)
    assert await answers(app.main.app, asked) == await answers(cold[f"{app.top}.main"].app, asked)
    assert app.limits.limiter is limiter and (app.main.a, app.main.c) == functions
    marked = vars(limiter)["_Limiter__marked_for_limiting"]
    assert all(len(found) == 1 for found in marked.values())
    app.undo()
    assert entered(limiter) == first
    assert await answers(app.main.app, asked) == said
