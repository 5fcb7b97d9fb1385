"""What a model's instances have beside their fields: private attributes, and what they were given that is no field.

pydantic makes the places for both when an instance is made, by what its class says then. An instance that old code made
has none for what the release adds: the first that sets it, or asks for it, would raise.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ..patching.journal import Journal

_PRIVATE, _EXTRA = "__pydantic_private__", "__pydantic_extra__"


def private_of(cls: Any) -> Mapping[str, Any]:
    """A model's private attributes, by name: what gives each its default."""
    found = getattr(cls, "__private_attributes__", None)
    return found if type(found) is dict else {}


def settle_beside(one: Any, before: Collection[str], journal: Journal) -> str | None:
    """Give an instance the places that its class asks for now; `before`: the private attributes that it had then. The
    first private attribute that has no default, so that nobody knows its value."""
    cls: Any = type(one)
    if not hasattr(cls, "model_config"):
        return None  # pydantic 1: private attributes are slots, and what is no field lies beside the fields
    if cls.model_config.get("extra") == "allow":
        if _slot(one, _EXTRA) is None:
            set_slot(one, _EXTRA, {}, journal)
    elif _slot(one, _EXTRA) == {}:
        set_slot(one, _EXTRA, None, journal)
    return _settle_private(one, private_of(cls), before, journal)


def _settle_private(one: Any, asked: Mapping[str, Any], before: Collection[str], journal: Journal) -> str | None:
    gained, living = [name for name in asked if name not in before], _slot(one, _PRIVATE)
    if not gained and asked.keys() == set(before):
        return None
    made = {name: value for name, value in (living or {}).items() if name in asked or name not in before}
    lacking = None
    for name in [name for name in gained if name not in made]:
        if _has_default(asked[name]):
            made[name] = _default(asked[name], {**vars(one), **made})
        else:
            lacking = lacking or name
    set_slot(one, _PRIVATE, made if asked else None, journal)
    return lacking


def _has_default(private: Any) -> bool:
    undefined = type(private.default).__name__ == "PydanticUndefinedType"
    return private.default_factory is not None or not undefined


def _default(private: Any, values: dict[str, Any]) -> Any:
    if private.default_factory is None:
        return private.get_default()
    if getattr(private, "default_factory_takes_validated_data", False):
        return private.default_factory(values)
    return private.default_factory()


def _slot(one: Any, name: str) -> Any:
    try:
        return object.__getattribute__(one, name)
    except AttributeError:  # made by `__new__` alone
        return None


def set_slot(one: Any, name: str, value: Any, journal: Journal) -> None:
    """Set what an instance has in one of pydantic's places, so that it can be taken back."""
    before = _slot(one, name)
    journal.note(name, lambda: object.__setattr__(one, name, before))
    object.__setattr__(one, name, value)
