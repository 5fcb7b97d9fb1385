"""What the program made of variables in closures (a decorator's count, its limiter, its memo) stays where the statement
that made the functions is executed again.

It is in the cells that the old functions have, and the new ones get these, if the release makes the same there as
before; if it makes something else, one of the two would be lost.
"""

from __future__ import annotations

import types
from dataclasses import replace

from ..living.cells import Cell, cells_of
from ..source.defuse import Home
from ..source.drift import Drift
from ..source.plan import Execute
from ..source.values import is_atomic
from .context import Context


def keep_cells(context: Context) -> None:
    """Note in the plan which variables stay."""
    drift = context.drift
    if drift is None:
        return
    for index, item in enumerate(context.plan.work):
        if not isinstance(item, Execute) or item.annotate_only or item.module not in context.live:
            continue
        stays = []
        for name in item.statement.binds:
            live = context.value(item.module, name)
            for one in cells_of(live) if isinstance(live, types.FunctionType) else []:
                if _stays(context, drift, item, (item.module, name), one):
                    stays.append((name, one.place, one.variable))
        if stays:
            context.plan.work[index] = replace(item, cells=frozenset(stays))


def _stays(context: Context, drift: Drift, item: Execute, home: Home, one: Cell) -> bool:
    after = drift.counterpart(home, one.part)
    if after is None:
        return False  # its variable is gone, as any state is whose statement is
    as_before = drift.described("old", home, one.part) == drift.described("new", home, after)
    if as_before:
        return drift.by_program(home, one.part) or _may_be_kept(drift, home, one, after)
    if drift.by_program(home, one.part) and drift.described("live", home, one.part) != drift.described(
        "new", home, after
    ):
        reason = f"`{one.variable}` in the closure of `{home[1]}` was changed by the running program and is changed by "
        context.refuse(item.module, item.statement, f"{reason}the release too")
    return False


def _may_be_kept(drift: Drift, home: Home, one: Cell, after: str) -> bool:
    """Whoever else knows the object goes on to share it; unless it is one that nobody can look into."""
    if is_atomic(one.cell.cell_contents):
        return False
    return drift.opaque(home, one.part) is None or (after == one.part and drift.as_before(home, one.part))
