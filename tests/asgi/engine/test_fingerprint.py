"""The structure of modules as text: equal for equal releases in any process, different where it must be."""

from __future__ import annotations

import json
import operator
import re
import subprocess
import sys
import types
import typing
from pathlib import Path

import pydantic
import pytest

from flyhot_asgi.engine.verification.fingerprint import describe
from flyhot_asgi.engine.verification.shapes import Shapes

APP = """
import functools, logging, os
from pathlib import Path

HERE = Path(__file__).parent
WORDS = {"b", "a", "c"}
TABLE = {"x": [1, 2], "f": len}
logger = logging.getLogger(__name__)


def wrap(f):
    @functools.wraps(f)
    def inner(*a):
        return f(*a) in {"p", "q", "r"}
    return inner


@wrap
def greet(name="x", *, loud=False):
    return name


@functools.lru_cache
def cached(n):
    return n


class Base:
    kind = "base"

    def hello(self):
        return self.kind


class Room(Base):
    limit: int = 3

    @property
    def size(self):
        return 1

    @staticmethod
    def make():
        return Room()

    class Inner:
        def deep(self):
            return 1


room = Room()
room.members = ["a"]
room.itself = room
"""

SCRIPT = """
import json, sys, importlib
sys.path.insert(0, sys.argv[1]); sys.path.append(sys.argv[2])
from flyhot_asgi.engine.verification.fingerprint import describe
m = importlib.import_module("shop")
print(json.dumps(describe({"shop": m}, sys.argv[1], ["shop"])))
"""


