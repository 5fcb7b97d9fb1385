"""Names and what they mean in one scope of the release's source. Pure; `following` stands on it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .calls import DEFINITIONS, Root, Summaries, may_be_of_a_library, parameters_of
from .defuse import Home, imported_from
from .module import FunctionNode, dotted_name
from .nodes import nodes_of


class Scope:
    """A module's statement (`node` is None) or a function's body."""

    def __init__(self, touches: Summaries, module: str, node: FunctionNode | None) -> None:
        self._touches, self._module, self._node = touches, module, node
        self._env: dict[str, set[Root]] = {}
        self._globals: set[str] = set()
        self._nested: dict[str, FunctionNode] = {}
        self._imports: dict[str, str] = {}
        """Names that a function imports for itself → what they are, in full."""
        self._given_by: dict[str, ast.Call] = {}
        """Names of the scope → the call of a library's function that gave what they mean, which may be shared."""
        if node is not None:
            arguments = [arg.arg for arg in nodes_of(node.args) if isinstance(arg, ast.arg)]
            self._env = {name: {name} for name in arguments}

    def _named(self, name: str) -> set[Root]:
        found: set[Root] = set(self._env.get(name, ()))
        if name in self._env and self._node is not None:
            return found
        home = self._home(name)
        return found | ({home} if home is not None else set())

    def _is_local(self, dotted: str) -> bool:
        return self._node is not None and dotted.partition(".")[0] in self._env

    def _home(self, dotted: str) -> Home | None:
        names, (first, _, rest) = self._touches.names, dotted.partition(".")
        if first not in self._imports:
            return names.home(self._module, dotted) if dotted else None
        module, _, attribute = self._imports[first].rpartition(".")
        if self._imports[first] in names.modules:
            return names.home(self._imports[first], rest) if rest else None
        return names.home(module, f"{attribute}.{rest}" if rest else attribute) if module in names.modules else None

    def _callee(self, dotted: str) -> tuple[str, FunctionNode | ast.ClassDef] | None:
        """A function or class of the release, by its name."""
        home = None if self._is_local(dotted) else self._home(dotted)
        definition = self._touches.names.definition(home) if home is not None else None
        if home is None or definition is None or not isinstance(definition.node, DEFINITIONS):
            return None
        return (home[0], definition.node) if home[1] == dotted.rpartition(".")[2] or "." not in dotted else None

    def _origin(self, dotted: str) -> str | None:
        """The full name of what an import of a library brought: `json.dumps`, though it is called `dumps` here."""
        first, _, rest = dotted.partition(".")
        if not first or self._is_local(first):
            return None
        if (start := self._imports.get(first)) is not None:
            own = start in self._touches.names.modules or start.rpartition(".")[0] in self._touches.names.modules
            return None if own else f"{start}.{rest}" if rest else start
        binder = self._touches.names.binders(self._module).get(first)
        if binder is None or not isinstance(binder.node, ast.Import | ast.ImportFrom):
            return None
        node, alias = binder.node, binder.node.names[0]
        if isinstance(node, ast.ImportFrom):
            origin = imported_from(self._touches.names.modules[self._module], node)
            start = f"{origin}.{alias.name}"
        else:
            start = alias.name if alias.asname else first
        return f"{start}.{rest}" if rest else start

    def _is_foreign(self, value: ast.expr) -> bool:
        dotted = dotted_name(value) or ""
        first = dotted.partition(".")[0]
        unbound = first not in self._env and may_be_of_a_library(self._touches.names, self._module, first)
        return not dotted or self._origin(dotted) is not None or unbound

    def _is_of_ours(self, root: Root) -> bool:  # what its methods give does what their text says
        return isinstance(root, str) or self._touches.class_at(root) is not None

    def _own_methods(self, func: ast.Attribute) -> Iterator[tuple[str, FunctionNode]]:
        """`self.method` or `cls.method` in a method: that of the class around it, or of its bases."""
        if self._node is None or not isinstance(func.value, ast.Name) or func.value.id not in self._env:
            return
        own = parameters_of(self._node)[:1]
        owner = self._touches.owner_of(self._node) if own == [func.value.id] else None
        if owner is not None and self._env[own[0]] == {own[0]}:
            yield from self._touches.methods(*owner, func.attr)
