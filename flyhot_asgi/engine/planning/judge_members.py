"""What may be done with the members of a living class: bodies are swapped, changed ones grafted, values as in a
module."""

from __future__ import annotations

import ast
import enum
import gc
import types
from collections.abc import Iterable
from typing import Any

from ..living.attributes import keeps_beside
from ..living.expressions import is_expression
from ..living.holders import is_anothers
from ..source.codetree import transplant
from ..source.diff import Change, NamespaceDiff, Verdict, diff
from ..source.module import NamesRead, Statement, dotted_name, mangled, statements_of
from ..source.nodes import nodes_of
from ..source.plan import Action, Graft
from ..source.values import alike, has_part_target, is_atomic, is_definition, is_pure, value_of
from .annotated import annotated_otherwise
from .class_kinds import is_text, ungraftable, why_not_again
from .context import Context
from .doomed import held_when_done
from .judge_functions import FUNCTIONS, runs_otherwise
from .judge_instances import instance_gap
from .judge_twin import plan_twin
from .judge_values import MISSING
from .unchanged import unchanged_by_program

_CONSTRUCTION = ("__init__", "__new__", "__post_init__")


def judge_members(
    context: Context, module: str, old: ast.ClassDef, statement: Statement, live: type, path: tuple[str, ...]
) -> None:
    """Plan the change of one class, nested ones included."""
    new = statement.node
    assert isinstance(new, ast.ClassDef)
    shown = ".".join(path)
    if reason := _header_changed(old, new):
        _whole(context, module, old, statement, live, path, reason)
        return
    members = diff(
        statements_of(old.body, docstring=True, postponed=context.old[module].postponed),
        statements_of(new.body, docstring=True, postponed=context.new[module].postponed),
    )
    members = _with_consumed(context, module, members)
    _note_bodies(context, module, members, path)
    if gap := instance_gap(context, module, old, new, live):
        context.refuse(module, statement, gap[0], do=gap[1], name=shown)
        return
    if members.quiet:
        for change in members.of(Verdict.BODY):
            _step_body(context, module, change, live, path)
        return
    if (reason := ungraftable(context, old, new, live, members)) and not _by_hand(
        context, module, statement, live, members
    ):
        _whole(context, module, old, statement, live, path, reason)
        return
    plan_graft(context, module, old, new, live, path, members)


def _by_hand(context: Context, module: str, statement: Statement, live: type, members: NamespaceDiff) -> bool:
    """What changed are methods and annotations: exchanged one by one, though a metaclass or a hook of the app's saw
    them when the class was made. What these made of them is in its members, which the comparison with a cold import
    sees; where they differ the class is made anew after all."""
    hooked = (type(live) is not type and type(live).__module__ in context.live) or keeps_beside(live)
    if isinstance(live, enum.EnumMeta) or issubclass(live, tuple) or getattr(statement.node, "type_params", None):
        return False
    if not hooked and why_not_again(context, module, statement, live) is None:
        return False
    changed = [one for one in members.changes if one.verdict not in (Verdict.SAME, Verdict.BODY)]
    return bool(changed) and all(_is_plain(one) for one in changed)


def _is_plain(change: Change) -> bool:
    a, b = change.old, change.new
    if change.statement.kind == "def":
        return not change.statement.binds[0].startswith("__")
    if all(_is_for_readers(side.node) for side in (a, b) if side is not None):
        return True
    if a is None or b is None or not isinstance(a.node, ast.AnnAssign) or not isinstance(b.node, ast.AnnAssign):
        return False
    before, after = a.node.value, b.node.value
    return (before is None and after is None) or (
        before is not None and after is not None and ast.dump(before) == ast.dump(after) and is_pure(after)
    )


def _is_for_readers(node: ast.stmt) -> bool:
    """An annotation that says that the class itself has the attribute: nobody makes a field of it."""
    annotated = node.annotation if isinstance(node, ast.AnnAssign) and node.value is None else None
    of = annotated.value if isinstance(annotated, ast.Subscript) else annotated
    return of is not None and (dotted_name(of) or "").rpartition(".")[2] == "ClassVar"


def _whole(
    context: Context, module: str, old: ast.ClassDef, statement: Statement, live: type, path: tuple[str, ...], why: str
) -> None:
    if len(path) > 1:
        raise Ungraftable(why)
    whole(context, module, old, statement, live, why)


