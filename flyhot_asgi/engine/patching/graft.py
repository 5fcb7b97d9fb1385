"""Replacing members of a living class: the class object, its instances and its old methods' identities stay.

The changed members are executed as a class body would be, in a namespace that shows the class's present members, and
what comes out is put into the class. Functions are poured into the old function objects; a new method's `__class__`
cell (what `super()` reads) is pointed at the living class.
"""

from __future__ import annotations

import abc
import ast
import types
from functools import partial
from typing import Any

from ..living.holders import is_anothers
from ..living.inventory import subclasses
from ..source.codetree import transplant
from ..source.module import SourceModule, Statement
from ..source.plan import Graft
from .journal import Journal
from .pouring import join, pour_across, pour_wrapped
from .values import Pourer

_IMPLICIT: dict[str, Any] = {
    "__new__": staticmethod,
    "__init_subclass__": classmethod,
    "__class_getitem__": classmethod,
}
"""What `type` makes of these methods by itself."""
_BODY_NAMES = frozenset({"__module__", "__qualname__", "__classcell__", "__static_attributes__", "__firstlineno__"})


def compile_graft(source: SourceModule, graft: Graft) -> types.CodeType | None:
    """The changed members as the code of a class body; None if there are none (only deletions)."""
    nodes = [c.new.node for c in graft.changes if c.new is not None and not _is_remark(c.new)]
    if not nodes:
        return None
    wrapped: list[ast.stmt] = [_class_of(graft.node_path[-1], nodes)]
    for name in reversed(graft.node_path[:-1]):
        wrapped = [_class_of(name, wrapped)]
    tree = ast.fix_missing_locations(ast.Module(body=wrapped, type_ignores=[]))
    code: types.CodeType = compile(tree, source.path, "exec", flags=source.future_flags, dont_inherit=True)
    for name in graft.node_path:
        code = next(c for c in code.co_consts if isinstance(c, types.CodeType) and c.co_name == name)
    return transplant(code, source.code)


def _is_remark(statement: Statement) -> bool:
    """A text or `...` for readers, not the docstring: executed first of all it would become one."""
    node = statement.node
    return statement.kind != "doc" and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _class_of(name: str, body: list[ast.stmt]) -> ast.ClassDef:
    node = ast.ClassDef(name=name, bases=[], keywords=[], body=body, decorator_list=[])
    if "type_params" in ast.ClassDef._fields:
        node.type_params = []  # type: ignore[attr-defined,unused-ignore]
    return ast.copy_location(node, body[0])


def apply_graft(graft: Graft, code: types.CodeType | None, namespace: dict[str, Any], journal: Journal) -> None:
    """Execute the changed members and put them into the class. Raises what a member's own code raises."""
    cls = graft.cls
    if isinstance(cls, abc.ABCMeta):
        for kind in [cls, *subclasses(cls)]:
            before_count: frozenset[str] = getattr(kind, "__abstractmethods__", frozenset())
            journal.note(f"abstract methods of {kind.__qualname__}", partial(_set_abstract, kind, before_count))
    for name in graft.deleted:
        if name in vars(cls):
            journal.delete_attribute(cls, name)
    if code is not None:
        body = dict(vars(cls))
        annotations = body.get("__annotations__")
        body["__annotations__"] = dict(annotations) if isinstance(annotations, dict) else {}
        before = dict(body)
        for name in _from_outside(graft) | graft.unseen:
            body.pop(name, None)
        exec(code, namespace, body)
        cell = body.get("__classcell__")
        if isinstance(cell, types.CellType):
            cell.cell_contents = cls
        for name, value in body.items():
            if name not in _BODY_NAMES and name != "__annotations__" and before.get(name, graft) is not value:
                _put(cls, name, value, journal)
        _annotate(cls, graft, body["__annotations__"], annotations, journal)
    if graft.undocumented:
        journal.set_attribute(cls, "__doc__", None)
    if isinstance(cls, abc.ABCMeta):
        for kind in sorted([cls, *subclasses(cls)], key=lambda kind: len(kind.__mro__)):
            abc.update_abstractmethods(kind)


def _from_outside(graft: Graft) -> set[str]:
    """Names that `X = X` takes from the module: in the body of a class that is only made there is none yet."""
    nodes = [change.new.node for change in graft.changes if change.new is not None]
    assigned = [node for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign)]
    return {
        node.value.id
        for node in assigned
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(node.value, ast.Name) and isinstance(target, ast.Name) and target.id == node.value.id
    }


def _set_abstract(cls: Any, names: frozenset[str]) -> None:
    if getattr(cls, "__abstractmethods__", None) is not names:
        cls.__abstractmethods__ = names


def _put(cls: type, name: str, value: Any, journal: Journal) -> None:
    old = vars(cls).get(name)
    if isinstance(value, types.FunctionType) and name in _IMPLICIT:
        value = _IMPLICIT[name](value)
    merged = _merge(old, value, journal)
    if merged is old:
        return
    journal.set_attribute(cls, name, merged)
    hook = getattr(type(merged), "__set_name__", None)
    if hook is not None:
        hook(merged, cls, name)


def _merge(old: Any, new: Any, journal: Journal) -> Any:
    """The object to store: the old one, made new, where its kind allows."""
    if isinstance(old, types.FunctionType) and isinstance(new, types.FunctionType):
        return new if is_anothers(old, new.__module__) else pour_wrapped(old, new, journal)
    if isinstance(old, staticmethod | classmethod) and type(old) is type(new):
        if isinstance(old.__func__, types.FunctionType) and isinstance(new.__func__, types.FunctionType):
            if is_anothers(old.__func__, new.__func__.__module__):
                return new
            pour_wrapped(old.__func__, new.__func__, journal)
            return old
    if (kept := pour_across(old, new, journal)) is not None:
        return kept
    if type(old) is property and type(new) is property:
        before, after = _accessors(old), _accessors(new)
        parts = [_merge(a, b, journal) for a, b in zip(before, after, strict=True)]
        join(before, after, parts)
        return property(parts[0], parts[1], parts[2], new.__doc__)
    return Pourer(journal).keep(old, new)


def _accessors(prop: property) -> tuple[Any, Any, Any]:
    return (prop.fget, prop.fset, prop.fdel)


def _no_longer_annotated(graft: Graft) -> set[str]:
    """Attributes that are still bound, by statements without an annotation."""
    bound = [(c.old.node, c.new.node, c.new.binds) for c in graft.changes if c.old is not None and c.new is not None]
    return {
        name
        for old, new, names in bound
        if isinstance(old, ast.AnnAssign) and not isinstance(new, ast.AnnAssign)
        for name in names
    }


def _annotate(cls: type, graft: Graft, new: dict[str, Any], old: Any, journal: Journal) -> None:
    gone = {*graft.deleted, *_no_longer_annotated(graft)}
    annotations = {name: value for name, value in new.items() if name not in gone}
    if isinstance(old, dict):
        journal.touch_container(old, f"annotations of {cls.__qualname__}")
        old.clear()
        old.update(annotations)
    elif annotations:
        journal.set_attribute(cls, "__annotations__", annotations)
