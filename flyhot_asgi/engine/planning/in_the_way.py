"""Why the living value of a name can't be replaced by what the release's text gives, and what a developer can do.

The judges of values ask; nothing here writes into the plan.
"""

from __future__ import annotations

import ast
import functools
import logging
from collections import deque
from typing import Any

from ..living.expressions import is_expression, names_expression
from ..living.holders import at_home
from ..living.in_use import in_use, instances_of_made
from ..living.inventory import is_among
from ..source.defuse import Home
from ..source.drift import Drift
from ..source.handed import may_be_changed
from ..source.module import Statement
from ..source.uses import may_be_mutated, may_be_stored
from ..source.values import CONTAINERS, alike, is_a, is_atomic, is_definition, is_namespace, is_plain, value_of
from .context import COLD, Context
from .judge_rebuild import built_from, is_filled_anew
from .stateless import only_entries, without_state

UNKNOWN: Any = object()
"""What a name's old text gives can't be told."""
CHANGE_IT = f"keep the old statement and change the object in a `code_change`, or {COLD}"
_LAMBDA = type(lambda: None)
POURED = (*CONTAINERS, _LAMBDA, functools.partial)
"""Kinds of objects that stay the same and take over what the text makes."""


def in_the_way(
    context: Context, module: str, statement: Statement, name: str, live: Any, cold: Any, changed: bool
) -> tuple[str, str] | None:
    """Why the living value of `name` can't be replaced, and what to do; None if it can."""
    if count := instances_of_made(live):
        return f"{count} living instance(s) are of the class that it is now", COLD
    if is_definition(live) and not (type(live) is _LAMBDA and cold is not UNKNOWN):
        return None
    if (use := in_use(live)) is not None:
        return f"`{name}` is {use}", CHANGE_IT
    if isinstance(live, logging.Logger):
        return None  # they are kept by the logging module, by name
    if cold is not UNKNOWN:
        if not alike(cold, live):
            return _both_changed(name)
        return _held(context, module, statement, name, live)
    home = (module, name)
    if context.drift is not None and context.drift.known(home):
        return _as_described(context, context.drift, statement, home, live)
    if is_atomic(live):
        return _both_changed(name) if may_be_stored(context.old_names, home) else None
    if isinstance(live, CONTAINERS) and (is_plain(live) or only_entries(context, live)):
        return (
            _held(context, module, statement, name, live)
            if not may_be_mutated(context.old_names, home)
            else _stateful(name)
        )
    if isinstance(live, CONTAINERS) or type(live).__module__ in context.live or context.owned(live):
        kind = type(live).__qualname__
        made = "how it is made changed" if changed else "what it made lives on with state"
        return (
            f"`{name}` is a living {kind} with state; {made}",
            CHANGE_IT,
        )
    if type(live).__module__ == "logging":
        return None
    return _held(context, module, statement, name, live)


def _as_described(
    context: Context, drift: Drift, statement: Statement, home: Home, live: Any
) -> tuple[str, str] | None:
    """The program changed the value, or did not: it was looked at."""
    if drift.by_program(home) and drift.by_release(home) and not drift.arrived(home):
        return _both_changed(home[1])
    if isinstance(live, CONTAINERS):
        kept = not drift.by_program(home) and not may_be_changed(context.old_names, home)
        spared = names_expression if kept or not may_be_mutated(context.old_names, home) else None
        if (what := drift.opaque(home, spared=spared)) is not None and not without_state(context, live):
            return (f"it holds a living {what}, whose state would be lost", CHANGE_IT)
        return None
    if not is_atomic(live) and drift.by_program(home) and not drift.arrived(home):
        return f"the running program has changed what `{home[1]}` is, and another one would begin anew", CHANGE_IT
    if is_expression(live) and may_be_stored(context.old_names, home):
        return f"a function binds `{home[1]}` anew, and which of the two the program means can't be told", CHANGE_IT
    return _held(context, home[0], statement, home[1], live)


def classes_held(context: Context, container: Any) -> str | None:
    """Classes in a container that no statement of their own makes, and who holds them besides."""
    if not isinstance(container, dict | list):
        return None
    items = list(container.values() if isinstance(container, dict) else container)
    for item in items:
        if is_a(item, type) and item.__module__ in context.live and not at_home(item):
            if count := context.instances(item):
                return f"and {count} instance(s) of `{item.__qualname__}` are alive"
            if held := context.held_elsewhere(item, [container, items], by_anybody=True):
                return f"and `{item.__qualname__}` is held by {held[0]}"
    return None


def unmergeable(name: str, cold: Any, live: Any) -> tuple[str, str] | None:
    """Both changed a container: its items are merged when the statement is executed, but for an order that is lost."""
    if type(cold) is not type(live) or not is_plain(cold):
        return _both_changed(name)
    if isinstance(live, list | deque) and not all(alike(a, b) for a, b in zip(cold, live, strict=False)):
        return _both_changed(name)
    return _both_changed(name) if isinstance(live, bytearray) or len(live) < len(cold) else None


def _both_changed(name: str) -> tuple[str, str]:
    return (
        f"`{name}` was changed by the running program and is changed by the release too",
        f"keep the old text of `{name}` and change it from code, or {COLD}",
    )


def _stateful(name: str) -> tuple[str, str]:
    return (
        f"`{name}` is a living container that functions change; what the release says now would overwrite it",
        f"keep the old text of `{name}` and change it from code, or {COLD}",
    )


def _held(context: Context, module: str, statement: Statement, name: str, live: Any) -> tuple[str, str] | None:
    """Who holds the old object would not see the new one; containers of one kind are poured, so that they do."""
    if is_atomic(live) or type(live) is _LAMBDA or _same_container(live, value_of(statement.node)):
        return None
    if is_among(live, context.poured()):
        return None  # a further name of a container that stays
    if is_filled_anew(context, module, statement, live):
        return None
    homes = [(module, name) for module, found in context.live.items() if vars(found).get(name) is live]
    but = [inside for home in homes for inside in context.commands_reading(home)]
    held = context.held_elsewhere(live, [*but, *built_from(context, (module, name))])
    return (f"the object that `{name}` is now is still held by {_some(held)}", COLD) if held else None


def _same_container(live: Any, value: ast.expr | None) -> bool:
    """Executing the new text gives a container of the living one's type."""
    displays: dict[type, tuple[type, ...]] = {
        dict: (ast.Dict, ast.DictComp),
        list: (ast.List, ast.ListComp),
        set: (ast.Set, ast.SetComp),
    }
    if isinstance(value, displays.get(type(live), ())):
        return True
    if not isinstance(value, ast.Call) or not isinstance(live, POURED):
        return False
    called = ast.unparse(value.func).rpartition(".")[2]
    return called == type(live).__name__ or (type(live) is list and called == "sorted")


def is_instance(context: Context, live: Any) -> bool:
    """An object of one of the app's own classes, or one that is nothing but its attributes."""
    kept_inside = isinstance(live, int | float | str | bytes | tuple | frozenset)  # what it is can't be changed
    own = type(live).__module__ in context.live or is_namespace(live)
    return own and not kept_inside and not is_definition(live) and not is_atomic(live)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
