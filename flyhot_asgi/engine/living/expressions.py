"""What SQLAlchemy makes of SQL: comparisons, queries, labels, mapped attributes, loading options.

Once made, such an object is never changed (each method gives another one), and it keeps nothing of the running program:
a statement that made one may make it again. Two that say the same are not equal to one another, as `==` makes a third.
"""

from __future__ import annotations

import sys
from typing import Any

_BASES = frozenset(
    {
        "sqlalchemy.sql.elements:ClauseElement",
        "sqlalchemy.orm.attributes:QueryableAttribute",
        "sqlalchemy.sql.base:ExecutableOption",
    }
)
_SCHEMA = "sqlalchemy.sql.schema"
"""Tables and columns are what a release has one of: no expressions, though they can stand in one."""
_CONTAINERS = (dict, list, tuple, set, frozenset)


def is_expression(value: object) -> bool:
    return _is_kind(type(value))


def holds_expression(value: Any, depth: int = 3) -> bool:
    """It is one, or a plain container with one in it."""
    if type(value) not in _CONTAINERS:
        return is_expression(value)
    parts = list(value.values()) if type(value) is dict else list(value)
    return depth > 0 and any(holds_expression(part, depth - 1) for part in parts)


def names_expression(text: str) -> bool:
    """A description's word for an object (`a module:Class`) means one."""
    module, _, name = text.removeprefix("a ").partition(":")
    kind = vars(sys.modules[module]).get(name) if module in sys.modules else None
    return isinstance(kind, type) and _is_kind(kind)


def _is_kind(kind: type) -> bool:
    bases = kind.__mro__
    return any(f"{one.__module__}:{one.__qualname__}" in _BASES for one in bases) and not any(
        one.__module__ == _SCHEMA for one in bases
    )
