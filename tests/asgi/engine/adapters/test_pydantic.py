"""How older versions of pydantic 2 keep what they built. Those that are not installed here are stood in for by their
shapes; `make test-pydantics` runs the adapters' tests on the real ones."""

from __future__ import annotations

import sys
import types
from typing import Any

import pydantic
import pytest

from flyhot_asgi.engine.adapters.pydantic import forget, rebuild_adapter, rebuild_model, rebuild_validated_call
from flyhot_asgi.engine.living.pydantic import SCHEMA, model_fields, schema_of_adapter
from flyhot_asgi.engine.patching.journal import Journal
from flyhot_asgi.errors import UpgradeError


class Item(pydantic.BaseModel):
    name: str


class Adapter28:
    """2.8 and 2.9: what it was made of, and what it was asked for as cached properties."""

    def __init__(self, made_of: Any, *, config: Any = None, module: str | None = None) -> None:
        self._type, self._config, self._module_name = made_of, config, module
        self._core_schema = {"type": "model", "cls": made_of[-1]}


class Adapter25:
    def __init__(self, schema: object) -> None:
        self.core_schema = schema


class Field:
    """FastAPI's: it makes its adapter of what it knows."""

    def __init__(self, adapter: Any) -> None:
        self._type_adapter = adapter

    def __post_init__(self) -> None:
        self._type_adapter = Adapter25("fresh")


def test_fields_are_an_ordinary_attribute_before_2_10() -> None:
    old = type("Old", (), {"model_fields": {"name": 1}})
    assert model_fields(old) == model_fields(type("Derived", (old,), {})) == {"name": 1}
    assert list(model_fields(Item)) == ["name"]
    assert model_fields(int) == {}


def test_a_model_that_is_forgotten_keeps_no_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    before_2_10 = types.SimpleNamespace(set_model_mocks=lambda cls, cls_name, undefined_name="": told.append(cls_name))
    model = type("Model", (Item,), {"__module__": __name__})
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "pydantic._internal._mock_val_ser", before_2_10)
        forget(model)
    assert told == ["Model"] and SCHEMA not in vars(model) and not model.__pydantic_complete__
    rebuild_model(model)
    assert type(vars(model)[SCHEMA]) is dict and model(name="ann").name == "ann"


def test_an_adapter_is_made_again_of_what_it_was_made_of() -> None:
    kinds = [Item]
    adapter: Any = Adapter28(kinds)
    vars(adapter)["core_schema"] = adapter._core_schema  # it was asked for
    kinds.append(int)
    assert schema_of_adapter(adapter) == {"type": "model", "cls": Item}
    rebuild_adapter(adapter, [])
    assert schema_of_adapter(adapter) == {"type": "model", "cls": int}


def test_an_adapter_that_knows_nothing_is_made_again_by_its_field_or_not_at_all() -> None:
    adapter = Adapter25("stale")
    fields = [Field(Adapter25("another")), Field(adapter), Field(adapter)]
    rebuild_adapter(adapter, fields)
    assert schema_of_adapter(adapter) == "fresh"
    assert [field._type_adapter is adapter for field in fields] == [False, True, True]
    with pytest.raises(UpgradeError, match="doesn't know what it was made of"):
        rebuild_adapter(Adapter25("stale"), fields)


def test_a_validated_call_that_keeps_no_function_is_refused_if_it_checks_what_changed() -> None:
    call = types.SimpleNamespace(__qualname__="f", __pydantic_validator__=Item.__pydantic_validator__)
    with pytest.raises(UpgradeError, match="validate_call"):
        rebuild_validated_call(call, frozenset([Item]), Journal())
    rebuild_validated_call(call, frozenset([int]), Journal())
