"""Fields that a dataclass gained with `default_factory=list` (or dict, set): living instances get an empty one of their
own, as each new instance does. A plain default is the class's, which answers for them."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..living.attributes import fields_of
from ..living.inventory import subclasses
from ..source.plan import Plan, Twin
from .forgetting import held_weakly
from .journal import Journal
from .registration import Registration

_FACTORIES = (list, dict, set)
_FIELDS = "__dataclass_fields__"


def fielding(plan: Plan) -> list[Registration]:
    twins = [one.cls for item in plan.work if isinstance(item, Twin) for one in item.classes]
    kinds = [cls for cls in twins if _FIELDS in vars(cls)]
    return [Fielding(kinds)] if kinds else []


@dataclass
class Fielding(Registration):
    """`classes`: dataclasses that are made anew."""

    classes: list[type]
    executes = False
    _known: list[Callable[[], Any]] = field(default_factory=list)
    _before: dict[type, set[str]] = field(default_factory=dict)

    def look(self) -> None:
        kinds = {kind for cls in self.classes for kind in (cls, *subclasses(cls))}
        self._known += [held_weakly(one) for one in gc.get_referrers(*kinds) if type(one) in kinds]
        self._before = {kind: set(getattr(kind, _FIELDS, ())) for kind in kinds}

    def finish(self, journal: Journal) -> None:
        for known in self._known:
            one = known()
            kind, fields = type(one), fields_of(one)
            before = self._before.get(kind, set())
            if fields is None or not before & fields.keys():
                continue  # it was never initialised
            for name, each in getattr(kind, _FIELDS, {}).items():
                if name not in before and name not in fields and each.default_factory in _FACTORIES:
                    journal.touch_container(fields, f"a {kind.__qualname__}")
                    fields[name] = each.default_factory()
        self._known = []
