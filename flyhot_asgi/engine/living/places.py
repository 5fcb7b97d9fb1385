"""What the app's modules have under a qualified name now, without asking anybody: no code of the app's runs."""

from __future__ import annotations

import sys
import types
from typing import Any

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
