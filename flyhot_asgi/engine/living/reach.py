"""What running a decorator may change of living objects: everything that its code can get hold of by name.

Followed from above, on the living objects, so that nobody's source has to be known: globals and closures of the
functions that run, the object that a method belongs to and what it holds, methods by the names that code asks for. The
standard library is not followed into; what it keeps of a definition is found otherwise (`patching.entering`).

Reads only; runs none of the app's code.
"""

from __future__ import annotations

import ast
import functools
import itertools
import sys
import types
from collections import deque
from collections.abc import Collection, Iterable
from typing import Any

from ..source.nodes import all_but, nodes_of
from ..source.values import ATOMS
from .attributes import fields_of

MOST = 4_000
_CONTAINERS = (dict, list, set, deque)
_ITEMS = (*_CONTAINERS, tuple, frozenset)
_MADE_BY = frozenset({"__new__", "__init__", "__post_init__", "__attrs_post_init__", "__set_name__", "__prepare__"})
_ASKED = frozenset(
    "__call__ __get__ __getattr__ __getattribute__ __setattr__ __getitem__ __setitem__ __contains__ __iter__".split()
)
_DATA = frozenset({"collections", "weakref", "_weakrefset", "types", "functools", "_weakref", "_collections"})
"""Of these the standard library's instances are looked into."""


_FRAMEWORKS = frozenset({"fastapi", "starlette"})


def compared_elsewhere(live: Iterable[str]) -> frozenset[str]:
    """Names of modules that need no following: the app's, and those of web frameworks. What these keep of the app is
    compared with a cold import, and from there everything can be reached."""
    frameworks = (name for name in list(sys.modules) if name.partition(".")[0] in _FRAMEWORKS)
    return frozenset({*live, *frameworks})


_NOTES = frozenset({"typer.models"})
"""Modules whose objects note what they are told: a function in them is called when the program runs its commands."""


