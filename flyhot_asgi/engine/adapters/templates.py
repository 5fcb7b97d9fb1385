"""Jinja2: what a compiled template has in it of filters and tests whose code changed.

Jinja2 works out constants when it compiles a template: of `{{ "abc" | shout }}` it keeps the text that `shout` gave. So
where a filter, a test or a `finalize` of the app's changes, or what it calls or reads by name, caches of compiled
templates are emptied, and templates that somebody has are compiled anew in place, from their loader, or by the
statement at module level that made them. Of one that was made from a text by other code nobody has the text: refused.
Attempted and caught: whether a filter was met with a constant can't be told of a compiled template, so that all are
made anew.
"""

from __future__ import annotations

import gc
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..living.attributes import fields_of
from ..living.inventory import subclasses
from ..living.wrapped import function_chain
from ..patching.journal import Journal
from ..patching.registration import Registration
from ..planning.context import COLD, Adapter, Context
from ..planning.judge_caches import changes_with
from ..source.defuse import Home
from ..source.diff import NamespaceDiff
from ..source.module import Statement
from .schemas import instances_of

_MEND = f"get the template from a loader, by its name, or {COLD}"
_KEPT = ("environment", "globals", "_uptodate")
"""What a template keeps that is compiled anew."""


class TemplatesAdapter(Adapter):
    """Claims templates that changed filters and tests may have left something in."""

    def outdated(self, context: Context) -> Iterator[tuple[str, Statement, Home]]:
        for environment, home in _stale_environments(context).values():
            for template in _templates_of(environment):
                if not _has_source(template):
                    for module, statement in _made_by(context, template):
                        yield module, statement, home

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        stale = _stale_environments(context)
        if any(_left(context, environment) for environment, _ in stale.values()):
            context.collect(again=True)  # garbage renders nothing
            stale = _stale_environments(context)
        for environment, home in stale.values():
            statement = context.new_names.definition((home[0], home[1].partition(".")[0]))
            if (count := len(_left(context, environment))) and statement is not None:
                reason = (
                    f"{count} living template(s) that were made from a text may have in them what it gave: "
                    "constants are worked out when a template is compiled"
                )
                context.refuse(home[0], statement, reason, do=_MEND, name=home[1])
        if stale:
            context.plan.registrations.append(Templates([environment for environment, _ in stale.values()]))


def _left(context: Context, environment: Any) -> list[Any]:
    """Templates that nobody can make anew."""
    found = [one for one in _templates_of(environment) if not _has_source(one)]
    return [one for one in found if not any(made in context.planned for _, made in _made_by(context, one))]


@dataclass
class Templates(Registration):
    """Empties the caches of `environments`, and compiles anew what has a loader. Raises what the loader raises, and
    jinja2's TemplateError."""

    environments: list[Any]
    executes = False
    _living: dict[int, Any] = field(default_factory=dict)

    def look(self) -> None:
        for environment in self.environments:
            self._living |= {id(one): one for one in held([t for t in _templates_of(environment) if _has_source(t)])}

    def begin(self, journal: Journal) -> None:
        for environment in self.environments:  # first, so that it is undone last
            journal.note("a cache of compiled templates", _as_it_was(environment.cache))
        self._forget()

    def finish(self, journal: Journal) -> None:
        for template in self._living.values():
            renew(template, journal)
        self._living = {}
        self._forget()

    def _forget(self) -> None:
        for environment in self.environments:
            if environment.cache is not None:
                environment.cache.clear()


def _as_it_was(cache: Any) -> Callable[[], None]:
    """Puts back what was in a cache: a dict, an `LRUCache`, or none."""
    kept = [(one, type(one)(one)) for one in _parts(cache)]

    def put_back() -> None:
        for one, before in kept:
            one.clear()
            one.update(before) if isinstance(one, dict) else one.extend(before)

    return put_back


def _parts(cache: Any) -> list[Any]:
    fields = fields_of(cache) or {}
    return [cache] if isinstance(cache, dict) else [one for one in fields.values() if isinstance(one, dict | deque)]


def renew(template: Any, journal: Journal) -> None:
    """Compile a template anew in place, from its loader. Undone by the journal."""
    environment = template.environment
    source, filename, _ = environment.loader.get_source(environment, template.name)
    code = environment.compile(source, template.name, filename)
    fresh = type(template).from_code(environment, code, template.globals)
    fields = fields_of(template)
    assert fields is not None
    journal.touch_namespace(fields, "a compiled template")
    fields.update({name: value for name, value in vars(fresh).items() if name not in _KEPT})


def _stale_environments(context: Context) -> dict[int, tuple[Any, Home]]:
    """Living environments with one of the functions that change, by id."""
    touched = context.changed_bodies | context.rebound | context.reshaped
    others = {id(one.place): one.home for one in context.plan.parts if one.others}
    if not (touched or others) or (kinds := _kinds("Environment")) is None:
        return {}
    found: dict[int, tuple[Any, Home]] = {}
    for environment in instances_of(kinds):
        for name in ("filters", "tests"):
            if (home := others.get(id((fields_of(environment) or {}).get(name)))) is not None:
                found[id(environment)] = (environment, home)
        for home in _functions(context, fields_of(environment) or {}):
            if changes_with(context, home, touched):
                found[id(environment)] = (environment, home)
                break
    return found


def _functions(context: Context, environment: Mapping[str, Any]) -> Iterator[Home]:
    """Those that Jinja2 calls on constants."""
    for value in [
        *(environment.get("filters") or {}).values(),
        *(environment.get("tests") or {}).values(),
        environment.get("finalize"),
    ]:
        called = getattr(value, "__func__", value)
        chain = list(function_chain(called))
        if not chain and type(called).__module__ in context.live:
            chain = list(function_chain(vars(type(called)).get("__call__")))
        for function in chain:
            if function.__module__ in context.live and function.__globals__ is context.namespace(function.__module__):
                yield function.__module__, function.__code__.co_qualname.partition(".<locals>")[0]


def _templates_of(environment: Any) -> list[Any]:
    """Living templates, but for those that only the environment's cache has."""
    kinds = _kinds("Template")
    if kinds is None:
        return []
    return [
        one
        for one in gc.get_objects()
        if type(one) in kinds and (fields_of(one) or {}).get("environment") is environment
    ]


def held(templates: list[Any]) -> list[Any]:
    """Those that somebody has beside caches and their own code."""
    caches = {id(part) for t in templates if t.environment.cache is not None for part in _parts(t.environment.cache)}
    ids = {id(one) for one in templates}
    found: set[int] = set()
    for holder in gc.get_referrers(*templates) if templates else []:
        own = type(holder) is dict and "__jinja_template__" in holder
        if id(holder) not in caches and not own and holder is not templates and type(holder) is not types.FrameType:
            found |= {id(part) for part in gc.get_referents(holder)} & ids
    return [one for one in templates if id(one) in found]


def _has_source(template: Any) -> bool:
    return template.name is not None and template.environment.loader is not None


def _made_by(context: Context, template: Any) -> Iterator[tuple[str, Statement]]:
    """Assignments at module level whose only value it is."""
    for module in context.live.keys() & context.new.keys():
        for statement in context.new[module].statements:
            if statement.kind == "assign" and len(statement.binds) == 1:
                if context.value(module, statement.binds[0]) is template:
                    yield module, statement


def _kinds(name: str) -> frozenset[type] | None:
    """A class of Jinja2's with all that derive from it; None if the app does not use it."""
    module = sys.modules.get("jinja2.environment")
    kind = getattr(module, name, None)
    return frozenset([kind, *subclasses(kind)]) if isinstance(kind, type) else None
