"""Objects at module level that are made again by all the statements that make and fill them, and stay the same objects.

The statements run in the new release's order. As soon as one of them binds a fresh object, its contents are poured into
the living one, so that whatever fills it afterwards, through any of its names, fills the living one: it then is what a
cold import of the new release makes. At the end what was there before is put back, item by item, where the release did
not change it; so state that the program made lives on. Where both changed the same item UpgradeError is raised.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...errors import UpgradeError
from ..living.registries import (
    forget_answers,
    implementations_of,
    is_abstract,
    register_only,
    registered_with,
    remembered_by,
    token_of,
)
from ..living.wrapped import functions_of_member
from ..source.drift import Drift
from ..source.module import Statement
from ..source.paths import brief
from ..source.plan import Remade
from ..source.values import EXACT_CONTAINERS, is_atomic, is_definition
from .classobject import forget_abstract_answers, touch_class
from .journal import Journal, refill
from .registration import Registration
from .settling import DEPTH, MISSING, Saved, Settling, contents_of, items_of
from .substitute import Substitution


class Remaking(Registration):
    """All objects that one patch makes again. `live`: the first-party modules."""

    def __init__(self, items: Collection[Remade], live: Mapping[str, types.ModuleType], drift: Drift | None) -> None:
        self._items = list(items)
        self._live = live
        self._drift = drift
        self._statements = {statement for item in items for statement in item.statements}
        self._living: dict[Remade, Saved] = {}
        self._given: dict[int, tuple[Any, Any]] = {}
        """Fresh objects that were poured, by id, each with the living one."""
        self._told: list[tuple[Any, Any]] = []
        self._registered: dict[Remade, Registered] = {}
        self._namespaces = {item: vars(live[item.module]) for item in items}
        self.at: Remade | None = None
        """The one that is worked on."""

    def begin(self, journal: Journal) -> None:
        self._journal = journal
        for item in self._items:
            value = self._namespaces[item].get(item.name, MISSING)
            if item.attributes:
                self._registered[item] = Registered.of(value, journal)
            if item.attributes and isinstance(value, type):
                touch_class(value, journal)
                for function in [one for member in vars(value).values() for one in functions_of_member(member)]:
                    journal.touch_function(function)  # a statement may set attributes of them, and docstrings
                self._living[item] = Saved(value, {k: Saved(v) for k, v in vars(value).items()})
            elif item.attributes and isinstance(value, types.FunctionType):
                journal.touch_function(value)
                self._living[item] = Saved(value, {k: Saved(v) for k, v in vars(value).items()})
            elif value is not MISSING:
                self._living[item] = self._save(value, f"`{item.name}` of {item.module}", DEPTH, set())

    def _save(self, value: Any, what: str, depth: int, seen: set[int]) -> Saved:
        fields = contents_of(value)
        own = type(value).__module__ in self._live or type(value) in EXACT_CONTAINERS
        if fields is None or not own or not depth or id(value) in seen:
            return Saved(value)
        seen.add(id(value))
        if fields is value:
            self._journal.touch_container(fields, what)
        else:
            self._journal.touch_namespace(fields, what)
        return Saved(value, {key: self._save(item, what, depth - 1, seen) for key, item in items_of(fields)})

    def collect(self, statement: Statement, journal: Journal) -> None:
        if statement not in self._statements:
            return
        fresh: list[tuple[Any, Any]] = []
        for item in self._items:
            saved, namespace = self._living.get(item), self._namespaces[item]
            made = namespace.get(item.name, MISSING)
            if saved is None or made is MISSING or made is saved.value or item.attributes:
                continue
            namespace[item.name] = self._poured(item, saved, made, fresh)
            del made
        if fresh:
            self._substitute(fresh)

    def tell(self, statement: Statement, poured: list[tuple[Any, Any]]) -> None:
        """Whoever was told of a fresh function meanwhile, by its decorators, is told of the living one."""
        if statement in self._statements and (told := [pair for pair in poured if pair[0] is not pair[1]]):
            poured.clear()
            self._told += told  # once for all: it looks through everything that is new

    def _substitute(self, pairs: list[tuple[Any, Any]]) -> None:
        holders = [fields for saved in self._living.values() for fields in _deep(saved.value)]
        Substitution(pairs, spared=pairs).run([*self._namespaces.values(), *holders])

    def _poured(self, item: Remade, saved: Saved, made: Any, fresh: list[tuple[Any, Any]]) -> Any:
        """The living object with the fresh one's contents, where their kinds agree."""
        if id(made) in self._given:
            living = self._given[id(made)][1]
            if living is not saved.value and not is_atomic(saved.value):
                raise UpgradeError(
                    f"`{item.name}` of {item.module} becomes another name of an object; it was one alone"
                )
            return living
        into, source = contents_of(saved.value), contents_of(made)
        if into is None or type(made) is not type(saved.value) or _maxlen(made) != _maxlen(saved.value):
            if item.held and not is_atomic(saved.value) and not is_definition(saved.value):
                raise UpgradeError(
                    f"`{item.name}` of {item.module} becomes another kind of object; the old one is held by {item.held}"
                )
            return made
        if any(living is saved.value for _, living in self._given.values()):
            raise UpgradeError(
                f"`{item.name}` of {item.module} becomes an object of its own; it was another name of one"
            )
        refill(into, dict(source) if isinstance(source, dict) else list(source))
        if hasattr(into, "default_factory"):
            into.default_factory = source.default_factory
        self._given[id(made)] = (made, saved.value)
        fresh.append((made, saved.value))
        return saved.value

    def finish(self, journal: Journal) -> None:
        if self._told:
            self._substitute(self._told)
        for item, saved in self._living.items():
            self.at = item
            namespace = self._namespaces[item]
            now = namespace.get(item.name, MISSING)
            if now is MISSING:
                continue
            settling = Settling((item.module, item.name), self._drift, journal, self._live, item.given_up)
            if item.attributes:
                settling.attributes(saved, now)
                self._registered[item].settle(now, settling)
            else:
                namespace[item.name] = settling.whole(saved, now)
            if settling.replaced:
                self._substitute(settling.replaced)
                settling.replaced.clear()
            settling.pourer.finish(namespace)


