"""What lives on of values that old code worked out, by the text of the release. Pure.

`self.limit = LIMIT`: an instance has what the constant was when it was made. `if x not in CACHE: CACHE[x] = work(x)`: a
table has what `work` gave then. Both are state, which an upgrade leaves alone; somebody may want to know.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias

from .defuse import construction_methods
from .module import FunctionNode, SourceModule, dotted_name
from .nodes import nodes_of
from .schema import own_name

Taken: TypeAlias = tuple[str, str, int]
"""An attribute, the (dotted) name that it is given the value of, and the line."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def taken_from_names(cls: ast.ClassDef) -> Iterator[Taken]:
    """Attributes that construction sets to what a name means: by itself, or as the default of a parameter."""
    for method in construction_methods(cls):
        own, defaults = own_name(method), _defaults(method)
        for node in nodes_of(method):
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == own:
                    name = dotted_name(node.value)
                    given = defaults.get(name, name) if name is not None else None
                    if given is not None:
                        yield target.attr, given, node.lineno


def _defaults(method: FunctionNode) -> dict[str, str | None]:
    """Parameters with the name that is their default; None for those with another default, or none."""
    arguments = method.args
    places = [*arguments.posonlyargs, *arguments.args]
    found: dict[str, str | None] = {one.arg: None for one in [*places, *arguments.kwonlyargs]}
    pairs = [*zip(reversed(places), reversed(arguments.defaults), strict=False)]
    pairs += [
        (one, default) for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default
    ]
    for one, default in pairs:
        found[one.arg] = dotted_name(default)
    return found


def remembering(module: SourceModule) -> tuple[tuple[str, str], ...]:
    """Functions of a module, each with a name at module level that it looks into and puts what it worked out in."""
    return module.once("remembering", lambda one: tuple(_remembering(one)))


def _remembering(module: SourceModule) -> Iterator[tuple[str, str]]:
    names = {name for statement in module.statements if statement.kind == "assign" for name in statement.binds}
    for statement in module.statements:
        if statement.kind == "def" and isinstance(statement.node, _FUNCTIONS) and names:
            filled, read = set[str](), set[str]()
            for node in nodes_of(statement.node):
                if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
                    (filled if isinstance(node.ctx, ast.Store) else read).add(node.value.id)
                elif isinstance(node, ast.Compare):
                    read |= {one.id for one in node.comparators if isinstance(one, ast.Name)}
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    if node.func.attr in ("get", "setdefault") and isinstance(node.func.value, ast.Name):
                        read.add(node.func.value.id)
                        filled |= {node.func.value.id} if node.func.attr == "setdefault" else set()
            for name in sorted(filled & read & names):
                yield statement.binds[0], name
