"""Which `lru_cache`s hold what old code gave. They are emptied; singletons and other objects with state are kept.

A result may come from code that no analysis follows (a method of whatever was handed in, an operator, a property). So
a cache of plain values is emptied as soon as anything changed that a call may run: it is filled again, at the price of
a miss. A cache of objects is state (the one engine, the room of that name) and stays. It is emptied where its own
function, or one that it calls by name, changed, and none of the objects can have been given anything since it was made.
Plain containers that the app's code changes (`settings()["limit"] = 5`) are state, too.
"""

from __future__ import annotations

import types
from typing import Any

from ..living.caches import results
from ..source.defuse import Home
from ..source.handled import Handled, handled
from ..source.values import is_atomic, is_plain
from .context import COLD, Context
from .has_state import has_state


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
        _judge(context, cache, inner, home, touched)


def _judge(context: Context, cache: Any, inner: types.FunctionType, home: Home, touched: set[Home]) -> None:
    kept, hit = results(cache), changes_with(context, home, touched)
    plain = all(is_plain(value) for value in kept)
    changed = plain and any(not is_atomic(value) for value in kept) and _is_changed(context, inner.__name__)
    if changed and home in touched:
        statement = context.new_names.binders(home[0]).get(home[1].partition(".")[0])
        if statement is not None:
            reason = "its cache keeps a container that the app's code changes, and how it is made changed"
            mend = f"empty it while the old release runs (`{home[1]}.cache_clear()`), or {COLD}"
            context.refuse(home[0], statement, reason, do=mend, name=home[1])
    elif plain and not changed:
        context.plan.caches.append(cache)
    elif hit and not changed and takes_arguments(inner) and not any(has_state(context, value) for value in kept):
        context.plan.caches.append(cache)
    elif hit:
        context.plan.notes.append(
            f"{context.file(home[0])}: `{home[1]}` keeps {'the object' if len(kept) == 1 else 'objects'} in its cache, "
            "which the old code made"
        )


def _is_changed(context: Context, name: str) -> bool:
    sources = [*context.old.values(), *context.new.values()]
    return handled(sources, name, called=True) is Handled.CHANGED


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
