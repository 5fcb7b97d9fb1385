"""pydantic models that move to another module, with the enums and models that they are made of, stay what they were."""

from __future__ import annotations

import sys

import pytest

from flyhot_asgi.engine import Refused
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


SETTINGS = """
--- outer
--- config
--- config.levels
from enum import StrEnum
class Level(StrEnum):
    INFO = "INFO"
--- config.settings
from pydantic import BaseModel
from .levels import Level
class App(BaseModel):
    LEVEL: Level = Level.INFO
--- config.loader
from pathlib import Path
from pydantic_settings import BaseSettings, SettingsConfigDict
from .levels import Level
from .settings import App
FILE = Path("a") / ".env"
COMMON = SettingsConfigDict(env_file=FILE)
SEEN = []
class AppEnv(BaseSettings, App):
    model_config = COMMON | SettingsConfigDict(env_prefix="APP_")
class Plain:
    seen = SEEN
def load() -> App: return AppEnv()
def level(of: App) -> Level: return of.LEVEL
--- main
from .config.loader import load, Plain
from .config.levels import Level
def f(level: Level = Level.INFO): return level
"""


def _moved_package():
    old, _ = pair(SETTINGS)
    new = {
        name.replace("config", "outer__config"): text.replace(".config.", ".outer.config.")
        for name, text in old.items()
    }
    return old, new


def test_a_package_of_settings_moves(lab):
    old, new = _moved_package()
    app = lab(**old)
    load, kind = app.main.load, app.main.Plain
    app.comes(**new)
    loader = sys.modules[f"{app.top}.outer.config.loader"]
    assert app.main.load is load is loader.load and app.main.Plain is kind is loader.Plain
    assert load.__annotations__["return"] is loader.App and type(load()) is loader.AppEnv
    assert loader.AppEnv.model_config["env_file"] is loader.FILE and kind.seen is loader.SEEN
    assert app.differs(**new) == []


def test_what_the_program_put_into_an_attribute_is_not_lost_by_a_move(lab):
    old, new = _moved_package()
    app = lab(**old)
    app.main.Plain.seen.append(1)
    with pytest.raises(Refused):
        app.comes(**new)
    assert app.main.Plain.seen == [1] and app.main.Plain.seen is sys.modules[f"{app.top}.config.loader"].SEEN


def test_what_the_program_put_into_a_value_of_a_module_that_moves_is_not_lost(lab):
    loader = "SEEN = []\ndef add(x): SEEN.append(x)\n"
    old = {"outer": "", "loader": loader, "main": "from .loader import add"}
    new = {"outer": "", "outer__loader": loader, "main": "from .outer.loader import add"}
    app = lab(**old)
    app.comes(**new)
    assert sys.modules[f"{app.top}.outer.loader"].SEEN == []
    app.undo()
    app.main.add(1)
    with pytest.raises(Refused, match="would be lost"):
        app.comes(**new)
    assert app.loader.SEEN == [1]
