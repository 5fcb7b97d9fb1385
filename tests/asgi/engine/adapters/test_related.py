"""What belongs to mapped classes beside their columns comes, goes and changes: relationships together with the class
that they lead to, and listeners. After the undo all is as it was, and a second upgrade is as right as the first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.asgi.engine.project import Project

HEAD = """
from sqlalchemy import ForeignKey, create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
HEARD = []
class Base(DeclarativeBase): pass
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="u")
"""
TAIL = """
def ask():
    HEARD.clear()
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(User(name="a"))
        session.flush()
        found = [(user.name, [one.id for one in getattr(user, "posts", ())]) for user in session.query(User)]
    engine.dispose()
    return found, HEARD[:], sorted(Base.metadata.tables)
"""
POSTS = '    posts: Mapped[list["Post"]] = relationship(back_populates="user")\n'
POST = """
class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    user: Mapped[User] = relationship(back_populates="posts")
"""
TAG = """
class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    user: Mapped[User] = relationship(backref="tags")
"""
KINDS = """
class Animal(Base):
    __tablename__ = "animals"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}
"""
KEEN = """
class Dog(Animal):
    __tablename__ = "dogs"
    id: Mapped[int] = mapped_column(ForeignKey("animals.id"), primary_key=True)
    __mapper_args__ = {"polymorphic_identity": "dog"}
"""
ONE = """
@event.listens_for(User, "before_insert")
def one(mapper, connection, target): HEARD.append(("one", target.name))
"""
TWO = """
@event.listens_for(User, "before_insert")
def two(mapper, connection, target): HEARD.append(("two", target.name))
"""
BOTH = """
@event.listens_for(User, "before_insert", named=True)
@event.listens_for(User, "after_insert", named=True)
def both(**given): HEARD.append(("both", sorted(given)))
"""
OF_BASES = """
@event.listens_for(Base, "before_insert", propagate=True)
def of_bases(mapper, connection, target): HEARD.append(("bases", target.name))
"""
CALL = """
def told(mapper, connection, target): HEARD.append(("told", target.name))
event.listen(User, "before_insert", told)
"""
METHOD = """
class Log:
    def told(self, mapper, connection, target): HEARD.append(("log", target.name))
log = Log()
event.listen(User, "before_insert", log.told)
"""
PRAGMA = """
@event.listens_for(Engine, "connect")
def pragma(connection, record): HEARD.append("connected")
"""
EDITS = {
    "a class comes with its relationships": ("", POSTS + POST),
    "a class goes with its relationships": (POSTS + POST, ""),
    "a class is called otherwise": (POSTS + POST, (POSTS + POST).replace("Post", "Article")),
    "one of three goes": (POSTS + POST + TAG, TAG),
    "one that another derives from stays": (KINDS + KEEN, KINDS),
    "a listener comes": ("", ONE),
    "a listener goes": (ONE, ""),
    "the first of two comes": (TWO, ONE + TWO),
    "the first of two goes": (ONE + TWO, TWO),
    "two change places": (ONE + TWO, TWO + ONE),
    "one of two has another name": (ONE + TWO, ONE.replace("one(", "other(") + TWO),
    "a listener listens to another event": (ONE, ONE.replace("before_insert", "after_insert")),
    "a listener is given its arguments otherwise": (
        ONE,
        ONE.replace('"before_insert"', '"before_insert", named=True').replace(
            "mapper, connection, target", "target, **k"
        ),
    ),
    "it listens to a second event": (ONE, ONE.replace("@event", '@event.listens_for(User, "after_insert")\n@event')),
    "it listens to two, and comes": ("", BOTH),
    "it listens to two, and goes": (BOTH, ""),
    "a listener of a base comes": ("", OF_BASES),
    "a listener of a base goes": (OF_BASES, ""),
    "a listener of all engines comes": ("", PRAGMA),
    "a listener of all engines goes": (PRAGMA, ""),
    "a call comes": ("", CALL),
    "a call goes": (CALL, CALL.partition("event")[0]),
    "one function of two classes goes from one": (
        CALL + 'event.listen(Base, "before_insert", told)\n',
        CALL,
    ),
    "a method comes": (ONE, METHOD + ONE),
    "a method goes": (METHOD + ONE, METHOD.partition("event")[0] + ONE),
    "a call of another function": (CALL + ONE, CALL.replace("told", "also") + ONE),
    "with the mapping": (ONE, "    age: Mapped[int] = mapped_column(default=3)\n" + TWO + ONE),
}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.close()


def cold(app: Project, text: str) -> Any:
    app.write(cold=text)
    return app.load("cold").ask()


@pytest.mark.parametrize(("old", "new"), EDITS.values(), ids=EDITS)
def test_it_changes_hot(app: Project, old: str, new: str) -> None:
    before, after = HEAD + old + TAIL, HEAD + new + TAIL
    app.write(init="", db=before)
    db = app.load("db")
    answered = db.ask()
    engine = app.engine()
    for _ in range(2):
        app.write(db=after)
        assert engine.upgrade().verified
        found = db.ask()
        engine.undo_last()
        assert db.ask() == answered
    engine.close()
    listening = len(_listeners())
    app.write(db=before)
    assert found == cold(app, after)
    assert listening == len(_listeners()) - new.count('_insert"')


def _listeners() -> list[Any]:
    from sqlalchemy.event import registry

    return [key for key in registry._key_to_collection if key[1] in ("before_insert", "after_insert")]
