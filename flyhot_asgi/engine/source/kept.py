"""Of which kind is what functions keep in containers. Pure.

`rooms.setdefault(name, [])`, `self.rooms[name] = set()`, `USERS[name] = User(name)`, `SUBS = defaultdict(list)`: what
lies there when the code changes was made by old code. Only what is written out counts, or a local name that is assigned
once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from .module import dotted_name
from .nodes import nodes_of

_PUTS = frozenset({"append", "appendleft", "add", "put", "put_nowait"})
_CALLS = {"list": "list", "set": "set", "dict": "dict", "deque": "deque", "defaultdict": "dict"}
_KINDS: dict[type[ast.expr], str] = {
    ast.List: "list",
    ast.ListComp: "list",
    ast.Set: "set",
    ast.SetComp: "set",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Tuple: "tuple",
}


def kept(functions: Iterable[ast.AST]) -> Mapping[str, Mapping[str | None, int]]:
    """By the dotted name of what keeps them, the kinds of what these functions put there, and on which line;
    None: anything."""
    found: dict[str, dict[str | None, int]] = {}
    for function in functions:
        local = assigned_once(function)
        for node in nodes_of(function):
            for name, value in _puts(node):
                value = local.get(value.id, value) if isinstance(value, ast.Name) else value
                found.setdefault(name, {}).setdefault(_kind(value), value.lineno)
    return found


def fills_itself(function: ast.AST, name: str) -> bool:
    """The function asks the container first, and puts there what it has worked out: another call gives the same. Not
    what it was handed, and nothing that grows from what lies there (a count)."""
    local, parameters = assigned_once(function), {node.arg for node in nodes_of(function) if isinstance(node, ast.arg)}
    values = [value for node in nodes_of(function) for found, value in _puts(node) if found == name]
    for value in values:
        value = local.get(value.id, value) if isinstance(value, ast.Name) else value
        handed = isinstance(value, ast.Name) and value.id in parameters
        if handed or _kind(value) is not None or _reads(value, name):
            return False
    return bool(values) and any(_asks(node, name) for node in nodes_of(function))


def _reads(value: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name | ast.Attribute) and dotted_name(node) == name for node in nodes_of(value))


def _asks(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Compare):
        return any(dotted_name(one) == name for one in node.comparators)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr == "get" and dotted_name(node.func.value) == name
    return isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and dotted_name(node.value) == name


def asked_for(tree: ast.AST) -> frozenset[str]:
    """Names of the types that code asks for (`isinstance(one, dict)`): it is ready for more than one."""
    found: set[str] = set()
    for node in nodes_of(tree):
        if isinstance(node, ast.Call) and dotted_name(node.func) in ("isinstance", "type", "issubclass"):
            asked: list[ast.expr] = node.args[1:2]
        elif isinstance(node, ast.MatchClass):
            asked = [node.cls]
        elif (
            isinstance(node, ast.Compare) and isinstance(node.left, ast.Call) and dotted_name(node.left.func) == "type"
        ):
            asked = node.comparators
        else:
            continue
        for one in [each for part in asked for each in nodes_of(part)]:
            found.add((dotted_name(one) or "").rpartition(".")[2] if isinstance(one, ast.Name | ast.Attribute) else "")
    return frozenset(found)


def assigned_once(function: ast.AST) -> dict[str, ast.expr]:
    """Local names that get one value, with it."""
    found: dict[str, list[ast.expr | None]] = {}
    for node in nodes_of(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.setdefault(node.id, []).append(None)
    return {name: value for name, (value, *others) in found.items() if value is not None and others == [None]}


def _puts(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names of containers and what is put into them."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and (name := dotted_name(target.value)) is not None:
                if not isinstance(target.slice, ast.Slice):
                    yield name, node.value
            elif (name := dotted_name(target)) is not None and (made := _made_when_asked(node.value)) is not None:
                yield name, made
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name, called = dotted_name(node.func.value), node.func.attr
        if name is not None and called in _PUTS and len(node.args) == 1:
            yield name, node.args[0]
        elif name is not None and called in ("setdefault", "insert") and len(node.args) == 2:
            yield name, node.args[1]


def _made_when_asked(value: ast.expr) -> ast.expr | None:
    """What a `defaultdict` puts there, as if it stood there."""
    if not isinstance(value, ast.Call) or (dotted_name(value.func) or "").rpartition(".")[2] != "defaultdict":
        return None
    factory = value.args[0] if value.args else None
    if isinstance(factory, ast.Lambda):
        return factory.body
    return ast.copy_location(ast.Call(factory, [], []), factory) if factory is not None else None


def _kind(value: ast.expr) -> str | None:
    if isinstance(value, ast.Call):
        dotted = dotted_name(value.func) or ""
        called = dotted.rpartition(".")[2]
        return _CALLS.get(called) or (dotted if called[:1].isupper() else None)
    return _KINDS.get(type(value))
