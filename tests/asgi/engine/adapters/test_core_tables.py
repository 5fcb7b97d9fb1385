"""Tables without a class: made anew by their assignment, with all that was built from them."""

from __future__ import annotations

import pytest

from ..constructs.case import case, judge
from ..pairs import pair

PROJECT = """
    --- base
    import sqlalchemy as sa
    metadata = sa.MetaData()
    --- tables
    import sqlalchemy as sa
    from .base import metadata
    items = sa.Table("items", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(5)))
    by_name = sa.Index("by_name", items.c.name)
    notes = sa.Table("notes", metadata, sa.Column("item", sa.ForeignKey("items.id")))
    --- repo
    import sqlalchemy as sa
    from .tables import items, notes
    ALL = sa.select(items)
    class Repo:
        table = items
        def joined(self): return str(sa.select(notes).join(items))
        def names(self): return str(sa.select(self.table.c.name))
    def told():
        columns = [(c.name, str(c.type), c.nullable, bool(c.index), c.comment) for c in items.c]
        same = items.metadata.tables["items"] is items is Repo.table
        targets = [key.column is items.c.id for key in notes.foreign_keys]
        return columns, same, targets, sorted(i.name for i in items.indexes), str(ALL), Repo().joined(), Repo().names()
    def make():
        engine = sa.create_engine("sqlite://")
        items.metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(items.insert().values(id=1, name="a"))
            return connection.execute(ALL).all()
"""
NAME = 'sa.Column("name", sa.String(5))'
EDITS = {
    "a column comes": (NAME, f'{NAME}, sa.Column("size", sa.Integer, index=True)'),
    "a column has another type": (NAME, 'sa.Column("name", sa.String(9), nullable=False, comment="what it is called")'),
    "the table has a comment": (f"{NAME})", f'{NAME}, comment="all")'),
    "the table has another name": ('"items", metadata', '"things", metadata'),
}


@pytest.mark.parametrize(("before", "after"), EDITS.values(), ids=EDITS)
def test_who_was_built_from_it_follows(before, after, tmp_path):
    old = PROJECT.partition("--- tables\n")[2].partition("    --- repo")[0]
    new = old.replace(before, after)
    new = new.replace('"items.id"', '"things.id"') if "things" in after else new
    ask = "len(repo.make()), repo.told()" if "things" not in after else "str(repo.ALL), sorted(base.metadata.tables)"
    text = f"{PROJECT}    +++ tables\n{new}    === use\n    repo.make()\n    === ask\n    {ask}\n"
    verdict = judge(case(text), tmp_path)
    assert verdict.word == "right", verdict.why


MAPPED = """
    --- m
    import sqlalchemy as sa
    from sqlalchemy import Column
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
    class Base(DeclarativeBase): pass
    links = sa.Table("links", Base.metadata, Column("a", sa.ForeignKey("as.id")), Column("b", sa.ForeignKey("bs.id")))
    class A(Base):
        __tablename__ = "as"
        id: Mapped[int] = mapped_column(primary_key=True)
        bs: Mapped[list["B"]] = relationship(secondary=links)
    class B(Base):
        __tablename__ = "bs"
        id: Mapped[int] = mapped_column(primary_key=True)
    def told(): return str(sa.select(B).join(A.bs)), [c.name for c in links.c], A.bs.property.secondary is links
"""


PLACE = ('"bs.id"))', '"bs.id")), sa.Column("place", sa.Integer)')


def test_mappings_that_have_it_are_made_anew(lab):
    old, new = pair(MAPPED + MAPPED.replace("--- m", "+++ m").replace(*PLACE))
    app = lab(**old)
    cls, table, before = app.m.A, app.m.links, app.m.told()
    app.arrive(**new)
    assert app.m.A is cls and app.m.told()[1:] == (["a", "b", "place"], True)
    app.undo()
    assert app.m.links is table and app.m.told() == before


def test_it_stays_while_instances_live_that_may_have_it(tmp_path):
    new = MAPPED.replace("--- m", "+++ m").replace(*PLACE)
    verdict = judge(case(f"{MAPPED}{new}    === hold\n    held = m.A()\n    === ask\n    m.told()\n"), tmp_path)
    assert verdict.word == "refused" and "1 living instance(s) of `A`" in verdict.why[0], verdict.why


def test_a_table_goes(tmp_path):
    text = PROJECT.replace("items, notes", "items").replace(
        "def joined(self): return str(sa.select(notes).join(items))", ""
    )
    text = text.partition("    def told")[0]
    old = text.partition("--- tables\n")[2].partition("    --- repo")[0]
    new = old.partition("    notes")[0]
    ask = "sorted(base.metadata.tables), hasattr(tables, 'notes')"
    verdict = judge(case(f"{text}    +++ tables\n{new}    === ask\n    {ask}\n"), tmp_path)
    assert verdict.word == "right", verdict.why
