"""Statements that are executed again with all that they do to libraries: which may be, and from what they start.

Attempted where all that they call can be looked at. Covered by the comparison of what is set before and after, which
raises where it is something else (`patching.repeating`); what the next release does no more, or does otherwise, is
refused here, as nothing of it would be seen there.
"""

from __future__ import annotations

import sys
from typing import Any

from ..living.origins import OF_LIBRARY, start
from ..living.process import SEEN
from ..living.reach import Reach, compared_elsewhere
from ..source.calls import Foreign
from ..source.module import Statement
from ..source.plan import Repeated
from .context import Context

_DO = "deploy this change cold (restart the app)"
_UNKNOWN = "it changes something outside of the app's own objects, of which too much can be reached to see what"


def repeat(context: Context, module: str, statement: Statement) -> str | None:
    """Note in the plan that the statement is executed once more with what it does to libraries. Why it can't be, as the
    rest of a sentence; None if it can."""
    done = context.slices.touch(module, statement).foreign
    before = context.slices.touched_before(module, statement)
    roots: list[Any] = []
    asked: set[str] = set()
    for one in done:
        found = _start(one)
        if found is None:
            return f"it runs `{one}`, which changes something outside of the app's own objects"
        roots += found
        asked |= {*one.asked, one.origin.rpartition(".")[2]}
    if done and context.drift is None:
        return f"it runs `{done[0]}`, and what that had set is not known"
    if before is not None and (reason := _differs(before.foreign, done)) is not None:
        return reason
    if (stands := _set_otherwise(context, done)) is not None:
        return stands
    if roots:
        reach = Reach(roots, asked, but=compared_elsewhere(context.live))
        if reach.too_much:
            return f"it runs `{done[0]}`, which can get hold of too much to see what it changes"
    if not any(item.statement is statement for item in context.plan.repeated):
        context.plan.repeated.append(Repeated(module, statement, tuple(roots), frozenset(asked)))
    return None


def _set_otherwise(context: Context, done: list[Foreign]) -> str | None:
    """Why what it sets in libraries is not as it was; what of a library is not known is none of a configuration's."""
    settings = context.drift.settings if context.drift is not None else {}
    for one in done:
        top = one.origin.partition(".")[0]
        name = f"{OF_LIBRARY}`{one.origin}`"
        if top not in sys.stdlib_module_names and name not in settings:
            return f"it runs `{one}`: {_UNKNOWN}"
        if differing := [part for part in otherwise(context) if part.startswith(name)]:
            return f"it runs `{one}`, and the release sets {differing[0]} otherwise"
    found = next((name for name in otherwise(context) if not name.startswith(OF_LIBRARY)), None)
    return f"it has to do with {found}, which the release sets otherwise" if found else None


def otherwise(context: Context) -> list[str]:
    """What the release sets in libraries or the process otherwise than the one that runs."""
    settings = context.drift.settings if context.drift is not None else {}
    return sorted(name for name, differs in settings.items() if differs)


def _differs(before: list[Foreign], after: list[Foreign]) -> str | None:
    was, now = ([(one.text, one.origin, one.whole) for one in side] for side in (before, after))
    if was == now:
        return None
    gone = [one for one in before if (one.text, one.origin, one.whole) not in now]
    come = [one for one in after if (one.text, one.origin, one.whole) not in was]
    text = (come or gone or after)[0]
    word = "does no more" if not come and gone else "does otherwise now" if come and gone else "newly does"
    return f"what makes it {word} `{text}`, which changes something outside of the app's own objects"


def _start(one: Foreign) -> list[Any] | None:
    """The library's objects that it starts from; nothing for what `process` looks at. None: nobody sees into it."""
    top = one.origin.partition(".")[0]
    if top in sys.stdlib_module_names:
        return [] if top in SEEN else None
    return start(one.origin)
