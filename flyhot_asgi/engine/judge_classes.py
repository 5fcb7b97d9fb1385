"""What may be done with a changed class.

The class object stays; its members are replaced one by one, executed in the class's own namespace. No second class is
made, so that nothing which counts classes (`__subclasses__`, `__init_subclass__`, registries) sees one. What makes a
class more than the sum of its members (bases, metaclass, generated methods, slots, enum values, model fields) is
refused here.
"""

from __future__ import annotations

import abc
import ast
import enum
import gc
import types
import typing
from collections.abc import Iterator

from .context import COLD, Context
from .diff import Change, NamespaceDiff, Verdict, diff
from .inventory import subclasses
from .plan import Action, Graft
from .schema import field_names, new_attributes
from .source import Statement, dotted_name, own_shell, statements_of

_NEUTRAL_DECORATORS = frozenset({"final", "runtime_checkable", "typing.final", "typing.runtime_checkable"})
_DATACLASS = frozenset({"dataclass", "dataclasses.dataclass"})
_PLAIN_METACLASSES: tuple[type, ...] = (type, abc.ABCMeta)


def judge_class(context: Context, module: str, change: Change) -> None:
    statement = change.statement
    if change.verdict is Verdict.ADDED:
        _judge_added(context, module, statement)
    elif change.verdict is Verdict.DELETED:
        _judge_deleted(context, module, statement)
    elif change.verdict is Verdict.RERUN:
        context.refuse(module, statement, "several statements bind this class's name, and one of them changed")
    else:
        assert change.old is not None
        live = context.value(module, statement.binds[0])
        if not isinstance(change.old.node, ast.ClassDef) or not isinstance(live, type):
            context.refuse(module, statement, "the name meant something else before; what was made of that lives on")
            return
        _judge_members(context, module, change.old.node, statement, live, (statement.binds[0],))


def _judge_added(context: Context, module: str, statement: Statement) -> None:
    node = statement.node
    assert isinstance(node, ast.ClassDef)
    for base in node.bases:
        found = context.resolve(module, dotted_name(base) or "")
        if isinstance(found, type) and (reason := registering_base(found)):
            context.refuse(module, statement, reason)
            return
    context.execute(module, statement)
    context.rebind(module, statement.binds)
    context.step(module, statement, Action.ADD, "a new class")


def registering_base(base: type) -> str | None:
    """Why deriving a class from `base` has effects elsewhere that can't be undone; None if it has none known."""
    metaclass = type(base)
    known = (*_PLAIN_METACLASSES, enum.EnumMeta, type(typing.Protocol))
    if metaclass not in known and not _from(metaclass, "pydantic"):
        return f"its base `{base.__qualname__}` has a metaclass ({metaclass.__qualname__}) that may register classes"
    return None


def _from(cls: type, package: str) -> bool:
    return (cls.__module__ or "").partition(".")[0] == package


def _judge_deleted(context: Context, module: str, statement: Statement) -> None:
    live = context.value(module, statement.binds[0])
    if not isinstance(live, type):
        return
    count = context.instances(live)
    if count:
        context.refuse(module, statement, f"it is gone from the source, but {count} instance(s) of it are alive")
    elif derived := [sub for sub in subclasses(live) if sub.__module__ in context.new]:
        if any((sub.__module__, sub.__qualname__) != (module, live.__qualname__) for sub in derived):
            names = ", ".join(sub.__qualname__ for sub in derived[:3])
            context.refuse(module, statement, f"it is gone from the source, but {names} derive from it")


def _judge_members(
    context: Context, module: str, old: ast.ClassDef, statement: Statement, live: type, path: tuple[str, ...]
) -> None:
    new = statement.node
    assert isinstance(new, ast.ClassDef)
    shown = ".".join(path)
    if reason := _header_changed(old, new):
        context.refuse(module, statement, reason, name=shown)
        return
    members = diff(statements_of(old.body, docstring=True), statements_of(new.body, docstring=True))
    _note_bodies(context, module, members, path)
    if gap := _schema_gap(context, old, new, live):
        context.refuse(module, statement, gap[0], do=gap[1], name=shown)
        return
    if members.quiet:
        for change in members.of(Verdict.BODY):
            context.step(module, change.statement, Action.SWAP, "its body changed", f"{shown}.{change.statement.name}")
        return
    if reason := _ungraftable(old, new, live, members):
        context.refuse(module, statement, reason, name=shown)
        return
    _plan_graft(context, module, statement, live, path, members)


def _header_changed(old: ast.ClassDef, new: ast.ClassDef) -> str | None:
    if [ast.dump(b) for b in [*old.bases, *old.keywords]] != [ast.dump(b) for b in [*new.bases, *new.keywords]]:
        return "its bases (or class arguments) changed"
    if [ast.dump(d) for d in old.decorator_list] != [ast.dump(d) for d in new.decorator_list]:
        return "its decorators changed"
    return None


