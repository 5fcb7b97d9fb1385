"""What stands beside functions and names and must follow them: code objects in containers, docstrings, the order of
annotations."""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Collection, Mapping
from typing import Any

from ..source.module import SourceModule
from .journal import Journal, refill

_GONE: Any = object()


def exchange_codes(
    holder: Any,
    counterparts: Mapping[str, Mapping[types.CodeType, types.CodeType]],
    known: Collection[int],
    journal: Journal,
) -> None:
    """A container of code objects: those of functions that are gone go, the others are the new ones.

    `counterparts`: by file, old code and new; `known`: ids of the release's own code objects.
    """

    def now(value: Any) -> Any:
        if type(value) is not types.CodeType or id(value) in known:
            return value
        pairs = counterparts.get(value.co_filename)
        return value if pairs is None else pairs.get(value, _GONE)

    journal.touch_container(holder, "code objects")
    if isinstance(holder, dict):
        items = [(now(key), now(value)) for key, value in holder.items()]
        refill(holder, {key: value for key, value in items if key is not _GONE and value is not _GONE})
    else:
        refill(holder, [code for one in holder if (code := now(one)) is not _GONE])


def order_annotations(source: SourceModule, annotations: object, journal: Journal) -> None:
    """A module's annotations stand in the order of its text."""
    if type(annotations) is not dict:
        return
    annotated = [s for s in source.statements if isinstance(s.node, ast.AnnAssign)]
    wanted = [name for statement in annotated for name in statement.binds if name in annotations]
    if list(annotations) != wanted and set(annotations) == set(wanted):
        journal.touch_container(annotations, f"annotations of {source.name}")
        refill(annotations, {name: annotations[name] for name in wanted})


def docstring(code: types.CodeType) -> str | None:
    """The docstring that a function made of `code` gets."""
    if sys.version_info >= (3, 14) and not code.co_flags & 0x4000000:
        return None
    first = code.co_consts[0] if code.co_consts else None
    return first if isinstance(first, str) and code.co_name != "<lambda>" else None
