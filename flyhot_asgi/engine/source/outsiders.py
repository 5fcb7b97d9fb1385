"""Attributes that functions set on objects other than their own `self`. Pure.

What a class's own methods set is `schema`'s. Here a function makes an object, or is handed one, and gives it an
attribute that the class knows nothing of; instances that were made before lack it. Of which class the object is, syntax
tells where the function makes it or its parameter is annotated; else only what else is used of it does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from .module import FunctionNode, dotted_name
from .nodes import children_of, nodes_of
from .parsing import parsed_expression

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Touch:
    """What one function does with one variable. `cls`: the class that it is said to be of, as the text has it."""

    function: str
    line: int
    cls: str | None
    stored: frozenset[str]
    loaded: frozenset[str]


def touches(tree: ast.Module) -> list[Touch]:
    """Of all functions of a module, for variables that are given attributes, or read."""
    return [touch for function, own in _functions(tree) for touch in _of(function, own)]


def _functions(node: ast.AST, inside_class: bool = False) -> Iterator[tuple[FunctionNode, str | None]]:
    """Outermost functions and methods, with the name of their own object."""
    for child in children_of(node):
        if isinstance(child, _FUNCTIONS):
            arguments = [*child.args.posonlyargs, *child.args.args]
            yield child, arguments[0].arg if inside_class and arguments else None
        elif not isinstance(child, ast.expr):
            yield from _functions(child, isinstance(child, ast.ClassDef))


def _of(function: FunctionNode, own: str | None) -> Iterator[Touch]:
    stored: dict[str, set[str]] = {}
    loaded: dict[str, set[str]] = {}
    classes: dict[str, str | None] = {}
    for node in nodes_of(function):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id != own:
            (stored if isinstance(node.ctx, ast.Store) else loaded).setdefault(node.value.id, set()).add(node.attr)
        elif isinstance(node, ast.arg) and node.annotation is not None:
            classes[node.arg] = _class_of(node.annotation)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            classes[node.target.id] = _class_of(node.annotation)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    classes[target.id] = dotted_name(node.value.func)
    for name in stored.keys() | loaded.keys():
        sets, reads = frozenset(stored.get(name, ())), frozenset(loaded.get(name, ()))
        yield Touch(function.name, function.lineno, classes.get(name), sets, reads - sets)


def _class_of(annotation: ast.expr) -> str | None:
    """The one class of an annotation: `A`, `"A"`, `A | None`, `Optional[A]`."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return _class_of(parsed_expression(annotation.value))
        except SyntaxError:
            return None
    if isinstance(annotation, ast.BinOp):
        sides = [one for one in (annotation.left, annotation.right) if not _is_none(one)]
        return _class_of(sides[0]) if len(sides) == 1 else None
    if isinstance(annotation, ast.Subscript) and (dotted_name(annotation.value) or "").endswith("Optional"):
        return _class_of(annotation.slice)
    return dotted_name(annotation)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
