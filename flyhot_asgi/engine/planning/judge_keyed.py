"""What old code put into tables under keys under which the new code does not look: `SESSIONS[user]` became
`SESSIONS[(user, "web")]`.

Nothing would raise: the entries would be there, and nobody would find them. So the living keys are held against the
shapes that a function's keys have now. A table that the same function fills when it lacks what was asked for is a
cache: it is filled again.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..living.attributes import fields_of
from ..source.kept import kept
from ..source.keyed import Helper, Shape, looked_up
from ..source.module import FunctionNode
from ..source.plan import Refusal
from ..source.schema import class_in
from .context import COLD, Context
from .judge_queued import functions_in, living_tables, made_anew

_MEND = "look under both for one release, give the class that keeps it a `code_change`, or " + COLD
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MISSING: Any = object()


def judge_keyed(context: Context) -> None:
    """Refuse where entries would be found no more."""
    for module in context.plan.changed:
        before, after = (
            {
                path: (one, looked_up(one, _helper(context, side, module, path)))
                for path, one in functions_in(side[module])
            }
            for side in (context.old, context.new)
        )
        for path in before.keys() & after.keys():
            function, found = after[path]
            for name in found.keys() & before[path][1].keys():
                was, is_ = before[path][1][name], found[name]
                if was != is_ and (asked := _asked(was, is_)) and not _is_own(function, name):
                    others = [one for at, (_, all_) in after.items() if at != path for one in all_.get(name, ())]
                    _judge(context, module, path, function, name, was, asked, others)


def _judge(
    context: Context,
    module: str,
    path: str,
    function: FunctionNode,
    name: str,
    was: Iterable[Shape | None],
    is_: list[Shape],
    others: list[Shape | None],
) -> None:
    if made_anew(context, module, name) or _fills_itself(context, module, function, name):
        return
    cls = context.resolve(module, path.partition(".")[0]) if "." in path else None
    if name.startswith("self.") and isinstance(cls, type) and context.has_code_change(cls):
        return
    for living in living_tables(context, module, path, function, name):
        if lost := _lost(context, living, was, is_, others):
            lie = "entry lies" if len(lost) == 1 else "entries lie"
            reason = (
                f"{len(lost)} {lie} in `{name}` under keys that old code made "
                f"({_shown(lost[0])}); it asks for {is_[0].words} now, and would not find them"
            )
            refusal = Refusal(module, context.file(module), function.lineno, path, reason, _MEND)
            if refusal not in context.plan.refusals:
                context.plan.refusals.append(refusal)


def _lost(
    context: Context, living: Any, was: Iterable[Shape | None], is_: list[Shape], others: list[Shape | None]
) -> list[object]:
    """Keys that the function found, and that neither it nor one of the others will. Where any key was found before, the
    table may hold several kinds: then all keys are of another kind than what is asked for, or of its very type."""
    keys = list(living) if isinstance(living, dict | set) else []
    finds = _finder(context, living)
    any_before = any(_anything(one) for one in was)
    mixed = any_before and any(finds(shape, key) for key in keys for shape in is_)
    found = [key for key in keys if any_before or any(one is not None and finds(one, key) for one in was)]
    lost = [key for key in found if not any(finds(shape, key) for shape in is_)]
    named = [shape for shape in others if shape is not None and shape.attribute is None]
    lost = [key for key in lost if not any(shape.fits(key) for shape in named)]
    return [key for key in lost if not mixed or any(_alike(shape, key) for shape in is_)]


def _anything(shape: Shape | None) -> bool:
    return shape is None or shape.anything


def _asked(was: Iterable[Shape | None], is_: Iterable[Shape | None]) -> list[Shape]:
    """The shapes of all keys that are asked for now; none, if any key may be. Who was asked for an attribute of may be
    the key now."""
    known = [one for one in is_ if one is not None]
    if len(known) != len(list(is_)):
        return []
    if not any(one.anything for one in known):
        return known
    before, now = ([one.attribute[0] if one and one.attribute else "" for one in side] for side in (was, is_))
    return known if set(before) == set(now) and not any(_anything(one) for one in was) else []


def _finder(context: Context, table: Any) -> Callable[[Shape, object], bool]:
    """Could a key have that shape? Where it is an attribute, what lies in the table tells, or the key itself."""
    values: dict[str, list[object]] = {}

    def finds(shape: Shape, key: object) -> bool:
        if shape.attribute is None:
            return shape.fits(key)
        name = shape.attribute[1]
        if not name:
            return type(key).__module__ in context.old
        if type(key).__module__ in context.old:
            return _attribute(key, name) is _MISSING
        if name not in values:
            values[name] = [
                v for v in map(lambda one: _attribute(one, name), _objects(context, table)) if v is not _MISSING
            ]
        return not values[name] or any(type(one) is type(key) and one == key for one in values[name])

    return finds


def _objects(context: Context, table: Any) -> list[object]:
    """What lies in the table, and has given its entries their keys most likely."""
    found = list(dict.values(table)) if isinstance(table, dict) else []
    return [one for one in found if type(one).__module__ in context.old]


def _attribute(one: object, name: str) -> Any:
    return (fields_of(one) or {}).get(name, _MISSING)


def _alike(shape: Shape, key: object) -> bool:
    """Of the same type, but not the same form."""
    if shape.text is not None or shape.form is not None:
        return isinstance(key, str)
    return shape.inside is not None and isinstance(key, tuple)


def _fills_itself(context: Context, module: str, function: FunctionNode, name: str) -> bool:
    """It puts there itself what it did not find, and what that is, is worked out: nothing is lost but time."""
    kinds = kept([function]).get(name, {})
    others = [one for path, one in functions_in(context.new[module]) if one is not function and name in kept([one])]
    return set(kinds) == {None} and not others


def _is_own(function: FunctionNode, name: str) -> bool:
    """The name is one of the function's: a parameter, or what it assigns; `self.…` is the instance's."""
    first, _, rest = name.partition(".")
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    if rest and [one.arg for one in arguments[:1]] == [first]:
        return False
    stored = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    told = {one for n in ast.walk(function) if isinstance(n, ast.Global) for one in n.names}
    return first in {one.arg for one in arguments} | (stored - told)


def _helper(context: Context, side: Mapping[str, Any], module: str, path: str) -> Helper:
    """Finds the function that a name means in one release: of the module, of another one, or a method of the class."""
    names = context.old_names if side is context.old else context.new_names

    def find(name: str) -> FunctionNode | None:
        if name.startswith("self.") and "." in path:
            cls = class_in(side[module].tree, [path.partition(".")[0]])
            methods = [one for one in (cls.body if cls else []) if isinstance(one, _FUNCTIONS)]
            return next((one for one in methods if one.name == name.partition(".")[2]), None)
        home = names.home(module, name)
        definition = names.definition(home) if home is not None else None
        node = definition.node if definition is not None else None
        return node if isinstance(node, _FUNCTIONS) else None

    return find


def _shown(key: object) -> str:
    shown = repr(key) if isinstance(key, str | int | float | bytes | tuple) else f"a {type(key).__qualname__}"
    return shown if len(shown) <= 40 else f"a {type(key).__qualname__}"
