"""Texts of constants that may be names of attributes. Pure.

`FIELDS = ["id", "name"]` is read by `for name in FIELDS: setattr(self, name, …)`, by way of `getattr(type(self), …)`,
a partial, a metaclass: there is no end of ways. So it is not read how the names are used. Here are, of all constants
that a class's methods mention (attributes of the class and of its bases, names of modules, and what these are made of),
the texts in them, sorted by where in the constant they stand; whether these are names of attributes, the living
instances tell (`planning.judge_named`).
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .binds import bound_names
from .defuse import Home, Names, methods_of
from .module import FunctionNode, SourceModule, dotted_name
from .nodes import children_of, nodes_of
from .schema import field_names
from .setting import Chain, put_in
from .values import value_of

Words: TypeAlias = Mapping[str, frozenset[str]]
"""Where in a constant → the texts that stand there. `*`: all of them."""
Source: TypeAlias = tuple[str, str]
"""Who has it (a class, or the module whose code mentions it) and its name there."""
ALL = "*"
ANNOTATIONS = "__annotations__"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SETS = frozenset({"setattr", "__setattr__", "__setstate__"})
_FILLS = frozenset({"update", "setdefault", "__setitem__", "__ior__"})
_MOST = 400


@dataclass
class Named:
    """`sets`: some method sets attributes under names that it works out; else they only read such."""

    sources: dict[Source, Words] = field(default_factory=dict)
    sets: bool = False
    modules: frozenset[str] = frozenset()
    """Those whose names are among the sources; the others are classes'."""


class Naming:
    """What the constants of one release name. Reads only; remembers."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._mentioned: dict[int, frozenset[str]] = {}

    def of(self, chain: Chain, among: Container[str]) -> Named:
        """By those constants that the methods of a class mention, and what these call by name; nothing, if none of them
        sets or reads attributes under names that it works out. `chain`: the class, its bases and its metaclass, with
        their modules. `among`: names of constants that count."""
        functions = list(self._functions(chain))
        mentioned = [(module, name) for module, function in functions for name in self._by(function)]
        every = {name for _, name in mentioned}
        if not any(name in among for name in every):
            return Named()
        sets = bool(every & _SETS) or any(_fills_dict(function) for _, function in functions)
        if not sets and not any(_reads_by_name(function) for _, function in functions):
            return Named()
        found: dict[Source, Words] = {}
        for module, cls in chain:
            for name in {name for child in cls.body for name in bound_names(child)} & every:
                found[f"{module}.{cls.name}", name] = self._reading(chain).of_class(name, cls)
            if every & {ANNOTATIONS, "get_type_hints", "get_annotations"}:
                words = frozenset(field_names(cls))
                found[f"{module}.{cls.name}", ANNOTATIONS] = {"[]": words, ALL: words}
        for module, name in set(mentioned):
            if (home := self._names.home(module, name)) is not None:
                found[module, name] = self._reading(chain).of_home(home)
        return Named(found, sets, frozenset(module for module, _ in mentioned))

    def _reading(self, chain: Chain) -> _Reading:
        return _Reading(self._names, chain)

    def _functions(self, chain: Chain) -> Iterator[tuple[str, FunctionNode]]:
        """The methods, decorators of the classes, and the functions that these mention."""
        queue = [(module, method) for module, cls in chain for method in methods_of(cls)]
        for module, cls in chain:
            for decorator in cls.decorator_list:
                queue += self._defined(module, decorator)
        seen: set[int] = set()
        while queue and len(seen) < _MOST:
            module, function = queue.pop()
            if id(function) not in seen:
                seen.add(id(function))
                yield module, function
                queue += self._defined(module, function)

    def _defined(self, module: str, by: ast.AST) -> list[tuple[str, FunctionNode]]:
        found: list[tuple[str, FunctionNode]] = []
        for name in self._by(by):
            home = self._names.home(module, name)
            statement = self._names.definition(home) if home is not None else None
            if home is not None and statement is not None and isinstance(statement.node, _FUNCTIONS):
                found.append((home[0], statement.node))
        return found

    def _by(self, node: ast.AST) -> frozenset[str]:
        if id(node) not in self._mentioned:
            self._mentioned[id(node)] = frozenset(_mentioned(node))
        return self._mentioned[id(node)]


def constants_changed(old: Mapping[str, SourceModule], new: Mapping[str, SourceModule]) -> set[str]:
    """Names, whatever their module or class, of constants that the text of a release gives otherwise, and of those that
    are made of them."""
    found: set[tuple[str, str]] = set()
    for name, source in new.items():
        if name not in old or old[name].text != source.text:
            found |= _given(source) - (_given(old[name]) if name in old else set())
    names = {name for name, _ in found}
    grown = bool(names)
    while grown:
        grown = False
        for source in new.values():
            for statement in source.statements:
                if statement.kind in ("assign", "class", "expr", "block") and statement.reads & names:
                    bound = _bound(statement.node)
                    grown = grown or not bound <= names
                    names |= bound
    return names


def _given(source: SourceModule) -> set[tuple[str, str]]:
    """Names and the statements that give them something, as text; functions give nothing."""
    found: set[tuple[str, str]] = set()
    for statement in source.statements:
        if statement.kind == "class":
            nodes = [child for child in nodes_of(statement.node) if isinstance(child, ast.ClassDef)]
            children = [
                child for node in nodes for child in node.body if not isinstance(child, (*_FUNCTIONS, ast.ClassDef))
            ]
            found |= {(name, ast.dump(child)) for child in children for name in _bound(child)}
        elif statement.kind not in ("def", "doc"):
            found |= {(name, statement.dump) for name in _bound(statement.node)}
    return found


def _bound(node: ast.stmt) -> set[str]:
    """What it binds, or puts something into; a class: what stands in its body."""
    if isinstance(node, ast.ClassDef):
        return {name for child in node.body for name in _bound(child)}
    if isinstance(node, _FUNCTIONS):
        return set()
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return {ANNOTATIONS, "get_type_hints", "get_annotations"}
    inside = {part.id for part in nodes_of(node) if isinstance(part, ast.Name)} if isinstance(node, ast.Expr) else set()
    annotated = {ANNOTATIONS, "get_type_hints", "get_annotations"} if isinstance(node, ast.AnnAssign) else set()
    return bound_names(node) | inside | annotated


def _fills_dict(function: FunctionNode) -> bool:
    """It puts something into an object's `__dict__`, under whatever name it has that."""
    nodes = nodes_of(function)
    dicts = [n for n in nodes if getattr(n, "attr", None) == "__dict__"]
    if not dicts and not any(getattr(n, "id", None) == "vars" for n in nodes):
        return False
    if any(isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store) for n in dicts):
        return True
    return any(
        (isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store))
        or (
            isinstance(n, ast.Attribute)
            and (n.attr in _FILLS or (isinstance(n.ctx, ast.Store) and n.attr == "__dict__"))
        )
        or (isinstance(n, ast.AugAssign) and isinstance(n.op, ast.BitOr))
        for n in nodes
    )


