"""Which attributes of a living object stay when the statement that made it is executed again.

The object stays, and is filled from a fresh one. Per attribute three-way, by description: what the release did not
change keeps its living value, whatever the program made of it; what only the release changed is taken from the fresh
object; what both changed refuses the statement. Where a description does not look inside (a client, a pool), nobody can
say whether the release changed it: it stays if both releases make one with the same in it, or if the text that makes
it is the same and reads no argument; else the statement is refused.
"""

from __future__ import annotations

import ast
import gc
import sys
import types
from collections.abc import Iterator
from typing import Any

from ..living.attributes import fields_of, has_plain_instances, has_slots, is_open
from ..living.expressions import is_expression
from ..living.holders import insides
from ..living.pydantic import base_model
from ..living.wrapped import function_chain
from ..source.defuse import Home, construction_methods, imported_from
from ..source.drift import Drift
from ..source.module import NamesRead, Statement, dotted_name
from ..source.nodes import nodes_of
from ..source.values import is_atomic, is_definition, value_of
from .context import Context

_VALUES = frozenset({"typing", "re", "builtins", "functools", "logging", "enum", "types"})


def attributes_that_stay(context: Context, drift: Drift, home: Home, live: Any, changed: bool) -> frozenset[str] | str:
    """The names, or why it can't be said, in a sentence."""
    cls = type(live)
    if has_slots(cls):
        return f"`{home[1]}` is a living {cls.__qualname__} with slots; how it is made changed"
    if not drift.known(home):
        return f"`{home[1]}` is a living {cls.__qualname__} with state; how it is made changed"
    stays = set()
    for name in drift.attributes(home):
        part = f".{name}"
        by_release, by_program = drift.by_release(home, part), drift.by_program(home, part)
        if by_release and by_program and not drift.arrived(home, part):
            return f"`{home[1]}.{name}` was changed by the running program and is changed by the release too"
        if by_release and not drift.arrived(home, part):
            continue
        opaque = drift.opaque(home, part)
        if opaque is not None and changed and not drift.as_before(home, part) and not _made_alike(context, cls, name):
            return f"it holds a living {opaque}, and whether the release makes another one can't be seen"
        stays.add(name)
    return frozenset(stays)


def keeps_its_place(context: Context, module: str, statement: Statement, live: Any) -> bool:
    """A library's object whose text did not change, though what it was made of did: who holds it by whatever way is to
    find what is made now. It is filled from the fresh one, where all that it is can be seen."""
    old = context.old_names.binders(module).get(statement.binds[0]) if module in context.old else None
    if old is None or old.dump != statement.dump or len(statement.binds) != 1 or is_definition(live):
        return False
    value = value_of(statement.node)
    if value is not None and dotted_name(value) is not None:
        return False  # a further name of what another statement makes
    return type(live).__module__.partition(".")[0] not in _VALUES and is_open(live)


def is_filled_anew(context: Context, module: str, statement: Statement, live: Any) -> bool:
    """A library's object that is nothing but values, such as FastAPI's `OAuth2PasswordBearer`: the class is called with
    other arguments now, or another class of that kind is. It is filled from the fresh one, as whoever was told of it
    holds it by whatever way."""
    value = value_of(statement.node)
    called = dotted_name(value.func) if isinstance(value, ast.Call) else None
    if called is None or len(statement.binds) != 1 or is_definition(live) or not is_open(live):
        return False
    kind = _meant(context, module, called)
    if type(live).__module__ in context.live or (kind is not type(live) and not _may_become(live, kind)):
        return False
    home = context.new_names.home(module, called)
    ours = home is not None and home[0] in context.new
    return not ours and not context.owned(live) and all(map(_is_data, (fields_of(live) or {}).values()))


def _meant(context: Context, module: str, called: str) -> Any:
    """What a name will mean in the new release, where an import from what is loaded brings it; else what it means."""
    binder = context.new_names.binders(module).get(called)
    if binder is None or not isinstance(binder.node, ast.ImportFrom):
        return context.resolve(module, called)
    origin = sys.modules.get(imported_from(context.new[module], binder.node))
    return vars(origin).get(binder.node.names[0].name) if origin is not None else None


def _may_become(live: Any, kind: Any) -> bool:
    """An object of the one class can be made one of the other, and nobody keeps a method of what it was."""
    if not isinstance(kind, type) or not has_plain_instances(kind):
        return False
    hashes: list[Any] = [type(live).__hash__, kind.__hash__]
    if any(one is not object.__hash__ for one in hashes):
        return False
    return not any(type(holder) is types.MethodType for holder in gc.get_referrers(live))


def _is_data(value: Any, depth: int = 4) -> bool:
    """It holds no resource, and remembers nobody."""
    if is_atomic(value) or is_definition(value):
        return True
    if type(value) in (list, tuple, set, frozenset, dict):
        parts = [*value, *(value.values() if type(value) is dict else ())]
        return bool(depth) and all(_is_data(part, depth - 1) for part in parts)
    fields = fields_of(value)
    data = (base := base_model()) is not None and isinstance(value, base)
    return data and bool(depth) and all(_is_data(part, depth - 1) for part in (fields or {}).values())


def built_from(context: Context, home: Home) -> list[object]:
    """Objects that statements made of what a name means, functions and classes of the app's included: they are judged
    as its dependents, and made again when it is another object. What they are is compared with a cold import."""
    found: list[object] = []
    homes = {home}
    for module, statement in context.order:
        if statement.kind not in ("assign", "def", "class") or module not in context.live:
            continue
        if not context.new_names.reads(module, statement) & homes:
            continue
        if statement.kind != "assign":
            value = context.value(module, statement.binds[0])
            if isinstance(value, types.FunctionType | type) and value.__module__ == module:
                found += insides(value)
                members = list(vars(value).values()) if isinstance(value, type) else [value]
                found += [f for one in members for f in function_chain(one) if f.__module__ == module]
        else:
            homes |= {(module, name) for name in statement.binds}
            for name in statement.binds:
                found += _with_parts(context.value(module, name), 3)
    return found


def _with_parts(value: Any, depth: int) -> Iterator[object]:
    yield value
    if type(value) in (list, tuple, set, dict) and depth:
        for part in list(value.values() if type(value) is dict else value):
            yield from _with_parts(part, depth - (not is_expression(part)))
    fields = fields_of(value) if depth and not is_definition(value) else None
    if fields is not None:
        yield fields
        for part in list(fields.values()):
            yield from _with_parts(part, depth - 1)


def _made_alike(context: Context, cls: type, name: str) -> bool:
    """The attribute is made by the same text in both releases, and not from arguments."""
    before, after = list(_makers(context, cls, name, old=True)), list(_makers(context, cls, name, old=False))
    if not after or [ast.dump(value) for value, _ in before] != [ast.dump(value) for value, _ in after]:
        return False
    return not any(NamesRead.of(value) & arguments for value, arguments in after)


def _makers(context: Context, cls: type, name: str, *, old: bool) -> Iterator[tuple[ast.expr, set[str]]]:
    """The expressions that construction assigns to an attribute, each with the arguments of its method."""
    for base in cls.__mro__:
        names = context.old_names if old else context.new_names
        definition = names.definition((base.__module__, base.__qualname__))
        node = definition.node if definition is not None else None
        if not isinstance(node, ast.ClassDef):
            continue
        for method in construction_methods(node):
            own = {a.arg for a in nodes_of(method.args) if isinstance(a, ast.arg)}
            for statement in nodes_of(method):
                if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
                    continue
                for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
                    if isinstance(target, ast.Attribute) and target.attr == name:
                        yield statement.value, own