def _note_bodies(context: Context, module: str, members: NamespaceDiff, path: tuple[str, ...]) -> None:
    """A class whose construction runs other code than before may have made other instances at import."""
    for change in members.of(Verdict.BODY, Verdict.CHANGED):
        a, b = change.old, change.new
        if a is None or b is None or not b.binds or b.binds[0] not in ("__init__", "__new__", "__post_init__"):
            continue
        if isinstance(a.node, ast.FunctionDef) and isinstance(b.node, ast.FunctionDef):
            if own_shell(a.node) != own_shell(b.node) or ast.dump(a.node.args) != ast.dump(b.node.args):
                context.changed_bodies.add((module, path[0]))


def _schema_gap(context: Context, old: ast.ClassDef, new: ast.ClassDef, live: type) -> tuple[str, str] | None:
    """Living instances would lack an attribute that the new methods count on."""
    gained = {name for name in new_attributes(old, new) if not any(name in vars(base) for base in live.__mro__[1:])}
    count = context.instances(live) if gained else 0
    if not count:
        return None
    name = sorted(gained)[0]
    newer = old if context.downgrade else new
    if _defines(newer, "code_change") or any("code_change" in vars(base) for base in live.__mro__[1:]):
        units = context.units(live)
        if units >= count:
            return None
        reason = f"{count - units} of its {count} living instances would get no `code_change`: nobody registered them"
        return reason, f"`flyhot_asgi.register()` them, or {COLD}"
    reason = f"{count} living instance(s) lack the attribute `{name}` that its methods now count on"
    return reason, f"give the class a default (`{name} = …` in its body) or a `code_change`, or {COLD}"


def _defines(node: ast.ClassDef, name: str) -> bool:
    return any(isinstance(child, ast.FunctionDef) and child.name == name for child in node.body)


def _ungraftable(old: ast.ClassDef, new: ast.ClassDef, live: type, members: NamespaceDiff) -> str | None:
    metaclass = type(live)
    if issubclass(live, enum.Enum):
        return "it is an enum; its members can't be changed while others hold them"
    if metaclass not in (*_PLAIN_METACLASSES, type(typing.Protocol)):
        return f"its metaclass {metaclass.__qualname__} made more of it than its members"
    if hasattr(live, "_fields") and issubclass(live, tuple):
        return "it is a named tuple; its generated methods would not follow"
    if any(change.statement.binds == ("__slots__",) for change in _changed(members)):
        return "its `__slots__` changed, and with them the layout of its instances"
    if hook := _subclass_hook(live):
        return f"`{hook.__qualname__}.__init_subclass__` made something of its members when it was created"
    for decorator in new.decorator_list:
        if reason := _decorated(decorator, old, new, members):
            return reason
    return None


def _subclass_hook(live: type) -> type | None:
    for base in live.__mro__[1:]:
        if "__init_subclass__" in vars(base) and base.__module__ not in (
            "builtins",
            "typing",
            "typing_extensions",
        ):
            return base
    return None


def _decorated(decorator: ast.expr, old: ast.ClassDef, new: ast.ClassDef, members: NamespaceDiff) -> str | None:
    dotted = dotted_name(decorator.func if isinstance(decorator, ast.Call) else decorator)
    if dotted in _NEUTRAL_DECORATORS:
        return None
    if dotted in _DATACLASS:
        if field_names(old) != field_names(new):
            return "the fields of a dataclass changed; its generated methods and living instances would not follow"
        if any(name.startswith("__") for change in _changed(members) for name in change.statement.binds):
            return "a special method of a dataclass came or went; what the decorator generates depends on it"
        return None
    return f"its decorator `@{dotted or '…'}` made more of it than its members"


def _changed(members: NamespaceDiff) -> tuple[Change, ...]:
    return members.of(Verdict.CHANGED, Verdict.ADDED, Verdict.DELETED, Verdict.RERUN)


def _plan_graft(
    context: Context,
    module: str,
    statement: Statement,
    live: type,
    path: tuple[str, ...],
    members: NamespaceDiff,
) -> None:
    shown = ".".join(path)
    grafted: list[Change] = []
    for change in members.changes:
        member = change.statement
        if change.verdict is Verdict.BODY:
            context.step(module, member, Action.SWAP, "its body changed", f"{shown}.{member.name}")
        if change.verdict in (Verdict.SAME, Verdict.BODY):
            continue
        if member.kind == "class" and change.old is not None and change.new is not None:
            _judge_nested(context, module, change, live, path)
            continue
        if reason := _member_problem(context, live, change):
            context.refuse(module, member, reason, name=f"{shown}.{member.name}")
            return
        if change.verdict is not Verdict.DELETED:
            grafted.append(change)
        _step_for(context, module, change, shown)
    deleted = frozenset(members.deleted_names)
    context.plan.work.append(Graft(module, live, path, tuple(grafted), deleted))


