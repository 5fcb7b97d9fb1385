"""Modules of others that the release imports and this process has not: imported before anybody is held."""

from __future__ import annotations

import ast
import sys

from ..source.active import active
from ..source.defuse import imported_from
from ..source.plan import Execute
from .context import Context


def plan_preimports(context: Context) -> None:
    """Write their names into the plan, in the order in which the release imports them."""
    added = [(name, s) for name in context.plan.added for s in active(context.new[name].statements, name)]
    planned = [(item.module, item.statement) for item in context.plan.work if isinstance(item, Execute)]
    for module, statement in [*added, *planned]:
        node = statement.node
        if isinstance(node, ast.Import):
            names = [node.names[0].name]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [imported_from(context.new[module], node)]
        else:
            continue
        for name in names:
            known = name in sys.modules or name in context.new or name.partition(".")[0] in context.new
            if not known and name not in context.plan.preimport:
                context.plan.preimport.append(name)
