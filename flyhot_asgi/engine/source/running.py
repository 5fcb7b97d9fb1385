"""Code of the release that runs when a module-level statement is executed: what it binds, and what it changes. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from .calls import ENTERS, Root, may_be_shared, walk_own
from .defuse import imported_from
from .following import Values
from .guards import exits, is_guard
from .kinds import bound_by
from .module import FunctionNode, base_name, dotted_name
from .nodes import children_of

_HOOKS = ("__init_subclass__",)
_META = ("__new__", "__init__", "__call__", "__prepare__")


class Body(Values):
    """Statements of one scope, run in order."""

    def run(self, body: list[ast.stmt]) -> None:
        if self._node is not None:
            self._declare(body)
        for _ in range(2):  # what a loop's end binds, its start may use
            for statement in body:
                self._statement(statement)
        if self._handed_out:
            for inner in self._nested.values():
                self._inside(inner)

    def _declare(self, body: list[ast.stmt]) -> None:
        for child in walk_own(body):
            if isinstance(child, ast.Global):
                self._globals.update(child.names)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                self._nested[child.name] = child
                self._env[child.name] = set()
            elif isinstance(child, ast.Import | ast.ImportFrom):
                self._import(child)
        for child in walk_own(body):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store) and child.id not in self._globals:
                self._env.setdefault(child.id, set())

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        own = self._touches.names.modules[self._module]
        self._imports |= bound_by(node, imported_from(own, node) if isinstance(node, ast.ImportFrom) else "")

    def _inside(self, inner: FunctionNode) -> None:
        """A nested function that is run: it sees the names around it."""
        body = Body(self._touches, self._module, inner)
        body._env = {**self._env, **{name: set() for name in body._env}}
        body._globals, body._node, body._imports = set(self._globals), inner, {**self._imports}
        nested, self._nested = self._nested, {}
        body.run(inner.body)
        self._nested = nested
        self.touched |= body.touched
        self.deeply |= body.deeply
        self.entered |= body.entered
        self.foreign += [one for one in body.foreign if one not in self.foreign]

    def _notice(self, target: ast.expr, value: ast.expr) -> None:
        """A name gets what a library's function gave: it may be what that gives everybody."""
        if isinstance(target, ast.Name):
            self._given_by.pop(target.id, None)
            origin = self._origin(dotted_name(value.func) or "") if isinstance(value, ast.Call) else None
            if isinstance(value, ast.Call) and origin is not None and may_be_shared(origin):
                self._given_by[target.id] = value

    def _of_result(self, call: ast.Call, handed: set[Root]) -> None:
        func = call.func
        if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name) or func.attr not in ENTERS:
            return
        if (given := self._given_by.get(func.value.id)) is not None:
            self._touch(handed)
            self._note(f"{ast.unparse(given)}.{func.attr}()", given, ast.unparse(call))

    # -- statements --------------------------------------------------------------------------

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._decorators(node, [*node.decorator_list])
            case ast.ClassDef():
                self._class(node)
            case ast.Assign(targets=targets, value=value):
                found = self._roots(value)
                for target in targets:
                    self._bind(target, found)
                    self._notice(target, value)
            case ast.AnnAssign(target=target, value=value):
                if value is not None:
                    self._bind(target, self._roots(value))
            case ast.AugAssign(target=target, value=value):
                self._roots(value)
                self._touch_target(target)
                if isinstance(target, ast.Name):
                    self._touch(self._roots(ast.copy_location(ast.Name(id=target.id, ctx=ast.Load()), target)))
            case ast.Delete(targets=targets):
                for target in targets:
                    self._touch_target(target)
            case ast.For(target=target, iter=over) | ast.AsyncFor(target=target, iter=over):
                self._bind(target, self._roots(over))
                self._block([*node.body, *node.orelse])
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    found = self._roots(item.context_expr, bare=True)
                    if item.optional_vars is not None:
                        self._bind(item.optional_vars, found)
                self._block(node.body)
            case ast.Return(value=value):
                if value is not None:
                    self.given |= self._roots(value)
            case ast.Expr(value=value):
                self._roots(value, bare=True)
            case ast.Global() | ast.Nonlocal() | ast.Import() | ast.ImportFrom():
                return
            case ast.If(test=test, body=body, orelse=other) if exits(body) or (self._node is None and is_guard(node)):
                self._roots(test)
                self._block(other)
            case _:
                self._other(node)

    def _block(self, body: Iterable[ast.stmt]) -> None:
        for child in body:
            self._statement(child)

    def _other(self, node: ast.AST) -> None:
        for child in children_of(node):
            if isinstance(child, ast.stmt):
                self._statement(child)
            elif isinstance(child, ast.expr):
                self._roots(child)
            elif isinstance(child, ast.ExceptHandler) and exits(child.body):
                continue
            elif isinstance(child, ast.match_case | ast.ExceptHandler):
                self._other(child)

    # -- definitions -------------------------------------------------------------------------

    def _decorators(self, node: FunctionNode | ast.ClassDef, decorators: list[ast.expr]) -> None:
        own: set[Root] = {(self._module, node.name)} if self._node is None else set()
        for decorator in decorators:
            called = isinstance(decorator, ast.Call)
            self._applied(decorator, own)
            if called:
                self._parts(decorator)

    def _class(self, node: ast.ClassDef) -> None:
        """Its body, the hooks of its bases and metaclass, its decorators."""
        self._decorators(node, list(node.decorator_list))
        for base in [*node.bases, *(keyword.value for keyword in node.keywords)]:
            self._roots(base)
            home = self._home(base_name(base))
            cls = self._touches.class_at(home) if home is not None else None
            if home is None or cls is None:
                continue
            for name in (*_HOOKS, *_META):
                for owner, method in self._touches.methods(home[0], cls, name):
                    if name in _HOOKS or base not in node.bases:
                        self._apply(self._touches.summary(owner, method), method, None, [set()])
        inner = Body(self._touches, self._module, self._node)
        inner._env = dict(self._env)
        for child in node.body:
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                inner._statement(child)
        own = {(self._module, name) for child in node.body for name in _stored(child)}
        self.touched |= inner.touched - own
        self.deeply |= inner.deeply - own
        self.entered |= inner.entered - own
        self.foreign += [one for one in inner.foreign if one not in self.foreign]


def _stored(node: ast.stmt) -> set[str]:
    return {child.id for child in walk_own([node]) if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)}
