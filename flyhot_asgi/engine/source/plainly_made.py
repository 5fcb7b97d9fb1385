"""Classes of whose instances another one can be made: that does nothing but set its attributes. Pure.

Told by the text of what runs, and generous to nobody: a call that is not known to leave everything else alone, an
attribute of another object, a base class that is not the app's, and the answer is no.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .defuse import Home, Names, construction_methods, imported_from
from .module import FunctionNode, SourceModule, dotted_name, is_builtin
from .nodes import nodes_of

_BUILTINS = frozenset(
    "dict list set tuple frozenset int float str bool bytes bytearray object len max min sum any all sorted reversed "
    "range zip enumerate abs round isinstance issubclass super".split()
)
_OF_MODULES = {
    "collections": frozenset({"defaultdict", "deque", "OrderedDict", "Counter"}),
    "asyncio": frozenset({"Lock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "Queue"}),
    "threading": frozenset({"Lock", "RLock", "Event", "Condition", "Semaphore", "BoundedSemaphore", "local"}),
    "time": frozenset({"time", "monotonic", "perf_counter"}),
    "datetime": frozenset({"datetime", "date", "timedelta", "datetime.now", "datetime.utcnow", "date.today"}),
    "logging": frozenset({"getLogger"}),
    "re": frozenset({"compile"}),
    "pathlib": frozenset({"Path", "PurePath"}),
    "os": frozenset({"getenv", "environ.get"}),
    "weakref": frozenset({"WeakSet", "WeakKeyDictionary", "WeakValueDictionary"}),
    "decimal": frozenset({"Decimal"}),
}
_OF_VALUES = frozenset(
    "lower upper strip lstrip rstrip split join format replace encode decode copy keys values".split()
)
"""Methods of texts, by which no other class is likely to mean something else."""
_DOING = (ast.Global, ast.Nonlocal, ast.Delete, ast.With, ast.AsyncWith, ast.Import, ast.ImportFrom, ast.Await)
_DOES = (*_DOING, ast.Yield, ast.YieldFrom)
_KINDS_OF_BASES = frozenset({"Generic", "Protocol", "ABC", "object"})


def is_plainly_made(names: Names, cls: Home, seen: frozenset[Home] = frozenset()) -> bool:
    """Making an instance of a class of the app's does nothing else."""
    statement = names.definition(cls)
    node = statement.node if statement is not None else None
    if not isinstance(node, ast.ClassDef) or cls in seen or node.keywords or node.decorator_list:
        return False
    if any(one.name == "__new__" for one in node.body if isinstance(one, ast.FunctionDef)):
        return False
    seen |= {cls}
    for base in node.bases:
        named = dotted_name(base.value if isinstance(base, ast.Subscript) else base) or ""
        if (home := names.home(cls[0], named)) is not None and home[0] in names.modules:
            if not is_plainly_made(names, home, seen):
                return False
        elif named.rpartition(".")[2] not in _KINDS_OF_BASES:
            return False
    return all(_is_plain(names, cls[0], method, seen) for method in construction_methods(node))


def _is_plain(names: Names, module: str, method: FunctionNode, seen: frozenset[Home]) -> bool:
    first = next(iter((*method.args.posonlyargs, *method.args.args)), None)
    if first is None or method.decorator_list:
        return False
    for node in [one for statement in method.body for one in nodes_of(statement)]:
        if isinstance(node, _DOES):
            return False
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            if not (isinstance(node, ast.Attribute) and dotted_name(node.value) == first.arg):
                return False
        if isinstance(node, ast.Call) and not _leaves_all_alone(names, module, node, seen):
            return False
    return True


def _leaves_all_alone(names: Names, module: str, call: ast.Call, seen: frozenset[Home]) -> bool:
    if _is_to_a_base(call):
        return True  # the bases' own were looked at
    dotted = dotted_name(call.func)
    if dotted is None:
        return isinstance(call.func, ast.Attribute) and call.func.attr in _OF_VALUES
    home = names.home(module, dotted)
    if home is not None and home[0] in names.modules:
        return is_plainly_made(names, home, seen)
    if any(f"{origin}.{name}" == full for full in _meant(names.modules[module], dotted) for origin, name in _known()):
        return True
    bound = dotted in names.binders(module)
    return not bound and ((is_builtin(dotted) and dotted in _BUILTINS) or dotted.rpartition(".")[2] in _OF_VALUES)


def _is_to_a_base(call: ast.Call) -> bool:
    func = call.func
    of = func.value if isinstance(func, ast.Attribute) and func.attr == "__init__" else None
    return isinstance(of, ast.Call) and dotted_name(of.func) == "super"


def _known() -> Iterator[tuple[str, str]]:
    yield from ((origin, name) for origin, names in _OF_MODULES.items() for name in names)


def _meant(source: SourceModule, dotted: str) -> Iterator[str]:
    """What a dotted name is called where it comes from, by the imports at the module's top."""
    first, _, rest = dotted.partition(".")
    for statement in source.statements:
        node = statement.node
        if isinstance(node, ast.Import):
            for alias in node.names:
                if (alias.asname or alias.name) == first and rest:
                    yield f"{alias.name}.{rest}"
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                if (alias.asname or alias.name) == first:
                    yield ".".join(part for part in (imported_from(source, node), alias.name, rest) if part)
