"""Variables of closures that stay when the statement which made the functions is executed again."""

from __future__ import annotations

import types
from collections.abc import Collection, Mapping
from typing import Any

from ..living.cells import Place, cells_of, function_at, functions_beside
from .journal import Journal, set_code

Kept = tuple[str, Place, str]
"""Of which function of the module (`f`, `C.f`), which one inside of it, and which of its variables."""


def cells_before(kept: Collection[Kept], namespace: Mapping[str, Any]) -> dict[Kept, types.CellType]:
    """Those that stay, before anything is executed: a class in one is not what the program made."""
    found = {}
    for name in {name for name, _, _ in kept}:
        for one in cells_of(function_at(namespace, name)):
            if (name, one.place, one.variable) in kept and not isinstance(one.cell.cell_contents, type):
                found[name, one.place, one.variable] = one.cell
    return found


def put_back(before: Mapping[Kept, types.CellType], namespace: Mapping[str, Any], journal: Journal) -> None:
    """The functions that were made get them in place of their own, and so do those that share these with them; what
    was in their own gives way to what is in the old ones, where a function has it as an attribute, too."""
    cells: dict[int, types.CellType] = {}
    contents: dict[int, Any] = {}
    fresh = []
    made = {name: function_at(namespace, name) for name, _, _ in before}
    for name, function in made.items():
        for one in cells_of(function):
            old = before.get((name, one.place, one.variable))
            if old is not None and old is not one.cell:
                cells[id(one.cell)] = old
                fresh.append((one.cell, value := one.cell.cell_contents))
                if not isinstance(value, str | bytes | int | float | bool | tuple | frozenset | None):
                    contents[id(value)] = old.cell_contents
    if cells:
        for function in made.values():
            for each in functions_beside(function):
                _give(each, cells, contents, journal)


def _give(
    function: types.FunctionType, cells: Mapping[int, types.CellType], contents: Mapping[int, Any], journal: Journal
) -> None:
    before = function.__closure__ or ()
    closure = tuple(cells.get(id(cell), cell) for cell in before)
    others = {key: contents[id(value)] for key, value in function.__dict__.items() if id(value) in contents}
    if others or any(one is not other for one, other in zip(closure, before, strict=True)):
        journal.touch_function(function)
        function.__dict__.update(others)
        set_code(function, function.__code__, closure or None)
