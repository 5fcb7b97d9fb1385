"""A column that stands in a model's field (`Field(sa_column=Column(JSON))`) is compared by what it was told, not by
what became of the table that took it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.asgi.engine.project import Project

TOKENS = """
from typing import Optional
from sqlalchemy import JSON, Column, ForeignKey, Integer
from sqlalchemy.orm import configure_mappers, registry
from sqlmodel import Field, SQLModel
class Base(SQLModel, registry=registry()): pass
class TokenBase(Base):
    rights: Optional[dict] = Field(default=None, sa_column=Column(JSON))
class Token(TokenBase, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
    org_id: int = Field(sa_column=Column("org_id", Integer, ForeignKey("org.id", ondelete="CASCADE")))
    by_id: int = Field(sa_column_args=[ForeignKey("org.id")])
class TokenRead(TokenBase):
    id: int
class Org(Base, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
    name: str
def ask():
    configure_mappers()
    columns = [column for kind in (Token, Org) for column in kind.__table__.columns]
    return [(repr(column), [key.ondelete for key in column.foreign_keys]) for column in columns]
"""
NAME = "    name: str\ndef ask"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.close()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (NAME, "    name: str\n    age: int = 3\ndef ask"),
        (NAME, "    name: str\n    about: Optional[dict] = Field(default=None, sa_column=Column(JSON))\ndef ask"),
        ('ondelete="CASCADE"', 'ondelete="SET NULL"'),
    ],
    ids=["another table has a column more", "another table has such a column", "the column itself changes"],
)
def test_a_table_with_columns_given_in_fields_is_mapped_anew(app: Project, old: str, new: str) -> None:
    app.write(init="", db=TOKENS)
    db = app.load("db")
    token, before = db.Token, db.ask()
    engine = app.engine()
    app.write(db=TOKENS.replace(old, new))
    assert engine.upgrade().verified
    after = db.ask()
    engine.undo_last()
    undone = db.ask()
    engine.close()
    app.write(cold=TOKENS.replace(old, new))
    assert after == app.load("cold").ask() != before
    assert db.Token is token and undone == before


STORED = """
import enum
from typing import Optional
from sqlalchemy import Column, ForeignKey, Integer
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel
class Kind(str, enum.Enum):
    QUIZ = "quiz"
    FORM = "form"
class Base(SQLModel, registry=registry()): pass
class TaskBase(Base):
    kind: Kind
class TaskCreate(TaskBase): pass
class TaskUpdate(Base):
    kind: Optional[Kind] = None
class Task(TaskBase, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
class AnswerBase(Base):
    kind: Kind
class AnswerRead(AnswerBase):
    id: int
class Answer(AnswerBase, table=True):
    id: Optional[int] = Field(default=None, primary_key=True)
    task_id: int = Field(sa_column=Column(Integer, ForeignKey("task.id", ondelete="CASCADE")))
"""


def test_an_enum_that_tables_and_other_models_share_gains_a_member(app: Project) -> None:
    app.write(init="", db=STORED)
    db = app.load("db")
    kind, quiz = db.Kind, db.Kind.QUIZ
    engine = app.engine()
    app.write(db=STORED.replace('    FORM = "form"\n', '    FORM = "form"\n    CODE = "code"\n'))
    assert engine.upgrade().verified
    assert db.Kind is kind and db.Kind.QUIZ is quiz
    assert [one.__table__.c.kind.type.enums for one in (db.Task, db.Answer)] == [["QUIZ", "FORM", "CODE"]] * 2
    made = (db.TaskCreate(kind="code"), db.TaskUpdate(kind="code"), db.AnswerRead(kind="code", id=1))
    assert [one.kind for one in made] == [db.Kind.CODE] * 3
    engine.close()
