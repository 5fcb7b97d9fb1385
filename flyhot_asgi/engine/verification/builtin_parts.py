"""What an instance of an app's class is beside its attributes, where the class derives from a built-in type: the fields
of a named tuple, the items of a `class Rows(list)`, the text of a `class Name(str)`. Runs none of the app's code."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any

from ..source.paths import brief

_ATOMS: tuple[type, ...] = (str, bytes, int, float, complex)
_SEQUENCES: tuple[type, ...] = (tuple, list, deque)
_MOST = 1000


def built_in_parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Each part with the end of its path: plain values, or what the container holds."""
    kind = type(value)
    if base := next((one for one in _ATOMS if issubclass(kind, one)), None):
        yield " (value)", _plain(base, value)
    elif base := next((one for one in _SEQUENCES if issubclass(kind, one)), None):
        items = list(base.__iter__(value))  # type: ignore[attr-defined]
        yield " (length)", len(items)
        yield from ((f"[{index}]", item) for index, item in enumerate(items[:_MOST]))
    elif issubclass(kind, dict):
        pairs = list(dict.items(value))
        yield " (length)", len(pairs)
        yield from ((f"[{brief(key)}]", item) for key, item in pairs[:_MOST])
    elif issubclass(kind, set | frozenset):
        base = set if issubclass(kind, set) else frozenset
        yield " (items)", sorted(brief(item) for item in base.__iter__(value))
    elif issubclass(kind, BaseException):
        yield ".args", BaseException.args.__get__(value)  # type: ignore[attr-defined]


def is_named_tuple(kind: type) -> bool:
    """Its fields are all that there is of its instances."""
    return issubclass(kind, tuple) and type(getattr(kind, "_fields", None)) is tuple


def beside_items(value: Any) -> Iterator[tuple[str, Any]]:
    """What a container of Python's is told when it is made, each with the end of its path."""
    if type(value) is deque:
        yield ".maxlen", value.maxlen
    elif type(value) is defaultdict:
        yield ".default_factory", value.default_factory


def _plain(base: type, value: Any) -> Any:
    if base is str:
        return str.__str__(value)
    if base is bytes:
        return bytes.__getitem__(value, slice(None))
    return int.__int__(value) if base is int else float.__float__(value) if base is float else complex.__pos__(value)
