"""What applying a decorator does beside wrapping, read off its source. Pure.

A decorator that only wraps may be applied again. One that enters the function somewhere may not: it would stand there
twice. What runs when a decorator is applied is its own body, and, if it is used with arguments, the body of the
function that it returns; the bodies below run when the decorated function is called.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from .defuse import Home, Names, construction_methods
from .module import FunctionNode, dotted_name, is_builtin
from .nodes import children_of, nodes_of

_SAFE_MODULES = frozenset(
    "functools inspect typing typing_extensions contextlib abc asyncio time types itertools operator copy re os math "
    "dataclasses collections warnings datetime uuid logging".split()
)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_MUTATORS = frozenset("append add insert extend update setdefault register connect subscribe pop remove clear".split())
UNKNOWN = "?"


@dataclass
class Effects:
    """Dicts of first-party modules that get an item set by key, and whether anything else (or unknown) happens."""

    entries: set[Home] = field(default_factory=set)
    other: bool = False
    foreign: bool = False
    """Something is called whose source is not the app's: what it keeps can't be taken back."""

    @property
    def none(self) -> bool:
        return not self.entries and not self.other


def effects_of(names: Names, home: Home, *, called: bool) -> Effects:
    """What applying the decorator at `home` does; `called`: it is used with arguments."""
    found = Effects()
    _definition(names, home, 2 if called else 1, found, set())
    return found


def effects_of_method(names: Names, cls: Home, method: str) -> Effects:
    """What calling one method of a class does beside what it does to the object."""
    found = Effects()
    statement = names.definition(cls)
    for node in getattr(getattr(statement, "node", None), "body", []):
        if isinstance(node, ast.FunctionDef) and node.name == method:
            _Body(names, cls[0], found, set()).run(node, 1)
            return found
    found.other = found.foreign = True
    return found


def _definition(names: Names, home: Home, levels: int, found: Effects, seen: set[Home]) -> None:
    if home in seen:
        return
    seen.add(home)
    statement = names.definition(home)
    node = statement.node if statement is not None else None
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        _Body(names, home[0], found, seen).run(node, levels)
    elif isinstance(node, ast.ClassDef):
        for method in construction_methods(node):
            _Body(names, home[0], found, seen).run(method, 1)
    else:
        found.other = found.foreign = True


class _Body:
    """One function's running code: which names are its own, and what it does to those that are not."""

    def __init__(self, names: Names, module: str, found: Effects, seen: set[Home]) -> None:
        self._names, self._module, self._found, self._seen = names, module, found, seen
        self._fresh: set[str] = set()
        self._params: set[str] = set()
        self._nested: dict[str, FunctionNode] = {}

    def run(self, node: FunctionNode, levels: int) -> None:
        own = list(_own_nodes(node))
        self._params |= {arg.arg for arg in nodes_of(node.args) if isinstance(arg, ast.arg)}
        nested = {n.name: n for n in own if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
        self._nested.update(nested)
        self._params |= set(nested)
        self._note_locals(own)
        running = set(nested) if levels > 1 else set()
        for child in own:
            self._look(child)
            if isinstance(child, ast.Call) and isinstance(child.func, ast.Name):
                running |= {child.func.id} & set(nested)
        for name in running:
            self.run(nested[name], levels - 1)

    def _note_locals(self, own: list[ast.AST]) -> None:
        for child in own:
            if isinstance(child, ast.Assign | ast.AnnAssign | ast.NamedExpr) and child.value is not None:
                targets = child.targets if isinstance(child, ast.Assign) else [child.target]
                names = {t.id for t in targets if isinstance(t, ast.Name)}
                if isinstance(child.value, ast.Name | ast.Attribute | ast.Subscript):
                    self._fresh -= names  # perhaps another name of something outside
                else:
                    self._fresh |= names
            elif isinstance(child, ast.For | ast.comprehension):
                self._fresh |= {n.id for n in nodes_of(child.target) if isinstance(n, ast.Name)}

    def _look(self, node: ast.AST) -> None:
        if isinstance(node, ast.Global):
            self._found.other = True
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            self._item_set(node)
        elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            if _root(node) not in self._params | self._fresh:
                self._found.other = True
        elif isinstance(node, ast.Call):
            self._call(node)

    def _item_set(self, node: ast.Subscript) -> None:
        root = _root(node)
        if root in self._fresh:
            return
        dotted = dotted_name(node.value)
        home = self._names.home(self._module, dotted) if dotted and root not in self._params else None
        if home is None or isinstance(node.ctx, ast.Del):
            self._found.other = True
        else:
            self._found.entries.add(home)

    def _call(self, node: ast.Call) -> None:
        dotted = dotted_name(node.func)
        if dotted is None:
            self._method(node.func)
            return
        first, _, rest = dotted.partition(".")
        if dotted == "vars" and node.args and first not in self._names.binders(self._module):
            return  # it looks at what an object has
        if first in self._fresh or (first in self._nested and not rest):
            return
        if first in self._params:
            if not rest or rest.rpartition(".")[2] in _MUTATORS:
                self._found.other = True
            return
        home = self._names.home(self._module, dotted)
        if home is not None:
            self._first_party(home, rest)
        elif not self._harmless(first, rest):
            self._found.other = self._found.foreign = True

    def _method(self, func: ast.expr) -> None:
        """A method of something that is no name: of a text, or of what another call gave."""
        if isinstance(func, ast.Attribute) and func.attr in _MUTATORS and _root(func) not in self._fresh:
            self._found.other = True

    def _first_party(self, home: Home, rest: str) -> None:
        statement = self._names.definition(home)
        if statement is None or statement.kind not in ("def", "class"):
            if not self._is_logger(home):
                self._found.other = True
        elif rest and statement.kind == "class":
            self._found.other = True
        else:
            _definition(self._names, home, 1, self._found, self._seen)

    def _is_logger(self, home: Home) -> bool:
        value = getattr(getattr(self._names.definition(home), "node", None), "value", None)
        return isinstance(value, ast.Call) and (dotted_name(value.func) or "").endswith("getLogger")

    def _harmless(self, first: str, rest: str) -> bool:
        """A builtin, or something of a module that keeps no registers of functions."""
        binder = self._names.binders(self._module).get(first)
        if binder is None:
            return is_builtin(first) and first not in ("exec", "eval", "globals", "vars", "__import__")
        node = binder.node
        if isinstance(node, ast.ImportFrom):
            return not node.level and (node.module or "").partition(".")[0] in _SAFE_MODULES
        return isinstance(node, ast.Import) and node.names[0].name.partition(".")[0] in _SAFE_MODULES


def _own_nodes(node: FunctionNode) -> Iterator[ast.AST]:
    """The nodes of a function's own code: the functions in it as such, not their bodies."""
    stack: list[ast.AST] = list(reversed(node.body))
    while stack:
        child = stack.pop()
        yield child
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            stack.extend([*child.decorator_list, child.args])
        elif not isinstance(child, ast.Lambda):
            stack.extend(reversed(children_of(child)))


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def consumes_nested(old: FunctionNode, new: FunctionNode) -> bool:
    """A function nested in it changed and is not just handed out: its own code may run it when it is called itself."""
    before = {n.name: ast.dump(n) for n in _own_nodes(old) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    changed = {
        n.name
        for n in _own_nodes(new)
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and before.get(n.name) != ast.dump(n)
    }
    handed = set(_handed_out(new))
    for node in _own_nodes(new):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in changed and node not in handed:
            return True
    return _running_lambdas(old) != _running_lambdas(new)


def _running_lambdas(node: FunctionNode) -> list[str]:
    handed = set(_handed_out(node))
    return sorted(ast.dump(n) for n in _own_nodes(node) if isinstance(n, ast.Lambda) and n not in handed)


def _handed_out(node: FunctionNode) -> Iterator[ast.expr]:
    """Expressions that leave the function uncalled: returned, wrapped by functools, given attributes."""
    for child in _own_nodes(node):
        if isinstance(child, ast.Return) and child.value is not None:
            yield from child.value.elts if isinstance(child.value, ast.Tuple | ast.List) else [child.value]
        elif isinstance(child, ast.Attribute) and isinstance(child.ctx, ast.Store):
            yield child.value
        elif isinstance(child, ast.Call) and _wraps(child.func):
            yield from child.args


def _wraps(func: ast.expr) -> bool:
    inner = func.func if isinstance(func, ast.Call) else func
    return (dotted_name(inner) or "").rpartition(".")[2] in ("wraps", "update_wrapper", "cast", "partial")


def gives(node: ast.AST, *, called: bool) -> str:
    """What a decorator gives back: `wrapper` (a function nested in it), `function` (the one it got), or `unknown`."""
    if not isinstance(node, ast.FunctionDef):
        return "unknown"
    nested = {n.name: n for n in _own_nodes(node) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    names = [_returned(n.value) for n in _own_nodes(node) if isinstance(n, ast.Return)]
    if not names or len(set(names)) > 1:
        return "unknown"
    if names[0] in nested:
        return gives(nested[names[0]], called=False) if called else "wrapper"
    own = node.args.args[0].arg if node.args.args else None
    return "function" if names[0] == own and not called else "unknown"


def _returned(value: ast.expr | None) -> str:
    if isinstance(value, ast.Call) and _wraps(value.func) and value.args:
        value = value.args[-1]
    return value.id if isinstance(value, ast.Name) else "?"


_GROWING = frozenset({"append", "appendleft", "extend", "insert"})


def enters_twice(hook: ast.AST) -> bool:
    """Running the function again for one class would leave more than the class itself a second time: a name in a list,
    a higher count. The class itself is recognised, as is an item that is set by its key."""
    given: set[str] = set()
    for node in nodes_of(hook):
        if isinstance(node, ast.FunctionDef) and node.args.args:
            given.add(node.args.args[0].arg)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            given |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    for node in nodes_of(hook):
        if isinstance(node, ast.AugAssign) and not isinstance(node.target, ast.Name):
            return True
        if isinstance(node, ast.Global):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _GROWING:
            if any(not (isinstance(a, ast.Name) and a.id in given) for a in node.args):
                return True
    return False


def refuses_twice(hook: ast.AST) -> bool:
    """Running the function again for one class would raise, as it is entered already: `if … in …: raise`."""
    for node in nodes_of(hook):
        raises = isinstance(node, ast.If) and any(isinstance(one, ast.Raise) for one in node.body)
        if isinstance(node, ast.Assert) or (isinstance(node, ast.If) and raises):
            tests = [one for one in nodes_of(node.test) if isinstance(one, ast.Compare)]
            if any(isinstance(op, ast.In | ast.NotIn) for test in tests for op in test.ops):
                return True
    return False
