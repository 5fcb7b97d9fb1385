"""A name whose own definition gives way to an import: what the program made of the old object would be left behind."""

from __future__ import annotations

import ast

from ..source.diff import Change
from ..source.module import statements_of
from ..source.values import alike, is_atomic, is_definition
from .context import Context
from .judge_members import cold_value
from .judge_values import MISSING, cold_values


def state_left_behind(context: Context, module: str, change: Change, name: str) -> str | None:
    """What the running program changed of the object that the name means, and that an import would not bring; None if
    that is nothing, as far as its old text can be had again for comparison."""
    live = context.value(module, name, MISSING)
    old = change.old.node if change.old is not None else None
    if live is MISSING or old is None or context.old_names.home(module, name) != (module, name):
        return None
    if isinstance(live, type) and isinstance(old, ast.ClassDef):
        return _of_class(context, module, old, live)
    if is_definition(live) or (change.old is not None and change.old.kind == "import"):
        return None
    cold = (cold_values(context, module, (name,)) or {}).get(name, MISSING)
    if (cold is not MISSING and alike(cold, live)) or (cold is MISSING and is_atomic(live)):
        return None
    return f"`{name}` comes from another module now, and what the running program made of it would be lost"


def _of_class(context: Context, module: str, old: ast.ClassDef, live: type) -> str | None:
    values = [s for s in statements_of(old.body, docstring=True) if s.kind == "assign"]
    for name in sorted({name for statement in values for name in statement.binds} & vars(live).keys()):
        cold = cold_value(context, module, old, live, name)
        if cold is not MISSING and not alike(cold, vars(live)[name]):
            return f"its attribute `{name}` was changed by the running program, and would be lost with the old class"
    return None
