"""What kind of value an expression makes, read off its syntax. Pure.

The engine executes single statements in a living namespace. Whether that is safe to do again, and whether the value of
the *old* text can be had for comparison, depends on whether evaluating it has any effect but its value.
"""

from __future__ import annotations

import ast
import enum
import functools
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from typing import TypeGuard, TypeVar

from .module import dotted_name
from .nodes import children_of, nodes_of

_T = TypeVar("_T")
CONTAINER_CALLS = frozenset(
    {
        "dict",
        "list",
        "set",
        "tuple",
        "frozenset",
        "bytearray",
        "defaultdict",
        "deque",
        "OrderedDict",
        "Counter",
        "collections.defaultdict",
        "collections.deque",
        "collections.OrderedDict",
        "collections.Counter",
    }
)
CONTAINERS = (dict, list, set, deque, bytearray, OrderedDict)
EXACT_CONTAINERS = frozenset({dict, list, set, bytearray, deque, OrderedDict, defaultdict, Counter})
IMPORT_SETS = frozenset(
    "__name__ __package__ __loader__ __spec__ __file__ __cached__ __path__ __builtins__ __annotations__ "
    "__warningregistry__ __annotate__ __conditional_annotations__".split()
)
"""Names that each module has without a statement of its own (PEP 451; annotations are told with what has them)."""
ATOMS = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), range, slice)
_VALUE_MODULES = frozenset(
    {
        "pathlib",
        "pathlib._local",
        "datetime",
        "decimal",
        "fractions",
        "uuid",
        "ipaddress",
        "zoneinfo",
        "re",
        "typing",
        "typing_extensions",
    }
)
"""Modules whose objects are immutable values, or annotations; anything else with their types is told by identity."""
_PURE_CALLS = CONTAINER_CALLS | frozenset(
    "int str float bool bytes complex len min max sum range enumerate zip sorted reversed round abs any all repr "
    "divmod pow os.environ.get os.getenv os.path.join os.path.dirname os.path.abspath os.path.basename Path "
    "pathlib.Path PurePath timedelta datetime.timedelta Decimal decimal.Decimal re.compile".split()
)
_PURE_METHODS = frozenset(
    "split rsplit splitlines strip lstrip rstrip lower upper title join replace format encode decode casefold "
    "resolve absolute with_name with_suffix joinpath".split()
)

_PURE = (
    ast.Constant,
    ast.Name,
    ast.Attribute,
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Dict,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.IfExp,
    ast.Subscript,
    ast.Slice,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.Starred,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.comprehension,
    ast.expr_context,
    ast.operator,
    ast.unaryop,
    ast.boolop,
    ast.cmpop,
    ast.arguments,
    ast.arg,
    ast.keyword,
)


def is_pure(node: ast.expr | None) -> bool:
    """Evaluating it runs no code but that of builtins and plain values: it can be had again, for comparison."""
    if node is None:
        return True
    return all(_pure_node(child) for child in nodes_of(node))


