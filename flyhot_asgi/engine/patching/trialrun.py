"""A statement run once more, for what it shows: everything that its decorators reach is compared, and put back."""

from __future__ import annotations

import atexit
import gc
import signal
import types
import weakref
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from ...errors import UpgradeError
from ..living.attributes import fields_of
from ..living.inventory import describe
from ..living.reach import Reach, roots_of
from ..source.module import Statement
from ..source.plan import Plan
from .classobject import touch_class
from .entries import Change, changes, contents_of, read, write
from .execute import ADOPT
from .journal import Journal, restore_dict
from .originals import Original, original_of
from .watch import nothing_started


class _CannotAgain(UpgradeError):
    """What a statement runs raised."""


class TrialRuns:
    """Those of one patch, under its journal."""

    def __init__(self, plan: Plan, codes: dict[Statement, types.CodeType], journal: Journal) -> None:
        self._live, self._codes, self._journal = plan.live, codes, journal
        self._apart = plan.apart
        self._attributes: set[int] = set()
        self.reached: dict[int, Any] = {}
        """By id: every place that was looked at."""
        values = [vars(plan.live[item.module]).get(item.name) for item in plan.remade]
        self.spared = {id(one) for value in values for one in _containers_in(value)}
        """Ids of what is made again by the statements that fill it (`patching.remake`)."""

    def places(self, module: str, statement: Statement) -> dict[int, Any]:
        """Every place that its decorators can get hold of, noted in the journal."""
        reach = Reach(*roots_of(statement.node, vars(self._live[module]), self._apart.get(statement, frozenset())))
        if reach.too_much:
            raise UpgradeError("they can get hold of too much to see what they change")
        self._attributes |= reach.attributes
        for key, place in reach.places.items():
            if key not in self.reached:
                self.reached[key] = place
                touch_place(place, self._journal, attributes=key in self._attributes)
        return reach.places

    def bound(self, module: str, statement: Statement) -> dict[int, Collection[str]]:
        """What the statement binds in any case: for `entries.changes`."""
        return {id(vars(self._live[module])): statement.binds}

    def originals(self, module: str, statement: Statement, *, known: bool = True) -> list[Original]:
        """Run it once more and put everything back. What an earlier run had entered, if it is `known` that one was."""
        before, made = ambient(), []

        def adopt(name: str, layer: int) -> Any:
            def put(value: Any) -> Any:
                if isinstance(value, types.FunctionType):
                    made.append(weakref.ref(value))
                return value

            return put

        originals: list[Original] = []

        def look(found: list[Change]) -> None:
            originals.extend(original_of(one, attributes=self.is_named(one.place)) for one in found if known)

        try:
            self.once_more(module, statement, adopt, look)
        except _CannotAgain:
            if not known or not (entered := self._entered_as(module, statement)):
                raise
            originals = self._without(entered, module, statement, adopt)
        if ambient() != before:
            raise UpgradeError("they enter it with the interpreter")
        self._gone(made, vars(self._live[module]).values())
        return originals

    def _entered_as(self, module: str, statement: Statement) -> list[Original]:
        """Dicts in which what the statement's name means stands itself, by its keys there."""
        living = vars(self._live[module]).get(statement.binds[0])
        found = []
        for place in self.places(module, statement).values():
            if isinstance(place, dict) and not self.is_named(place) and living is not None:
                if keys := [key for key, value in read(place).items() if value is living]:
                    found.append(Original(place, keys))
        return found

    def _without(
        self, entered: list[Original], module: str, statement: Statement, adopt: Callable[[str, int], Any]
    ) -> list[Original]:
        """Registers that refuse what they have already: it is run once more with its entries taken out, and must enter
        itself there by the same keys."""
        mine, found = {id(one.place): one for one in entered}, []
        before = contents_of(one.place for one in entered)

        def look(seen: list[Change]) -> None:
            for one in seen:
                if (original := mine.get(id(one.place))) is None:
                    found.append(original_of(one, attributes=self.is_named(one.place)))
                elif one.strange is not None or {key for key, _ in one.added} != set(original.entries):
                    raise UpgradeError("run once more, they enter it otherwise than it was entered")
                else:
                    found.append(Original(one.place, original.entries, one.counted))

        try:
            for one in entered:
                one.withdraw()
            self.once_more(module, statement, adopt, look)
        finally:
            for place, was in before.values():
                write(place, was)
        if not mine.keys() <= {id(one.place) for one in found}:
            raise UpgradeError("run once more, they enter it elsewhere than it was entered")
        return found

    def once_more(self, module: str, statement: Statement, adopt: Any, look: Callable[[list[Change]], None]) -> None:
        """Run the statement, show what that changed, and put everything back."""
        before = contents_of(self.places(module, statement).values())
        namespace = vars(self._live[module])
        names = dict(namespace)
        namespace[ADOPT] = adopt
        said = None
        try:
            with nothing_started(lambda what: UpgradeError(f"run once more, one of them {what}")):
                exec(self._codes[statement], namespace)
            found = changes(before, self.bound(module, statement))
            look([one for one in found if id(one.place) not in self.spared])
        except UpgradeError:
            raise
        except Exception as exc:
            said = f"{type(exc).__name__}: {exc}"
        finally:
            namespace.pop(ADOPT, None)
            restore_dict(namespace, names)
            for one in changes(before):
                write(one.place, one.before)
        if said is not None:
            raise _CannotAgain(f"they can't be run once more: {said}")

    def is_named(self, place: Any) -> bool:
        """It has attributes, or names: nothing that things are entered in by key or in order."""
        return id(place) in self._attributes or not isinstance(place, dict | list | set | deque)

    def _gone(self, made: list[weakref.ref[Any]], living: Iterable[Any]) -> None:
        """Nobody holds what the trial run made."""
        mine = {id(value) for value in living}
        left = [one for ref in made if (one := ref()) is not None and id(one) not in mine]
        if not left:
            return
        del left
        gc.collect()
        left = [one for ref in made if (one := ref()) is not None and id(one) not in mine]
        if left:
            own = {id(left), id(vars(self))}
            holders = [h for h in gc.get_referrers(*left) if id(h) not in own and type(h) is not types.FrameType]
            who = describe(holders[0]) if holders else "somebody who can't be seen"
            raise UpgradeError(f"it is kept by {who}, from where it can't be taken out")


