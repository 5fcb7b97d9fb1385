"""A value in a class that is annotated otherwise, and made by the same text: it lives on."""

from __future__ import annotations

import ast
import copy

from ..source.diff import Change, Verdict
from ..source.module import statements_of
from ..source.values import value_of


def annotated_otherwise(change: Change) -> Change | None:
    """The change without the value: executing it tells the class the new annotation. None if the value changed, too."""
    if change.verdict not in (Verdict.CHANGED, Verdict.RERUN) or change.old is None or change.new is None:
        return None
    old, new = change.old.node, change.new.node
    if not isinstance(new, ast.AnnAssign) or not isinstance(new.target, ast.Name) or new.value is None:
        return None
    before = value_of(old)
    if before is None or ast.dump(before) != ast.dump(new.value) or change.old.binds != change.new.binds:
        return None
    node = copy.deepcopy(new)
    node.value = None
    (statement,) = statements_of([node], docstring=False, postponed=change.new.postponed)
    return Change(Verdict.CHANGED, change.old, statement)
