"""pydantic models in web apps: fields, validators, configuration, who derives from them and who embeds them."""

from __future__ import annotations

import importlib
import sys

import pytest
from fastapi import __version__ as fastapi_version
from pydantic import VERSION

from flyhot_asgi.engine import Engine
from tests.asgi.engine.pairs import pair

from .serving import serves

PYDANTIC = tuple(map(int, VERSION.split(".")[:2]))
FASTAPI = tuple(map(int, fastapi_version.split(".")[:2]))
with_settings = pytest.mark.skipif(PYDANTIC < (2, 7), reason="today's pydantic-settings needs pydantic 2.7")

ITEMS = """
    --- schemas
    from pydantic import BaseModel, Field, field_validator
    class Item(BaseModel):
        name: str
    class Box(BaseModel):
        items: list[Item]
    --- main
    from fastapi import FastAPI
    from .schemas import Box, Item
    app = FastAPI()
    @app.post("/items", response_model=Item)
    def item(item: Item): return item
    @app.post("/boxes")
    def box(box: Box) -> Box: return box
    @app.post("/two")
    def two(a: Item, b: Item): return [a, b]
"""
ASKED = [
    ("POST", "/items", {"name": "x"}),
    ("POST", "/items", {"name": "x", "price": 2}),
    ("POST", "/boxes", {"items": [{"name": "x", "price": 2}]}),
    ("POST", "/boxes", {"items": [{"name": ""}]}),
    ("POST", "/two", {"a": {"name": "a"}, "b": {"name": "b", "price": "c"}}),
]
SCHEMAS = {
    "a field with a default": "class Item(BaseModel):\n    name: str\n    price: float = 0",
    "a required field": "class Item(BaseModel):\n    name: str\n    price: float",
    "a field goes": "class Item(BaseModel):\n    price: float = 1",
    "a field of another type": "class Item(BaseModel):\n    name: int | str",
    "a constraint": "class Item(BaseModel):\n    name: str = Field(min_length=1, title='n')",
    "a validator": (
        "class Item(BaseModel):\n    name: str\n    @field_validator('name')\n    @classmethod\n"
        "    def check(cls, value): return value.upper()"
    ),
    "configuration": "class Item(BaseModel):\n    model_config = {'extra': 'forbid'}\n    name: str",
    "a docstring": "class Item(BaseModel):\n    '''An item.'''\n    name: str",
    "a computed field": (
        "from pydantic import computed_field\nclass Item(BaseModel):\n    name: str\n    @computed_field\n"
        "    @property\n    def double(self) -> str: return self.name * 2"
    ),
    "a serializer": (
        "from pydantic import field_serializer\nclass Item(BaseModel):\n    name: str\n"
        "    @field_serializer('name')\n    def show(self, value): return value + '!'"
    ),
    "a private attribute": (
        "from pydantic import PrivateAttr\nclass Item(BaseModel):\n    name: str\n    _n: int = PrivateAttr(3)\n"
        "    def model_post_init(self, context): self._n = 4"
    ),
    "another base": "class Base(BaseModel):\n    price: float = 3\nclass Item(Base):\n    name: str",
    "a nested model": (
        "class Item(BaseModel):\n    class Inner(BaseModel):\n        x: int = 1\n    name: str\n"
        "    inner: Inner = Inner()"
    ),
    "frozen": "class Item(BaseModel, frozen=True):\n    name: str",
}


def released(item: str) -> str:
    lines = ["+++ schemas", "from pydantic import BaseModel, Field, field_validator", *item.splitlines()]
    lines += ["class Box(BaseModel):", "    items: list[Item]"]
    return ITEMS + "\n".join(f"    {line}" for line in lines) + "\n"


@pytest.mark.parametrize("item", SCHEMAS.values(), ids=SCHEMAS)
async def test_a_model_changes(lab, item):
    await serves(lab, released(item), ASKED)


