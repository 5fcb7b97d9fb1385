"""Files of the app that were executed as modules which `sys.modules` does not know.

A loop with `spec_from_file_location()` and `exec_module()`, as loaders of jobs and plugins have it: what the files'
statements made lives in namespaces that nobody finds by a name. New code can be put into their functions; statements
can't be executed there again.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any

from ..source.active import active
from ..source.diff import Verdict, diff
from ..source.plan import Refusal
from .context import Context

_DO = (
    'restart the app; if the file is imported by its name (`importlib.import_module("package.module")`) instead, '
    "it follows upgrades"
)


def judge_executed(context: Context) -> None:
    """Refuse where such a namespace would have to follow."""
    if not _strangers(context):
        return
    context.collect(again=True)
    for name, called in _strangers(context).items():
        if (found := _what_changes(context, name)) is not None:
            line, what = found
            reason = f"it was also executed as a module that `sys.modules` does not know (`{called}`): there, {what}"
            context.plan.refusals.append(Refusal(name, context.file(name), line, name, reason, _DO))


def _strangers(context: Context) -> dict[str, str]:
    """Module by its file → what it is called in a namespace that is alive besides the module's."""
    by_file = {source.path: name for name, source in context.old.items()}
    known = {id(vars(module)) for module in list(sys.modules.values()) if type(module) is types.ModuleType}
    found: dict[str, str] = {}
    for space in _namespaces(context):
        if id(space) not in known and (name := by_file.get(str(space.get("__file__")))) is not None:
            found[name] = str(space.get("__name__"))
    return found


def _namespaces(context: Context) -> Iterator[dict[str, Any]]:
    yield from (vars(module) for module in context.survey.modules)
    yield from (function.__globals__ for function in context.survey.functions if "__spec__" in function.__globals__)


def _what_changes(context: Context, name: str) -> tuple[int, str] | None:
    """The line, and what can't be done for it in the other namespace."""
    old, new = context.old[name], context.new.get(name)
    if new is None:
        return 1, "it can't be taken out, and the file is gone"
    for change in diff(active(old.statements, name), active(new.statements, name)).changes:
        if change.verdict is not Verdict.SAME and not (change.verdict is Verdict.BODY and name in context.live):
            line = next(one.line for one in (change.new, change.old) if one is not None)
            return line, "a statement that changed can't be executed"
    touched = context.rebound | context.remade
    for statement in active(new.statements, name):
        called = context.new_names.reached(context.new_names.homes(name, statement.calls)).homes
        hit = (context.new_names.reads(name, statement) & touched) | (called & (touched | context.changed_bodies))
        if hit:
            return statement.line, f"what it has of `{min(hit)[1]}`, which changes, can't be made anew"
    return None
