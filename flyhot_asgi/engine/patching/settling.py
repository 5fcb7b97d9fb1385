"""One object at module level, three ways: what the old release made, what it was when the upgrade began, and what the
new release makes of it, item by item."""

from __future__ import annotations

import difflib
import types
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ...errors import UpgradeError
from ..living.attributes import fields_of
from ..source.drift import Drift
from ..source.paths import brief
from ..source.values import EXACT_CONTAINERS, is_atomic
from .journal import Journal, refill
from .values import Pourer

MISSING: Any = object()
DEPTH = 6


@dataclass
class Saved:
    """What an object was before, with what it held: `inside` by key, index or attribute; None for anything else."""

    value: Any
    inside: dict[Any, Saved] | None = None

    def restored(self) -> Any:
        """The object with all that it held, and that with what it held."""
        fields = contents_of(self.value)
        if self.inside is not None and fields is not None:
            whole = {key: one.restored() for key, one in self.inside.items()}
            refill(fields, whole if isinstance(fields, dict) else list(whole.values()))
        return self.value


def contents_of(value: Any) -> Any:
    """The container itself, or the attributes of an object; None if it can't be poured into."""
    if type(value) in EXACT_CONTAINERS:
        return value
    if isinstance(value, type | types.FunctionType | types.ModuleType) or is_atomic(value):
        return None
    return fields_of(value)


