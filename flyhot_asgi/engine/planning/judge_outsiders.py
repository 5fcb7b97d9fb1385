"""Instances that lack an attribute which functions outside of their class set now, and others read.

The class may be the old one to the letter. Refused, as no check of structure can see it: the instances are as the old
code made them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..living.attributes import answers, has, lacking, surely_set
from ..source.module import SourceModule
from ..source.outsiders import Touch, touches
from ..source.plan import Refusal
from ..source.schema import read_by_methods
from .context import COLD, Context
from .judge_abandoned import judge_abandoned
from .judge_applied import judge_applied
from .judge_copied import judge_copied
from .judge_defaults import judge_defaults
from .judge_keyed import judge_keyed
from .judge_pickled import judge_pickled
from .judge_queued import judge_queued
from .judge_records import judge_records
from .judge_replaced import judge_replaced
from .judge_stored import judge_stored


def judge_outsiders(context: Context) -> None:
    """Compare what functions of the changed modules set on others' objects with what they set before, and what they
    take out of queues with what lies there."""
    judge_replaced(context)
    judge_queued(context)
    judge_records(context)
    judge_stored(context)
    judge_keyed(context)
    judge_abandoned(context)
    judge_defaults(context)
    judge_pickled(context)
    judge_applied(context)
    if not context.plan.refusals:  # or that says what lacks
        judge_copied(context)
    names = [name for name in [*context.plan.changed, *context.plan.added] if name in context.new]
    after = {name: touches(context.new[name].tree) for name in names}
    before = {one for name in names if name in context.old for one in touches(context.old[name].tree)}
    known = {attribute for one in before for attribute in one.stored}
    fresh = [(n, one) for n, found in after.items() for one in found if one.stored - known]
    if not fresh:
        return
    everywhere = list(context.new.values())
    for module, one in fresh:
        for attribute in sorted(one.stored - known):
            if _read_by_others(everywhere, attribute, one) and (found := _lacking(context, module, one, attribute)):
                cls, count = found
                reason = (
                    f"`{attribute}` is set on instances of `{cls.__qualname__}` now, and read of them; "
                    f"{count} living instance(s) lack it"
                )
                do = f"give the class a default (`{attribute} = …` in its body), or {COLD}"
                refusal = Refusal(module, context.file(module), one.line, one.function, reason, do)
                if refusal not in context.plan.refusals:
                    context.plan.refusals.append(refusal)


def _read_by_others(sources: Iterable[SourceModule], attribute: str, by: Touch) -> bool:
    for source in sources:
        if attribute not in source.text:
            continue
        if attribute in read_by_methods(source):
            return True
        if any(attribute in one.loaded and attribute not in one.stored for one in touches(source.tree)):
            return True
    return False


def _lacking(context: Context, module: str, one: Touch, attribute: str) -> tuple[type, int] | None:
    """A class of the app's with living instances that lack the attribute, and how many."""
    for cls in _candidates(context, module, one):
        if not context.instances(cls) or any(attribute in vars(base) for base in cls.__mro__):
            continue
        objects = context.survey.objects(cls)
        if one.cls is None:
            objects = [obj for obj in objects if _fits(obj, one, attribute)]
        if found := lacking(objects, [attribute], surely_set(cls, context.old)):
            return cls, len(found)
    return None


def _candidates(context: Context, module: str, one: Touch) -> list[type]:
    if one.cls is None:
        return [kind for kind in context.survey.instances if kind.__module__ in context.live]
    home = context.new_names.home(module, one.cls)
    found = context.resolve(*home) if home is not None and home[0] in context.live else None
    return [found] if isinstance(found, type) else []


def _fits(obj: Any, one: Touch, attribute: str) -> bool:
    """Nothing but its use tells what the variable is: the object has all else that is used of it, and one of that is
    its own."""
    others = (one.stored | one.loaded) - {attribute}
    return any(has(obj, name) for name in others) and all(has(obj, n) or answers(type(obj), n) for n in others)
