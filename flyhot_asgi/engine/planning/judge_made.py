"""Instances that would lack attributes which making one sets now, under names that no method writes out.

A module's constant says which, a class attribute, or a function that is handed the instance: the class itself may not
have changed at all. Nothing else would see it: instances are no part of a module's structure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..living.attributes import answers, initialised, lacking
from ..source.module import SourceModule
from ..source.schema import always_set, class_in, class_level
from ..source.setting import Chain, attributes_worked_out
from .context import Context
from .judge_instances import lacks
from .left_behind import Among


def judge_made_instances(context: Context) -> None:
    if not context.plan.changed:
        return
    for cls in sorted(context.survey.classes, key=lambda cls: (cls.__module__, cls.__qualname__)):
        if context.survey.instances[cls]:
            _judge(context, cls)


def _judge(context: Context, cls: type) -> None:
    old, new = (chain_of(side, cls) for side in (context.old, context.new))
    if not old or not new or old[0][0] != cls.__module__ or new[0][0] != cls.__module__:
        return
    before = attributes_worked_out(context.old_names, old)
    given = {name for _, node in new for name in class_level(node)}
    gained = {n for n in attributes_worked_out(context.new_names, new) - before - given if not answers(cls, n)}
    if not gained or not context.instances(cls):
        return
    always = {name for _, node in old for name in always_set(node)}

    def concerned() -> list[Any]:
        living = initialised([one for one in context.survey.objects(cls) if type(one) is cls], before)
        return lacking(living, gained, always)

    if concerned():
        refuse_lacking(context, cls, concerned, gained)


def refuse_lacking(context: Context, cls: type, concerned: Among, gained: set[str]) -> None:
    """Refuse for the class's sake, unless a `code_change` sees to those instances."""
    statement = context.new_names.binders(cls.__module__).get(cls.__qualname__.partition(".")[0])
    if statement is not None and (gap := lacks(context, cls, concerned, gained)) is not None:
        context.refuse(cls.__module__, statement, gap[0], do=gap[1], name=cls.__qualname__)


def chain_of(side: Mapping[str, SourceModule], cls: type) -> Chain:
    """The class and those of the app's that it derives from, as a release writes them."""
    found = []
    for base in cls.__mro__:
        source = side.get(base.__module__)
        node = class_in(source.tree, base.__qualname__.split(".")) if source is not None else None
        if node is not None:
            found.append((base.__module__, node))
    return found
