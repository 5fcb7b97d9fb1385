"""One part of a library's object that a statement at module level sets: an entry of a dict that it has
(`env.filters["shout"] = shout`), or of a state (`app.state.limit = 3`), or a method of an app (`app.openapi = …`).

To set such a part again does what a cold import does, and nothing else: a plain dict runs no code. So it is attempted
where the dict is a plain one, where each release sets the part by one statement at most, and where the living value is
provably what the old statement made: else the program's own would be lost. Undone by the dict's pre-image.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator, Mapping
from typing import Any

from ..living.attributes import fields_of
from ..living.records import contents, is_bag
from ..source.diff import Change, Verdict
from ..source.module import SourceModule, Statement, dotted_name
from ..source.parts import Named, Part, parts_of
from ..source.plan import Action, Parts
from .context import Context

_MISSING: Any = object()


def sets_part(context: Context, module: str, change: Change) -> bool:
    """Plan a statement that sets parts of libraries' objects, and nothing else; False if it is no such, or nobody can
    tell that it would be right."""
    statement = change.statement
    gone = change.verdict is Verdict.DELETED
    places = _places(context, module, statement)
    if places is None:
        return False
    kept: list[tuple[dict[Any, Any], object]] = []
    for place, part in places:
        old, new = (_setters(context, side, place, part.key) for side in (context.old, context.new))
        if len(old) > 1 or len(new) > 1 or not _as_set(context, old, place, part.key):
            return False
        if gone and not new:
            kept.append((place, part.key))
    for place, part in places:
        planned = _planned(context, module, place, part)
        if part.key in place:
            planned.others = True
            context.dropped.append(place)  # it holds what is gone no more; the verification looks
        planned.gone |= {key for of, key in kept if of is place}
    if gone:
        context.step(module, statement, Action.DELETE, "the release sets this part no more, or elsewhere")
    else:
        context.execute(module, statement)
        context.step(module, statement, Action.EXECUTE, "a part of a library's object is set as the release has it")
    return True


def _planned(context: Context, module: str, place: dict[Any, Any], part: Part) -> Parts:
    for one in context.plan.parts:
        if one.place is place:
            return one
    made = Parts(place, f"parts of `{part.owner}`", (module, part.owner.partition(".")[0]))
    context.plan.parts.append(made)
    return made


def _places(context: Context, module: str, statement: Statement) -> list[tuple[dict[Any, Any], Part]] | None:
    """The living dicts that it works on; None if one of its parts is something else."""
    found = []
    for part in _parts(context, module, statement):
        place = _place(context, module, part)
        if place is None or isinstance(part.key, Named):
            return None
        found.append((place, part))
    return found or None


def _place(context: Context, module: str, part: Part) -> dict[Any, Any] | None:
    """A plain dict that an object of a library's has, by way of a name that means the same in both releases."""
    if module not in context.live:
        return None
    first = part.owner.partition(".")[0]
    root = context.resolve(module, first)
    if root is None or isinstance(root, type | types.ModuleType | dict) or type(root).__module__ in context.live:
        return None
    if not _same_maker(context, module, first):
        return None
    owner = context.resolve(module, part.owner)
    if not part.item and context.owned(owner) and _overrides(type(owner), str(part.key)):
        return fields_of(owner)
    if not part.item:
        return contents(owner) if owner is not None and is_bag(owner) else None
    return owner if type(owner) is dict and "." in part.owner else None


def _overrides(kind: type, name: str) -> bool:
    """`app.openapi = …`: a method that an app has of its own instead of its class's."""
    found = next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), None)
    sets = any("__setattr__" in vars(base) for base in kind.__mro__ if base is not object)
    return isinstance(found, types.FunctionType) and not sets


def _same_maker(context: Context, module: str, name: str) -> bool:
    """What the name means is made by one statement with one text, which is not executed again."""
    old, new = context.old_names.home(module, name), context.new_names.home(module, name)
    if old is None or old != new or new in context.rebound:
        return False
    before, after = context.old_names.definition(old), context.new_names.definition(new)
    if before is None or after is None or before.dump != after.dump:
        return False
    return after not in context.planned and after.kind == "assign"


def _setters(
    context: Context, release: Mapping[str, SourceModule], place: dict[Any, Any], key: object
) -> list[tuple[str, Statement, Part]]:
    """Statements of a release that set this part."""
    return [
        (module, statement, part)
        for module in release.keys() & context.live.keys()
        for statement in release[module].statements
        if statement.kind in ("assign", "expr")
        for part in _setting(context, module, statement, key)
        if _place(context, module, part) is place
    ]


def _setting(context: Context, module: str, statement: Statement, key: object) -> Iterator[Part]:
    yield from (part for part in _parts(context, module, statement) if part.key is key or part.key == key)


def _parts(context: Context, module: str, statement: Statement) -> Iterator[Part]:
    """With keys that are what names mean, where those are functions or classes: they stay the same objects."""
    for part in parts_of(statement) or ():
        if isinstance(part.key, Named):
            found = context.resolve(module, part.key.name)
            yield part._replace(key=found) if isinstance(found, type | types.FunctionType) else part
        else:
            yield part


def _as_set(context: Context, old: list[tuple[str, Statement, Part]], place: dict[Any, Any], key: object) -> bool:
    """What lives there is what the old release's statement made; nothing, if it has none."""
    living = place.get(key, _MISSING)
    if not old:
        return living is _MISSING
    module, _, part = old[0]
    if isinstance(part.value, ast.Lambda):
        return isinstance(living, types.FunctionType) and (
            living.__code__.co_filename == context.old[module].path
            and living.__code__.co_firstlineno == part.value.lineno
        )
    if (name := dotted_name(part.value)) is not None:
        return context.resolve(module, name) is living
    try:
        value = ast.literal_eval(part.value)
    except (ValueError, TypeError, SyntaxError):
        return False
    return type(value) is type(living) and bool(value == living)
