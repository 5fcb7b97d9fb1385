"""What frameworks made of definitions shows in the fingerprint: a process that missed a part of it differs."""

from __future__ import annotations

import sys
import types

import pytest

from flyhot_asgi.engine.verification.compare import differences
from flyhot_asgi.engine.verification.fingerprint import describe
from flyhot_asgi.engine.verification.shapes import Shapes

MODEL = """
from typing import Annotated
import argparse
import enum
import functools
import click
from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel, Field, TypeAdapter, field_validator
from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

class Kind(enum.Enum):
    A = "a"
class Item(BaseModel):
    name: str = Field("x", max_length=10)
    @field_validator("name")
    @classmethod
    def check(cls, value): return value
class Box(BaseModel):
    items: list[Item] = []
ITEMS = TypeAdapter(list[Item])
class Base(DeclarativeBase): pass
class Owner(Base):
    __tablename__ = "owners"
    id: Mapped[int] = mapped_column(primary_key=True)
    things: Mapped[list["Thing"]] = relationship(back_populates="owner", cascade="all")
class Thing(Base):
    __tablename__ = "things"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"))
    owner: Mapped[Owner] = relationship(back_populates="things")
plain = Table("plain", MetaData(), Column("id", Integer, primary_key=True), Column("n", String(5)))
def now() -> int: return 1
def page(n: Annotated[int, 1] = 0): return n
class Outer:
    def __init__(self, app, level=1): self.app = app
app = FastAPI(title="t")
app.add_middleware(Outer, level=1)
router = APIRouter(prefix="/r", tags=["r"])
@router.post("/boxes", summary="s")
def boxes(box: Box, n: int = Depends(page)) -> list[Item]: return box.items
app.include_router(router, prefix="/v1")
@app.exception_handler(KeyError)
def handler(request, exc): return None
@click.group()
def cli(): pass
@cli.command()
@click.option("--loud", default=1)
def shout(loud): pass
hooks = argparse.Namespace(before=[now], table={"now": functools.partial(now)})
"""


def here(text: str, shapes: Shapes | None = None) -> dict[str, tuple[str, str]]:
    module = types.ModuleType("shop")
    sys.modules["shop"] = module
    try:
        exec(compile(text, "/x/shop.py", "exec", dont_inherit=True), vars(module))
        return describe({"shop": module}, "/x", ["shop"], shapes)
    finally:
        del sys.modules["shop"]


EDITS = {
    "a constraint": ("max_length=10", "max_length=11", "shop:Item.__pydantic_core_schema__"),
    "a constraint, embedded": ("max_length=10", "max_length=11", "shop:Box.__pydantic_core_schema__"),
    "a constraint, adapted": ("max_length=10", "max_length=11", "shop:ITEMS.core_schema"),
    "a constraint, routed": ("max_length=10", "max_length=11", "shop:router.routes[0]"),
    "a default": ('Field("x"', 'Field("y"', "shop:Item.__pydantic_fields__['name']"),
    "a column's type": ("String(20)", "String(30)", "shop:Thing.__table__.c.name"),
    "an index": ("index=True", "index=False", "shop:Thing.__table__.indexes"),
    "a foreign key": ('"CASCADE"', '"SET NULL"', "shop:Thing.__table__.c.owner_id"),
    "a relationship": ('cascade="all"', 'cascade="save-update"', "shop:Owner.__mapper__.things"),
    "a plain table": ("String(5)", "String(6)", "shop:plain.c.n"),
    "an annotation": ("-> int:", "-> str:", "shop:now.__annotations__"),
    "what is annotated": ("Annotated[int, 1]", "Annotated[int, 2]", "shop:page.__annotations__"),
    "middleware's arguments": ("Outer, level=1", "Outer, level=2", "shop:app.user_middleware[0]"),
    "an exception's handler": ("handler(KeyError", "handler(OSError", "shop:app.exception_handlers[builtins:OSError]"),
    "a prefix": ('prefix="/v1"', 'prefix="/v2"', "shop:app.routes[4]"),
    "a router's prefix": ('prefix="/r"', 'prefix="/q"', "shop:router.prefix"),
    "a summary": ('summary="s"', 'summary="t"', "shop:router.routes[0]"),
    "what an answer is told to be": (
        'summary="s"',
        'summary="s", responses={200: {"content": {"a/b": {"example": {"a": [1]}}}}}',
        "shop:router.routes[0]",
    ),
    "what a route adds to its description": (
        'summary="s"',
        'summary="s", openapi_extra={"a": {"b": [{"c": 1}]}}',
        "shop:router.routes[0]",
    ),
    "what an answer leaves out": (
        'summary="s"',
        'summary="s", response_model_exclude_none=True',
        "shop:router.routes[0]",
    ),
    "a callback": ('summary="s"', 'summary="s", callbacks=app.routes[:1]', "shop:router.routes[0]"),
    "an option": ("default=1)", "default=2)", "shop:cli.commands['shout'].params[0]"),
    "a command's help": ("@cli.command()", '@cli.command(help="aloud")', "shop:cli.commands['shout'] (facts)"),
    "a group's help": ("@click.group()", '@click.group(help="many")', "shop:cli (facts)"),
    "a command's name": ("@cli.command()", "@cli.command('cry')", "shop:cli.commands['cry'] (facts)"),
    "what is registered somehow": ("before=[now]", "before=[page]", "shop:hooks.before[0]"),
    "a partial in a table": ("partial(now)", "partial(page)", "shop:hooks.table['now'].func"),
}


