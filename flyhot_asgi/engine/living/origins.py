"""The library's objects behind a full name (`structlog.configure`), without importing anything or running code."""

from __future__ import annotations

import sys
import types
from typing import Any

OF_LIBRARY = "what is set by "
"""Begins the name of a setting that is a library's."""
_MISSING: Any = object()


def start(origin: str) -> list[Any] | None:
    """All that the name leads over, the module left out. None: nobody sees into it."""
    module, rest = module_of(origin)
    if module is None:
        return None
    found: list[Any] = []
    value: Any = module
    for name in rest.split("."):
        value = _look(value, name)
        if value is _MISSING:
            break
        found.append(value)
    if found and isinstance(found[-1], types.BuiltinFunctionType | types.BuiltinMethodType):
        return None
    return found or None


def _look(value: Any, name: str) -> Any:
    """An attribute, without running code of its owner's."""
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        own = {}
    if name in own:
        return own[name]
    kinds = value.__mro__ if isinstance(value, type) else type(value).__mro__
    return next((vars(base)[name] for base in kinds if name in vars(base)), _MISSING)


def module_of(origin: str) -> tuple[types.ModuleType | None, str]:
    """The module that a full name begins with, and the rest."""
    name = origin
    while name:
        if isinstance(found := sys.modules.get(name), types.ModuleType):
            return found, origin[len(name) + 1 :]
        name = name.rpartition(".")[0]
    return None, origin
