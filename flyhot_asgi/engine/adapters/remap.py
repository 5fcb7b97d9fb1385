"""A changed mapping: all classes of its SQLAlchemy registry are mapped anew, in place.

Mappers, relationships and foreign keys hold one another, and the old columns with them. So the whole registry is taken
apart, as `registry.dispose()` does it, its tables leave the metadata, and the class statements are executed again in
the source's order, so that each class, the same object, gets the mapper and the table that a cold import gives it.
Possible while no instance of these classes lives (between two requests, with a session for each): an instance holds the
old mapping. The undo gives every class, mapper, registry and metadata back what it had.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ...errors import UpgradeError
from ..living.attributes import attributes_in, fields_of, slots_of
from ..patching.classobject import touch_class
from ..patching.journal import Journal, refill
from ..patching.registration import Registration
from .schemas import added, instances_of

_COLD = "deploy this change cold (restart the app)"


class Remap(Registration):
    """Takes registries apart before the classes' statements are executed; mappings that were configured are again."""

    def __init__(
        self,
        registries: Collection[Any],
        classes: Collection[type],
        tables: Collection[Any],
        collected: Collection[tuple[str, Any]] = (),
    ) -> None:
        """`collected`: lists and sets in which listeners put tables and columns, each with what it is called."""
        self._collected = list(collected)
        self._left: list[tuple[str, Any, list[Any]]] = []
        self._registries = list(registries)
        self._classes = list(classes)
        self._tables = list(tables)
        self._living: list[Any] = []
        self._configured: list[Any] = []

    def look(self) -> None:
        self._living = added(self._living, instances_of(self._classes))

    def begin(self, journal: Journal) -> None:
        living, self._living = [type(one).__qualname__ for one in self._living if _counts(one)], []
        if living:
            raise UpgradeError(f"{len(living)} living instance(s) of `{living[0]}` hold the old mapping", do=_COLD)
        for registry in self._registries:
            managers = list(registry._managers)
            if any(manager.mapper.configured for manager in managers if manager.is_mapped):
                self._configured.append(registry)
            for manager in managers:
                touch_class(manager.class_, journal)
                note_fields(manager, journal)
                if (mapper := vars(manager).get("mapper")) is not None:
                    note_fields(mapper, journal)
        for registry in self._registries:
            for manager in list(registry._managers):
                registry._dispose_manager_and_mapper(manager)
                registry._managers.pop(manager, None)
        for table in self._tables:
            _note_keys(table.metadata, journal)
            if table.metadata.tables.get(table.key) is table:
                table.metadata.remove(table)
        self._forget(journal)

    def _forget(self, journal: Journal) -> None:
        """Listeners find what they would find in a cold import, and fill it again."""
        old = {id(one) for table in self._tables for one in (table, *table.columns)}
        for name, container in self._collected:
            journal.touch_container(container, f"`{name}`")
            rest = [one for one in container if id(one) not in old]
            self._left.append((name, container, rest))
            refill(container, rest)

    def finish(self, journal: Journal) -> None:
        """What can't be configured would raise at the first query, in a cold start as here: better now."""
        for registry in self._configured:
            registry.configure()
        for name, container, rest in self._left:
            if len(container) <= len(rest):
                raise UpgradeError(f"`{name}` has tables or columns of the old mapping, and nothing fills it", do=_COLD)


def _counts(one: Any) -> bool:
    return "_sa_instance_state" in (fields_of(one) or {})


def note_fields(owner: Any, journal: Journal) -> None:
    """An object of SQLAlchemy's as it is: its attributes, what is in its slots, and its contents if it is a dict;
    containers one deep."""
    fields = {name: (value, _copied(value)) for name, value in vars(owner).items()}
    placed = [part for name, part in attributes_in(owner, slots_of(type(owner))) if name not in fields]
    slots = [(part, copy) for part in placed if (copy := _copied(part)) is not None]
    items = dict(owner) if isinstance(owner, dict) else None

    def undo() -> None:
        vars(owner).clear()
        for name, (value, copy) in fields.items():
            vars(owner)[name] = value
            if copy is not None:
                _restore(value, copy)
        for part, copy in slots:
            _restore(part, copy)
        if items is not None:
            dict.clear(owner)
            dict.update(owner, items)

    journal.note(f"a {type(owner).__name__}", undo)


def _copied(value: Any) -> Any:
    return value.copy() if type(value) in (dict, set, list) else None


def _restore(value: Any, copy: Any) -> None:
    value.clear()
    if type(value) is list:
        value.extend(copy)
    else:
        value.update(copy)


def _note_keys(metadata: Any, journal: Journal) -> None:
    """Foreign keys of tables that stay point to the new columns as soon as these are there."""
    if not journal.first_touch(metadata):
        return
    for table in list(metadata.tables.values()):
        for key in table.foreign_keys:
            note_fields(key, journal)
