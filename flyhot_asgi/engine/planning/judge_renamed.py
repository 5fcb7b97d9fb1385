"""What living instances, and classes, keep under a name that another one takes the place of: nobody would look there
any more, and the new name begins with its default.

An attribute that instances lack is told by `judge_instances`; here the new one is there, by a default of the class, of
the field or of a descriptor, and so nothing would ever raise.
"""

from __future__ import annotations

import ast
import enum
import re
from collections.abc import Callable, Iterator
from typing import Any

from ..living.attributes import attributes, fields_of, is_heap_type
from ..source.binds import bound_names
from ..source.module import dotted_name, mangled
from ..source.renamed import Both, default_of, successors, texts_of, used
from ..source.schema import class_in
from ..source.values import is_definition
from .context import COLD, Context
from .judge_queued import functions_in
from .left_behind import defines, unless_migrated
from .unchanged import unchanged_by_program

_MISSING: Any = object()


def renamed_gap(
    context: Context,
    module: str,
    old: ast.ClassDef,
    new: ast.ClassDef,
    live: type,
    living: Callable[[], list[Any]] | None = None,
) -> tuple[str, str] | None:
    """What lies under a name that another takes the place of would be lost, and what to do about it. `living`: finds
    the instances that count, where not all do."""
    newer = old if context.downgrade else new
    if issubclass(live, enum.Enum):
        return None
    for name in _renamed(context, module, old, new, live):
        lost = f"`{name.come}` takes the place of `{name.gone}`, and what {{}} there would be lost"
        if name.kept_by_class():
            return lost.format("the running program put"), f"keep the old name for one release, or {COLD}"

        def concerned(name: _Renamed = name) -> list[Any]:
            objects = living() if living is not None else context.survey.objects(live)
            return [one for one in objects if name.keeps(one)]

        if count := len(concerned()) if context.instances(live) else 0:
            mend = f"take it over in a `code_change`, keep the old name for one release, or {COLD}"
            reason = lost.format(f"{count} living instance(s) keep")
            if gap := unless_migrated(context, live, concerned, newer, (reason, mend)):
                return gap
        elif not context.has_code_change(live) and not defines(newer, "code_change"):
            context.plan.unmet.append((live, name.keeps))
    return _undescribed(context, old, new, live)


def _undescribed(context: Context, old: ast.ClassDef, new: ast.ClassDef, live: type) -> tuple[str, str] | None:
    """A descriptor of the class gives way to a plain value or a property under its name: where it kept values by its
    own key, nobody looks any more."""
    for child in new.body:
        after = child.value if isinstance(child, ast.Assign | ast.AnnAssign) else child
        if after is None or isinstance(after, ast.Call):
            continue
        for name in bound_names(child):
            if not _is_descriptor(vars(live).get(name)) or default_of(old, name) is None:
                continue
            for one in context.survey.objects(live) if context.instances(live) else []:
                keys = {key for key in fields_of(one) or {} if _is_of(key, name)} - {name, *texts_of(after)}
                if keys:
                    reason = f"`{name}` is no descriptor any more, and living instances have its value as `{min(keys)}`"
                    return reason, f"keep the descriptor for one release, or {COLD}"
    return None


def _renamed(context: Context, module: str, old: ast.ClassDef, new: ast.ClassDef, live: type) -> list[_Renamed]:
    """Names of the class that others take the place of."""
    inherited = [
        *filter(None, (_definition(context, base) for base in live.__mro__[1:])),
        *_bases(context, module, new),
    ]
    found = successors(old, new, _elsewhere(context), inherited)
    return [
        _Renamed(context, live, gone, come, (_default(old, gone), _default(new, come)))
        for gone, come in sorted(found.items())
    ]


