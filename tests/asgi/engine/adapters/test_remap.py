"""A changed mapping is made anew in place, with all that relate to it, as long as nobody holds the old one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.engine import Refused
from tests.asgi.engine.project import Project

BASE = """
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
class Base(DeclarativeBase):
    pass
class Stamped:
    created: Mapped[int] = mapped_column(default=1)
links = sa.Table("links", Base.metadata, sa.Column("user_id", sa.ForeignKey("users.id")))
class User(Stamped, Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    items: Mapped[list["Item"]] = relationship(back_populates="owner")
class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    owner: Mapped[User] = relationship(back_populates="items")
NAMES = sa.select(User.name)
HEARD = []
@event.listens_for(User, "before_insert")
def hear(mapper, connection, target): HEARD.append(target.name)
def ask():
    HEARD.clear()
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    columns = [c["name"] for c in sa.inspect(engine).get_columns("users")]
    with Session(engine) as session:
        session.add(User(name="a", items=[Item()]))
        session.flush()
        found = session.scalars(sa.select(User).join(User.items).where(Item.owner_id == User.id)).one()
        names, count = session.scalars(NAMES).all(), session.query(Item).count()
        answer = columns, names, found.items[0].owner is found, HEARD[:], count
    engine.dispose()
    return answer
"""
EDITS = {
    "a column comes": (
        "    name: Mapped[str]\n",
        "    name: Mapped[str]\n    age: Mapped[int] = mapped_column(default=3)\n",
    ),
    "a column goes": ("    created: Mapped[int] = mapped_column(default=1)\n", "    pass\n"),
    "a column of a mixin changes": ("mapped_column(default=1)", "mapped_column(sa.String(5), default='x')"),
    "a relationship changes": (
        'relationship(back_populates="owner")',
        'relationship(back_populates="owner", cascade="all")',
    ),
    "table arguments": (
        "    name: Mapped[str]\n",
        '    name: Mapped[str]\n    __table_args__ = (sa.Index("n", "name"),)\n',
    ),
    "annotations become text": (
        "import sqlalchemy as sa\n",
        "from __future__ import annotations\nimport sqlalchemy as sa\n",
    ),
    "another table name": ('__tablename__ = "items"', '__tablename__ = "things"'),
}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.close()


def cold(app: Project, text: str) -> Any:
    app.write(cold=text)
    return app.load("cold").ask()


CASES = [(*edit, number % 2 == 0) for number, edit in enumerate(EDITS.values())]
"""Every second one is used before: its mappers are configured."""


@pytest.mark.parametrize(("old", "new", "used"), CASES, ids=EDITS)
def test_a_mapping_changes_hot(app: Project, old: str, new: str, used: bool) -> None:
    assert old in BASE
    app.write(init="", db=BASE)
    db = app.load("db")
    user, item, links = db.User, db.Item, db.links
    before = db.ask() if used else None
    engine = app.engine()
    app.write(db=BASE.replace(old, new))
    assert engine.upgrade().verified
    assert (db.User, db.Item, db.links) == (user, item, links)
    after = db.ask()
    engine.undo_last()
    undone = db.ask()
    engine.close()
    assert after == cold(app, BASE.replace(old, new))
    if used:
        assert undone == before


def test_not_while_somebody_holds_an_instance(app: Project) -> None:
    app.write(init="", db=BASE)
    db = app.load("db")
    held = db.User(name="b")
    engine = app.engine()
    app.write(db=BASE.replace("    name: Mapped[str]\n", "    name: Mapped[str]\n    age: Mapped[int | None]\n"))
    with pytest.raises(Refused, match="1 living instance"):
        engine.upgrade()
    assert db.ask()[1] == ["a"] and held.name == "b"
    engine.close()


COUNTED = {
    "init": "from .discount import Discount\nfrom .redemption import Redemption\n",
    "base": "from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase):\n    pass\n",
    "discount": """
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, column_property, declared_attr, mapped_column
from TOP.base import Base
class Discount(Base):
    __tablename__ = "discounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="d")
    @declared_attr
    def used(cls) -> Mapped[int]:
        from TOP.redemption import Redemption
        counted = sa.select(sa.func.count(Redemption.id)).where(Redemption.discount_id == cls.id)
        return column_property(counted.correlate_except(Redemption).scalar_subquery())
""",
    "redemption": """
import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column
from TOP.base import Base
class Redemption(Base):
    __tablename__ = "redemptions"
    id: Mapped[int] = mapped_column(primary_key=True)
    discount_id: Mapped[int] = mapped_column(sa.ForeignKey("discounts.id"))
""",
    "app": """
import sqlalchemy as sa
from sqlalchemy.orm import Session
from TOP import Discount, Redemption
from TOP.base import Base
def ask():
    engine = sa.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(one := Discount())
        session.flush()
        session.add(Redemption(discount_id=one.id))
        session.commit()
        answer = session.scalars(sa.select(Discount.used)).all(), one.name, one.used
    engine.dispose()
    return answer
""",
}


def test_what_a_declared_attr_imports_is_mapped_before_its_class(app: Project) -> None:
    app.write(**COUNTED)
    live = app.load("app")
    assert live.ask() == ([1], "d", 1)
    engine = app.engine()
    app.write(discount=COUNTED["discount"].replace('default="d"', 'default="e"'))
    assert engine.upgrade().verified
    assert live.ask() == ([1], "e", 1)
    engine.undo_last()
    assert live.ask() == ([1], "d", 1)
    engine.close()


WITH_ENUM = """
import enum
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
class Base(DeclarativeBase):
    pass
class Account(Base):
    __tablename__ = "accounts"
    class Status(enum.Enum):
        new = "n"
        old = "o"
        def shown(self): return super().__str__() + "!"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(20), default="x")
