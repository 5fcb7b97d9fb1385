"""Who depends on what, across the modules of one release: names resolved to their homes, and what import-time calls
reach. Pure.

A **home** is `(module, name)` where a name is bound by something else than an import from first-party code. Statements
that read a home while they are executed depend on it: when it is bound anew, they must be executed again.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .source import FunctionNode, SourceModule, Statement, dotted_name, names_in

Home: TypeAlias = tuple[str, str]
_CONSTRUCTION = ("__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__")


def imported_from(module: SourceModule, node: ast.ImportFrom) -> str:
    """The absolute name of the module that a `from … import` names (PEP 328)."""
    if not node.level:
        return node.module or ""
    parts = module.package.split(".") if module.package else []
    base = parts[: len(parts) - (node.level - 1)]
    return ".".join([*base, *([node.module] if node.module else [])])


@dataclass
class Names:
    """Name resolution over all modules of one release. Built once per release, reads only."""

    modules: Mapping[str, SourceModule]
    _binders: dict[str, dict[str, Statement]] = field(default_factory=dict)

    def binders(self, module: str) -> dict[str, Statement]:
        """Name → the last statement of `module` that binds it."""
        if module not in self._binders:
            found = {name: s for s in self.modules[module].statements for name in s.binds}
            self._binders[module] = found
        return self._binders[module]

    def stars(self, module: str) -> list[str]:
        """Modules that `module` imports everything from."""
        source = self.modules[module]
        return [
            imported_from(source, s.node)
            for s in source.statements
            if isinstance(s.node, ast.ImportFrom) and s.node.names[0].name == "*"
        ]

    def home(self, module: str, name: str, _depth: int = 0) -> Home | None:
        """Where `name`, as `module` sees it, is really bound; None for builtins and third-party names.

        `name` may be dotted: `models.User` with `from . import models` is `("app.models", "User")`.
        """
        if _depth > 40 or module not in self.modules:
            return None
        first, _, rest = name.partition(".")
        binder = self.binders(module).get(first)
        if binder is None:
            for star in self.stars(module):
                if star in self.modules and first in self.binders(star):
                    return self.home(star, name, _depth + 1)
            return None
        if binder.kind != "import":
            return (module, first)
        return self._through_import(module, binder, first, rest, _depth)

    def _through_import(self, module: str, binder: Statement, first: str, rest: str, depth: int) -> Home | None:
        node = binder.node
        if isinstance(node, ast.ImportFrom):
            origin = imported_from(self.modules[module], node)
            target = node.names[0].name
            if f"{origin}.{target}" in self.modules:
                return self._in_module(f"{origin}.{target}", rest, depth)
            if origin in self.modules:
                return self.home(origin, f"{target}.{rest}" if rest else target, depth + 1)
            return None
        assert isinstance(node, ast.Import)
        alias = node.names[0]
        return self._in_module(alias.name if alias.asname else first, rest, depth)

    def _in_module(self, module: str, rest: str, depth: int) -> Home | None:
        while rest and f"{module}.{rest.partition('.')[0]}" in self.modules:
            head, _, rest = rest.partition(".")
            module = f"{module}.{head}"
        if module not in self.modules or not rest:
            return None
        return self.home(module, rest, depth + 1)

    def homes(self, module: str, names: Iterable[str]) -> set[Home]:
        return {home for name in names if (home := self.home(module, name)) is not None}

    def reads(self, module: str, statement: Statement) -> set[Home]:
        """Homes that a statement reads while it is executed; for an import, the home that it copies from."""
        node = statement.node
        if isinstance(node, ast.ImportFrom):
            origin = imported_from(self.modules[module], node)
            if node.names[0].name == "*":
                return {(origin, name) for name in self.binders(origin)} if origin in self.modules else set()
            direct = (origin, node.names[0].name)
            resolved = self.home(origin, node.names[0].name)
            return {direct, resolved} if resolved else {direct}
        return self.homes(module, statement.reads) - {(module, name) for name in statement.binds}

    def definition(self, home: Home) -> Statement | None:
        if home[0] not in self.modules:
            return None
        return self.binders(home[0]).get(home[1])

    def reached(self, calls: set[Home]) -> set[Home]:
        """Everything first-party that calling these homes may run, through the bodies of functions."""
        seen: set[Home] = set()
        queue = list(calls)
        while queue:
            home = queue.pop()
            if home in seen:
                continue
            seen.add(home)
            statement = self.definition(home)
            if statement is not None:
                queue.extend(self.homes(home[0], _names_run_by(statement)))
        return seen


def _names_run_by(statement: Statement) -> set[str]:
    node = statement.node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return _loaded(node)
    if isinstance(node, ast.ClassDef):
        return {name for method in construction_methods(node) for name in _loaded(method)}
    return set()


def _loaded(node: FunctionNode) -> set[str]:
    dotted = {name for n in ast.walk(node) if isinstance(n, ast.Attribute) and (name := dotted_name(n))}
    return names_in(node) | dotted


def methods_of(node: ast.ClassDef) -> Iterator[FunctionNode]:
    for child in node.body:
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child


def construction_methods(node: ast.ClassDef) -> list[FunctionNode]:
    """The methods that making an instance runs: `__init__` and its like, and those that these call on `self`."""
    methods = {method.name: method for method in methods_of(node)}
    todo = [name for name in _CONSTRUCTION if name in methods]
    found: dict[str, FunctionNode] = {}
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found[name] = methods[name]
        for inner in ast.walk(methods[name]):
            if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == "self":
                if inner.attr in methods:
                    todo.append(inner.attr)
    return list(found.values())


def execution_order(modules: Mapping[str, SourceModule], roots: Iterable[str]) -> list[tuple[str, Statement]]:
    """Statements in the order in which a cold import of `roots` executes them: imports run where they stand."""
    order: list[tuple[str, Statement]] = []
    started: set[str] = set()

    def run(name: str) -> None:
        parent = name.rpartition(".")[0]
        if parent and parent in modules:
            run(parent)
        if name in started or name not in modules:
            return
        started.add(name)
        for statement in modules[name].statements:
            for target in _imports_in(modules[name], statement.node):
                run(target)
            order.append((name, statement))

    for root in roots:
        run(root)
    return order


def _imports_in(module: SourceModule, node: ast.AST) -> Iterator[str]:
    """Modules that executing `node` imports, function bodies left out; packages before their submodules."""
    for child in _walk_now(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            origin = imported_from(module, child)
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in child.names)


def _walk_now(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _walk_now(child)
