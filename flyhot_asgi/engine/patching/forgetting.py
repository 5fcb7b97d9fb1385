"""Values that instances and modules keep of what old code gave: forgotten, so that who asks next has the new one's."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..living.attributes import fields_of
from ..living.inventory import subclasses
from ..source.plan import Plan
from ..source.values import is_stateless
from .journal import Journal
from .registration import Registration


def forgetting(plan: Plan) -> list[Registration]:
    return [Forgetting(plan.memos, plan.stored_names)] if plan.memos or plan.stored_names else []


@dataclass
class Forgetting(Registration):
    """`properties`: classes with names of `functools.cached_property`s; `modules`: namespaces with names that a
    `__getattr__` put there. What is no plain value lives on, unless the plan knows that it is no state."""

    properties: list[tuple[type, str, bool]]
    modules: list[tuple[dict[str, Any], frozenset[str]]]
    executes = False
    _known: list[Callable[[], Any]] = field(default_factory=list)
    """Their instances, held weakly where that can be: nobody lives on for being looked at."""

    def look(self) -> None:
        kinds = {kind for cls, _, _ in self.properties for kind in (cls, *subclasses(cls))}
        if kinds:
            self._known += [held_weakly(one) for one in gc.get_referrers(*kinds) if type(one) in kinds]

    def begin(self, journal: Journal) -> None:
        self._forget(journal)

    def finish(self, journal: Journal) -> None:
        self._forget(journal)  # what was asked for since had but a part of the release
        self._known = []

    def _forget(self, journal: Journal) -> None:
        for kept, name, again in self._kept():
            if name in kept and (again or is_stateless(kept[name])):
                journal.touch_namespace(kept, "a value that was worked out once")
                del kept[name]

    def _kept(self) -> Iterator[tuple[dict[str, Any], str, bool]]:
        for known in self._known:
            one = known()
            fields = fields_of(one)
            for cls, name, again in self.properties if fields is not None else ():
                if cls in type(one).__mro__:
                    yield fields or {}, name, again
        for namespace, names in self.modules:
            for name in names:
                yield namespace, name, False


def held_weakly(one: Any) -> Callable[[], Any]:
    """Asks for it later; weakly where that can be."""
    try:
        return weakref.ref(one)
    except TypeError:
        return partial(_itself, one)


def _itself(one: Any) -> Any:
    return one
