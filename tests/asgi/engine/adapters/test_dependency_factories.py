"""Dependencies that a function hands out (`Depends(get_repository(Users))`) and whose new code the old ones can't take:
whoever asked for them at import asks again."""

from __future__ import annotations

import json
import sys
import types

import pytest

from tests.asgi.engine.adapters.test_routes import get
from tests.asgi.engine.pairs import pair

HEAD = """
--- db
from fastapi import Depends, Request
def pool(request: Request): return "pool"
def get_repository(kind):
    async def get(pool: str = Depends(pool)):
        yield kind + " of " + pool
    return get
--- main
from typing import Annotated
from fastapi import APIRouter, Depends, FastAPI
from . import db
from .db import get_repository
%s
+++ db
from fastapi import Depends, Request
def pool(request: Request): return "pool"
async def connection(pool: str = Depends(pool)): yield "connection of " + pool
def get_repository(kind):
    def get(conn: str = Depends(connection)):
        return kind + " of " + conn
    return get
"""

RIGHT = {
    "in a parameter's default": """
        app = FastAPI()
        @app.get("/")
        async def home(repo: str = Depends(get_repository("users"))): return repo
    """,
    "in an annotation's alias": """
        Users = Annotated[str, Depends(get_repository("users"))]
        app = FastAPI()
        @app.get("/")
        async def home(repo: Users): return repo
    """,
    "by an attribute, of a function that depends on one": """
        def users(repo: str = Depends(db.get_repository("users"))): return repo
        app = FastAPI()
        @app.get("/")
        async def home(repo: str = Depends(users)): return repo
    """,
    "in an included router": """
        router = APIRouter()
        @router.get("/")
        async def home(repo: str = Depends(get_repository("users"))): return repo
        app = FastAPI()
        app.include_router(router)
    """,
    "by another function": """
        def depends_on(kind): return Depends(get_repository(kind))
        app = FastAPI()
        @app.get("/")
        async def home(repo: str = depends_on("users")): return repo
    """,
    "in a decorator's arguments": """
        app = FastAPI()
        @app.get("/", dependencies=[Depends(get_repository("users"))])
        async def home(repo: str = Depends(get_repository("users"))): return repo
    """,
}


def _pair(body: str) -> tuple[dict[str, str], dict[str, str]]:
    lines = [line[8:] for line in body.splitlines()]
    return pair(HEAD % "\n".join(lines))


@pytest.mark.parametrize("body", RIGHT.values(), ids=RIGHT)
async def test_who_asked_for_one_at_import_asks_again(lab, body):
    old, new = _pair(body)
    app = lab(**old)
    assert (await get(app.main.app, "/")).json() == "users of pool"
    app.brings(**new)
    app.upgrade(**new)
    assert (await get(app.main.app, "/")).json() == "users of connection of pool"
    app.undo()
    assert (await get(app.main.app, "/")).json() == "users of pool"


@pytest.fixture
def library(monkeypatch):
    made = types.ModuleType("some_library")
    made.kept, made.__file__ = [], json.__file__
    monkeypatch.setitem(sys.modules, "some_library", made)
    return made


@pytest.mark.parametrize("what", ["users", "asked.dependency", "app.routes[-1].dependant.dependencies[0].call"])
def test_one_that_a_library_has_follows_or_is_refused(lab, library, what):
    body = """
        users = get_repository("users")
        asked = Depends(users)
        app = FastAPI()
        @app.get("/")
        async def home(repo: str = asked, other: str = Depends(get_repository("other"))): return repo
    """
    old, new = _pair(body)
    app = lab(**old)
    library.kept.append(eval(what, vars(app.main)))
    if not app.plan(**new).refusals:
        app.upgrade(**new)
        assert library.kept[0].__defaults__[0].dependency is app.db.connection
