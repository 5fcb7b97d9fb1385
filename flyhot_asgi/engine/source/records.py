"""Records without a class: what is made of words together, and which words code counts on. Pure.

`{"kind": k, "room": r}`, `dict(kind=k)`, `SimpleNamespace(kind=k)`, `app.state.kind = k`: such a record has no class
whose statement could change. When its makers give one word more and a reader asks for it (`job["retries"]`,
`app.state.burst`), the records that live are those of before. Here is what the text says: groups of words by the
function that makes them, and the words that it reads without being ready for their absence.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .module import SourceModule, dotted_name
from .nodes import children_of, nodes_of

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_NAMED = (*_FUNCTIONS, ast.ClassDef)
_READY = frozenset({"get", "pop", "setdefault", "getattr", "hasattr"})
_MISSES = frozenset({"KeyError", "AttributeError", "LookupError", "Exception", "BaseException"})


@dataclass(frozen=True)
class Group:
    """Words that one place gives together. `keys`: it makes a dict of them. `chain`: what they are attributes of
    (`app.state`), as it is written; "" if it is no assignment to attributes."""

    words: frozenset[str]
    line: int
    keys: bool
    chain: str = ""


@dataclass
class Scope:
    """One function (or the module itself), nested ones apart."""

    groups: list[Group] = field(default_factory=list)
    items: set[str] = field(default_factory=set)
    """Keys that it reads by subscript, and attributes, below."""
    attributes: set[str] = field(default_factory=set)
    stored: set[str] = field(default_factory=set)
    """Keys that it puts into something."""
    ready: set[str] = field(default_factory=set)
    """Words whose absence it is ready for."""


def scopes_of(source: SourceModule) -> Mapping[str, Scope]:
    """By the path of the function (`C.m`, `f.inner`); module-level statements by the first name that they bind."""
    return source.once("records", _scopes)


def migrated(source: SourceModule) -> frozenset[str]:
    """All words that functions mention which migrate states (`code_change`)."""
    return source.once("migrated", _migrated)


def changed_groups(before: Scope, after: Scope) -> Iterator[tuple[Group, Group]]:
    """Groups of a place that gives other words now: each new one with the old one that it is most like."""
    gone = [one for one in before.groups if not any(_same(one, other) for other in after.groups)]
    come = [one for one in after.groups if not any(_same(one, other) for other in before.groups)]
    for new in come:
        fitting = [one for one in gone if (one.keys, one.chain) == (new.keys, new.chain)]
        if not fitting:
            continue
        best = max(fitting, key=lambda one: len(one.words & new.words))
        if best.words & new.words or (len(gone) == 1 and len(come) == 1):
            yield best, new


def _same(one: Group, other: Group) -> bool:
    return (one.words, one.keys, one.chain) == (other.words, other.keys, other.chain)


def _scopes(source: SourceModule) -> dict[str, Scope]:
    constants = {
        statement.binds[0]: words
        for statement in source.statements
        if statement.kind == "assign" and len(statement.binds) == 1
        for words in [_keys(getattr(statement.node, "value", None), {})]
        if words
    }
    found: dict[str, Scope] = {}
    for statement in source.statements:
        if isinstance(statement.node, _NAMED):
            _enter(statement.node, "", constants, found)
        elif statement.kind != "import":
            _look([statement.node], statement.binds[0] if statement.binds else "", constants, found)
    return found


def _enter(node: ast.AST, prefix: str, constants: Mapping[str, frozenset[str]], found: dict[str, Scope]) -> None:
    path = f"{prefix}.{node.name}" if prefix else str(node.name)  # type: ignore[attr-defined]
    _look(children_of(node), path, constants, found)


def _look(
    inside: Iterable[ast.AST], path: str, constants: Mapping[str, frozenset[str]], found: dict[str, Scope]
) -> None:
    own = found.setdefault(path, Scope())
    nodes: list[ast.AST] = []
    queue = list(inside)
    while queue:
        one = queue.pop()
        if isinstance(one, _NAMED):
            _enter(one, path, constants, found)
        else:
            nodes.append(one)
            queue.extend(children_of(one))
    own.groups += _groups(nodes, constants)
    for one in nodes:
        _reads(one, own)


def _groups(nodes: list[ast.AST], constants: Mapping[str, frozenset[str]]) -> list[Group]:
    found: list[Group] = []
    stored, options = _stored(nodes), dict[str | None, tuple[int, set[str]]]()
    for node in nodes:
        if isinstance(node, ast.Dict) and (words := _keys(node, constants)):
            more = frozenset().union(*(stored.get((name, True), ()) for name in _assigned(node, nodes)))
            found.append(Group(words | more, node.lineno, True))
        elif isinstance(node, ast.Call) and (words := _keys(node, constants)):
            found.append(Group(words, node.lineno, dotted_name(node.func) == "dict"))
        if isinstance(node, ast.Call) and (option := _option(node)) is not None:
            options.setdefault(dotted_name(node.func), (node.lineno, set()))[1].add(option)
    found += [Group(frozenset(words), line, False) for line, words in options.values()]
    chains = {name: words for (name, keys), words in stored.items() if not keys and "." in name}
    line = min((node.lineno for node in nodes if isinstance(node, ast.stmt)), default=1)
    return found + [Group(frozenset(words), line, False, name) for name, words in chains.items()]


def _keys(node: ast.AST | None, constants: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Words of a display or of a call's keywords, those of constants that are poured into it included."""
    found: set[str] = set()
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        found |= {key.value for key, _ in pairs if isinstance(key, ast.Constant) and isinstance(key.value, str)}
        poured: list[ast.expr] = [value for key, value in zip(node.keys, node.values, strict=True) if key is None]
    elif isinstance(node, ast.Call):
        found |= {one.arg for one in node.keywords if one.arg is not None}
        poured = [one.value for one in node.keywords if one.arg is None]
    else:
        return frozenset()
    for one in poured:
        found |= constants.get(dotted_name(one) or "", frozenset())
    return frozenset(found)


