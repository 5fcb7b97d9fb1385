"""Containers that old code put into tables, where the new code puts others: lists that become sets.

What lies there has no class of the app's that could tell, and would raise when it is asked for what it is not. So the
living tables are looked at; what the release makes anew, and what a `code_change` may see to, is left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from ..living.attributes import fields_of
from ..source.defuse import methods_of
from ..source.kept import kept
from ..source.module import FunctionNode, SourceModule
from ..source.plan import Execute, Refusal, Twin
from .context import COLD, Context

_MEND = f"take both for one release, give the class that keeps them a `code_change`, or {COLD}"


def judge_stored(context: Context) -> None:
    """Refuse where such containers lie."""
    for module in context.plan.changed:
        old, new = (_by_scope(side[module]) for side in (context.old, context.new))
        for scope in old.keys() & new.keys():
            before, after = kept(old[scope]), kept(new[scope])
            for name in sorted(before.keys() & after.keys()):
                was, is_ = _only(before[name]), _only(after[name])
                if was is not None and is_ is not None and was != is_:
                    _judge(context, module, scope, name, (was, is_), after[name][is_])


def _judge(context: Context, module: str, scope: str, name: str, kinds: tuple[str, str], line: int) -> None:
    wrong = [
        one
        for table in _living(context, module, scope, name)
        for one in (dict.values(table) if isinstance(table, dict) else table if isinstance(table, list) else ())
        if type(one).__name__ == kinds[0]
    ]
    if wrong:
        reason = f"{len(wrong)} {kinds[0]}(s) lie in it that old code put there; it puts {kinds[1]}s there now"
        shown = f"{scope}: {name}" if scope else name
        refusal = Refusal(module, context.file(module), line, shown, reason, _MEND)
        if refusal not in context.plan.refusals:
            context.plan.refusals.append(refusal)


def _by_scope(source: SourceModule) -> dict[str, list[FunctionNode]]:
    """The module's own functions, and the methods of each of its classes."""
    found: dict[str, list[FunctionNode]] = {}
    for statement in source.statements:
        if statement.kind == "def":
            found.setdefault("", []).append(statement.node)  # type: ignore[arg-type]
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
    elif (module, first) not in _made_again(context):
        yield context.resolve(module, name)


def _made_again(context: Context) -> set[tuple[str, str]]:
    """Names that the plan gives values of the release."""
    statements = [(item.module, item.statement) for item in context.plan.work if isinstance(item, Execute | Twin)]
    return {*context.slices.remade, *((module, name) for module, one in statements for name in one.binds)}
