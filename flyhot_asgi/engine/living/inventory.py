"""What is alive in this process: functions by file, frames that run, instances, and who holds an object.

Reads only. Introspection must not run the app's code (a lazy proxy would wake up), so types are asked with `type()`
and attributes of unknown objects are not touched.
"""

from __future__ import annotations

import gc
import types
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

_RUNNING = (types.CoroutineType, types.GeneratorType, types.AsyncGeneratorType)


@dataclass
class Survey:
    """One pass over all objects that the collector knows, for code of `files` and instances of `classes`."""

    files: frozenset[str]
    classes: frozenset[type]
    functions: list[types.FunctionType] = field(default_factory=list)
    running: list[Any] = field(default_factory=list)
    caches: list[Any] = field(default_factory=list)
    """`functools.lru_cache` wrappers."""
    modules: list[types.ModuleType] = field(default_factory=list)
    """Module objects of these files, whether anybody finds them by a name or not."""
    instances: Counter[type] = field(default_factory=Counter)
    _objects: dict[type, list[Any]] | None = None

    @property
    def lists(self) -> list[object]:
        """Its own lists, which hold what they list."""
        return [self.functions, self.running, self.caches, self.modules, *(self._objects or {}).values()]

    @property
    def tables(self) -> list[object]:
        """Its own tables, by class."""
        return [self.instances, self._objects]

    def clear(self) -> None:
        self.functions, self.running, self.caches, self.modules = [], [], [], []
        self.instances, self._objects = Counter(), None

    def let_go(self) -> None:
        """Of what it lists, not of the counts: whoever keeps it keeps nothing alive."""
        self.functions, self.running, self.caches, self.modules, self._objects = [], [], [], [], None

    def count(self, cls: type) -> int:
        """How many instances of a class, and of those derived from it, were there at the last look."""
        return sum(count for kind, count in self.instances.items() if derives(kind, cls))

    def objects(self, cls: type) -> list[Any]:
        """Living instances of a class and of those derived from it. One pass over the heap for all classes, when first
        asked after a look."""
        if self._objects is None:
            found: dict[type, list[Any]] = {kind: [] for kind in self._derived()}
            for obj in [one for one in gc.get_objects() if type(one) in found]:
                found[type(obj)].append(obj)
            self._objects = found
        return [obj for kind, objects in self._objects.items() if derives(kind, cls) for obj in objects]

    def _derived(self) -> set[type]:
        return {cls for base in self.classes for cls in [base, *subclasses(base)]}

    def look(self) -> None:
        """10-50 ms for a heap of half a million objects. Objects that `gc.freeze()` hid are brought back first."""
        gc.unfreeze()
        self.clear()
        wanted = self.files
        derived = self._derived()
        kinds = frozenset({types.FunctionType, types.ModuleType, _CACHE, *_RUNNING, *derived})
        for obj in [one for one in gc.get_objects() if type(one) in kinds]:  # most are none of these
            kind = type(obj)
            if kind is types.FunctionType:
                if is_one_of(obj, wanted):
                    self.functions.append(obj)
            elif kind in _RUNNING:
                if running_code(obj).co_filename in wanted:
                    self.running.append(obj)
            elif kind is _CACHE:
                self.caches.append(obj)
            elif kind is types.ModuleType:
                if vars(obj).get("__file__") in wanted:
                    self.modules.append(obj)
            elif kind in derived:
                self.instances[kind] += 1


def survey(files: Collection[str], classes: Collection[type] = ()) -> Survey:
    """Look once at everything alive whose code comes from `files`; count instances of `classes`, derived ones too."""
    found = Survey(frozenset(files), frozenset(classes))
    found.look()
    return found


def living_functions(files: Collection[str]) -> list[types.FunctionType]:
    """Functions whose code comes from `files`, among the objects that the collector shows. The quick half of a survey:
    some 30 ns an object, for use while sessions are held."""
    wanted = frozenset(files)
    function = types.FunctionType
    return [o for o in gc.get_objects() if type(o) is function and is_one_of(o, wanted)]


def is_one_of(function: types.FunctionType, files: Collection[str]) -> bool:
    """Its code comes from one of `files`. The body of a module is none of its functions, though CPython keeps one for
    the main module's as long as that runs (`python main.py`)."""
    code = function.__code__
    return code.co_filename in files and code.co_name != "<module>"


