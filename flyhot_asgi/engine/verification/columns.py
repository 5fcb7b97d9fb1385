"""SQLAlchemy's columns, keys and types as text: what they were told when they were made, and nothing of the table that
took them, or of what was worked out since.
"""

from __future__ import annotations

import types
from typing import Any, Protocol

from ..source.values import ATOMS

SCHEMA = "sqlalchemy.sql.schema"


class Shapes(Protocol):
    """Texts of other values (`shapes.Shapes`)."""

    def attributes(self, value: Any) -> dict[str, Any]: ...
    def text(self, value: Any, depth: int = ...) -> str: ...
    def reference(self, value: Any) -> str: ...


def item_text(value: Any, shapes: Shapes) -> str:
    """A part of a schema that another object keeps: `Field(sa_column=Column(JSON))`."""
    if type(value).__qualname__ == "Column":
        return f"a column {value.name} {column_text(value, shapes)}"
    fields = shapes.attributes(value).items()
    plain = {
        k: v for k, v in fields if (type(v) in ATOMS and not k.startswith("_")) or (k, type(v)) == ("_colspec", str)
    }
    return f"a {type(value).__qualname__} {getattr(value, 'name', None)} {columns_of(value)} {shapes.text(plain, 1)}"


def columns_of(constraint: Any) -> list[str]:
    return [str(getattr(column, "name", "")) for column in getattr(constraint, "columns", ())]


def column_text(column: Any, shapes: Shapes) -> str:
    names = ("nullable", "primary_key", "index", "unique", "autoincrement", "key", "comment", "system")
    facts = [f"{name}={vars(column).get(name)!r}" for name in names if type(vars(column).get(name)) in ATOMS]
    for name in ("default", "onupdate", "server_default"):
        made = vars(column).get(name)
        argument = getattr(made, "arg", None)
        if type(argument) is types.FunctionType:
            argument = vars(argument).get("__wrapped__", argument)
        facts.append(f"{name}={type(made).__qualname__} {shapes.text(argument, 1)}")
    keys = sorted(
        f"{key._colspec if type(key._colspec) is str else key.target_fullname} {key.ondelete}"
        for key in column.foreign_keys
    )
    return f"{_type(column.type, shapes)} {' '.join(facts)} {keys}"


def _type(found: Any, shapes: Shapes) -> str:
    plain = {
        k: v for k, v in shapes.attributes(found).items() if type(v) in (*ATOMS, list, tuple) and not k.startswith("_")
    }
    inner = vars(found).get("item_type") or vars(found).get("impl")
    nested = (
        f" of {_type(inner, shapes)}" if inner is not None and inner is not found and hasattr(inner, "__dict__") else ""
    )
    enum = vars(found).get("enum_class")
    return f"{type(found).__qualname__} {shapes.text(plain, 2)}{f' {shapes.reference(enum)}' if enum else ''}{nested}"
