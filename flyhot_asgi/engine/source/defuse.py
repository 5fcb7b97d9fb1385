"""Who depends on what, across the modules of one release: names resolved to their homes, and what import-time calls
reach. Pure.

A **home** is `(module, name)` where a name is bound by something else than an import from first-party code. Statements
that read a home while they are executed depend on it: when it is bound anew, they must be executed again.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias, TypeVar, cast

from .active import guarded
from .decided import decided
from .module import FunctionNode, SourceModule, Statement, dotted_name
from .nodes import children_of, nodes_of

Home: TypeAlias = tuple[str, str]
_Worked = TypeVar("_Worked")
_CONSTRUCTION = ("__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__")


def imported_from(module: SourceModule, node: ast.ImportFrom) -> str:
    """The absolute name of the module that a `from … import` names (PEP 328)."""
    if not node.level:
        return node.module or ""
    parts = module.package.split(".") if module.package else []
    base = parts[: len(parts) - (node.level - 1)]
    return ".".join([*base, *([node.module] if node.module else [])])


@dataclass
class Reach:
    """What a call may run: homes, and the names of methods that it calls on objects nobody knows before."""

    homes: set[Home] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)


@dataclass
class Names:
    """Name resolution over all modules of one release. Built once per release, reads only."""

    modules: Mapping[str, SourceModule]
    _binders: dict[str, dict[str, Statement]] = field(default_factory=dict)
    _stars: dict[str, list[str]] = field(default_factory=dict)
    _trails: dict[tuple[str, str], tuple[Home, ...]] = field(default_factory=dict)
    _reads: dict[tuple[str, Statement], frozenset[Home]] = field(default_factory=dict)
    _worked: dict[str, object] = field(default_factory=dict)

    def once(self, what: str, work: Callable[[Names], _Worked]) -> _Worked:
        """What `work` finds in the whole release, which does it once."""
        if what not in self._worked:
            self._worked[what] = work(self)
        return cast(_Worked, self._worked[what])

    def binders(self, module: str) -> dict[str, Statement]:
        """Name → the last statement of `module` that binds it."""
        if module not in self._binders:
            found = {name: s for s in self.modules[module].statements for name in s.binds}
            self._binders[module] = found
        return self._binders[module]

    def stars(self, module: str) -> list[str]:
        """Modules that `module` imports everything from."""
        if module not in self._stars:
            source = self.modules[module]
            self._stars[module] = [
                imported_from(source, s.node)
                for s in source.statements
                if isinstance(s.node, ast.ImportFrom) and s.node.names[0].name == "*"
            ]
        return self._stars[module]

    def star_names(self, module: str, _depth: int = 0) -> set[str]:
        """What `from module import *` brings: `__all__` where it is a plain list, else the names without underscore."""
        if module not in self.modules or _depth > 40:
            return set()
        listed = self._all(module)
        if listed is not None:
            return listed
        names = set(self.binders(module)).union(*(self.star_names(star, _depth + 1) for star in self.stars(module)))
        return {name for name in names if not name.startswith("_")}

    def _all(self, module: str) -> set[str] | None:
        found: set[str] | None = None
        for statement in self.modules[module].statements:
            if "__all__" in statement.binds:
                value = getattr(statement.node, "value", None) or ast.Constant(None)
                found = (found or set()) | self._listed(module, value)
            elif statement.kind == "expr" and (call := _call_on_all(statement.node)) is not None:
                listed = set().union(*(self._listed(module, argument) for argument in call.args))
                removes = isinstance(call.func, ast.Attribute) and call.func.attr == "remove"
                found = (found or set()) - listed if removes else (found or set()) | listed
        return found

    def _listed(self, module: str, value: ast.expr) -> set[str]:
        """Names in a list of texts, and those of other modules' `__all__` in it."""
        texts = {node.value for node in nodes_of(value) if isinstance(node, ast.Constant)}
        found = {text for text in texts if isinstance(text, str)}
        for node in nodes_of(value):
            if isinstance(node, ast.Attribute) and node.attr == "__all__" and (dotted := dotted_name(node)):
                trail = self.trail(module, dotted)
                if trail and trail[-1][1] == "__all__" and trail[-1][0] != module:
                    found |= self._all(trail[-1][0]) or set()
        return found

    def home(self, module: str, name: str) -> Home | None:
        """Where `name`, as `module` sees it, is really bound; None for builtins and third-party names.

        `name` may be dotted: `models.User` with `from . import models` is `("app.models", "User")`.
        """
        trail = self.trail(module, name)
        if not trail:
            return None
        binder = self.binders(trail[-1][0]).get(trail[-1][1])
        return trail[-1] if binder is not None and binder.kind != "import" else None

    def trail(self, module: str, name: str) -> tuple[Home, ...]:
        """Every first-party binding that `name` passes through, from `module` to its home."""
        key = (module, name)
        if key not in self._trails:
            self._trails[key] = tuple(self._walk(module, name))
        return self._trails[key]

    def _walk(self, module: str, name: str) -> Iterator[Home]:
        for _ in range(40):
            if module not in self.modules:
                return
            first, _, rest = name.partition(".")
            binder = self.binders(module).get(first)
            if binder is None:
                star = next((star for star in self.stars(module) if first in self.star_names(star)), None)
                if star is None:
                    return
                yield (module, first)
                module = star
                continue
            yield (module, first)
            step = self._through_import(module, binder, first, rest) if binder.kind == "import" else None
            if step is None:
                return
            module, name = step

    def _through_import(self, module: str, binder: Statement, first: str, rest: str) -> tuple[str, str] | None:
        node = binder.node
        if isinstance(node, ast.ImportFrom):
            origin = imported_from(self.modules[module], node)
            target = node.names[0].name
            known = origin in self.modules
            if f"{origin}.{target}" in self.modules and not (known and target in self.binders(origin)):
                return self._in_module(f"{origin}.{target}", rest)
            return (origin, f"{target}.{rest}" if rest else target) if known else None
        assert isinstance(node, ast.Import)
        alias = node.names[0]
        return self._in_module(alias.name if alias.asname else first, rest)

    def _in_module(self, module: str, rest: str) -> tuple[str, str] | None:
        while rest and f"{module}.{rest.partition('.')[0]}" in self.modules:
            head, _, rest = rest.partition(".")
            module = f"{module}.{head}"
        return (module, rest) if module in self.modules and rest else None

    def homes(self, module: str, names: Iterable[str]) -> set[Home]:
        return {home for name in names if (home := self.home(module, name)) is not None}

    def reads(self, module: str, statement: Statement) -> frozenset[Home]:
        """Bindings that a statement reads while it is executed: homes, and what the names pass through on the way."""
        key = (module, statement)
        if key not in self._reads:
            self._reads[key] = frozenset(self._read(module, statement))
        return self._reads[key]

    def _read(self, module: str, statement: Statement) -> set[Home]:
        node = statement.node
        own = {(module, name) for name in statement.binds}
        if isinstance(node, ast.ImportFrom):
            origin = imported_from(self.modules[module], node)
            target = node.names[0].name
            if target == "*":
                return {home for name in self.star_names(origin) for home in self.trail(origin, name)} | {
                    (origin, "__all__")
                }
            return {(origin, target), *self.trail(origin, target)} - own
        return {home for name in statement.reads for home in self.trail(module, name)} - own

    def definition(self, home: Home) -> Statement | None:
        if home[0] not in self.modules:
            return None
        return self.binders(home[0]).get(home[1])

    def reached(self, calls: set[Home]) -> Reach:
        """Everything first-party that calling these homes may run, through the bodies of functions."""
        found = Reach()
        queue = list(calls)
        while queue:
            home = queue.pop()
            if home in found.homes:
                continue
            found.homes.add(home)
            statement = self.definition(home)
            if statement is not None:
                names, attributes = statement.once("runs", _run_by)
                found.attributes |= {name for name, of in attributes if not self._is_foreign(home[0], of)}
                queue.extend(other for name in names for other in self.trail(home[0], name))
        return found

    def _is_foreign(self, module: str, name: str | None) -> bool:
        """The name is an import of something that is none of the app's modules, or of what is in them."""
        binder = self.binders(module).get(name or "")
        if binder is None or binder.kind != "import" or isinstance(binder.node, ast.ImportFrom):
            return False
        assert isinstance(binder.node, ast.Import)
        return binder.node.names[0].name.partition(".")[0] not in {one.partition(".")[0] for one in self.modules}


