"""Generic models are parametrized otherwise: a page of one model becomes that of another; to and fro, twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flyhot_asgi.engine import Refused
from tests.asgi.engine.project import Project

from .serving import answers

HEAD = """
from typing import Generic, TypeVar
from fastapi import FastAPI
from pydantic import BaseModel, RootModel
T = TypeVar("T")
class Page(BaseModel, Generic[T]):
    items: list[T] = []
class Item(BaseModel):
    name: str = "n"
class Out(BaseModel):
    name: str = "n"
    extra: int = 1
app = FastAPI()
"""
ROUTE = '@app.get("/", response_model=Page[Item])\ndef home(): return {"items": [{}]}\n'
ALIAS = 'Items = Page[Item]\n@app.get("/")\ndef home() -> Items: return Items(items=[{}])\n'
BASE = """
class Items(Page[Item]):
    total: int = 0
@app.get("/")
def home() -> Items: return Items(items=[{}])
"""
ROOT = 'class Many(RootModel[list[int]]): pass\n@app.get("/", response_model=Many)\ndef home(): return [1]\n'
EDITS = {
    "a route's answer": (ROUTE, ROUTE.replace("Item]", "Out]")),
    "a route's answer, of a page": (ROUTE, ROUTE.replace("Page[Item]", "Page[Page[Item]]")),
    "an alias": (ALIAS, ALIAS.replace("Item]", "Out]")),
    "a base": (BASE, BASE.replace("Item]", "Out]")),
    "a root model": (ROOT, ROOT.replace("list[int]", "tuple[int]")),
    "another comes": (
        ROUTE,
        ROUTE + 'class Wrap(Page[int]):\n    n: int = 0\n@app.get("/w")\ndef w() -> Wrap: return Wrap()\n',
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(("old", "new"), EDITS.values(), ids=EDITS)
async def test_a_model_is_parametrized_otherwise(project: Project, old: str, new: str) -> None:
    project.write(init="", main=HEAD + old, cold=HEAD + new)
    app, asked = project.load("main").app, [("GET", "/", None), ("GET", "/w", None)]
    before, wanted = await answers(app, asked), await answers(project.load("cold").app, asked)
    engine = project.engine()
    for _ in range(2):
        project.write(main=HEAD + new)
        assert engine.upgrade().verified
        assert await answers(app, asked) == wanted
        engine.undo_last()
        assert await answers(app, asked) == before
    engine.close()


def test_a_model_that_others_embed_becomes_a_dataclass(project: Project) -> None:
    leaf = "from pydantic import BaseModel\nclass Leaf(BaseModel):\n    n: int = 1\n"
    node = 'class Node(BaseModel):\n    kid: "Leaf"\nNode.model_rebuild()\n'
    project.write(init="", main=leaf + node)
    main, engine = project.load("main"), project.engine()
    leaf = leaf.replace("class Leaf(BaseModel)", "from dataclasses import dataclass\n@dataclass\nclass Leaf")
    project.write(main=leaf + node)
    with pytest.raises(Refused, match="was a model, is none any more"):
        engine.upgrade()
    assert main.Node(kid={}).kid.n == 1
    engine.close()
