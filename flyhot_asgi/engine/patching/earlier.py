"""Names that mean something else further down a module than where a statement stands: an import that a later class, def
or assignment binds again. A cold import executes the statement with what the import brings."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from typing import Any

from ..source.module import SourceModule, Statement
from ..source.plan import Execute, Graft, Twin
from .journal import Journal

_MISSING = object()


@contextlib.contextmanager
def as_it_stands(
    item: Execute | Graft | Twin, source: SourceModule, namespace: dict[str, Any], journal: Journal
) -> Iterator[None]:
    """For a while the names that an item's statement reads mean in `namespace` what they mean where it stands, as far
    as imports brought that. Raises what the imports raise."""
    imports = _earlier(source, _statement(item, source))
    scratch = {name: value for name, value in namespace.items() if name.startswith("__")}
    if imports:
        journal.touch_namespace(namespace, f"names of {item.module}")  # as it was before this
        nodes: list[ast.stmt] = [statement.node for statement in imports]
        exec(compile(ast.Module(body=nodes, type_ignores=[]), source.path, "exec", dont_inherit=True), scratch)
    now = {name: namespace[name] for s in imports for name in s.binds if name in namespace and name in scratch}
    namespace.update({name: scratch[name] for name in now})
    try:
        yield
    finally:
        namespace.update({name: old for name, old in now.items() if namespace.get(name, _MISSING) is scratch[name]})


def _statement(item: Execute | Graft | Twin, source: SourceModule) -> Statement | None:
    if not isinstance(item, Graft):
        return item.statement
    return next((s for s in reversed(source.statements) if item.node_path[0] in s.binds), None)


def _earlier(source: SourceModule, statement: Statement | None) -> list[Statement]:
    """The imports that bind what the statement reads, if statements after it bind these names again."""
    if statement is None:
        return []
    last = source.once("last lines", _last_lines)
    later = {n for n in statement.reads if last.get(n, 0) > statement.line and n not in statement.binds}
    if not later:
        return []
    before = [s for s in source.statements if s.line < statement.line]
    found = {name: s for s in before for name in later.intersection(s.binds)}
    return [s for s in found.values() if s.kind == "import"]


def _last_lines(source: SourceModule) -> dict[str, int]:
    """By name the line of the last statement that binds it."""
    return {name: statement.line for statement in source.statements for name in statement.binds}
