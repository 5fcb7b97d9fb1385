"""What can't be seen in a class's members: instances that the old code made and that the new code counts on.

They would lack an attribute, have it of another kind or under a name that nobody uses; be looked for under another hash
than the one that a set keeps; or have under their own name what a descriptor now keeps elsewhere.
"""

from __future__ import annotations

import ast
import enum
from abc import ABCMeta
from collections.abc import Iterator
from functools import partial
from typing import Any

from ..living.attributes import always_given, fields_of, has, lacking, surely_set
from ..living.inventory import is_among
from ..living.places import found_at
from ..source.module import FunctionNode, dotted_name, mangled
from ..source.nodes import nodes_of
from ..source.schema import (
    always_set,
    attributes_read,
    class_level,
    hashed_by,
    hidden_by_instances,
    new_attributes,
    private_names,
    reshaped_attributes,
    set_elsewhere,
    slots_of,
    stored_under,
)
from .context import COLD, Context
from .judge_hashes import kept_by_hash
from .judge_renamed import renamed_gap
from .judge_shapes import ill_shaped
from .left_behind import Among, defines, unless_migrated
from .refilled import refilled

_ACCESS = {"__get__": "reads", "__set__": "comes first", "__delete__": "comes first"}
"""What a descriptor's methods do: with one that sets or deletes, it answers before an instance's own dict does."""


def instance_gap(
    context: Context, module: str, old: ast.ClassDef, new: ast.ClassDef, live: type
) -> tuple[str, str] | None:
    """Why living instances would not do for the new code, and what to do about it; None if they do."""
    if hashed_by(old) != hashed_by(new) and (count := kept_by_hash(context, live)):
        return f"its `__hash__` is another one, and sets and dicts keep {count} living instance(s) by the old", COLD
    if reason := _descriptor_gap(context, old, new, live):
        return reason, COLD
    if reason := _hidden_gap(context, old, new, live):
        return reason, f"give the method another name, or {COLD}"
    return _schema_gap(context, module, old, new, live) or renamed_gap(context, module, old, new, live)


def _schema_gap(
    context: Context, module: str, old: ast.ClassDef, new: ast.ClassDef, live: type
) -> tuple[str, str] | None:
    """Living instances would lack an attribute that the new code counts on, or have it of another kind. An enum's are
    its members: the class statement makes them, and the living ones get what it gave."""
    if issubclass(live, enum.Enum):
        return None
    gained = new_attributes(old, new, _read_anywhere(context)) | set_elsewhere(old, new, partial(_takes_another, live))
    gained = {name for name in gained if not any(name in vars(base) for base in live.__mro__[1:])}
    gained -= _given_by_bases(context, live) if gained else set()
    reshaped = reshaped_attributes(old, new, context.origins(module))
    if not (gained or reshaped):
        return _ill_shaped(context, module, old, new, live)

    def those(living: list[Any]) -> list[Any]:
        found = lacking(living, gained, surely_set(live, context.old) | always_set(old), but=live)
        found = [one for one in found if all(has(one, name) for name in always_given(type(one)))]
        lost = set(map(id, found))
        return found + [one for one in living if id(one) not in lost and any(has(one, name) for name in reshaped)]

    filled: list[Any] = []
    newer = old if context.downgrade else new
    migrated = context.has_code_change(live) or defines(newer, "code_change")

    def concerned() -> list[Any]:
        found = those(context.survey.objects(live))
        anew = [one for adapter in context.adapters for one in adapter.makes_anew(context, found)] if found else []
        filled[:] = refilled(context, found) if not (reshaped or migrated) else []
        return [one for one in found if not is_among(one, [*anew, *filled])]

    if not context.instances(live) or not (count := len(concerned())):
        if not migrated:
            context.plan.unmet.append((live, lambda one: bool(those([one])) and not is_among(one, filled)))
        return _ill_shaped(context, module, old, new, live)
    if gained:
        return lacks(context, live, concerned, gained, newer)
    name = min(reshaped)
    reason = f"{count} living instance(s) have the attribute `{name}` of another kind than its code now gives it"
    return unless_migrated(context, live, concerned, newer, (reason, f"give the class a `code_change`, or {COLD}"))


