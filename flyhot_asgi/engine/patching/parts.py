"""Entries of a library's dict that statements of the release set, and those that none sets any more."""

from __future__ import annotations

from ..source.plan import Parts
from .journal import Journal
from .registration import Registration


class SettingParts(Registration):
    """The dicts keep their pre-images; what is gone is taken out."""

    def __init__(self, parts: list[Parts]) -> None:
        self._parts = parts

    def begin(self, journal: Journal) -> None:
        for one in self._parts:
            journal.touch_container(one.place, one.what)

    def finish(self, journal: Journal) -> None:
        for one in self._parts:
            for key in one.gone:
                one.place.pop(key, None)
