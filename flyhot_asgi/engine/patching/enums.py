"""Members of a living enum: they stay the objects that everybody holds, with what the new source says of them."""

from __future__ import annotations

import enum
import gc
from collections.abc import Callable
from typing import Any

from ...errors import UpgradeError
from ..source.flags import bits_of, made_of
from ..source.values import alike
from .journal import Journal


def pour_members(
    living: Any, twin: Any, journal: Journal, exchange: Callable[[Any, Any], None] | None = None
) -> list[tuple[Any, Any]]:
    """Members of the twin that have a namesake in the living enum, paired with it; new ones get the living class.

    Where the value is part of the object itself (`class E(int, Enum)`) and changed, `exchange` is told of the living
    member and of the one that takes its place (None, if several names meant it and mean others now). Raises
    UpgradeError if there is nobody to tell, and where a member of its own becomes another's alias.
    """
    pairs: list[tuple[Any, Any]] = []
    before: dict[str, Any] = dict(vars(living).get("_member_map_", {}))
    combined = _combined(living, twin, before)
    for name, member in vars(twin)["_member_map_"].items():
        old = before.get(name)
        if old is None and (same := combined.get(object.__getattribute__(member, "_value_"))) is not None:
            _pour(living, twin, same, member, journal)
            pairs.append((member, same))
            continue
        if old is not None and old._name_ == name != object.__getattribute__(member, "_name_"):
            where = f"`{living.__qualname__}.{name}`"
            raise UpgradeError(
                f"{where} becomes another name of `{member._name_}`, and who holds it would hold no member"
            )
        if old is None or old._name_ != name:
            continue
        if not _is_same_value(twin, old, member):
            where = f"`{living.__qualname__}.{name}`"
            if exchange is None:
                raise UpgradeError(f"the value of {where} is part of the living object, and the release changes it")
            one = _taken(living, member, pairs)
            exchange(old, one if _means_one(before, twin, old, member) else None)
            continue
        _pour(living, twin, old, member, journal)
        pairs.append((member, old))
    for member in vars(twin)["_member_map_"].values():
        _taken(living, member, pairs)
    _keep_combinations(twin, combined)
    return pairs


def namesakes(living: Any, twin: Any) -> list[tuple[Any, Any]]:
    """Members of the twin that somebody holds still, each with that of the living enum. Its own tables tell no more of
    them: those became the living enum's."""
    if not issubclass(twin, enum.Enum):
        return []
    members: dict[str, Any] = vars(living).get("_member_map_", {})
    left = [one for one in gc.get_referrers(twin) if type(one) is twin]
    names = [object.__getattribute__(one, "__dict__").get("_name_") for one in left]
    return [(one, members[name]) for one, name in zip(left, names, strict=True) if name in members]


def _taken(living: Any, member: Any, pairs: list[tuple[Any, Any]]) -> Any:
    """The twin's member as one of the living class: itself, or, of a number (whose class can't be made another), one
    that is equal to it and paired with it. Idempotent."""
    for one, other in pairs:
        if one is member:
            return other
    try:
        object.__setattr__(member, "__class__", living)
    except TypeError:
        made = living._member_type_.__new__(living, member)
        object.__getattribute__(made, "__dict__").update(object.__getattribute__(member, "__dict__"))
        pairs.append((member, made))
        return made
    return member


def _is_same_value(twin: Any, old: Any, new: Any) -> bool:
    mixed = twin._member_type_
    return mixed is object or mixed.__eq__(old, new) is not False


def _means_one(before: dict[str, Any], twin: Any, old: Any, new: Any) -> bool:
    """All the names of a living member are names of the new one."""
    after = vars(twin)["_member_map_"]
    return all(after.get(name) is new for name, member in before.items() if member is old)


def _pour(living: Any, twin: Any, old: Any, new: Any, journal: Journal) -> None:
    fields = object.__getattribute__(old, "__dict__")
    journal.touch_namespace(fields, f"{living.__qualname__}.{new._name_}")
    wanted = object.__getattribute__(new, "__dict__")
    for name in [name for name in fields if name not in wanted]:
        del fields[name]
    for name, value in wanted.items():
        if name not in fields or not alike(fields[name], value):
            fields[name] = value


def _combined(living: Any, twin: Any, before: dict[str, Any]) -> dict[int, Any]:
    """What the program combined of a living flag's members, by its value, where that means the same in the twin. It is
    kept by its value alone: if the members' values change, it means others, and if somebody holds it, the plan refuses.
    """
    if not issubclass(living, enum.Flag) or not issubclass(twin, enum.Flag):
        return {}
    own = {id(member) for member in before.values()}
    old, new = bits_of(before), bits_of(vars(twin)["_member_map_"])
    return {
        value: member
        for value, member in vars(living)["_value2member_map_"].items()
        if id(member) not in own and made_of(old, value) == made_of(new, value)
    }


def _keep_combinations(twin: Any, combined: dict[int, Any]) -> None:
    """What `A | B` made of a living flag is kept by its value."""
    for value, member in combined.items():
        vars(twin)["_value2member_map_"].setdefault(value, member)