"""


def test_an_enum_in_a_class_that_is_mapped_anew_stays_with_its_members(app: Project) -> None:
    app.write(init="", db=WITH_ENUM)
    db = app.load("db")
    status, new = db.Account.Status, db.Account.Status.new
    engine = app.engine()
    app.write(db=WITH_ENUM.replace("String(20)", "String(30)").replace('"!"', '"?"'))
    assert engine.upgrade().verified
    assert db.Account.Status is status and status.new is new
    assert new.shown() == "Status.new?"
    assert db.Account.__table__.c.status.type.length == 30
    engine.undo_last()
    assert db.Account.Status is status and status.new is new and new.shown() == "Status.new!"
    app.write(db=WITH_ENUM.replace("String(20)", "String(30)").replace('old = "o"', 'old = "p"'))
    with pytest.raises(Refused, match="Status"):
        engine.upgrade()
    assert db.Account.Status is status and status("o") is status.old
    engine.close()


SEARCHED = """
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
class Search:
    def __init__(self):
        self.columns, self.named = [], set()
    def look(self, mapper, cls):
        for column in mapper.persist_selectable.c:
            if column.info.get("searched") and column.table.name not in self.named:
                self.columns.append(column)
                sa.Index(column.table.name + "_found", column)
search = Search()
class Base(DeclarativeBase): pass
event.listen(sa.orm.Mapper, "instrument_class", search.look)
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(info={"searched": True})
class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(info={"searched": True})
def end(): event.remove(sa.orm.Mapper, "instrument_class", search.look)
"""


HEARD = SEARCHED.replace(
    "search = Search()",
    "FOUND = []\n"
    "def hear(mapper, cls):\n"
    "    for column in mapper.persist_selectable.c:\n"
    "        if column.info.get('searched'):\n"
    "            FOUND.append(sa.Index(column.table.name + '_found', column) and column)",
).replace("search.look", "hear")


@pytest.mark.parametrize(("text", "again"), [(SEARCHED, True), (HEARD, True), (SEARCHED, False)])
def test_what_listens_to_mappings_collects_the_new_columns_and_no_old_ones(
    app: Project, text: str, again: bool
) -> None:
    app.write(init="", db=text)
    db = app.load("db")
    found = db.FOUND if text == HEARD else db.search.columns
    old = list(found)
    engine = app.engine()
    if not again:
        db.end()
    app.write(db=text.replace("title: Mapped[str]", "about: Mapped[str | None]\n    title: Mapped[str]"))
    if again:
        assert engine.upgrade().verified
        tables = (db.User.__table__.c.name, db.Item.__table__.c.title)
        assert len(found) == 2
        assert all(a is b for a, b in zip(found, tables, strict=True))
        assert {index.name for index in db.Item.__table__.indexes} == {"items_found"}
        engine.undo_last()
        db.end()
    else:
        with pytest.raises(Refused):
            engine.upgrade()
    assert all(a is b for a, b in zip(found, old, strict=True))
    engine.close()


BESIDE = """
import dataclasses
import sqlalchemy as sa
from sqlalchemy.orm import column_property, selectinload
from TOP.db import Item, User
NAMED = User.name == "a"
FILTERS = {"named": sa.and_(NAMED, User.id.in_([1, 2])), "many": [User.id > 3]}
OPTIONS = dict(base=User.name == "b", keys=("name",), join=True)
LOADS = (selectinload(User.items),)
MORE_LOADS = [selectinload(User.items)]
TABLE = User.__table__
BY_NAME = sa.Index("by_name", User.name)
User.count = column_property(sa.select(sa.func.count(Item.id)).where(Item.owner_id == User.id).scalar_subquery())
@dataclasses.dataclass(frozen=True)
class Sort:
    column: object
