"""What functions keep in their closures: counts of decorators, limiters, memos."""

from __future__ import annotations

import types
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..source.values import is_a
from .wrapped import closed_over

Place = tuple[str, str]
"""Where a function's code stands: file and qualified name."""
_DEPTH = 6


class Cell(NamedTuple):
    """A variable of a closure. `part`: by which way it is reached from the name that holds the function
    (`[f][count]`), as a description of the module's values tells it."""

    part: str
    place: Place
    variable: str
    cell: types.CellType


def cells_of(value: object) -> list[Cell]:
    """Those of a function and of the functions in its closure; without those of functions that stand at one place."""
    found = list(_cells(value, "", set()))
    functions = {(one.place, one.part.rpartition("[")[0]) for one in found}
    several = Counter(place for place, _ in functions)
    return [one for one in found if several[one.place] == 1]


def _cells(value: object, part: str, seen: set[int]) -> Iterator[Cell]:
    if not is_a(value, types.FunctionType) or id(value) in seen or part.count("[") > _DEPTH:
        return
    seen.add(id(value))
    code = value.__code__
    for name, cell in zip(code.co_freevars, value.__closure__ or (), strict=True):
        if name == "__class__":
            continue
        try:
            contents = cell.cell_contents
        except ValueError:
            continue
        if isinstance(contents, types.FunctionType):
            yield from _cells(contents, f"{part}[{name}]", seen)
        else:
            yield Cell(f"{part}[{name}]", (code.co_filename, code.co_qualname), name, cell)


def function_at(namespace: Mapping[str, object], dotted: str) -> object:
    """The function that a module has under a name, or a class of it among its members; None for anything else."""
    first, *rest = dotted.split(".")
    found = namespace.get(first)
    for name in rest:
        found = vars(found).get(name) if isinstance(found, type) else None
    return unbound(found)


def unbound(member: object) -> object:
    """The function of a member that is static or of the class."""
    return member.__func__ if is_a(member, staticmethod) or is_a(member, classmethod) else member


def functions_beside(value: object) -> list[types.FunctionType]:
    """A function, and those in closures and attributes below it."""
    found: list[types.FunctionType] = []
    queue, seen = [value], set[int]()
    while queue:
        one = queue.pop()
        if not isinstance(one, types.FunctionType) or id(one) in seen:
            continue
        seen.add(id(one))
        found.append(one)
        queue += one.__dict__.values()
        queue += closed_over(one)
    return found
