"""Classes whose instances are laid out in another way now: the class that was made takes the living one's place.

The memory of an object can't be given other slots. So whoever holds the living class holds the new one afterwards, and
each living instance gives way to a new one with its values. Names of modules follow as soon as the class is made, so
that what is executed next derives from the right one; everybody else when all was executed, as classes derived from it
are made anew, too. Each holder is journaled first. That there is no other is proved by counting: who is not shown by
the collector (a running frame, a library written in C, a weak reference) raises UpgradeError, and all is undone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import gc
import sys
import types
import weakref
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import UpgradeError
from ..living.attributes import fields_of, is_heap_type, slots_of
from ..living.inventory import Survey, describe, subclasses
from ..source.plan import COLD
from .classobject import members, modified, owned_by, touch_class
from .journal import Journal
from .registration import Registration
from .substitute import Substitution, substitute_weakly
from .twin import forget_aliases


class Exchanging(Registration):
    """All exchanges of one patch. `live`: the first-party modules."""

    executes = False

    def __init__(self, live: Mapping[str, types.ModuleType]) -> None:
        self._live = live
        self._pairs: list[tuple[type, type]] = []
        self._members: list[tuple[Any, Any]] = []
        self._everywhere: _Everywhere | None = None

    def add(self, living: type, made: type, journal: Journal) -> None:
        """`made` stands where `living` stood, in the modules' names at once."""
        self._pairs.append((living, made))
        for name, module in self._live.items():
            namespace = vars(module)
            for key in [key for key, value in namespace.items() if value is living]:
                journal.touch_namespace(namespace, f"names of {name}")
                namespace[key] = made

    def add_member(self, living: Any, made: Any) -> None:
        """The same of a member of an enum whose value is the object itself. `made` is None where it can't be told which
        of several names somebody means who holds it: then nobody may."""
        self._members.append((living, made))

    def finish(self, journal: Journal) -> None:
        """Everybody else. Raises UpgradeError if somebody can't be told."""
        if not self._pairs and not self._members:
            return
        gc.unfreeze()
        gc.collect()
        forget_aliases()
        journal.note("caches of attributes", _forget_attributes)
        told = [pair for pair in self._members if pair[1] is not None]
        alone = [old for old, new in self._members if new is None]
        pairs = [*self._pairs, *_descriptors(self._pairs), *_instances(self._pairs), *told]
        self._pairs.clear()
        self._members.clear()
        told.clear()
        self._everywhere = _Everywhere(pairs, alone, journal)
        self._everywhere.tell()
        _forget_attributes()

    def prove(self) -> None:
        """That nobody has the old ones still, when others have built anew what was made of them."""
        if self._everywhere is not None:
            everywhere, self._everywhere = self._everywhere, None
            gc.collect()
            everywhere.prove()


def _forget_attributes() -> None:
    """What the interpreter remembers of classes: entries of their dicts were exchanged past it."""
    for cls in subclasses(object):
        if is_heap_type(cls):
            modified(cls)


def _descriptors(pairs: Iterable[tuple[type, type]]) -> list[tuple[Any, Any]]:
    """The places of slots: closures and tables may have them."""
    found: list[tuple[Any, Any]] = []
    for old, new in pairs:
        after = vars(new)
        found += [(v, after[n]) for n, v in vars(old).items() if owned_by(v, old) and owned_by(after.get(n), new)]
    return found


def _instances(pairs: Iterable[tuple[type, type]]) -> list[tuple[Any, Any]]:
    """Each living instance, with the one that takes its place."""
    to = dict(pairs)
    return [(one, _again(one, to[type(one)])) for one in gc.get_objects() if type(one) in to]