def functions_of(modules: Iterable[types.ModuleType]) -> list[types.FunctionType]:
    """Functions whose globals are those of `modules`: one pass at C speed, as long as there are few modules."""
    namespaces = [vars(module) for module in modules]
    if not namespaces:
        return []
    return [one for one in gc.get_referrers(*namespaces) if type(one) is types.FunctionType]


def _cache_type() -> type:
    from functools import lru_cache

    return type(lru_cache(lambda: None))


_CACHE = _cache_type()


def is_cache(value: object) -> bool:
    """A `functools.lru_cache` wrapper."""
    return type(value) is _CACHE


def running_code(obj: Any) -> types.CodeType:
    """The code of a coroutine, generator or async generator."""
    if isinstance(obj, types.CoroutineType):
        return obj.cr_code
    if isinstance(obj, types.GeneratorType):
        return obj.gi_code
    code: types.CodeType = obj.ag_code
    return code


def is_suspended(obj: Any) -> bool:
    """It has started, or may start, and has not ended: its frame will still run."""
    return frame_of(obj) is not None


def frame_of(obj: Any) -> types.FrameType | None:
    """The frame of a coroutine, generator or async generator; None if it has ended."""
    return next((f for name in ("cr_frame", "gi_frame", "ag_frame") if (f := getattr(obj, name, None))), None)


def derives(kind: type, cls: type) -> bool:
    """`issubclass` by the classes alone: asking an ABC or a Protocol runs their hooks, which may raise."""
    return cls in type.__getattribute__(kind, "__mro__")


def classes_of(names: Collection[str]) -> list[type]:
    """All living classes that say they are of these modules, those that functions made included."""
    return [cls for cls in subclasses(object) if vars(cls).get("__module__") in names]


def module_of(cls: type) -> str:
    """Where a class says that it is from; "" if it says nothing: `type()` was called where there is no `__name__`."""
    found = getattr(cls, "__module__", None)
    return found if isinstance(found, str) else ""


def subclasses(cls: type) -> list[type]:
    """All living classes derived from `cls`, at any depth."""
    found: dict[type, None] = {}
    queue = [cls]
    while queue:
        below: list[type] = type.__subclasses__(queue.pop())
        for sub in below:
            if sub not in found:
                found[sub] = None
                queue.append(sub)
    return list(found)


def holders(obj: object, *, passing: Iterable[object], depth: int = 3) -> list[object]:
    """Who refers to `obj`, but for the objects in `passing` and the frames that ask. Up to 45 ms on a large heap.

    Cells, tuples, properties and the like are looked through: they hold for whoever holds them. Written without
    comprehensions over `obj`: their cells would be referrers themselves.
    """
    ignored = {id(passing), *(id(one) for one in passing)}
    found: list[object] = []
    seen = {id(obj), id(found)}
    queue: list[tuple[object, int]] = [(obj, 0)]
    seen.add(id(queue))
    while queue:
        held, level = queue.pop()
        for holder in gc.get_referrers(held):
            if id(holder) in ignored or id(holder) in seen or type(holder) is types.FrameType:
                continue
            seen.add(id(holder))
            if type(holder) in _TRANSPARENT and level < depth:
                queue.append((holder, level + 1))
            else:
                found.append(holder)
        del held
    return found


_TRANSPARENT = (types.CellType, tuple, property, staticmethod, classmethod)


def is_among(obj: object, items: Iterable[object]) -> bool:
    """`obj` itself is one of `items`. A function of its own, as a comprehension would hold `obj` in a cell."""
    for one in items:
        if one is obj:
            return True
    return False


def describe(holder: object) -> str:
    """What a holder is, in a few words, without running its code."""
    if isinstance(holder, types.ModuleType):
        return f"module {holder.__name__}"
    if isinstance(holder, dict):
        name = dict.get(holder, "__name__")
        if isinstance(name, str) and "__builtins__" in holder:
            return f"module {name}"
        return f"a dict with {len(holder)} keys"
    if isinstance(holder, types.FunctionType | type):
        return f"{getattr(holder, '__module__', None)}.{holder.__qualname__}"
    if isinstance(holder, types.CellType):
        return "a closure"
    return f"a {module_of(type(holder))}.{type(holder).__qualname__}"
