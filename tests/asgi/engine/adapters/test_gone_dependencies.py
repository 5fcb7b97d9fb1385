"""Functions that go, or whose names mean something else: what holds them and is let go of does not refuse them."""

from __future__ import annotations

import pytest

from tests.asgi.engine.adapters.test_routes import get
from tests.asgi.engine.pairs import pair

DEPS = """
--- kept
held = []
--- rate
+++ rate
class Limiter:
    def go(self): return 1
limiter = Limiter()
--- deps
from . import kept
def limiter(): return "old"
def user(): return "user"
+++ deps
from . import kept
def other(): return "new"
def user(): return "user"
%s
"""
MAIN = """
--- main
from typing import Annotated
from fastapi import Depends, FastAPI
from . import deps
app = FastAPI()
@app.get("/", dependencies=[Depends(deps.limiter)])
async def home(): return "a"
@app.get("/by-default")
async def by_default(limit: str = Depends(deps.limiter)): return limit
@app.get("/who")
async def who(user: str = Depends(deps.user)): return user
+++ main
from typing import Annotated
from fastapi import Depends, FastAPI
from . import deps
app = FastAPI()
@app.get("/", dependencies=[Depends(deps.other)])
async def home(): return "b"
@app.get("/by-default")
async def by_default(limit: str = Depends(deps.other)): return limit
@app.get("/who")
async def who(user: str = Depends(deps.user)): return user
"""
ALIAS = """
--- main
from typing import Annotated
from fastapi import Depends, FastAPI
from . import deps
Limit = Annotated[str, Depends(deps.limiter)]
app = FastAPI()
@app.get("/by-default")
async def by_default(limit: Limit): return limit
+++ main
from typing import Annotated
from fastapi import Depends, FastAPI
from . import deps
Limit = Annotated[str, Depends(deps.other)]
app = FastAPI()
@app.get("/by-default")
async def by_default(limit: Limit): return limit
"""
BECAME = {
    "nothing": "",
    "an import": "from .rate import limiter",
    "a value": "limiter = 5",
    "a class": "class limiter:\n    pass",
}


@pytest.mark.parametrize("became", BECAME.values(), ids=BECAME)
async def test_a_dependency_whose_routes_are_registered_anew(lab, became):
    await _goes(lab, DEPS % became + MAIN)


async def test_a_dependency_that_an_alias_has(lab):
    await _goes(lab, DEPS % "" + ALIAS)


RENAMED = """
--- box
class Box:
    def old(self): return "old"
box = Box()
--- deps
from typing import Annotated
from fastapi import Depends
from .box import box
Old = Annotated[str, Depends(box.old)]
--- main
from fastapi import FastAPI
from . import deps
app = FastAPI()
@app.get("/by-default")
async def by_default(limit: deps.Old): return limit
+++ box
class Box:
    def new(self): return "new"
box = Box()
+++ deps
from typing import Annotated
from fastapi import Depends
from .box import box
New = Annotated[str, Depends(box.new)]
+++ main
from fastapi import FastAPI
from . import deps
app = FastAPI()
@app.get("/by-default")
async def by_default(limit: deps.New): return limit
"""


async def test_a_method_that_an_alias_has_which_goes_too(lab):
    await _goes(lab, RENAMED)


async def _goes(lab, text):
    old, new = pair(text)
    app = lab(**old)
    app.brings(**new)
    app.upgrade(**new)
    assert (await get(app.main.app, "/by-default")).json() == "new"


@pytest.mark.parametrize("became", BECAME.values(), ids=BECAME)
def test_who_else_holds_it_refuses_it(lab, became):
    old, new = pair(DEPS % became + MAIN)
    app = lab(**old)
    app.kept.held.append(app.deps.limiter)
    assert "held by" in app.refused(**new).reason


def test_overrides_of_an_app_hold_it(lab):
    old, new = pair(DEPS % "" + MAIN)
    app = lab(**old)
    app.main.app.dependency_overrides[app.deps.limiter] = app.deps.user
    assert "held by" in app.refused(**new).reason


_PAGING = """
--- main
from fastapi import Depends, FastAPI
app = FastAPI()
{one}
@app.get("/")
async def home(page=Depends(Paging)):
    return {{"page": getattr(page, "page", page)}}
+++ main
from fastapi import Depends, FastAPI
app = FastAPI()
{other}
@app.get("/")
async def home(page=Depends(Paging)):
    return {{"page": getattr(page, "page", page)}}
"""
_KINDS = (
    "class Paging:\n    def __init__(self, page: int = 1):\n        self.page = page",
    "def Paging(page: int = 2):\n    return page",
)


@pytest.mark.parametrize("turned", [False, True])
async def test_a_dependency_that_is_a_class_becomes_a_function_and_back(lab, turned):
    one, other = reversed(_KINDS) if turned else _KINDS
    old, new = pair(_PAGING.format(one=one, other=other))
    app = lab(**old)
    app.upgrade(**new)
    assert (await get(app.main.app, "/")).json() == {"page": 1 if turned else 2}