class _Renamed:
    """One name that another takes the place of."""

    def __init__(self, context: Context, live: type, gone: str, come: str, defaults: tuple[Any, Any]) -> None:
        self.gone, self.come = gone, come
        self._context, self._live, self._defaults = context, live, defaults
        self._key = mangled(gone, live.__name__)
        self._member = vars(live).get(self._key, _MISSING)
        self._described = _is_descriptor(self._member)

    def keeps(self, one: object) -> bool:
        """The instance has something there that neither name begins with, and that no derived class of its own uses; of
        one that is as the import made it, the comparison tells."""
        if self._described:
            kept = any(_is_of(key, self.gone) for key in fields_of(one) or {})
        else:
            found = dict(attributes(one)).get(self._key, _MISSING)
            kept = found is not _MISSING and not any(_same(found, default) for default in self._defaults)
        return kept and not self._is_used_by(type(one)) and not _as_imported(self._context, one)

    def _is_used_by(self, kind: type) -> bool:
        derived = [_definition(self._context, cls) for cls in kind.__mro__[: kind.__mro__.index(self._live)]]
        return any(cls is not None and self.gone in used(cls) for cls in derived)

    def kept_by_class(self) -> bool:
        """The program changed what the class has there, or its descriptor keeps."""
        return was_changed(self._context, self._live, self._key)


def _as_imported(context: Context, one: object) -> bool:
    """A module has it by a name, and the program has changed nothing of it."""
    drift = context.drift
    homes = [(m, key) for m, found in context.live.items() for key, value in list(vars(found).items()) if value is one]
    return drift is not None and any(drift.known(home) and not drift.by_program(home) for home in homes)


def was_changed(context: Context, live: type, name: str) -> bool:
    """The program changed what the class itself has under that name, as far as it is a value, or a descriptor that
    comes before what instances have."""
    member = vars(live).get(name, _MISSING)
    if member is _MISSING or is_definition(member) or context.drift is None:
        return False
    if hasattr(type(member), "__get__") and not _is_descriptor(member):
        return False
    return not unchanged_by_program(context, live, name)


def _is_descriptor(member: object) -> bool:
    """It comes before what instances have under its name, and is the app's or a library's own."""
    return is_heap_type(type(member)) and hasattr(type(member), "__set__")


def _definition(context: Context, cls: type) -> ast.ClassDef | None:
    """Of a class in the new release."""
    source = context.new.get(cls.__module__)
    return class_in(source.tree, cls.__qualname__.split(".")) if source is not None else None


def _bases(context: Context, module: str, new: ast.ClassDef) -> Iterator[ast.ClassDef]:
    for base in new.bases:
        home = context.new_names.home(module, dotted_name(base) or "")
        definition = context.new_names.definition(home) if home is not None else None
        if definition is not None and isinstance(definition.node, ast.ClassDef):
            yield definition.node


def _elsewhere(context: Context) -> Iterator[Both]:
    """The functions of modules that change."""
    for module in context.plan.changed:
        after = dict(functions_in(context.new[module]))
        for path, function in functions_in(context.old[module]):
            if "." not in path and path in after:
                yield function, after[path]


def _default(cls: ast.ClassDef, name: str) -> Any:
    value = default_of(cls, name)
    if isinstance(value, ast.Call):  # `field(default=0)`, `Field(0)`, `field(default_factory=list)`
        given = {one.arg: one.value for one in value.keywords}
        factory = given.get("default_factory")
        if isinstance(factory, ast.Name) and factory.id in _EMPTY:
            return _EMPTY[factory.id]()
        value = given.get("default", value.args[0] if value.args else None)
    try:
        return ast.literal_eval(value) if value is not None else _MISSING
    except ValueError:
        return _MISSING


_EMPTY: dict[str, Any] = {"list": list, "dict": dict, "set": set}


def _same(found: Any, default: Any) -> bool:
    """Nothing is lost: plain values that are equal, or containers that are both empty."""
    if type(found) is not type(default):
        return False
    if isinstance(found, list | dict | set):
        return not found and not default
    return isinstance(found, int | float | str | bytes | None) and bool(found == default)


def _is_of(key: object, name: str) -> bool:
    """Under that key a descriptor called `name` may keep its value: `name`, `_name`, `name__value`."""
    if not isinstance(key, str):
        return False
    return re.fullmatch(rf"(.*[^a-zA-Z0-9])?{re.escape(name)}([^a-zA-Z0-9].*)?", key) is not None
