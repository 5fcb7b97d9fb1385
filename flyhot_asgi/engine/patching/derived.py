"""Which classes a class says are derived from it: `Base.__subclasses__()`, by which programs find their plug-ins.

The interpreter keeps them as long as they live, in the order in which they were made. After an upgrade those that are
gone from the source are kept for its undo only, and new ones were made last: both are put right in the dict in which it
keeps them (`tp_subclasses`, looked for in a class that is made for that). Built-in classes keep theirs elsewhere, and
are left alone. CPython 3.11 and later with the GIL.
"""

from __future__ import annotations

import ast
import ctypes
from collections.abc import Iterable
from typing import Any

from ..living.attributes import is_heap_type
from ..living.holders import at_home
from ..living.inventory import module_of
from ..living.places import found_at
from ..source.module import SourceModule
from ..source.plan import Plan
from .journal import Journal

Lines = dict[tuple[str, str], int]


def lines_of(sources: Iterable[SourceModule]) -> Lines:
    """By module and qualified name, where the classes of these modules begin, those inside of functions left out."""
    found: Lines = {}

    def visit(module: str, node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                found[module, prefix + child.name] = child.lineno
                visit(module, child, f"{prefix}{child.name}.")
            elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.expr):
                visit(module, child, prefix)

    for source in sources:
        visit(source.name, source.tree, "")
    return found


class Derived:
    """Of one patch: the classes of the modules that change, before and after."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._old: Lines = {}
        self._new: Lines = {}
        self._before: list[type] = []

    def stage(self) -> None:
        plan = self._plan
        if plan.executes or plan.moves:
            self._old = lines_of(plan.old[name] for name in [*plan.changed, *plan.deleted])
            self._new = lines_of(plan.new[name] for name in [*plan.changed, *plan.added])

    def begin(self, journal: Journal) -> None:
        """What fails half-way is undone, this last of all: a class that gets its bases back stands last among them."""
        self._before = list(_classes(self._old))
        for base in {base: None for cls in self._before for base in cls.__bases__}:
            if _derived(base) is not None:
                journal.note(f"what derived from {base.__qualname__}", _Undo(base, list(type.__subclasses__(base))))

    def finish(self, journal: Journal) -> None:
        """Pre-images are all that is left of the classes that are not at home any more."""
        gone = [cls for cls in self._before if not at_home(cls)]
        bases = {base: None for cls in [*_classes(self._new), *gone] for base in cls.__bases__}
        for base in bases:
            known = _derived(base)
            if known is None:
                continue
            before: list[type] = list(type.__subclasses__(base))
            left = [cls for cls in before if not any(cls is one for one in gone)]
            wanted = _in_order(left, self._new)
            if len(wanted) == len(before) and all(a is b for a, b in zip(wanted, before, strict=True)):
                continue
            journal.note(f"what derives from {base.__qualname__}", _Undo(base, before))
            _arrange(known, wanted)


def _classes(lines: Lines) -> Iterable[type]:
    """Those that their modules have now."""
    for module, name in lines:
        found = found_at(module, name)
        if isinstance(found, type) and found.__module__ == module and at_home(found):
            yield found


def _in_order(classes: list[type], lines: Lines) -> list[type]:
    """Those of one module in the order of its text; the modules, and all others, as they stand."""
    places: dict[str, list[int]] = {}
    for index, cls in enumerate(classes):
        if (module_of(cls), cls.__qualname__) in lines and at_home(cls):
            places.setdefault(cls.__module__, []).append(index)
    found = list(classes)
    for module, indexes in places.items():
        ordered = sorted((classes[i] for i in indexes), key=lambda cls: lines[module, cls.__qualname__])
        for index, cls in zip(indexes, ordered, strict=True):
            found[index] = cls
    return found


class _Undo:
    def __init__(self, base: type, before: list[type]) -> None:
        self._base, self._before = base, before

    def __call__(self) -> None:
        derived: list[type] = type.__subclasses__(self._base)
        present = {id(cls) for cls in derived}
        for cls in self._before:
            if id(cls) not in present and self._base in cls.__bases__:
                type.__dict__["__bases__"].__set__(cls, cls.__bases__)  # it enters itself again
        if (known := _derived(self._base)) is not None:
            _arrange(known, self._before)


def _arrange(known: dict[int, Any], wanted: list[type]) -> None:
    """Exactly these, in this order; those that are not among `known` can't be entered here."""
    items = [(id(cls), known[id(cls)]) for cls in wanted if id(cls) in known]
    known.clear()
    known.update(items)


def _derived(base: type) -> dict[int, Any] | None:
    """The interpreter's own dict: by address, a weak reference."""
    if not is_heap_type(base) or (place := _place()) is None:
        return None
    address = _words(base)[place]
    found = ctypes.cast(address, ctypes.py_object).value if address else None
    return found if type(found) is dict else None


def _words(cls: type) -> Any:
    size: Any = type(cls).__basicsize__
    return (ctypes.c_void_p * (size // ctypes.sizeof(ctypes.c_void_p))).from_address(id(cls))


def _place() -> int | None:
    """Where in a type object the dict stands: what was empty, and is not once another class derives from it."""
    if not _FOUND:
        first = type("first", (), {})
        before = list(_words(first))
        second = type("second", (first,), {})
        came = [i for i, (a, b) in enumerate(zip(before, _words(first), strict=True)) if not a and b]
        _FOUND.append(came[0] if len(came) == 1 and type.__subclasses__(first) == [second] else None)
    return _FOUND[0]


_FOUND: list[int | None] = []