PAIRS = {
    "derived models follow": """
        --- main
        from fastapi import FastAPI
        from pydantic import BaseModel
        class Base(BaseModel):
            name: str
        class Create(Base):
            secret: str = ""
        class Public(Base):
            id: int = 1
        app = FastAPI()
        @app.post("/", response_model=list[Public])
        def home(item: Create): return [Public(**item.model_dump())]
        +++ main
        from fastapi import FastAPI
        from pydantic import BaseModel
        class Base(BaseModel):
            name: str
            size: int = 2
        class Create(Base):
            secret: str = ""
        class Public(Base):
            id: int = 1
        app = FastAPI()
        @app.post("/", response_model=list[Public])
        def home(item: Create): return [Public(**item.model_dump())]
        """,
    "a generic model and one behind it that it is parametrized with change at once": """
        --- main
        from typing import Generic, TypeVar
        from fastapi import FastAPI
        from pydantic import BaseModel
        T = TypeVar("T")
        class Page(BaseModel, Generic[T]):
            items: list[T]
        class Item(BaseModel):
            name: str
        class Box(BaseModel):
            numbers: Page[int] | None = None
        app = FastAPI()
        @app.post("/")
        def home(item: Item) -> Page[Item]: return Page[Item](items=[item])
        @app.post("/items", response_model=Page[int])
        def numbers(item: Item): return {"items": [1]}
        @app.post("/box")
        def box(item: Item) -> Box: return Box(numbers={"items": [1]})
        +++ main
        from typing import Generic, TypeVar
        from fastapi import FastAPI
        from pydantic import BaseModel
        T = TypeVar("T")
        class Page(BaseModel, Generic[T]):
            items: list[T]
            total: int = 5
        class Item(BaseModel):
            name: str
            price: float = 1.5
        class Box(BaseModel):
            numbers: Page[int] | None = None
        app = FastAPI()
        @app.post("/")
        def home(item: Item) -> Page[Item]: return Page[Item](items=[item])
        @app.post("/items", response_model=Page[int])
        def numbers(item: Item): return {"items": [1]}
        @app.post("/box")
        def box(item: Item) -> Box: return Box(numbers={"items": [1]})
        """,
    "generic models and their parametrizations follow": """
        --- main
        from typing import Generic, TypeVar
        from fastapi import FastAPI
        from pydantic import BaseModel
        T = TypeVar("T")
        class Item(BaseModel):
            name: str
        class Page(BaseModel, Generic[T]):
            items: list[T]
        class Items(Page[Item]):
            total: int = 0
        app = FastAPI()
        @app.post("/")
        def home(item: Page[Item]) -> Page[Item]: return item
        @app.post("/items")
        def items(item: Items) -> Items: return item
        +++ main
        from typing import Generic, TypeVar
        from fastapi import FastAPI
        from pydantic import BaseModel
        T = TypeVar("T")
        class Item(BaseModel):
            name: str
            price: int = 4
        class Page(BaseModel, Generic[T]):
            items: list[T]
            page: int = 1
        class Items(Page[Item]):
            total: int = 0
        app = FastAPI()
        @app.post("/")
        def home(item: Page[Item]) -> Page[Item]: return item
        @app.post("/items")
        def items(item: Items) -> Items: return item
        """,
    "discriminated unions and forward references": """
        --- main
        from __future__ import annotations
        from typing import Annotated, Literal, Union
        from fastapi import FastAPI
        from pydantic import BaseModel, Field, TypeAdapter
        class Tree(BaseModel):
            root: Node
        class Leaf(BaseModel):
            kind: Literal["leaf"] = "leaf"
        class Fork(BaseModel):
            kind: Literal["fork"] = "fork"
            below: list[Node] = []
        Node = Annotated[Union[Leaf, Fork], Field(discriminator="kind")]
        Tree.model_rebuild()
        Fork.model_rebuild()
        nodes = TypeAdapter(list[Node])
        app = FastAPI()
        @app.post("/")
        def home(item: Tree) -> Tree: return item
        @app.post("/nodes")
        def parse(item: list[dict]): return nodes.validate_python(item)
        +++ main
        from __future__ import annotations
        from typing import Annotated, Literal, Union
        from fastapi import FastAPI
        from pydantic import BaseModel, Field, TypeAdapter
        class Tree(BaseModel):
            root: Node
        class Leaf(BaseModel):
            kind: Literal["leaf"] = "leaf"
            color: str = "green"
        class Fork(BaseModel):
            kind: Literal["fork"] = "fork"
            below: list[Node] = []
        Node = Annotated[Union[Leaf, Fork], Field(discriminator="kind")]
        Tree.model_rebuild()
        Fork.model_rebuild()
        nodes = TypeAdapter(list[Node])
        app = FastAPI()
        @app.post("/")
        def home(item: Tree) -> Tree: return item
        @app.post("/nodes")
        def parse(item: list[dict]): return nodes.validate_python(item)
        """,
    "a root model and a model dataclass": """
        --- main
        from fastapi import FastAPI
        from pydantic import BaseModel, RootModel
        from pydantic.dataclasses import dataclass
        class Item(BaseModel):
            name: str
        class Items(RootModel[list[Item]]):
            pass
        @dataclass
        class Pair:
            left: Item
            right: Item
        app = FastAPI()
        @app.post("/")
        def home(item: Items) -> Items: return item
        @app.post("/pair")
        def pair(item: Pair) -> Pair: return item
        +++ main
        from fastapi import FastAPI
        from pydantic import BaseModel, RootModel
        from pydantic.dataclasses import dataclass
        class Item(BaseModel):
            name: str
            price: int = 5
        class Items(RootModel[list[Item]]):
            pass
        @dataclass
        class Pair:
            left: Item
            right: Item
        app = FastAPI()
        @app.post("/")
        def home(item: Items) -> Items: return item
        @app.post("/pair")
        def pair(item: Pair) -> Pair: return item
        """,
    "a model as dependency and as query parameters": """
        --- main
        from typing import Annotated
        from fastapi import Depends, FastAPI, Query
        from pydantic import BaseModel
        class Filter(BaseModel):
            limit: int = 10
        app = FastAPI()
        @app.get("/a")
        def a(f: Filter = Depends()): return f
        @app.get("/b")
        def b(f: Annotated[Filter, Query()]): return f
        @app.get("/c")
        def c(f: Annotated[Filter, Depends(Filter)]): return f
        +++ main
        from typing import Annotated
        from fastapi import Depends, FastAPI, Query
        from pydantic import BaseModel
        class Filter(BaseModel):
            limit: int = 10
            offset: int = 0
        app = FastAPI()
        @app.get("/a")
        def a(f: Filter = Depends()): return f
        @app.get("/b")
        def b(f: Annotated[Filter, Query()]): return f
        @app.get("/c")
        def c(f: Annotated[Filter, Depends(Filter)]): return f
        """,
    "annotations of a module become text": """
        --- main
        from fastapi import FastAPI
        from pydantic import BaseModel, Field
        class Box(BaseModel):
            n: int = 0
            def __hash__(self): return self.n
        class Item(BaseModel):
            name: str = Field(min_length=1)
        Both = Box | Item
        app = FastAPI()
        @app.post("/")
        def home(item: Both) -> Both: return item
        +++ main
        from __future__ import annotations
        from fastapi import FastAPI
        from pydantic import BaseModel, Field
        class Box(BaseModel):
            n: int = 0
        class Item(BaseModel):
            name: str = Field(min_length=1)
        Both = Box | Item
        app = FastAPI()
        @app.post("/")
        def home(item: Both) -> Both: return item
        """,
}
QUESTIONS = [
    (
        "POST",
        "/",
        {"name": "x", "size": 3, "items": [{"name": "y"}], "root": {"kind": "fork", "below": [{"kind": "leaf"}]}},
    ),
    ("POST", "/", [{"name": "y"}]),
    ("POST", "/items", {"items": [{"name": "y"}]}),
    ("POST", "/nodes", [{"kind": "leaf"}, {"kind": "fork", "below": []}]),
    ("POST", "/pair", {"left": {"name": "a"}, "right": {"name": "b"}}),
    ("GET", "/a?limit=1&offset=2", None),
    ("GET", "/b?limit=1&offset=2", None),
    ("GET", "/c?limit=1&offset=2", None),
]


