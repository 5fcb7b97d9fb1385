"""Decorators that enter a definition somewhere, whoever wrote them: entered once, as a cold import has it.

Nobody need say what a decorator does. Before anything is executed the old statement is run once more, its functions
made anew and adopted by nobody, and everything that its decorators can get hold of (`living.reach`) is compared with
what it was: that shows what running it enters, and so which of the entries there the import made. All is put back.
Then, when the new statement's turn comes, the old entries are taken out, it is executed, and what it enters is put
where the old stood, or before what the next statement of its kind has entered.

Three nets: a place whose change is no such entry (a count that the import did not make, an item written over, an entry
unlike any that is there) raises; a function of the trial run that lives on after all was put back is held where we
can't see, and raises; and handlers of signals and of the program's end must be those of before. What raises in
a rehearsal refuses the upgrade before anybody is held.
"""

from __future__ import annotations

import ast
import types
import weakref
from collections.abc import Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ...errors import UpgradeError
from ..living.inventory import describe
from ..living.reach import Reach, roots_of
from ..source.module import Statement
from ..source.nodes import all_but
from ..source.plan import Entered, Plan
from ..source.values import is_atomic
from .entries import Change, Contents, changes, contents_of, read, write
from .execute import compile_statement
from .journal import Journal
from .originals import Original, settle
from .registration import Registration
from .substitute import Substitution
from .trialrun import TrialRuns, ambient


