"""Attributes that a class's methods count on. Pure.

A class that gains an attribute is the commonest way for a hot upgrade to break later and silently: living instances
were made by the old `__init__` and lack it (5.5 % of the commits replayed for the design). Found by syntax:

- what making an instance sets now and did not set before, whoever reads it (a template, `vars()`);
- what other methods set now, if something reads it that did not set it itself;
- what making an instance sets to another kind of thing (a list that became a dict).
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable

from .binds import bound_names
from .defuse import construction_methods, methods_of
from .module import FunctionNode, dotted_name

_KINDS: dict[type[ast.AST], str] = {
    ast.List: "list",
    ast.ListComp: "list",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Set: "set",
    ast.SetComp: "set",
    ast.Tuple: "tuple",
    ast.JoinedStr: "str",
    ast.Lambda: "function",
}


def new_attributes(old: ast.ClassDef, new: ast.ClassDef, read_elsewhere: Container[str] = ()) -> set[str]:
    """Instance attributes that the new class relies on and the old class's instances may lack.

    `read_elsewhere`: attributes that code outside of the class reads.
    """
    gained = _stored(methods_of(new)) - _stored(methods_of(old)) - _class_level(new)
    made = _stored(construction_methods(new)) - _stored(construction_methods(old)) - _class_level(new)
    relied = {
        name for name in gained if name in read_elsewhere or any(_relies_on(method, name) for method in methods_of(new))
    }
    return relied | {name for name in made if name in gained or _relied_anywhere(new, name)}


def always_set(cls: ast.ClassDef) -> frozenset[str]:
    """Attributes that `__init__` sets whatever happens: an instance without one of them was never initialised."""
    return frozenset(
        target.attr
        for method in methods_of(cls)
        if method.name == "__init__"
        for statement in method.body
        for target in _targets(statement)
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self"
    )


def _targets(statement: ast.stmt) -> list[ast.expr]:
    if isinstance(statement, ast.Assign):
        return statement.targets
    return [statement.target] if isinstance(statement, ast.AnnAssign) and statement.value is not None else []


def set_elsewhere(old: ast.ClassDef, new: ast.ClassDef) -> set[str]:
    """Attributes that the new methods read of `self`, the old ones did not, and that no method is seen to set: set by
    `setattr`, through `__dict__`, by a base class or by somebody else. Instances may have them or not."""
    known = _stored(methods_of(new)) | _class_level(new) | _loaded(old)
    return {name for name in _loaded(new) - known if not name.startswith("__")}


def _loaded(cls: ast.ClassDef) -> set[str]:
    return {use.attr for method in methods_of(cls) for use in _uses(method, ast.Load)}


def _relied_anywhere(cls: ast.ClassDef, name: str) -> bool:
    return any(_relies_on(method, name) for method in methods_of(cls))


def reshaped_attributes(old: ast.ClassDef, new: ast.ClassDef) -> set[str]:
    """Attributes that making an instance sets to another kind of thing than before, as far as syntax tells."""
    before, after = _made_kinds(old), _made_kinds(new)
    return {name for name in before.keys() & after.keys() if before[name] and after[name] - before[name]}


def _made_kinds(cls: ast.ClassDef) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for method in construction_methods(cls):
        own = _self_name(method)
        for node in ast.walk(method):
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == own:
                    kind = _kind(node.value)
                    found.setdefault(target.attr, set()).update([kind] if kind else [])
    return found


def _kind(value: ast.expr) -> str | None:
    """`list`, `dict`, `str`, `number`, `None`, the name of a class that is called; None where syntax does not tell."""
    if isinstance(value, ast.Constant):
        return "number" if isinstance(value.value, int | float | complex) else type(value.value).__name__
    if isinstance(value, ast.Call):
        called = (dotted_name(value.func) or "").rpartition(".")[2]
        if called in ("int", "float"):
            return "number"
        known = called in ("list", "dict", "set", "tuple", "str", "bytes", "deque", "defaultdict", "bytearray")
        return called if known or called[:1].isupper() else None
    return _KINDS.get(type(value))


def attributes_read(tree: ast.AST) -> set[str]:
    """Attributes that code reads of objects that are not its own `self`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                found.add(node.attr)
        elif isinstance(node, ast.ClassDef):
            found |= _read_of_bases(node)
    return found


def read_by_methods(tree: ast.AST) -> set[str]:
    """Attributes that methods read of their own objects, and no method of the same class sets."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            found |= _loaded(node) - _stored(methods_of(node)) - _class_level(node)
    return found


def _read_of_bases(cls: ast.ClassDef) -> set[str]:
    """What a derived class reads of itself without ever setting it: its base is meant to."""
    if not cls.bases:
        return set()
    reads = {use.attr for method in methods_of(cls) for use in _uses(method, ast.Load)}
    return reads - _stored(methods_of(cls)) - _class_level(cls)


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


def _stored(methods: Iterable[FunctionNode]) -> set[str]:
    return {use.attr for method in methods for use in _uses(method, ast.Store)}


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
