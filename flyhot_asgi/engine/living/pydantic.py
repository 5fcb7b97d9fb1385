"""Where the versions of pydantic 2 keep what they built, in one place. Reads; runs none of the app's code."""

from __future__ import annotations

import sys
from typing import Any

SCHEMA = "__pydantic_core_schema__"


def base_model() -> type | None:
    """pydantic's `BaseModel`, if the app imported it."""
    found = getattr(sys.modules.get("pydantic.main"), "BaseModel", None)
    return found if isinstance(found, type) else None


def version() -> tuple[int, int]:
    """Of the pydantic that the app imported; (2, 0) if it doesn't say."""
    parts = str(getattr(sys.modules.get("pydantic.version"), "VERSION", "2.0")).split(".")
    return int(parts[0]), int(parts[1])


def model_fields(cls: type) -> dict[str, Any]:
    """Name → FieldInfo, of the class and those it derives from; empty if it is no model. Before 2.10 they are an
    ordinary attribute; pydantic 1 has fields of another kind."""
    for base in cls.__mro__:
        for name in ("__pydantic_fields__", "model_fields", "__fields__"):
            found = vars(base).get(name)
            if type(found) is dict:
                return found
    return {}


def schema_of_adapter(adapter: Any) -> object:
    """The core schema that a TypeAdapter holds."""
    fields = vars(adapter)
    return fields.get("core_schema", fields.get("_core_schema"))
