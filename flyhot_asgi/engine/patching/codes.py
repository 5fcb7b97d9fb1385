"""What stands beside functions and names and must follow them: code objects in containers, docstrings, the order of
annotations."""

from __future__ import annotations

import ast
import types
from collections.abc import Collection, Mapping
from typing import Any

from ..living.attributes import fields_of
from ..source.codetree import docstring
from ..source.module import SourceModule
from .journal import Journal, refill

_GONE: Any = object()
_DEEPEST = 8


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


def unannotate(module: str, namespace: dict[str, Any], names: set[str], journal: Journal) -> None:
    """These names of a module are annotated no more."""
    annotations = namespace.get("__annotations__")
    if isinstance(annotations, dict) and not names.isdisjoint(annotations):
        journal.touch_container(annotations, f"annotations of {module}")
        for name in names.intersection(annotations):
            del annotations[name]


def document(function: types.FunctionType, code: types.CodeType, journal: Journal) -> None:
    """The docstring of the new code, for a function that has that of its old one, and for whatever its decorators made
    of it and gave its docstring (`functools.wraps`): that runs no code of the module's, and follows no swap."""
    before, after = docstring(function.__code__), docstring(code)
    journal.touch_function(function)
    if function.__doc__ == before:
        function.__doc__ = after
    for value in list(function.__globals__.values()):
        for wrapper in _around(function, value):
            if wrapper.__doc__ != before:
                continue
            if isinstance(wrapper, types.FunctionType):
                journal.touch_function(wrapper)
                wrapper.__doc__ = after
                if wrapper.__dict__.get("__doc__", _GONE) == before:  # copied from a cache, which has it there
                    wrapper.__dict__["__doc__"] = after
            else:
                journal.set_attribute(wrapper, "__doc__", after)


def _around(function: types.FunctionType, value: object) -> list[Any]:
    """What lies between a name's value and the function that it wraps."""
    found: list[object] = []
    fields = fields_of(value) if "__wrapped__" in (fields_of(value) or ()) else None
    while fields is not None and "__wrapped__" in fields and len(found) < _DEEPEST:
        found.append(value)
        value = fields["__wrapped__"]
        if value is function:
            return found
        fields = fields_of(value)
    return []
