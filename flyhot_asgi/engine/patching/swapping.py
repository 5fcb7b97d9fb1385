"""New code into living functions: the first rung of the ladder, and the one that most changes need."""

from __future__ import annotations

import types
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..source.codetree import docstring
from .codes import document
from .journal import Journal, set_code


def swap(
    functions: Sequence[types.FunctionType],
    counterparts: Mapping[str, Mapping[types.CodeType, types.CodeType]],
    known: Collection[int],
    journal: Journal,
) -> None:
    """Equal code at new lines included. `counterparts`: by file, old code and new; `known`: ids of the release's own
    code objects. What has no counterpart (deleted, or unknown) is left: the verification says so if it lives on."""
    plain: list[tuple[types.FunctionType, types.CodeType]] = []
    reshaped: list[tuple[types.FunctionType, types.CodeType]] = []
    for function in functions:
        pairs = counterparts.get(function.__code__.co_filename)
        if pairs is None or id(function.__code__) in known:
            continue
        if (code := pairs.get(function.__code__)) is None:
            continue
        same = code.co_freevars == function.__code__.co_freevars
        (plain if same else reshaped).append((function, code))
    for function, code in plain:
        if docstring(function.__code__) != docstring(code):
            document(function, code, journal)
    journal.swap_codes(plain)
    for function, code in reshaped:
        _reshape(function, code, journal)


def _reshape(function: types.FunctionType, code: types.CodeType, journal: Journal) -> None:
    """A function whose free variables changed: cells by name, `__class__` from its class."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    closure: list[types.CellType] = []
    for name in code.co_freevars:
        if name in cells:
            closure.append(cells[name])
        elif name == "__class__" and (cls := _class_of(function)) is not None:
            closure.append(types.CellType(cls))
        else:
            return  # a wrapper that is about to be made again; if it is not, the verification says so
    document(function, code, journal)
    set_code(function, code, tuple(closure) if closure else None)


def _class_of(function: types.FunctionType) -> type | None:
    path = function.__code__.co_qualname.split(".")[:-1]
    found: Any = function.__globals__
    for part in path:
        found = found.get(part) if isinstance(found, dict) else vars(found).get(part)
        if found is None:
            return None
    return found if isinstance(found, type) else None
