"""Which `lru_cache`s hold what old code gave. They are emptied; singletons and other objects with state are kept.

A result may come from code that no analysis follows (a method of whatever was handed in, an operator, a property). So
a cache of plain values is emptied as soon as anything changed that a call may run: it is filled again, at the price of
a miss. A cache of objects is state (the one engine, the room of that name); it is emptied only where its own function,
or one that it calls by name, changed.
"""

from __future__ import annotations

import types

from ..living.caches import results
from ..source.defuse import Home
from ..source.values import is_plain
from .context import Context


def judge_caches(context: Context) -> None:
    """Write the living caches that must be emptied into the plan."""
    touched = context.changed_bodies | context.rebound | context.reshaped
    if not touched and not context.plan.changed:
        return
    for cache in context.survey.caches:
        inner = getattr(cache, "__wrapped__", None)
        if not isinstance(inner, types.FunctionType) or inner.__globals__.get("__name__") not in context.new:
            continue
        if not cache.cache_info().currsize:
            continue
        home = (str(inner.__globals__.get("__name__")), inner.__code__.co_qualname)
        hit = changes_with(context, home, touched)
        plain = all(is_plain(value) for value in results(cache))
        if plain or (hit and takes_arguments(inner)):
            context.plan.caches.append(cache)
        elif hit:
            context.plan.notes.append(
                f"{context.file(home[0])}: `{home[1]}` keeps the object in its cache, which the old code made"
            )


_MANY = 0x0C
"""CO_VARARGS, CO_VARKEYWORDS."""


def takes_arguments(function: types.FunctionType) -> bool:
    code = function.__code__
    return bool(code.co_argcount or code.co_kwonlyargcount or code.co_flags & _MANY)


def changes_with(context: Context, home: Home, touched: set[Home]) -> bool:
    """Its own code, or code that it calls by name, is another one after the upgrade."""
    if home in touched:
        return True
    reach = context.new_names.reached({(home[0], home[1].partition(".")[0])})
    methods = {changed.rpartition(".")[2] for _, changed in context.changed_bodies if "." in changed}
    return bool(reach.homes & touched or reach.attributes & methods)