def whole(context: Context, module: str, old: ast.ClassDef, statement: Statement, live: type, why: str) -> None:
    """The class is made anew, unless its living instances, or values that the program changed, speak against it."""
    path = (live.__name__,)
    if (reason := why_not_again(context, module, statement, live)) is not None:
        context.refuse(module, statement, f"{why}, and {reason}" if reason not in why else why)
        return
    new = statement.node
    assert isinstance(new, ast.ClassDef)
    members = diff(statements_of(old.body, docstring=True), statements_of(new.body, docstring=True))
    _note_bodies(context, module, members, path)
    if gap := instance_gap(context, module, old, new, live):
        context.refuse(module, statement, gap[0], do=gap[1])
        return
    for change in members.of(Verdict.CHANGED, Verdict.DELETED, Verdict.RERUN):
        if issubclass(live, enum.Enum) and change.statement.kind == "assign":
            continue  # its members are judged as such
        if annotated_otherwise(change) is not None and not _value_reads(context, module, new, change):
            continue  # the value stays
        if (problem := state_problem(context, module, old, live, change)) is not None:
            context.refuse(module, change.statement, problem, name=f"{path[0]}.{change.statement.name}")
            return
    plan_twin(context, module, old, statement, live, why)


def state_problem(context: Context, module: str, old: ast.ClassDef, live: type, change: Change) -> str | None:
    """What the program made of a member of the class that would be lost if the release's takes its place."""
    member = change.statement
    if change.verdict is Verdict.DELETED:
        gone = "the method is gone from the source, but still held by {}"
        if member.kind == "def":
            _refuse_if_held(context, module, live, member, gone)
        return None
    if member.kind == "def" and change.old is not None and _binding(change.old) != _binding(member):
        bound = "it is bound otherwise now (static, of the class, of an instance), and the old one is held by {}"
        _refuse_if_held(context, module, live, member, bound)
        return None
    names = member.binds if member.kind == "assign" else ()
    return next((p for n in names if (p := _value_problem(context, module, old, live, n, member))), None)


def _binding(member: Statement) -> set[str]:
    return {dotted_name(one) or "" for one in member.decorators} & {"staticmethod", "classmethod"}


class Ungraftable(Exception):
    """A nested class can't be grafted: the class around it is made anew."""


def _with_consumed(context: Context, module: str, members: NamespaceDiff) -> NamespaceDiff:
    """A member that differs in a lambda which nobody holds (it was called at import), or in what decorators copied."""
    changes = [
        Change(Verdict.CHANGED, c.old, c.new)
        if c.verdict is Verdict.BODY
        and c.statement.kind != "class"
        and (_doc_was_copied(c) or context.consumed(module, c))
        else c
        for c in members.changes
    ]
    return NamespaceDiff(tuple(changes), members.deleted_names)


def _doc_was_copied(change: Change) -> bool:
    nodes = [one.node for one in (change.old, change.new) if one is not None]
    texts = {ast.get_docstring(node, clean=False) for node in nodes if isinstance(node, FUNCTIONS)}
    return bool(change.statement.decorators) and len(texts) > 1


def _step_body(context: Context, module: str, change: Change, live: type, path: tuple[str, ...]) -> None:
    name = f"{'.'.join(path)}.{change.statement.name}"
    nested = vars(live).get(change.statement.name)
    if change.statement.kind == "class" and change.old is not None and isinstance(nested, type):
        assert isinstance(change.old.node, ast.ClassDef)
        judge_members(context, module, change.old.node, change.statement, nested, (*path, change.statement.name))
    else:
        context.step(module, change.statement, Action.SWAP, "its body changed", name)


def _header_changed(old: ast.ClassDef, new: ast.ClassDef) -> str | None:
    if [ast.dump(b) for b in [*old.bases, *old.keywords]] != [ast.dump(b) for b in [*new.bases, *new.keywords]]:
        return "its bases (or class arguments) changed"
    if [ast.dump(d) for d in old.decorator_list] != [ast.dump(d) for d in new.decorator_list]:
        return "its decorators changed"
    params = [[ast.dump(p) for p in getattr(node, "type_params", [])] for node in (old, new)]
    return None if params[0] == params[1] else "its type parameters changed"


def _note_bodies(context: Context, module: str, members: NamespaceDiff, path: tuple[str, ...]) -> None:
    """What ran other code of the class at import may have made something else."""
    for change in members.of(Verdict.BODY, Verdict.CHANGED):
        a, b = change.old, change.new
        if a is None or b is None or not isinstance(a.node, FUNCTIONS) or not isinstance(b.node, FUNCTIONS):
            continue
        if runs_otherwise(a.node, b.node):
            context.changed_bodies.add((module, ".".join((*path, b.binds[0]))))
            if b.binds[0] in _CONSTRUCTION:
                context.changed_bodies.add((module, path[0]))


