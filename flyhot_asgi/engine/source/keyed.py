"""Under which keys functions look into tables. Pure.

`SESSIONS[user]`, `self.rooms.get((user, "web"))`, `key in SEEN`, `CACHE.pop(f"{user}:web")`: what lies there when the
code changes was put there under the old code's keys. Of a key that is written out, or that a local name or a helper of
one `return` gives, its shape is known, and with it which living keys it can be equal to.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .kept import assigned_once
from .module import FunctionNode, dotted_name
from .nodes import nodes_of

_BY_KEY = frozenset({"get", "pop", "setdefault", "add", "discard", "remove", "__contains__"})
_TYPES: dict[str, type] = {"str": str, "repr": str, "int": int, "bytes": bytes, "frozenset": frozenset}
_FORMS = frozenset({"lower", "upper", "casefold", "strip", "title"})
_MOST = 3

Helper = Callable[[str], "FunctionNode | None"]
"""The function that a dotted name in the text means, if it is one of the app's."""


@dataclass(frozen=True)
class Shape:
    """What a key looks like. `text`: as a pattern; `inside`: of a tuple's places, None where anything may be."""

    words: str
    kind: type | None = None
    text: str | None = None
    form: str | None = None
    inside: tuple[Shape | None, ...] | None = None
    attribute: tuple[str, str] | None = None
    """Of what (a name), and which; "" is the name itself, which may be anything."""
    made: str | None = None
    """The class whose instance it is."""

    @property
    def anything(self) -> bool:
        return self.attribute is not None and not self.attribute[1]

    def fits(self, key: object) -> bool:
        """Can the key be one of that shape? True where nobody knows."""
        if self.inside is not None:
            if not isinstance(key, tuple):
                return False
            pairs = zip(self.inside, key, strict=False)
            return len(key) == len(self.inside) and all(one is None or one.fits(part) for one, part in pairs)
        if self.text is not None:
            return isinstance(key, str) and re.fullmatch(self.text, key, re.DOTALL) is not None
        if self.form is not None:
            return not isinstance(key, str) or getattr(str, self.form)(key) == key
        if self.made is not None:
            return isinstance(key, tuple) or self.made in {base.__name__ for base in type(key).__mro__}
        if self.kind is int:
            return isinstance(key, int | float)
        return self.kind is None or isinstance(key, self.kind)


def looked_up(function: FunctionNode, helper: Helper) -> Mapping[str, tuple[Shape | None, ...]]:
    """By the dotted name of a table, the shapes of the keys that the function uses; None: anything, or a constant."""
    found: dict[str, list[Shape | None]] = {}
    local = assigned_once(function)
    for node in nodes_of(function):
        for name, key in _uses(node):
            shape = _shape(key, local, helper)
            if shape not in found.setdefault(name, []):
                found[name].append(shape)
    return {name: tuple(shapes) for name, shapes in found.items()}


def _uses(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
        table, keys = dotted_name(node.value), [node.slice]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _BY_KEY:
        table, keys = dotted_name(node.func.value), node.args[:1]
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
        table, keys = dotted_name(node.comparators[0]), [node.left]
    else:
        return
    if table is not None:
        yield from ((table, key) for key in keys)


def _shape(key: ast.expr, local: Mapping[str, ast.expr], helper: Helper, depth: int = 0) -> Shape | None:
    if isinstance(key, ast.Name) and key.id in local and depth < _MOST:
        return _shape(local[key.id], local, helper, depth + 1)
    if isinstance(key, ast.Tuple):
        if any(isinstance(one, ast.Starred) for one in key.elts):
            return None
        inside = tuple(_shape(one, local, helper, depth) for one in key.elts)
        return Shape(f"tuples of {len(inside)}", inside=inside)
    if isinstance(key, ast.Name):
        return Shape(f"`{key.id}` itself", attribute=(key.id, "")) if depth == 0 else None
    if (pattern := _pattern(key)) is not None:
        return Shape(f"texts like `{ast.unparse(key)}`", text=pattern) if pattern.strip(".*") else Shape("texts", str)
    if isinstance(key, ast.Attribute) and isinstance(key.value, ast.Name):
        return Shape(f"`.{key.attr}` of something", attribute=(key.value.id, key.attr))
    if isinstance(key, ast.Call):
        return _called(key, local, helper, depth)
    return None


def _called(key: ast.Call, local: Mapping[str, ast.expr], helper: Helper, depth: int) -> Shape | None:
    name = dotted_name(key.func) or ""
    last = name.rpartition(".")[2]
    if name in _TYPES:
        return Shape(f"what `{name}` makes", _TYPES[name])
    if isinstance(key.func, ast.Attribute) and last in _FORMS and not key.args:
        return Shape(f"texts that `{last}` gives", form=last)
    function = helper(name) if name and depth < _MOST else None
    if function is not None:
        returned = [one for one in nodes_of(function) if isinstance(one, ast.Return)]
        if len(returned) == 1 and returned[0].value is not None:
            return _shape(returned[0].value, assigned_once(function), helper, depth + 1)
        return None
    return Shape(f"instances of `{last}`", made=last) if last[:1].isupper() else None


def _pattern(value: ast.expr) -> str | None:
    """A text that is put together, as a pattern; None of anything else."""
    if isinstance(value, ast.JoinedStr):
        return "".join(_literal(one) if isinstance(one, ast.Constant) else ".*" for one in value.values)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        sides = [_literal(one) if _is_text(one) else _pattern(one) for one in (value.left, value.right)]
        return "".join(".*" if one is None else one for one in sides) if any(one is not None for one in sides) else None
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mod) and _is_text(value.left):
        return re.sub(r"%[sdri]", ".*", _literal(value.left))
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "format":
        return re.sub(r"\\\{[^{}]*\\\}", ".*", _literal(value.func.value)) if _is_text(value.func.value) else None
    return None


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _literal(value: ast.expr) -> str:
    return re.escape(str(value.value)) if isinstance(value, ast.Constant) else ""
