"""pydantic 1: what configures a model is a class, which derives from those of the model's bases and is made with it.

The one that a model had lives on for as long as the upgrade can be taken back. Until then its bases would count it
among the classes that derive from them, beside the new one: it is given a copy of what it inherits in their place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from typing import Any

from ..patching.journal import Journal
from ..patching.registration import Registration
from .response_copies import is_copy_of
from .schemas import models

_CONFIG = "__config__"


class FormerConfigs(Registration):
    """`changed`: the models that the plan makes again."""

    def __init__(self, changed: Collection[type]) -> None:
        self._changed = list(changed)
        self._former: list[type] = []

    def begin(self, journal: Journal) -> None:
        self._former = [found for cls in self._changed if isinstance(found := vars(cls).get(_CONFIG), type)]

    def finish(self, journal: Journal) -> None:
        known = [cls for cls in models() if not is_copy_of(cls, cls.__bases__[0])]  # new copies derive from these
        configs = [found for cls in known if isinstance(found := vars(cls).get(_CONFIG), type)]
        living = {base for config in configs for base in config.__mro__}
        for former in self._former:
            for cls in [one for one in former.__mro__ if one not in living]:
                bases = tuple(_copied(base) if base in living and _is_own(base) else base for base in cls.__bases__)
                if bases != cls.__bases__:
                    _rebase(cls, bases, journal)
        self._former = []


def _is_own(base: type) -> bool:
    return base is not object and base.__module__ != "pydantic.config"


def _copied(base: type) -> type:
    """With all that a class has and inherits, and derived from none."""
    found: dict[str, Any] = {}
    for one in reversed(base.__mro__[:-1]):
        found.update({name: value for name, value in vars(one).items() if name not in ("__dict__", "__weakref__")})
    return type(base.__name__, (), found)


def _rebase(cls: type, bases: tuple[type, ...], journal: Journal) -> None:
    before = cls.__bases__

    def undo() -> None:
        cls.__bases__ = before

    with contextlib.suppress(TypeError):  # another layout, or no order to be had: it is counted until it goes
        cls.__bases__ = bases
        journal.note("a former configuration", undo)
