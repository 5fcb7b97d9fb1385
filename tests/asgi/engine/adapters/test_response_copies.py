"""pydantic 1 beside the FastAPI of its time: copies of models for answers. The models are real ones (`pydantic.v1`),
FastAPI's part is stood in for by its shape."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest
from pydantic import v1

from flyhot_asgi.engine.adapters.former_configs import FormerConfigs
from flyhot_asgi.engine.adapters.pydantic import default_of, is_required, keeps_extra, set_fields
from flyhot_asgi.engine.adapters.response_copies import ResponseCopies, is_copy_of, parts_of_field
from flyhot_asgi.engine.living.pydantic import model_fields
from flyhot_asgi.engine.patching.journal import Journal
from flyhot_asgi.engine.patching.recast import recast


class Author(v1.BaseModel):
    name: str


class Book(v1.BaseModel):
    title: str = "none"
    authors: list[Author] = []


class Other(v1.BaseModel):
    name: str


class APIRoute:
    def __init__(self, model: type) -> None:
        self.response_field = types.SimpleNamespace(type_=model)
        self.secure_cloned_response_field = types.SimpleNamespace(type_=model)
        self.app = "before"

    def get_route_handler(self) -> object:
        return self.secure_cloned_response_field


@pytest.fixture
def version_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic.version", types.SimpleNamespace(VERSION="1.10.2"))


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> dict[type, type]:
    """What FastAPI keeps of its copies."""
    kept: dict[type, type] = {Book: Book}
    cloned = types.SimpleNamespace(
        create_cloned_field=lambda field, cloned_types: ("copy of", field), _CLONED_TYPES_CACHE=kept
    )
    routing = types.SimpleNamespace(APIRoute=APIRoute, request_response=lambda handler: ("app of", handler))
    monkeypatch.setitem(sys.modules, "fastapi.utils", cloned)
    monkeypatch.setitem(sys.modules, "fastapi.routing", routing)
    return kept


def test_a_field_is_made_of_the_models_in_its_models() -> None:
    assert {Book, Author, str} == set(parts_of_field(types.SimpleNamespace(type_=Book)))


def test_a_copy_has_the_name_of_the_model_that_it_derives_from() -> None:
    assert is_copy_of(v1.create_model("Book", __base__=Book, __module__="pydantic.main"), Book)
    assert not is_copy_of(v1.create_model("Longer", __base__=Book, __module__="pydantic.main"), Book)
    assert not is_copy_of(v1.create_model("Book", __base__=Book, __module__="app.models"), Book)


def test_routes_that_answer_by_a_changed_model_make_their_copies_again(cache: dict[type, type]) -> None:
    books, others = APIRoute(Book), APIRoute(Other)
    before = books.secure_cloned_response_field
    copies, journal = ResponseCopies([Author]), Journal()
    copies.look()
    copies.begin(journal)
    assert not cache, "those that are registered meanwhile must not get the old one"
    copies.finish(journal)
    assert books.secure_cloned_response_field == ("copy of", books.response_field)  # type: ignore[comparison-overlap]
    assert books.app == ("app of", books.secure_cloned_response_field)  # type: ignore[comparison-overlap]
    assert others.app == "before"
    journal.rollback()
    assert books.secure_cloned_response_field is before and books.app == "before" and cache == {Book: Book}


@pytest.mark.usefixtures("version_1")
def test_fields_and_values_of_pydantic_1_are_known() -> None:
    assert list(model_fields(Book)) == ["title", "authors"]
    assert is_required(model_fields(Author)["name"]) and not is_required(model_fields(Book)["title"])
    assert default_of(model_fields(Book)["title"], {}) == "none"
    assert set_fields(Book(title="a")) == {"title"} and not keeps_extra(Book)


def test_what_configured_a_model_is_none_of_its_bases_classes_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic.main", types.SimpleNamespace(BaseModel=v1.BaseModel))
    base: Any = v1.create_model("Base", size=(int, 1))
    one: Any = type(base)("One", (base,), {"__module__": __name__})
    former, journal, configs = one.__config__, Journal(), FormerConfigs([one])
    known = type.__subclasses__(base.__config__)
    configs.begin(journal)
    one.__config__ = type("Config", (base.__config__,), {})
    configs.finish(journal)
    assert type.__subclasses__(base.__config__) == [one.__config__] and known != [one.__config__]
    assert former.title is None and former.max_anystr_length is None
    journal.rollback()
    assert set(known) <= set(type.__subclasses__(base.__config__)) and base.__config__ in former.__mro__


def test_a_metaclass_is_called_from_a_frame_of_the_class_s_module() -> None:
    """Compiled code has no frame: a class that it makes is of the module whose frame called it."""
    told: list[Any] = []

    class Meta(type):
        def __new__(mcs, name: str, bases: Any, namespace: dict[str, Any]) -> Any:
            told.append(sys._getframe(1).f_globals["__name__"])
            return super().__new__(mcs, name, bases, namespace)

    living = Meta("C", (), {"__module__": "app.models"})
    recast(living, Meta, "C", (), {"__module__": "app.models"}, {}, Journal())
    assert told == [__name__, "app.models"]
