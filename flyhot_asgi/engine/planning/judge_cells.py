"""What the program made of variables in closures (a decorator's count, its limiter, its memo) stays where the statement
that made the functions is executed again.

It is in the cells that the old functions have, and the new ones get these, if the release makes the same there as
before; if it makes something else, one of the two would be lost.
"""

from __future__ import annotations

import types
from collections.abc import Iterator

from ..living.cells import Cell, cells_of, unbound
from ..source.defuse import Home
from ..source.drift import Drift
from ..source.plan import Execute, Graft, Twin
from ..source.values import is_atomic
from .context import COLD, Context

_MEND = f"keep its name for one release, or {COLD}"


def keep_cells(context: Context) -> None:
    """Note in the plan which variables stay."""
    drift = context.drift
    if drift is None:
        return
    for item in context.plan.work:
        if item.module not in context.live or (isinstance(item, Execute) and item.annotate_only):
            continue
        for name, member in _functions(context, item):
            first, _, rest = name.partition(".")
            function = unbound(member)
            below = f".{rest}" if rest else ""
            below += "()" if function is not member else ""
            for one in cells_of(function):
                at = Cell(below + one.part, one.place, one.variable, one.cell)
                if _stays(context, drift, (item.module, first), at):
                    context.plan.cells.setdefault(item.module, set()).add((name, one.place, one.variable))


def _functions(context: Context, item: Execute | Graft | Twin) -> Iterator[tuple[str, object]]:
    """What the item makes again, by its name in the module, as it lives."""
    if isinstance(item, Execute):
        yield from ((name, context.value(item.module, name)) for name in item.statement.binds)
        return
    classes = [(item.cls, item.node_path)] if isinstance(item, Graft) else [(one.cls, one.path) for one in item.classes]
    for cls, path in classes:
        for name, member in list(vars(cls).items()):
            yield ".".join((*path, name)), member


def _stays(context: Context, drift: Drift, home: Home, one: Cell) -> bool:
    after = drift.counterpart(home, one.part)
    if after is None:  # its variable is gone, as any state is whose statement is, unless another takes its place
        if drift.by_program(home, one.part) and (instead := _instead(drift, home)):
            what = f"`{one.variable}` in the closure of `{home[1]}` is gone, and {instead}: what the running program "
            statement = context.new_names.binders(home[0])[home[1]]
            context.refuse(home[0], statement, f"{what}made of it would be lost", do=_MEND)
        return False
    before, now = drift.described("old", home, one.part), drift.described("new", home, after)
    if before == now:
        return drift.by_program(home, one.part) or _may_be_kept(context, drift, home, one, after)
    if drift.by_program(home, one.part) and drift.described("live", home, one.part) != now:
        shown = f"{home[1]}{one.part.partition('[')[0]}"
        reason = f"`{one.variable}` in the closure of `{shown}` was changed by the running program and is changed by "
        statement = context.new_names.binders(home[0])[home[1]]
        context.refuse(home[0], statement, f"{reason}the release too")
    return False


def _instead(drift: Drift, home: Home) -> str | None:
    """What the release has where a variable was: others in the closures of that name, or an object."""
    before, now = drift.described("old", home), drift.described("new", home)
    kinds = [side.get("", ("", ""))[1] for side in (before, now)]
    if kinds[0].startswith("function ") and kinds[1].startswith("a "):
        return "what it means is an object now"
    come = sorted(set(filter(None, map(_variable, now))) - set(map(_variable, before)))
    return f"`{come[0]}` has come" if come else None


def _variable(path: str) -> str | None:
    name = path.rpartition("[")[2].removesuffix("]")
    return name if path.endswith("]") and name.isidentifier() else None


def _may_be_kept(context: Context, drift: Drift, home: Home, one: Cell, after: str) -> bool:
    """Whoever else knows the object goes on to share it; unless it is one that nobody can look into, such as what a
    library made of the function (`validate_call`), and the function has a method of."""
    contents = one.cell.cell_contents
    if is_atomic(contents):
        return False
    if isinstance(contents, types.MethodType) and type(contents.__self__).__module__ not in context.live:
        return False
    return drift.opaque(home, one.part) is None or (after == one.part and drift.as_before(home, one.part))
