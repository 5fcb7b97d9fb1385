"""Variables of closures that stay when the statement which made the functions is executed again."""

from __future__ import annotations

import types
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..living.cells import Place, cells_of, functions_beside
from .journal import Journal, set_code

Kept = tuple[str, Place, str]
"""Of which name of the module, which function, and which of its variables."""


def cells_before(kept: Collection[Kept], namespace: Mapping[str, Any]) -> dict[Kept, types.CellType]:
    """Those that stay, before the statement is executed."""
    found = {}
    for name in {name for name, _, _ in kept}:
        for one in cells_of(namespace.get(name)):
            if (name, one.place, one.variable) in kept:
                found[name, one.place, one.variable] = one.cell
    return found


def put_back(before: Mapping[Kept, types.CellType], namespace: Mapping[str, Any], journal: Journal) -> None:
    """The functions that were made get them in place of their own, and so do those that share these with them; what
    was in their own gives way to what is in the old ones, where a function has it as an attribute, too."""
    cells: dict[int, types.CellType] = {}
    contents: dict[int, Any] = {}
    fresh = []
    names = {name for name, _, _ in before}
    for name in names:
        for one in cells_of(namespace.get(name)):
            old = before.get((name, one.place, one.variable))
            if old is not None and old is not one.cell:
                cells[id(one.cell)] = old
                fresh.append((one.cell, value := one.cell.cell_contents))
                if not isinstance(value, str | bytes | int | float | bool | tuple | frozenset | None):
                    contents[id(value)] = old.cell_contents
    for function in _functions(namespace.get(name) for name in names):
        journal.touch_function(function)
        closure = tuple(cells.get(id(cell), cell) for cell in function.__closure__ or ())
        if closure != (function.__closure__ or ()):
            set_code(function, function.__code__, closure)
        for key, value in list(function.__dict__.items()):
            if id(value) in contents:
                function.__dict__[key] = contents[id(value)]


def _functions(values: Iterable[object]) -> list[types.FunctionType]:
    found = {id(function): function for value in values for function in functions_beside(value)}
    return list(found.values())
