"""Which statements of a release make an object at module level, and which fill it, in a cold import's order. Pure."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable

from .active import active
from .defuse import Home, Names, execution_order
from .module import Statement
from .nodes import nodes_of
from .touches import Touch, Touches


class Filled:
    """One release: which of its statements make and fill what."""

    def __init__(
        self,
        names: Names,
        roots: list[str],
        constant: Callable[[Home], bool] = lambda home: False,
        answered: Callable[[Home], bool] = lambda home: False,
    ) -> None:
        """`constant`, `answered`: see `Touches`."""
        self.names = names
        self.touches = Touches(names, constant, answered)
        self._roots = roots
        self._order: list[tuple[str, Statement]] | None = None
        self._by_home: dict[Home, list[tuple[str, Statement]]] | None = None

    @property
    def order(self) -> list[tuple[str, Statement]]:
        if self._order is None:
            executed = {s for name, source in self.names.modules.items() for s in active(source.statements, name)}
            found = execution_order(self.names.modules, self._roots)
            self._order = [(module, statement) for module, statement in found if statement in executed]
        return self._order

    def homes_of(self, module: str, statement: Statement) -> set[Home]:
        """What the statement fills, and what it binds by other means than a definition."""
        homes = set(self.touches.of(module, statement).homes)
        if statement.kind in ("assign", "block", "other", "expr"):
            homes |= {(module, name) for name in statement.binds if name not in defined_in(statement.node)}
        return homes

    def _look(self) -> dict[Home, list[tuple[str, Statement]]]:
        if self._by_home is None:
            found: dict[Home, list[tuple[str, Statement]]] = defaultdict(list)
            for module, statement in self.order:
                for home in self.homes_of(module, statement):
                    found[home].append((module, statement))
            self._by_home = dict(found)
        return self._by_home

    def slice_of(self, home: Home) -> list[tuple[str, Statement]]:
        """All statements that make and fill it, in order; of a function or class without its definition."""
        return self._look().get(home, [])

    def fillers(self, home: Home) -> list[tuple[str, Statement]]:
        """Those of its statements that do not just bind it."""
        found = self.slice_of(home)
        several = len([s for _, s in found if home[1] in s.binds]) > 1
        return [
            (m, s)
            for m, s in found
            if home in self.touches.of(m, s).homes or (several and s.kind in ("block", "other")) or _augments(s)
        ]

    def texts(self, home: Home) -> list[tuple[str, str]]:
        return [(module, text_of(statement)) for module, statement in self.slice_of(home)]

    def effective(self, module: str) -> list[tuple[str, set[Home]]]:
        """The module's statements that change something, each with what."""
        if module not in self.names.modules:
            return []
        found = []
        for statement in active(self.names.modules[module].statements, module):
            touch: Touch = self.touches.of(module, statement)
            homes = self.homes_of(module, statement)
            if (
                touch.homes
                or touch.own_names
                or (homes and statement.kind in ("block", "other"))
                or _augments(statement)
            ):
                found.append((text_of(statement), homes))
        return found


def _augments(statement: Statement) -> bool:
    return isinstance(statement.node, ast.AugAssign)


def defined_in(node: ast.AST) -> set[str]:
    """Names that definitions and imports in a block bind: who executes them again binds what was there before."""
    found: set[str] = set()
    for child in nodes_of(node) if not isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr) else ():
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(child.name)
        elif isinstance(child, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in child.names}
    stored = {n.id for n in nodes_of(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return found - stored


def text_of(statement: Statement) -> str:
    """What of a statement makes it fill objects as it does: of a definition its name and decorators."""
    node = statement.node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return f"def {node.name} {[ast.dump(one) for one in node.decorator_list]}"
    if isinstance(node, ast.ClassDef):
        header = [*node.decorator_list, *node.bases, *node.keywords]
        return f"class {node.name} {[ast.dump(one) for one in header]}"
    return statement.shell
