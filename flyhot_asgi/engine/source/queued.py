"""Into how many a function takes apart what it gets out of queues and tables. Pure.

`kind, room = await self.inbox.get()`, or `item = …; kind, room = item`, `name, n = ROOMS[r]`, `for name, n in ROOMS`:
what lies there when the code changes was put there by the old code, in its shape.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from .module import FunctionNode, dotted_name
from .nodes import nodes_of

_GETS = frozenset({"get", "get_nowait", "pop", "popleft"})


class Kept(NamedTuple):
    """A container by its dotted name. `keys`: it is gone through as it is, which of a dict gives the keys."""

    name: str
    keys: bool = False


def taken_apart(function: FunctionNode) -> dict[Kept, set[int]]:
    """By container, numbers of names. Not by those that the function itself makes or is handed."""
    found: dict[Kept, set[int]] = {}
    nodes, items = nodes_of(function), _items(function)
    for node in nodes:
        for target, kept in [*_pairs(node), *_later(node, items)]:
            if isinstance(target, ast.Tuple) and not any(isinstance(one, ast.Starred) for one in target.elts):
                found.setdefault(kept, set()).add(len(target.elts))
    return _known(function, found)


def indexed(function: FunctionNode) -> dict[Kept, set[int]]:
    """By container, the highest constant place that is asked of an item: `ROOMS[r][2]`, `item[2]`."""
    found: dict[Kept, set[int]] = {}
    items = _items(function)
    for node in nodes_of(function):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and type(node.slice.value) is int:
            got = items.get(node.value.id) if isinstance(node.value, ast.Name) else _taken_from(node.value)
            if got is not None and node.slice.value > max(found.get(got, {-1})):
                found[got] = {node.slice.value}
    return _known(function, found)


def _items(function: FunctionNode) -> dict[str, Kept]:
    """Names that an item is bound to first."""
    pairs = [pair for node in nodes_of(function) for pair in _pairs(node)]
    return {target.id: kept for target, kept in pairs if isinstance(target, ast.Name)}


def _known(function: FunctionNode, found: dict[Kept, set[int]]) -> dict[Kept, set[int]]:
    """Without those whose name is the function's own: a parameter (but for `self.…`), or what it assigns."""
    own = {node.id for node in nodes_of(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in nodes_of(function) if isinstance(node, ast.arg)}
    own -= {name for node in nodes_of(function) if isinstance(node, ast.Global) for name in node.names}
    first = [one.arg for one in function.args.args[:1]]
    return {
        kept: numbers
        for kept, numbers in found.items()
        if kept.name.partition(".")[0] not in own or ("." in kept.name and kept.name.partition(".")[0] in first)
    }


def _pairs(node: ast.AST) -> Iterator[tuple[ast.expr, Kept]]:
    """What an item is bound to, and where it came from."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        if (kept := _taken_from(node.value)) is not None:
            yield node.targets[0], kept
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield from _gone_through(node.target, node.iter)


def _later(node: ast.AST, items: dict[str, Kept]) -> Iterator[tuple[ast.expr, Kept]]:
    """An item that got a name first."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.Name):
        if node.value.id in items:
            yield node.targets[0], items[node.value.id]


def _gone_through(target: ast.expr, iterated: ast.expr) -> Iterator[tuple[ast.expr, Kept]]:
    if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name) and len(iterated.args) == 1:
        iterated = iterated.args[0] if iterated.func.id in ("list", "tuple", "sorted", "reversed") else iterated
    if (name := dotted_name(iterated)) is not None:
        yield target, Kept(name, keys=True)
    elif isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Attribute) and not iterated.args:
        name = dotted_name(iterated.func.value)
        if name is not None and iterated.func.attr == "values":
            yield target, Kept(name)
        elif name is not None and iterated.func.attr == "items" and isinstance(target, ast.Tuple):
            if len(target.elts) == 2:
                yield target.elts[1], Kept(name)


def _taken_from(value: ast.expr) -> Kept | None:
    """What a call or a subscript takes an item out of."""
    value = value.value if isinstance(value, ast.Await) else value
    if isinstance(value, ast.Call) and (dotted_name(value.func) or "").endswith("wait_for") and value.args:
        value = value.args[0]
    if isinstance(value, ast.Subscript) and not isinstance(value.slice, ast.Slice):
        name = dotted_name(value.value)
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _GETS:
        name = dotted_name(value.func.value)
    else:
        return None
    return Kept(name) if name is not None else None
