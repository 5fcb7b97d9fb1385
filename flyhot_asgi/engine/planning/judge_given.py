"""Generators that are kept, and go on to give what their old code gives: the new code that asks them would get numbers
where it takes pairs apart.

Those that only a running call has (`async for row in rows():`) are asked by the old code to their end, and a framework
that sends what they give takes all the same.
"""

from __future__ import annotations

import gc
import types
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..living.attributes import fields_of
from ..living.inventory import frame_of, running_code
from ..source.yielded import yielded
from .context import Context
from .judge_queued import functions_in

_GENERATORS = (types.GeneratorType, types.AsyncGeneratorType)
_KEEPS = (list, set, tuple, types.CellType)


def given_otherwise(context: Context) -> Iterator[tuple[str, int, str, str]]:
    """Module, line and name of each such function, and why."""
    changed = _changed(context)
    found: Counter[tuple[str, int, str, str]] = Counter()
    for one in context.survey.running if changed else ():
        if not isinstance(one, _GENERATORS) or (frame := frame_of(one)) is None:
            continue
        home = (str(frame.f_globals.get("__name__")), running_code(one).co_qualname)
        if home in changed and _is_kept(context, one):
            was, is_ = changed[home]
            found[
                home[0], frame.f_lineno, home[1], f"kept, and give(s) {was} still, where its code gives {is_} now"
            ] += 1
    for (module, line, name, why), count in found.items():
        yield module, line, name, f"{count} of it under way is/are {why}"


def _changed(context: Context) -> dict[tuple[str, str], tuple[str, str]]:
    """Functions that give something of another kind now, all of it, with what they gave and give."""
    found = {}
    for module in context.plan.changed:
        before = dict(functions_in(context.old[module]))
        for path, function in functions_in(context.new[module]):
            was, is_ = yielded(before[path]) if path in before else frozenset[str](), yielded(function)
            if was and is_ and not was & is_ and "others" not in is_:
                found[module, path] = ("something else" if "others" in was else min(was), min(is_))
    return found


def _is_kept(context: Context, one: Any) -> bool:
    """The app has it in an attribute, a container or a closure."""
    ours = {id(context.survey.lists), *map(id, context.survey.lists)}
    return any(_keeps(context, holder) for holder in gc.get_referrers(one) if id(holder) not in ours)


def _keeps(context: Context, holder: object) -> bool:
    if type(holder) is dict:
        owners = [each for each in gc.get_referrers(holder) if fields_of(each) is holder]
        return all(_keeps(context, owner) for owner in owners)
    return isinstance(holder, _KEEPS) or isinstance(holder, types.ModuleType) or type(holder).__module__ in context.old
