"""The environment with which this process began. What the app sets of it when it is imported, a fresh process that
imports another release must not find set: `os.environ.setdefault` would do nothing there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

_PLACE = Path("/proc/self/environ")
_SETS = re.compile(r"environ\s*(?:\.\s*(?:setdefault|update)\b|\[[^\]\n]*\]\s*\+?=[^=])|\bputenv\b")


def began_with() -> dict[bytes, bytes] | None:
    """As the system keeps it (proc(5)); None where it does not."""
    try:
        found = _PLACE.read_bytes()
    except OSError:
        return None
    return dict(one.split(b"=", 1) for one in found.split(b"\0") if b"=" in one)


def without_what_is_set(texts: Iterable[str]) -> dict[str, str] | None:
    """This process's environment, with variables that these modules' texts set and name as it began with them. None if
    there are none of these, or if that is not known."""
    setting = [text for text in texts if _SETS.search(text)]
    began = began_with() if setting else None
    if began is None:
        return None
    now = dict(os.environb)
    other = [key for key in now.keys() | began.keys() if now.get(key) != began.get(key)]
    named = [key for key in other if any(_names(text, key) for text in setting)]
    if not named:
        return None
    kept = {key: value for key, value in now.items() if key not in named}
    kept.update({key: began[key] for key in named if key in began})
    return {os.fsdecode(key): os.fsdecode(value) for key, value in kept.items()}


def _names(text: str, key: bytes) -> bool:
    name = os.fsdecode(key)
    return f'"{name}"' in text or f"'{name}'" in text or re.search(rf"\b{re.escape(name)}\s*=", text) is not None
