"""A class statement executed whole: the class that it makes, its **twin**, is poured into the living one.

What makes a class more than its members (bases, metaclass, decorators, hooks, generated methods, enum members, slots)
comes out right by construction, as it was made by executing the statement. Then the twin's contents move into the
living class, everything that was told of the twin is told of the living class, and the twin is freed: it leaves
`__subclasses__()` and weak registries with that. A layout that living instances do not have raises UpgradeError; so
does a twin that can't be freed. Both mean that the journal is rolled back. What this can't see (values computed from
the class elsewhere, order in registries) is seen by the comparison with a cold import.
"""

from __future__ import annotations

import abc
import enum
import gc
import sys
import types
import typing
import weakref
from collections import namedtuple
from collections.abc import Iterable
from typing import Any, Protocol, TypeAlias

from ...errors import UpgradeError
from ..living.attributes import fields_of
from ..living.caches import forget_plain
from ..living.inventory import subclasses
from ..living.wrapped import closed_over, functions_of_member
from ..source.plan import Twin, TwinOf
from ..source.values import EXACT_CONTAINERS, alike
from .classobject import (
    descriptor_for,
    forget_abstract_answers,
    layout_problem,
    members,
    owned_by,
    set_bases,
    set_members,
    set_metaclass,
    touch_class,
)
from .enums import namesakes, pour_members
from .journal import Journal, refill, set_globals
from .pouring import join, pour, pour_across, pour_wrapped, stands_at
from .substitute import Substitution, substitute_weakly
from .values import Pourer

_LIVING_ONLY = frozenset({"_abc_impl"})
_CODE = (types.FunctionType, staticmethod, classmethod, property)
_PLACES = (types.MemberDescriptorType, type(vars(namedtuple("_", "field"))["field"]))
"""What a class has where its instances keep a value of that name: of slots, of a named tuple."""
_MISSING: Any = object()


class Exchanging(Protocol):
    """Who tells everybody of what takes another object's place."""

    def add(self, living: type, made: type, journal: Journal) -> None: ...

    def add_member(self, living: Any, made: Any) -> None: ...


Held: TypeAlias = tuple["weakref.ref[Any]", Any]
"""A twin that is still alive, and the living class in whose place it stood."""


