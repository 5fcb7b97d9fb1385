"""Instances that are filled from a second one (`planning.refilled`) are as their import made them, up to the last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import UpgradeError
from ..living.attributes import fields_of
from ..patching.journal import Journal
from ..patching.registration import Registration
from ..planning.context import Adapter, Context
from ..source.defuse import Home
from ..source.diff import NamespaceDiff
from ..source.values import CONTAINERS, is_atomic

_DEPTH = 4


class RefilledAdapter(Adapter):
    """Claims nothing."""

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        for (module, name), statement in context.refilling.items():
            if statement not in context.planned and not context.plan.refusals:
                context.refuse(module, statement, f"`{name}` lacks attributes that its class's new code counts on")
        if context.refilling:
            context.plan.registrations.append(AsImported({home: context.value(*home) for home in context.refilling}))


class AsImported(Registration):
    """Refuses if the program has changed one since the plan was made: what the others of its attributes hold then, the
    new ones would know nothing of."""

    def __init__(self, values: Mapping[Home, Any]) -> None:
        self._values = {home: (value, _shape(value)) for home, value in values.items()}

    def begin(self, journal: Journal) -> None:
        for (_, name), (value, before) in self._values.items():
            if _shape(value) != before:
                why = f"the running program changed `{name}`, which gains attributes, while the upgrade was prepared"
                raise UpgradeError(why, do="nothing was changed; deploy again, and the plan says what it lacks")


def _shape(value: Any, depth: int = _DEPTH) -> Any:
    """What a value holds, as far down as a plan looks, without asking it."""
    if is_atomic(value):
        return repr(value)
    if isinstance(value, CONTAINERS) and depth:
        items = list(value.items()) if isinstance(value, dict) else list(value)
        parts = [_shape(one, depth - 1) for one in items]
        return id(value), sorted(map(repr, parts)) if isinstance(value, set) else parts
    if type(value) is tuple and depth:
        return [_shape(one, depth - 1) for one in value]
    fields = fields_of(value) if depth else None
    return id(value), [(name, _shape(one, depth - 1)) for name, one in fields.items()] if fields else None
