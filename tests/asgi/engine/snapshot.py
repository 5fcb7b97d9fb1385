"""What first-party objects of a process are, by identity: taken before an upgrade, it must be equal after the undo.

A snapshot refers to nothing: it holds ids and texts, and takes a plain reference count on each object, so that ids stay
their objects'. The engine looks for holders of objects; a snapshot must not be one.
"""

from __future__ import annotations

import ctypes
import functools
import linecache
import sys
import types
from collections import deque
from typing import Any

_take, _give = ctypes.pythonapi.Py_IncRef, ctypes.pythonapi.Py_DecRef
_take.argtypes = _give.argtypes = [ctypes.py_object]
_take.restype = _give.restype = None
ATOMS = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis))
FIELDS = ("__code__", "__defaults__", "__kwdefaults__", "__annotations__", "__doc__", "__name__", "__qualname__")
VOLATILE = ("_routes_version", "_mark", "__warningregistry__", "_cache", "_method_cache", "middleware_stack")
WORKED_OUT = ("core_schema__", "validator__", "serializer__", "computed_fields__", "decorators__")
"""What pydantic works out anew for a model on the way back: equal, and not the same. See the adapters' tests."""
LIMIT = 20_000
MISSING = object()


class Snapshot:
    """Everything that the modules of one top package reach, without the insides of other people's modules."""

    def __init__(self, top: str, *, keep: bool = True) -> None:
        """`keep=False`: no references are counted, for an engine that proves by counting them that it knows all."""
        self.top = top
        self._ids: list[int] = []
        self.paths: dict[str, str] = {}
        self.facts = self._look(keep=keep)

    def differences(self) -> list[str]:
        now = self._look(keep=False)
        return [
            f"{self.paths.get(key, key)}: {self.facts.get(key, 'nothing')} -> {now.get(key, 'nothing')}"
            for key in {**self.facts, **now}
            if self.facts.get(key) != now.get(key)
        ]

    def release(self) -> None:
        for one in self._ids:
            _give(ctypes.cast(one, ctypes.py_object))
        self._ids.clear()

    def _look(self, *, keep: bool) -> dict[str, str]:
        facts: dict[str, str] = {}
        seen: set[int] = set()
        queue: deque[tuple[str, Any]] = deque()
        mine = [name for name in sys.modules if name.partition(".")[0] == self.top]
        facts["sys.modules"] = repr([(name, id(sys.modules[name])) for name in sorted(mine)])
        facts["meta_path"] = repr([id(finder) for finder in sys.meta_path])
        for name in mine:
            queue.append((name, sys.modules[name]))
            file = getattr(sys.modules[name], "__file__", None)
            facts[f"linecache {name}"] = repr(file in linecache.cache and linecache.cache[file][0:2])
        while queue and len(seen) < LIMIT:
            path, obj = queue.popleft()
            if id(obj) in seen or issubclass(type(obj), ATOMS):
                continue
            seen.add(id(obj))
            parts = list(self._parts(obj))
            if not parts and not isinstance(obj, dict | list | set | tuple | type | types.FunctionType):
                continue
            if keep:
                _take(ctypes.py_object(obj))  # as it is: a bare one would be asked for its class
                self._ids.append(id(obj))
            facts[f"#{id(obj)}"] = repr([(key, self._short(value)) for key, value in parts])
            self.paths.setdefault(f"#{id(obj)}", path)
            queue.extend((f"{path}.{key}", value) for key, value in parts)
        return facts

    def _short(self, value: Any) -> str:
        return repr(value) if issubclass(type(value), ATOMS) else f"#{id(value)}"

    def _parts(self, obj: Any) -> list[tuple[str, Any]]:
        if issubclass(type(obj), types.ModuleType):
            if obj.__name__.partition(".")[0] != self.top:
                return []
            return [*self._items(vars(obj)), ("order", self._order(vars(obj)))]
        if issubclass(type(obj), types.FunctionType):
            return self._function(obj)
        if issubclass(type(obj), type):
            if obj.__module__.partition(".")[0] != self.top:
                return []
            bases = [(f"base {index}", base) for index, base in enumerate(obj.__bases__)]  # of no account: which tuple
            noted = vars(obj).get("__annotations__", MISSING)  # asking for it makes an empty one
            members = [*((k, v) for k, v in vars(obj).items() if v is not noted or noted), *bases]
            derived = [id(one) for one in type.__subclasses__(obj)]
            unseen = ("__dict__", "__weakref__", "_abc_impl")
            if "__pydantic_core_schema__" in vars(obj):
                unseen = (*unseen, "__signature__", *(f"__pydantic_{name}" for name in WORKED_OUT))
            items = self._items({k: v for k, v in members if k not in unseen})
            return [*items, ("order", self._order(dict(members[: -len(bases)]))), ("derived", repr(derived))]
        if issubclass(type(obj), dict):
            return [(repr(k) if isinstance(k, ATOMS) else f"#{id(k)}", v) for k, v in dict.items(obj)]
        if issubclass(type(obj), list | tuple | deque):
            return [(str(index), value) for index, value in enumerate(obj)]
        if issubclass(type(obj), set | frozenset):
            return (
                sorted((self._short(value), value) for value in obj)
                if all(isinstance(v, ATOMS) for v in obj)
                else [("members", repr(sorted(id(v) for v in obj)))]
            )
        if issubclass(type(obj), staticmethod | classmethod | types.MethodType):
            return [("__func__", obj.__func__)]
        if issubclass(type(obj), property):
            return [("fget", obj.fget), ("fset", obj.fset), ("fdel", obj.fdel)]
        if issubclass(type(obj), functools.partial):
            return [("func", obj.func), ("args", obj.args), ("keywords", obj.keywords)]
        fields = getattr(type(obj), "__dict__", {}).get("__dict__") and object.__getattribute__(obj, "__dict__")
        return [*self._items(fields), ("order", self._order(fields))] if type(fields) is dict else []

    def _items(self, namespace: dict[str, Any]) -> list[tuple[str, Any]]:
        named = {str(key): value for key, value in namespace.items()}
        return sorted(
            ((key, value) for key, value in named.items() if key not in ("__builtins__", *VOLATILE)),
            key=lambda item: item[0],
        )

    def _order(self, namespace: Any) -> str:
        return repr([name for name in namespace if name not in ("__builtins__", *VOLATILE)])

    def _function(self, obj: Any) -> list[tuple[str, Any]]:
        if obj.__module__ is None or (obj.__module__ or "").partition(".")[0] not in (
            self.top,
            "functools",
            "contextlib",
        ):
            if not obj.__code__.co_filename.count(f"/{self.top}/"):
                return []
        parts = [(name, getattr(obj, name)) for name in FIELDS]
        for index, cell in enumerate(obj.__closure__ or ()):
            parts.append((f"cell{index}", id(cell)))
            try:
                parts.append((f"<{obj.__code__.co_freevars[index]}>", cell.cell_contents))
            except ValueError:
                continue
        return [*parts, *self._items(vars(obj))]
