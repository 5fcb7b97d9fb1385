"""What pydantic built from classes that moved to another module: from the second ones, which the new home made, before
the living ones took their places. Validators hold what they were built from where nobody can exchange it."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Collection
from typing import Any

from ..patching.classobject import touch_class
from ..patching.journal import Journal
from ..patching.registration import Registration
from .pydantic import SCHEMA, forget, rebuild_adapter, rebuild_model, schema_of_adapter
from .schemas import added, fields_of_fastapi, mentions, models, type_adapters


class MovedSchemas(Registration):
    """Builds anew what embeds one of `classes`, once they have moved."""

    def __init__(self, classes: Collection[type]) -> None:
        self.classes = frozenset(classes)
        self._adapters: list[Any] = []
        self._fields: list[Any] = []

    def look(self) -> None:
        stale = [one for one in type_adapters() if mentions(schema_of_adapter(one), self.classes)]
        self._adapters = added(self._adapters, stale)
        self._fields = added(self._fields, fields_of_fastapi() if stale else [])

    def finish(self, journal: Journal) -> None:
        self.look()  # those that new modules made
        stale = [c for c in models() if mentions(vars(c).get(SCHEMA), self.classes)]
        stale = [cls for cls in stale if not _is_second(cls)]
        for cls in stale:
            touch_class(cls, journal)
        for one in self._adapters:
            journal.touch_namespace(vars(one), "a type adapter")
        for cls in stale:
            forget(cls)
        with warnings.catch_warnings():  # about annotations that the app was warned of when it was imported
            warnings.simplefilter("ignore")
            for cls in stale:
                rebuild_model(cls)
            for one in self._adapters:
                rebuild_adapter(one, self._fields)


def _is_second(cls: type) -> bool:
    """Another class has its place."""
    found: Any = sys.modules.get(cls.__module__)
    for part in cls.__qualname__.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return isinstance(found, type) and found is not cls
