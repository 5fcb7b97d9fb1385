"""Has an object a state, or is it what whoever makes it again has as well? Read off the classes' source."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import pathlib
import re
import uuid
from collections import deque
from typing import Any

from ..living.attributes import attributes
from ..source.defuse import construction_methods, methods_of
from ..source.schema import set_by
from ..source.values import is_stateless
from .context import Context
from .judge_made import chain_of
from .judge_twin import state_names

_FIXED = (
    *(datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, decimal.Decimal, fractions.Fraction),
    *(pathlib.PurePath, re.Pattern, uuid.UUID, enum.Enum),
)
_DEEPEST = 5


def has_state(context: Context, value: Any, depth: int = _DEEPEST) -> bool:
    """Somebody may have put something into it since it was made. Of instances of the app's classes: a method sets an
    attribute later, or somebody changes one of that name. Of those of libraries: nobody knows."""
    if is_stateless(value) or isinstance(value, _FIXED):
        return False
    if depth == 0:
        return True
    kind = type(value)
    if kind in (list, tuple, set, frozenset, dict, deque):
        parts = [*value.keys(), *value.values()] if kind is dict else list(value)
        return any(has_state(context, part, depth - 1) for part in parts)
    if kind.__module__ not in context.old or len(chain := chain_of(context.old, kind)) != len(kind.__mro__) - 1:
        return True
    for _, cls in chain:
        making = {id(method) for method in construction_methods(cls)}
        if set_by(method for method in methods_of(cls) if id(method) not in making):
            return True
    found = dict(attributes(value))
    return bool(found.keys() & state_names(context)) or any(has_state(context, p, depth - 1) for p in found.values())
