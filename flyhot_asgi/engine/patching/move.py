"""Functions and classes that moved to another module, after that has made its own.

Whoever holds the living object holds what moved: its identity stays, its code, globals and `__module__` are those of
the new home. What the new home made is replaced by it everywhere, and freed. A function that the new home made
otherwise (another chain of wrappers) raises UpgradeError, and the journal is rolled back.
"""

from __future__ import annotations

import gc
import sys
import types
import weakref
from typing import Any

from ...errors import UpgradeError
from ..living.wrapped import function_chain
from ..source.plan import Move, Plan
from .journal import Journal, set_globals
from .pouring import pour
from .substitute import Substitution
from .twin import Held, TwinPourer, free, renamed


class Moves:
    """Those of one plan, each as early as it can be."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._left = plan, list(plan.moves)

    def to_imported(self, journal: Journal) -> None:
        """Functions whose new home was imported just now: what is executed next may call them."""
        for one in [one for one in self._left if one.twin is None and one.new[0] in self._plan.added]:
            spec = getattr(sys.modules.get(one.new[0]), "__spec__", None)
            if spec is not None and not getattr(spec, "_initializing", False):
                self._left = [other for other in self._left if other is not one]
                move(one, self._namespaces(), journal)

    def rest(self, journal: Journal) -> list[Held]:
        """When all was executed. Returns as `move` does."""
        return [held for one in self._left for held in move(one, self._namespaces(), journal)]

    def _namespaces(self) -> list[dict[str, Any]]:
        return [vars(module) for name in self._plan.new if (module := sys.modules.get(name)) is not None]


def move(one: Move, namespaces: list[dict[str, Any]], journal: Journal) -> list[Held]:
    """Let the living object take its new home. `namespaces`: of the app's modules. Returns the second classes that
    somebody holds still: to be freed when all that frameworks keep of them was made anew."""
    home, name = one.new
    module = sys.modules.get(home)
    made = vars(module).get(name) if module is not None else None
    if made is one.living:
        return []
    if made is None or type(made) is not type(one.living):
        raise UpgradeError(f"`{name}` of {one.old[0]} moved to {home}, which makes something else of it")
    if one.twin is not None:
        assert module is not None
        pourer = TwinPourer(one.twin, journal, moved=(one.old[1], one.new[1]))
        pourer.begin()
        del made
        return pourer.finish(vars(module), namespaces)
    pairs = _pairs(one, made)
    if pairs is None:
        raise UpgradeError(f"`{name}` of {one.old[0]} moved to {home}, where other decorators make it")
    gone = weakref.ref(made)
    del made
    for old, new in pairs:
        journal.touch_function(old)
        if old.__globals__ is not new.__globals__:
            set_globals(old, new.__globals__)
            old.__module__ = new.__module__
        pour(old, new, journal)
        del old, new
    substitution = Substitution([(new, old) for old, new in pairs])
    attributes = [vars(old) for old, _ in pairs]
    pairs.clear()
    substitution.run([*namespaces, *attributes])
    del substitution
    if gone() is not None:
        gc.collect()
    if (left := gone()) is not None:
        free([(gone, one.living)], journal)
        del left
    return []


def _pairs(one: Move, made: Any) -> list[tuple[types.FunctionType, types.FunctionType]] | None:
    """Each function of the old chain with that of the new; None if they are not the same chain."""
    before, after = list(function_chain(one.living)), list(function_chain(made))
    places = [renamed(f.__code__.co_qualname, one.old[1], one.new[1]) for f in before]
    if places != [f.__code__.co_qualname for f in after]:
        return None
    return [(old, new) for old, new in zip(before, after, strict=True) if old is not new]