def _containers_in(value: Any, depth: int = 4) -> Iterator[Any]:
    """A container or an object, and those that it holds."""
    fields = None if isinstance(value, type | types.FunctionType | types.ModuleType) else fields_of(value)
    if isinstance(value, dict | list | set | deque) or fields is not None:
        yield value
        if fields is not None:
            yield fields
        if depth:
            inside = [*value.values()] if isinstance(value, dict) else list(value) if fields is None else []
            for one in [*inside, *(fields or {}).values()]:
                yield from _containers_in(one, depth - 1)


def touch_place(place: Any, journal: Journal, *, attributes: bool) -> None:
    """Note a place of `Reach` in the journal. `attributes`: the keys of the dict are names."""
    if isinstance(place, type):
        touch_class(place, journal)
    elif attributes and isinstance(place, dict):
        journal.touch_namespace(place, "what a decorator reaches")
    elif isinstance(place, dict | list | set | deque):
        journal.touch_container(place, "what a decorator reaches")
    elif journal.first_touch(place):
        before = read(place)
        journal.note("what a decorator reaches", lambda: write(place, before))


def ambient() -> tuple[object, ...]:
    """What the interpreter keeps where nothing of ours looks. The first finalizer of all enters what calls them all."""
    weakref.finalize(ambient, int).detach()
    handlers = tuple(signal.getsignal(number) for number in signal.valid_signals())
    return (atexit._ncallbacks(), handlers)
