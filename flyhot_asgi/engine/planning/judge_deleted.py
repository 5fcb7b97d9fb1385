"""Modules that are gone from the source: what of them somebody still holds would run old code for ever.

Most of a module goes with it: what its names lead to holds nothing for anybody else. So what is its own (definitions,
what generated or wrapped them, the namespace) is let go of in one scan, which then finds who is left: a list of another
module, a library's register, a task. Whatever ends the way up so is asked for itself, as nobody is found beyond it.
"""

from __future__ import annotations

import gc
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..living.holders import insides
from ..source.plan import Refusal
from .context import COLD, Context
from .doomed import bound_anew, dict_of, doomed, let_go
from .judge_classes import all_classes

_MANY = 200
"""Instances of one class beyond which nobody is asked who has them."""


@dataclass(frozen=True)
class _Leaving:
    """What the whole plan lets go of, worked out once: `moved`, ids of what stays alive elsewhere; the others as
    `Context.scan` takes them."""

    moved: set[int]
    but: list[object]
    going: list[object]
    renamed: list[object]


def judge_deleted(context: Context) -> None:
    """Refuse what outlives its module. Asked when all else is planned."""
    deleted = list(context.plan.deleted)
    if not deleted:
        return
    going = [part for name in deleted for part in _parts(context, name)]
    going += [*_dropped(context), *let_go(context)]
    leaving = _Leaving(moved_parts(context), doomed(context), going, bound_anew(context))
    for name in deleted:
        _judge_classes(context, name, leaving)
        _judge_functions(context, name, leaving)


def _parts(context: Context, name: str) -> Iterator[object]:
    """What is a module's own: whoever holds something by way of one of these alone has it no more."""
    namespace = context.namespace(name)
    yield from (namespace, context.live.get(name))
    yield from _functions_of(context, name)
    for function in _made_there(context, name):
        yield from insides(function)
    for cls in all_classes(namespace, name):
        yield from (*insides(cls), dict_of(cls))


def _functions_of(context: Context, name: str) -> list[types.FunctionType]:
    """Those alive whose text is the module's."""
    path = context.old[name].path
    return [one for one in context.survey.functions if one.__code__.co_filename == path]


def _made_there(context: Context, name: str) -> Iterator[types.FunctionType]:
    """Functions by names of the module, or of its classes, whose code is a library's: what its decorators made of its
    own, and goes by their names."""
    namespace, path = context.namespace(name), context.old[name].path
    spaces = [namespace, *map(vars, all_classes(namespace, name))]
    for value in [value for space in spaces for value in list(space.values())]:
        inner = getattr(value, "__func__", None) if type(value) in (staticmethod, classmethod) else value
        if isinstance(inner, types.FunctionType) and inner.__module__ == name and inner.__code__.co_filename != path:
            yield inner


def _judge_classes(context: Context, name: str, leaving: _Leaving) -> None:
    for cls in [one for one in all_classes(context.namespace(name), name) if id(one) not in leaving.moved]:
        objects = context.survey.objects(cls) if context.instances(cls) else []
        seen = len(objects) <= _MANY and all(map(gc.is_tracked, objects))
        if count := len(_held(context, objects, leaving)) if seen else len(objects):
            _refuse(context, name, cls.__qualname__, f"{count} instance(s) of it are alive")
        elif (where := context.listed(cls)) is not None:
            _refuse(context, name, cls.__qualname__, f"it is still held by {where}")


def _judge_functions(context: Context, name: str, leaving: _Leaving) -> None:
    namespace = context.namespace(name)
    asked = [one for one in _functions_of(context, name) if id(one) not in leaving.moved]
    context.plan.orphans.update(asked)
    paths = [one.__code__.co_qualname for one in asked]
    for wrapper in [one for one in _made_there(context, name) if one.__globals__ is not namespace]:
        asked.append(wrapper)
        paths.append(wrapper.__qualname__)
    for index, holder in _held(context, asked, leaving).items():
        _refuse(context, name, paths[index], f"it is still held by {holder}")


def _held(context: Context, values: Sequence[object], leaving: _Leaving) -> dict[int, str]:
    """Which of them the app or a library has, by their places, each with one who has it, in words. What only the
    embedding program has is noted in the plan."""
    but = [values, *leaving.but]
    found = context.scan(values, but, leaving.going, leaving.renamed)
    if any(map(found.counting, range(len(values)))):
        del found
        context.collect()  # garbage holds nothing
        found = context.scan(values, but, leaving.going, leaving.renamed)
    held: dict[int, str] = {}
    for index, value in enumerate(values):
        if who := found.counting(index):
            held[index] = who[0]
        elif outside := found.outside(index):
            context.plan.note_orphan(value, outside)
    return held


def moved_parts(context: Context) -> set[int]:
    """Ids of what moves to another module, with the functions inside: it stays alive, and runs new code."""
    return {id(part) for move in context.moves.values() for part in insides(move.living)}


def _dropped(context: Context) -> list[object]:
    """What the registered objects that the plan drops are made of: it goes with them, unless a module names it."""
    named = {id(value) for module in context.live.values() for value in vars(module).values()}
    found: list[object] = []
    seen: set[int] = set()
    queue = list(context.dropped)
    while queue and len(found) < 20_000:
        obj = queue.pop()
        if id(obj) in seen or id(obj) in named or isinstance(obj, type | types.ModuleType):
            continue
        seen.add(id(obj))
        found.append(obj)
        if isinstance(obj, types.FunctionType):
            queue += [*(obj.__closure__ or ()), obj.__defaults__, obj.__kwdefaults__]
        else:
            queue += gc.get_referents(obj)
    return found


def _refuse(context: Context, module: str, name: str, why: str) -> None:
    reason = f"its module is gone from the source, but {why}"
    context.plan.refusals.append(Refusal(module, context.old[module].shown, 1, name, reason, COLD))
