"""Settings change, and what was made of them at import stays where either release makes the same, and does not where
they make something else."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from flyhot_asgi.engine import Refused

SETTINGS = """
from functools import lru_cache
from pydantic_settings import BaseSettings
class Settings(BaseSettings):
    title: str = "My app"
    url: str = "sqlite:///x.db"
    size: int = 5
    # more
@lru_cache
def get_settings() -> Settings:
    return Settings()
settings = Settings()
"""
MORE = SETTINGS.replace("# more", "color: str = 'red'")
OTHER_CODE = SETTINGS.replace("    return Settings()", "    made = Settings()\n    return made")
MADE = """
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
from .config import get_settings, settings
NAMESPACE = get_settings().title.lower().replace(" ", "_")
def make_engine():
    return create_engine(get_settings().url, pool_recycle=get_settings().size)
engine = make_engine()
direct = create_engine(settings.url)
Session = sessionmaker(engine)
bound = Session.kw["bind"]
"""
HOLDING = """
from .db import Session, direct, engine
def use(session=Session, at=direct): return session, at
HELD = [engine, Session, direct]
"""


def living(app):
    db = app.db
    return [db.engine, db.direct, db.Session, db.bound, *app.holding.HELD]


@pytest.mark.parametrize("config", [MORE, OTHER_CODE, MORE.replace("return Settings()", "return Settings(size=5)")])
def test_engines_stay_when_settings_change_that_they_do_not_read(lab, config):
    app = lab(config=SETTINGS, db=MADE, holding=HOLDING)
    before = living(app)
    plan = app.comes(config=config, db=MADE, holding=HOLDING)
    assert all(one is other for one, other in zip(before, living(app), strict=True))
    assert app.db.NAMESPACE == "my_app" and not [
        s for s in plan.steps if s.module.endswith("db") and s.name == "engine" and s.action.value != "keep"
    ]
    app.undo()
    assert all(one is other for one, other in zip(before, living(app), strict=True))


@pytest.mark.parametrize(
    "change",
    [("size: int = 5", "size: int = 7"), ("x.db", "y.db"), ("return Settings()", "return Settings(size=9)")],
)
def test_an_engine_that_would_be_another_is_not_kept(lab, change):
    app = lab(config=SETTINGS, db=MADE, holding=HOLDING)
    before = living(app)
    with pytest.raises(Refused, match=r"engine|direct|bound"):
        app.comes(config=SETTINGS.replace(*change), db=MADE, holding=HOLDING)
    assert all(one is other for one, other in zip(before, living(app), strict=True))


def test_what_only_a_function_makes_of_a_setting_is_made_again_with_it(lab):
    """No text between the statement and the setting changes."""
    made = "from string import Template\nfrom .config import get_settings\n"
    made += "def make():\n    return Template(f'{get_settings().size} $name')\nshown = make()\n"
    app = lab(config=SETTINGS, page=made, user="from .page import shown\nHELD = [shown]\n")
    app.comes(
        config=SETTINGS.replace("size: int = 5", "size: int = 7"), page=made, user=app.sources[f"{app.top}.user"].text
    )
    assert app.page.shown.template == "7 $name" and app.user.HELD[0] is app.page.shown is app.user.shown


def test_what_is_made_again_of_what_stayed_old_is_not_passed_over(lab):
    """The one `Config` lives on in a cache as the old release made it; what is made of it now is not the release's."""
    config = "from functools import lru_cache\nclass Config:\n    def __init__(self):\n        self.size = 5\n"
    config += "@lru_cache\ndef get() -> Config:\n    return Config()\n"
    made = "from string import Template\nfrom .config import get\n"
    made += "def make():\n    return Template(f'{get().size} $name')\nshown = make()\n"
    app = lab(config=config, page=made)
    with pytest.raises(Refused, match="shown"):
        app.comes(config=config.replace("= 5", "= 7"), page=made)
    assert app.page.shown.template == "5 $name"


def test_settings_in_a_cache_get_a_default_that_the_release_changes(lab):
    app = lab(config=SETTINGS)
    cached = app.config.get_settings()
    app.comes(config=SETTINGS.replace("size: int = 5", "size: int = 7").replace("# more", "color: str = 'red'"))
    assert app.config.get_settings() is cached and (cached.size, cached.color) == (7, "red")
    app.undo()
    assert cached.model_dump() == {"title": "My app", "url": "sqlite:///x.db", "size": 5}
    cached.size = 6
    with pytest.raises(Refused, match="size"):
        app.comes(config=SETTINGS.replace("size: int = 5", "size: int = 7"))
    assert cached.size == 6
    app.comes(config=SETTINGS.replace("My app", "Our app"))
    assert (cached.size, cached.title) == (6, "Our app")


