"""SQLAlchemy's registry of listeners: what it has is taken out, and put back as it was, to the order."""

from __future__ import annotations

import sys
import types
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any


def registry() -> Any:
    """SQLAlchemy's, if the app imported it and it keeps its listeners as known."""
    found = sys.modules.get("sqlalchemy.event.registry")
    known = ("_key_to_collection", "_collection_to_key")
    return found if all(type(getattr(found, name, None)).__name__ == "defaultdict" for name in known) else None


def snapshot() -> Callable[[], None]:
    """What makes all listeners be those that they are now. To be called while nobody else listens."""
    found = registry()
    keys = {key: dict(where) for key, where in found._key_to_collection.items()}
    collections = {ref: dict(held) for ref, held in found._collection_to_key.items()}
    contents = [(part, part.copy()) for ref in collections for part in _parts(ref())]

    def restore() -> None:
        for ref in list(found._collection_to_key):
            if ref not in collections:
                for part in _parts(ref()):
                    part.clear()
        for part, items in contents:
            part.clear()
            part.update(items) if isinstance(part, dict) else part.extend(items)
        living = {ref: held for ref, held in collections.items() if ref() is not None}
        _refill(found._collection_to_key, living)
        _refill(found._key_to_collection, {key: here for key, where in keys.items() if (here := _among(where, living))})

    return restore


def _among(where: dict[Any, Any], living: dict[Any, Any]) -> dict[Any, Any]:
    return {ref: listener for ref, listener in where.items() if ref in living}


def _refill(container: dict[Any, Any], items: dict[Any, dict[Any, Any]]) -> None:
    container.clear()
    container.update({key: dict(one) for key, one in items.items()})


def holding(function: Any, event: str) -> list[Any]:
    """The containers that hold it as a listener."""
    found = registry()._key_to_collection
    refs = [ref for key in list(found) if key[1:] == (event, _key(function)) for ref in list(found[key])]
    return [part for ref in refs for part in _parts(ref())]


def take_out(function: Any, event: str) -> bool:
    """The function listens to that event of nobody any more: not of subclasses either, to which it was propagated.
    False if it did not."""
    found = registry()
    keys = [key for key in found._key_to_collection if key[1:] == (event, _key(function))]
    for key in keys:
        for ref, listener_ref in found._key_to_collection.pop(key).items():
            listener = listener_ref()
            for part in _parts(ref()):
                if isinstance(part, dict):
                    part.pop(key, None)
                while isinstance(part, deque) and listener in part:
                    part.remove(listener)
            if ref in found._collection_to_key:
                found._collection_to_key[ref].pop(listener_ref, None)
    return bool(keys)


def _key(function: Any) -> object:
    """By what the registry knows it: a bound method is made each time that it is asked for."""
    if isinstance(function, types.MethodType):
        return id(function.__func__), id(function.__self__)
    return id(function)


def _parts(collection: Any) -> Iterator[Any]:
    """Where a collection has its listeners: of one target, of classes, or of those that are not mapped yet."""
    if type(listeners := getattr(collection, "listeners", None)) is deque:
        yield listeners
    for name in ("_clslevel", "all_holds"):
        for part in list((getattr(collection, name, None) or {}).values()):
            if type(part) in (deque, dict):
                yield part
