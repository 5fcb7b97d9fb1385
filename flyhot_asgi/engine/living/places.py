"""What the app's modules have under a qualified name now, without asking anybody: no code of the app's runs."""

from __future__ import annotations

import sys
import types
from collections.abc import Collection
from typing import Any

from .attributes import is_heap_type

_SPACES = (type, types.ModuleType)
_WRAPPING = (staticmethod, classmethod)


def found_at(module: str, qualname: str) -> Any:
    """The definition that stands there, of a static or class method its function; None if nothing does."""
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = vars(found).get(part) if issubclass(type(found), _SPACES) else None
        if issubclass(type(found), _WRAPPING):
            found = found.__func__
    return found


def is_made_by_call(cls: type, own: Collection[str] = ()) -> bool:
    """A call made the class, and no module has it under the name that it says: `make_row("id")` of the app's modules
    `own`, or Python's own that do not ask who calls (`types.new_class`, `make_dataclass` before 3.12)."""
    if not is_heap_type(cls) or found_at(str(cls.__module__), cls.__qualname__) is cls:
        return False
    return cls.__module__ in own or str(cls.__module__).partition(".")[0] in sys.stdlib_module_names
