"""sqladmin: model views stay the same classes and objects when they, or the models that they show, change.

A view's metaclass notes the model's keys, its instance (one per admin, made when it was added) what columns it shows
and how. The class statement is executed again so that the living class comes out of it (`recast`), what the admin set
on it stays, and the instances are initialised anew in place. What an admin took from a view when it was added (its
place in the menu, routes of its actions) is refused if it changes. Attempted, as classes are compared with a cold
import.
"""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Collection, Mapping
from typing import Any

from ..living.inventory import subclasses
from ..patching.journal import Journal
from ..patching.registration import Registration
from ..planning.context import COLD, Adapter, Context
from ..source.diff import Change, NamespaceDiff, Verdict, diff
from ..source.module import Statement, decorator_name, statements_of
from ..source.plan import Action, Execute
from .schemas import added, instances_of

_TAKEN = frozenset({"name", "icon", "category", "category_icon", "identity", "is_model"})
_MADE = frozenset({"pk_columns", "identity", "model", "name", "name_plural"})
_FILLED = ("_custom_actions_in_list", "_custom_actions_in_detail", "_custom_actions_confirmation")
_MISSING: Any = object()


class AdminViewsAdapter(Adapter):
    """Claims changes of sqladmin's model views."""

    def recasts(self, context: Context, module: str, change: Change, living: type, of: str | None) -> bool:
        if not is_view(living) or change.old is None or change.new is None:
            return False
        old, new = change.old.node, change.new.node
        if not isinstance(old, ast.ClassDef) or not isinstance(new, ast.ClassDef):
            return False
        if (reason := _problem(context, old, new, living)) is not None:
            context.refuse(module, change.new, reason, do=COLD)
            return True
        why = "it is made anew in place" if of is None else f"it was built from {of}; it is made anew in place"
        context.execute(module, change.new, recast=True)
        context.step(module, change.new, Action.GRAFT, why)
        return True

    def plan(self, context: Context, diffs: Mapping[str, NamespaceDiff]) -> None:
        found: dict[Statement, tuple[type, frozenset[str]]] = {}
        for item in context.plan.work:
            if isinstance(item, Execute) and item.recast:
                living = context.value(item.module, item.statement.binds[0])
                before = context.old_names.binders(item.module).get(item.statement.binds[0])
                if is_view(living) and before is not None and isinstance(before.node, ast.ClassDef):
                    named = {n for s in statements_of(before.node.body, docstring=True) for n in s.binds}
                    found[item.statement] = (living, frozenset(named))
        if found:
            context.plan.registrations.append(Views(found))


def is_view(value: object) -> bool:
    kind = getattr(sys.modules.get("sqladmin.models"), "ModelViewMeta", None)
    return kind is not None and isinstance(value, kind)


def _problem(context: Context, old: ast.ClassDef, new: ast.ClassDef, living: type) -> str | None:
    if [ast.dump(k) for k in old.keywords] != [ast.dump(k) for k in new.keywords]:
        return "it shows another model; the admin has its routes and its menu from when the view was added"
    members = diff(statements_of(old.body, docstring=True), statements_of(new.body, docstring=True))
    for change in members.of(Verdict.CHANGED, Verdict.ADDED, Verdict.DELETED, Verdict.RERUN):
        if taken := sorted(_TAKEN.intersection(change.statement.binds)):
            return f"the admin took `{taken[0]}` when the view was added"
        for side in (change.old, change.new):
            if side is not None and _registers(side):
                return f"the admin has a route for `{side.name}` from when the view was added"
    for base in living.__mro__:
        if base.__module__ in context.old and "__init__" in vars(base) and instances_of([living, *subclasses(living)]):
            return "its `__init__` may keep more than what it shows, and a living one would lose it"
    return None


def _registers(member: Statement) -> bool:
    """Under sqladmin's `@action(…)` or `@expose(…)`."""
    return any((decorator_name(d) or "").rpartition(".")[2] in ("action", "expose") for d in member.decorators)


class Views(Registration):
    """Keeps what an admin set on the classes, and initialises their living instances anew. `classes`: by the statement
    that makes it, a class and the names that the old release's text binds in it."""

    def __init__(self, classes: Mapping[Statement, tuple[type, Collection[str]]]) -> None:
        self._classes = classes
        self._instances: list[Any] = []
        self._before: dict[type, dict[str, Any]] = {}

    def look(self) -> None:
        kinds = {kind for cls, _ in self._classes.values() for kind in [cls, *subclasses(cls)]}
        self._instances = added(self._instances, instances_of(kinds))

    def begin(self, journal: Journal) -> None:
        self._before = {cls: dict(vars(cls)) for cls, _ in self._classes.values()}

    def collect(self, statement: Statement, journal: Journal) -> None:
        if statement not in self._classes:
            return
        cls, named = self._classes[statement]
        for name, value in self._before[cls].items():
            if name not in vars(cls) and name not in named and name not in _MADE and not name.startswith("__"):
                setattr(cls, name, value)  # the class's pre-image is in the journal

    def finish(self, journal: Journal) -> None:
        for one in self._instances:
            fields = dict(vars(one))
            journal.note(f"a {type(one).__qualname__}", functools.partial(_restore, one, fields))
            vars(one).clear()
            type(one).__init__(one)
            for name in _FILLED:
                if name in fields:
                    vars(one)[name] = fields[name]
        self._instances, self._before = [], {}


def _restore(one: Any, fields: dict[str, Any]) -> None:
    vars(one).clear()
    vars(one).update(fields)