def test_settings_in_a_cache_keep_what_the_environment_says(lab, monkeypatch):
    monkeypatch.setenv("SIZE", "8")
    app = lab(config=SETTINGS)
    cached = app.config.get_settings()
    app.comes(config=SETTINGS.replace("size: int = 5", "size: int = 7"))
    assert app.config.get_settings() is cached and cached.size == 8


def test_an_engine_stays_whose_statement_says_the_same_in_other_words(lab):
    app = lab(config=SETTINGS, db=MADE, holding=HOLDING)
    before = living(app)
    text = MADE.replace("create_engine(settings.url)", "create_engine(str(settings.url))")
    app.comes(config=MORE, db=text, holding=HOLDING)
    assert all(one is other for one, other in zip(before, living(app), strict=True))


def test_what_a_statement_makes_that_says_something_else_is_not_kept(lab):
    """The engine is made anew, and whoever had it by an unchanged statement has the new one."""
    app = lab(config=SETTINGS, db=MADE, holding=HOLDING)
    before = living(app)
    app.comes(config=SETTINGS, db=MADE.replace("(settings.url)", "(settings.url, echo=True)"), holding=HOLDING)
    direct, holding = app.db.direct, app.holding
    assert direct is not before[1] and direct.echo is True
    assert holding.direct is direct and holding.HELD[2] is direct and holding.use()[1] is direct
    assert holding.HELD[:2] == [app.db.engine, app.db.Session] == [before[0], before[2]]
    app.undo()
    assert all(one is other for one, other in zip(before, living(app), strict=True))


def test_engines_and_what_is_made_of_them_follow_a_setting(lab, tmp_path):
    made = MADE.replace('bound = Session.kw["bind"]', "")
    app = lab(config=SETTINGS, db=made, holding=HOLDING)
    before = app.db.engine.url
    app.comes(config=SETTINGS.replace("x.db", f"{tmp_path}/y.db"), db=made, holding=HOLDING)
    assert app.db.engine.url.database == app.db.direct.url.database == f"{tmp_path}/y.db"
    assert app.holding.HELD == [app.db.engine, app.db.Session, app.db.direct]
    assert app.db.Session.kw["bind"] is app.db.engine and app.holding.use() == (app.db.Session, app.db.direct)
    with app.db.Session() as session:
        assert session.execute(text("pragma database_list")).one()[2] == f"{tmp_path}/y.db"
    app.db.engine.dispose()
    app.undo()
    assert app.db.engine.url is before and app.db.Session.kw["bind"] is app.holding.engine is app.db.engine


def test_what_holds_a_library_object_that_is_replaced_is_not_kept(lab):
    """Both releases make a session maker of an engine of the module's; that engine is another one now."""
    text = "import types\nfrom .parts import part\nholder = types.SimpleNamespace(part=part)\n"
    app = lab(parts="import types\npart = types.SimpleNamespace(n=1)\n", users=text)
    try:
        app.comes(parts="import types\npart = types.SimpleNamespace(n=2)\n", users=text)
    except Refused:
        assert app.users.holder.part is app.parts.part and app.parts.part.n == 1
    else:
        assert app.users.holder.part is app.parts.part and app.parts.part.n == 2


def test_an_instance_of_the_apps_keeps_a_pool_of_a_librarys(lab):
    config = "class Settings:\n    url = 'sqlite:///x.db'\nsettings = Settings()\n"
    text = (
        "from sqlalchemy import create_engine\nfrom .config import settings\n"
        "class Database:\n    def __init__(self, url, name='a'):\n        self.engine = create_engine(url)\n"
        "        self.name = name\n"
        "database = Database(settings.url)\n"
    )
    app = lab(config=config, db=text)
    database, engine = app.db.database, app.db.database.engine
    app.comes(config=config, db=text.replace("Database(settings.url)", "Database(settings.url, name='b')"))
    assert app.db.database is database and database.engine is engine and database.name == "b"
    app.undo()
    with pytest.raises(Refused, match="engine"):
        app.comes(config=config, db=text.replace("Database(settings.url)", "Database('sqlite:///z.db')"))
    assert database.engine is engine