class TwinPourer:
    """Pours the classes that one statement made anew into the living ones. One for each statement. `moved`: it moved
    here from another module, with the name that it had and the one that it has."""

    def __init__(
        self,
        item: Twin,
        journal: Journal,
        *,
        moved: tuple[str, str] | None = None,
        exchanging: Exchanging | None = None,
    ) -> None:
        self._item = item
        self._exchanging = exchanging
        """Told of a living class, or a member of one, and what takes its place (`patching.exchange`)."""
        self._moved = moved
        self._journal = journal
        self._pairs: list[tuple[Any, Any]] = []
        self._lost = False
        self._taken: set[int] = set()
        self._gone: set[int] = set()
        """By id, members of an enum that others take the place of."""
        self._became: dict[int, types.FunctionType] = {}
        """Of one statement's functions, by id: they live as long as its twin does."""
        self._accessors: list[tuple[object, object, object]] = []
        """Of one class's properties, which may share them: the old, the new, and what was kept."""

    def begin(self) -> None:
        """Pre-images of the classes and of whoever holds them, before the statement is executed."""
        for one in self._item.classes:
            touch_class(one.cls, self._journal)
        for ref in self._item.holders:
            self._journal.touch_container(ref, "who holds the class")

    def members(self) -> dict[str, Any]:
        """`C.f` → what the living class has there: what methods are poured into as soon as they are made."""
        found: dict[str, Any] = {}
        for one in self._item.classes:
            for name, value in vars(one.cls).items():
                if name in one.exchanged:
                    continue  # the whole of what its decorators give is poured, when that is there
                found[f"{'.'.join(one.path)}.{name}"] = value
        return found

    def finish(self, namespace: dict[str, Any], others: Iterable[dict[str, Any]] = ()) -> list[Held]:
        """Pour, replace, bind. Returns the twins that are still held by something that can't be seen now."""
        for one in self._item.classes:
            if len(one.path) == 1:
                self._finish_one(one, namespace.get(one.path[0]))
        twins = [(weakref.ref(old), new) for old, new in self._pairs if isinstance(old, type)]
        self._tell([namespace, *others])
        forget_abstract_answers(lost=self._lost)
        gc.collect()
        if any(ref() is not None for ref, _ in twins):
            forget_aliases()
            gc.collect()
        return [(ref, living) for ref, living in twins if ref() is not None]

    def _finish_one(self, one: TwinOf, twin: object) -> None:
        if not isinstance(twin, type):
            raise UpgradeError(f"`{one.path[0]}` of {self._item.module} is no class any more")
        if twin is not one.cls:
            self._pour(one, one.cls, twin)

    def _tell(self, namespaces: list[dict[str, Any]]) -> None:
        also: list[object] = [*namespaces, *self._item.holders, *self._became.values()]
        also += [f for one in self._item.classes for v in vars(one.cls).values() for f in functions_of_member(v)]
        old = new = None  # there are no pairs where a decorator handed on the living class
        for old, new in self._pairs:
            if isinstance(new, type):
                also.append(members(new))
                substitute_weakly(old, new)
            elif type(new) in EXACT_CONTAINERS:
                also.append(new)  # annotations: what they hold may be made of a twin
            elif (fields := fields_of(new)) is not None:
                also.append(fields)  # of a living enum's member: older than the patch, so that the collector hides it
        del old, new
        substitution = Substitution(self._pairs)
        self._pairs.clear()
        substitution.run(also)

    def _pour(self, one: TwinOf, living: type, twin: type) -> type:
        """The one of both that stays."""
        if (problem := layout_problem(living, twin)) is not None:
            return self._exchange_class(one, living, twin, problem)
        touch_class(living, self._journal)
        self._pairs.append((twin, living))
        if issubclass(twin, enum.Enum):
            exchange = self._member_gives_way if self._exchanging is not None else None
            self._pairs += pour_members(living, twin, self._journal, exchange)
        wanted = {name: self._member(one, living, twin, name, value) for name, value in vars(twin).items()}
        for name, value in vars(living).items():
            if name not in wanted and self._stays(one, name):
                wanted[name] = value
        if not self._moved and living.__module__ != self._item.module == twin.__module__:
            wanted["__module__"] = living.__module__  # its package says that it is of another module
            if "__firstlineno__" not in vars(living):  # and since Python 3.13 that takes the line away
                wanted.pop("__firstlineno__", None)
        to = {id(old): new for old, new in self._pairs}
        bases = tuple(to.get(id(base), base) for base in twin.__bases__)
        self._lost |= bool(set(living.__bases__) - set(bases) or vars(living).keys() - wanted.keys())
        set_metaclass(living, type(twin))
        set_bases(living, bases, to.get(id(twin.__base__), twin.__base__))
        set_members(living, wanted)
        type.__setattr__(living, "__name__", twin.__name__)
        type.__setattr__(living, "__qualname__", twin.__qualname__)
        self._derived(living)
        self._accessors.clear()
        self._told_of_first(living, twin)
        return living

    def _exchange_class(self, one: TwinOf, living: type, twin: type, problem: str) -> type:
        """Instances of the living one are laid out in another way: the twin takes its place, with its functions."""
        if self._exchanging is None or self._moved or issubclass(twin, enum.Enum):
            raise UpgradeError(f"`{living.__qualname__}` of {living.__module__}: {problem}")
        touch_class(living, self._journal)
        wanted = {name: self._member(one, living, twin, name, value) for name, value in vars(twin).items()}
        for name, value in vars(living).items():
            if name not in wanted and self._stays(one, name):
                wanted[name] = value
        for name, value in vars(twin).items():
            if owned_by(value, twin) or name in _LIVING_ONLY:
                wanted[name] = value
        set_members(twin, wanted)
        self._accessors.clear()
        self._told_of_first(twin, twin)
        self._exchanging.add(living, twin, self._journal)
        return twin

    def _member_gives_way(self, old: Any, new: Any) -> None:
        assert self._exchanging is not None
        self._gone.add(id(old))
        self._exchanging.add_member(old, new)

    def _told_of_first(self, living: type, twin: type) -> None:
        """`@dataclass(slots=True)` makes a class twice, and closures keep the first, with the same functions."""
        held = [one for v in vars(living).values() for f in functions_of_member(v) for one in closed_over(f)]
        for first in [one for one in held if isinstance(one, type) and one is not living and one is not twin]:
            if (first.__module__, first.__qualname__) == (twin.__module__, twin.__qualname__):
                for name, value in list(vars(first).items()):
                    if id(value) in self._became:
                        type.__setattr__(first, name, self._became[id(value)])

    def _derived(self, living: type) -> None:
        derived: list[Any] = sorted(subclasses(living), key=lambda kind: len(kind.__mro__))
        for kind in derived:
            if issubclass(type(kind), abc.ABCMeta) and "__abstractmethods__" in vars(kind):
                touch_class(kind, self._journal)
                abc.update_abstractmethods(kind)

    def _stays(self, one: TwinOf, name: str) -> bool:
        """The program gave the class an attribute that no source text binds."""
        return name in self._item.state and not name.startswith("__") and name not in self._item.deleted

    def _member(self, one: TwinOf, living: type, twin: type, name: str, value: Any) -> Any:
        """What the living class gets for one member of its twin."""
        old = vars(living).get(name, _MISSING)
        if owned_by(value, twin) and old is _MISSING:
            return descriptor_for(living, value)
        stays = name in (*one.keep, *_LIVING_ONLY) and old is not _MISSING and id(old) not in self._gone
        stays = stays and (type(old) not in _PLACES or type(value) is type(old))
        if owned_by(value, twin) or stays:
            if name in one.fresh and old is not value and type(old) is type(value):
                self._pairs.append((value, old))
            if type(old) is property and type(value) is property:
                self._accessors += zip(_accessors(old), _accessors(value), _accessors(old), strict=True)
            return old
        if isinstance(value, type) and isinstance(old, type) and self._same_place(value, old, twin):
            inner = next((o for o in self._item.classes if o.cls is old), None)
            return self._pour(inner or TwinOf(old, (*one.path, name), frozenset(), frozenset()), old, value)
        if name in one.exchanged and (kept := self._exchange(old, value)) is not None:
            return kept
        if name in one.bound or name == "__annotations__":
            return self._merge(old, value)
        generated = self._merge(old, value) if isinstance(value, _CODE) else value
        if name in self._item.state and not name.startswith("__") and old is not _MISSING and not alike(old, value):
            where = f"`{living.__qualname__}.{name}`"
            raise UpgradeError(f"{where} was changed by the running program, and what makes it is executed again")
        return generated

    def _exchange(self, old: Any, new: Any) -> Any:
        """The living member as what other decorators made; None if it is of another kind now."""
        if isinstance(old, staticmethod | classmethod) and type(old) is type(new):
            return old if self._exchange(old.__func__, new.__func__) is not None else None
        if not isinstance(old, types.FunctionType) or not isinstance(new, types.FunctionType) or old is new:
            return None
        self._taken.add(id(old))
        self._became[id(new)] = old
        return pour_wrapped(old, new, self._journal)

    def _merge(self, old: Any, new: Any) -> Any:
        """The object to store: the old one, made new, where its kind allows."""
        if isinstance(old, types.FunctionType) and isinstance(new, types.FunctionType):
            return self._pour_function(old, new)
        if isinstance(old, staticmethod | classmethod) and type(old) is type(new):
            if isinstance(old.__func__, types.FunctionType) and isinstance(new.__func__, types.FunctionType):
                return old if self._pour_function(old.__func__, new.__func__) is old.__func__ else new
            return old if old.__func__ is new.__func__ else new
        if type(old) is not type(new) and id(getattr(new, "__func__", new)) not in self._became:
            if (across := pour_across(old, new, self._journal)) is not None:
                return across
        if type(old) is property and type(new) is property:
            before, after = _accessors(old), _accessors(new)
            parts = [self._merge(a, b) for a, b in zip(before, after, strict=True)]
            self._accessors += zip(before, after, parts, strict=True)
            olds, news, kept = zip(*self._accessors, strict=True)
            join(olds, news, kept, parts)
            return property(parts[0], parts[1], parts[2], new.__doc__)
        kept = Pourer(self._journal).keep(old, new)
        if kept is old and old is not new and type(new) in EXACT_CONTAINERS:
            self._pairs.append((new, old))  # it may be a default, or part of another member, too
        return kept

    def _pour_function(self, old: types.FunctionType, new: types.FunctionType) -> types.FunctionType:
        if id(new) in self._became:
            return self._became[id(new)]
        if old is new or id(old) in self._taken or not self._stand_in(old, new):
            return new
        if old.__globals__ is not new.__globals__ and self._moved and not _is_private(new):
            self._journal.touch_function(old)
            set_globals(old, new.__globals__)
            old.__module__ = new.__module__
        if old.__globals__ is not new.__globals__:
            if not (_is_private(old) and _is_private(new)):
                return new
            self._journal.touch_container(old.__globals__, "the globals of a generated function")
            refill(old.__globals__, dict(new.__globals__))
        self._taken.add(id(old))
        self._became[id(new)] = old
        return pour(old, new, self._journal)

    def _same_place(self, value: type, old: type, twin: type) -> bool:
        before = renamed(old.__qualname__, *self._moved) if self._moved else old.__qualname__
        inside = value.__qualname__.rpartition(".")[0] == twin.__qualname__
        return value.__module__ == twin.__module__ and value.__qualname__ == before and inside

    def _stand_in(self, old: types.FunctionType, new: types.FunctionType) -> bool:
        before, after = stands_at(old), stands_at(new)
        if before[0].startswith("<") != after[0].startswith("<"):  # written out before, and generated now
            return (old.__module__, old.__qualname__) == (new.__module__, new.__qualname__)
        return renamed(before[1], *self._moved) == after[1] if self._moved else before == after


