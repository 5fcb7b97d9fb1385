"""What code does with a container that somebody works out once and keeps: only read it, hand it on, or change it. Pure.

`self.words`, where that is a `cached_property`, and `settings()`, where that is cached, mean the same container each
time. Who changes it makes it state; who only reads it loses nothing if it is worked out again.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterable, Iterator

from .module import FunctionNode, SourceModule, dotted_name
from .nodes import children_of
from .uses import MUTATING, reads_only, uses_in


class Handled(enum.IntEnum):
    """The worst that code does with it."""

    READ = 0
    HANDED_ON = 1
    """To a caller, or to who is called: that may change it or not."""
    CHANGED = 2


def handled(modules: Iterable[SourceModule], name: str, *, called: bool) -> Handled:
    """What the code of these modules does with what an attribute `name` means; `called`: with what a call gives."""
    chains = (chain for source in modules if name in source.text for chain in _chains(source.tree, name, called))
    return max(map(_by, chains), default=Handled.READ)


def _chains(tree: ast.AST, name: str, called: bool) -> Iterator[list[ast.AST]]:
    """Each use with its ancestors, nearest first."""
    stack: list[list[ast.AST]] = [[tree]]
    while stack:
        chain = stack.pop()
        node = chain[0]
        asked: ast.AST = node.func if called and isinstance(node, ast.Call) else node
        if (called == isinstance(node, ast.Call)) and _is(asked, name, called):
            yield chain
        stack.extend([child, *chain] for child in children_of(node))


def _is(node: ast.AST, name: str, called: bool) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == name
    return called and (dotted_name(node) or "") == name if isinstance(node, ast.Name) else False


def _by(chain: list[ast.AST]) -> Handled:
    node, parent, *above = [*chain, ast.Pass(), ast.Pass()]
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return Handled.CHANGED
    if isinstance(parent, ast.Subscript) and parent.value is node and not isinstance(parent.ctx, ast.Load):
        return Handled.CHANGED
    if isinstance(parent, ast.Attribute) and parent.attr in MUTATING and isinstance(above[0], ast.Call):
        return Handled.CHANGED
    if isinstance(parent, ast.Expr) or reads_only(chain):
        return Handled.READ
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
        function = next((one for one in above if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)), None)
        if function is not None:
            return _alias(function, parent.targets[0].id)
    return Handled.HANDED_ON


def _alias(function: FunctionNode, name: str) -> Handled:
    """A variable of the function means it, too."""
    found = Handled.READ
    for chain in uses_in(function, name):
        found = max(found, Handled.HANDED_ON if _is_assigned(chain) else _by(chain))
    return found


def _is_assigned(chain: list[ast.AST]) -> bool:
    return len(chain) > 1 and isinstance(chain[1], ast.Assign)
