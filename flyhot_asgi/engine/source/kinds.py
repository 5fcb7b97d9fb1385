"""Of what kind a thing is that code assigns, as far as syntax tells: a list that became a dict. Pure.

What lives on from the old release (attributes of instances, variables of closures) keeps its value. Where the new code
makes another kind of thing there, it can't work with the old one.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Collection, Mapping

from .module import dotted_name
from .nodes import children_of, nodes_of

_DISPLAYS: dict[type[ast.AST], str] = {
    ast.List: "list",
    ast.ListComp: "list",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Set: "set",
    ast.SetComp: "set",
    ast.Tuple: "tuple",
    ast.JoinedStr: "str",
    ast.Lambda: "function",
}
_KNOWN = frozenset("list dict set tuple str bytes deque defaultdict bytearray".split())

Origins = Mapping[str, str]
"""Names that imports from elsewhere bind: the package that they come from."""
Kinds = dict[str, set[str]]


def imported(tree: ast.AST) -> dict[str, str]:
    """Names that absolute imports bind, anywhere → what they are, in full: `json.dumps`, though it is `dumps` here."""
    found: dict[str, str] = {}
    for node in nodes_of(tree):
        if isinstance(node, ast.Import):
            found |= bound_by(node)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found |= bound_by(node, node.module)
    return found


def bound_by(node: ast.Import | ast.ImportFrom, origin: str = "") -> dict[str, str]:
    """The same of one statement. `origin`: the full name of the module that a `from` names."""
    if isinstance(node, ast.ImportFrom):
        return {alias.asname or alias.name: f"{origin}.{alias.name}" for alias in node.names}
    tops = [(alias, alias.name.partition(".")[0]) for alias in node.names]
    return {alias.asname or top: alias.name if alias.asname else top for alias, top in tops}


def origins(tree: ast.AST, own: Collection[str]) -> dict[str, str]:
    """`own`: the app's top-level names. What comes from the app is left out: it may have moved within it."""
    packages = {name: full.partition(".")[0] for name, full in imported(tree).items()}
    return {name: package for name, package in packages.items() if package not in own}


def kind_of(value: ast.expr, where: Origins) -> str | None:
    """`list`, `dict`, `str`, `number`, `None`, the class that is called (with its package, if it is not of the app);
    None where syntax does not tell."""
    if isinstance(value, ast.Constant):
        return "number" if isinstance(value.value, int | float | complex) else type(value.value).__name__
    if isinstance(value, ast.Call):
        if (dotted_name(value.func) or "").rpartition(".")[2] == "field":
            return _of_field(value, where)
        return _called(value.func, where)
    return _DISPLAYS.get(type(value))


def _called(function: ast.expr, where: Origins) -> str | None:
    dotted = dotted_name(function) or ""
    called = dotted.rpartition(".")[2]
    if called in ("int", "float"):
        return "number"
    if called in _KNOWN:
        return called
    if not called[:1].isupper():
        return None
    package = where.get(dotted.partition(".")[0])
    return f"{package}.{called}" if package else called


def _of_field(call: ast.Call, where: Origins) -> str | None:
    """A dataclass's or an attrs field."""
    for keyword in call.keywords:
        if keyword.arg == "default":
            return kind_of(keyword.value, where)
        if keyword.arg in ("default_factory", "factory"):
            made = keyword.value
            return kind_of(made.body, where) if isinstance(made, ast.Lambda) else _called(made, where)
    return None


def local_kinds(tree: ast.AST, where: Origins) -> dict[str, Kinds]:
    """By qualified name of a function, what kinds of things its variables are given; those with parameters' names and
    those that somebody else may set are told as far as they are seen."""
    found: dict[str, Kinds] = {}

    def visit(node: ast.AST, prefix: str, kinds: Kinds) -> None:
        for child in children_of(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = found.setdefault(prefix + child.name, defaultdict(set))
                visit(child, f"{prefix}{child.name}.<locals>.", inner)
            elif isinstance(child, ast.ClassDef):
                visit(child, f"{prefix}{child.name}.", defaultdict(set))
            else:
                if isinstance(child, ast.Assign | ast.AnnAssign) and child.value is not None:
                    for target in child.targets if isinstance(child, ast.Assign) else [child.target]:
                        if isinstance(target, ast.Name) and (kind := kind_of(child.value, where)):
                            kinds[target.id].add(kind)
                visit(child, prefix, kinds)

    visit(tree, "", defaultdict(set))
    return found


def reshaped(old: Mapping[str, set[str]], new: Mapping[str, set[str]]) -> set[str]:
    """Names that may be given another kind of thing than before."""
    return {name for name in old.keys() & new.keys() if old[name] and new[name] - old[name]}
