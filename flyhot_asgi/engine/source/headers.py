"""Headers of all functions of a module, for their code objects: what swapping code does not bring. Pure.

A living function that no statement makes anew (a closure that the program made, a lambda in a container) keeps its
defaults and its decorators. If the new source says otherwise, new code alone would make it neither old nor new.
"""

from __future__ import annotations

import ast
import types
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TypeAlias

from .codetree import by_place
from .nodes import children_of, nodes_of
from .shells import shell_of

Place: TypeAlias = tuple[str, int, str]


@dataclass(frozen=True)
class Header:
    """A function's parameters with their defaults, and its decorators, as text to compare."""

    parameters: str
    decorators: tuple[str, ...]
    annotations: str
    defaults: int
    keyword_defaults: frozenset[str]
    line: int


def headers(tree: ast.Module, code: types.CodeType, *, postponed: bool = False) -> dict[int, Header]:
    """Id of a code object → the header of its function. The ids are those of `code`'s own nested code objects.
    `postponed`: the module keeps annotations as text."""
    found: dict[Place, list[Header]] = defaultdict(list)
    _collect(tree, "", found)
    if postponed:
        found = {
            p: [replace(h, annotations=h.annotations and f"text {h.annotations}") for h in found[p]] for p in found
        }
    matched: dict[int, Header] = {}
    for place, codes in by_place(code).items():
        for one, header in zip(codes, found.get(place, []), strict=False):
            matched[id(one)] = header
    return matched


def _collect(node: ast.AST, prefix: str, found: dict[Place, list[Header]]) -> None:
    for child in children_of(node):
        inner = prefix
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            line = min([child.lineno, *(d.lineno for d in child.decorator_list)])
            found[(prefix + child.name, line, child.name)].append(_header(child, child.decorator_list))
            for part in [*child.decorator_list, child.args]:
                _collect(part, prefix, found)
            for statement in child.body:
                _collect(_Holder(statement), f"{prefix}{child.name}.<locals>.", found)
            continue
        if isinstance(child, ast.Lambda):
            found[(prefix + "<lambda>", child.lineno, "<lambda>")].append(_header(child, []))
            _collect(child.args, prefix, found)
            _collect(_Holder(child.body), f"{prefix}<lambda>.<locals>.", found)
            continue
        if isinstance(child, ast.ClassDef):
            inner = f"{prefix}{child.name}."
        _collect(child, inner, found)


class _Holder(ast.AST):
    """A node around one child, so that the child itself is visited."""

    _fields = ("child",)

    def __init__(self, child: ast.AST) -> None:
        super().__init__()
        self.child = child


def _annotations(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[str]:
    arguments = [one for one in nodes_of(node.args) if isinstance(one, ast.arg) and one.annotation is not None]
    found = [f"{one.arg}: {ast.dump(one.annotation)}" for one in arguments if one.annotation is not None]
    returns = getattr(node, "returns", None)
    return [*found, *([ast.dump(returns)] if returns is not None else [])]


def _header(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, decorators: list[ast.expr]) -> Header:
    bare = [ast.arg(arg=a.arg) for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]]
    values = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
    extra = [a.arg if a else "" for a in (node.args.vararg, node.args.kwarg)]
    shape = [len(node.args.posonlyargs), len(node.args.kwonlyargs), *extra]
    keyword = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    return Header(
        parameters=repr([[a.arg for a in bare], shape, [shell_of(v) for v in values]]),
        decorators=tuple(shell_of(d) for d in decorators),
        annotations=" ".join(_annotations(node)),
        defaults=len(node.args.defaults),
        keyword_defaults=frozenset(a.arg for a, d in keyword if d is not None),
        line=node.lineno,
    )
