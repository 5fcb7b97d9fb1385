"""SQLAlchemy's declarative classes and SQLModel's tables: what changes hot, what is refused."""

from __future__ import annotations

import gc
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from tests.asgi.engine.pairs import pair

from .serving import serves

BASE = """
    --- db
    import sqlalchemy as sa
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
    from sqlalchemy.ext.hybrid import hybrid_property
    class Base(DeclarativeBase):
        pass
    class User(Base):
        __tablename__ = "users"
        STATES = ("on", "off")
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        def hello(self): return "hello " + self.name
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    def ask(call):
        with Session(engine) as session:
            session.add(User(name="a"))
            session.flush()
            return call(session, session.scalars(sa.select(User)).first())
"""
NEW_TABLE = """
    class Item(Base):
        __tablename__ = "items"
        id: Mapped[int] = mapped_column(primary_key=True)
        owner_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
        owner: Mapped[User] = relationship()
"""


@pytest.fixture(autouse=True)
def disposed(lab: Any) -> Iterator[None]:
    """Python 3.13 minds connections that nobody closes; some are of releases that were imported to compare with."""
    yield
    for engine in [one for one in gc.get_objects() if type(one) is sa.Engine]:
        engine.dispose()


def changed(*edits: tuple[str, str], end: str = "") -> tuple[dict[str, str], dict[str, str]]:
    old, new = pair(BASE)
    for before, after in edits:
        assert before in new["db"]
        new["db"] = new["db"].replace(before, after)
    return old, {"db": new["db"] + textwrap.dedent(end)}


MORE = """
import sqlalchemy as sa
from .db import Base
class More(Base):
    __tablename__ = "more"
    id = sa.Column(sa.Integer, primary_key=True)
"""
HELLO = 'def hello(self): return "hello " + self.name'
MEMBERS = """def hello(self, to="you"): return to + self.name
    @property
    def short(self): return self.name[:1]
    @hybrid_property
    def upper(self): return self.name + "!"
"""


def test_methods_properties_hybrids_and_constants_change(lab):
    old, new = changed(
        (HELLO, MEMBERS),
        ('("on", "off")', '("on", "off", "new")'),
    )
    app = lab(**old)
    user, mapper, table = app.db.User, app.db.User.__mapper__, app.db.User.__table__
    app.upgrade(**new)
    assert (app.db.User, user.__mapper__, user.__table__) == (user, mapper, table)
    assert app.db.ask(lambda session, one: (one.hello(), one.short, one.upper, one.STATES)) == (
        "youa",
        "a",
        "a!",
        ("on", "off", "new"),
    )
    assert "users.name ||" in str(app.db.sa.select(user.upper))
    assert app.differs(("db.Base", "db.User.__mapper__", "db.User.__table__", "db.engine"), **new) == []
    app.undo()
    assert app.db.ask(lambda session, one: one.hello()) == "hello a"
    assert not hasattr(user, "short") and not hasattr(user, "upper")


def test_a_new_table_comes_and_goes_with_the_undo(lab):
    old, new = changed(end=NEW_TABLE)
    app = lab(**old)
    metadata, names = app.db.Base.metadata, set(app.db.Base.registry._class_registry)
    app.upgrade(**new)
    assert set(metadata.tables) == {"users", "items"}
    app.db.Base.metadata.create_all(app.db.engine)
    assert app.db.ask(lambda session, one: app.db.Item(owner=one).owner.name) == "a"
    app.undo()
    assert set(metadata.tables) == {"users"} and set(app.db.Base.registry._class_registry) == names
    assert app.db.ask(lambda session, one: one.hello()) == "hello a"
    app.upgrade(**new)
    assert app.db.ask(lambda session, one: app.db.Item(owner=one).owner.name) == "a"


def test_a_new_module_of_tables_comes_and_goes_with_the_undo(lab):
    old, _ = pair(BASE)
    new = {**old, "app": "from . import db, more\n", "more": MORE}
    old["app"] = "from . import db\n"
    app = lab(**old)
    app.upgrade(**new)
    assert set(app.db.Base.metadata.tables) == {"users", "more"}
    app.undo()
    assert set(app.db.Base.metadata.tables) == {"users"}
    app.upgrade(**new)
    assert app.db.ask(lambda session, one: app.more.More(id=1).id) == 1


def test_a_mapped_class_that_is_called_otherwise_takes_its_table(lab):
    old, new = changed(("class User(Base)", "class Person(Base)"), ("User", "Person"))
    app = lab(**old)
    table = app.db.Base.metadata.tables["users"]
    app.upgrade(**new)
    assert app.differs(**new) == []
    assert app.db.Base.metadata.tables["users"] is app.db.Person.__table__
    app.undo()
    assert app.db.Base.metadata.tables["users"] is table is app.db.User.__table__


