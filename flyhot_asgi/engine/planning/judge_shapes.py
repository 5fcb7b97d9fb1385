"""Attributes of living instances that are not of the shape in which the new code makes and uses them.

`self.price = n` became `self.price = Money(n)`; `self.stats = {"hits": 0}` got a second key that methods read; a pair
became a triple that they unpack. Text alone does not tell what lives on, so the living values are looked at: only what
is really otherwise counts.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator

from ..living.attributes import fields_of
from ..source.defuse import construction_methods, methods_of
from ..source.module import dotted_name
from ..source.nodes import nodes_of
from .context import Context


def ill_shaped(context: Context, module: str, old: ast.ClassDef, new: ast.ClassDef, live: type) -> str | None:
    """In what way, in words; None if all living instances will do."""
    before, after = dict(_made(old)), dict(_made(new))
    changed = {
        name: after[name] for name in after if name in before and ast.dump(after[name]) != ast.dump(before[name])
    }
    if not changed or not context.instances(live):
        return None
    for name, value in sorted(changed.items()):
        for obj in context.survey.objects(live):
            found = (fields_of(obj) or {}).get(name)
            if found is not None and (what := _differs(context, module, new, name, value, found)) is not None:
                return f"the attribute `{name}` of living instances {what}"
    return None


def _made(cls: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """What construction assigns to attributes; those that it assigns twice are left out."""
    found: dict[str, list[ast.expr]] = {}
    for method in construction_methods(cls):
        own = method.args.args[0].arg if method.args.args else "self"
        for node in nodes_of(method):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if isinstance(target, ast.Attribute) and dotted_name(target.value) == own:
                        found.setdefault(target.attr, []).append(node.value)
    for name, values in found.items():
        if len(values) == 1:
            yield name, values[0]


def _differs(context: Context, module: str, cls: ast.ClassDef, name: str, value: ast.expr, found: object) -> str | None:
    if isinstance(value, ast.Dict) and isinstance(found, dict):
        keys = {key.value for key in value.keys if isinstance(key, ast.Constant)}
        lacking = sorted(map(repr, (keys & _read_keys(cls, name)) - found.keys()))
        return f"lacks the key {lacking[0]}, which its code reads" if lacking else None
    if isinstance(value, ast.Tuple) and type(found) is tuple:
        unpacked = {number for number in _unpacked(cls, name) if number != len(found)}
        return f"is a tuple of {len(found)}, which its code unpacks into {min(unpacked)}" if unpacked else None
    if not isinstance(value, ast.Call):
        return None
    called = dotted_name(value.func) or ""
    if called.rpartition(".")[2] == "SimpleNamespace" and type(found) is types.SimpleNamespace:
        gained = sorted({keyword.arg for keyword in value.keywords if keyword.arg} - vars(found).keys())
        return f"lacks `{gained[0]}`, which its code gives it now" if gained else None
    home = context.new_names.home(module, called)
    made = context.resolve(*home) if home is not None and home[0] in context.live else None
    if isinstance(made, type) and type(made) is type and not issubclass(type(found), made):
        return f"is of type `{type(found).__qualname__}`, where its code makes a `{made.__qualname__}`"
    return None


def _unpacked(cls: ast.ClassDef, name: str) -> Iterator[int]:
    """Into how many names methods unpack the attribute."""
    for method in methods_of(cls):
        for node in nodes_of(method):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute) and node.value.attr == name:
                for target in node.targets:
                    if isinstance(target, ast.Tuple) and not any(isinstance(e, ast.Starred) for e in target.elts):
                        yield len(target.elts)


def _read_keys(cls: ast.ClassDef, name: str) -> set[object]:
    """Constant keys that methods read of the attribute, by subscript."""
    return {
        node.slice.value
        for method in methods_of(cls)
        for node in nodes_of(method)
        if isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == name
    }
