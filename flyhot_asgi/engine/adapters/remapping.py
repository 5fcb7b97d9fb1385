"""What has to be mapped anew when a mapping changes, and who else was built from the old one."""

from __future__ import annotations

import ast
import functools
import gc
import types
from collections import deque
from collections.abc import Iterator
from typing import Any

from ..living.attributes import attributes, fields_of
from ..living.inventory import subclasses
from ..planning.context import COLD, Context
from ..planning.dependents import judge_reader
from ..source.defuse import Home
from ..source.module import Statement, dotted_name
from ..source.plan import Action, Execute, Graft, Twin
from .admin_views import is_view
from .core_tables import homes_of
from .mappings import MappingUndo, is_mapped
from .remap import Remap, _counts
from .schemas import instances_of

_DEEPEST, _MOST = 6, 3000
_SCHEMA = "sqlalchemy.sql.schema"
_CONTAINERS = (dict, list, set, tuple)
_MAPS = frozenset({"sqlalchemy", "sqlmodel"})
_NO_PARTS = frozenset(
    "sqlalchemy.sql.sqltypes sqlalchemy.orm.session sqlalchemy.orm.decl_api sqlalchemy.engine.base "
    "sqlalchemy.ext.asyncio.session sqlalchemy.ext.asyncio.engine sqlalchemy.orm.scoping logging".split()
)


def why_not_remapped(cls: type) -> str | None:
    """Why the registry of a mapped class, or of a class that others derive from, can't be taken apart."""
    if "registry" in vars(cls) or "_sa_registry" in vars(cls):
        return "it is the declarative base itself"
    registries = {id(r): r for r in map(registry_of, [cls, *subclasses(cls)]) if r is not None}
    if not registries:
        return "its registry can't be told"
    for registry in registries.values():
        if getattr(registry, "_dependents", None) or getattr(registry, "_dependencies", None):
            return "mappings of several registries relate to one another"
        if not hasattr(registry, "_dispose_manager_and_mapper"):
            return "this version of SQLAlchemy can't take a mapping apart"
    return None


def registry_of(cls: type) -> Any:
    """Of a class that is mapped; None if it is not."""
    return getattr(vars(cls).get("__mapper__"), "registry", None)


def plan_remap(context: Context, wanted: dict[type, str]) -> None:
    """Plan to map all classes anew that share a registry with `wanted` (class → what changed), and to make anew the
    tables that have a statement of their own and changed."""
    registries = {id(r): r for cls in wanted for one in [cls, *subclasses(cls)] if (r := registry_of(one)) is not None}
    classes = [manager.class_ for registry in registries.values() for manager in list(registry._managers)]
    homes = homes_of(context)
    tables = [table for table, _ in context.retabled.values()]
    for cls in classes:
        statement = _statement_of(context, cls)
        if statement is None and is_gone(context, cls):
            tables += _let_go(context, cls)
            continue
        if statement is None:
            first = next(iter(wanted))
            reason = (
                f"its mapping changed, and `{cls.__qualname__}`, which no statement of the release makes, is related"
            )
            _refuse(context, first, reason)
            continue
        homes.add((cls.__module__, cls.__qualname__))
        if statement.kind == "class":
            why = wanted.get(cls, "mapped anew with the classes that it may relate to")
            _recast(context, cls, statement, why)
        if (table := vars(cls).get("__table__")) is not None and not _given_table(statement):
            tables.append(table)
    if (count := _living(classes)) is not None:
        cls = next(iter(wanted))
        _refuse(context, cls, f"its mapping changed, and {count} hold the old one")
        return
    old = {id(table) for table in tables} | {id(column) for t in tables for column in t.columns}
    collected = list(_collected(context, old, homes))
    context.plan.registrations.insert(0, Remap(list(registries.values()), classes, tables, collected))
    context.plan.registrations.insert(0, MappingUndo())
    _dependents(context, homes, old)


def is_gone(context: Context, cls: type) -> bool:
    """A class at module level whose statement the release does not have any more."""
    home = (cls.__module__, cls.__qualname__)
    if home[0] not in context.live or context.value(*home) is not cls or home[0] not in context.old:
        return False
    before = context.old_names.definition(home)
    return before is not None and before.kind == "class" and context.new_names.definition(home) is None


