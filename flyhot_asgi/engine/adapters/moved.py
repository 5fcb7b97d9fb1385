"""What pydantic built from classes that moved to another module: from the second ones, which the new home made, before
the living ones took their places. Validators hold what they were built from where nobody can exchange it."""

from __future__ import annotations

import warnings
from collections.abc import Collection

from ..living.places import found_at
from ..living.pydantic import SCHEMA
from ..patching.classobject import touch_class
from ..patching.journal import Journal
from ..patching.registration import Registration
from .pydantic import forget, rebuild_model
from .schemas import StaleAdapters, mentions, models


class MovedSchemas(Registration):
    """Builds anew what embeds one of `classes`, once they have moved."""

    def __init__(self, classes: Collection[type]) -> None:
        self.classes = frozenset(classes)
        self._adapters = StaleAdapters(self.classes)

    def look(self) -> None:
        self._adapters.look()

    def finish(self, journal: Journal) -> None:
        self.look()  # those that new modules made
        stale = [c for c in models() if mentions(vars(c).get(SCHEMA), self.classes)]
        stale = [cls for cls in stale if not _is_second(cls)]
        for cls in stale:
            touch_class(cls, journal)
        self._adapters.touch(journal)
        for cls in stale:
            forget(cls)
        with warnings.catch_warnings():  # about annotations that the app was warned of when it was imported
            warnings.simplefilter("ignore")
            for cls in stale:
                rebuild_model(cls)
            self._adapters.rebuild()


def _is_second(cls: type) -> bool:
    """Another class has its place."""
    found = found_at(cls.__module__, cls.__qualname__)
    return isinstance(found, type) and found is not cls
