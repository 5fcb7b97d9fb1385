"""Statements that are executed once more with all that they do to libraries: a function that makes an app, and sets up
logging on its way.

What they set is looked at: all that the standard library keeps for the process (`living.process`), and all that the
libraries' functions which they call can get hold of (`living.reach`), before and after. It must be what is there
already: set once more, or entered once more. Then the old is put back, so that handlers, sinks and counts live on, and
what the program set since. What is another thing than the release before had raises: in a rehearsal nobody is held by
then, and that refuses the upgrade.

While they run nothing of what is there is closed, and nothing is started (`watch`).
"""

from __future__ import annotations

import itertools
import logging
import weakref
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ...errors import UpgradeError
from ..living.process import Setting, process_places
from ..living.reach import Reach, compared_elsewhere
from ..source.module import Statement
from ..source.plan import Plan, Repeated
from .entries import Change, Contents, changes, contents_of, write
from .journal import Journal
from .keeping import KeptOpen, handlers
from .likeness import Likeness
from .registration import Registration
from .trialrun import touch_place
from .watch import nothing_started

_MISSING: Any = object()


class Repeating(Registration):
    """Those of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._live, self._new = plan.live, plan.new
        self._items = {item.statement: item for item in plan.repeated}
        self._names: dict[int, str] = {}
        self._before: Contents = {}
        self._open = KeptOpen()

    def begin(self, journal: Journal) -> None:
        """Whatever statement sets something for the process: it is undone. What nobody set is not written to, as other
        threads use it."""
        before = contents_of(place for _, place in process_places())

        def set_back() -> None:
            for change in changes(before):
                write(change.place, change.before)

        journal.note("what is set for the process", set_back)

    def show(self, statement: Statement, journal: Journal) -> None:
        item = self._items.get(statement)
        if item is None:
            return
        reach = Reach(item.roots, item.asked, but=compared_elsewhere(self._live))
        if reach.too_much:
            raise self._refusal(item, "can get hold of too much to see what it changes")
        places = {id(place): place for place in reach.places.values() if not self._is_own(place)}
        for name, place in process_places():
            places.setdefault(id(place), place)
            self._names[id(place)] = name
        for key, place in places.items():
            touch_place(place, journal, attributes=key in reach.attributes or key in self._names)
        self._before = contents_of(places.values())
        self._open.keep([*reach.objects, *handlers()])
        journal.note("what is kept open", self._open.end)

    def around(self, statement: Statement) -> AbstractContextManager[None]:
        item = self._items.get(statement)
        if item is None:
            return nullcontext()
        return nothing_started(lambda what: self._refusal(item, f"{what}, which would be there twice"))

    def collect(self, statement: Statement, journal: Journal) -> None:
        item = self._items.get(statement)
        if item is None:
            return
        self._open.end()
        try:
            found = changes(self._before)
            like = Likeness(_serials(found))
            for change in found:
                if (what := _otherwise(change, like)) is not None:
                    raise self._refusal(item, f"sets {self._called(change, what)} to something else than is there")
            for change in found:
                write(change.place, change.before)
            for change in found:
                _let_go(change)
        finally:
            self._before = {}

    def _is_own(self, place: Any) -> bool:
        """The app's own: compared with a cold import."""
        if isinstance(place, type):
            return place.__module__ in self._live
        return isinstance(place, dict) and place.get("__name__") in self._live

    def _called(self, change: Change, what: str) -> str:
        place = change.place
        if isinstance(place, Setting):
            return place.name
        name = self._names.get(id(place)) or (place.get("__name__") if isinstance(place, dict) else None)
        return f"{what} of {name}" if name else what

    def _refusal(self, item: Repeated, what: str) -> UpgradeError:
        source = self._new[item.module]
        shown = item.statement.name
        message = f"`{shown}` is made again, and what makes it {what}"
        do = "deploy this change cold (restart the app)"
        return UpgradeError(message, file=source.shown, line=item.statement.line, do=do)


def _serials(found: list[Change]) -> set[int]:
    """Numbers that counters gave in the run, which things are entered by: by iterators, or by numbers that go up."""
    given: set[int] = set()
    keys = _fresh_numbers(found)
    for change in found:
        if isinstance(change.place, itertools.count):
            sides = [(change.before["next"], change.after["next"])]
            sides = [(int(repr_of[6:-1]), int(other[6:-1])) for repr_of, other in sides if "," not in repr_of]
        elif isinstance(change.before, dict):
            sides = [(was, change.after.get(key)) for key, was in change.before.items() if type(was) is int]
        else:
            continue
        for first, last in sides:
            if type(last) is int and first < last and keys.intersection(range(first, last + 1)):
                given |= set(range(first, last + 1))
    return given


def _fresh_numbers(found: list[Change]) -> set[int]:
    """Numbers that are new keys."""
    fresh: set[int] = set()
    for change in found:
        if isinstance(change.before, dict):
            pairs = [(change.before, change.after), *((change.before.get(k), v) for k, v in change.after.items())]
            for was, now in pairs:
                if isinstance(now, dict) and isinstance(was, dict):
                    fresh |= {key for key in now.keys() - was.keys() if type(key) is int}
    return fresh


def _otherwise(change: Change, like: Likeness) -> str | None:
    """What the run has made other than it was, in words; None if it has set what was set, or entered what was there."""
    before, after = change.before, change.after
    if isinstance(change.place, itertools.count):
        return None
    if isinstance(before, dict):
        for key in [*before, *(key for key in after if not _is_weak(key, after[key]))]:
            if not like.holds(before.get(key, _MISSING), after.get(key, _MISSING)):
                return f"`{key}`"
        return None
    if isinstance(before, set):
        return None if before <= after and all(_is_weak(one) for one in after - before) else "a set"
    kept = [one for one in after if any(one is old for old in before)]
    fresh = [one for one in after if not any(one is old for old in before)]
    if len(kept) < len(before):
        same = len(after) == len(before) and all(like.holds(*pair) for pair in zip(before, after, strict=True))
        return None if same else "a list"
    for one in fresh:  # as many as there are
        if sum(like.holds(old, one) for old in before) != sum(like.holds(other, one) for other in fresh):
            return "a list"
    return None


def _is_weak(*items: object) -> bool:
    """It goes with what it is of, which is put away."""
    return any(isinstance(one, weakref.ref) for one in items)


def _let_go(change: Change) -> None:
    """What was made and put away again does not stay open."""
    was = change.before.values() if isinstance(change.before, dict) else change.before
    now = change.after.values() if isinstance(change.after, dict) else change.after
    for one in now:
        if isinstance(one, logging.Handler) and not any(one is old for old in was):
            one.close()
