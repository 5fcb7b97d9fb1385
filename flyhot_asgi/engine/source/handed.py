"""What becomes of a container that functions of the app hand to others: is it only read there? Off the source; pure.

Calls are followed by name alone: each function and method of the app that is called so counts, with what it hands on
itself. What no definition of the app is called is a library's: it changes no list that it is given, but for what is
known to, or to keep it.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

from .defuse import Home, Names
from .nodes import nodes_of
from .uses import reads_only, uses_in, uses_of

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_KEEPS = frozenset(
    "append appendleft add insert extend update setdefault put put_nowait send shuffle heapify heappush heappop "
    "heapreplace heappushpop insort insort_left insort_right partial setattr sort".split()
)
_DEEPEST = 8


class _Called:
    """What the app defines, by the name with which it is called."""

    def __init__(self, names: Names) -> None:
        self.functions: dict[str, list[_Function]] = defaultdict(list)
        self.classes: set[str] = set()
        for source in names.modules.values():
            for node in nodes_of(source.tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    self.functions[node.name].append(node)
                elif isinstance(node, ast.ClassDef):
                    self.classes.add(node.name)


def may_be_changed(names: Names, home: Home) -> bool:
    """Some function of the release does more with the container behind the name than read it, or hand it to those that
    do no more."""
    called = names.once("called", _Called)
    return any(
        not reads_only(chain) and not _is_only_handed(chain, called, frozenset()) for chain in uses_of(names, home)
    )


def _is_only_handed(chain: Sequence[ast.AST], called: _Called, on_path: frozenset[tuple[int, str]]) -> bool:
    node, *parents = chain
    if not parents or len(on_path) > _DEEPEST:
        return False
    keyword = parents[0] if isinstance(parents[0], ast.keyword) else None
    call = parents[1] if keyword is not None and len(parents) > 1 else parents[0]
    if not isinstance(call, ast.Call):
        return False
    name = _name_of(call)
    if name is None or name in _KEEPS or name in called.classes:
        return False
    if keyword is not None:
        return all(_reads(one, keyword.arg or "", called, on_path) for one in called.functions[name])
    before = [one for one in call.args if one is not node]
    if any(isinstance(one, ast.Starred) for one in before) or len(before) == len(call.args):
        return False
    at = next(index for index, one in enumerate(call.args) if one is node)
    places = [(one, _place(one, call, at, called)) for one in called.functions[name]]
    return all(place is not None and _reads(one, place, called, on_path) for one, place in places)


def _name_of(call: ast.Call) -> str | None:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else None


def _positional(function: _Function) -> list[str]:
    return [one.arg for one in (*function.args.posonlyargs, *function.args.args)]


def _place(function: _Function, call: ast.Call, at: int, called: _Called) -> str | None:
    """What a function calls its argument; a method gets itself before, but where its class is asked for it."""
    found = _positional(function)
    of = call.func.value if isinstance(call.func, ast.Attribute) else None
    of_class = isinstance(of, ast.Name) and of.id in called.classes
    bound = of is not None and found[:1] in (["cls"], ["mcs"], ["self"]) and not (of_class and found[0] == "self")
    return found[at + bound] if at + bound < len(found) else None


def _reads(function: _Function, place: str, called: _Called, on_path: frozenset[tuple[int, str]]) -> bool:
    """The function only reads what it is given as `place`, and those that it gives it do."""
    key = (id(function), place)
    if key in on_path:
        return True
    if place not in [*_positional(function), *(one.arg for one in function.args.kwonlyargs)]:
        kwarg = function.args.kwarg  # without, it can't be the one that is called
        return kwarg is None or all(
            _leaves(chain, place, called, on_path | {key}) for chain in uses_in(function, kwarg.arg)
        )
    found = uses_in(function, place)
    return all(reads_only(chain) or _is_only_handed(chain, called, on_path | {key}) for chain in found)


def _leaves(chain: Sequence[ast.AST], place: str, called: _Called, on_path: frozenset[tuple[int, str]]) -> bool:
    """`kwargs["other"]`, `kwargs.get("other")`, and `f(**kwargs)` if that only reads it."""
    parents = [*chain[1:], None, None]
    if isinstance(parents[0], ast.keyword) and isinstance(call := parents[1], ast.Call) and len(on_path) <= _DEEPEST:
        name = _name_of(call)
        return (
            name is not None
            and name not in _KEEPS | called.classes
            and all(_reads(one, place, called, on_path) for one in called.functions[name])
        )
    asked: ast.AST | None = None
    if isinstance(parents[0], ast.Subscript):
        asked = parents[0].slice
    elif isinstance(parents[0], ast.Attribute) and isinstance(call := parents[1], ast.Call) and call.args:
        asked = call.args[0]
    return isinstance(asked, ast.Constant) and asked.value != place
