"""What pydantic built from classes: core schemas, validators, serializers; who embeds whom; made anew in place.

A schema holds everything that it embeds, inlined, so that a class that changes makes stale: every model, dataclass
and `TypeAdapter` whose schema mentions it. FastAPI's fields (of parameters, bodies and responses) are type adapters, so
that unchanged routes follow without being registered again.
"""

from __future__ import annotations

import gc
import sys
import types
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ...errors import UpgradeError
from ..living.inventory import subclasses
from ..living.pydantic import SCHEMA, base_model, schema_of_adapter
from ..patching.classobject import touch_class
from ..patching.journal import Journal
from ..patching.recast import recast
from ..patching.registration import Registration
from ..planning.context import COLD
from ..source.module import Statement
from .pydantic import forget, needs_a_field, rebuild_adapter, rebuild_model, rebuild_validated_call


def models() -> list[type]:
    """All living models, parametrized generic ones and those that FastAPI makes for bodies included."""
    base = base_model()
    return subclasses(base) if base is not None else []


def mentions(schema: object, classes: Collection[type]) -> bool:
    """A core schema embeds one of `classes`. Walks plain dicts and lists only; nothing of the app's is run."""
    wanted = {id(cls) for cls in classes}
    return any(one in wanted for one in _embedded(schema))


def _embedded(schema: object) -> Iterator[int]:
    """Ids of the classes that a core schema is made of."""
    for part in _parts_of(schema, but="metadata"):
        if type(part) is dict:
            yield id(part.get("cls"))


def _parts_of(schema: object, but: str | None = None) -> Iterator[object]:
    """A core schema and all that it is nested of, plain dicts and lists, without what is under the key `but`."""
    queue: list[Any] = [schema]
    seen: set[int] = set()
    while queue:
        found = queue.pop()
        if id(found) in seen or type(found) not in (dict, list, tuple):
            continue
        seen.add(id(found))
        yield found
        queue += [value for key, value in found.items() if key != but] if type(found) is dict else found


def built_of(cls: type) -> Iterator[object]:
    """What stands in models and type adapters that embed a class, and is another when they are built again."""
    stale = [one for one in [*models(), *_type_adapters()] if mentions(_schema(one), [cls])]
    for one in stale:
        fields = vars(one)
        yield from (fields.get(name) for name in _BUILT if fields.get(name) is not None)
        yield from _parts_of(_schema(one))


_BUILT = ("__pydantic_validator__", "__pydantic_serializer__", "validator", "serializer")


def _schema(one: Any) -> object:
    return vars(one).get(SCHEMA) if isinstance(one, type) else schema_of_adapter(one)


def inner_first(classes: Iterable[type]) -> list[type]:
    """Each behind all that it embeds, as a cold import makes them: pydantic takes a class's schema as it is where there
    is one, and else makes it with the outer one's, of other parts in common. To be asked while they have schemas."""
    known = {id(cls): cls for cls in classes}
    embeds = {key: len(known.keys() & {*_embedded(vars(cls).get(SCHEMA))}) for key, cls in known.items()}
    return sorted(known.values(), key=lambda cls: (embeds[id(cls)], cls.__module__, cls.__qualname__))


def stale_models(classes: Collection[type]) -> list[type]:
    return [cls for cls in models() if mentions(vars(cls).get(SCHEMA), classes)]


def instances_of(kinds: Collection[type]) -> list[Any]:
    """Living objects of exactly these types: they refer to their type. One pass over the heap, 10-40 ms."""
    wanted = list(kinds)
    if not wanted:
        return []
    return [one for one in gc.get_referrers(*wanted) if type(one) in wanted]


def added(found: list[Any], more: list[Any]) -> list[Any]:
    """What was found before and what is found now, each object once."""
    known = {id(one) for one in found}
    return [*found, *(one for one in more if id(one) not in known)]


class StaleAdapters:
    """`TypeAdapter`s that embed one of `classes`, FastAPI's among them."""

    def __init__(self, classes: Collection[type]) -> None:
        self._classes = classes
        self._found: list[Any] = []
        self._fields: list[Any] = []

    def look(self) -> None:
        stale = [one for one in _type_adapters() if mentions(schema_of_adapter(one), self._classes)]
        self._found = added(self._found, stale)
        if any(map(needs_a_field, stale)):
            self._fields = added(self._fields, _fields_of_fastapi())

    def touch(self, journal: Journal) -> None:
        for one in self._found:
            journal.touch_namespace(vars(one), "a type adapter")

    def rebuild(self) -> None:
        for one in self._found:
            rebuild_adapter(one, self._fields)


def _type_adapters() -> list[Any]:
    kind = getattr(sys.modules.get("pydantic.type_adapter"), "TypeAdapter", None)
    return instances_of([kind]) if kind is not None else []


def _fields_of_fastapi() -> list[Any]:
    """What it keeps of parameters, bodies and responses: each has a type adapter."""
    homes = ("fastapi._compat", "fastapi._compat.v2")
    kinds = [getattr(sys.modules.get(home), "ModelField", None) for home in homes]
    return instances_of([kind for kind in kinds if isinstance(kind, type)])