NEWER = {
    "discriminated unions and forward references": PYDANTIC < (2, 8),  # refused: an adapter doesn't say what it is of
    "a root model and a model dataclass": PYDANTIC
    < (2, 10),  # bases of the two releases are compared by what they show
    "a model as dependency and as query parameters": FASTAPI < (0, 115),
}
"""What not every version does."""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=name, marks=pytest.mark.skipif(NEWER.get(name, False), reason="versions"))
        for name, text in PAIRS.items()
    ],
)
async def test_what_embeds_a_model_follows(lab, text):
    await serves(lab, text, QUESTIONS)


SETTINGS = """
from functools import lru_cache
from fastapi import FastAPI
from pydantic_settings import BaseSettings
class Settings(BaseSettings):
    name: str = "app"
    size: int = 1
    FIELDS
settings = Settings()
@lru_cache
def get_settings() -> Settings: return Settings()
app = FastAPI(title=settings.name)
@app.get("/")
def home(): return [settings, get_settings()]
"""


@with_settings
async def test_settings_gain_a_field_and_keep_what_changed_since(lab, monkeypatch):
    monkeypatch.setenv("COLOR", "red")
    app = lab(main=SETTINGS.replace("FIELDS", ""))
    living, cached = app.main.settings, app.main.get_settings()
    living.size = 7
    app.upgrade(main=SETTINGS.replace("FIELDS", "color: str\n    shade: str = 'dark'"))
    assert app.main.settings is living and app.main.get_settings() is cached
    assert (living.color, living.shade, living.size) == ("red", "dark", 7)
    assert (cached.color, cached.shade, cached.size) == ("red", "dark", 1)
    assert living.model_dump() == {"name": "app", "size": 7, "color": "red", "shade": "dark"}
    app.undo()
    assert vars(living) == {"name": "app", "size": 7} and vars(cached) == {"name": "app", "size": 1}
    assert living.model_dump() == {"name": "app", "size": 7}


