"""What a statement once entered in the objects that it reaches: found, taken out, and put back in its place."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from ...errors import UpgradeError
from .entries import Change, alike, read, write


@dataclass
class Original:
    """Its entries in one place: items, elements or keys. `attributes`: the place is no container: what stands there is
    written over, and not taken out."""

    place: Any
    entries: list[Any]
    counted: dict[Any, Any] = field(default_factory=dict)
    attributes: bool = False
    spots: list[int] = field(default_factory=list)
    """Where they stood when they were taken out."""

    def withdraw(self) -> None:
        """Take the entries out, in place. Raises UpgradeError where something else must have been before."""
        now = read(self.place)
        for key, delta in self.counted.items():
            now[key] -= delta
        if not self.attributes:
            keys = list(now)
            self.spots = (
                [] if isinstance(now, set) else [_index(keys, e, keyed=isinstance(now, dict)) for e in self.entries]
            )
            if isinstance(now, list):
                now = [item for index, item in enumerate(now) if index not in self.spots]
            elif isinstance(now, set):
                now -= set(self.entries)
            else:
                now = {key: value for index, (key, value) in enumerate(now.items()) if index not in self.spots}
        write(self.place, now)


def _index(items: list[Any], entry: Any, *, keyed: bool) -> int:
    for index, item in enumerate(items):
        if item is entry or (keyed and item == entry):
            return index
    raise UpgradeError("what it had entered is not there any more")


def original_of(change: Change, *, attributes: bool) -> Original:
    """The entries of an earlier run that are like those which a run has just made. Raises UpgradeError if they can't be
    told from others, or if the run did more than enter something."""
    if change.strange is not None:
        raise UpgradeError(f"they do more than enter it: {change.strange}")
    found = Original(change.place, [], change.counted, attributes)
    for entry in change.added:
        like = [one for one in _like(change, entry) if not any(one is taken for taken in found.entries)]
        if len(like) != 1:
            which = "several are like it" if like else "none is like it"
            raise UpgradeError(f"which of {_shown(change)} is its own can't be told: {which}")
        found.entries.append(like[0])
    return found


def _like(change: Change, entry: tuple[Any, Any]) -> Iterator[Any]:
    at, item = entry
    if isinstance(change.before, dict):
        if at in change.before:
            yield next(key for key in change.before if key == at)
        else:
            yield from (k for k, v in change.before.items() if alike(k, at) and alike(v, item))
    else:
        yield from (one for one in change.before if alike(one, item))


def _shown(change: Change) -> str:
    kind = type(change.place).__qualname__
    return f"the {len(change.before)} entries of a {kind}"


def settle(change: Change, original: Original | None, anchor: Original | None, *, last: bool) -> None:
    """Put what a run has entered where a cold import has it: in the place of the original, or before what the next
    statement entered. Raises UpgradeError if neither tells."""
    if change.strange is not None:
        raise UpgradeError(f"they do more than enter it: {change.strange}")
    counted = original or anchor
    if change.counted != (counted.counted if counted is not None else {}) and not (last and original is None):
        raise UpgradeError("they count what is entered")
    if isinstance(change.after, set) or not change.added or not change.before:
        return
    if original is not None and original.attributes:
        return
    at = _spots(change, original, anchor)
    if at is None:
        if last:
            return
        raise UpgradeError("where among others it is entered can't be told")
    if original is None and not _is_tail(change):
        raise UpgradeError("where among others it is entered can't be told: they sort them")
    _place(change, at)


def _spots(change: Change, original: Original | None, anchor: Original | None) -> list[int] | None:
    if original is not None and original.spots:
        spots = sorted(original.spots)
        if len(spots) == len(change.added):
            return spots
        if spots == list(range(spots[0], spots[0] + len(spots))):
            return [spots[0] + offset for offset in range(len(change.added))]
        raise UpgradeError("it is entered at several places, and other than before")
    if anchor is not None and anchor.entries:
        rest = _rest(change)
        keyed = isinstance(change.after, dict)
        first = min(_index(rest, entry, keyed=keyed) for entry in anchor.entries)
        return [first + offset for offset in range(len(change.added))]
    return None


def _is_tail(change: Change) -> bool:
    """It was entered at the end, as whatever comes last is."""
    end = list(change.after)[-len(change.added) :]
    keyed = isinstance(change.after, dict)
    return all(one is (at if keyed else item) for one, (at, item) in zip(end, change.added, strict=True))


def _rest(change: Change) -> list[Any]:
    """What was there before the run, in order."""
    mine: Collection[Any] = {at for at, _ in change.added}
    if isinstance(change.after, dict):
        return [key for key in change.after if key not in mine]
    return [item for index, item in enumerate(change.after) if index not in mine]


def _place(change: Change, spots: list[int]) -> None:
    now = read(change.place)
    keyed = isinstance(now, dict)
    items = _rest(change)
    for spot, (at, item) in zip(spots, change.added, strict=True):
        items.insert(spot, at if keyed else item)
    write(change.place, {key: now[key] for key in items} if keyed else items)
