"""What calls at module level did at import, by functions whose code has changed since: seen by the comparison.

A call that is run for its effect can't be had twice. Most often what it did is what the release's own code does, too: a
check that is written otherwise, an argument that is handed on. Where all that it changes are objects of the app's that
a description tells wholly, it need not be run again to know: they are compared with a cold import. Where that finds a
difference, the object is asked for, and the plan is made anew without this.
"""

from __future__ import annotations

import types

from ..living.attributes import is_open
from ..living.commands import is_command
from ..source.defuse import Home
from ..source.module import Statement
from ..source.values import CONTAINERS, is_atomic, is_definition
from .context import Context


def methods_called(context: Context, module: str, statement: Statement) -> list[types.FunctionType]:
    """Methods with changed code that the statement calls on living objects and classes."""
    found = []
    for dotted in statement.calls:
        value = context.resolve(module, dotted) if "." in dotted else None
        if value is None and "." in dotted:
            owner, _, name = dotted.rpartition(".")
            value = next((vars(c)[name] for c in type(context.resolve(module, owner)).__mro__ if name in vars(c)), None)
        function = getattr(value, "__func__", value)
        if isinstance(function, types.FunctionType):
            if (function.__module__, function.__code__.co_qualname) in context.changed_bodies:
                found.append(function)
    return found


def done_is_compared(context: Context, module: str, statement: Statement) -> bool:
    """All that the statement changes, by either release's code, can be seen."""
    if context.drift is None:
        return False
    homes = set(context.new_names.reads(module, statement))  # what it hands over, a method may change
    for touch in (context.slices.touch(module, statement), context.slices.touched_before(module, statement)):
        if touch is None or touch.foreign or touch.own_names:
            return False
        homes |= touch.homes
    for function in methods_called(context, module, statement):
        for summary in context.slices.running(function.__module__, function.__code__.co_qualname):
            if summary is None or summary.foreign:
                return False
            homes |= {root for root in summary.roots if isinstance(root, tuple)}
    return all(_is_told(context, home) for home in homes)


def _is_told(context: Context, home: Home) -> bool:
    drift = context.drift
    if drift is None or home in context.also or home[0] not in context.live or not drift.known(home):
        return False
    value = context.value(*home)
    if is_command(value) or is_atomic(value):
        return True
    if is_definition(value):
        return (value.__name__ if isinstance(value, types.ModuleType) else value.__module__) in context.live
    own = type(value).__module__ in context.live and is_open(value)
    return (own or isinstance(value, CONTAINERS)) and drift.opaque(home) is None