@with_settings
async def test_a_setting_changes_that_the_program_changed_too(lab):
    app = lab(main=SETTINGS.replace("FIELDS", ""))
    app.main.settings.size = 7
    with pytest.raises(Exception, match="changed by the running program"):
        app.upgrade(main=SETTINGS.replace("FIELDS", "").replace("size: int = 1", "size: int = 2"))
    assert app.main.settings.size == 7 and app.main.Settings().size == 1


POOL = """
class Pool:
    def __init__(self, n): self.n = n
pool = Pool(settings.size)
"""


@with_settings
async def test_what_was_made_from_a_setting_that_changes_is_made_anew_or_refused(lab):
    text = SETTINGS.replace("FIELDS", "") + "engine = object() if settings.size else None\n"
    app = lab(main=text)
    app.upgrade(main=text.replace('"app"', '"new"'))
    assert app.main.settings.name == "new" and app.main.app.title == "new"
    text = SETTINGS.replace("FIELDS", "") + POOL
    refusal = lab(main=text).refused(main=text.replace("size: int = 1", "size: int = 2"))
    assert "settings.size" in refusal.reason


KEPT = """
from pydantic import BaseModel
class Item(BaseModel):
    name: str
    FIELD
class Keeper:
    pass
kept = Keeper()
"""


async def test_living_instances_get_the_default_or_refuse_the_release(lab):
    app = lab(m=KEPT.replace("FIELD", ""))
    app.m.kept.item = item = app.m.Item(name="a")
    refusal = app.refused(m=KEPT.replace("FIELD", "price: int"))
    assert "no value for its new field `price`" in refusal.reason and "default" in refusal.do
    refusal = app.refused(m=KEPT.replace("name: str", "name: int").replace("FIELD", ""))
    assert "another type" in refusal.reason
    app.upgrade(m=KEPT.replace("FIELD", "price: int = 2").replace("name: str", "name: str | None"))
    assert item.price == 2 and item.model_dump() == {"name": "a", "price": 2}
    app.undo()
    assert vars(item) == {"name": "a"}


LOCAL = """
from pydantic import BaseModel
class Item(BaseModel):
    name: str
def make():
    class Local(Item):
        pass
    return Local
local = make()
"""


async def test_a_model_that_a_function_made_derives_from_it(lab):
    refusal = lab(m=LOCAL).refused(m=LOCAL.replace("name: str", "name: int"))
    assert "Local" in refusal.reason


async def test_validators_and_computed_fields_go(lab):
    text = """
    --- main
    from fastapi import FastAPI
    from pydantic import BaseModel, computed_field, field_validator
    class Item(BaseModel):
        name: str
        @computed_field
        @property
        def double(self) -> str: return self.name * 2
        @field_validator("name")
        @classmethod
        def check(cls, value): return value.upper()
    app = FastAPI()
    @app.post("/")
    def home(item: Item) -> Item: return item
    +++ main
    from fastapi import FastAPI
    from pydantic import BaseModel, computed_field, field_validator
    class Item(BaseModel):
        name: str
    app = FastAPI()
    @app.post("/")
    def home(item: Item) -> Item: return item
    """
    await serves(lab, text, [("POST", "/", {"name": "x"})])


