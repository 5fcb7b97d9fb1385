"""Containers of module-level state that hold code objects: a set of frames to leave out of tracebacks, a table by code.

Code objects are compared by value, lines included, so that such a container must be told when functions get new ones.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Iterable
from typing import Any

_DEPTH, _MOST = 4, 20_000
_CONTAINERS = (list, set, dict, deque)


def containers_of_codes(modules: Iterable[types.ModuleType]) -> list[Any]:
    """Lists, sets, dicts and deques below the names of these modules, and of attributes of their classes' instances."""
    own = {vars(module).get("__name__") for module in modules}
    found: list[Any] = []
    seen: set[int] = set()
    queue: list[tuple[Any, int]] = [(value, 0) for module in modules for value in list(vars(module).values())]
    while queue and len(seen) < _MOST:
        value, depth = queue.pop()
        kind = type(value)
        if id(value) in seen or depth > _DEPTH:
            continue
        if kind in _CONTAINERS:
            inside = [*value.keys(), *value.values()] if kind is dict else list(value)
            if any(type(one) is types.CodeType for one in inside):
                found.append(value)
        elif kind.__module__ in own and type(fields := _fields(value)) is dict:
            inside = list(fields.values())
        else:
            continue
        seen.add(id(value))
        queue += [(one, depth + 1) for one in inside[:1000]]
    return found


def _fields(value: Any) -> Any:
    try:
        return object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
