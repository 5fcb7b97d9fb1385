"""Values that nothing can change: what is done with them changes something else, or nothing. Pure."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from .calls import QUIET, READING, SAYING, Root, start_of
from .defuse import Names
from .module import dotted_name
from .nodes import nodes_of

_LOGGERS = frozenset({"getLogger", "get_logger", "getChild"})


def is_fixed(names: Names, root: Root) -> bool:
    """A value that no method of its own can change: a compiled pattern, a text, a number."""
    definition = names.definition(root) if isinstance(root, tuple) else None
    if definition is None:
        return False
    if isinstance(definition.node, ast.For):
        return _over_constants(definition.node, root[1])
    value = getattr(definition.node, "value", None) if definition.kind == "assign" else None
    if isinstance(value, ast.Call):
        return dotted_name(value.func) == "re.compile"
    return isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and value.value is not None)


def is_told(func: ast.Attribute, receiver: Iterable[Root], names: Names) -> bool:
    """A line for a log: `logger.debug("no redis")`, of loggers that statements of the release get."""
    definitions = [names.definition(root) if isinstance(root, tuple) else None for root in receiver]
    values = [getattr(one.node, "value", None) if one is not None else None for one in definitions]
    called = [dotted_name(one.func) or "" if isinstance(one, ast.Call) else "" for one in values]
    return func.attr in SAYING and all(one.rpartition(".")[2] in _LOGGERS for one in called)


def _over_constants(loop: ast.For, name: str) -> bool:
    """`for name in ("a", "b")`, and nothing else binds the name."""
    items = loop.iter.elts if isinstance(loop.iter, ast.Tuple | ast.List | ast.Set) else []
    own = isinstance(loop.target, ast.Name) and loop.target.id == name
    again = [n for n in nodes_of(loop) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)]
    return own and len(again) == 1 and bool(items) and all(isinstance(one, ast.Constant) for one in items)


def is_given_for_constants(
    func: ast.Attribute, receiver: Iterable[Root], names: Names, origin: Callable[[str], str | None]
) -> bool:
    """A method of what a library gives, and may keep, for a text: `logging.getLogger(name).setLevel`. `receiver`: what
    it may be of the release's. `origin`: the full name behind a dotted one, if a library's."""
    if func.attr in READING or not isinstance(func.value, ast.Call):
        return False
    start = start_of(func.value, origin)[0]
    quiet = any(start == one or start.startswith(f"{one}.") for one in QUIET)
    return bool(start) and not quiet and all(is_fixed(names, root) for root in receiver)
