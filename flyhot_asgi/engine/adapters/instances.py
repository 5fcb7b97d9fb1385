"""Living instances of models whose fields changed: they get what the release's code counts on, or nobody is upgraded.

An instance that old code made lacks a new field. What validating its old input anew would give it is the field's
default; settings read their environment again for it. A field without a default has no value that anybody could know.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import sys
import types
from collections.abc import Collection, Mapping
from typing import Any

from ...errors import UpgradeError
from ..living.attributes import fields_of
from ..living.inventory import subclasses
from ..living.pydantic import model_fields, version
from ..patching.journal import Journal
from ..patching.registration import Registration
from ..source.module import Statement
from .beside_fields import private_of, set_slot, settle_beside
from .pydantic import default_of, is_required, keeps_extra, set_fields
from .schemas import added, instances_of

_MISSING: Any = object()
_CLIMB = 8
_PASSING = (dict, list, tuple, set, functools.partial, types.CellType, asyncio.Future, asyncio.Handle)
_SLOTS = ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
_SLOTS_OF_1 = ("__fields_set__",)


def attributes(instance: Any) -> dict[str, Any] | None:
    """An instance's own dict; None if it was never initialised (`object.__new__`, and nothing else)."""
    try:
        set_fields(instance)
    except AttributeError:
        return None
    return fields_of(instance)


def initialised(classes: Collection[type]) -> list[Any]:
    """Living, initialised instances of these models and of models derived from them; garbage is not."""
    kinds = {kind for cls in classes for kind in [cls, *subclasses(cls)]}
    if any(attributes(one) is not None for one in instances_of(kinds)):
        gc.collect()
    found = [one for one in instances_of(kinds) if attributes(one) is not None]
    return [one for one in found if is_held(one, found)]


def is_held(one: object, found: list[Any]) -> bool:
    """Some module, function, task leads to it. What only an idle thread's frame holds (the arguments of the last call,
    in a thread pool) was used up."""
    frontier: list[object] = [one]
    seen = {id(one), id(found), id(frontier)}
    for _ in range(_CLIMB):
        above: list[object] = []
        seen |= {id(frontier), id(above)}
        for holder in gc.get_referrers(*frontier):
            if id(holder) in seen or type(holder) is types.FrameType:
                continue
            seen.add(id(holder))
            if type(holder) not in _PASSING:
                return True
            above.append(holder)
        frontier = above
        if not frontier:
            return False
    return True


def is_settings(cls: type) -> bool:
    homes = ("pydantic_settings.main", "pydantic.env_settings")
    kinds = [getattr(sys.modules.get(home), "BaseSettings", None) for home in homes]
    return any(isinstance(kind, type) and issubclass(cls, kind) for kind in kinds)


class InstanceFill(Registration):
    """Gives living instances the fields that their model gained, and takes those that it lost. Settings, which somebody
    keeps (an `lru_cache`), get what the release makes others of them, as soon as their class is made: what is made next
    may read them. `changed`: by the statement that makes it; `lasting`: fields that stay (`lasting`)."""

    def __init__(self, changed: Mapping[Statement, type], lasting: Mapping[type, Collection[str]]) -> None:
        self._made, self._lasting = changed, lasting
        self._changed = [cls for cls in changed.values() if not hasattr(cls, "__mapper__")]
        self._before: dict[type, dict[str, Any]] = {}
        self._private: dict[type, Collection[str]] = {}
        self._settings: dict[type, dict[str, Any]] = {}
        """What making them gave before."""
        self._found: list[Any] = []

    def look(self) -> None:
        for kind in {kind for cls in self._changed for kind in [cls, *subclasses(cls)]}:
            self._before[kind] = dict(model_fields(kind))
            self._private[kind] = frozenset(private_of(kind))
        self._found = added(self._found, instances_of(list(self._before)))
        for kind in {type(one) for one in self._found if attributes(one) is not None}:
            if is_settings(kind) and kind not in self._settings:
                with contextlib.suppress(Exception):  # it needs arguments
                    before, again = vars(kind()), vars(kind())
                    self._settings[kind] = {name: before[name] for name in before if _equal(before[name], again[name])}

    def collect(self, statement: Statement, journal: Journal) -> None:
        kind = self._made.get(statement)
        if kind in self._settings:
            for one in self._found:
                if type(one) is kind and (values := attributes(one)) is not None:
                    self._renew(one, values, journal)

    def _renew(self, one: Any, values: dict[str, Any], journal: Journal) -> None:
        kind = type(one)
        before = self._settings[kind]
        try:
            fresh = vars(kind())
        except Exception as exc:
            raise UpgradeError(f"a living {kind.__qualname__} can't be made by the new release: {exc}") from exc
        journal.touch_namespace(values, f"a {kind.__qualname__}")
        for name in fresh.keys() & before.keys() & values.keys():
            whose = f"`{name}` of a living {kind.__qualname__}"
            if name in self._lasting.get(kind, ()):
                continue
            if _is_default(values[name], self._before[kind].get(name)) and _equal(values[name], fresh[name]):
                values[name] = fresh[name]  # the very object that is the field's default, as in a cold import
                continue
            values[name] = _merged(before[name], values[name], fresh[name], whose)
        values.update({name: fresh[name] for name in model_fields(kind) if name in fresh and name not in values})

    def finish(self, journal: Journal) -> None:
        gained = {c: set(model_fields(c)) - set(old) for c, old in self._before.items()}
        lost = {c: set(old) - set(model_fields(c)) for c, old in self._before.items()}
        for one in self._found:
            values = attributes(one)
            if values is not None:
                journal.touch_namespace(values, f"a {type(one).__qualname__}")
                if (lacking := _fill(one, values, gained[type(one)])) is not None and self._is_held(one):
                    raise UpgradeError(
                        f"a living {type(one).__qualname__} has no value for its new field `{lacking}`",
                        do=f"give `{lacking}` a default, or deploy cold",
                    )
                _drop(one, values, lost[type(one)], journal)
                if (lacking := settle_beside(one, self._private[type(one)], journal)) and self._is_held(one):
                    raise UpgradeError(
                        f"a living {type(one).__qualname__} has no value for its new private attribute `{lacking}`",
                        do=f"give `{lacking}` a default, or deploy cold",
                    )

    def _is_held(self, one: object) -> bool:
        gc.unfreeze()
        return is_held(one, self._found)


