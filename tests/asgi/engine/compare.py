"""Is a living release the same as a cold import of it? Two object graphs, walked side by side.

Beside contents it compares **sharing**: an object that the living side reaches twice must be one object on the cold
side too. A from-import that still holds the old function, while its home has a new one, shows up so.
"""

from __future__ import annotations

import datetime
import decimal
import functools
import pathlib
import re
import sys
import types
from collections import deque
from typing import Any

from flyhot_asgi.engine.source.codetree import same_contents

ATOMS = (type(None), bool, int, float, complex, str, bytes, bytearray, range, type(Ellipsis))
VALUES = (pathlib.PurePath, datetime.date, datetime.timedelta, decimal.Decimal, re.Pattern)
OMIT = {
    "__dict__",
    "__weakref__",
    "_abc_impl",
    "__builtins__",
    "__module__",
    "__doc__",
    "__annotations__",
    "_routes_version",
}
OMIT |= {"__annotations_cache__", "__classdictcell__", "__signature__"}
MODULE_OMIT = {"__builtins__", "__cached__", "__file__", "__loader__", "__spec__", "__path__"}
CACHE = type(functools.lru_cache(lambda: None))


class Comparison:
    """`live_top` and `cold_top` are the names of the top packages; they may stand in strings."""

    def __init__(self, live_top: str, cold_top: str) -> None:
        self.tops = (live_top, cold_top)
        self.found: list[str] = []
        self._pairs: set[tuple[int, int]] = set()
        self._partner: dict[int, tuple[int, str]] = {}
        self._keep: list[object] = []

    def modules(self, live: dict[str, types.ModuleType], cold: dict[str, types.ModuleType]) -> list[str]:
        mine = set(live)
        other = {self._live_name(name) for name in cold}
        self._expect(mine == other, "modules", sorted(mine ^ other))
        for name, module in cold.items():
            twin = live.get(self._live_name(name))
            if twin is not None:
                self._namespace(vars(twin), vars(module), self._live_name(name), MODULE_OMIT)
        return self.found

    def _live_name(self, text: str) -> str:
        return text.replace(self.tops[1], self.tops[0])

    def _expect(self, truth: bool, path: str, what: object) -> None:
        if not truth:
            self.found.append(f"{path}: {what}")

    def _namespace(self, a: Any, b: Any, path: str, omit: set[str]) -> None:
        names = {name for name in {*a, *b} if name not in omit and not name.startswith("__pydantic")}
        if "__annotations__" in names and not a.get("__annotations__") and not b.get("__annotations__"):
            names.discard("__annotations__")
        for name in sorted(names):
            if name not in a or name not in b:
                self._expect(False, f"{path}.{name}", "missing" if name not in a else "too much")
            else:
                self.value(a[name], b[name], f"{path}.{name}")

    def value(self, a: Any, b: Any, path: str) -> None:
        if a is b or (id(a), id(b)) in self._pairs:
            return
        if type(a) is not type(b) and not self._first_party_type(type(a)) and not _made_alike(type(a), type(b)):
            self._expect(False, path, f"{type(a).__qualname__} instead of {type(b).__qualname__}")
            return
        if issubclass(type(a), ATOMS) and not self._first_party_type(type(a)):
            mine, other = (a, self._live_name(b)) if isinstance(a, str) else (a, b)
            self._expect(type(a) is type(b) and mine == other, path, f"{a!r} instead of {b!r}")
            return
        if issubclass(type(a), VALUES):
            return
        self._pairs.add((id(a), id(b)))
        self._keep += [a, b]
        self._share(a, b, path)
        self._contents(a, b, path)

    def _share(self, a: Any, b: Any, path: str) -> None:
        # by their types alone: a lazy object must not be asked for its class; these are told by what they are made of
        if issubclass(
            type(a), tuple | frozenset | types.GenericAlias | types.UnionType
        ):  # told by what they are made of
            return
        first = self._partner.setdefault(id(a), (id(b), path))
        self._expect(first[0] == id(b), path, f"is the object of {first[1]}, cold they are two")
        back = self._partner.setdefault(-id(b), (id(a), path))
        self._expect(back[0] == id(a), path, f"is not the object of {back[1]}, cold they are one")

    def _contents(self, a: Any, b: Any, path: str) -> None:
        if issubclass(type(a), types.FunctionType):
            self._function(a, b, path)
        elif issubclass(type(a), type):
            self._class(a, b, path)
        elif issubclass(type(a), types.ModuleType):
            self._expect(a.__name__ == self._live_name(b.__name__), path, f"module {a.__name__}")
        elif issubclass(type(a), dict):
            self._expect([self._key(k) for k in a] == [self._key(k) for k in b], path, f"keys {list(a)} not {list(b)}")
            for (_, x), (k, y) in zip(a.items(), b.items(), strict=False):
                self.value(x, y, f"{path}[{k!r}]")
        elif issubclass(type(a), list | tuple | deque):
            self._expect(len(a) == len(b), path, f"{len(a)} items, not {len(b)}")
            for index, (x, y) in enumerate(zip(a, b, strict=False)):
                self.value(x, y, f"{path}[{index}]")
        elif issubclass(type(a), set | frozenset):
            self._expect(sorted(map(self._key, a)) == sorted(map(self._key, b)), path, f"{a} not {b}")
        else:
            self._object(a, b, path)

    def _key(self, key: Any) -> str:
        return repr(key) if isinstance(key, ATOMS) else getattr(key, "__qualname__", type(key).__qualname__)

    def _first_party_type(self, kind: type) -> bool:
        return kind.__module__.partition(".")[0] in self.tops

    def _function(self, a: Any, b: Any, path: str) -> None:
        x, y = a.__code__, b.__code__
        self._expect(same_contents(x, y) or (x.co_name == y.co_name and "lab" in repr(x.co_consts)), path, "other code")
        lines = ([line for *_, line in x.co_lines()], [line for *_, line in y.co_lines()])
        self._expect(lines[0] == lines[1], path, "other lines")
        for name in ("__defaults__", "__kwdefaults__", "__annotations__", "__doc__", "__name__", "__qualname__"):
            self.value(getattr(a, name), getattr(b, name), f"{path}.{name}")
        self.value(a.__module__, b.__module__, f"{path}.__module__")
        self._namespace(vars(a), vars(b), path, set())
        self._expect(x.co_freevars == y.co_freevars, path, f"free variables {x.co_freevars} not {y.co_freevars}")
        for name, mine, other in zip(x.co_freevars, a.__closure__ or (), b.__closure__ or (), strict=False):
            try:
                self.value(mine.cell_contents, other.cell_contents, f"{path}<{name}>")
            except ValueError:
                continue

    def _class(self, a: Any, b: Any, path: str) -> None:
        if not self._first_party_type(b) and getattr(sys.modules.get(b.__module__), b.__qualname__, None) is b:
            self._expect(a is b, path, f"{a} instead of {b}")  # a library's, not one that a library made for the app
            return
        self._expect(a.__qualname__ == b.__qualname__, path, f"class {a.__qualname__}")
        self.value(a.__module__, b.__module__, f"{path}.__module__")
        self.value(a.__doc__, b.__doc__, f"{path}.__doc__")
        self.value(a.__bases__, b.__bases__, f"{path}.__bases__")
        self.value(
            dict(vars(a).get("__annotations__") or {}), dict(vars(b).get("__annotations__") or {}), f"{path}.ann"
        )
        mine, other = dict(vars(a)), dict(vars(b))
        for members in (mine, other):
            if "__static_attributes__" in members:
                members["__static_attributes__"] = frozenset(members["__static_attributes__"])
        self._namespace(mine, other, path, OMIT)

    def _object(self, a: Any, b: Any, path: str) -> None:
        if issubclass(type(a), staticmethod | classmethod):
            self.value(a.__func__, b.__func__, path)
        elif issubclass(type(a), property):
            for name in ("fget", "fset", "fdel", "__doc__"):
                self.value(getattr(a, name), getattr(b, name), f"{path}.{name}")
        elif issubclass(type(a), types.MethodType):
            self.value(a.__func__, b.__func__, f"{path}.__func__")
            self.value(a.__self__, b.__self__, f"{path}.__self__")
        elif issubclass(type(a), functools.partial):
            self.value([a.func, a.args, a.keywords], [b.func, b.args, b.keywords], f"{path}<partial>")
        elif issubclass(type(a), functools.cached_property):
            self.value(a.func, b.func, f"{path}.func")
        elif issubclass(type(a), CACHE):
            self.value(a.__wrapped__, b.__wrapped__, f"{path}.__wrapped__")
        elif self._first_party_type(type(a)):
            self.value(type(a), type(b), f"{path}.__class__")
            if hasattr(a, "__dict__") and hasattr(b, "__dict__"):
                self._namespace(vars(a), vars(b), path, OMIT)
        elif isinstance(getattr(a, "routes", None), list):
            self.value(a.routes, b.routes, f"{path}.routes")
        elif type(a).__name__.endswith(("Route", "Mount", "Host")):
            for name in ("path", "name", "methods", "endpoint", "app"):
                if name in vars(a) or name in vars(b):
                    if name != "app" or "endpoint" not in vars(a):
                        self.value(vars(a).get(name), vars(b).get(name), f"{path}.{name}")


def _made_alike(one: type, other: type) -> bool:
    """A library makes such a class for each of the app's (attrs' tuples of attributes)."""
    place = (one.__module__, one.__qualname__)
    return place == (other.__module__, other.__qualname__) and _found(*place) not in (one, other)


def _found(module: str, name: str) -> object:
    return getattr(sys.modules.get(module), name, None)
