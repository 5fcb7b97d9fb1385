"""Attributes that a class's methods count on. Pure.

A class that gains an attribute is the commonest way for a hot upgrade to break later and silently: living instances
were made by the old `__init__` and lack it (5.5 % of the commits replayed for the design). Found by syntax: the
attributes that methods of the new class set on `self` and the old class's didn't, and that some method reads without
having set it itself.
"""

from __future__ import annotations

import ast

from .defuse import methods_of
from .source import FunctionNode, bound_names


def new_attributes(old: ast.ClassDef, new: ast.ClassDef) -> set[str]:
    """Instance attributes that the new class's methods rely on and the old class's instances may lack."""
    gained = _stored(new) - _stored(old) - _class_level(new)
    return {name for name in gained if any(_relies_on(method, name) for method in methods_of(new))}


def _self_name(method: FunctionNode) -> str | None:
    arguments = [*method.args.posonlyargs, *method.args.args]
    if not arguments or any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in method.decorator_list):
        return None
    return arguments[0].arg


def _uses(method: FunctionNode, context: type[ast.expr_context]) -> list[ast.Attribute]:
    own = _self_name(method)
    return [
        node
        for node in ast.walk(method)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, context)
        and isinstance(node.value, ast.Name)
        and node.value.id == own
    ]


def _stored(cls: ast.ClassDef) -> set[str]:
    return {use.attr for method in methods_of(cls) for use in _uses(method, ast.Store)}


def _class_level(cls: ast.ClassDef) -> set[str]:
    """Names that the class itself answers for its instances: a bare annotation gives no value."""
    return {
        name
        for child in cls.body
        if not (isinstance(child, ast.AnnAssign) and child.value is None)
        for name in bound_names(child)
    }


def _relies_on(method: FunctionNode, name: str) -> bool:
    """The method reads the attribute (or adds to it) before any statement of its own has plainly set it."""
    reads = [(use.lineno, use.col_offset) for use in _uses(method, ast.Load) if use.attr == name]
    for node in ast.walk(method):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute) and node.target.attr == name:
            reads.append((node.lineno, node.col_offset))
    if not reads:
        return False
    set_at = _plainly_set(method, name)
    return set_at is None or min(reads) <= set_at


def _plainly_set(method: FunctionNode, name: str) -> tuple[int, int] | None:
    """Where one of the method's own statements (not one in a branch or a nested function) assigns it first."""
    for statement in method.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        for node in (node for target in targets for node in ast.walk(target)):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr == name:
                end = (statement.end_lineno or statement.lineno, statement.end_col_offset or 0)
                return end if any(_reads(statement, name)) else (statement.lineno, statement.col_offset)
    return None


def _reads(statement: ast.stmt, name: str) -> list[ast.Attribute]:
    return [
        node
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr == name
    ]


def field_names(cls: ast.ClassDef) -> dict[str, str]:
    """Annotated names of a class body with their whole statement: what dataclasses and models make fields of."""
    return {
        child.target.id: ast.dump(child)
        for child in cls.body
        if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name)
    }