class Entering(Registration):
    """All definitions of one plan that their decorators enter somewhere. `live`: the first-party modules."""

    of_classes = True

    def __init__(self, plan: Plan) -> None:
        self._items = list(plan.entered)
        self._by_new = {item.new: item for item in plan.entered if item.new is not None}
        self._plan = plan
        self._apart = plan.apart
        self._old, self._new, self._live = plan.old, plan.new, plan.live
        self._codes: dict[Statement, types.CodeType] = {}
        self._originals: dict[Statement, list[Original]] = {}
        self._before: Contents = {}
        self._poured: list[tuple[Any, Any]] = []
        self._ambient: tuple[object, ...] = ()
        self._meant: dict[Entered, Any] = {}
        """What its name meant before."""

    def look(self) -> None:
        for item in self._items:
            for module, statement in _old_ones(item):
                if statement not in self._codes:
                    self._codes[statement] = compile_statement(
                        self._old[module], statement, apart=self._apart.get(statement, ())
                    )
            if item.new is not None and item.exchanged and not item.made and item.new not in self._codes:
                self._codes[item.new] = compile_statement(
                    self._new[item.module], item.new, apart=self._apart.get(item.new, ())
                )

    def begin(self, journal: Journal) -> None:
        self._runs = TrialRuns(self._plan, self._codes, journal)
        for item in self._items:
            for module, statement in _old_ones(item):
                if statement not in self._originals:
                    with self._told(item, statement):
                        self._originals[statement] = self._runs.originals(module, statement)

    def show(self, statement: Statement, journal: Journal) -> None:
        item = self._by_new.get(statement)
        if item is None:
            return
        with self._told(item, statement):
            self._withdraw(item)
            if statement in self._codes and statement is not item.old and statement.kind == "def":
                self._runs.originals(item.module, statement, known=False)
            places = self._runs.places(item.module, statement)
            for original in self._originals.get(item.old, ()) if item.old is not None else ():
                places.setdefault(id(original.place), original.place)
            kept = (place for key, place in places.items() if key not in self._runs.spared)
            self._before, self._ambient = contents_of(kept), ambient()
            if not item.made:
                self._meant.setdefault(item, vars(self._live[item.module]).get(item.name))

    def tell(self, statement: Statement, poured: list[tuple[Any, Any]]) -> None:
        if statement in self._by_new:
            self._poured = list(poured)

    def collect(self, statement: Statement, journal: Journal) -> None:
        item = self._by_new.get(statement)
        if item is None:
            return
        with self._told(item, statement):
            self._substitute()
            mine = {id(one.place): one for one in self._originals.get(item.old, ())} if item.old is not None else {}
            anchors = self._anchors(item)
            entered: dict[int, Change] = {}
            for change in changes(self._before, self._runs.bound(item.module, statement)):
                if item.made and not self._is_own(change.place):
                    if _is_serial(change):
                        continue
                    raise UpgradeError(f"they enter it in {describe(change.place)}, beside what is there")
                if item.made:
                    _uncount(change)
                    continue
                key = id(change.place)
                original = None if item.exchanged else mine.get(key)
                settle(change, original, anchors.get(key), last=item.last or self._all_before(item, change))
                entered[key] = change
                if key in mine:
                    keyed = isinstance(change.after, dict)
                    mine[key].entries = [at if keyed else one for at, one in change.added]
            if entered and item.before:
                self._check_order(item, entered)
            if ambient() != self._ambient:
                raise UpgradeError("they enter it with the interpreter")
        self._before = {}

    def finish(self, journal: Journal) -> None:
        for item in self._items:
            with self._told(item, item.new or item.old):
                if item.new is None:
                    self._withdraw(item)
                    self._meant[item] = vars(self._live[item.module]).get(item.name)
                if item.old is not None:
                    self._emptied(item)
                self._left(item)

    def _anchors(self, item: Entered) -> dict[int, Original]:
        """What the statement that comes after it entered, by place: also the key of what holds nothing else."""
        found = {id(o.place): o for _, s in item.before for o in self._originals.get(s, ())}
        for original in list(found.values()):
            if self._runs.is_named(original.place) or len(read(original.place)) != len(original.entries):
                continue
            for holder, key in self._holders(original.place):
                found.setdefault(id(holder), Original(holder, [key]))
        return found

    def _all_before(self, item: Entered, change: Change) -> bool:
        """What stands there are definitions of its module that come before it: nothing that comes after it entered
        anything there."""
        assert item.new is not None
        namespace, line = vars(self._live[item.module]), item.new.line
        names = [s.binds[0] for s in self._new[item.module].statements if s.kind in ("def", "class") and s.line < line]
        earlier = {id(namespace[name]) for name in names if name in namespace}
        there = change.before.values() if isinstance(change.before, dict) else change.before
        return all(id(one) in earlier for one in there)

    def _check_order(self, item: Entered, entered: Mapping[int, Change]) -> None:
        """What comes after it would be entered after it, were it entered now: else they sort, or put the last first."""
        ((module, statement),) = item.before
        originals = {id(one.place): one for one in self._originals[statement]}
        states = contents_of(one.place for one in originals.values())
        after: list[Change] = []

        def look(found: list[Change]) -> None:
            after.extend(found)

        try:
            for one in originals.values():
                one.withdraw()
            self._runs.once_more(module, statement, lambda name, layer: lambda value: value, look)
        finally:
            for place, was in states.values():
                write(place, was)
            for one in originals.values():
                one.spots = []
        for change in after:
            if change.strange is not None:
                raise UpgradeError("where among others it is entered can't be told: they sort them")
            mine = entered.get(id(change.place))
            if mine is not None and not isinstance(change.after, set) and mine.added and change.added:
                if not _is_before(mine, change):
                    raise UpgradeError("where among others it is entered can't be told: they sort them")

    def _holders(self, container: Any) -> Iterator[tuple[dict[Any, Any], Any]]:
        """Containers that hold a container by a key."""
        for place in self._runs.reached.values():
            if isinstance(place, dict) and not self._runs.is_named(place):
                for key, value in list(dict.items(place)):
                    if value is container:
                        yield place, key

    def _is_own(self, place: Any) -> bool:
        """A class of the app's, or its module's names: compared with a cold import."""
        if isinstance(place, type):
            return place.__module__ in self._live
        return isinstance(place, dict) and place.get("__name__") in self._live

    @contextmanager
    def _told(self, item: Entered, statement: Statement | None) -> Iterator[None]:
        """Says in what file and line, and of whose decorators, an UpgradeError is."""
        try:
            yield
        except UpgradeError as exc:
            one = statement or item.old
            assert one is not None
            source = (self._new if one is item.new else self._old)[item.module]
            inner = all_but(one.decorators, self._apart.get(one, ()))
            shown = ", ".join(f"`@{ast.unparse(d).split('(')[0]}`" for d in inner)
            message = f"`{item.name}`: of its decorators ({shown}): {exc.message}"
            do = "deploy this change cold (restart the app)"
            raise UpgradeError(message, file=source.shown, line=one.line, do=do) from exc

    # -- entries -----------------------------------------------------------------------------

    def _withdraw(self, item: Entered) -> None:
        if item.old is None:
            return
        originals = self._originals[item.old]
        for original in originals:
            if item.new is None and (original.attributes and original.entries):
                if not isinstance(original.place, dict) or not self._is_own(original.place):
                    raise UpgradeError("they note it in an attribute, where something else may have been")
                names = read(original.place)  # of a module of the app's: compared with a cold import
                write(original.place, {key: one for key, one in names.items() if key not in original.entries})
            original.withdraw()
        if item.new is not None and item.exchanged:
            self._emptied(item)
        if item.new is None or item.exchanged:
            self._named_elsewhere(item, originals)

    def _named_elsewhere(self, item: Entered, originals: list[Original]) -> None:
        """Texts that name it, where a trial run shows nothing: entered once more they are what they were."""
        assert item.old is not None
        texts = {item.name, *_texts_of(item.old.node, self._apart.get(item.old, ()))}
        places = Reach(*self._roots(item.module, item.old)).places
        for place in places.values():
            if not self._runs.is_named(place) and isinstance(place, dict | set):
                for one in read(place):
                    if isinstance(one, str) and any(one == t or one.endswith((f".{t}", f":{t}")) for t in texts):
                        if not isinstance(place, dict) or is_atomic(place[one]):
                            raise UpgradeError(f"`{one}` stands in a {type(place).__qualname__}, perhaps for it")

    def _substitute(self) -> None:
        """Whoever was told of a fresh function holds the living one that it was poured into."""
        pairs = [(fresh, kept) for fresh, kept in self._poured if fresh is not kept]
        self._poured = []
        if any(weakref.getweakrefcount(fresh) for fresh, _ in pairs):
            raise UpgradeError("it is held by a weak reference, which would not follow")
        if pairs:
            places = [place for place, _ in self._before.values() if isinstance(place, dict | list | set)]
            Substitution(pairs, spared=self._before).run(places)

    def _emptied(self, item: Entered) -> None:
        """A container that held nothing but its entries, and stands in another by a key: perhaps for it alone."""
        assert item.old is not None
        for original in self._originals[item.old]:
            if self._runs.is_named(original.place) or not original.spots or read(original.place):
                continue
            for place, key in self._holders(original.place):
                self._drop(item, place, key)

    def _left(self, item: Entered) -> None:
        """Nothing that its decorators reach may hold what its name means no more."""
        was = self._meant.pop(item, None)
        namespace = vars(self._live[item.module])
        if not isinstance(was, Hashable) or is_atomic(was) or (item.new and namespace.get(item.name) is was):
            return
        statement = item.old or item.new
        assert statement is not None
        for place in Reach(*self._roots(item.module, statement)).places.values():
            if id(place) not in {id(namespace), *self._runs.spared} and not isinstance(place, types.CellType):
                now = read(place)
                if any(one is was for one in ([*now, *now.values()] if isinstance(now, dict) else now)):
                    raise UpgradeError(f"the old one is still held by {describe(place)}")

    def _roots(self, module: str, statement: Statement) -> tuple[list[object], set[str]]:
        return roots_of(statement.node, vars(self._live[module]), self._apart.get(statement, ()))

    def _drop(self, item: Entered, place: dict[Any, Any], key: Any) -> None:
        if not (isinstance(key, str) and key.rpartition(".")[2] == item.name):
            raise UpgradeError("what it was entered in holds nothing any more, and may have been made for it")
        dict.__delitem__(place, key)


