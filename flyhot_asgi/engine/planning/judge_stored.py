"""What old code put into tables and queues, where the new code puts something else: lists that become sets, dicts that
become instances of a class, values that become pairs.

What lies there has no class of the app's that could tell, and would raise when it is asked for what it is not. So the
living tables are looked at; what the release makes anew, and what a `code_change` may see to, is left alone.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from typing import Any

from ..living.attributes import fields_of
from ..source.defuse import Home, methods_of
from ..source.kept import asked_for, kept
from ..source.module import SourceModule
from ..source.plan import Execute, Refusal, Twin
from .context import COLD, Context
from .judge_queued import items_of

_MEND = f"take both for one release, give the class that keeps them a `code_change`, or {COLD}"
_CONTAINERS = frozenset({"list", "set", "dict", "deque", "tuple"})


def judge_stored(context: Context) -> None:
    """Refuse where such containers lie."""
    for module in context.plan.changed:
        old, new = (_by_scope(side[module]) for side in (context.old, context.new))
        for scope in old.keys() & new.keys():
            before, after = kept(old[scope]), kept(new[scope])
            for name in sorted(before.keys() & after.keys()):
                is_ = _only(after[name])
                if is_ is not None and is_ not in before[name] and not _class_for_class(context, module, before[name]):
                    _judge(context, module, scope, name, is_, after[name][is_])


def _judge(context: Context, module: str, scope: str, name: str, kind: str, line: int) -> None:
    if not _tells(context, module, kind):
        return
    last, ready = kind.rpartition(".")[2], asked_for(context.new[module].tree)
    wrong = [
        one
        for table in _living(context, module, scope, name)
        for one in items_of(table)
        if one is not None and not {base.__name__ for base in type(one).__mro__[:-1]} & {last, *ready}
    ]
    if wrong:
        was = type(wrong[0]).__name__
        reason = f"{len(wrong)} {was}(s) lie in it that old code put there; it puts {last}s there now"
        shown = f"{scope}: {name}" if scope else name
        refusal = Refusal(module, context.file(module), line, shown, reason, _MEND)
        if refusal not in context.plan.refusals:
            context.plan.refusals.append(refusal)


def _tells(context: Context, module: str, kind: str) -> bool:
    """It is a kind of container, or a class of the app's: who asks what lies there for an attribute of it gets none
    from others."""
    if kind in _CONTAINERS:
        return True
    home = context.new_names.home(module, kind)
    definition = context.new_names.definition(home) if home is not None else None
    return definition is not None and definition.kind == "class"


def _class_for_class(context: Context, module: str, before: Collection[str | None]) -> bool:
    """Old code put instances of classes there: what becomes of those is told by their class."""
    return any(kind is not None and kind not in _CONTAINERS for kind in before)


def _by_scope(source: SourceModule) -> dict[str, list[ast.AST]]:
    """The module's own functions and assignments, and the methods of each of its classes."""
    found: dict[str, list[ast.AST]] = {}
    for statement in source.statements:
        if statement.kind in ("def", "assign"):
            found.setdefault("", []).append(statement.node)
        elif statement.kind == "class":
            found[statement.binds[0]] = list(methods_of(statement.node))  # type: ignore[arg-type]
    return found


def _only(kinds: Collection[str | None]) -> str | None:
    return next(iter(kinds)) if len(kinds) == 1 else None


def _living(context: Context, module: str, scope: str, name: str) -> Iterator[Any]:
    """What a name means: of the module, or of each living instance."""
    first, _, rest = name.partition(".")
    cls = context.resolve(module, scope) if scope else None
    if isinstance(cls, type) and first in ("self", "cls"):
        if "." in rest or context.has_code_change(cls):
            return
        yield vars(cls).get(rest)
        for one in context.survey.objects(cls) if cls in context.survey.classes else []:
            yield (fields_of(one) or {}).get(rest)
    elif (module, first) not in _made_again(context) or _filled_since(context, (module, first)):
        yield context.resolve(module, name)


def _filled_since(context: Context, home: Home) -> bool:
    """The program put something there, which stays when the container is made again."""
    return context.drift is not None and context.drift.by_program(home)


def _made_again(context: Context) -> set[tuple[str, str]]:
    """Names that the plan gives values of the release."""
    statements = [(item.module, item.statement) for item in context.plan.work if isinstance(item, Execute | Twin)]
    return {*context.slices.remade, *((module, name) for module, one in statements for name in one.binds)}
