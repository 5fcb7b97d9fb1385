"""Modules that are not where imports look for them: what they have lives on, and no upgrade can get at it.

`sys.modules[__name__] = Api()` puts an object in a module's place; a loader of plugins executes a file and tells
`sys.modules` nothing. Their functions can be found, by their code; their names and constants can't.
"""

from __future__ import annotations

import sys

from ..source.plan import Refusal
from .context import COLD, Context


def judge_replaced(context: Context) -> None:
    """Refuse where the text of such a module changed."""
    for name in context.old.keys() & context.new.keys() - context.live.keys():
        source = context.new[name]
        if source.text == context.old[name].text:
            continue
        if (found := sys.modules.get(name)) is not None:
            reason = f"in its place in `sys.modules` stands a `{type(found).__qualname__}`, not a module"
        elif _lives(context, context.old[name].path):
            reason = "it was executed without a place in `sys.modules`, and functions of it are alive"
        else:
            continue
        refusal = Refusal(name, source.shown, 1, name, f"{reason}: what it has can't be got at", COLD)
        if refusal not in context.plan.refusals:
            context.plan.refusals.append(refusal)


def _lives(context: Context, path: str) -> bool:
    if not any(one.__code__.co_filename == path for one in context.survey.functions):
        return False
    context.collect()
    return any(one.__code__.co_filename == path for one in context.survey.functions)
