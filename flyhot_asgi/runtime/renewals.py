"""Can the functions that an upgrade starts anew be called with what their connections were given?

Nobody asks the framework a second time. So a parameter that is new, and has no default, is found in the plan, from the
source of the release; and what only the living function tells (a default that is a framework's word, a connection that
came in between) before the upgrade is committed.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from ..engine import SourceModule
from ..errors import MigrationFailed, UpgradeRefused
from ..functions.definition import lacking
from ..functions.unit import FunctionUnit

Function = ast.FunctionDef | ast.AsyncFunctionDef
_DO = "give the parameter a default, or take it from `state`, or deploy cold"


def refused_in_source(units: Iterable[FunctionUnit], sources: Mapping[str, SourceModule]) -> UpgradeRefused | None:
    """By what the release's source says for sure: the first that could not be called, and how many there are."""
    found: Counter[tuple[str, str, int, str]] = Counter()
    for unit in units:
        source = sources.get(unit.function.__module__)
        node = _find(source.tree.body, unit.function.__qualname__) if source is not None else None
        if source is not None and node is not None and (names := _wanted(node) - unit.given):
            found[_named(names), source.relpath or source.path, node.lineno, unit.function.__qualname__] += 1
    if not found:
        return None
    (wanted, file, line, function), count = found.most_common(1)[0]
    more = f" (and {len(found) - 1} more of the kind)" if len(found) > 1 else ""
    return UpgradeRefused(
        f"{file}:{line}: {function} now wants {wanted}, which {count} that run now were not given{more}",
        file=file,
        line=line,
        do=f"{_DO}; nothing was changed, the old code still serves",
    )


def check_callable(units: Iterable[FunctionUnit]) -> None:
    """By the functions as they are, with the release's code in them. Raises MigrationFailed."""
    known: dict[tuple[int, frozenset[str]], list[str]] = {}
    for unit in units:
        key = (id(unit.function), unit.given)
        if key not in known:
            known[key] = lacking(unit.function, unit.given)
        if names := known[key]:
            code = unit.function.__code__
            raise MigrationFailed(
                f"{unit.label} ({unit.id}): its new code wants {_named(names)}, which it was not given. Undone; the "
                "old code still serves",
                file=code.co_filename,
                line=code.co_firstlineno,
                do=_DO,
            )


def _named(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _find(body: list[ast.stmt], qualname: str) -> Function | None:
    """The definition of that qualified name; the last one, as it is at run time."""
    name, _, rest = qualname.removeprefix("<locals>.").partition(".")
    found: Function | None = None
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name:
            if rest:
                found = _find(node.body, rest) or found
            elif not isinstance(node, ast.ClassDef):
                found = node
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
            inner = [*node.body, *getattr(node, "orelse", []), *getattr(node, "finalbody", [])]
            found = _find(inner, qualname) or found
    return found


def _wanted(node: Function) -> frozenset[str]:
    """Parameters without any default."""
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    required = positional[: len(positional) - len(given.defaults)]
    required += [each for each, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is None]
    return frozenset(each.arg for each in required if each.arg != "state")