def _stored(nodes: list[ast.AST]) -> dict[tuple[str, bool], set[str]]:
    """What is put into what: by its name (dotted), and whether by subscript."""
    found: dict[tuple[str, bool], set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            name = dotted_name(node.value)
            word = node.attr if isinstance(node, ast.Attribute) else getattr(node.slice, "value", None)
            if name is not None and isinstance(word, str):
                found.setdefault((name, isinstance(node, ast.Subscript)), set()).add(word)
    return found


def _assigned(value: ast.expr, nodes: list[ast.AST]) -> list[str]:
    return [
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and node.value is value
        for target in node.targets
        if isinstance(target, ast.Name)
    ]


def _option(call: ast.Call) -> str | None:
    """What `add_argument("--dry-run")` makes an attribute."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "add_argument":
        return None
    for keyword in call.keywords:
        if keyword.arg == "dest" and isinstance(keyword.value, ast.Constant):
            return str(keyword.value.value)
    names = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    named = [one for one in names if one.startswith("--")] or names
    return named[0].lstrip("-").replace("-", "_") if named else None


def _reads(node: ast.AST, own: Scope) -> None:
    if isinstance(node, ast.Subscript):
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            (own.items if isinstance(node.ctx, ast.Load) else own.stored).add(node.slice.value)
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        own.attributes.add(node.attr)
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name | ast.Attribute) and _last_name(node.func) in _READY:
            texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
            own.ready |= {text for text in texts if isinstance(text, str)}
    elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Constant):
        if isinstance(node.left.value, str) and any(isinstance(one, ast.In | ast.NotIn) for one in node.ops):
            own.ready.add(node.left.value)
    elif isinstance(node, ast.Try) and any(_misses(handler) for handler in node.handlers):
        for one in [each for statement in node.body for each in nodes_of(statement)]:
            if isinstance(one, ast.Subscript) and isinstance(one.slice, ast.Constant):
                own.ready.add(str(one.slice.value))
            elif isinstance(one, ast.Attribute):
                own.ready.add(one.attr)


def _last_name(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _misses(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any((dotted_name(one) or "") in _MISSES for one in caught)


def _migrated(source: SourceModule) -> frozenset[str]:
    handed = {
        dotted_name(one.value)
        for node in nodes_of(source.tree)
        if isinstance(node, ast.Call)
        for one in node.keywords
        if one.arg == "code_change"
    }
    found: set[str] = set()
    for node in nodes_of(source.tree):
        if isinstance(node, _FUNCTIONS) and (node.name == "code_change" or node.name in handed):
            for one in nodes_of(node):
                found |= {one.value} if isinstance(one, ast.Constant) and isinstance(one.value, str) else set()
                found |= {one.attr} if isinstance(one, ast.Attribute) else set()
                found |= {one.arg} if isinstance(one, ast.keyword) and one.arg is not None else set()
    return frozenset(found)
