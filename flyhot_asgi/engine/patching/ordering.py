"""The order of what registers hold, where the release changes it.

A class that comes in the middle of a module enters itself in its base's register at the end, if it is made in a living
process: the others are there already. What a cold import gives says where it belongs. Only definitions and keys that
have one name each are put in another order; what the program put in stands behind them. Covered by the comparison.
"""

from __future__ import annotations

import re
import types
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..living.attributes import fields_of
from ..living.ordering import Ordering
from ..source.paths import ORDER, brief
from ..source.plan import Plan
from .journal import Journal, refill

_PLACE = re.compile(r"([\w.]+):(\w+)((?:\.\w+)*)")
_ITEM = re.compile(r"(.*)\[(\d+)\]")
_MAPPINGS = (dict, OrderedDict, defaultdict)


@dataclass(frozen=True)
class Ordered:
    """A container, by its path, and the names of what it holds in a cold import of the release."""

    path: str
    names: tuple[str, ...]


def ordered_by_release(plan: Plan) -> list[Ordered]:
    """Containers whose order the release changes: one pass over what cold imports said, before anybody is held."""
    drift = plan.drift
    if drift is None:
        return []
    found = []
    for path, entry in drift.new.items():
        if path.endswith(ORDER) and path in drift.old and drift.old[path] != entry:
            found.append(Ordered(path.removesuffix(ORDER), tuple(entry[1].splitlines())))
        elif entry[1].startswith("list of ") and path in drift.old and _PLACE.fullmatch(path):
            names, before = _items(drift.new, path), _items(drift.old, path)
            if names is not None and before is not None and names != before:
                found.append(Ordered(path, names))
    return found


def _items(side: Mapping[str, tuple[str, str]], path: str) -> tuple[str, ...] | None:
    """Names of the definitions in a list; None if it holds anything else."""
    found: list[str] = []
    while (entry := side.get(f"{path}[{len(found)}]")) is not None:
        kind, _, rest = entry[1].partition(" ")
        if kind not in ("class", "function"):
            return None
        found.append(rest.partition(" ")[0])
    return tuple(found)


def settle_order(ordered: list[Ordered], live: Mapping[str, types.ModuleType], journal: Journal) -> None:
    for one in ordered:
        container = _at(one.path, live)
        if type(container) is not list and type(container) not in _MAPPINGS:
            continue
        held = list(container)
        names = [brief(item) for item in held]
        if not {*one.names} <= {*names} or any(len({*some}) < len(some) for some in (one.names, names)):
            continue
        place = _places(one, container, live)
        order = sorted(range(len(held)), key=lambda index: place[index])
        if order != list(range(len(held))):
            journal.touch_container(container, f"the order of {one.path}")
            moved = [held[index] for index in order]
            refill(
                container,
                {key: dict.__getitem__(container, key) for key in moved} if type(container) is not list else moved,
            )


def _places(one: Ordered, container: Any, live: Mapping[str, types.ModuleType]) -> list[int]:
    """Where each thing that the container holds belongs. Keys that one set of the module has are told in no order
    (`living.ordering`), whatever the text says: they keep the one that they have, at the place of the first."""
    known = Ordering()
    if type(container) is not list:
        known.module(live[one.path.partition(":")[0]])
    wanted = {name: index for index, name in enumerate(one.names)}
    places = [wanted.get(brief(item), len(wanted)) for item in container]
    homes = [known.home(item) for item in container]
    first: dict[int, int] = {}
    for home, place in zip(homes, places, strict=True):
        if home is not None:
            first[home] = min(place, first.get(home, place))
    return [place if home is None else first[home] for home, place in zip(homes, places, strict=True)]


def _at(path: str, live: Mapping[str, types.ModuleType]) -> Any:
    """The living object at a path of names; None if there is none, or if it would have to be asked."""
    found = _PLACE.fullmatch(path)
    if found is None or found[1] not in live:
        return None
    value: Any = vars(live[found[1]]).get(found[2])
    for name in found[3].split(".")[1:]:
        fields = vars(value) if isinstance(value, type) else fields_of(value)
        value = fields.get(name) if fields is not None else None
    return value