class Reach:
    """One walk from `roots`, on which `names` are asked for; what is of the modules `but` is not followed. `places`:
    every mutable object that was met: containers, attributes of instances and functions, cells, classes, namespaces of
    modules."""

    def __init__(self, roots: Iterable[object], names: Iterable[str] = (), but: Collection[str] = ()) -> None:
        self._but = frozenset(but)
        self.places: dict[int, Any] = {}
        self.too_much = False
        self._names: set[str] = set(names)
        self._seen: dict[int, object] = {}
        self._ran: set[int] = set()
        self._queue: deque[tuple[object, bool]] = deque((root, True) for root in roots)
        self.attributes: set[int] = set()
        """Ids of those dicts whose keys are names: of instances, functions, modules."""
        self._made: set[type] = set()
        self._types: list[type] = []
        self._looked: dict[type, set[str]] = {}
        self._modules: dict[int, tuple[types.ModuleType, set[str]]] = {}
        known = -1
        while self._queue or known != len(self._names):
            known = len(self._names)
            self._drain()
            self._by_name()

    @property
    def objects(self) -> list[object]:
        """All that was met."""
        return list(self._seen.values())

    @property
    def names(self) -> set[str]:
        """All names that were asked for."""
        return set(self._names)

    def _drain(self) -> None:
        while self._queue:
            value, runs = self._queue.popleft()
            known = id(value) in self._seen
            if known and not (runs and isinstance(value, type | types.FunctionType) and id(value) not in self._ran):
                continue
            if runs:
                self._ran.add(id(value))
            if len(self._seen) > MOST:
                self.too_much = True
                self._queue.clear()
                return
            self._seen[id(value)] = value
            self._visit(value, runs=runs)

    def _by_name(self) -> None:
        """Methods and names of modules that code asked for meanwhile."""
        for cls in list(self._types):
            asked = (self._names | _ASKED | (_MADE_BY if cls in self._made else frozenset())) & vars(cls).keys()
            for name in asked - self._looked[cls]:
                self._looked[cls].add(name)
                self._later(vars(cls)[name])
        for module, asked in list(self._modules.values()):
            for name in self._names & vars(module).keys() - asked:
                asked.add(name)
                self._later(vars(module)[name])

    def _later(self, value: object, *, runs: bool = True) -> None:
        if type(value) in ATOMS or (type(value) is tuple and all(type(one) in ATOMS for one in value)):
            return
        self._queue.append((value, runs))

    def _visit(self, value: Any, *, runs: bool) -> None:
        kind = type(value)
        if kind is types.FunctionType:
            if runs:
                self._function(value)
        elif issubclass(kind, types.ModuleType):
            if not _standard(name := vars(value).get("__name__")) and name not in self._but:
                self._modules[id(value)] = (value, set())
        elif issubclass(kind, type):
            self._class(value, made=runs)
        elif kind is types.MethodType:
            self._later(value.__func__, runs=runs)
            self._later(value.__self__)
        elif kind in (staticmethod, classmethod):
            self._later(value.__func__, runs=runs)
        elif kind is property:
            for part in (value.fget, value.fset, value.fdel):
                self._later(part, runs=runs)
        elif kind is functools.partial:
            for part in (value.func, *value.args, *value.keywords.values()):
                self._later(part, runs=runs)
        elif kind is types.CellType:
            self._cell(value)
        elif kind.__name__ == "_lru_cache_wrapper":
            self._later(getattr(value, "__wrapped__", None), runs=runs)
        else:
            self._object(value)

    def _function(self, value: types.FunctionType) -> None:
        name = value.__globals__.get("__name__")
        if name in self._but or _standard(name):
            return
        for space in (value.__globals__, value.__dict__):
            self._place(space)
            self.attributes.add(id(space))
        if value.__dict__:
            self._later(value.__dict__.get("__wrapped__"))
        for part in (*(value.__closure__ or ()), *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()):
            self._later(part)
        asked = names_in(value.__code__)
        self._names |= asked
        for name in asked & value.__globals__.keys():
            self._later(value.__globals__[name])

    def _class(self, value: type, *, made: bool) -> None:
        """`made`: code has its name, and may make one."""
        for base in value.__mro__:
            if base.__module__ == "builtins" or base.__module__ in self._but or _standard(base.__module__):
                continue
            if made and base not in self._made:
                self._made.add(base)
                self._class(type(base), made=True)
            if id(base) not in self.places:
                self._seen[id(base)] = base
                self._types.append(base)
                self._looked[base] = set()
                self._place(base)
                for found in list(vars(base).values()):
                    if isinstance(found, _CONTAINERS):
                        self._later(found)

    def _cell(self, value: types.CellType) -> None:
        self._place(value)
        try:
            self._later(value.cell_contents)
        except ValueError:
            return

    def _object(self, value: Any) -> None:
        kind = type(value)
        if kind is itertools.count:
            self._place(value)
        if isinstance(value, _ITEMS):
            if isinstance(value, _CONTAINERS):
                self._place(value)
            items = [*dict.keys(value), *dict.values(value)] if isinstance(value, dict) else list(value)
            for item in items:
                self._later(item, runs=False)
        if (
            kind.__module__ == "builtins"
            or kind.__module__ in self._but
            or (_standard(kind.__module__) and kind.__module__ not in _DATA)
        ):
            return
        self._class(kind, made=False)
        fields = fields_of(value)
        if fields is not None:
            self._place(fields)
            self.attributes.add(id(fields))
            for item in list(fields.values()):
                self._later(item, runs=kind.__module__ not in _NOTES)
        for base in kind.__mro__:
            for slot in list(vars(base).values()):
                if type(slot) is types.MemberDescriptorType and slot.__objclass__ is base:
                    self._slot(slot, value)

    def _slot(self, slot: Any, value: object) -> None:
        self._place(value)
        try:
            self._later(slot.__get__(value))
        except AttributeError:
            return

    def _place(self, value: object) -> None:
        self.places[id(value)] = value


def names_in(code: types.CodeType) -> set[str]:
    """Names that a code object, or one inside of it, asks for: globals and attributes."""
    found = set(code.co_names)
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            found |= names_in(const)
    return found


_VALUES = frozenset(
    "pydantic pydantic_core pydantic_settings typing_extensions annotated_types typing_inspection".split()
)
"""Packages that make and check values, and enter what they are handed in no register of their own."""


def _standard(module: object) -> bool:
    """Not followed into."""
    top = module.partition(".")[0] if isinstance(module, str) else ""
    return top in sys.stdlib_module_names or top in _VALUES


def roots_of(node: ast.AST, namespace: dict[str, Any], apart: Collection[int] = ()) -> tuple[list[object], set[str]]:
    """What the decorators of a definition start from: the objects that they name, and the attributes that they ask
    for. `apart`: those that are left out."""
    roots: list[object] = []
    asked: set[str] = set()
    for decorator in all_but(getattr(node, "decorator_list", []), apart):
        for one in nodes_of(decorator):
            if isinstance(one, ast.Name) and one.id in namespace:
                roots.append(namespace[one.id])
            elif isinstance(one, ast.Attribute):
                asked.add(one.attr)
    return roots, asked
