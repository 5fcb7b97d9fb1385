"""Names that a module deleted when it had no more use for them, and that a statement of it needs again.

`_make = …; X = _make(); del _make`: where `X` is made again, so is `_make`, for as long as the statements run. Only
imports, functions without decorators and plain values are: executing them has no effect. Afterwards the names go again,
unless a cold import of the new release keeps them; the comparison with that sees to it.
"""

from __future__ import annotations

import ast

from ..source.module import Statement
from ..source.plan import Action, Execute, Twin
from ..source.values import is_pure, value_of
from .context import Context

_MOST = 8


def bring_back(context: Context) -> None:
    """Plan to bind them while the statements run."""
    drift = context.drift
    for _ in range(_MOST):
        needed = sorted({home for item in context.plan.work for home in _lacking(context, item)})
        if not needed or drift is None:
            return
        for module, name in needed:
            statement = _binders(context, module)[name]
            context.execute(module, statement)
            context.step(module, statement, Action.EXECUTE, "a statement needs it that the module had deleted it after")
            for bound in statement.binds:
                if bound not in drift.names("new", module):
                    context.plan.deleted_names.append((module, bound))


def _lacking(context: Context, item: object) -> set[tuple[str, str]]:
    if not isinstance(item, Execute | Twin) or (isinstance(item, Execute) and item.annotate_only):
        return set()
    binders, space = _binders(context, item.module), context.namespace(item.module)
    lacking = {name for name in item.statement.reads if name not in space and name in binders}
    return {
        (item.module, name)
        for name in lacking
        if binders[name] not in context.planned and _has_no_effect(binders[name]) and name not in item.statement.binds
    }


def _binders(context: Context, module: str) -> dict[str, Statement]:
    found = context.new[module].statements
    return {name: s for s in found if not isinstance(s.node, ast.Delete) for name in s.binds}


def _has_no_effect(statement: Statement) -> bool:
    if statement.kind == "assign":
        value = value_of(statement.node)
        return value is not None and is_pure(value)
    return statement.kind == "import" or (statement.kind == "def" and not statement.decorators)
