"""A class that derives from a mapped one comes, and the upgrade is taken back: its base knows nothing of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.asgi.engine.lab import Lab

BASE = """
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool
class Base(DeclarativeBase): pass
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "user"}
def known():
    mapper = User.__mapper__
    tables = {one.name: [c.name for c in one.columns] for one in Base.metadata.sorted_tables}
    return sorted(mapper.polymorphic_map), [one.class_.__name__ for one in mapper.self_and_descendants], tables
def saved(*users):
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(users)
        session.commit()
        return [one.kind for one in session.scalars(select(User).order_by(User.id))]
"""
IDENTITY = '    __mapper_args__ = {"polymorphic_identity": "admin"%s}'
BELOW = {
    "in its table": f"class Admin(User):\n{IDENTITY % ''}",
    "with a column": f"class Admin(User):\n    level: Mapped[int | None]\n{IDENTITY % ''}",
    "in a table of its own": (
        'class Admin(User):\n    __tablename__ = "admins"\n'
        f'    id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)\n{IDENTITY % ""}'
    ),
    "loaded with it": "class Admin(User):\n" + IDENTITY % ', "polymorphic_load": "inline"',
}


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize("below", BELOW.values(), ids=BELOW)
def test_the_base_of_a_class_that_was_taken_back_is_as_before(lab: Callable[..., Lab], below: str, used: bool) -> None:
    app = lab(main=BASE)
    before = app.main.known()
    if used:
        assert app.main.saved(app.main.User()) == ["user"]
    for _ in range(2):
        app.upgrade(main=BASE + below)
        assert app.main.known() != before
        assert app.main.saved(app.main.Admin(), app.main.User()) == ["admin", "user"]
        app.undo()
        assert app.main.known() == before
        assert app.main.saved(app.main.User()) == ["user"]
