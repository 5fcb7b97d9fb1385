"""Instances that lack an attribute which their construction sets by a name that a constant lists.

`for name in FIELDS: setattr(self, name, 0)`: the class may be the old one to the letter, and so may its module. Which
names a constant lists is read off cold imports of both releases.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator

from ..living.attributes import lacking
from ..living.inventory import classes_of
from ..source.defuse import Home, construction_methods
from ..source.drift import Drift
from ..source.module import NamesRead, dotted_name
from ..source.plan import Refusal
from ..source.schema import always_set
from .context import COLD, Context
from .left_behind import left_behind

_HINTS = ("setattr", "__dict__", "vars(")


def judge_named(context: Context) -> None:
    """Refuse where living instances lack an attribute that a changed constant names."""
    drift = context.drift
    if drift is None:
        return
    for cls in classes_of(context.live.keys()):
        source = context.new.get(cls.__module__)
        if source is None or not any(hint in source.text for hint in _HINTS) or not context.survey.count(cls):
            continue
        definition = context.new_names.definition((cls.__module__, cls.__qualname__))
        node = definition.node if definition is not None else None
        if isinstance(node, ast.ClassDef):
            _judge(context, drift, cls, node)


def _judge(context: Context, drift: Drift, cls: type, node: ast.ClassDef) -> None:
    for (home, part), line in _constants(context, cls, node):
        gained = _names(drift, "new", home, part) - _names(drift, "old", home, part)
        gained = {name for name in gained if not any(name in vars(base) for base in cls.__mro__)}
        if not gained or not context.instances(cls):
            continue
        before = context.old_names.definition((cls.__module__, cls.__qualname__))
        always = always_set(before.node) if before is not None and isinstance(before.node, ast.ClassDef) else ()

        def concerned(gained: set[str] = gained, always: Collection[str] = always) -> list[object]:
            return lacking(context.survey.objects(cls), gained, always)

        if count := len(concerned()):
            if context.has_code_change(cls) and not left_behind(context, cls, concerned):
                continue
            name, listed = min(gained), f"{home[1]}{part}"
            reason = f"{count} living instance(s) lack the attribute `{name}`, which `{listed}` names now"
            do = f"give the class a default (`{name} = …` in its body) or a `code_change`, or {COLD}"
            context.plan.refusals.append(
                Refusal(cls.__module__, context.file(cls.__module__), line, cls.__qualname__, reason, do)
            )
            return


def _constants(context: Context, cls: type, node: ast.ClassDef) -> Iterator[tuple[tuple[Home, str], int]]:
    """What statements of construction read that set attributes whose names are not in the text, and where."""
    for method in construction_methods(node):
        own = method.args.args[0].arg if method.args.args else "self"
        for statement in method.body:
            if not any(_sets_by_name(one, own) for one in ast.walk(statement)):
                continue
            lists = statement.iter if isinstance(statement, ast.For) else statement
            for dotted in sorted(NamesRead.of(lists)):
                if (found := _constant(context, cls, own, dotted)) is not None:
                    yield found, statement.lineno


def _constant(context: Context, cls: type, own: str, dotted: str) -> tuple[Home, str] | None:
    """A name at module level, or one that a class of the app's answers for its instances."""
    first, _, rest = dotted.partition(".")
    if first in (own, "cls", cls.__name__) and rest and "." not in rest:
        for base in cls.__mro__:
            if rest in vars(base):
                return ((base.__module__, base.__qualname__), f".{rest}") if base.__module__ in context.new else None
        return None
    trail = context.new_names.trail(cls.__module__, dotted)
    return (trail[-1], "") if trail else None


def _sets_by_name(node: ast.AST, own: str) -> bool:
    if isinstance(node, ast.Call):
        called = dotted_name(node.func) or ""
        if called.rpartition(".")[2] in ("setattr", "__setattr__"):
            name = node.args[1] if len(node.args) > 1 and called == "setattr" else next(iter(node.args[-2:-1]), None)
            return not isinstance(name, ast.Constant)
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("update", "setdefault"):
            return _is_own_dict(node.func.value, own)
    if isinstance(node, ast.AugAssign):
        return _is_own_dict(node.target, own)
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        return _is_own_dict(node.value, own) and not isinstance(node.slice, ast.Constant)
    return False


def _is_own_dict(node: ast.expr, own: str) -> bool:
    if isinstance(node, ast.Call):
        return dotted_name(node.func) == "vars" and dotted_name(node.args[0]) == own if node.args else False
    return dotted_name(node) == f"{own}.__dict__"


def _names(drift: Drift, side: str, home: Home, part: str) -> set[str]:
    """What of a described value may name an attribute: texts, and keys."""
    found: list[str] = []
    for path, (_, text) in drift.described(side, home, part).items():
        found += _texts(text)
        found += _texts(path.rpartition("[")[2].removesuffix("]"))
    return {name for name in found if name.isidentifier()}


def _texts(text: str) -> Iterable[str]:
    if text[:1] in "'\"" and text[-1:] == text[:1]:
        yield text[1:-1]