def _fill(one: Any, values: dict[str, Any], names: set[str]) -> str | None:
    """Set what can be known; the first field for which nothing can."""
    cls: Any = type(one)
    missing: list[str] = [name for name in model_fields(cls) if name in names and name not in values]
    fresh = vars(cls()) if missing and is_settings(cls) else {}
    for name in missing:
        field = model_fields(cls)[name]
        if is_required(field) and name not in fresh:
            return name
        values[name] = fresh[name] if name in fresh else default_of(field, values)
    return None


def _is_default(value: Any, field: Any) -> bool:
    return field is not None and field.default is value


def _drop(one: Any, values: dict[str, Any], names: set[str], journal: Journal) -> None:
    if keeps_extra(type(one)):
        return
    noted = set_fields(one)
    for name in names & values.keys():
        del values[name]
        if name in noted:
            journal.touch_container(noted, "the set fields of a model")
            noted.discard(name)


class InstanceRebuild(Registration):
    """`settings = Settings()`: the statement is executed anew, and what it makes is poured into the living object.

    Three-way per attribute: what the program changed since (`cold` is what the old statement made, where that could be
    told) lives on, unless the release changes it too. Without `cold` all living values live on.
    """

    def __init__(
        self,
        statement: Statement,
        name: str,
        namespace: dict[str, Any],
        cold: dict[str, Any] | None,
        lasting: Collection[str],
    ) -> None:
        self._statement, self._name, self._namespace, self._cold = statement, name, namespace, cold
        self._lasting = lasting
        self._living = namespace[name]
        self._defaults = dict(model_fields(type(self._living)))

    def collect(self, statement: Statement, journal: Journal) -> None:
        if statement is not self._statement:
            return
        made, living = self._namespace[self._name], self._living
        if type(made) is not type(living):
            raise UpgradeError(f"`{self._name}` is of another class in the new release; deploy this change cold")
        if made is living:
            return
        values, fresh = vars(living), vars(made)
        journal.touch_namespace(values, f"`{self._name}`")
        poured = {key: self._value(key, values.get(key, _MISSING), fresh[key]) for key in fresh}
        values.clear()
        values.update(poured)
        for slot in _SLOTS if version() >= (2, 0) else _SLOTS_OF_1:
            _pour_slot(living, made, slot, journal)
        self._namespace[self._name] = living

    def _value(self, key: str, has: Any, fresh: Any) -> Any:
        if has is _MISSING:
            return fresh
        if _is_default(has, self._defaults.get(key)) and _equal(has, fresh):
            return fresh
        if self._cold is None or key in self._lasting:
            return has
        return _merged(self._cold.get(key, _MISSING), has, fresh, f"`{self._name}.{key}`")


def _merged(before: Any, has: Any, fresh: Any, whose: str) -> Any:
    """What the program made of a value lives on, unless the release changes it. Raises UpgradeError if both did."""
    if _equal(has, fresh):
        return has
    if before is _MISSING or _equal(before, has):
        return fresh
    if _equal(before, fresh):
        return has
    raise UpgradeError(
        f"{whose} was changed by the running program and is changed by the release too",
        do="keep the old value in the source and change it from code, or deploy cold",
    )


def _equal(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and bool(a == b))


def _pour_slot(living: Any, made: Any, slot: str, journal: Journal) -> None:
    """The private attributes are state: those that the living object has stay."""
    before, fresh = (object.__getattribute__(one, slot) for one in (living, made))
    if slot == "__pydantic_private__" and before and fresh is not None:
        fresh = {**fresh, **{key: value for key, value in before.items() if key in fresh}}
    set_slot(living, slot, fresh, journal)
