"""pydantic models that move to another module, with the enums and models that they are made of, stay what they were."""

from __future__ import annotations

import pytest

from tests.asgi.engine.adapters.test_routes import get
from tests.asgi.engine.pairs import pair

KINDS = """
from enum import StrEnum
class Level(StrEnum):
    LOW = "low"
    HIGH = "high"
"""
MODELS = """
from pydantic import BaseModel
class Tag(BaseModel):
    level: Level = Level.LOW
class Item(BaseModel):
    name: str
    tags: list[Tag] = []
class More(Item):
    other: Tag | None = None
"""
MAIN = """
from fastapi import FastAPI
from pydantic import TypeAdapter
from .%s import Item, More, Tag
app = FastAPI()
many = TypeAdapter(list[Item])
class Page(Item):
    number: int = 1
@app.get("/")
def home(level: str = "high") -> Page: return Page(name="a", tags=[Tag(level=level)], number=2)
"""

CASES = {
    "enum and models, of two modules": (
        {"kinds": KINDS, "models": "from .kinds import Level\n" + MODELS, "main": MAIN % "models"},
        {
            "schemas": "",
            "schemas__kinds": KINDS,
            "schemas__models": "from .kinds import Level\n" + MODELS,
            "main": MAIN % "schemas.models",
        },
    ),
    "enum and models, of one module": (
        {"models": KINDS + MODELS, "main": MAIN % "models"},
        {"schemas": KINDS + MODELS, "main": MAIN % "schemas"},
    ),
    "models alone": (
        {"kinds": KINDS, "models": "from .kinds import Level\n" + MODELS, "main": MAIN % "models"},
        {"kinds": KINDS, "schemas": "from .kinds import Level\n" + MODELS, "main": MAIN % "schemas"},
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_they_stay_the_same_classes_and_validate_as_before(lab, name):
    old, new = CASES[name]
    app = lab(**old)
    kept, adapter = app.main.Item, app.main.many
    answer = {"name": "a", "tags": [{"level": "high"}], "number": 2}
    assert (await get(app.main.app, "/")).json() == answer
    app.upgrade(**new)
    assert app.main.Item is kept
    assert (await get(app.main.app, "/")).json() == answer
    made = adapter.validate_python([{"name": "b", "tags": [{}]}])[0]
    assert type(made) is kept
    assert type(made.tags[0]) is app.main.Tag
    assert app.main.More(name="c", other={"level": "low"}).other.level is type(made.tags[0].level).LOW
    app.undo()
    assert app.main.Item is kept
    assert (await get(app.main.app, "/")).json() == answer
    app.brings(**new)


def test_one_that_moves_and_gains_a_field(lab):
    old, new = pair(
        """
        --- a
        from pydantic import BaseModel
        class Item(BaseModel):
            name: str
        class Box(BaseModel):
            item: Item
        --- main
        from .a import Item, Box
        class Shelf(Box):
            pass
        xxx a
        +++ b
        from pydantic import BaseModel
        class Item(BaseModel):
            name: str
            size: int = 3
        class Box(BaseModel):
            item: Item
        +++ main
        from .b import Item, Box
        class Shelf(Box):
            pass
        """
    )
    app = lab(**old)
    app.brings(**new)
    app.upgrade(**new)
    assert app.main.Shelf(item={"name": "a"}).item.size == 3
