"""sqladmin's model views follow a release: what they show, and the models that they show."""

from __future__ import annotations

import pytest

from tests.asgi.engine.adapters.test_routes import get
from tests.asgi.engine.pairs import pair

APP = """
--- models
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
class Base(DeclarativeBase): pass
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    COLUMN
--- views
from sqladmin import ModelView, action
from .models import User
class Shown(ModelView):
    page_size = 10
class UserAdmin(Shown, model=User):
    column_list = LIST
    icon = ICON
    @action(name="ban", label="LABEL")
    async def ban(self, request): return 1
--- main
from fastapi import FastAPI
from sqladmin import Admin
from sqlalchemy import create_engine
from . import views
app = FastAPI()
def register(app):
    admin = Admin(app, create_engine("sqlite://"))
    for view in (views.UserAdmin,):
        admin.add_view(view)
    return admin
admin = register(app)
"""
AS_BEFORE = {"COLUMN": "pass", "LIST": "[User.id]", "ICON": "'a'", "LABEL": "Ban"}
CHANGES = {
    "the view": {"LIST": "[User.id, User.name]"},
    "a new column": {"COLUMN": "age: Mapped[int | None]"},
    "both": {"COLUMN": "age: Mapped[int | None]", "LIST": "[User.id, User.age]"},
    "an index": {"COLUMN": "mail: Mapped[str] = mapped_column(index=True)"},
    "its base": {"page_size = 10": "page_size = 20"},
}
REFUSED = {
    "an icon": ({"ICON": "'b'"}, "took `icon`"),
    "an action": ({"LABEL": "Block"}, "a route for `ban`"),
    "another model": (
        {
            "model=User": "model=models.User",
            "from .models import User": "from . import models\nfrom .models import User",
        },
        "another model",
    ),
}


def _releases(changes):
    old, _ = pair(_with(APP, AS_BEFORE))
    new, _ = pair(_with(_with(APP, changes), AS_BEFORE))
    return old, new


def _with(text, changes):
    for name, value in changes.items():
        text = text.replace(name, value)
    return text


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
async def test_views_show_what_the_release_has(lab, changes):
    old, new = _releases(changes)
    app = lab(**old)
    (view,) = app.main.admin.views
    before, of_class = dict(vars(view)), dict(vars(app.views.UserAdmin))
    app.upgrade(**new)
    assert app.differs(**new) == []
    assert app.main.admin.views == [view] and type(view) is app.views.UserAdmin
    _is_as_made_now(app, view)
    assert (await get(app.main.app, "/admin/")).status_code == 200
    app.undo()
    assert dict(vars(view)) == before and dict(vars(app.views.UserAdmin)) == of_class
    _is_as_made_now(app, view)
    app.upgrade(**new)
    _is_as_made_now(app, view)


def _is_as_made_now(app, view):
    fresh = app.views.UserAdmin()
    told = ("_prop_names", "_list_prop_names", "_search_fields", "page_size", "pk_columns", "model", "session_maker")
    assert [getattr(view, name) for name in told] == [getattr(fresh, name) for name in told]
    assert view._custom_actions_in_list == {"ban": "Ban"} and view._mapper is fresh._mapper


@pytest.mark.parametrize(("changes", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_the_admin_took_when_it_was_added_is_refused(lab, changes, reason):
    old, new = _releases(changes)
    assert reason in lab(**old).refused(**new).reason