def _accessors(member: property) -> tuple[Any, Any, Any]:
    return (member.fget, member.fset, member.fdel)


def forget_aliases() -> None:
    """`Optional[C]` and its like, which `typing` remembers so as not to make them twice: they hold a nested class that
    was made for a moment, or are written otherwise (`Union[int, str]` is equal to `int | str`)."""
    for forget in getattr(typing, "_cleanups", ()):
        forget()


def renamed(qualname: str, old: str, new: str) -> str:
    """What stood inside of `old`, or is it, inside of `new`."""
    top, dot, rest = qualname.partition(".")
    return f"{new}{dot}{rest}" if top == old else qualname


def _is_private(function: types.FunctionType) -> bool:
    """Its globals are not those of a module: it was made of text for one class (by named tuples, by attrs with
    a copy of the module's)."""
    namespace, generated = function.__globals__, function.__code__.co_filename.startswith("<")
    module = sys.modules.get(str(namespace.get("__name__")))
    return namespace is not getattr(module, "__dict__", None) and (generated or "__spec__" not in namespace)


def free(held: list[Held], journal: Journal) -> None:
    """Twins that something old holds beside what was known: told of the living class as well, if that can be undone.

    Looks through the whole heap: 50-200 ms, seldom needed. Raises UpgradeError for a holder without a pre-image.
    """
    pairs = [(twin, living) for twin, living in ((ref(), living) for ref, living in held) if twin is not None]
    if not pairs:
        return
    gc.unfreeze()
    for pair in pairs:
        forget_plain(pair[0])
    pairs += [pair for twin, living in pairs for pair in namesakes(living, twin)]
    del pair
    names = [f"`{living.__qualname__}` of {living.__module__}" for _, living in held]
    substitution = Substitution(pairs)
    pairs.clear()
    strangers = substitution.run_known(journal)
    del substitution
    gc.collect()
    for (ref, _), name in zip(held, names, strict=False):
        if (twin := ref()) is not None:
            who = strangers or Substitution([]).holders(twin)
            told = ", ".join(list(dict.fromkeys(who))[:3]) or "somebody who can't be seen"
            raise UpgradeError(f"{name} can't be made anew: the second one would stay in {told}, beside the first")
