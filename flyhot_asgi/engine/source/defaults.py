"""Defaults of parameters that a release writes as before: what a function keeps there between its calls. Pure.

`def count(key, seen={})` remembers in `seen`. Where the statement is executed again, for another parameter or an
annotation, the text of that default makes an empty one; what the program put in is state, as in a module's name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from .module import FunctionNode, SourceModule
from .nodes import children_of, nodes_of

Stable: TypeAlias = dict[str, frozenset[str]]
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def stable_defaults(old: SourceModule, new: SourceModule) -> Stable:
    """By qualified name of functions at module or class level, the parameters whose default has the same text in both,
    and makes something (a display, a call) without naming any but what it calls."""
    before = dict(_functions(old.tree))
    found: Stable = {}
    for name, function in _functions(new.tree):
        was = dict(_made(before[name])) if name in before else {}
        same = {parameter for parameter, text in _made(function) if was.get(parameter) == text}
        if same:
            found[name] = frozenset(same)
    return found


def changed_defaults(old: SourceModule, new: SourceModule) -> dict[str, dict[str, ast.expr]]:
    """By qualified name, parameters whose default makes something and has another text in the new release; or that are
    gone where another such one has come. With the old text."""
    after = dict(_functions(new.tree))
    found: dict[str, dict[str, ast.expr]] = {}
    for name, function in _functions(old.tree):
        if name not in after:
            continue
        texts, now = dict(_made(after[name])), _given(after[name])
        come = texts.keys() - _given(function).keys()
        for parameter, value in _given(function).items():
            if value is None or not _makes(value) or texts.get(parameter) == ast.dump(value):
                continue
            if parameter in now or come:
                found.setdefault(name, {})[parameter] = value
    return found


def _functions(node: ast.AST, path: str = "") -> Iterator[tuple[str, FunctionNode]]:
    for child in children_of(node):
        if isinstance(child, _FUNCTIONS):
            yield path + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{path}{child.name}.")
        elif isinstance(child, ast.If | ast.Try | ast.With | ast.ExceptHandler):
            yield from _functions(child, path)


def _given(function: FunctionNode) -> Mapping[str, ast.expr | None]:
    arguments = function.args
    places = [*arguments.posonlyargs, *arguments.args]
    return {
        **{one.arg: value for one, value in zip(reversed(places), reversed(arguments.defaults), strict=False)},
        **{one.arg: value for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)},
    }


def _made(function: FunctionNode) -> Iterator[tuple[str, str]]:
    for parameter, value in _given(function).items():
        if value is not None and _makes(value):
            yield parameter, ast.dump(value)


def _makes(value: ast.expr) -> bool:
    if not isinstance(value, ast.Dict | ast.List | ast.Set | ast.Call):
        return False
    called = {id(node.func) for node in nodes_of(value) if isinstance(node, ast.Call)}
    return all(id(node) in called for node in nodes_of(value) if isinstance(node, ast.Name))
