"""Executing one statement of the new release in the living namespace, under adoption.

`@d1 @d2 def f` is compiled as `@adopt @d1 @adopt @d2 @adopt def f`: at each level `adopt` looks for the living function
that the old statement made at that level (the one whose code stands at the same place), pours the new function into it
and hands the *old* object on. So decorators, and whoever they tell, see the identity that everybody already holds.
"""

from __future__ import annotations

import ast
import copy
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Any

from .codetree import transplant
from .journal import FUNCTION_FIELDS, Journal, refill, set_code
from .plan import Execute
from .source import SourceModule, Statement

ADOPT = "__flyhot_adopt__"
_MISSING = object()


class _Injector(ast.NodeTransformer):
    """Puts `@adopt(name)` around and between the decorators of functions at namespace level."""

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        layers: list[ast.expr] = [_adopt_call(node.name, node.decorator_list[0] if node.decorator_list else node)]
        for decorator in node.decorator_list:
            layers += [decorator, _adopt_call(node.name, decorator)]
        node.decorator_list = layers
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node


def _adopt_call(name: str, where: ast.AST) -> ast.expr:
    call = ast.Call(func=ast.Name(id=ADOPT, ctx=ast.Load()), args=[ast.Constant(value=name)], keywords=[])
    for node in ast.walk(call):
        ast.copy_location(node, where)
    return call


def compile_statement(source: SourceModule, statement: Statement, *, adopt: bool = True) -> types.CodeType:
    """One statement as a code object to `exec`, its nested code taken from the whole module's compile."""
    node = copy.deepcopy(statement.node)
    if adopt:
        node = _Injector().visit(node)
    return compile_nodes(source, [node])


def compile_nodes(source: SourceModule, nodes: list[ast.stmt]) -> types.CodeType:
    tree = ast.fix_missing_locations(ast.Module(body=nodes, type_ignores=[]))
    code: types.CodeType = compile(tree, source.path, "exec", flags=source.future_flags, dont_inherit=True)
    return transplant(code, source.code)


def annotation_only(statement: Statement) -> list[ast.stmt]:
    """The statement without its value: executing it sets the annotation."""
    node = copy.deepcopy(statement.node)
    if not isinstance(node, ast.AnnAssign):
        return []
    node.value = None
    return [node]


def pour(old: types.FunctionType, new: types.FunctionType, journal: Journal) -> types.FunctionType:
    """Give `old` everything that `new` is; return `old`."""
    if old is new:
        return old
    journal.touch_function(old)
    set_code(old, new.__code__, new.__closure__)
    for name in FUNCTION_FIELDS:
        setattr(old, name, getattr(new, name))
    attributes = {key: value for key, value in new.__dict__.items()}
    old.__dict__.clear()
    old.__dict__.update(attributes)
    return old


def function_chain(value: object, depth: int = 6) -> Iterator[types.FunctionType]:
    """A function and those that it wraps, found through its closure and `__wrapped__`."""
    seen: set[int] = set()
    queue: list[tuple[object, int]] = [(value, 0)]
    while queue:
        found, level = queue.pop(0)
        if id(found) in seen or level > depth:
            continue
        seen.add(id(found))
        if isinstance(found, types.FunctionType):
            yield found
            for cell in found.__closure__ or ():
                try:
                    queue.append((cell.cell_contents, level + 1))
                except ValueError:
                    continue
        inner = getattr(found, "__dict__", {}).get("__wrapped__") if callable(found) else None
        if inner is not None:
            queue.append((inner, level + 1))


def _stands_at(function: types.FunctionType) -> tuple[str, str]:
    return (function.__code__.co_filename, function.__code__.co_qualname)


class Executor:
    """Runs the `Execute` items of one plan in one namespace after another, under one journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def run(self, item: Execute, code: types.CodeType, namespace: dict[str, Any]) -> None:
        """Execute one statement. Whatever it raises passes through; the journal then undoes what it did."""
        self._journal.touch_namespace(namespace, f"names of {item.module}")
        annotations = namespace.get("__annotations__")
        if isinstance(annotations, dict):
            self._journal.touch_container(annotations, f"annotations of {item.module}")
        before = {name: namespace.get(name, _MISSING) for name in item.statement.binds}
        if item.annotate_only:
            for name in item.statement.binds:
                if isinstance(annotations, dict):
                    annotations.pop(name, None)
        namespace[ADOPT] = self._adopter(namespace, dict(before))
        try:
            exec(code, namespace)
        finally:
            namespace.pop(ADOPT, None)
        if item.keep:
            for name, old in before.items():
                namespace[name] = self._keep(old, namespace[name])

    def _adopter(self, namespace: dict[str, Any], before: dict[str, Any]) -> Callable[[str], Callable[[Any], Any]]:
        def adopt(name: str) -> Callable[[Any], Any]:
            old = before.get(name, _MISSING)

            def layer(value: Any) -> Any:
                if not isinstance(value, types.FunctionType) or old is _MISSING:
                    return value
                for candidate in function_chain(old):
                    same_globals = candidate.__globals__ is value.__globals__
                    if candidate is value or (same_globals and _stands_at(candidate) == _stands_at(value)):
                        return pour(candidate, value, self._journal)
                return value

            return layer

        return adopt

    def _keep(self, old: Any, new: Any) -> Any:
        return keep_container(old, new, self._journal)


def keep_container(old: Any, new: Any, journal: Journal) -> Any:
    """Pour a fresh container into the old one of the same type, and return the old one; else return the new."""
    if type(old) is not type(new) or old is new:
        return new
    if not isinstance(old, dict | list | set | deque | bytearray | OrderedDict):
        return new
    if isinstance(old, deque) and old.maxlen != new.maxlen:
        return new
    journal.touch_container(old, "a container's contents")
    if isinstance(old, defaultdict):
        factory = old.default_factory
        journal.note("a default factory", lambda: setattr(old, "default_factory", factory))
        old.default_factory = new.default_factory
    refill(old, dict(new) if isinstance(new, dict) else list(new))
    return old
