"""SQLAlchemy's declarative classes and SQLModel's tables.

Their methods, properties, hybrids and plain attributes change as any class's do, through the class's own `setattr`, so
that the mapper looks again. A new mapped class is executed: it adds its table to the metadata, as in a cold import.
What is mapped (columns, relationships, table arguments, bases) can't be changed under a living mapper: all classes of
its registry are mapped anew (`remapping`), where no instance of them lives. So they are when an enum changes that a
column stores, or one of these classes goes. A changed declarative base is refused.
"""

from __future__ import annotations

import ast
import enum
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from ..living.inventory import subclasses
from ..living.pydantic import base_model
from ..planning.context import COLD, Adapter, Context
from ..planning.judge_members import judge_members, plan_graft
from ..source.diff import Change, NamespaceDiff, Verdict, diff
from ..source.module import Statement, decorator_name, dotted_name, statements_of
from ..source.nodes import nodes_of
from ..source.plan import Action, Execute
from .core_tables import homes_of, is_table, of_their_metadata, takes_part, takes_table
from .mappings import MappingUndo, has_mapped, is_declarative, is_mapped, mapped_to
from .remapping import is_gone, plan_remap, why_not_remapped
from .schemas import instances_of

_MIGRATE = "deploy this change cold, after its migration (restart the app)"
_MAPPING_NAMES = frozenset(
    "__tablename__ __table_args__ __mapper_args__ __table__ __abstract__ metadata registry type_annotation_map "
    "__allow_unmapped__ __init_subclass__ __bind_key__ __table_cls__".split()
)
_MAPPING_DECORATORS = frozenset(
    "declared_attr validates reconstructor synonym_for comparable_using field_validator model_validator validator "
    "root_validator computed_field field_serializer model_serializer".split()
)
_PLAIN_CALLS = frozenset("hybrid_property hybrid_method association_proxy".split())


