"""Which name of a class takes another's place: where one keeps what the other kept, what lies under the old name is
nobody's any more. Pure.

A name that goes and one that comes tell nothing by themselves. They belong together where

- a function that used the one uses the other now (`self.count += 1`, `self.hits += 1`);
- making an instance gives the one what it gave the other (`self.count = 0`, `self.hits = 0`);
- the one stands among the fields where the other stood, annotated alike (`count: int = 0`, `hits: int = 0`).

A memo, which the class fills itself when it is asked and finds nothing, loses nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import TypeAlias

from .binds import bound_names
from .defuse import construction_methods, methods_of
from .module import FunctionNode
from .nodes import nodes_of
from .schema import class_level, field_names, own_name

Both: TypeAlias = tuple[FunctionNode, FunctionNode]
"""A function in the running release, and in the next."""


def successors(
    old: ast.ClassDef, new: ast.ClassDef, elsewhere: Iterable[Both] = (), inherited: Iterable[ast.ClassDef] = ()
) -> dict[str, str]:
    """Attributes that the new class does not know any more, each with the one that is used in its place.
    `elsewhere`: functions outside of the class; `inherited`: what the new class derives from."""
    gone = _known(old) - used(new).union(*map(used, inherited))
    come = _known(new) - _known(old) - used(old)
    if not gone or not come:
        return {}
    found: dict[str, str] = {}
    pairs = [*_places(old, new), *_constructed(old, new), *_followed(old, new, elsewhere)]
    for before, after in pairs:
        if before in gone and after in come and not is_memo(old, before):
            found.setdefault(before, after)
    return found


def default_of(cls: ast.ClassDef, name: str) -> ast.expr | None:
    """What the class body gives an attribute."""
    for child in cls.body:
        if isinstance(child, ast.Assign | ast.AnnAssign) and name in bound_names(child):
            return child.value
    return None


def is_memo(cls: ast.ClassDef, name: str) -> bool:
    """Whoever sets it, but for making an instance, has asked before whether it is there: `if self.x is None: self.x =
    work()`."""
    making = {id(one) for one in construction_methods(cls)}
    later = [one for method in methods_of(cls) if id(method) not in making for one in _stores(method, name)]
    asked = [
        one
        for method in methods_of(cls)
        for test in nodes_of(method)
        if isinstance(test, ast.If) and _mentions(test.test, name)
        for one in _stores(test, name)
    ]
    plain = {id(target) for one in later if isinstance(one, ast.Assign | ast.AnnAssign) for target in nodes_of(one)}
    return bool(later) and {id(one) for one in later} <= {id(one) for one in asked} and bool(plain)


def texts_of(node: ast.AST) -> set[str]:
    """Attributes and texts that it names: what instances may keep something under."""
    found = {part.value for part in nodes_of(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return found | attributes_in(node)


def _stores(node: ast.AST, name: str) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for part in nodes_of(node):
        if isinstance(part, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = part.targets if isinstance(part, ast.Assign) else [part.target]
            if any(isinstance(one, ast.Attribute) and one.attr == name for one in targets):
                found.append(part)
    return found


def _mentions(test: ast.expr, name: str) -> bool:
    return any(
        (isinstance(one, ast.Attribute) and one.attr == name) or (isinstance(one, ast.Constant) and one.value == name)
        for one in nodes_of(test)
    )


def _known(cls: ast.ClassDef) -> set[str]:
    """Fields, what methods set of themselves, and what the body assigns."""
    stored = {name for method in methods_of(cls) for name in _of_itself(method, ast.Store)}
    assigned = {n for child in cls.body if isinstance(child, ast.Assign | ast.AnnAssign) for n in bound_names(child)}
    return {name for name in (*stored, *assigned, *field_names(cls)) if not name.startswith("__")}


def used(cls: ast.ClassDef) -> set[str]:
    """What a class has use for under these names: a property of that name hides what instances have, unless it asks
    for it."""
    bodies = [method for method in methods_of(cls) if method.name != "code_change"]
    loaded = {name for method in bodies for name in _of_itself(method, ast.Load)}
    texts = {part.value for one in bodies for part in nodes_of(one) if isinstance(part, ast.Constant)}
    methods = {method.name for method in methods_of(cls)}
    named = {text for text in texts if isinstance(text, str)}
    return _known(cls) | (loaded - methods) | named | (class_level(cls) - methods)


def _of_itself(method: FunctionNode, context: type[ast.expr_context]) -> Iterator[str]:
    own = own_name(method)
    for node in nodes_of(method):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, context) and isinstance(node.value, ast.Name):
            if node.value.id == own:
                yield node.attr


def _places(old: ast.ClassDef, new: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Fields that stand where others stood, with the same annotation; assignments, with a call of the same."""
    sides = [dict(_declared(one)) for one in (old, new)]
    before, after = ([*side] for side in sides)
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "replace" and b - a == d - c:
            for one, other in zip(before[a:b], after[c:d], strict=True):
                if sides[0][one] == sides[1][other]:
                    yield one, other


def _declared(cls: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for child in cls.body:
        if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
            yield child.target.id, ast.dump(child.annotation)
        elif isinstance(child, ast.Assign) and isinstance(child.value, ast.Call):
            for name in bound_names(child):
                yield name, ast.dump(child.value.func)


def _constructed(old: ast.ClassDef, new: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """What making an instance gives one value, in either release, and nothing else of what goes or comes."""
    before, after = _given(old), _given(new)
    for value in before.keys() & after.keys():
        gone, come = before[value] - after[value], after[value] - before[value]
        if len(gone) == 1 and len(come) == 1:
            yield from zip(gone, come, strict=True)


def _given(cls: ast.ClassDef) -> dict[str, set[str]]:
    """By the text of a value, or the place of the parameter that it is, the attributes that get it."""
    found: dict[str, set[str]] = {}
    for method in construction_methods(cls):
        places = {one.arg: f"{method.name} {index}" for index, one in enumerate(method.args.args)}
        for node in nodes_of(method):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = {one.attr for one in targets if isinstance(one, ast.Attribute)}
                place = places.get(node.value.id) if isinstance(node.value, ast.Name) else None
                found.setdefault(place or ast.dump(node.value), set()).update(names)
    return found


def _followed(old: ast.ClassDef, new: ast.ClassDef, elsewhere: Iterable[Both]) -> Iterator[tuple[str, str]]:
    """What functions used and use no more, with what they use now."""
    making = {method.name for one in (old, new) for method in construction_methods(one)}
    before = {method.name: method for method in methods_of(old)}
    after = {method.name: method for method in methods_of(new)}
    inside = [(before[name], after[name]) for name in before if name in after and name not in making]
    for one, other in [*inside, *elsewhere]:
        had, has = attributes_in(one), attributes_in(other)
        yield from ((gone, come) for gone in sorted(had - has) for come in sorted(has - had))


def attributes_in(function: ast.AST) -> set[str]:
    """Attributes that it names, of whatever."""
    return {node.attr for node in nodes_of(function) if isinstance(node, ast.Attribute)}