def is_generic_of(cls: type, origin: type) -> bool:
    """`cls` is `origin[...]`: made by pydantic, by no statement."""
    return _origin(cls) is origin


class SchemaRefresh(Registration):
    """Makes stale what embeds the changed classes before anything is executed, and builds it when all of it was."""

    def __init__(
        self,
        changed: Collection[type],
        remade: Mapping[Statement, type],
        dataclasses: Iterable[type],
        known: Iterable[type],
        due: Iterable[type] = (),
    ) -> None:
        """`due`: models that wait for a name yet, and that the release completes when it is imported."""
        self.changed, self._due = frozenset(_with_parametrized(changed)), list(due)
        self.remade = remade
        """Statement → the class that it makes again."""
        self._dataclasses = [c for c in dataclasses if mentions(vars(c).get(SCHEMA), self.changed)]
        self._known = frozenset(known)
        self._stale = inner_first(cls for cls in self._known if mentions(vars(cls).get(SCHEMA), self.changed))
        self._adapters = StaleAdapters(self.changed)
        self._calls: list[Any] = []
        self._parametrized: list[type] = []

    def look(self) -> None:
        self._adapters.look()
        kind = getattr(sys.modules.get("pydantic._internal._validate_call"), "ValidateCallWrapper", None)
        self._calls = added(self._calls, instances_of([kind]) if kind is not None else [])

    def begin(self, journal: Journal) -> None:
        ours = set(self.remade.values())
        more = [c for c in models() if c not in self._known and mentions(vars(c).get(SCHEMA), self.changed)]
        self._stale = inner_first([*self._stale, *more]) if more else self._stale
        for cls in [*self._stale, *self._dataclasses]:
            if cls not in ours:
                touch_class(cls, journal)
                forget(cls)
        for cls in [one for one in self._due if one not in ours]:
            touch_class(cls, journal)
        self._adapters.touch(journal)

    def collect(self, statement: Statement, journal: Journal) -> None:
        """A parametrized model is made again as soon as its origin was, before others derive from it; and built again
        when what it is parametrized with was, before routes are registered anew with it."""
        made = self.remade.get(statement)
        if made is None:
            return
        for cls in self._parametrized:
            if mentions(vars(cls).get(SCHEMA), [made]):
                rebuild_model(cls, lenient=True)
        self._parametrized += _remake_parametrized(made, journal)

    def finish(self, journal: Journal) -> None:
        fresh = [cls for cls in models() if cls not in self._known and cls not in self._stale]
        late = [cls for cls in fresh if mentions(vars(cls).get(SCHEMA), self.changed)]
        for cls in late:
            touch_class(cls, journal)
        with warnings.catch_warnings():  # about annotations that the app was warned of when it was imported
            warnings.simplefilter("ignore")
            self._rebuild([*late, *self._stale], journal)

    def _rebuild(self, stale: list[type], journal: Journal) -> None:
        for cls in stale:
            rebuild_model(cls)
        for cls in [*self.remade.values(), *self._due]:
            if vars(cls).get("__pydantic_complete__") is False:
                rebuild_model(cls, lenient=True)
        rebuild = getattr(sys.modules.get("pydantic.dataclasses"), "rebuild_dataclass", None)
        for cls in self._dataclasses:
            if rebuild is not None:
                rebuild(cls, force=True, _types_namespace=_module_of(cls))
        self._adapters.rebuild()
        for call in self._calls:
            rebuild_validated_call(call, self.changed, journal)


def _module_of(cls: type) -> dict[str, Any]:
    return vars(sys.modules.get(cls.__module__, types.ModuleType("none")))


def _with_parametrized(classes: Iterable[type]) -> set[type]:
    """These, and what pydantic made of generic ones among them (`Page[Item]`)."""
    found = set(classes)
    while more := {cls for cls in models() if _origin(cls) in found} - found:
        found |= more
    return found


def _origin(cls: type) -> object:
    facts = vars(cls).get("__pydantic_generic_metadata__")
    return facts.get("origin") if type(facts) is dict else None


def _remake_parametrized(origin: Any, journal: Journal) -> list[type]:
    derived: list[type] = type.__subclasses__(origin)
    found: list[type] = []
    for cls in derived:
        if not is_generic_of(cls, origin):
            continue
        facts = vars(cls)["__pydantic_generic_metadata__"]
        if len(facts["args"]) != len(origin.__pydantic_generic_metadata__["parameters"]):
            taken = f"`{origin.__name__}` of {origin.__module__} takes other parameters"
            raise UpgradeError(f"{taken}, and `{cls.__name__}` was made of it", do=COLD)
        namespace = {k: v for k, v in vars(cls).items() if k in ("__module__", "__slots__")}
        keywords = {"__pydantic_generic_metadata__": facts, "__pydantic_reset_parent_namespace__": False}
        recast(cls, type(cls), cls.__name__, (origin,), namespace, keywords, journal)
        found += [cls, *_remake_parametrized(cls, journal)]
    return found
