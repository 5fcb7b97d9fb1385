"""May the running program have changed a module's value? Read off the source. Pure.

Where the old text can't be evaluated for comparison, this is the only way to know whether a living value still is what
the source made of it: no function stores the name, and none does with the container anything but read it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .binds import bound_names
from .defuse import Home, Names
from .module import SourceModule, dotted_name
from .nodes import children_of, nodes_of

_READING = frozenset("get items keys values index count copy union intersection difference issubset issuperset".split())
_READERS = frozenset(
    "len sorted min max sum list set tuple dict frozenset any all enumerate zip iter reversed isinstance bool str repr "
    "print".split()
)


class Stores:
    """Names of modules that functions of one release bind anew: `global`, or an attribute of the module."""

    def __init__(self, names: Names) -> None:
        self._homes: set[Home] = set()
        self._texts: set[str] = set()
        for owner, source in names.modules.items():
            found = source.once("stores", _stores_of)
            self._homes |= {(owner, name) for name in found.shared}
            self._homes |= {home for dotted in found.dotted if (home := names.home(owner, dotted)) is not None}
            self._texts |= found.texts

    def has(self, home: Home) -> bool:
        return home in self._homes or home[1] in self._texts


@dataclass
class _Stored:
    """What one module's functions bind: `shared` of their own module, `dotted` as written, `texts` that may name it."""

    shared: set[str] = field(default_factory=set)
    dotted: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)


def _stores_of(source: SourceModule) -> _Stored:
    found = _Stored()
    for node in nodes_of(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = nodes_of(node)
            shared = {name for child in inside if isinstance(child, ast.Global) for name in child.names}
            if shared:  # many declare what they only read
                found.shared |= shared & _bound_in(inside)
        elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            dotted = dotted_name(node) or ""
            if not dotted.startswith("self."):
                found.dotted.add(dotted)
        elif isinstance(node, ast.Call) and dotted_name(node.func) in ("setattr", "globals", "vars"):
            found.texts |= {a.value for a in nodes_of(node) if isinstance(a, ast.Constant) and isinstance(a.value, str)}
    return found


def _bound_in(nodes: list[ast.AST]) -> set[str]:
    """Names that a function's code binds or deletes, the functions inside of it included."""
    bound = {name for node in nodes if isinstance(node, ast.stmt) for name in bound_names(node)}
    deleted = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Del)}
    return bound | deleted | {n.name for n in nodes if isinstance(n, ast.ExceptHandler) and n.name}


def may_be_stored(names: Names, home: Home) -> bool:
    """Some function of the release binds the name anew."""
    return names.once("stores", Stores).has(home)


def may_be_mutated(names: Names, home: Home) -> bool:
    """Some function of the release does more with the container behind the name than read it."""
    return any(not reads_only(chain) for chain in uses_of(names, home))


def uses_of(names: Names, home: Home) -> Iterator[list[ast.AST]]:
    """Each use inside of a function, with its ancestors, nearest first."""
    for owner, source in names.modules.items():
        if home[1] not in source.text:
            continue
        for node, parents in _uses(source.tree):
            if names.home(owner, node.id) == home or names.home(owner, _whole(node, parents)) == home:
                yield _chain(node, parents, home[1])


def uses_in(function: ast.AST, name: str) -> Iterator[list[ast.AST]]:
    """The same of a name inside of one function, where it is read."""
    for node, parents in _uses(function):
        if node.id == name and isinstance(node.ctx, ast.Load):
            yield [node, *parents]


def _uses(tree: ast.AST) -> Iterator[tuple[ast.Name, list[ast.AST]]]:
    """Names inside of functions, each with its ancestors, nearest first."""
    stack: list[tuple[ast.AST, list[ast.AST]]] = [(tree, [])]
    while stack:
        node, parents = stack.pop()
        inside = any(isinstance(p, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) for p in parents)
        if isinstance(node, ast.Name) and inside:
            yield node, parents
        stack.extend((child, [node, *parents]) for child in children_of(node))


def _whole(node: ast.Name, parents: list[ast.AST]) -> str:
    parts = [node.id]
    for parent in parents:
        if not isinstance(parent, ast.Attribute):
            break
        parts.append(parent.attr)
    return ".".join(parts)


def _chain(node: ast.Name, parents: list[ast.AST], name: str) -> list[ast.AST]:
    """The use with its ancestors; behind `module.name`, from the attribute on."""
    chain: list[ast.AST] = [node, *parents]
    if node.id != name:
        while len(chain) > 1 and not (isinstance(chain[0], ast.Attribute) and chain[0].attr == name):
            chain.pop(0)
    return chain


def reads_only(chain: Sequence[ast.AST]) -> bool:
    """The use, with its ancestors, changes nothing of the container and gives it to nobody. A call: what it gives."""
    node, *parents = chain
    if not parents or not (isinstance(node, ast.Call) or isinstance(getattr(node, "ctx", None), ast.Load)):
        return False
    parent = parents[0]
    if isinstance(parent, ast.Attribute):
        return parent.attr in _READING and len(parents) > 1 and isinstance(parents[1], ast.Call)
    if isinstance(parent, ast.Subscript):
        return parent.value is not node or isinstance(parent.ctx, ast.Load)
    if isinstance(parent, ast.Call):
        return dotted_name(parent.func) in _READERS
    if isinstance(parent, ast.Starred) or (isinstance(parent, ast.keyword) and parent.arg is None):
        return True  # `f(*X, **Y)`: who is called gets copies
    if isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension):
        return parent.iter is node
    return isinstance(parent, ast.Compare | ast.FormattedValue | ast.BoolOp | ast.If | ast.IfExp | ast.UnaryOp)


_HOOKS = frozenset({"__init_subclass__", "__set_name__", "__init__", "__new__", "__prepare__"})
MUTATING = frozenset(
    "append add insert extend update setdefault pop popitem popleft appendleft remove discard clear sort "
    "reverse".split()
)


def attributes_changed(source: SourceModule) -> set[str]:
    """Attributes of other objects than `self` that functions set, or whose containers they change, at run time.

    What makes classes (`__init_subclass__`, a metaclass's `__new__`) does that at import.
    """
    return source.once("attributes changed", lambda one: _attributes_changed(one.tree))


def _attributes_changed(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    stack: list[tuple[ast.AST, bool]] = [(tree, False)]
    while stack:
        node, running = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            running = getattr(node, "name", "") not in _HOOKS
        elif running:
            found.update(_changed_by(node))
        stack.extend((child, running) for child in children_of(node))
    return found


def _changed_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
        if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
            yield node.attr
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        if isinstance(node.value, ast.Attribute):
            yield node.value.attr
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATING:
        if isinstance(node.func.value, ast.Attribute):
            yield node.func.value.attr