def _again(one: Any, kind: Any) -> Any:
    """An instance of `kind` with the values of `one`: those that it has a place for; a dataclass's new fields have
    their defaults."""
    name = f"`{kind.__qualname__}` of {kind.__module__}"
    if any("__del__" in vars(base) for base in kind.__mro__):
        raise UpgradeError(f"the layout of its instances changed, and {name} is told of each that ends", do=COLD)
    if weakref.getweakrefs(one):
        raise UpgradeError(f"the layout of its instances changed, and a living {name} is referred to weakly", do=COLD)
    try:
        made = object.__new__(kind)
    except TypeError:
        raise UpgradeError(
            f"the layout of its instances changed, and a living {name} can't be made again", do=COLD
        ) from None
    places, fields = dict(reversed([*slots_of(kind)])), fields_of(made)
    had = [(key, place.__get__(one)) for key, place in slots_of(type(one)) if _is_set(place, one)]
    for key, value in [*had, *(fields_of(one) or {}).items()]:
        if key in places:
            places[key].__set__(made, value)
        elif fields is not None:
            fields[key] = value
    for field in getattr(kind, "__dataclass_fields__", {}).values():
        if (place := places.get(field.name)) is not None and not _is_set(place, made):
            if field.default is not dataclasses.MISSING:
                place.__set__(made, field.default)
            elif field.default_factory in (list, dict, set):
                place.__set__(made, field.default_factory())
    return made


def _is_set(place: Any, one: Any) -> bool:
    try:
        place.__get__(one)
    except AttributeError:
        return False
    return True


class _Everywhere(Substitution):
    """A substitution of what has lived: each holder is journaled, and the new one stands where the old stood."""

    def __init__(self, pairs: list[tuple[Any, Any]], alone: list[Any], journal: Journal) -> None:
        """`alone`: what nobody may hold."""
        self._journal, self._given, self._first = journal, pairs, [old for old, _ in pairs]
        super().__init__(pairs, spared=self._first)
        self._all, self._alone = [*self._first, *alone], alone  # kept, so that nobody else gets the place of it
        self._spared |= {id(self._all), id(alone)}
        self._spared |= {id(pairs), *map(id, pairs), *(id(members(old)) for old, _ in pairs if isinstance(old, type))}

    def tell(self) -> None:
        """Replace whatever stood for the first, and what was built again for that."""
        for old, new in list(self._to.values()):
            if isinstance(old, type):
                self._tell_weakly(old, new)
        todo = list(self._first)
        for _ in range(12):
            found = _holders(todo) if todo else []
            ours = {id(todo), id(found)}  # no longer than these live: another object may get their place
            self._spared |= ours | self._journal.images()
            known = len(self._to)
            for holder in found:
                if id(holder) not in self._spared and type(holder) is not types.FrameType:
                    self._touch(holder)
                    self._replace_in(holder)
            self._spared -= ours
            todo = [old for old, _ in list(self._to.values())[known:]]

    def _tell_weakly(self, old: type, new: type) -> None:
        """Registers of subclasses, too: the undo needs the old one, and no base counts it among its own until then."""
        for ref in weakref.getweakrefs(old):
            for holder in gc.get_referrers(ref):
                derived = type(holder) is dict and holder.get(id(old)) is ref
                if derived or (ref.__callback__ is not None and isinstance(holder, set | dict)):
                    self._journal.touch_container(holder, "who knows the class weakly")
                if derived:
                    del holder[id(old)]
        substitute_weakly(old, new)

    def _touch(self, holder: Any) -> None:
        journal = self._journal
        if isinstance(holder, dict | list | set | deque):
            journal.touch_container(holder, "who holds a class or an instance of it")
        elif isinstance(holder, type):
            touch_class(holder, journal)
        elif type(holder) is types.FunctionType:
            journal.touch_function(holder)
            if sys.version_info < (3, 14):
                journal.touch_container(holder.__annotations__, "annotations of a function")
        elif type(holder) is types.CellType:
            if journal.first_touch(holder):
                contents = holder.cell_contents
                journal.note("a cell", lambda: setattr(holder, "cell_contents", contents))
        elif type(holder) is functools.partial:
            if journal.first_touch(holder):
                place: Any = holder
                state = place.__reduce__()[2]
                journal.spare(state)
                journal.note("a partial", lambda: place.__setstate__(state))
        else:
            self._touch_object(holder)

    def _touch_object(self, holder: Any) -> None:
        if (fields := fields_of(holder)) is not None:
            self._journal.touch_container(fields, "attributes of an object")
        if not self._journal.first_touch(holder):
            return
        for _, place in slots_of(type(holder)):
            if _is_set(place, holder):
                self._touch_slot(holder, place, place.__get__(holder))

    def _touch_slot(self, holder: Any, place: Any, value: Any) -> None:
        def undo() -> None:
            with contextlib.suppress(AttributeError, TypeError):  # of a library: nobody could write it before, either
                place.__set__(holder, value)

        if self._is_old(value):
            self._journal.note("a slot", undo)

    def _in_class(self, holder: type) -> None:
        """Whoever derives from an old one, or is an instance of one, was laid out after it."""
        if any(self._is_old(base) for base in holder.__bases__):
            name = f"`{holder.__qualname__}` of {holder.__module__}"
            raise UpgradeError(
                f"{name} derives from a class the layout of whose instances changed, and is not made anew", do=COLD
            )

    def _in_sequence(self, holder: Any) -> None:
        """In the place of the old one; who entered the new one meanwhile has it once."""
        if not any(self._is_old(item) for item in holder):
            return
        items: list[Any] = []
        ours = {id(self._new(item)) for item in holder if self._is_old(item) and isinstance(item, type)}
        for item in holder:
            if id(item) not in ours:
                items.append(self._new(item))
        if isinstance(holder, list):
            list.__setitem__(holder, slice(None), items)
        else:
            holder.clear()
            holder.extend(items)

    def prove(self) -> None:
        """Raises UpgradeError if anybody has one of the old ones still. One pass over the heap for all of them."""
        shown = dict.fromkeys(map(id, self._all), 0)
        spared = self._spared | self._journal.images()
        surveys = [one for one in gc.get_objects() if type(one) is Survey]  # of a plan that is kept
        spared |= {id(one) for survey in surveys for one in survey.lists}
        found = _holders(self._all)
        spared.add(id(found))
        for index in range(len(found)):
            holder = found[index]
            ours = _is_ours(holder, spared) or _is_for_the_undo(found, index, spared)
            for one in gc.get_referents(holder):
                if id(one) in shown:
                    shown[id(one)] += 1
                    if not ours:
                        held = f"{_named(one)} is held by {describe(holder)}"
                        raise UpgradeError(f"{held}, which can't be told of another", do=COLD)
        holder = one = None
        found.clear()
        for index in range(len(self._all)):
            if sys.getrefcount(self._all[index]) - shown[id(self._all[index])] != _ASKED:
                raise UpgradeError(
                    f"{_named(self._all[index])} is held where the collector does not look: by a running call, say",
                    do=COLD,
                )