def plan_graft(
    context: Context,
    module: str,
    old: ast.ClassDef,
    new: ast.ClassDef,
    live: type,
    path: tuple[str, ...],
    members: NamespaceDiff,
) -> None:
    """Write the exchange of these members into the plan, with those built from them; or the first refusal."""
    shown = ".".join(path)
    grafted: list[Change] = []
    for change in _with_dependents(new, members):
        member = change.statement
        if change.verdict is Verdict.BODY:
            _step_body(context, module, change, live, path)
        if change.verdict in (Verdict.SAME, Verdict.BODY):
            continue
        if member.kind == "class" and change.old is not None and change.new is not None:
            _judge_nested(context, module, change, live, path)
            continue
        reason = _member_problem(context, module, old, live, change)
        annotated = annotated_otherwise(change) if reason else None
        if annotated is not None and not _value_reads(context, module, new, change):
            change, reason = annotated, None
        if reason:
            context.refuse(module, member, reason, name=f"{shown}.{member.name}")
            return
        if change.verdict is not Verdict.DELETED:
            grafted.append(change)
        _step_for(context, module, change, shown)
    undocumented = any(c.verdict is Verdict.DELETED and c.statement.kind == "doc" for c in members.changes)
    deleted = frozenset(mangled(name, path[-1]) for name in members.deleted_names)
    context.plan.work.append(Graft(module, live, path, tuple(grafted), deleted, undocumented))


def _value_reads(context: Context, module: str, cls: ast.ClassDef, change: Change) -> bool:
    """The value was made from something that is bound anew, or from other members of the class."""
    value = value_of(change.statement.node)
    reads = NamesRead.of(value) if value is not None else frozenset()
    own = {name for statement in statements_of(cls.body, docstring=False) for name in statement.binds}
    homes = {home for name in reads for home in context.new_names.trail(module, name)}
    return bool(reads & own or homes & (context.rebound | context.remade))


def _with_dependents(new: ast.ClassDef, members: NamespaceDiff) -> list[Change]:
    """The changes in the order of the new body, with the members that were built from changed ones."""
    known = {change.new: change for change in members.changes if change.new is not None}
    by_dump = {change.new.dump: change for change in members.changes if change.new is not None}
    rebound: set[str] = set()
    found: list[Change] = []
    postponed = any(change.statement.postponed for change in members.changes if change.new is not None)
    for statement in statements_of(new.body, docstring=True, postponed=postponed):
        change = known.get(statement) or by_dump.get(statement.dump) or Change(Verdict.SAME, statement, statement)
        if change.verdict in (Verdict.SAME, Verdict.BODY) and statement.reads & rebound and statement.kind != "class":
            change = Change(Verdict.RERUN, change.old, change.new)
        if change.verdict not in (Verdict.SAME, Verdict.BODY):
            rebound.update(statement.binds)
        found.append(change)
    return [*found, *members.of(Verdict.DELETED)]


def _step_for(context: Context, module: str, change: Change, shown: str) -> None:
    member = change.statement
    words = {
        Verdict.ADDED: (Action.DEFINE, "a new member"),
        Verdict.DELETED: (Action.DELETE, "the member is gone"),
        Verdict.RERUN: (Action.GRAFT, "it was built from something that is bound anew"),
    }
    action, why = words.get(change.verdict, (Action.GRAFT, "the member changed; the class stays the same object"))
    if not member.binds:
        if isinstance(member.node, ast.Pass):
            return
        action, why = Action.GRAFT, "a text in its body changed"
    context.step(module, member, action, why, f"{shown}.{member.name}" if member.binds else shown)


def _judge_nested(context: Context, module: str, change: Change, live: type, path: tuple[str, ...]) -> None:
    assert change.old is not None and change.new is not None
    name = change.new.binds[0]
    nested = vars(live).get(name)
    if isinstance(change.old.node, ast.ClassDef) and isinstance(nested, type) and change.verdict is Verdict.CHANGED:
        judge_members(context, module, change.old.node, change.new, nested, (*path, name))
    else:
        raise Ungraftable(f"the nested class `{name}` means something else now")