def _let_go(context: Context, cls: type) -> list[Any]:
    """What SQLAlchemy has of a class that goes: noted in the plan. Its table, if that goes with it."""
    for one in [vars(cls).get("_sa_class_manager"), vars(cls).get("__mapper__")]:
        if one is not None:
            context.dropped += [one, vars(one), *(part for part in vars(one).values() if isinstance(part, _CONTAINERS))]
    before = context.old_names.definition((cls.__module__, cls.__qualname__))
    table = vars(cls).get("__table__")
    return [table] if table is not None and before is not None and not _given_table(before) else []


def _refuse(context: Context, cls: type, reason: str) -> None:
    home = (cls.__module__, cls.__qualname__)
    statement = context.new_names.definition(home) or context.old_names.definition(home)
    if statement is not None:
        context.refuse(cls.__module__, statement, reason, do=COLD)


def _statement_of(context: Context, cls: type) -> Statement | None:
    """The statement that makes the class in the new release; that of the old one if it is gone."""
    module, name = cls.__module__, cls.__qualname__
    if module in context.live and context.value(module, name) is cls:
        if module in context.new and (found := context.new_names.definition((module, name))) is not None:
            return found if found.kind == "class" else None
    return None


def _given_table(statement: Statement) -> bool:
    """`__table__ = users`: a table that another statement made."""
    node = statement.node
    body = node.body if isinstance(node, ast.ClassDef) else []
    given = [s.value for s in body if isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) == "__table__"]
    return bool(given) and not isinstance(given[0], ast.Call)


def _recast(context: Context, cls: type, statement: Statement, why: str) -> None:
    module = cls.__module__
    context.plan.work = [
        item
        for item in context.plan.work
        if not (isinstance(item, Graft) and item.cls is cls)
        and not (
            isinstance(item, Execute | Twin) and item.statement is statement and not getattr(item, "recast", False)
        )
    ]
    if not any(isinstance(item, Execute) and item.statement is statement for item in context.plan.work):
        context.planned.discard(statement)
        context.execute(module, statement, recast=True)
        context.step(module, statement, Action.GRAFT, why)
    context.judged.add(statement)


def _living(classes: list[type]) -> str | None:
    """How many instances live, in words; garbage is not."""
    if any(_counts(one) for one in instances_of(classes)):
        gc.collect()
    found = [type(one).__qualname__ for one in instances_of(classes) if _counts(one)]
    return f"{len(found)} living instance(s) of `{found[0]}`" if found else None


def _collected(context: Context, old: set[int], homes: set[Home]) -> Iterator[tuple[str, Any]]:
    """Lists and sets, of modules and of the app's own objects, in which old tables and columns lie, though nothing of
    the mapping stands in the statement: who listens to mappings put them there. Each with what it is called."""
    for module in [name for name in context.live if name in context.new]:
        binders = context.new_names.binders(module)
        for name, value in context.namespace(module).items():
            parts = {name: value} if name in binders else {}
            if type(value).__module__ in context.live:
                parts = {f"{name}.{place}": part for place, part in (fields_of(value) or {}).items()}
            for path, part in parts.items():
                if type(part) in (list, set) and any(id(one) in old for one in part):
                    if name not in binders or not context.new_names.reads(module, binders[name]) & homes:
                        yield path, part


# -- who else was built from the old mapping ---------------------------------------------------


def _dependents(context: Context, homes: set[Home], old: set[int]) -> None:
    statements: dict[str, list[Statement]] = {}
    for module, statement in context.order:
        statements.setdefault(module, []).append(statement)
    for module in list(context.live):
        if module not in context.new:
            continue
        for statement in statements.get(module, ()):
            if statement in context.planned or statement.kind in ("import", "doc"):
                continue
            values = [context.value(module, name) for name in statement.binds]
            if any(_belongs(value, old) for value in values) and _of_sqlalchemy(context, module, statement):
                context.judged.add(statement)
                context.execute(module, statement)
                context.rebind(module, statement.binds)
                context.step(module, statement, Action.EXECUTE, "it belongs to a table that is made anew")
                continue
            if any(_holds(value, old) for value in values if not is_mapped(value)):
                context.judged.add(statement)
                judge_reader(context, module, statement, "a mapping that is made anew", homes)
            elif _listens(context, module, statement, homes):
                context.execute(module, statement)
                context.step(module, statement, Action.REBUILD, "it listens to a class that is mapped anew")
            elif not statement.binds and context.new_names.reads(module, statement) & homes:
                _unbound(context, module, statement, homes)