@pytest.mark.parametrize(("old", "new", "path"), EDITS.values(), ids=EDITS)
def test_a_change_shows(old: str, new: str, path: str) -> None:
    assert old in MODEL
    before, after = here(MODEL), here(MODEL.replace(old, new))
    assert path in {**before, **after}
    assert before.get(path) != after.get(path)


def test_two_imports_are_told_alike_and_what_is_remembered_does_not_show() -> None:
    shapes = Shapes()
    first = here(MODEL, shapes)
    assert here(MODEL, shapes) == first == here(MODEL)


def test_an_app_that_showed_its_api_is_told_as_before() -> None:
    answer = '{200: {"model": Item, "content": {"application/json": {"example": 1}}}}'
    text = MODEL.replace('summary="s"', f'summary="s", responses={answer}')
    assert here(text) == here(f"{text}app.openapi()\n")


def test_a_class_that_is_no_longer_the_one_of_its_name_shows_where_it_is_still_used() -> None:
    module = types.ModuleType("shop")
    sys.modules["shop"] = module
    try:
        exec(compile(MODEL, "/x/shop.py", "exec", dont_inherit=True), vars(module))
        shapes = Shapes()
        before = describe({"shop": module}, "/x", ["shop"], shapes)
        module.Item = type("Item", (module.BaseModel,), {"__module__": "shop", "__qualname__": "Item"})
        after = describe({"shop": module}, "/x", ["shop"], shapes)
    finally:
        del sys.modules["shop"]
    for path in ("shop:Box.__pydantic_core_schema__", "shop:ITEMS.core_schema", "shop:boxes.__annotations__"):
        assert before[path] != after[path], path


def test_what_neither_the_program_nor_the_release_changed_must_be_what_it_was() -> None:
    old = {"m:app": ("D", "a fastapi:FastAPI"), "m:app.routes[0]": ("D", "one")}
    twice = {**old, "m:app.routes[1]": ("D", "one")}
    assert [path for path, _ in differences(old, twice, old, set(), old, still=True)] == ["m:app.routes[1]"]
    assert differences(old, twice, old, set(), twice, still=True) == []  # the program had added it


def test_a_schema_that_nobody_needed_yet_is_as_good_as_any() -> None:
    later = ("D", "to be built when it is first used")
    assert differences({"m:A.x": later}, {"m:A.x": ("D", "1")}, {"m:A.x": later}, set(), {"m:A.x": later}) == []


def test_asking_for_a_json_schema_changes_nothing_of_what_is_validated() -> None:
    """Older versions of pydantic note empty metadata in every schema on the way: an app that showed its API once must
    not look as if the program had changed its routes."""
    asked = {"type": "list", "metadata": {}, "items_schema": {"type": "str", "metadata": {}}}
    plain = {"type": "list", "items_schema": {"type": "str"}}
    told = {**plain, "metadata": {"unique": True}}
    assert Shapes().schema(asked) == Shapes().schema(plain) != Shapes().schema(told)
