"""dependency_injector: what is under `@inject` stays wired to its container, whatever happens to it."""

from __future__ import annotations

import pytest
from dependency_injector import wiring

from tests.asgi.engine.adapters.test_routes import get
from tests.asgi.engine.pairs import pair

MAIN = """
--- services
class Users:
    def all(self): return ["users"]
--- container
from dependency_injector import containers, providers
from .services import Users
class Container(containers.DeclarativeContainer):
    users = providers.Factory(Users)
--- api
from dependency_injector.wiring import Provide, inject
from fastapi import APIRouter, Depends
from .container import Container
from .services import Users
router = APIRouter()
@inject
def counted(users: Users = Provide[Container.users]): return len(users.all())
class Page:
    @inject
    def get(self, users: Users = Provide[Container.users]): return users.all()
@router.get("/")
@inject
async def listed(users: Users = Depends(Provide[Container.users])): return users.all()
--- main
from fastapi import FastAPI
from . import api
from .container import Container
def create_app():
    app = FastAPI()
    app.container = Container()
    app.container.wire(modules=[api])
    app.include_router(api.router)
    return app
app = create_app()
"""

OLD, _ = pair(MAIN)
EDITS = {
    "a route's parameter": ("async def listed(", "async def listed(limit: int = 3, "),
    "a function's parameter": ("def counted(", "def counted(by: int = 3, "),
    "a method's parameter": ("def get(self, ", "def get(self, by: int = 3, "),
    "a decorator goes": ("@inject\nasync def listed", "async def listed"),
    "bodies": ("users.all()", "[*users.all()]"),
}


@pytest.mark.parametrize("edit", EDITS)
async def test_what_is_injected_into_stays_wired(lab, edit):
    app = lab(**OLD)
    new = {**OLD, "api": OLD["api"].replace(*EDITS[edit])}
    kept = app.api.counted
    app.upgrade(**new)
    assert kept() == 1 and app.api.counted is kept
    assert app.api.Page().get() == ["users"]
    if edit != "a decorator goes":
        assert (await get(app.main.app, "/")).json() == ["users"]
    app.undo()
    assert kept() == 1
    assert (await get(app.main.app, "/")).json() == ["users"]


async def test_a_new_endpoint_is_wired_and_wholly_undone(lab):
    app = lab(**OLD)
    more = """
@router.get("/one")
@inject
async def one(users: Users = Depends(Provide[Container.users])): return users.all()[0]
"""
    new = {**OLD, "api": OLD["api"] + more}
    app.upgrade(**new)
    assert (await get(app.main.app, "/one")).json() == "users"
    app.undo()
    assert (await get(app.main.app, "/one")).status_code == 404
    app.brings(**new)


async def test_a_release_of_the_library_that_remembers_nothing_of_parameters(lab, monkeypatch):
    app = lab(**OLD)
    monkeypatch.setattr(wiring, "_fetch_reference_injections", wiring._fetch_reference_injections.__wrapped__)
    monkeypatch.delattr(wiring, "clear_cache")
    kept = app.api.counted
    app.upgrade(**{**OLD, "api": OLD["api"].replace("def counted(", "def counted(by: int = 3, ")})
    assert kept() == 1 and app.api.counted is kept
    app.undo()
    assert kept() == 1