def _unbound(context: Context, module: str, statement: Statement, homes: set[Home]) -> None:
    if context.registers(module, statement):
        context.touched.add(statement)
    elif _works_on_mapping(context, module, statement, homes):
        context.judged.add(statement)
        context.execute(module, statement)
        context.step(module, statement, Action.REBUILD, "it adds to a mapping that is made anew")
    elif statement.kind in ("expr", "block", "other", "assign"):
        context.refuse(module, statement, "it used a mapped class at import, and the class's mapping changed")


def _works_on_mapping(context: Context, module: str, statement: Statement, homes: set[Home]) -> bool:
    """`User.posts = column_property(…)`, `Index("by_name", User.name)`: all that it does, it does to the mapping, with
    what SQLAlchemy makes. Taken apart with the mapping, it has to be done once more."""
    targets = statement.node.targets if isinstance(statement.node, ast.Assign) else []
    owners = [dotted_name(one.value) or "" for one in targets if isinstance(one, ast.Attribute)]
    if len(owners) != len(targets) or any(context.new_names.home(module, owner) not in homes for owner in owners):
        return False
    return _of_sqlalchemy(context, module, statement)


def _of_sqlalchemy(context: Context, module: str, statement: Statement) -> bool:
    """It calls something, and nothing but SQLAlchemy's."""
    return bool(statement.calls) and all(_is_sqlalchemys(context, module, name) for name in statement.calls)


def _is_sqlalchemys(context: Context, module: str, called: str) -> bool:
    while called:
        found = context.resolve(module, called)
        if found is not None:
            return (getattr(found, "__module__", None) or "").partition(".")[0] in _MAPS
        called = called.rpartition(".")[0]  # `func.count`: made when it is asked for
    return False


def _belongs(value: Any, old: set[int]) -> bool:
    """An index or a constraint of an old table."""
    fields = (fields_of(value) or {}) if type(value).__module__ == _SCHEMA else {}
    return any(id(fields.get(place)) in old for place in ("table", "parent"))


def _listens(context: Context, module: str, statement: Statement, homes: set[Home]) -> bool:
    """`event.listen(User, …)`, `@event.listens_for(User, …)`: listeners belong to the mapping."""
    if not context.new_names.reads(module, statement) & homes:
        return False
    calls = [context.resolve(module, name) for name in statement.calls]
    return any(getattr(call, "__module__", None) == "sqlalchemy.event.api" for call in calls)


def _holds(value: Any, old: set[int]) -> bool:
    """Old tables or columns, or what was built from them, are in a value: a query, a default, a repository's notes."""
    seen: set[int] = set()
    level: list[Any] = [value]
    for depth in range(_DEEPEST):
        below: list[Any] = []
        for one in level:
            known = type(one).__qualname__ in ("InstrumentedAttribute", "Mapper", "AliasedClass")
            if id(one) in old or known or _belongs(one, old):
                return True
            if id(one) in seen or len(seen) > _MOST:
                continue
            seen.add(id(one))
            below += [part for part in _parts(one, top=depth == 0) if part is not None]
        level = below
    return False


def _members(cls: type) -> Iterator[Any]:
    """Those of classes in its body, too."""
    for value in list(vars(cls).values()):
        if isinstance(value, type) and value.__qualname__.startswith(f"{cls.__qualname__}."):
            yield from _members(value)
        else:
            yield value


def _parts(one: Any, *, top: bool) -> Iterator[Any]:
    kind = type(one)
    if kind in (str, int, bool, float, bytes, types.ModuleType) or kind.__module__ in _NO_PARTS:
        return
    if kind.__module__ == _SCHEMA:
        return  # a table that stays: its foreign keys find the new columns
    if is_view(kind):
        return  # initialised anew with its class
    if isinstance(one, dict | types.MappingProxyType):
        yield from list(one.values())
    elif isinstance(one, list | tuple | set | frozenset | deque):
        yield from list(one)
    elif isinstance(one, functools.partial):
        yield from [one.func, *one.args, *one.keywords.values()]
    elif isinstance(one, types.MethodType):
        yield from [one.__func__, one.__self__]
    elif isinstance(one, staticmethod | classmethod):
        yield one.__func__
    elif isinstance(one, types.FunctionType):
        yield from one.__defaults__ or ()
        yield from (one.__kwdefaults__ or {}).values()
        for cell in one.__closure__ or ():
            try:
                yield cell.cell_contents
            except ValueError:
                continue
    elif isinstance(one, type):
        if top and "__mapper__" not in vars(one):
            yield from _members(one)
    else:
        yield from [part for _, part in attributes(one)]  # loading options have slots