MOVED = """
    --- base
    from sqlalchemy.orm import DeclarativeBase
    class Base(DeclarativeBase):
        pass
    --- db
    from sqlalchemy.orm import Mapped, mapped_column
    from .base import Base
    class User(Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)
    +++ user
    from sqlalchemy.orm import Mapped, mapped_column
    from .base import Base
    class User(Base):
        __tablename__ = "users"
        id: Mapped[int] = mapped_column(primary_key=True)
    +++ db
    from .user import User
"""


def test_a_mapped_class_that_moves_to_another_module_is_refused(lab):
    old, new = pair(MOVED)
    refusal = lab(**old).refused(**new)
    assert "comes from another module" in refusal.reason and "cold" in refusal.do


def test_a_declarative_base_is_not_made_again(lab):
    old, new = changed(
        ("class Base(DeclarativeBase):\n    pass", "class Base(DeclarativeBase):\n    metadata = sa.MetaData()")
    )
    refusal = lab(**old).refused(**new)
    assert "declarative base" in refusal.reason and "cold" in refusal.do


MIXIN = """
    --- db
    import enum
    import sqlalchemy as sa
    from sqlalchemy.orm import declarative_base
    Base = declarative_base()
    class State(enum.Enum):
        on = 1
    class Stamped:
        created = sa.Column(sa.Integer)
        def stamp(self): return 1
    class User(Base, Stamped):
        __tablename__ = "users"
        id = sa.Column(sa.Integer, primary_key=True)
        state = sa.Column(sa.Enum(State))
"""


def test_a_mixin_of_mapped_classes(lab):
    old, _ = pair(MIXIN)
    app = lab(**old)
    text = old["db"]
    app.upgrade(db=text.replace("created = sa.Column(sa.Integer)", "created = sa.Column(sa.String)"))
    assert str(app.db.User.__table__.c.created.type) == "VARCHAR"
    app.undo()
    assert str(app.db.User.__table__.c.created.type) == "INTEGER"
    app.upgrade(db=text.replace("    on = 1", "    on = 1\n    off = 2"))
    assert app.db.User.__table__.c.state.type.enums == ["on", "off"]
    app.undo()
    assert app.db.User.__table__.c.state.type.enums == ["on"]
    app.upgrade(db=text.replace("def stamp(self): return 1", "def stamp(self, n=2): return n"))
    assert app.db.User().stamp() == 2
    app.undo()
    assert app.db.User().stamp() == 1


MODELS = """
    --- models
    from sqlalchemy.orm import registry
    from sqlmodel import Field, SQLModel
    class Mapped(SQLModel, registry=registry()):
        pass
    class ItemBase(SQLModel):
        title: str
    class ItemCreate(ItemBase):
        pass
    class Item(Mapped, table=True):
        id: int | None = Field(default=None, primary_key=True)
        title: str
        def show(self): return self.title
    class ItemPublic(ItemBase):
        id: int
    --- main
    from fastapi import FastAPI
    from .models import Item, ItemCreate, ItemPublic
    app = FastAPI()
    @app.post("/", response_model=ItemPublic)
    def create(item: ItemCreate): return Item(id=1, title=item.title)
"""


async def test_schemas_of_sqlmodel_change_beside_tables(lab):
    old, _ = pair(MODELS)
    text = old["models"].replace("class ItemBase(SQLModel):\n", "class ItemBase(SQLModel):\n    note: str = 'n'\n")
    text = text.replace("def show(self): return self.title", "def show(self, n=1): return self.title * n")
    text = text.replace("    id: int\n", "    id: int\n    size: int = 3\n")
    news = MODELS + "    +++ models\n" + "\n".join(f"    {line}" for line in text.splitlines())
    app = await serves(lab, news, [("POST", "/", {"title": "a"}), ("POST", "/", {"title": "a", "note": 3})])
    app.upgrade(models=text, main=old["main"])
    assert app.models.Item(title="a").show(2) == "aa"


def test_a_table_of_sqlmodel_is_mapped_anew(lab):
    old, _ = pair(MODELS)
    app = lab(**old)
    item = app.models.Item
    app.upgrade(**{**old, "models": old["models"].replace("    title: str\n    def", "    name: str = 'n'\n    def")})
    assert app.models.Item is item and list(item.__table__.columns.keys()) == ["id", "name"]
    assert list(inspect.signature(item).parameters) == ["id", "name"]
    assert item(id=1).name == "n" and app.models.Mapped.metadata.tables["item"] is item.__table__
    app.undo()
    assert list(item.__table__.columns.keys()) == ["id", "title"]


@pytest.mark.parametrize("line", ["from .db import User", "from . import db", "from .db import User as U, Base"])
def test_an_import_of_a_mapped_class_that_goes_is_nothing_of_the_tables(lab, line: str) -> None:
    db, _ = pair(BASE)
    app = lab(**db, m=f"{line}\ndef f(): return 1\n")
    app.arrive(**db, m="def f(): return 2\n")
    assert app.m.f() == 2
    assert set(app.db.Base.metadata.tables) == {"users"}
