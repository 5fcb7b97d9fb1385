"""pydantic 1: FastAPI answers by copies of the response models, which it makes when a route is registered.

`create_cloned_field` derives a class from each model of an answer and copies the fields into it, so that a model that
is made again in place leaves the copies as they were: answers would lack its new fields. The routes whose copies come
of a changed model make them again, and with them the handler that has them.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from typing import Any

from ..living.inventory import subclasses
from ..patching.journal import Journal
from ..patching.registration import Registration
from .schemas import added, instances_of

_FIELD = "secure_cloned_response_field"


def is_copy_of(cls: type, model: type) -> bool:
    """FastAPI made it of `model`, for answers."""
    return cls.__bases__ == (model,) and cls.__name__ == model.__name__ and cls.__module__ == "pydantic.main"


def parts_of_field(field: Any) -> Iterator[type]:
    """The classes that a field of pydantic 1 is made of, those of its models' fields included."""
    queue: list[Any] = [field]
    seen: set[int] = set()
    while queue:
        found = queue.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, type):
            yield found
            fields = vars(found).get("__fields__")
            queue += fields.values() if type(fields) is dict else ()
            continue
        parts = [getattr(found, name, None) for name in ("type_", "key_field")]
        queue += [one for one in parts if isinstance(one, type) or hasattr(one, "type_")]
        queue += getattr(found, "sub_fields", None) or ()


class ResponseCopies(Registration):
    """`changed`: the models that the plan makes again."""

    def __init__(self, changed: Collection[type]) -> None:
        self._changed = frozenset(changed)
        self._routes: list[Any] = []

    def look(self) -> None:
        kind = getattr(sys.modules.get("fastapi.routing"), "APIRoute", None)
        if kind is not None:
            self._routes = added(self._routes, instances_of([kind, *subclasses(kind)]))

    def begin(self, journal: Journal) -> None:
        """Routes that are registered meanwhile make copies of what is new."""
        cache = getattr(sys.modules.get("fastapi.utils"), "_CLONED_TYPES_CACHE", None)
        if cache is not None:
            _empty(cache, journal)

    def finish(self, journal: Journal) -> None:
        copies: dict[type, type] = {}
        for route in self._routes:
            fields = vars(route)
            original, copy = fields.get("response_field"), fields.get(_FIELD)
            if copy is None or copy is original or not self._changed.intersection(parts_of_field(original)):
                continue
            journal.touch_namespace(fields, "a route")
            utils, routing = sys.modules["fastapi.utils"], sys.modules["fastapi.routing"]
            fields[_FIELD] = utils.create_cloned_field(original, cloned_types=copies)
            fields["app"] = routing.request_response(route.get_route_handler())


def _empty(cache: Any, journal: Journal) -> None:
    before = dict(cache)

    def undo() -> None:
        cache.clear()
        cache.update(before)

    journal.note("FastAPI's copies of models", undo)
    cache.clear()
