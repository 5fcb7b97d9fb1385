"""Tables that an assignment makes: `items = Table("items", metadata, Column(…))`.

SQLAlchemy would not have two of a name in one metadata. So the old one leaves it before the statement is executed, as
tables do whose class is mapped anew, and with the same proof: who was built from it is (`remapping`). Mappings may have
any table of their metadata, as `secondary` or by a foreign key: they are made anew with it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import Any

from ..living.inventory import subclasses
from ..planning.context import Context
from ..source.defuse import Home
from ..source.diff import Change, Verdict
from ..source.module import Statement, dotted_name
from ..source.plan import Action
from .schemas import instances_of

_SCHEMA = "sqlalchemy.sql.schema"


def is_table(value: object) -> bool:
    kind = getattr(sys.modules.get(_SCHEMA), "Table", None)
    return kind is not None and isinstance(value, kind)


def takes_table(context: Context, module: str, change: Change) -> bool:
    """Plan that a table is made anew by its assignment, or goes with it; or leave it."""
    old, new = change.old, change.new
    live = context.value(module, change.statement.binds[0]) if change.statement.binds else None
    if not is_table(live) or old is None or not _makes(context, module, old) or change.verdict is Verdict.SAME:
        return False
    if new is not None and (not _makes(context, module, new) or old.binds != new.binds):
        return False
    context.retabled[id(live)] = (live, (module, old.binds[0]))
    if new is not None:
        context.execute(module, new)
        context.rebind(module, new.binds)
        context.step(module, new, Action.EXECUTE, "its table is made anew, and takes the old one's place")
    return True


def takes_part(context: Context, module: str, statement: Statement | None) -> bool:
    """Plan that an index or a constraint of such a table is made anew, too: the old one goes with the old table."""
    live = context.value(module, statement.binds[0]) if statement is not None and statement.binds else None
    if (
        statement is None
        or type(live).__module__ != _SCHEMA
        or id(getattr(live, "table", None)) not in context.retabled
    ):
        return False
    context.execute(module, statement)
    context.rebind(module, statement.binds)
    context.step(module, statement, Action.EXECUTE, "it belongs to a table that is made anew")
    return True


def _makes(context: Context, module: str, statement: Statement) -> bool:
    call = getattr(statement.node, "value", None)
    if statement.kind != "assign" or len(statement.binds) != 1 or not isinstance(call, ast.Call):
        return False
    found = context.resolve(module, dotted_name(call.func) or "")
    return isinstance(found, type) and found.__module__ == _SCHEMA and found.__name__ == "Table"


def of_their_metadata(tables: list[Any]) -> Iterator[type]:
    """A mapped class of each registry that has its tables in the same metadata."""
    kind = getattr(sys.modules.get("sqlalchemy.orm.decl_api"), "registry", None)
    metadata = {id(table.metadata) for table in tables}
    for registry in instances_of([kind, *subclasses(kind)]) if kind is not None else ():
        managers = list(registry._managers)
        if managers and id(registry.metadata) in metadata:
            yield managers[0].class_


def homes_of(context: Context) -> set[Home]:
    return {home for _, home in context.retabled.values()}
