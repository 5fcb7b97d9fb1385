"""Instances that a set or a dict keeps under a hash that the release makes otherwise.

`__hash__` may be the old one to the letter: what it calls (another method, of a derived class perhaps, or a function of
another module) is followed. Only instances that are really kept by their hash count.
"""

from __future__ import annotations

import ast
import enum
import gc
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

from ..living.inventory import classes_of
from ..source.defuse import Home, Names, methods_of
from ..source.module import FunctionNode, statements_of
from ..source.nodes import nodes_of
from ..source.plan import Refusal
from ..source.schema import field_names, frozen
from .context import COLD, Context

_MOST = 500


def judge_hashes(context: Context) -> None:
    """Refuse where living instances would not be found again."""
    touched = context.changed_bodies | context.rebound | context.remade
    if not context.plan.changed and not touched:
        return
    for cls in classes_of(context.live.keys()):
        hashes: Any = cls.__hash__
        if hashes is None or hashes is object.__hash__ or not context.survey.count(cls):
            continue
        before, after = _made_by(context.old_names, cls), _made_by(context.new_names, cls)
        if before != after and (count := kept_by_hash(context, cls)):
            reason = f"its `__hash__` is another one, and sets and dicts keep {count} living instance(s) by the old"
            file, line = context.file(cls.__module__), _line(context, cls)
            refusal = Refusal(cls.__module__, file, line, cls.__qualname__, reason, COLD)
            if not any(one.name == refusal.name and "__hash__" in one.reason for one in context.plan.refusals):
                context.plan.refusals.append(refusal)


def kept_by_hash(context: Context, cls: type) -> int:
    """How many of its instances are in a set, the key of a dict, or weakly referred to, as weak dicts do."""
    if not context.instances(cls):
        return 0
    objects = context.survey.objects(cls)[:_MOST]
    ids = {id(one) for one in objects}
    kept: set[int] = {id(one) for one in objects if _has_weak_key(one)}
    keys: list[Any] = []
    for holder in gc.get_referrers(*objects) if objects else []:
        if type(holder) is tuple:
            keys.append(holder)
        kept |= {id(key) for key in _keys(holder) if id(key) in ids}
    inside = {id(one): one for one in keys}
    for holder in gc.get_referrers(*keys) if keys else []:
        for key in _keys(holder):
            if id(key) in inside and type(key) is tuple:
                kept |= {id(one) for one in key if id(one) in ids}
    return len(kept)


def _keys(holder: object) -> Iterable[object]:
    """What a set, or a dict by its keys, keeps; of `lru_cache` all that it refers to."""
    if isinstance(holder, set | frozenset):
        return list(set.__iter__(holder) if isinstance(holder, set) else frozenset.__iter__(holder))
    if isinstance(holder, dict):
        return list(dict.keys(holder))
    return gc.get_referents(holder) if type(holder).__name__ in _CACHES else ()


_CACHES = frozenset({"_lru_list_elem", "_HashedSeq", "_lru_cache_wrapper"})


def _has_weak_key(value: object) -> bool:
    return any(_is_noted(one) for one in weakref.getweakrefs(value))


def _is_noted(reference: object) -> bool:
    """The reference is a member of a weak set or a key of a weak dict."""
    return any(
        isinstance(one, set) or (isinstance(one, dict) and any(key is reference for key in list(one)))
        for one in gc.get_referrers(reference)
    )


def _made_by(names: Names, cls: type) -> list[str] | None:
    """What a class's hash is made of, as text: methods along its bases and functions that they call; a frozen
    dataclass's fields; of an enum with a hash of its own its members."""
    methods = list(_methods(names, cls))
    found: dict[str, str] = {}
    todo = ["__hash__"]
    homes: set[Home] = set()
    while todo:
        name = todo.pop()
        if name in found:
            continue
        for module, node in methods:
            if node.name == name:
                found[name] = ast.dump(node)
                todo += [one.attr for one in nodes_of(node) if isinstance(one, ast.Attribute)]
                homes |= names.homes(module, {one.id for one in nodes_of(node) if isinstance(one, ast.Name)})
                break
    if "__hash__" not in found:
        fields = [[*field_names(made)] for _, made in _classes(names, cls) if frozen(made)]
        return [repr(fields)] if fields else None
    for home in sorted(names.reached(homes).homes):
        if (definition := names.definition(home)) is not None and definition.kind in ("def", "assign"):
            found[f"{home[0]}:{home[1]}"] = definition.dump
    if issubclass(cls, enum.Enum):
        for _, made in _classes(names, cls):
            found |= {f"= {s.name}": s.dump for s in statements_of(made.body, docstring=False) if s.kind == "assign"}
    return [found[key] for key in sorted(found)]


def _methods(names: Names, cls: type) -> Iterator[tuple[str, FunctionNode]]:
    for module, node in _classes(names, cls):
        for method in methods_of(node):
            yield module, method


def _classes(names: Names, cls: type) -> Iterator[tuple[str, ast.ClassDef]]:
    """The statements of the app that made the class and its bases, in the order in which attributes are found."""
    for base in cls.__mro__:
        definition = names.definition((base.__module__, base.__qualname__))
        if definition is not None and isinstance(definition.node, ast.ClassDef):
            yield base.__module__, definition.node


def _line(context: Context, cls: type) -> int:
    definition = context.new_names.definition((cls.__module__, cls.__qualname__))
    return definition.line if definition is not None else 1
