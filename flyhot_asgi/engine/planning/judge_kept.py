"""Told, not refused: what instances and tables keep of constants and functions that change.

It is state (docs/topics/identity-and-state.md): an instance that was made with another limit has that limit. The plan
says so, with file, line and count, for whoever expected otherwise.
"""

from __future__ import annotations

import ast
from typing import Any

from ..living.attributes import fields_of
from ..source.defuse import Home
from ..source.memos import remembering, taken_from_names
from ..source.schema import class_in
from ..source.values import is_plain
from .context import Context
from .judge_caches import changes_with

_MISSING: Any = object()


def judge_kept(context: Context) -> None:
    """Note in the plan what lives on."""
    touched = context.changed_bodies | context.rebound | context.reshaped
    if not touched:
        return
    if constants := {home for home in context.rebound if _is_constant(context, home)}:
        _attributes(context, constants)
    _tables(context, touched)


def _is_constant(context: Context, home: Home) -> bool:
    definition = context.new_names.definition(home)
    live = context.value(*home, _MISSING) if home[0] in context.live else _MISSING
    return definition is not None and definition.kind == "assign" and live is not _MISSING and is_plain(live)


def _attributes(context: Context, constants: set[Home]) -> None:
    for cls in sorted(context.survey.classes, key=lambda cls: (cls.__module__, cls.__qualname__)):
        source = context.new.get(cls.__module__)
        node = class_in(source.tree, cls.__qualname__.split(".")) if source is not None else None
        if not isinstance(node, ast.ClassDef) or not context.survey.count(cls):
            continue
        for attribute, name, line in taken_from_names(node):
            home = context.new_names.home(cls.__module__, name)
            if home not in constants:
                continue
            had = context.value(*home)
            kept = [one for one in context.survey.objects(cls) if _has(one, attribute, had)]
            if kept:
                context.plan.notes.append(
                    f"{context.file(cls.__module__)}:{line}: {len(kept)} living instance(s) of `{cls.__qualname__}` "
                    f"keep the `{attribute}` that they were made with, which `{name}` was then"
                )


def _has(one: object, attribute: str, value: Any) -> bool:
    found = (fields_of(one) or {}).get(attribute, _MISSING)
    return type(found) is type(value) and is_plain(found) and bool(found == value)


def _tables(context: Context, touched: set[Home]) -> None:
    for module in context.live.keys() & context.new.keys() & context.old.keys():
        for function, name in remembering(context.new[module]):
            table = context.value(module, name)
            if not isinstance(table, dict) or not table or not is_plain(table) or (module, name) in context.rebound:
                continue
            if changes_with(context, (module, function), touched):
                context.plan.notes.append(
                    f"{context.file(module)}: `{name}` keeps {len(table)} entr{'y' if len(table) == 1 else 'ies'}, "
                    f"which `{function}` put there before it, or what it calls, changed"
                )
