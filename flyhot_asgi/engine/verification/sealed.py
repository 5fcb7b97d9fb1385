"""What a release looks like, made fit to travel: texts that may hold a value of the app's are hashed. Pure.

A module may hold a secret (`KEY = os.environ["KEY"]`), and a description says what each name holds. On its way to other
machines it says only whether that is the same: `KEY` is `text #1f0c…`, salted with the release's digest, and the living
process is sealed in the same way before it is compared. What kind of thing a name means stays readable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ..source.paths import ORDER

Structure = dict[str, tuple[str, str]]
_KINDS = frozenset({"function", "class", "a", "method", "pattern", "builtin"})
_DIGITS = 24


def sealed(structure: Mapping[str, tuple[str, str]], salt: str) -> Structure:
    """The same with every text hashed that quotes something; `salt` "": as it is."""
    if not salt:
        return dict(structure)
    return {path: (entry[0], _of(path, entry[1], salt)) for path, entry in structure.items()}


def seal(cold: Mapping[str, Any], salt: str) -> dict[str, Any]:
    """A check's document with sealed structures, and the salt in it. One that is sealed stays as it is."""
    if cold.get("sealed") or "structure" not in cold:
        return dict(cold)
    before = cold.get("before")
    return {
        **cold,
        "structure": sealed(cold["structure"], salt),
        "before": sealed(before, salt) if before is not None else None,
        "sealed": salt,
    }


def _of(path: str, text: str, salt: str) -> str:
    if path.endswith(ORDER):  # its lines are compared one by one
        return "\n".join(_hashed(line, salt) for line in text.splitlines())
    return _hashed(text, salt)


def _hashed(text: str, salt: str) -> str:
    if "'" not in text and '"' not in text:
        return text
    kind = text.partition(" ")[0]
    digest = hashlib.sha256(f"{salt}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"{kind if kind in _KINDS else 'text'} #{digest[:_DIGITS]}"
