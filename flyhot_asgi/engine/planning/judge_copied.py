"""Dicts and lists that instances had of a constant when they were made, and that lack what code now asks of them.

The class's own text may not have changed at all: the constant did, or the literal in `__init__`.
"""

from __future__ import annotations

from ..living.attributes import fields_of
from ..source.copied import asked_of, copied, keys_of
from .context import COLD, Context
from .judge_made import chain_of
from .left_behind import left_behind


def judge_copied(context: Context) -> None:
    """Refuse for each class with such instances, unless a `code_change` sees to them."""
    if not context.plan.changed:
        return
    for cls in sorted(context.survey.classes, key=lambda cls: (cls.__module__, cls.__qualname__)):
        if context.survey.instances[cls]:
            _judge(context, cls)


def _judge(context: Context, cls: type) -> None:
    old, new = (chain_of(side, cls) for side in (context.old, context.new))
    before, after = copied(context.old_names, old), copied(context.new_names, new)
    for name in sorted(before.keys() & after.keys()):
        gained = keys_of(after[name]) - keys_of(before[name])
        gained &= asked_of(name, (source.tree for source in context.new.values())) if gained else frozenset()
        if gained and context.instances(cls):
            _refuse(context, cls, name, gained)


def _refuse(context: Context, cls: type, name: str, gained: frozenset[str | int]) -> None:
    def concerned() -> list[object]:
        found = [(one, (fields_of(one) or {}).get(name)) for one in context.survey.objects(cls)]
        return [one for one, kept in found if type(one) is cls and _lacks(kept, gained)]

    if not (lacking := concerned()):
        return
    if context.has_code_change(cls) and not left_behind(context, cls, concerned):
        return
    statement = context.new_names.binders(cls.__module__).get(cls.__qualname__.partition(".")[0])
    if statement is not None:
        key = min(gained, key=str)
        reason = f"in {len(lacking)} living instance(s) `{name}` lacks `[{key!r}]`, which code now asks of it"
        do = f"give the class a `code_change`, or {COLD}"
        context.refuse(cls.__module__, statement, reason, do=do, name=cls.__qualname__)


def _lacks(kept: object, gained: frozenset[str | int]) -> bool:
    if isinstance(kept, dict):
        return any(key not in kept for key in gained)
    return isinstance(kept, list) and any(isinstance(key, int) and key >= len(kept) for key in gained)