def _takes_another(live: type, method: FunctionNode) -> bool:
    """Whether a method's first parameter is annotated as an instance of a class that `live` has nothing to do with:
    `def search(db: Session)` in a class of services, called by the class. What is read of it, a `Session` has. A
    protocol, an abstract class that others may be registered with, and a name that the running module does not have,
    tell nothing."""
    first = next(iter((*method.args.posonlyargs, *method.args.args)), None)
    name = dotted_name(first.annotation) if first is not None and first.annotation is not None else None
    if not name:
        return False
    found = found_at(live.__module__, name)
    if not isinstance(found, type) or isinstance(found, ABCMeta):
        return False
    return live not in found.__mro__ and found not in live.__mro__


def lacks(
    context: Context, live: type, among: Among, gained: set[str], newer: ast.ClassDef | None = None
) -> tuple[str, str] | None:
    """What to say of living instances that lack what the new code counts on; None if a `code_change` sees to it."""
    name = min(gained)
    reason = f"{len(among())} living instance(s) lack the attribute `{name}` that its code now counts on"
    slotted = newer is not None and name in slots_of(newer)
    mend = COLD if slotted else f"give the class a default (`{name} = …` in its body) or a `code_change`, or {COLD}"
    return unless_migrated(context, live, among, newer, (reason, mend))


def _ill_shaped(
    context: Context, module: str, old: ast.ClassDef, new: ast.ClassDef, live: type
) -> tuple[str, str] | None:
    if (reason := ill_shaped(context, module, old, new, live)) is None:
        return None
    otherwise = (reason, f"give the class a `code_change`, or {COLD}")
    newer = old if context.downgrade else new
    return unless_migrated(context, live, lambda: context.survey.objects(live), newer, otherwise)


def _given_by_bases(context: Context, live: type) -> set[str]:
    """What the new release's bases of the class have at class level."""
    found: set[str] = set()
    for base in live.__mro__[1:]:
        if base.__module__ in context.new:
            for node in nodes_of(context.new[base.__module__].tree):
                if isinstance(node, ast.ClassDef) and node.name == base.__name__:
                    found |= class_level(node)
    return found


def mangled_gap(context: Context, old: ast.ClassDef, new: ast.ClassDef, live: type) -> str | None:
    """A class that is called otherwise now looks for its instances' private attributes under other names."""
    if old.name == new.name:
        return None
    names = private_names(old) & private_names(new)
    for obj in context.survey.objects(live) if names and context.instances(live) else []:
        if found := sorted(name for name in names if has(obj, mangled(name, old.name))):
            return f"the private attribute `{found[0]}` of living instances is called `{mangled(found[0], old.name)}`"
    return None


def _descriptor_gap(context: Context, old: ast.ClassDef, new: ast.ClassDef, live: type) -> str | None:
    """Attributes that are instances of this class answer for the owners' instances in another way, or keep their
    values under another name."""
    access = [{_ACCESS[name] for name in _ACCESS if defines(node, name)} for node in (old, new)]
    if not any(access) or (access[0] == access[1] and stored_under(old) == stored_under(new)):
        return None
    for owner, name in _described_by(context, live):
        for obj in context.survey.objects(owner) if context.instances(owner) else []:
            if access[0] == access[1] or has(obj, name):
                return (
                    f"it is the descriptor `{name}` of {owner.__qualname__}, living instances of which have a value "
                    "where the old one put or found it, and the new one looks elsewhere"
                )
    return None


def _hidden_gap(context: Context, old: ast.ClassDef, new: ast.ClassDef, live: type) -> str | None:
    """What is a method now is something else in living instances, which is found first."""
    names = hidden_by_instances(old, new)
    for obj in context.survey.objects(live) if names and context.instances(live) else []:
        if found := sorted(names & (fields_of(obj) or {}).keys()):
            return f"living instances have a `{found[0]}` of their own, which hides the method of that name"
    return None


def _described_by(context: Context, kind: type) -> Iterator[tuple[type, str]]:
    """Classes of the app with an attribute of that kind."""
    for owner in context.survey.classes:
        for name, member in list(vars(owner).items()):
            if kind in type(member).__mro__:
                yield owner, name


def _read_anywhere(context: Context) -> set[str]:
    if context.attributes_read is None:
        context.attributes_read = set().union(*(attributes_read(source) for source in context.new.values()))
    return context.attributes_read
