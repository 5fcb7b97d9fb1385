"""What may be done with a changed class.

The class object stays; its members are replaced one by one, executed in the class's own namespace. No second class is
made, so that nothing which counts classes (`__subclasses__`, `__init_subclass__`, registries) sees one. What makes a
class more than the sum of its members (bases, metaclass, generated methods, slots, enum values, model fields) is
refused here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from ..living.inventory import module_of
from ..source.diff import Change, NamespaceDiff, Verdict
from ..source.module import NamesRead, Statement, statements_of
from ..source.plan import Action, Graft
from ..source.values import is_a
from .class_kinds import entered_again, ungraftable, why_not_made
from .context import Context
from .doomed import held_beside
from .judge_members import Ungraftable, judge_members, plan_graft, whole


def judge_class(context: Context, module: str, change: Change) -> None:
    statement = change.statement
    if change.verdict is Verdict.ADDED or (module, statement.binds[0]) in context.moved_to:
        _judge_added(context, module, statement)
    elif change.verdict is Verdict.DELETED:
        _judge_deleted(context, module, statement)
    elif _recast(context, module, change):
        return
    elif change.verdict is Verdict.RERUN and not context.also.intersection((module, n) for n in statement.binds):
        context.refuse(module, statement, "several statements bind this class's name, and one of them changed")
    else:
        assert change.old is not None
        live = context.value(module, statement.binds[0])
        if not isinstance(change.old.node, ast.ClassDef) or not isinstance(live, type):
            context.refuse(module, statement, "the name meant something else before; what was made of that lives on")
            return
        if change.verdict is Verdict.RERUN:
            whole(context, module, change.old.node, statement, live, "what it made is not what the release makes")
            return
        try:
            judge_members(context, module, change.old.node, statement, live, (statement.binds[0],))
        except Ungraftable as exc:
            whole(context, module, change.old.node, statement, live, str(exc))


def judge_filling_class(context: Context, module: str, change: Change) -> None:
    """A class that its decorators or hooks enter in an object that is made again: it is made anew, too."""
    statement = change.statement
    live = context.value(module, statement.binds[0])
    if not isinstance(live, type) or change.old is None or not isinstance(change.old.node, ast.ClassDef):
        if statement not in context.planned:
            _judge_added(context, module, statement)
    elif not _recast(context, module, change):
        whole(context, module, change.old.node, statement, live, "what it is entered in is made again")


def _recast(context: Context, module: str, change: Change) -> bool:
    """A framework's adapter makes the living class again by executing its statement."""
    live = context.value(module, change.statement.binds[0])
    of = "something that is bound anew" if change.verdict is Verdict.RERUN else None
    return isinstance(live, type) and context.recast(module, change, live, of)


def _judge_added(context: Context, module: str, statement: Statement) -> None:
    name = statement.binds[0]
    if isinstance(context.value(module, name), type) and (module, name) not in context.moved_to:
        context.refuse(module, statement, "another statement made a class of this name before; it would be two")
        return
    if (reason := why_not_made(context, module, statement)) is not None:
        context.refuse(module, statement, reason)
        return
    context.execute(module, statement)
    context.rebind(module, statement.binds)
    context.step(module, statement, Action.DEFINE, "a new class")


def _judge_deleted(context: Context, module: str, statement: Statement) -> None:
    live = context.value(module, statement.binds[0])
    if not isinstance(live, type):
        return
    entered_again(context, module, statement)
    context.deferred.append(lambda: _refuse_if_alive(context, module, statement, live))
    below: list[type] = type.__subclasses__(live)
    if derived := [sub for sub in below if module_of(sub) in context.new and not _leaves(context, sub)]:
        if any((sub.__module__, sub.__qualname__) != (module, live.__qualname__) for sub in derived):
            names = ", ".join(sub.__qualname__ for sub in derived[:3])
            context.refuse(module, statement, f"it is gone from the source, but {names} derive from it")
    context.deferred.append(lambda: _refuse_if_listed(context, module, statement))


def _leaves(context: Context, cls: type) -> bool:
    """It is gone from the source, too, or has other bases there: judged by itself, either way."""
    home = (cls.__module__, cls.__qualname__.partition(".")[0])
    old, new = (names.definition(home) for names in (context.old_names, context.new_names))
    if old is None or new is None or "." in cls.__qualname__:
        return old is not None and new is None
    before, after = ([ast.dump(base) for base in getattr(one.node, "bases", ())] for one in (old, new))
    return new.kind == "class" and before != after


def _stays(context: Context, kind: type, base: type) -> bool:
    """Does `kind` derive from `base` when the plan is done, or is it that itself?"""
    if kind is base:
        return True
    left = module_of(kind) in context.new and _leaves(context, kind)
    return not left and any(_stays(context, each, base) for each in kind.__bases__)


def _refuse_if_alive(context: Context, module: str, statement: Statement, live: type) -> None:
    if count := held_beside(context, live, lambda kind: _stays(context, kind, live)):
        context.refuse(module, statement, f"it is gone from the source, but {count} instance(s) of it are alive")


def _refuse_if_listed(context: Context, module: str, statement: Statement) -> None:
    if (where := context.listed(context.value(module, statement.binds[0]))) is not None:
        context.refuse(module, statement, f"it is gone from the source, but still held by {where}")


def judge_dependent_class(context: Context, module: str, statement: Statement, rebound: set[str], of: str) -> None:
    """An unchanged class whose body read something that is bound anew while it was executed."""
    node = statement.node
    assert isinstance(node, ast.ClassDef)
    live = context.value(module, statement.binds[0])
    if isinstance(live, type) and context.recast(module, Change(Verdict.RERUN, statement, statement), live, of):
        return
    header = NamesRead.of(*node.bases, *node.keywords, *node.decorator_list)
    grafts = [item for item in context.plan.work if isinstance(item, Graft) and item.cls is live]
    done = {id(change.new.node) for graft in grafts for change in graft.changes if change.new is not None}
    members_now = statements_of(node.body, docstring=True)
    touched = [m for m in members_now if m.reads & rebound and id(m.node) not in done]
    if not isinstance(live, type):
        context.refuse(module, statement, f"it was built from {of}")
        return
    if header & rebound or any(m.kind not in ("def", "assign") for m in touched):
        whole(context, module, _before(context, module, node), statement, live, f"it was built from {of}")
        return
    members = NamespaceDiff(tuple(Change(Verdict.RERUN, m, m) for m in touched), frozenset())
    if not touched:
        return
    if reason := ungraftable(context, node, node, live, members):
        why = f"it was built from {of}, and {reason}"
        whole(context, module, _before(context, module, node), statement, live, why)
        return
    try:
        plan_graft(context, module, node, node, live, (statement.binds[0],), members)
    except Ungraftable as exc:
        whole(context, module, _before(context, module, node), statement, live, str(exc))


def _before(context: Context, module: str, node: ast.ClassDef) -> ast.ClassDef:
    """The class's statement in the old release: what it is built from may not be all that changed."""
    found = context.old_names.binders(module).get(node.name) if module in context.old else None
    return found.node if found is not None and isinstance(found.node, ast.ClassDef) else node


def all_classes(namespace: Mapping[str, object], module: str) -> Iterator[type]:
    """Classes that a module defined (not imported), nested ones too."""
    queue = [value for value in namespace.values() if is_a(value, type) and value.__module__ == module]
    seen: set[int] = set()
    while queue:
        cls = queue.pop()
        if id(cls) in seen:
            continue
        seen.add(id(cls))
        yield cls
        queue += [v for v in vars(cls).values() if is_a(v, type) and v.__module__ == module]