class Settling:
    """One object, three ways: what it was cold, what it was when the upgrade began, what the new release makes."""

    def __init__(
        self, home: tuple[str, str], drift: Drift | None, journal: Journal, own: Collection[str], given_up: bool
    ) -> None:
        self._home, self._drift, self._own = home, drift, own
        self._given_up = given_up
        self._journal = journal
        self.pourer = Pourer(journal, own)
        self.replaced: list[tuple[Any, Any]] = []
        """Fresh objects, each with the living one that took its place."""

    def whole(self, saved: Saved, now: Any) -> Any:
        return self._settle("", saved, now, DEPTH)

    def below(self, part: str, saved: Saved, now: Any) -> Any:
        return self._settle(part, saved, now, DEPTH)

    def by_program(self, part: str) -> bool:
        """The program put it there."""
        drift = self._drift
        return drift is not None and not drift.described("old", self._home, part)

    def _settle(self, part: str, saved: Saved, now: Any, depth: int) -> Any:
        found = self._settled(part, saved, now, depth)
        if found is not now and now is not MISSING and contents_of(now) is not None and type(found) is type(now):
            self.replaced.append((now, found))  # a fresh closure may know the fresh one
        return found

    def _settled(self, part: str, saved: Saved, now: Any, depth: int) -> Any:
        drift, home = self._drift, self._home
        if drift is None or self._given_up:
            return self._adopt(part, saved, now, depth)
        if not drift.by_release(home, part):
            known = bool(drift.described("new", home, part) or drift.described("old", home, part))
            return saved.restored() if known or now is MISSING else self._adopt(part, saved, now, depth)
        if not drift.by_program(home, part):
            return self._adopt(part, saved, now, depth)
        if drift.arrived(home, part):
            return saved.restored()
        return self._merge(part, saved, now, depth)

    def _merge(self, part: str, saved: Saved, now: Any, depth: int) -> Any:
        """Both changed it: item by item, if it has items."""
        into = contents_of(saved.value)
        if saved.inside is None or now is MISSING or type(now) is not type(saved.value) or not depth:
            raise UpgradeError(_both(self._home, part))
        fresh = contents_of(now)
        if isinstance(into, dict):
            self._fill(into, list(self._mergeditems_of(part, saved, dict(fresh), depth, is_self=into is saved.value)))
        elif isinstance(into, list | deque):
            refill(into, self._appended(part, saved, list(fresh), depth))
        else:
            raise UpgradeError(_both(self._home, part))
        return saved.value

    def _mergeditems_of(
        self, part: str, saved: Saved, fresh: dict[Any, Any], depth: int, *, is_self: bool
    ) -> Iterator[tuple[Any, Any]]:
        assert saved.inside is not None
        for key, value in fresh.items():
            below = part + (f"[{brief(key)}]" if is_self else f".{key}")
            before = saved.inside.get(key)
            if before is None:  # the program took it out, or it is new
                assert self._drift is not None
                if not self._drift.described("old", self._home, below):
                    yield key, value
                elif self._drift.by_release(self._home, below):
                    raise UpgradeError(_both(self._home, below))
            else:
                yield key, self._settle(below, before, value, depth - 1)
        for key, before in saved.inside.items():
            if key not in fresh:
                below = part + (f"[{brief(key)}]" if is_self else f".{key}")
                found = self._settle(below, before, MISSING, depth - 1)
                if found is not MISSING:
                    yield key, found

    def _appended(self, part: str, saved: Saved, fresh: list[Any], depth: int) -> list[Any]:
        """What the program appended comes after what the release has."""
        drift = self._drift
        assert drift is not None and saved.inside is not None
        size = drift.size("old", self._home, part)
        if size is None or size > len(saved.inside):
            raise UpgradeError(_both(self._home, part))
        if any(drift.by_program(self._home, f"{part}[{index}]") for index in range(size)):
            raise UpgradeError(_both(self._home, part))
        return [*fresh, *(one.restored() for index, one in saved.inside.items() if index >= size)]

    def _fill(self, into: dict[Any, Any], items: list[tuple[Any, Any]]) -> None:
        refill(into, dict(items))

    def _adopt(self, part: str, saved: Saved, now: Any, depth: int) -> Any:
        """What the release makes, in the living objects."""
        if now is MISSING or saved.inside is None or type(now) is not type(saved.value) or not depth:
            if now is MISSING or self._journal.knows(now):
                return now  # it is a living object itself
            kept = self.pourer.keep(saved.value, now, inner=bool(part))
            if kept is not now:
                self.replaced.append((now, kept))
            return kept
        into, fresh = contents_of(saved.value), contents_of(now)
        if into is None or fresh is None or (part and now is not saved.value and self._is_shared(saved.value, now)):
            return now
        if isinstance(into, dict):
            items = dict(fresh)
            for key, value in items.items():
                below = part + (f"[{brief(key)}]" if into is saved.value else f".{key}")
                if key in saved.inside:
                    items[key] = self._settle(below, saved.inside[key], value, depth - 1)
            refill(into, items)
        elif isinstance(into, list | deque):
            refill(into, self._aligned(part, saved, list(fresh), depth))
        elif now is not saved.value:
            refill(into, list(fresh))
        return saved.value

    def _is_shared(self, old: Any, new: Any) -> bool:
        return self.pourer.is_named(old) or self.pourer.is_named(new)

    def _aligned(self, part: str, saved: Saved, fresh: list[Any], depth: int) -> list[Any]:
        """Items that the release makes like before are the living ones."""
        assert saved.inside is not None
        items = list(fresh)
        if self._drift is None or self._given_up:
            return items
        sides = []
        for side, size in (("old", len(saved.inside)), ("new", len(items))):
            parts = [f"{part}[{index}]" for index in range(size)]
            sides.append([tuple(sorted(self._drift.described(side, self._home, one).items())) for one in parts])
        for block in difflib.SequenceMatcher(a=sides[0], b=sides[1], autojunk=False).get_matching_blocks():
            for offset in range(block.size):
                if sides[0][block.a + offset]:
                    items[block.b + offset] = saved.inside[block.a + offset].restored()
        if len(items) == len(saved.inside):
            for index, value in enumerate(items):
                before = saved.inside[index]
                if value is fresh[index] and value is not before.value:
                    items[index] = self._settle(f"{part}[{index}]", before, value, depth - 1)
        return items

    def attributes(self, saved: Saved, now: Any) -> None:
        """Attributes that statements set on a function or class."""
        assert saved.inside is not None and self._drift is not None
        for name, value in list(vars(now).items()):
            before = saved.inside.get(name)
            if before is not None and before.value is not value and name not in _MADE:
                found = self._settle(f".{name}", before, value, DEPTH)
                if found is not value:
                    setattr(now, name, found)
        for name in saved.inside:
            part = f".{name}"
            gone = self._drift.described("old", self._home, part) and not self._drift.described("new", self._home, part)
            if gone and name not in _MADE and name in vars(now) and vars(now)[name] is saved.inside[name].value:
                if self._drift.by_program(self._home, part):
                    raise UpgradeError(_both(self._home, part))
                delattr(now, name)


_MADE = frozenset({"__dict__", "__weakref__", "__doc__", "__module__", "__annotations__"})


def items_of(fields: Any) -> Iterator[tuple[Any, Any]]:
    yield from list(fields.items()) if isinstance(fields, dict) else enumerate(list(fields))


def _both(home: tuple[str, str], part: str) -> str:
    return f"`{home[1]}{part}` was changed by the running program and is changed by the release too"
