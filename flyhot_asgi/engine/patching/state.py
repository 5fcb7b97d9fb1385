"""Pre-images of module-level state: what a statement of the release may change through the app's own code."""

from __future__ import annotations

import types
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

from ..living.attributes import fields_of
from ..living.inventory import module_of, subclasses
from ..living.registries import dispatchers_in
from ..source.plan import Plan
from ..source.values import ATOMS, EXACT_CONTAINERS
from .classobject import touch_class
from .journal import Journal
from .remake import touch_dispatcher

_WEAK = (weakref.WeakValueDictionary, weakref.WeakKeyDictionary, weakref.WeakSet)
_DEFINITIONS = (type, types.FunctionType)
_DEPTH, _MOST, _LOOKED_INTO = 4, 50_000, 1000


def touch_state(plan: Plan, journal: Journal, classes: Iterable[type] | None = None) -> None:
    """Module namespaces, and the containers and first-party objects that are module-level state or a class's.

    A registering decorator, a constructor, a hook of a class reach them by name. Only needed when statements are
    executed at all. What only libraries hold is not among it. `classes`: all of the app's, if somebody has looked.
    """
    if not plan.work and not plan.added:
        return
    walk = _Walk(frozenset(plan.live), journal)
    looked_into: set[int] = set()
    for name, module in plan.live.items():
        journal.touch_namespace(vars(module), f"names of {name}")
        for key, value in list(vars(module).items()):
            if not key.startswith("__"):
                walk.touch(value, f"`{key}` of {name}", _DEPTH)
            if issubclass(type(value), _DEFINITIONS) and id(value) not in looked_into:
                looked_into.add(id(value))
                for function in dispatchers_in(value):
                    touch_dispatcher(function, journal)
    for value in _definitions(plan) if plan.renamed else ():
        if isinstance(value, type):
            touch_class(value, journal)
        else:
            journal.touch_function(value)
    plain: list[tuple[type, dict[str, Any]]] = []
    for cls in subclasses(object) if classes is None else classes:
        if module_of(cls) in walk.own:
            members = {key: value for key, value in vars(cls).items() if not key.startswith(("__", "_abc_"))}
            plain.append((cls, members))
            for key, value in members.items():
                walk.touch(value, f"`{cls.__qualname__}.{key}`", _DEPTH - 1)
    journal.spare(plain, *plain, *(members for _, members in plain))
    journal.note("attributes of classes", lambda: _take_back(plain))


def _take_back(before: list[tuple[type, dict[str, Any]]]) -> None:
    """What statements did to classes by the app's own code: counts, and what a hook or a decorator notes in them."""
    for cls, members in before:
        found = vars(cls)
        for key, value in members.items():
            if type(value) in ATOMS and found.get(key, _MISSING) is not value:
                type.__setattr__(cls, key, value)
        for key in [key for key in found if key not in members and not key.startswith(("__", "_abc_"))]:
            type.__delattr__(cls, key)


_MISSING = object()


def _definitions(plan: Plan) -> Iterator[type | types.FunctionType]:
    """Functions and classes that are at home at the top of a module of the app's."""
    for module in plan.live.values():
        for value in list(vars(module).values()):
            if isinstance(value, _DEFINITIONS) and value.__module__ in plan.live:
                yield value


class _Walk:
    """Down through containers and the attributes of first-party objects."""

    def __init__(self, own: frozenset[str], journal: Journal) -> None:
        self.own = own
        self._journal = journal
        self._seen: set[int] = set()

    def touch(self, value: Any, what: str, depth: int) -> None:
        kind = type(value)
        if kind in _WEAK:
            self._journal.touch_container(value.data, what)
            return
        if kind in EXACT_CONTAINERS:
            inside = value
            if id(value) not in self._seen:
                self._journal.touch_container(value, what)
        elif module_of(kind) in self.own and not issubclass(type(value), (type, types.ModuleType)):
            inside = fields_of(value)
            if inside is None:
                return
            if id(value) not in self._seen:
                self._journal.touch_namespace(inside, what)
        else:
            return
        if id(value) in self._seen or not depth or len(self._seen) > _MOST or kind is bytearray:
            return
        self._seen.add(id(value))
        if len(inside) <= _LOOKED_INTO:
            for item in list(inside.values() if isinstance(inside, dict) else inside):
                self.touch(item, what, depth - 1)