SORTS = [Sort(User.name), Sort(User.id)]
class Repository:
    order = User.name.desc()
    columns = [User.id]
def narrowed(query, options=None): return query.options(*options) if options else query
def ask():
    asked = [NAMED, *FILTERS["many"], FILTERS["named"], OPTIONS["base"], Repository.order, SORTS[0].column]
    text = str(sa.select(User, TABLE.c.id).where(*asked).options(*LOADS, *MORE_LOADS)) + str(dict(**OPTIONS)["base"])
    text += str(narrowed(sa.select(User), options=MORE_LOADS))
    return text, [index.name for index in User.__table__.indexes], BY_NAME.table is User.__table__ is TABLE
"""
AGED = BASE.replace(
    "    name: Mapped[str]\n", "    name: Mapped[str]\n    age: Mapped[int] = mapped_column(default=3)\n"
)


def test_what_modules_made_of_mapped_columns_is_made_again(app: Project) -> None:
    app.write(init="", db=BASE, beside=BESIDE)
    app.load("db")
    beside = app.load("beside")
    before, filters, repository = beside.ask(), beside.FILTERS, beside.Repository
    engine = app.engine()
    app.write(db=AGED)
    assert engine.upgrade().verified
    after = beside.ask()
    assert beside.FILTERS is filters and beside.Repository is repository
    engine.undo_last()
    assert beside.ask() == before
    engine.close()
    app.write(cold_db=AGED, cold=BESIDE.replace("TOP.db", "TOP.cold_db"))
    assert after == app.load("cold").ask() and "users.age" in after[0]


KEPT = {
    "a function binds it anew": (
        "NAMED = User.name == 'a'\ndef narrow(text):\n    global NAMED\n    NAMED = User.name == text\n"
    ),
    "a function changes it": (
        "FILTERS = {'a': User.name == 'a'}\ndef narrow(text):\n    FILTERS['a'] = User.name == text\n"
    ),
    "a function sets it on the class": (
        "class Repository:\n    order = User.name.desc()\ndef narrow(text):\n    Repository.order = User.id.desc()\n"
    ),
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_an_expression_that_the_program_may_have_changed_is_not_lost(app: Project, text: str) -> None:
    app.write(init="", db=BASE, beside="from TOP.db import User\n" + text)
    app.load("db")
    beside = app.load("beside")
    beside.narrow("b")
    engine = app.engine(rehearse=False)
    app.write(db=AGED)
    with pytest.raises(Refused, match=r"NAMED|FILTERS|order"):
        engine.upgrade()
    engine.close()


HOLDERS = {
    "a partial": ("from functools import partial\nHELD = partial(sorted, key=User.name)", "HELD.keywords['key']"),
    "a view of a dict": ("import types\nHELD = types.MappingProxyType({'by': User.name})", "HELD['by']"),
    "a deque": ("from collections import deque\nHELD = deque([User.name])", "HELD[0]"),
    "a bound method": (
        "class Sort:\n    def __init__(self, by): self.by = by\n    def ask(self): return self.by\n"
        "HELD = Sort(User.name).ask",
        "HELD()",
    ),
    "a static method": (
        "class Held:\n    @staticmethod\n    def ask(by=User.name): return by\n",
        "Held.ask()",
    ),
    "slots": (
        "class Sort:\n    __slots__ = ('by',)\n    def __init__(self, by): self.by = by\nHELD = (Sort(User.name),)",
        "HELD[0].by",
    ),
}


def test_whatever_holds_a_mapped_column_gets_the_new_one(app: Project) -> None:
    names = {what: f"held{number}" for number, what in enumerate(HOLDERS)}
    texts = [f"from TOP.db import User\n{text}\ndef ask(): return {asked}\n" for text, asked in HOLDERS.values()]
    app.write(init="", db=BASE, **dict(zip(names.values(), texts, strict=True)))
    db = app.load("db")
    held = {what: app.load(name) for what, name in names.items()}
    engine = app.engine(rehearse=False)
    app.write(db=AGED)
    assert engine.upgrade().verified
    stale = [what for what, module in held.items() if module.ask().property is not db.User.name.property]
    engine.close()
    assert not stale


def test_a_class_in_a_class_that_keeps_a_mapped_column_is_not_left_old(app: Project) -> None:
    nested = "from TOP.db import User\nclass Held:\n    class Meta:\n        by = [User.name]\n"
    app.write(init="", db=BASE, nested=nested)
    db = app.load("db")
    nested = app.load("nested")
    engine = app.engine(rehearse=False)
    app.write(db=AGED)
    try:
        engine.upgrade()
    except Refused:
        pass  # today's answer
    assert nested.Held.Meta.by[0] is db.User.name
    engine.close()