def _reads_by_name(function: FunctionNode) -> bool:
    """It asks for attributes under names that it works out, and says nothing of those that are not there."""
    calls = [node for node in nodes_of(function) if isinstance(node, ast.Call)]
    return any(
        (name == "getattr" and len(call.args) == 2) or name == "attrgetter"
        for call in calls
        if (name := (dotted_name(call.func) or "").rpartition(".")[2])
    )


def _mentioned(node: ast.AST) -> Iterator[str]:
    """Names, dotted ones too, attributes, and texts that could be either."""
    for part in nodes_of(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
            if (dotted := dotted_name(part)) is not None:
                yield dotted
        elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isidentifier():
            yield part.value


class _Reading:
    """The texts of one constant, through the names of others that it is made of."""

    def __init__(self, names: Names, chain: Chain) -> None:
        self._names, self._chain = names, chain
        self._found: dict[str, set[str]] = {}
        self._seen: set[tuple[str, str]] = set()

    def of_class(self, name: str, cls: ast.ClassDef) -> Words:
        self._of_class(name, "", cls.name)
        return self._words()

    def of_home(self, home: Home) -> Words:
        self._home(home, "")
        return self._words()

    def _words(self) -> Words:
        if not self._found:
            return {}
        every = frozenset().union(*self._found.values())
        return {**{path: frozenset(words) for path, words in self._found.items()}, ALL: every}

    def _take(self, module: str, node: ast.AST | None, path: str) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.replace(",", " ").split()
            self._found.setdefault(path or "[]", set()).update(word for word in words if word.isidentifier())
        elif isinstance(node, ast.List | ast.Set | ast.Tuple):
            inside = isinstance(node, ast.Tuple | ast.List) and path != ""
            for index, item in enumerate(node.elts):
                self._take(module, item, f"{path}{index}" if inside else f"{path}[]")
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                self._take(module, key, f"{path}K")
                self._take(module, value, f"{path}V" if key is not None else path)
        elif isinstance(node, ast.Call):
            self._call(module, node, path)
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            self._take(module, node.key if isinstance(node, ast.DictComp) else node.elt, f"{path}[]")
            for one in node.generators:
                self._take(module, one.iter, path)
        elif isinstance(node, ast.Name | ast.Attribute):
            self._named(module, node, path)
        elif isinstance(node, ast.expr) and not isinstance(node, ast.Lambda | ast.Constant):
            for child in children_of(node):
                self._take(module, child, path)

    def _call(self, module: str, call: ast.Call, path: str) -> None:
        made = dotted_name(call.func) or ""
        fresh = made.rpartition(".")[2] in _CONTAINERS
        for index, argument in enumerate(call.args):
            self._take(module, argument, path if fresh else f"{path}({made}){index}")
        for keyword in call.keywords:
            if keyword.arg is not None and fresh:
                self._found.setdefault(f"{path}K", set()).add(keyword.arg)
            self._take(module, keyword.value, f"{path}V" if fresh and keyword.arg else f"{path}({made}){keyword.arg}")
        if isinstance(call.func, ast.Attribute):
            self._take(module, call.func.value, path)

    def _named(self, module: str, node: ast.Name | ast.Attribute, path: str) -> None:
        dotted = dotted_name(node)
        home = self._names.home(module, dotted) if dotted is not None else None
        if home is not None:
            self._home(home, path)
            return
        if isinstance(node, ast.Name):
            self._of_class(node.id, path)
        elif dotted is not None and (owner := self._names.home(module, dotted.rpartition(".")[0])) is not None:
            self._of_class(node.attr, path, owner[1])

    def _home(self, home: Home, path: str) -> None:
        statement = self._names.definition(home)
        if statement is None or home in self._seen or statement.kind != "assign":
            return
        self._seen.add(home)
        self._take(home[0], value_of(statement.node), path)
        for other in self._names.modules[home[0]].statements:
            for part in put_in(other.node, home[1]):
                self._take(home[0], part, path or "[]")

    def _of_class(self, name: str, path: str, owner: str | None = None) -> None:
        for module, cls in self._chain:
            if (owner is None or cls.name == owner) and (cls.name, name) not in self._seen:
                self._seen.add((cls.name, name))
                for child in cls.body:
                    if name in bound_names(child):
                        self._take(module, value_of(child), path)


_CONTAINERS = frozenset(
    "dict OrderedDict MappingProxyType list tuple set frozenset sorted reversed chain deque ChainMap copy".split()
)
