"""Objects that go with a plan: who of them holds something holds it no more when the plan is done."""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from ..living.wrapped import function_chain, functions_of_member
from ..source.plan import Execute, Twin
from .context import Context
from .judge_rebuild import built_from


def doomed(context: Context) -> list[object]:
    """Objects that go with the plan: functions and classes that it deletes, the insides of classes that it grafts, and
    members of these that it makes anew."""
    found: list[object] = []
    for module, name in context.plan.deleted_names:
        value = context.value(module, name)
        found += list(function_chain(value))
        if isinstance(value, type):
            found += [value, dict_of(value), *vars(value).values()]
    for item in context.plan.work:
        if isinstance(item, Twin):
            for one in item.classes:
                anew = vars(one.cls).keys() & one.bound - one.keep
                found += [*_members(one.cls, vars(one.cls).keys() - one.bound, anew), dict_of(one.cls)]
        elif isinstance(item, Execute):
            for cls in _replaced_classes(context, item):
                found += [cls, dict_of(cls), *vars(cls).values()]
        else:
            exchanged = {name for change in item.changes for name in change.statement.binds}
            found += [*_members(item.cls, item.deleted, exchanged), dict_of(item.cls)]
    return found


def _members(cls: type, deleted: Collection[str], anew: Collection[str]) -> Iterator[object]:
    """Nested classes that are made anew stay the same objects."""
    for name, value in vars(cls).items():
        if name in deleted or (name in anew and not isinstance(value, type)):
            yield value
            yield from functions_of_member(value)


def let_go(context: Context) -> list[object]:
    """What the plan lets go of: routes that it takes out, defaults and annotations of functions that it executes."""
    found = [*context.dropped, *context.caching]
    for item in context.plan.work:
        if not isinstance(item, Execute) or item.statement.kind != "def":
            continue
        for name in item.statement.binds:
            for function in function_chain(context.value(item.module, name)):
                found += [function.__defaults__, function.__kwdefaults__, function.__annotations__]
    return [one for one in found if one]


def registered(context: Context) -> list[object]:
    """What apps and routers hold that are made again whole: routes and what is in them, which go with it. If somebody
    else holds a function of theirs, that one counts."""
    spaces = {id(vars(module)) for module in list(sys.modules.values()) if type(module) is types.ModuleType}
    found: dict[int, object] = {}
    for app, router in context.made_whole():
        level = [fields.get(name) for fields in (vars(app), vars(router)) for name in _FILLED]
        while level and len(found) < _MOST:
            fresh = {id(one): one for one in level if id(one) not in found and id(one) not in spaces}
            found |= {key: one for key, one in fresh.items() if not isinstance(one, type | types.ModuleType)}
            level = gc.get_referents(*[one for key, one in fresh.items() if key in found])
    return list(found.values())


_FILLED = ("routes", "user_middleware", "exception_handlers", "middleware_stack")
_MOST = 50_000


def bound_anew(context: Context) -> list[object]:
    """The living objects of names that mean others, or nothing, when the plan is done."""
    homes = context.rebound | set(context.plan.deleted_names)
    return [context.value(*home) for home in homes if home[0] in context.live]


def still_held(context: Context, module: str, name: str, *, by_anybody: bool = False) -> list[str]:
    """Who holds a function that its name means no more, and will hold it when the plan is done, in words. A function
    that lives on for all that is found by the verification, as its code is not the release's."""
    live = context.value(module, name)
    return held_when_done(context, live, context.entries.places(module, name), by_anybody=by_anybody)


def held_when_done(context: Context, live: object, but: Sequence[object], *, by_anybody: bool = False) -> list[str]:
    """Asked when all else is planned: routes that are taken out hold their dependencies no more."""
    but = [*but, *doomed(context)]
    going, renamed = let_go(context), bound_anew(context)
    found = context.held_elsewhere(live, but, by_anybody=by_anybody, going=going, renamed=renamed)
    if found and context.whole:
        going += registered(context)
        found = context.held_elsewhere(live, but, by_anybody=by_anybody, going=going, renamed=renamed)
    return found[:3]


def _replaced_classes(context: Context, item: Execute) -> Iterator[type]:
    """Classes whose name means a function or a value now: who holds one was asked when its statement was judged."""
    for name in item.statement.binds if item.statement.kind in ("def", "assign") else ():
        value = context.value(item.module, name)
        before = context.old_names.binders(item.module).get(name) if item.module in context.old else None
        if (
            isinstance(value, type)
            and value.__module__ == item.module
            and before is not None
            and before.kind == "class"
        ):
            yield value


def dict_of(cls: type) -> Any:
    """The dict behind a class's read-only view of it."""
    return next((one for one in gc.get_referents(cls.__dict__) if type(one) is dict), None)


def held_beside(context: Context, cls: type, stays: Callable[[type], bool]) -> int:
    """How many instances of a class that is gone would be there yet when the plan is done: not those that it takes out
    of the classes that had them, nor those whose names mean something else then, with what was built from these. What
    of them is left in the app's own objects is seen by the comparison with a cold import. `stays`: does a class derive
    from it afterwards?"""
    objects = context.survey.objects(cls) if context.instances(cls) else []
    names = {id(one): list[object]() for one in objects}
    for home in context.rebound:
        value = context.value(*home) if home[0] in context.live else None
        if id(value) in names:
            names[id(value)] += built_from(context, home)
    going = doomed(context)
    return context.instances_held(cls, [*going, *(one for held in names.values() for one in held)], stays)