def in_a_process(folder: Path, text: str, seed: int) -> dict[str, list[str]]:
    folder.mkdir(exist_ok=True)
    (folder / "shop.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), str(Path(__file__).parents[3])],
        env={"PYTHONHASHSEED": str(seed), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def here(text: str, name: str = "shop") -> dict[str, tuple[str, str]]:
    module = types.ModuleType(name)
    module.__file__ = "/srv/app/shop.py"
    sys.modules[name] = module
    try:
        exec(compile(text, module.__file__, "exec", dont_inherit=True), vars(module))
        return describe({name: module}, "/srv/app", [name])
    finally:
        del sys.modules[name]


def test_it_is_the_same_in_every_process_folder_and_hash_seed(tmp_path: Path) -> None:
    first = in_a_process(tmp_path / "one", APP, 1)
    assert first == in_a_process(tmp_path / "other", APP, 2)
    assert first == {path: list(entry) for path, entry in here(APP).items()}
    assert first["shop:HERE"] == ["S", "<root>"]


@pytest.mark.parametrize(
    ("old", "new", "paths"),
    [
        ("return self.kind", "return self.kind * 2", {"shop:Base.hello"}),
        ('name="x"', 'name="y"', {"shop:greet[f]"}),
        ('{"p", "q", "r"}', '{"p", "q"}', {"shop:greet", "shop:wrap"}),
        ("return n\n", "return n + 1\n", {"shop:cached.__wrapped__"}),
        ("return 1\n\n    @static", "return 2\n\n    @static", {"shop:Room.size.fget"}),
        ("def deep(self):\n            return 1", "def deep(self):\n            return 2", {"shop:Room.Inner.deep"}),
        ("limit: int = 3", "limit: int = 4", {"shop:Room.limit"}),
        ('"x": [1, 2]', '"x": [1, 3]', {"shop:TABLE['x'][1]"}),
        ('{"b", "a", "c"}', '{"b", "a", "d"}', {"shop:WORDS['c']", "shop:WORDS['d']"}),
        ('["a"]', '["a", "b"]', {"shop:room.members", "shop:room.members[1]"}),
        ("class Room(Base)", "class Room(object)", {"shop:Room"}),
        ("logger = ", "log = ", {"shop:logger", "shop:log"}),
    ],
)
def test_a_change_shows_where_it_is_and_nowhere_else(old: str, new: str, paths: set[str]) -> None:
    assert old in APP
    before, after = here(APP), here(APP.replace(old, new))
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} == paths


def test_a_second_copy_of_a_function_is_not_at_home() -> None:
    one = here("def f(): return 1\nheld = f\n")
    split = here(
        "def f(): return 1\nheld = f\ndef f(): return 1\n".replace("\ndef f(): return 1\n", "\n\ndef f(): return 1\n")
    )
    assert " home " in one["shop:held"][1]
    assert " elsewhere " in split["shop:held"][1]


def test_attributes_of_objects_of_others_are_not_asked_for() -> None:
    text = """
class _Meta(type): pass
import types
class Lazy(types.SimpleNamespace):
    def __getattribute__(self, name):
        raise RuntimeError("woken up")
lazy = Lazy()
"""
    assert here(text)["shop:lazy"] == ("D", "a shop:Lazy")


def test_routes_are_described_in_order_with_what_fastapi_read_off_the_function() -> None:
    text = """
from fastapi import FastAPI, Depends
app = FastAPI()
def dep(q: int = 3): return q
@app.get("/a")
def a(x: str, d=Depends(dep)): "words"
"""
    before = here(text)
    [path] = [p for p, (_, t) in before.items() if ":app.routes[" in p and "path='/a'" in t]
    assert before[path] != here(text.replace("q: int = 3", "q: int = 4"))[path]
    assert before[path] != here(text.replace("words", "other"))[path]


def test_which_names_mean_one_object_is_told_where_their_description_does_not_tell_it() -> None:
    one = _module("one", "def make():\n    def f(): return 1\n    return f\na, b = make(), make()\nrows = []\n")
    two = _module("two", "")
    two.a, two.rows, two.make = one.a, one.rows, one.make
    apart = describe({"one": one, "two": two}, "", ["one", "two"])
    assert apart["two:a (same)"] == ("S", "the object of one:a")
    assert apart["two:rows (same)"] == ("S", "the object of one:rows")
    assert [path for path in apart if path.endswith("(same)")] == ["two:a (same)", "two:rows (same)"]
    two.a = one.b
    assert describe({"one": one, "two": two}, "", ["one", "two"])["two:a (same)"] == ("S", "the object of one:b")


def test_what_a_decorator_noted_on_a_function_is_told() -> None:
    one = _module("one", "def f(): return 1\nf.route = ('get', {'a': 1})\n")
    assert describe({"one": one}, "", ["one"])["one:f.route[0]"] == ("S", "'get'")


def _module(name: str, text: str) -> types.ModuleType:
    module = types.ModuleType(name)
    exec(text, vars(module))
    return module


def test_what_the_program_put_in_is_not_described_where_only_known_paths_are_asked_for() -> None:
    """It is neither missing nor new; and there may be thousands, each with all that it refers to."""
    module = types.ModuleType("apps_rooms")
    exec("class Member:\n    pass\n\n\nMEMBERS = []\nBY_NAME = {'first': 1}\n\n\nclass Hub:\n    pass\n", vars(module))
    hub, module.HUB = module.Hub(), None  # type: ignore[attr-defined]
    hub.members, hub.topic = [], "a"
    module.HUB = hub  # type: ignore[attr-defined]
    modules = {"apps_rooms": module}
    known = describe(modules, "", ["apps_rooms"])
    for number in range(3):
        member = module.Member()
        member.hub, member.name = hub, str(number)
        module.MEMBERS.append(member)
        module.BY_NAME[member.name] = member
        hub.members.append(member)
    hub.topic = "b"
    now = describe(modules, "", ["apps_rooms"], known=known)
    assert now.keys() - known.keys() == {"apps_rooms:BY_NAME (order)"}
    assert now["apps_rooms:HUB.topic"] == ("S", "'b'") and now["apps_rooms:MEMBERS"] == ("S", "list of 3")
    assert len(describe(modules, "", ["apps_rooms"])) > len(now) + 10


def test_the_order_of_a_set_is_not_that_of_a_mapping_made_of_it() -> None:
    def told(names: str) -> tuple[str, str]:
        module = types.ModuleType("ordered")
        exec(f"A = {{1, 2, 3}}\nD = dict.fromkeys({names})", vars(module))
        return describe({"ordered": module}, "", ["ordered"])["ordered:D (order)"]

    assert told("[1, 2, 3]") == told("[3, 1, 2]")
    assert told("[0, 1, 2]") != told("[1, 0, 2]")
    assert told("[4, 5]") != told("[5, 4]")


def test_unions_that_are_equal_are_told_alike_whichever_of_them_was_made_first() -> None:
    """`typing` keeps what it made: who imports another module first gets `int | str` where others get `str | int`."""
    for first, other in [("int | str", "str | int"), ("str | int", "int | str")]:
        for cleared in typing._cleanups:  # type: ignore[attr-defined]
            cleared()
        eval(f"typing.Optional[{first}]")
        second = eval(f"typing.Optional[{other}]")
        assert (
            Shapes().annotation(second) == "_UnionGenericAlias[builtins:NoneType elsewhere, builtins:int, builtins:str]"
        )
    models = [pydantic.create_model("M", x=(kinds, ...)) for kinds in (int | str | bytes, str | bytes | int, int | str)]
    told = [Shapes().schema(model.__pydantic_core_schema__["schema"]["fields"]["x"]) for model in models]
    assert told[0] == told[1] != told[2]


def test_getters_are_told_by_what_they_get() -> None:
    """pydantic puts `attrgetter("value")` into the schema of an enum; it has an address among its attributes."""
    told = [Shapes().text(one) for one in (operator.attrgetter("value"), operator.attrgetter("name", "value"))]
    assert told == ["operator:attrgetter ['value']", "operator:attrgetter ['name', 'value']"]
    assert Shapes().text(operator.itemgetter(0, "a")) == "operator:itemgetter [0, 'a']"
    assert not re.search(r"\d{6}", Shapes().text(operator.methodcaller("lower")))


def test_a_path_has_noted_nothing_when_it_was_described() -> None:
    """It notes its text, its parts and its root when somebody asks for them."""
    module = types.ModuleType("places")
    module.HERE = Path("srv") / "app"
    module.held = types.SimpleNamespace(there=Path("srv") / "there")

    def noted(path: Path) -> list[str]:
        slots = [name for cls in type(path).__mro__ for name in getattr(cls, "__slots__", ())]
        return [name for name in slots if hasattr(path, name)]

    before = [noted(module.HERE), noted(module.held.there)]
    described = describe({"places": module}, "", ["places"])
    assert described["places:HERE"][1] == "srv/app"
    assert [noted(module.HERE), noted(module.held.there)] == before


def test_where_a_dependency_lies_is_no_part_of_an_alias() -> None:
    def told() -> dict[str, tuple[str, str]]:
        module = types.ModuleType("app")
        exec("def get(): ...\nfrom typing import Annotated\nUser = Annotated[int, (get,)]", vars(module))
        kept.append(module)
        return describe({"app": module}, "/srv", ["app"])

    kept: list[types.ModuleType] = []
    first, second = told(), told()
    assert first["app:User"] == second["app:User"] and "function get" in first["app:User"][1]
