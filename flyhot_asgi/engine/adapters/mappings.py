"""What SQLAlchemy keeps about mapped classes beside the classes: registries and metadata, taken back by the undo."""

from __future__ import annotations

import sys
from typing import Any

from ..living.inventory import subclasses
from ..patching.journal import Journal
from ..patching.registration import Registration
from .remap import note_fields
from .schemas import added, instances_of


def is_mapped(cls: object) -> bool:
    """SQLAlchemy maps the class itself to a table (or to a part of its base's)."""
    return isinstance(cls, type) and "__mapper__" in vars(cls)


def has_mapped(cls: type) -> bool:
    """The class, or one that derives from it, is mapped."""
    return is_mapped(cls) or any(is_mapped(sub) for sub in subclasses(cls))


def is_declarative(cls: object) -> bool:
    """A declarative base, or a class that has one among its bases."""
    return isinstance(cls, type) and any("registry" in vars(b) or "_sa_registry" in vars(b) for b in cls.__mro__)


def mapped_to(table: Any) -> type | None:
    """The class whose own table it is."""
    kind = _kind("sqlalchemy.orm.mapper", "Mapper")
    mappers = instances_of([kind]) if kind is not None and table is not None else []
    found = [mapper.class_ for mapper in mappers if getattr(mapper, "local_table", None) is table]
    return next((cls for cls in found if vars(cls).get("__table__") is table), None)


def _kind(module: str, name: str) -> type | None:
    found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) else None


class MappingUndo(Registration):
    """New tables and new mapped classes are made by executing their statements; here they are taken back by the undo.

    SQLAlchemy itself disposes of a new class's mapper; its registries' and its metadata's containers get their former
    contents.
    """

    def __init__(self) -> None:
        self._registries: list[Any] = []
        self._metadata: list[Any] = []

    def look(self) -> None:
        registry, metadata = _kind("sqlalchemy.orm.decl_api", "registry"), _kind("sqlalchemy.sql.schema", "MetaData")
        self._registries = added(self._registries, instances_of([registry]) if registry is not None else [])
        self._metadata = added(self._metadata, instances_of([metadata]) if metadata is not None else [])

    def begin(self, journal: Journal) -> None:
        for one in self._metadata:
            _note_metadata(one, journal)
            for table in list(one.tables.values()):  # who derives from a mapped class may give its table a column
                note_fields(table, journal)
                note_fields(table._columns, journal)
        for one in self._registries:
            _note_hierarchies(one, journal)
            _note_registry(one, journal)


def _note_metadata(metadata: Any, journal: Journal) -> None:
    tables = dict(metadata.tables)
    rest = {k: v.copy() for k, v in vars(metadata).items() if k != "tables" and type(v) in (dict, set, list)}
    memos = vars(metadata).get("_fk_memos")
    kept = {key: list(value) for key, value in dict(memos or {}).items()}

    def undo() -> None:
        for name in [name for name in metadata.tables if name not in tables]:
            metadata.remove(metadata.tables[name])
        dict.clear(metadata.tables)
        dict.update(metadata.tables, tables)
        for name, value in rest.items():
            vars(metadata)[name] = value
        if memos is not None:
            for key in [key for key in memos if key not in kept]:
                del memos[key]
            for key, value in kept.items():
                memos[key][:] = value

    journal.note("the tables of a metadata", undo)


def _note_hierarchies(registry: Any, journal: Journal) -> None:
    """What mappers know of those that derive from them: a new one stays among them when it is disposed of, and whoever
    asks them then fails. Undone after that."""
    mappers = [manager.mapper for manager in list(registry._managers) if manager.is_mapped]
    known = [(one, dict(one.polymorphic_map), one.with_polymorphic, [*one._inheriting_mappers]) for one in mappers]

    def undo() -> None:
        for mapper, identities, loaded_with, below in known:
            ids = {id(one) for one in below}
            refs = mapper._inheriting_mappers._storage
            stay = [ref for ref in refs if id(ref()) in ids]
            if len(stay) == len(refs) and mapper.polymorphic_map == identities:
                continue
            refs[:] = stay
            mapper.polymorphic_map.clear()
            mapper.polymorphic_map.update(identities)
            mapper.with_polymorphic = loaded_with
            mapper._expire_memoizations()

    journal.note("the hierarchies of a registry's mappers", undo)


def _note_registry(registry: Any, journal: Journal) -> None:
    managers = list(registry._managers)
    names = {key: value for key, value in registry._class_registry.items() if isinstance(value, type)}
    was_new = vars(registry).get("_new_mappers", False)

    def undo() -> None:
        for manager in [one for one in list(registry._managers) if one not in managers]:
            if vars(manager.class_).get("_sa_class_manager") is manager:  # else it has its former mapping back
                registry._dispose_manager_and_mapper(manager)
            registry._managers.pop(manager, None)
        registry._managers.update(dict.fromkeys(managers, True))
        for key, value in list(registry._class_registry.items()):
            if isinstance(value, type) and names.get(key) is not value:
                del registry._class_registry[key]
        registry._class_registry.update(names)
        if "_new_mappers" in vars(registry):
            registry._new_mappers = was_new

    journal.note("the classes of a registry", undo)