def _holders(items: list[Any]) -> list[Any]:
    """`gc.get_referrers` of them all. That compares each reference with each item: for many it is quicker to look at
    what each object refers to."""
    if len(items) <= _MANY:
        asked = tuple(items)
        return [one for one in gc.get_referrers(*asked) if one is not asked]  # from Python 3.13 on it is among them
    wanted = set(map(id, items))
    return [one for one in gc.get_objects() if not wanted.isdisjoint(map(id, gc.get_referents(one)))]


_MANY = 200
_DEEPEST = 3


def _is_ours(one: Any, spared: set[int]) -> bool:
    if type(one) is types.FrameType:
        return str(one.f_globals.get("__name__")).startswith("flyhot_asgi.engine")
    return id(one) in spared


def _is_for_the_undo(held: list[Any], index: int, spared: set[int], names: int = 1, depth: int = _DEEPEST) -> bool:
    """Nobody has the object but pre-images, and what only those have: what was built anew meanwhile, as a model's
    validator is, and the route's that was made of that. `names`: how many variables of the caller mean it."""
    who = [one for one in gc.get_referrers(held[index]) if type(one) is not types.FrameType]
    ours = spared | {id(who)}
    for at in range(len(who)):
        if id(who[at]) not in spared and not (depth and _is_for_the_undo(who, at, ours, 0, depth - 1)):
            return False
    shown = sum(part is held[index] for one in who for part in gc.get_referents(one))
    return sys.getrefcount(held[index]) == shown + names + 1  # the call's argument


def _named(old: Any) -> str:
    kind = old if isinstance(old, type) else type(old)
    if isinstance(old, enum.Enum):
        return f"`{kind.__qualname__}.{old._name_}` of {kind.__module__}, whose value is the object itself and changed,"
    name = f"`{kind.__qualname__}` of {kind.__module__}, the layout of whose instances changed,"
    return name if kind is old else f"a living instance of {name}"


def _asked() -> int:
    """How many references to an object there are because it is counted."""
    probe: list[Any] = [object()]
    return sys.getrefcount(probe[0]) - 1


_ASKED = _asked()
