"""Whether a call still fits a function of another release, read off the source. Pure.

Old code that is under way calls by name, and gets the new function. What it hands over is written in its text; what
the new function takes, too. Only a call that fitted before and does not fit now counts: decorators may change what is
taken.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from .calling import call_kind
from .module import FunctionNode, dotted_name
from .nodes import children_of, nodes_of


@dataclass(frozen=True)
class Handed:
    """What a call hands over. `more`: with `*args` or `**kwargs`, whose number nobody knows."""

    count: int
    keywords: frozenset[str]
    more: bool = False

    @classmethod
    def by(cls, call: ast.Call, first: int = 0) -> Handed:
        """`first`: where the arguments begin, in a call that hands a function on with what it is to be called with."""
        arguments = call.args[first:]
        more = any(isinstance(one, ast.Starred) for one in arguments) or any(k.arg is None for k in call.keywords)
        return cls(len(arguments), frozenset(k.arg for k in call.keywords if k.arg is not None), more)


def why_not(function: ast.arguments, handed: Handed, own: int = 0) -> str | None:
    """What of a call does not fit, in words. `own`: parameters that are not handed over by the call (`self`)."""
    places = [*function.posonlyargs, *function.args]
    by_keyword = {one.arg for one in [*function.args, *function.kwonlyargs]}
    places = places[own:]
    unknown = sorted(handed.keywords - by_keyword) if function.kwarg is None else []
    if unknown:
        return f"it takes no `{unknown[0]}`"
    if handed.more:
        return None
    if handed.count > len(places) and function.vararg is None:
        return f"it takes {len(places)} positional argument(s), not {handed.count}"
    if twice := sorted({one.arg for one in places[: handed.count]} & handed.keywords):
        return f"its argument `{twice[0]}` is another one"
    lacking = _needed(function, handed, own)
    return f"it needs `{lacking[0]}`" if lacking else None


def lacking_of(function: ast.arguments, handed: Handed, own: int = 0) -> list[str] | None:
    """What a call that is handed more later has to be given then; None if it can't be made to fit."""
    lacking = _needed(function, handed, own)
    filled = Handed(handed.count, handed.keywords | set(lacking), handed.more)
    return lacking if why_not(function, filled, own) is None else None


def _needed(function: ast.arguments, handed: Handed, own: int) -> list[str]:
    places = [*function.posonlyargs, *function.args]
    free = len(places) - len(function.defaults)
    needed = [one.arg for index, one in enumerate(places) if own <= index < free]
    needed += [
        one.arg for one, default in zip(function.kwonlyargs, function.kw_defaults, strict=True) if default is None
    ]
    filled = {one.arg for one in places[own : own + handed.count]}
    return [name for name in needed if name not in filled | handed.keywords]


def fits_no_more(old: FunctionNode, new: FunctionNode, handed: Handed, own: tuple[int, int]) -> str | None:
    """Why a call that fitted the old function does not fit the new one; None if it does, or never did."""
    if why_not(old.args, handed, own[0]) is not None:
        return None
    if (reason := why_not(new.args, handed, own[1])) is not None:
        return reason
    return _gives_other(old, new)


def _gives_other(old: FunctionNode, new: FunctionNode) -> str | None:
    """What the call gives is of another kind: it is awaited, or gone over, in the way of the old one."""
    kinds = [call_kind(old), call_kind(new)]
    if kinds[0] == kinds[1] or any(one.decorator_list for one in (old, new)):
        return None
    return f"calling it gives {_GIVES[kinds[1]]} now, and gave {_GIVES[kinds[0]]}"


_GIVES = {
    "plain": "its result",
    "async": "a coroutine",
    "plain generator": "a generator",
    "async generator": "an async generator",
}