def _call_on_all(node: ast.stmt) -> ast.Call | None:
    """`__all__.append(…)` and the like."""
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    return call if isinstance(call.func.value, ast.Name) and call.func.value.id == "__all__" else None


def _run_by(statement: Statement) -> tuple[set[str], set[tuple[str, str | None]]]:
    """Names that a definition's code loads, and the methods that it calls: each with the name that it is called on."""
    node = statement.node
    bodies: list[FunctionNode] = []
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        bodies = [node]
    elif isinstance(node, ast.ClassDef):
        bodies = construction_methods(node)
    names = {name for body in bodies for name in _loaded(body)}
    called = [node.func for body in bodies for node in nodes_of(body) if isinstance(node, ast.Call)]
    methods = [func for func in called if isinstance(func, ast.Attribute)]
    return names, {(func.attr, func.value.id if isinstance(func.value, ast.Name) else None) for func in methods}


_KEEPERS = frozenset(
    "add_api_route add_route add_websocket_route add_api_websocket_route add_event_handler add_exception_handler "
    "add_middleware Route WebSocketRoute Depends".split()
)
"""Starlette's and FastAPI's own: they keep the function that they are handed, and call it when a request comes."""


def _loaded(node: FunctionNode) -> set[str]:
    """Names that a function's code loads, but for those that it only hands to something that keeps them."""
    kept = {id(argument) for call in nodes_of(node) if _keeps(call) for argument in _arguments(call)}
    loads = [n for n in nodes_of(node) if id(n) not in kept]
    dotted = {name for n in loads if isinstance(n, ast.Attribute) and (name := dotted_name(n))}
    names = dotted | {n.id for n in loads if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    own = _locals(node)
    return {name for name in names if name.partition(".")[0] not in own}


def _locals(node: FunctionNode) -> set[str]:
    """Names that are the function's own: its parameters, and what it assigns itself."""
    found = {one.arg for one in nodes_of(node.args) if isinstance(one, ast.arg)}
    shared: set[str] = set()
    queue: list[ast.AST] = list(node.body)
    while queue:
        child = queue.pop()
        if isinstance(child, ast.Global):
            shared.update(child.names)
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            found.add(child.id)
        if not isinstance(
            child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda | ast.comprehension
        ):
            queue.extend(children_of(child))
    return found - shared


def _keeps(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and (dotted_name(node.func) or "").rpartition(".")[2] in _KEEPERS


def _arguments(call: ast.AST) -> list[ast.expr]:
    assert isinstance(call, ast.Call)
    return [*call.args, *(keyword.value for keyword in call.keywords)]


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
        for inner in nodes_of(methods[name]):
            if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == "self":
                if inner.attr in methods:
                    todo.append(inner.attr)
    return list(found.values())


def execution_order(modules: Mapping[str, SourceModule], roots: Sequence[str]) -> list[tuple[str, Statement]]:
    """Statements in the order in which a cold import of `roots` executes them: imports run where they stand. `roots` in
    the order of `sys.modules`: there a module comes when its import is over, after what it imported."""
    order: list[tuple[str, Statement]] = []
    started: set[str] = set()

    def run(name: str) -> None:
        parent = name.rpartition(".")[0]
        if parent and parent in modules:
            run(parent)
        if name in started or name not in modules:
            return
        started.add(name)
        source = modules[name]
        for statement, targets in zip(source.statements, source.once("imports", _imports), strict=True):
            for target in targets:
                run(target)
            order.append((name, statement))

    for root in _imported_by_nobody(modules, roots):
        run(root)
    return order


def _imported_by_nobody(modules: Mapping[str, SourceModule], roots: Sequence[str]) -> list[str]:
    """Those of `roots` where an import can have begun. Of modules that import each other in a circle this is the one
    that was over last: to begin with another may be what the circle doesn't bear."""
    found: list[str] = []
    reached: set[str] = set()
    for root in reversed(roots):
        if root not in reached:
            found.append(root)
        todo = [root]
        while todo:
            name = todo.pop()
            if name not in reached:
                reached.add(name)
                todo.append(name.rpartition(".")[0])
                if name in modules:
                    todo += chain.from_iterable(modules[name].once("imports", _imports))
    return found[::-1]


def imported_in(module: SourceModule, node: ast.AST) -> dict[str, tuple[str, str]]:
    """Names that `from … import …` in a block binds, each with where it comes from."""
    imports = [child for child in nodes_of(node) if isinstance(child, ast.ImportFrom)]
    return {
        alias.asname or alias.name: (imported_from(module, child), alias.name)
        for child in imports
        for alias in child.names
    }


def _imports(module: SourceModule) -> tuple[tuple[str, ...], ...]:
    """By statement, the modules that executing it imports."""
    return tuple(() if guarded(s.node) else tuple(_imports_in(module, s.node)) for s in module.statements)


def _imports_in(module: SourceModule, node: ast.AST) -> Iterator[str]:
    """Modules that executing `node` imports, function bodies left out; packages before their submodules."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Assign | ast.AnnAssign | ast.Expr):
        return  # nothing in them imports
    for child in [*_walk_now(node), *_run_by_mapping(node)]:
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            origin = imported_from(module, child)
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in child.names)


def _run_by_mapping(node: ast.AST) -> Iterator[ast.AST]:
    """What `@declared_attr` methods of a class with a table of its own hold: SQLAlchemy calls them while it is made."""
    body = node.body if isinstance(node, ast.ClassDef) else []
    if any(isinstance(s, ast.Assign) and ast.unparse(s.targets[0]) in ("__tablename__", "__table__") for s in body):
        for method in body:
            marks = getattr(method, "decorator_list", [])
            if any("declared_attr" in (dotted_name(mark) or "").split(".") for mark in marks):
                yield from (one for child in children_of(method) for one in _walk_now(child))


def _walk_now(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if isinstance(node, ast.If) and (runs := decided(node.test)) is not None:
        for statement in node.body if runs else node.orelse:
            yield from _walk_now(statement)
        return
    for child in children_of(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _walk_now(child)