def _step_for(context: Context, module: str, change: Change, shown: str) -> None:
    member = change.statement
    words = {
        Verdict.ADDED: (Action.ADD, "a new member"),
        Verdict.DELETED: (Action.DELETE, "the member is gone"),
    }
    action, why = words.get(change.verdict, (Action.GRAFT, "the member changed; the class stays the same object"))
    context.step(module, member, action, why, f"{shown}.{member.name}" if member.binds else shown)


def _judge_nested(context: Context, module: str, change: Change, live: type, path: tuple[str, ...]) -> None:
    assert change.old is not None and change.new is not None
    name = change.new.binds[0]
    nested = vars(live).get(name)
    if isinstance(change.old.node, ast.ClassDef) and isinstance(nested, type) and change.verdict is Verdict.CHANGED:
        _judge_members(context, module, change.old.node, change.new, nested, (*path, name))
    else:
        context.refuse(
            module, change.new, "a nested class was replaced by something else", name=".".join((*path, name))
        )


def _member_problem(context: Context, live: type, change: Change) -> str | None:
    member = change.statement
    if member.kind == "class" and change.verdict is Verdict.DELETED:
        return "a nested class is gone; instances of it may live on"
    if change.verdict is Verdict.DELETED and member.kind == "def" and member.binds[0] in vars(live):
        return _deleted_method_problem(context, live, member.binds[0])
    if member.kind in ("block", "other") or (member.kind == "expr" and not _harmless(member)):
        return "a statement with effects in a class body changed"
    if member.kind == "assign" and change.verdict is Verdict.CHANGED and len(member.binds) == 1:
        return _class_value_problem(live, change)
    return None


def _deleted_method_problem(context: Context, live: type, name: str) -> str | None:
    function = vars(live)[name]
    if isinstance(function, staticmethod | classmethod):
        function = function.__func__
    if not isinstance(function, types.FunctionType):
        return None
    held = context.held_elsewhere(function, class_dicts(live, function))
    return f"the method is gone from the source, but still held by {', '.join(held[:3])}" if held else None


def class_dicts(cls: type, value: object) -> list[object]:
    """The dict behind `vars(cls)`, as a referrer of `value` shows it."""
    found: list[object] = []
    for holder in gc.get_referrers(value):
        if type(holder) is dict and holder.get("__module__") == cls.__module__ and "__doc__" in holder:
            found.append(holder)
    return found


def _class_value_problem(live: type, change: Change) -> str | None:
    from .values import alike, is_pure, value_of

    assert change.old is not None and change.new is not None
    before, after = value_of(change.old.node), value_of(change.new.node)
    name = change.new.binds[0]
    if before is None or name not in vars(live) or not is_pure(before):
        return None
    if after is not None and ast.dump(before) == ast.dump(after):
        return None
    try:
        cold = eval(compile(ast.Expression(before), "<class attribute>", "eval"), {}, dict(vars(live)))
    except Exception:
        return None  # it reads module-level names: those have no value of their own to lose
    if not alike(cold, vars(live)[name]):
        return f"the class attribute `{name}` was changed by the running program and is changed by the release too"
    return None


def _harmless(member: Statement) -> bool:
    node = member.node
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def judge_dependent_class(context: Context, module: str, statement: Statement, rebound: set[str], of: str) -> None:
    """An unchanged class whose body read something that is bound anew while it was executed."""
    node = statement.node
    assert isinstance(node, ast.ClassDef)
    live = context.value(module, statement.binds[0])
    header = {name for part in [*node.bases, *node.decorator_list] for name in [dotted_name(part)] if name}
    touched = [m for m in statements_of(node.body, docstring=True) if m.reads & rebound]
    if header & rebound or not isinstance(live, type) or any(m.kind not in ("def", "assign") for m in touched):
        context.refuse(module, statement, f"it was built from {of}")
        return
    members = NamespaceDiff(tuple(Change(Verdict.CHANGED, m, m) for m in touched), frozenset())
    if not touched:
        return
    if reason := _ungraftable(node, node, live, members):
        context.refuse(module, statement, f"it was built from {of}, and {reason}")
        return
    _plan_graft(context, module, statement, live, (statement.binds[0],), members)


def all_classes(namespace: dict[str, object], module: str) -> Iterator[type]:
    """Classes that a module defined (not imported), nested ones too."""
    queue = [value for value in namespace.values() if isinstance(value, type) and value.__module__ == module]
    seen: set[int] = set()
    while queue:
        cls = queue.pop()
        if id(cls) in seen:
            continue
        seen.add(id(cls))
        yield cls
        queue += [v for v in vars(cls).values() if isinstance(v, type) and v.__module__ == module]