def constructor(chain: list[ast.ClassDef]) -> FunctionNode | None:
    """The `__init__` of a class, or one that takes its fields; None if nobody knows. `chain`: itself and its bases of
    the app's, nearest first."""
    for cls in chain:
        for child in cls.body:
            if isinstance(child, ast.FunctionDef) and child.name in ("__init__", "__new__"):
                return child
    fields = dict(_fields(chain))
    if not fields:
        return None
    in_order = sorted(fields, key=lambda name: fields[name])  # those without a default come first
    loose: list[ast.expr] = [ast.Constant(None) for default in fields.values() if default]
    places = [ast.arg("self"), *(ast.arg(name) for name in in_order)]
    arguments = ast.arguments([], places, None, [], [], ast.arg("rest"), loose)
    return ast.FunctionDef("__init__", arguments, [ast.Pass()], [], lineno=chain[0].lineno)


def _fields(chain: list[ast.ClassDef]) -> Iterator[tuple[str, bool]]:
    """Fields with whether they may be left out."""
    for cls in reversed(chain):
        for child in cls.body:
            if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
                if "ClassVar" not in ast.dump(child.annotation):
                    yield child.target.id, child.value is not None and not _required(child.value)


def _required(value: ast.expr) -> bool:
    """`Field(...)`, `field()`."""
    if not isinstance(value, ast.Call) or not (dotted_name(value.func) or "").lower().endswith("field"):
        return False
    ellipsis = any(isinstance(one, ast.Constant) and one.value is ... for one in value.args)
    given = {keyword.arg for keyword in value.keywords} & {"default", "default_factory", "factory", "init"}
    return ellipsis or (not value.args and not given)


def unpacked(assigned: ast.stmt) -> tuple[ast.Call, int] | None:
    """A call whose result a statement takes apart, and into how many."""
    if not isinstance(assigned, ast.Assign) or len(assigned.targets) != 1:
        return None
    target, value = assigned.targets[0], assigned.value
    value = value.value if isinstance(value, ast.Await) else value
    if not isinstance(target, ast.Tuple) or not isinstance(value, ast.Call):
        return None
    if any(isinstance(one, ast.Starred) for one in target.elts):
        return None
    return value, len(target.elts)


def returns(function: FunctionNode) -> int | None:
    """Of how many a function's result is a tuple, if all that it returns is one."""
    found: set[int] = set()
    stack: list[ast.AST] = list(function.body)
    while stack:
        child = stack.pop()
        if isinstance(child, ast.Return):
            found.add(len(child.value.elts) if isinstance(child.value, ast.Tuple) else -1)
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            stack.extend(children_of(child))
    return found.pop() if len(found) == 1 and -1 not in found else None


@dataclass(frozen=True)
class Made:
    """A call in a function. `apart`: into how many its result is taken apart."""

    call: ast.Call
    apart: int | None
    awaited: bool

    @property
    def text(self) -> tuple[str, int | None, bool]:
        return ast.dump(self.call), self.apart, self.awaited


def calls_made(function: FunctionNode) -> Iterator[Made]:
    apart, awaited = dict[int, int](), set[int]()
    for node in nodes_of(function):
        if isinstance(node, ast.stmt) and (found := unpacked(node)) is not None:
            apart[id(found[0])] = found[1]
        elif isinstance(node, ast.Await):
            awaited.add(id(node.value))
    for node in (node for statement in function.body for node in nodes_of(statement)):
        if isinstance(node, ast.Call):
            yield Made(node, apart.get(id(node)), id(node) in awaited)


def still_called(function: FunctionNode, line: int) -> Iterator[Made]:
    """Calls that the rest of a frame may make which stands at `line`: below it, or in the loops around it."""
    start = _rest_from(function, line)
    return (made for made in calls_made(function) if (made.call.end_lineno or line) >= start)


def still_read(function: FunctionNode, line: int) -> Iterator[ast.Attribute]:
    """Attributes that the rest of such a frame may ask for, innermost last; none that it calls."""
    start = _rest_from(function, line)
    nodes = [node for statement in function.body for node in nodes_of(statement)]
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in called:
            if (node.end_lineno or line) >= start:
                yield node


def _rest_from(function: FunctionNode, line: int) -> int:
    loops = [one for one in nodes_of(function) if isinstance(one, ast.For | ast.AsyncFor | ast.While)]
    around = [one.lineno for one in loops if one.lineno <= line <= (one.end_lineno or line)]
    return min([line, *around])
