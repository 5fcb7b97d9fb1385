"""`from x import *` that comes, goes, changes places, or whose source's names change.

Which names it brings is read off the source (`__all__`, or what is public), off the living library, or off cold imports
of both releases where there are some. All of a module's star imports are executed again, in order, each without the
names that later statements bind; names that none brings any more are taken out.
"""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Iterator, Sequence

from ..source.active import active
from ..source.defuse import Names
from ..source.module import Statement
from ..source.plan import Action
from ..source.values import is_atomic
from .context import Context


def is_star(statement: Statement) -> bool:
    return isinstance(statement.node, ast.ImportFrom) and statement.node.names[0].name == "*"


def judge_stars(context: Context) -> None:
    """Look at all modules whose own text changed."""
    for module in context.plan.changed:
        before, after = _places(context.old_names, module), _places(context.new_names, module)
        if before != after:
            stars = [s for s in active(context.new[module].statements, module) if is_star(s)]
            for statement in stars:
                context.step(module, statement, Action.IMPORT, "star imports came, went or changed places")
            execute_stars(context, module)


def _places(names: Names, module: str) -> list[str]:
    """The star imports, and the statements that bind what they bring, in order."""
    statements = active(names.modules[module].statements, module)
    stars = [s for s in statements if is_star(s)]
    brought = {name for star in names.stars(module) for name in names.star_names(star)}
    return [s.dump if is_star(s) else s.name for s in statements if s in stars or brought.intersection(s.binds)]


def execute_stars(context: Context, module: str) -> None:
    """Execute all star imports of a module again."""
    statements = list(active(context.new[module].statements, module))
    bound = {name for statement in statements for name in statement.binds}
    before, after = (set(brought(context, module, old=old)) for old in (True, False))
    grown = _grown(context, module, statements)
    for index, statement in enumerate(statements):
        if is_star(statement) and statement not in context.planned:
            later = {name for other in statements[index + 1 :] for name in other.binds} - grown.keys()
            context.execute(module, statement, but=frozenset(later))
            context.judged.add(statement)
    for name, again in grown.items():
        for statement in again:
            context.execute(module, statement)
            context.judged.add(statement)
            context.step(module, statement, Action.EXECUTE, f"it adds to the `{name}` that a star import brings")
        context.rebind(module, (name,))
    gone = before - after - bound
    for name in sorted(gone):
        if (module, name) not in context.plan.deleted_names:
            context.plan.deleted_names.append((module, name))
    context.rebind(module, tuple(sorted((before | after) - (bound - after))))
    if hidden := _shown_again(context, module):
        name = min(hidden)
        binder = context.new_names.binders(module)[name]
        context.refuse(module, binder, f"a star import that brought `{name}` hides this no more")


def _grown(context: Context, module: str, statements: Sequence[Statement]) -> dict[str, list[Statement]]:
    """Values without identity that a star import brings and that nothing but `+=` and its like binds afterwards: they
    are made again by all of these. Lists and their like are one object for all, and made again with that."""
    found: dict[str, list[Statement]] = {}
    stars = [index for index, statement in enumerate(statements) if is_star(statement)]
    given = set(_listed(context.new_names, module))
    for name in sorted(given & {n for s in statements for n in s.binds if isinstance(s.node, ast.AugAssign)}):
        binders = [s for s in statements[min(stars) :] if name in s.binds]
        drift, home = context.drift, (module, name)
        same = drift is None or not drift.known(home) or not drift.by_program(home)
        if same and is_atomic(context.value(module, name)) and all(isinstance(s.node, ast.AugAssign) for s in binders):
            if not any(name in s.binds for s in statements[: min(stars)]):
                found[name] = binders
    return found


def _shown_again(context: Context, module: str) -> set[str]:
    """Names that a star import brought after a statement bound them, and that the statement binds for good now."""
    old, new = (list(active(side[module].statements, module)) for side in (context.old, context.new))
    found = set()
    for name in set(_listed(context.old_names, module)):
        last = [max((i for i, s in enumerate(side) if name in s.binds), default=-1) for side in (old, new)]
        stars = [max((i for i, s in enumerate(side) if is_star(s)), default=-1) for side in (old, new)]
        if last[0] < stars[0] and last[0] >= 0 and last[1] > stars[1]:
            binder = context.new_names.binders(module).get(name)
            if binder is not None and binder not in context.planned:
                found.add(name)
    return found


def brought(context: Context, module: str, *, old: bool = False) -> Iterator[str]:
    """Names that a module has by its star imports alone, in the old or the new release."""
    names = context.old_names if old else context.new_names
    if context.drift is not None:
        bound = {name for s in names.modules[module].statements for name in s.binds}
        if found := context.drift.names("old" if old else "new", module):
            yield from found - bound
            return
    yield from _listed(names, module)


def _listed(names: Names, module: str) -> Iterator[str]:
    for star in names.stars(module):
        yield from names.star_names(star) if star in names.modules else _public(star)


def _public(origin: str) -> Iterator[str]:
    """What a library's module gives to a star import."""
    found = sys.modules.get(origin)
    if isinstance(found, types.ModuleType):
        listed = vars(found).get("__all__")
        yield from listed if listed is not None else (name for name in vars(found) if not name.startswith("_"))