CHOSEN = """
import os
from pathlib import Path
from fastapi import FastAPI
from pydantic_settings import BaseSettings
class Settings(BaseSettings):
    name: str = "app"
    folder: Path = Path("data")
class Production(Settings):
    size: int = 1
match os.environ.get("COLOR"):
    case "red":
        settings = Settings()
    case _:
        settings = Production()
app = FastAPI()
if settings.size:
    app.state.sized = True
"""


@with_settings
def test_settings_that_a_block_chooses_gain_a_field_before_others_read_it(lab):
    """Statements that the release brings count on it when they are executed."""
    app = lab(main=CHOSEN)
    living = app.main.settings
    read = CHOSEN.replace('name: str = "app"', 'name: str = "app"\n    prefix: str = "/v1"').replace(
        "app = FastAPI()", "app = FastAPI()\napp.add_route(settings.prefix, print)"
    )
    app.brings(main=read)
    app.upgrade(main=read)
    assert app.main.settings is living and living.prefix == "/v1"
    assert living.folder is app.main.Settings.model_fields["folder"].default


def test_a_default_that_a_module_level_instance_shares_with_its_class_is_the_new_one(lab):
    head = "from pathlib import Path\nfrom pydantic import BaseModel\n"
    text = f"{head}class Config(BaseModel):\n    to: Path = Path('a')\nCONFIG = Config()\n"
    app = lab(m=text)
    living = app.m.CONFIG
    app.upgrade(m=text.replace("CONFIG", "    more: int = 1\nCONFIG"))
    assert app.m.CONFIG is living and living.more == 1
    assert living.to is app.m.Config.model_fields["to"].default


RANDOM = """
import functools, secrets
from pydantic import Field
from pydantic_settings import BaseSettings
class Settings(BaseSettings):
    key: str = VALUE
    year: str = "2025"
MADE
"""
PLAIN, FACTORY = "secrets.token_hex(8)", "Field(default_factory=lambda: secrets.token_hex(8))"
MODULE = "settings = Settings()\ndef get(): return settings"
CACHED = "@functools.lru_cache\ndef get(): return Settings()\nget()"


@pytest.mark.parametrize("value", [PLAIN, FACTORY])
@pytest.mark.parametrize("made", [MODULE, CACHED], ids=["module", "cached"])
def test_what_is_given_at_random_is_state(tmp_path, monkeypatch, value, made):
    """In fresh processes, twice: one can't tell by itself that it is never the same."""
    monkeypatch.syspath_prepend(str(tmp_path))
    name, text = f"random{value[0]}{made[0]}".replace("@", "c"), RANDOM.replace("VALUE", value).replace("MADE", made)
    (tmp_path / f"{name}.py").write_text(text)
    module = importlib.import_module(name)
    engine, key = Engine(tmp_path, [name]), module.get().key
    try:
        (tmp_path / f"{name}.py").write_text(text.replace("2025", "2026"))
        assert engine.upgrade().verified
        assert (module.get().key, module.get().year) == (key, "2026")
        assert value is FACTORY or module.Settings().key == key
        engine.undo_last()
        assert (module.get().key, module.get().year) == (key, "2025")
    finally:
        sys.modules.pop(name)


WAITING = """
    --- b
    from pydantic import BaseModel
    class B(BaseModel):
        x: int = 1
    --- m
    from typing import TYPE_CHECKING
    from pydantic import BaseModel
    if TYPE_CHECKING:
        from .b import B
    class A(BaseModel):
        bs: list["B"] = []
    --- c
    from .m import A
    from pydantic import BaseModel
    class D(BaseModel):
        a: A
    +++ m
    from pydantic import BaseModel
    from .b import B
    class A(BaseModel):
        bs: list["B"] = []
"""


def test_a_model_that_waited_for_a_name_is_completed_as_the_release_does_it(lab):
    old, new = pair(WAITING)
    app = lab(**old)
    app.here = True
    assert not app.c.D.__pydantic_complete__
    app.arrive(**new)
    assert app.c.D.__pydantic_complete__ and app.c.D(a={"bs": [{"x": 2}]}).a.bs[0].x == 2
    app.undo()
    assert not app.c.D.__pydantic_complete__