def _member_problem(context: Context, module: str, old: ast.ClassDef, live: type, change: Change) -> str | None:
    member = change.statement
    if member.kind == "class" and change.verdict is Verdict.DELETED:
        raise Ungraftable("a nested class is gone")
    if member.kind in ("block", "other") or (member.kind == "expr" and not is_text(member)):
        raise Ungraftable("a statement with effects in its body changed")
    if member.kind == "assign" and (not member.binds or has_part_target(member.node)):
        raise Ungraftable("a statement of its body sets a part of another object")
    return state_problem(context, module, old, live, change)


def _refuse_if_held(context: Context, module: str, live: type, member: Statement, why: str) -> None:
    """A method that its class has no more must not be held by anybody who could call it; seen when all else is planned.
    `why` tells of its holders in place of `{}`."""
    value = vars(live).get(mangled(member.binds[0], live.__name__))
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    if not isinstance(value, types.FunctionType) or is_anothers(value, live.__module__):
        return

    def judge() -> None:
        if held := held_when_done(context, value, [*class_dicts(live, value), *_own_descriptors(live)]):
            context.refuse(module, member, why.format(", ".join(held)), name=f"{live.__qualname__}.{member.name}")

    context.deferred.append(judge)


def _own_descriptors(cls: type) -> list[object]:
    return [v for v in vars(cls).values() if isinstance(v, property | staticmethod | classmethod)]


def class_dicts(cls: type, value: object) -> list[object]:
    """The dict behind `vars(cls)`, as a referrer of `value` shows it."""
    found: list[object] = []
    for holder in gc.get_referrers(value):
        if type(holder) is dict and holder.get("__module__") == cls.__module__ and "__doc__" in holder:
            found.append(holder)
    return found


def _value_problem(
    context: Context, module: str, old: ast.ClassDef, live: type, name: str, member: Statement
) -> str | None:
    """A class attribute that the program may have changed since can't be overwritten by the release."""
    value = vars(live).get(mangled(name, live.__name__), MISSING)
    if value is not MISSING and _keeps_something(context, live, name, value):
        return f"the class attribute `{name}` is a living {type(value).__qualname__} with state; how it is made changed"
    if value is MISSING or is_definition(value) or hasattr(type(value), "__get__"):
        return None  # a method, or another descriptor: what the class is, not what the program made of it
    cold = MISSING if is_expression(value) else cold_value(context, module, old, live, name)
    if cold is not MISSING:
        if alike(cold, value):
            return None
        return f"the class attribute `{name}` was changed by the running program and is changed by the release too"
    if unchanged_by_program(context, live, name):
        return None
    if is_atomic(value) or is_expression(value):
        if name not in _stored_anywhere(context):
            return None
        return (
            f"the class attribute `{name}` may have been changed by the running program and is changed by the release"
        )
    return f"the class attribute `{name}` is a living {type(value).__qualname__} with state; how it is made changed"


def _keeps_something(context: Context, live: type, name: str, value: Any) -> bool:
    """A descriptor of the app's own that was filled since the class was made: values by instance, say."""
    own = type(value).__module__ in context.live and hasattr(type(value), "__get__")
    return own and context.drift is not None and not unchanged_by_program(context, live, name)


def cold_value(context: Context, module: str, old: ast.ClassDef, live: type, name: str) -> Any:
    """What the old class body makes of a name, where evaluating that has no effect."""
    binders = [
        s for s in statements_of(old.body, docstring=True, postponed=context.old[module].postponed) if name in s.binds
    ]
    if not binders or any(not isinstance(s.node, ast.Assign | ast.AnnAssign | ast.AugAssign) for s in binders):
        return MISSING
    if any(has_part_target(s.node) or not is_pure(value_of(s.node)) for s in binders):
        return MISSING
    source = context.old[module]
    tree = ast.Module(body=[s.node for s in binders], type_ignores=[])
    code = compile(tree, source.path, "exec", flags=source.future_flags, dont_inherit=True)
    scratch = {key: value for key, value in vars(live).items() if key not in (name, "__annotations__")}
    try:
        exec(transplant(code, source.code), dict(context.namespace(module)), scratch)
    except Exception:
        return MISSING
    return scratch.get(name, MISSING)


def _stored_anywhere(context: Context) -> set[str]:
    """Attributes that some function of the old release sets on a class, or on what may be one."""
    if context.attributes_stored is None:
        context.attributes_stored = set(_stores(source.tree for source in context.old.values()))
    return context.attributes_stored


def _stores(trees: Iterable[ast.Module]) -> Iterable[str]:
    for tree in trees:
        for node in nodes_of(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                    yield node.attr