def _old_ones(item: Entered) -> Iterator[tuple[str, Statement]]:
    if item.old is not None:
        yield item.module, item.old
    yield from item.before


def _uncount(change: Change) -> None:
    """A class of the app's counts what is made: the living one was counted when it was made first."""
    if isinstance(change.place, type):
        for name in change.counted:
            setattr(change.place, name, change.before[name])


def _is_serial(change: Change) -> bool:
    """A class or module of a library counts what it makes, and notes nothing of it: that goes on."""
    return isinstance(change.place, type) and not change.added and change.strange is None


def _is_before(mine: Change, later: Change) -> bool:
    """Every entry of `mine` stands before every one that `later` added."""
    keyed = isinstance(later.after, dict)
    items = list(later.after)
    added = [at for at, _ in later.added]
    own = [at if keyed else item for at, item in mine.added]
    places = [index for index, one in enumerate(items) if any(one is entry for entry in own)]
    fresh = [index for index, one in enumerate(items) if (one in added if keyed else index in added)]
    return not places or not fresh or max(places) < min(fresh)


def _texts_of(node: ast.AST, apart: Collection[int]) -> set[str]:
    found = set()
    for decorator in all_but(getattr(node, "decorator_list", []), apart):
        for one in ast.walk(decorator):
            if isinstance(one, ast.Constant) and isinstance(one.value, str):
                found.add(one.value)
    return found
