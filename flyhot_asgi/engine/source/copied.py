"""Containers that constructing an instance copies from a constant, or writes out: what is in them. Pure.

`self.data = dict(DEFAULTS)`, `self.data = {**cls.DEFAULTS}`, `self.slots = [0, 0]`: the instances that live have what
the constant was when they were made.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from .defuse import Names, construction_methods
from .module import dotted_name, statements_of
from .nodes import nodes_of
from .setting import Chain

_COPIES = frozenset({"dict", "list", "copy", "deepcopy", "OrderedDict"})


def copied(names: Names, chain: Chain) -> dict[str, ast.Dict | ast.List]:
    """Attributes that construction sets once, to a dict or list whose text is known, with that text."""
    found: dict[str, list[ast.Dict | ast.List | None]] = {}
    for module, node in chain:
        for method in construction_methods(node):
            own = method.args.args[0].arg if method.args.args else "self"
            for attribute, value in _set(method, own):
                found.setdefault(attribute, []).append(_text(names, module, chain, own, value))
    return {name: texts[0] for name, texts in found.items() if len(texts) == 1 and texts[0] is not None}


def keys_of(text: ast.Dict | ast.List) -> frozenset[str | int]:
    """What can be asked of it by subscript, as far as it is written out."""
    if isinstance(text, ast.List):
        return frozenset(range(len(text.elts)))
    keys = [key.value for key in text.keys if isinstance(key, ast.Constant)]
    return frozenset(key for key in keys if isinstance(key, str | int))


def asked_of(attribute: str, trees: Iterable[ast.AST]) -> set[str | int]:
    """Constant subscripts that code reads of an attribute of this name."""
    found: set[str | int] = set()
    for tree in trees:
        for node in nodes_of(tree):
            target = node.target if isinstance(node, ast.AugAssign) else node
            if not isinstance(target, ast.Subscript) or (target is node and not isinstance(node.ctx, ast.Load)):
                continue
            if isinstance(target.value, ast.Attribute) and target.value.attr == attribute:
                if isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str | int):
                    found.add(target.slice.value)
    return found


def _set(method: ast.AST, own: str) -> Iterator[tuple[str, ast.expr]]:
    for node in nodes_of(method):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Attribute) and dotted_name(target.value) == own:
                    yield target.attr, node.value


def _text(names: Names, module: str, chain: Chain, own: str, value: ast.expr) -> ast.Dict | ast.List | None:
    if isinstance(value, ast.Dict) and len(value.keys) == 1 and value.keys[0] is None:
        return _constant(names, module, chain, own, value.values[0])  # {**X}
    if isinstance(value, ast.List) and len(value.elts) == 1 and isinstance(value.elts[0], ast.Starred):
        return _constant(names, module, chain, own, value.elts[0].value)
    if isinstance(value, ast.Dict | ast.List):
        return value if _is_plain(value) else None
    if not isinstance(value, ast.Call) or value.keywords:
        return None
    if isinstance(value.func, ast.Attribute) and value.func.attr == "copy" and not value.args:
        return _constant(names, module, chain, own, value.func.value)
    if (dotted_name(value.func) or "").rpartition(".")[2] in _COPIES and len(value.args) == 1:
        return _constant(names, module, chain, own, value.args[0])
    return None


def _constant(names: Names, module: str, chain: Chain, own: str, asked: ast.expr) -> ast.Dict | ast.List | None:
    """The text of what a constant is: a class's own, or a module's."""
    name = dotted_name(asked)
    if name is None:
        return None
    first, _, rest = name.partition(".")
    classes = {own, "cls", *(node.name for _, node in chain)}
    if rest and "." not in rest and first in classes:
        values = [_value(s.node) for _, c in chain for s in statements_of(c.body, docstring=True) if rest in s.binds]
        return _plain(values[:1])
    home = names.home(module, name)
    statement = names.definition(home) if home is not None else None
    return _plain([_value(statement.node)]) if statement is not None else None


def _value(node: ast.AST) -> ast.expr | None:
    return node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None


def _plain(values: Sequence[ast.expr | None]) -> ast.Dict | ast.List | None:
    value = values[0] if values else None
    return value if isinstance(value, ast.Dict | ast.List) and _is_plain(value) else None


def _is_plain(value: ast.Dict | ast.List) -> bool:
    if isinstance(value, ast.Dict):
        return all(isinstance(key, ast.Constant) for key in value.keys)
    return not any(isinstance(one, ast.Starred) for one in value.elts)
