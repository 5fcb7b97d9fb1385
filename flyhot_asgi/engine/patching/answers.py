"""What the interpreter's library remembers of classes: answers of `isinstance` against abstract classes and protocols,
and the implementations that `singledispatch` functions chose.

A class that gains or loses a base or a member, or a `__subclasshook__` whose body changed, makes such answers stale,
and nobody else would empty them. All are forgotten after the change and after its undo; they are given anew when asked
for.
"""

from __future__ import annotations

import abc
import functools
import gc
import types
import weakref
from typing import Any

from ..living.inventory import subclasses
from ..living.registries import forget_answers, remembered_by
from ..source.module import SourceModule
from ..source.plan import Plan
from .journal import Journal

_HOOKS = ("__subclasshook__", "__instancecheck__", "__subclasscheck__")


class Answers:
    """Those that are remembered now. `look()` may be called ahead, in a thread."""

    def __init__(self, plan: Plan) -> None:
        self._concerned = plan.executes or bool(plan.moves) or any(map(_has_hook, plan.new.values()))
        self._classes: list[weakref.ref[type]] | None = None
        self._dispatchers: list[weakref.ref[types.FunctionType]] = []

    def look(self, *, again: bool = True) -> None:
        """Who remembers something. Looks at all classes, and once at the heap."""
        if not self._concerned or (self._classes is not None and not again):
            return
        self._classes = [weakref.ref(cls) for cls in subclasses(object) if is_asked(cls)]
        found = gc.get_referrers(_DISPATCHER) if _DISPATCHER is not None else []
        self._dispatchers = [weakref.ref(one) for one in found if type(one) is types.FunctionType]

    def touch(self, journal: Journal) -> None:
        """What comes back with the undo: the choices of dispatchers; abstract classes find theirs again."""
        journal.note("answers about classes", self._forget_abstract)
        for function in self._functions():
            if (remembered := remembered_by(function)) is not None:
                journal.touch_container(remembered, f"implementations found by {function.__qualname__}")

    def forget(self) -> None:
        """Idempotent."""
        self._forget_abstract()
        for function in self._functions():
            forget_answers(function)

    def _forget_abstract(self) -> None:
        for ref in self._classes or ():
            if (cls := ref()) is not None and is_asked(cls):
                _CLEAR(cls)

    def _functions(self) -> list[types.FunctionType]:
        return [function for ref in self._dispatchers if (function := ref()) is not None]


def _has_hook(source: SourceModule) -> bool:
    """It answers by code of the app's, which may read anything."""
    return any(name in source.text for name in _HOOKS)


def is_asked(cls: type) -> bool:
    """An abstract class, a protocol: it remembers what it answered."""
    return issubclass(type(cls), abc.ABCMeta) and "_abc_impl" in vars(cls)


def _dispatcher() -> types.CodeType | None:
    """The code that all `singledispatch` functions run."""
    return getattr(functools.singledispatch(repr), "__code__", None)


_DISPATCHER: Any = _dispatcher()
_CLEAR: Any = abc.ABCMeta._abc_caches_clear  # type: ignore[attr-defined]
