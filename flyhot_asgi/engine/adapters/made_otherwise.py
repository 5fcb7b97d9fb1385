"""Classes of the app's whose objects a framework made and keeps (routes, layers of middleware), and whose code that ran
then is another now: what it worked out is in the objects, and in the functions that it made for them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from ..planning.context import Context
from ..planning.judge_functions import runs_otherwise
from ..source.defuse import methods_of
from ..source.diff import NamespaceDiff


def made_otherwise(
    context: Context, diffs: Mapping[str, NamespaceDiff], counts: Callable[[str], bool] = lambda name: True
) -> set[type]:
    """Living classes that have, or derive from, a method that `counts` and runs other code now, came or went."""
    changed: set[type] = set()
    for module, changes in diffs.items():
        for change in changes.changes:
            old, new = (side.node if side is not None else None for side in (change.old, change.new))
            if isinstance(old, ast.ClassDef) and isinstance(new, ast.ClassDef) and any(map(counts, _other(old, new))):
                found = context.value(module, new.name)
                if isinstance(found, type):
                    changed.add(found)
    return {cls for cls in context.survey.classes if changed.intersection(cls.__mro__)} if changed else set()


def _other(old: ast.ClassDef, new: ast.ClassDef) -> set[str]:
    before, after = ({one.name: one for one in methods_of(node)} for node in (old, new))
    both = before.keys() & after.keys()
    return (before.keys() ^ after.keys()) | {name for name in both if runs_otherwise(before[name], after[name])}