class TablesAdapter(Adapter):
    """Claims changes of classes that SQLAlchemy maps, of their bases and mixins."""

    def knows(self, cls: type) -> bool:
        return _of_package(cls) in ("sqlalchemy", "sqlmodel") or is_declarative(cls)

    def recasts(self, context: Context, module: str, change: Change, living: type, of: str | None) -> bool:
        if change.old is None or change.new is None or "sqlalchemy" not in sys.modules:
            return False
        old, new = change.old.node, change.new.node
        if not isinstance(old, ast.ClassDef) or not isinstance(new, ast.ClassDef) or not _concerned(living):
            return False
        members = diff(
            statements_of(old.body, docstring=True, postponed=context.old[module].postponed),
            statements_of(new.body, docstring=True, postponed=context.new[module].postponed),
        )
        if _header(old) != _header(new):
            return _remap(context, module, change.new, living, _of_what(living, "bases (or class arguments)"))
        mapped = [c for c in members.changes if _is_mapping(c, living)]
        if of is not None:
            return _judge_built(context, module, change.new, living, of)
        if not mapped:
            return _has_mapper_hook(living) and _graft(context, module, old, change.new, living, members)
        names = ", ".join(sorted({f"`{name}`" for c in mapped for name in c.statement.binds})) or "part of its body"
        return _remap(context, module, change.new, living, _of_what(living, names))

    def takes(self, context: Context, module: str, change: Change, rebound: set[str]) -> bool:
        return takes_table(context, module, change) or takes_part(context, module, change.new)

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        if "sqlalchemy.orm.decl_api" not in sys.modules:
            return
        self._deleted(context, diffs)
        self._moved(context, diffs)
        self._enums(context, diffs)
        for cls in of_their_metadata([table for table, _ in context.retabled.values()]):
            _remapped_with(context, cls)
        if context.remapped or context.retabled:
            plan_remap(context, context.remapped)
        elif context.plan.added or any(isinstance(item, Execute) for item in context.plan.work):
            context.plan.registrations.insert(0, MappingUndo())

    def _deleted(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        for module, changes in diffs.items():
            for change in changes.of(Verdict.DELETED):
                if takes_table(context, module, change):
                    context.step(module, change.statement, Action.DELETE, "its table goes")
                    continue
                imported = change.statement.kind == "import"  # it is mapped where it is defined
                found = context.value(module, change.statement.name) if change.statement.binds else None
                if not imported and not _unmaps(context, module, found) and (is_mapped(found) or is_table(found)):
                    what = "it is a table" if is_table(found) else "it is mapped"
                    reason = f"{what}: it stays in the metadata, and mappers may count on it"
                    context.refuse(module, change.statement, reason, do=_MIGRATE)
        for module in context.plan.deleted:
            for name, found in context.namespace(module).items():
                mapped = is_mapped(found) and found.__module__ == module and not _unmaps(context, module, found)
                if mapped or is_table(found):
                    statement = context.old_names.binders(module).get(name)
                    if statement is not None and statement.kind != "import":
                        reason = "its module is gone, but it is mapped: its table stays in the metadata"
                        context.refuse(module, statement, reason, do=_MIGRATE)

    def _moved(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        for module, changes in diffs.items():
            for change in changes.of(Verdict.CHANGED):
                if change.old is None or change.old.kind != "class" or change.statement.kind != "import":
                    continue
                found = context.value(module, change.statement.binds[0])
                if is_mapped(found) and found.__module__ == module:
                    reason = "it is mapped, and comes from another module now, which would make its table once more"
                    context.refuse(module, change.statement, reason, do=COLD)

    def _enums(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        """A column of an enum's type noted the enum's values when it was made."""
        stored = {cls for _, cls, _ in _enum_columns()}
        for module, changes in diffs.items():
            for change in changes.of(Verdict.CHANGED, Verdict.RERUN):
                found = context.value(module, change.statement.name) if change.statement.kind == "class" else None
                if isinstance(found, type) and found in stored and _values_changed(change):
                    for column, mapped in _mapped_columns(found):
                        reason = f"the column `{column}` stores it; what values it takes was noted when it was mapped"
                        if mapped is None or why_not_remapped(mapped) is not None:
                            context.refuse(module, change.statement, reason, do=_MIGRATE)
                            break
                        context.remapped.setdefault(mapped, f"`{column}` stores `{found.__qualname__}`, which changed")


def is_model(cls: type) -> bool:
    base = base_model()
    return base is not None and issubclass(cls, base)


def _of_package(cls: type) -> str:
    return (cls.__module__ or "").partition(".")[0]


def _concerned(living: type) -> bool:
    return has_mapped(living) or (is_declarative(living) and _of_package(type(living)) == "sqlalchemy")


def _has_mapper_hook(living: type) -> bool:
    """Its `setattr` tells the mapper; without it nothing of SQLAlchemy's is in the way of the other judges."""
    return is_mapped(living) or _of_package(type(living)) == "sqlalchemy"


def _header(node: ast.ClassDef) -> list[str]:
    return [ast.dump(part) for part in [*node.bases, *node.keywords, *node.decorator_list]]


def _of_what(living: type, what: str) -> str:
    if is_mapped(living):
        return f"it is mapped to a table, and its mapping changed: {what}"
    return f"mapped classes derive from it, and what they take from it changed: {what}"


def _is_mapping(change: Change, living: type) -> bool:
    """The member takes part in the mapping, in the old release or the new one."""
    if change.verdict is Verdict.SAME or (change.verdict is Verdict.BODY and change.statement.kind in ("def", "class")):
        return any(s is not None and _mapping_decorated(s) for s in _sides(change)) and change.verdict is Verdict.BODY
    return any(_maps(statement, living) for statement in _sides(change) if statement is not None)


def _sides(change: Change) -> tuple[Statement | None, Statement | None]:
    return (change.old, change.new)


def _mapping_decorated(statement: Statement) -> bool:
    names = [decorator_name(d) or "" for d in statement.decorators]
    return any(part in _MAPPING_DECORATORS for name in names for part in name.split("."))


def _maps(statement: Statement, living: type) -> bool:
    node = statement.node
    if any(name in _MAPPING_NAMES for name in statement.binds):
        return True
    if statement.kind == "def":
        return _mapping_decorated(statement)
    if isinstance(node, ast.AnnAssign):
        return "ClassVar" not in ast.unparse(node.annotation)
    if isinstance(node, ast.Assign):
        return not _is_plain(node.value)
    return statement.kind not in ("doc", "class") and not isinstance(node, ast.Pass | ast.Expr)


def _is_plain(value: ast.expr) -> bool:
    """A value that the mapper has no use for: no call, or one that makes a descriptor beside the mapping."""
    for node in nodes_of(value):
        if isinstance(node, ast.Call):
            if (dotted_name(node.func) or "").rpartition(".")[2] not in _PLAIN_CALLS:
                return False
        elif isinstance(node, ast.Name | ast.Attribute) and node is value:
            return False  # an alias of a column makes a synonym
    return True


def _graft(
    context: Context, module: str, old: ast.ClassDef, statement: Statement, living: type, members: NamespaceDiff
) -> bool:
    new = statement.node
    assert isinstance(new, ast.ClassDef)
    if members.quiet:
        judge_members(context, module, old, statement, living, (statement.binds[0],))
    else:
        plan_graft(context, module, old, new, living, (statement.binds[0],), members)
    return True


def _judge_built(context: Context, module: str, statement: Statement, living: type, of: str) -> bool:
    """An unchanged class whose body read something that is bound anew."""
    node = statement.node
    assert isinstance(node, ast.ClassDef)
    taking = [s for s in statements_of(node.body, docstring=True) if _maps(s, living)]
    if not taking:
        return False
    return _remap(context, module, statement, living, _of_what(living, f"it was built from {of}"))


def _remap(context: Context, module: str, statement: Statement, living: type, why: str) -> bool:
    """Plan to map the class anew, with all that share its registry. A model that is no table stays the models'."""
    if (reason := why_not_remapped(living)) is not None:
        context.refuse(module, statement, f"{why}; {reason}", do=_MIGRATE)
        return True
    context.remapped.setdefault(living, why)
    if is_model(living) and not is_mapped(living):
        return False
    context.execute(module, statement, recast=True)
    context.step(module, statement, Action.GRAFT, why)
    return True


def _remapped_with(context: Context, cls: type) -> None:
    """A table of its metadata is made anew."""
    if (reason := why_not_remapped(cls)) is not None:
        home = next(iter(homes_of(context)))
        statement = context.new_names.definition(home) or context.old_names.definition(home)
        assert statement is not None
        context.refuse(home[0], statement, f"its table changed, and mappings have it; {reason}", do=_MIGRATE)
    else:
        context.remapped.setdefault(cls, "a table of its metadata is made anew")


def _unmaps(context: Context, module: str, cls: Any) -> bool:
    """Plan that a mapped class goes, with its table: all that share its registry are mapped anew, without it."""
    moved = any(move.living is cls for move in context.plan.moves)
    if not is_mapped(cls) or moved or not is_gone(context, cls) or why_not_remapped(cls) is not None:
        return False
    context.remapped.setdefault(cls, "it is gone from the source")
    return True


def _mapped_columns(cls: type) -> list[tuple[str, type | None]]:
    """The columns that store an enum, each with the class that is mapped to its table. Tables that their metadata lost
    are none: an attempt that was taken back leaves them."""
    found = [(column, table) for column, one, table in _enum_columns() if one is cls]
    return [(column, mapped_to(table)) for column, table in found if table is None or _is_known(table)]


def _is_known(table: Any) -> bool:
    return table.metadata.tables.get(table.key) is table


def _enum_columns() -> Iterator[tuple[str, type, Any]]:
    kind = getattr(sys.modules.get("sqlalchemy.sql.schema"), "Column", None)
    if kind is None:
        return
    for column in instances_of([kind, *subclasses(kind)]):
        found: Any = getattr(vars(column).get("type"), "enum_class", None)
        if isinstance(found, type) and issubclass(found, enum.Enum):
            table = vars(column).get("table")
            yield f"{getattr(table, 'name', '?')}.{vars(column).get('name')}", found, table


def _values_changed(change: Change) -> bool:
    if change.old is None or change.new is None:
        return False
    old, new = change.old.node, change.new.node
    if not isinstance(old, ast.ClassDef) or not isinstance(new, ast.ClassDef):
        return True
    sides = [[ast.dump(s) for s in node.body if isinstance(s, ast.Assign | ast.AnnAssign)] for node in (old, new)]
    return sides[0] != sides[1]
