"""dependency_injector's containers: what they provide follows a release, in containers that live as well."""

from __future__ import annotations

import pytest

from tests.asgi.engine.adapters.test_routes import get
from tests.asgi.engine.pairs import pair

APP = """
--- services
class Repo:
    def __init__(self, url="a"): self.url = url
class Users:
    def __init__(self, repo, limit=1): self.repo, self.limit = repo, limit
    def told(self): return [self.repo.url, self.limit]
class Mails:
    def __init__(self, users): self.users = users
    def told(self): return ["mails", *self.users.told()]
class Old:
    def told(self): return ["old"]
--- container
from dependency_injector import containers, providers
from .services import Old, Repo, Users
MARK
class Container(containers.DeclarativeContainer):
    repo = REPO
    users = USERS
    old = providers.Factory(Old)
    MORE
--- api
from dependency_injector.wiring import Provide, inject
from fastapi import APIRouter, Depends
from .container import Container
from .services import Users
router = APIRouter()
@router.get("/users")
@inject
async def users(users: Users = Depends(Provide[Container.users])): return users.told()
ROUTE
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
PLAIN = {
    "REPO": "providers.Singleton(Repo)",
    "USERS": "providers.Factory(Users, repo=repo)",
    "MORE": "pass",
    "MARK": "",
    "ROUTE": "",
}
MAILS = {
    "import Old, Repo, Users": "import Mails, Old, Repo, Users",
    "MORE": "mails = providers.Factory(Mails, users=users)",
    "ROUTE": """
@router.get("/mails")
@inject
async def mails(mails=Depends(Provide[Container.mails])): return mails.told()
""",
}
CHANGES = {
    "a new provider": (MAILS, ["a", 1], ["mails", "a", 1]),
    "another recipe": ({"USERS": "providers.Factory(Users, repo=repo, limit=2)"}, ["a", 2], None),
    "another recipe of what another has": (
        {**MAILS, "USERS": "providers.Factory(Users, repo, limit=3)"},
        ["a", 3],
        ["mails", "a", 3],
    ),
    "a provider goes": ({"    old = providers.Factory(Old)\n": "", "import Old, ": "import "}, ["a", 1], None),
    "a singleton that nobody asked for": ({"REPO": 'providers.Singleton(Repo, "b")'}, ["b", 1], None),
}


def _with(changes):
    text = APP
    for name, value in {**changes, **{k: v for k, v in PLAIN.items() if k not in changes}}.items():
        text = text.replace(name, value)
    return pair(text)[0]


@pytest.mark.parametrize(("changes", "users", "mails"), CHANGES.values(), ids=CHANGES)
async def test_what_is_injected_is_the_release_s(lab, changes, users, mails):
    old, new = _with({}), _with(changes)
    app = lab(**old)
    container, provider = app.main.app.container, app.container.Container.users
    app.upgrade(**new)
    assert app.differs(**new) == []
    assert app.main.app.container is container and app.container.Container.users is provider
    assert (await get(app.main.app, "/users")).json() == users
    if mails is not None:
        assert (await get(app.main.app, "/mails")).json() == mails
    assert list(container.providers) == list(app.container.Container.providers)
    assert app.container.Container().users().told() == users
    app.undo()
    assert hasattr(container, "old") and not hasattr(container, "mails")
    assert app.container.Container().users().told() == ["a", 1]
    assert (await get(app.main.app, "/mails")).status_code == 404


async def test_what_a_singleton_made_is_not_lost(lab):
    app = lab(**_with({}))
    assert (await get(app.main.app, "/users")).json() == ["a", 1]
    new = _with({"REPO": 'providers.Singleton(Repo, "b")'})
    with pytest.raises(Exception, match="keeps what it made"):
        app.upgrade(**new)
    assert (await get(app.main.app, "/users")).json() == ["a", 1]
    app.upgrade(**_with(MAILS))
    assert (await get(app.main.app, "/mails")).json() == ["mails", "a", 1]


REFUSED = {
    "another kind": ({"USERS": "providers.Singleton(Users, repo=repo)"}, "was a Factory"),
    "a method": ({"MORE": "def more(cls): return 1"}, "more than its providers"),
    "what it is wired to": ({"MORE": "wiring_config = containers.WiringConfiguration()"}, "wiring_config"),
}


@pytest.mark.parametrize(("changes", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_living_containers_can_t_take_is_refused(lab, changes, reason):
    app = lab(**_with({}))
    with pytest.raises(BaseException, match=reason):
        app.upgrade(**_with(changes))
    assert app.main.app.container.users().told() == ["a", 1]