def _pure_node(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return _pure_call(node)
    return isinstance(node, _PURE)


def _pure_call(node: ast.Call) -> bool:
    """A builtin that calls nothing back, or a method of a text or a path."""
    if any(k.arg == "key" and not isinstance(k.value, ast.Lambda) for k in node.keywords):
        return False
    if dotted_name(node.func) in _PURE_CALLS:
        return True
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in _PURE_METHODS:
        return False
    receiver = node.func.value
    while isinstance(receiver, ast.Attribute):
        receiver = receiver.value
    return isinstance(receiver, ast.Constant | ast.JoinedStr | ast.Call)


def value_of(statement: ast.stmt) -> ast.expr | None:
    """The right side of an assignment; None for anything else, and for a bare annotation."""
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return statement.value
    return getattr(statement, "value", None) if type(statement).__name__ == "TypeAlias" else None


def is_atomic(value: object) -> bool:
    """An immutable value without identity that matters: nobody can tell a copy from it."""
    kind = type(value)
    if kind in ATOMS or kind.__module__ in _VALUE_MODULES or kind in (types.GenericAlias, types.UnionType):
        return True
    if issubclass(kind, enum.Enum):
        return True
    return type(value) in (tuple, frozenset) and all(is_atomic(item) for item in value)  # type: ignore[attr-defined]


def alike(a: object, b: object) -> bool:
    """Equal as plain data: containers and atoms by contents, everything else by identity. Runs no code of the app's."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, types.FunctionType) and isinstance(b, types.FunctionType):
        return a.__code__ == b.__code__ and alike(a.__defaults__, b.__defaults__)
    if isinstance(a, types.MethodType) and isinstance(b, types.MethodType):
        return a.__self__ is b.__self__ and a.__func__ is b.__func__  # each time that it is asked for it is another one
    if type(a) is functools.partial and type(b) is functools.partial:
        return alike(a.func, b.func) and alike(a.args, b.args) and alike(a.keywords, b.keywords)
    if getattr(a, "maxlen", None) != getattr(b, "maxlen", None) and isinstance(a, deque):
        return False
    if isinstance(a, dict) and isinstance(b, dict):
        return len(a) == len(b) and all(
            alike(x, y) and alike(dict.__getitem__(a, x), dict.__getitem__(b, y)) for x, y in zip(a, b, strict=True)
        )
    if isinstance(a, list | tuple | deque) and isinstance(b, list | tuple | deque):
        return len(a) == len(b) and all(alike(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, set | frozenset) and isinstance(b, set | frozenset):
        return all(is_atomic(x) for x in (*a, *b)) and a == b
    if type(a) in (*ATOMS, bytearray) or type(a).__module__ in _VALUE_MODULES:
        return bool(a == b)
    return isinstance(a, types.GenericAlias | types.UnionType) and a == b


def is_namespace(value: object) -> bool:
    """An object that is nothing but its attributes, of no class of the app's."""
    return type(value) is types.SimpleNamespace


def is_a(value: object, kind: type[_T]) -> TypeGuard[_T]:
    """By its type alone. Who asks a lazy object for its class, as `isinstance` does, has it set itself up, or raise
    (Django's settings, proxies of what a request has)."""
    return issubclass(type(value), kind)


def is_definition(value: object) -> bool:
    """A function, class or module: what is bound here under a further name, others hold by its own."""
    return issubclass(type(value), _DEFINITIONS)


def is_stateless(value: object) -> bool:
    """Whoever has it made again has the same, and nobody can have put anything into it meanwhile."""
    return is_atomic(value) or is_definition(value)


def is_plain(value: object, depth: int = 6) -> bool:
    """Data all the way down: whatever code made it keeps no hold on it."""
    if is_atomic(value):
        return True
    if depth == 0 or type(value) not in (*EXACT_CONTAINERS, tuple, frozenset):
        return False
    items = [*value.keys(), *value.values()] if isinstance(value, dict) else list(value)  # type: ignore[call-overload]
    return all(is_plain(item, depth - 1) for item in items)


_DEFINITIONS = (
    type,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.ModuleType,
    type(len),
    type(str.join),
    type("".join),
)


def has_part_target(node: ast.stmt) -> bool:
    """It assigns to an attribute or an item of another object, too."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(
        isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store)
        for target in targets
        if target is not None
        for part in nodes_of(target)
    )


_SAFE = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.If,
    ast.Try,
    ast.Pass,
    ast.Assign,
    ast.AnnAssign,
    ast.ExceptHandler,
)


def safe_block(node: ast.AST, also: Callable[[ast.stmt], bool] | None = None) -> bool:
    """`if` or `try` that does nothing but import, define and set plain values. `also`: what else may stand in it."""
    for child in children_of(node):
        if isinstance(child, ast.stmt | ast.ExceptHandler):
            if not isinstance(child, _SAFE):
                if also is not None and isinstance(child, ast.stmt) and also(child):
                    continue
                return False
            if isinstance(child, ast.Assign | ast.AnnAssign) and not is_pure(child.value):
                return False
            if isinstance(child, ast.If | ast.Try | ast.ExceptHandler) and not safe_block(child, also):
                return False
    return isinstance(node, ast.If | ast.Try | ast.ExceptHandler)


def nested(value: object, depth: int = 4) -> Iterator[object]:
    """The container itself, and those in it, as far down as that."""
    if isinstance(value, dict | list | set | tuple) and depth:
        yield value
        for inner in [*value.values()] if isinstance(value, dict) else list(value):
            yield from nested(inner, depth - 1)