@dataclass
class Registered:
    """What was registered with a function or class, beside its attributes; `begin` takes it out."""

    implementations: Saved | None = None
    classes: list[type] | None = None

    @classmethod
    def of(cls, value: Any, journal: Journal) -> Registered:
        if (found := implementations_of(value)) is not None:
            touch_dispatcher(value, journal)
            saved = Saved(found, {key: Saved(one) for key, one in found.items()})
            refill(found, {object: found[object]})
            return cls(implementations=saved)
        if is_abstract(value):
            before = registered_with(value)
            journal.note("virtual subclasses", lambda: _register(value, before))
            _register(value, [])
            return cls(classes=before)
        return cls()

    def settle(self, now: Any, settling: Settling) -> None:
        if self.implementations is not None and (found := implementations_of(now)) is not None:
            settling.below(".registry", self.implementations, found)
            forget_answers(now)
        if self.classes is not None:
            for one in self.classes:
                if settling.by_program(f" (registered)[{brief(one)}]"):
                    now.register(one)
            forget_abstract_answers(lost=True)


def _register(cls: type, registered: list[type]) -> None:
    register_only(cls, registered)
    forget_abstract_answers(lost=True)


def touch_dispatcher(function: types.FunctionType, journal: Journal) -> None:
    """The implementations of a `singledispatch` function."""
    found = implementations_of(function)
    if found is not None and not journal.knows(found):
        journal.touch_container(found, f"implementations of {function.__qualname__}")
        if (remembered := remembered_by(function)) is not None:
            journal.touch_container(remembered, f"implementations found by {function.__qualname__}")
        if (token := token_of(function)) is not None:
            before = token.cell_contents
            journal.note(f"what {function.__qualname__} knows of registrations", partial(_set_cell, token, before))


def _set_cell(cell: types.CellType, contents: object) -> None:
    cell.cell_contents = contents


def _deep(value: Any, depth: int = DEPTH) -> Iterator[Any]:
    """What can be poured into of an object and of what it holds."""
    fields = contents_of(value)
    if fields is None or not depth:
        return
    yield fields
    for _, item in items_of(fields):
        yield from _deep(item, depth - 1)


def _maxlen(value: Any) -> Any:
    return value.maxlen if isinstance(value, deque) else None
