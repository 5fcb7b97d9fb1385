"""The structure of first-party modules as plain text, the same in every process that has the same release.

A cold import of the release in a fresh process is described, and so is the living process; where they differ, the
process is not the release. An entry is a path (`app.main:Room.join`) and a text. There are two channels:

- **definitions** (functions, classes and their members, routes): must equal the release's, always;
- **state** (values, contents of containers, attributes of first-party objects): lives on; only what the release itself
  changed has to arrive (see `compare.py`).

Described without addresses, with sets sorted, and with the app's root taken out of strings, so that hash seeds, folders
and runs make no difference. Runs none of the app's code: attributes of unknown objects are not asked for.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import os
import re
import sys
import types
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePath
from typing import Any

from ..living.attributes import fields_of
from ..living.ordering import Ordering
from ..living.places import is_made_by_call
from ..living.registries import is_abstract, registered_with
from ..source.codetree import docstring
from ..source.paths import CONTAINER_KINDS, ORDER, SAME, SHARED, TOLD, brief, holder_ends
from ..source.values import ATOMS, IMPORT_SETS, is_namespace
from .builtin_parts import beside_items, built_in_parts, is_named_tuple
from .frameworks import fields_told, is_registrar, of_class, of_object
from .insides import INSIDE, Insides, homes_of, looked_at
from .shapes import Shapes, at_home
from .told import defaults_of, told, told_of_foreign

DEFINITION, STATE = "D", "S"
DEPTH, _DEEPEST, _ENOUGH = 4, 7, 2000
"""Values are looked into this deep; up to the second where a name's value has not given so many entries by then."""
_LONGEST, _SHOWN = 240, 60
_MOST_ITEMS, _MOST_TOLD = 1000, 5000
_CONTAINERS = frozenset(CONTAINER_KINDS) - {tuple, frozenset}
_MOST_ORDERED = 200
_TOLD_BY_REPR = frozenset({"datetime", "decimal", "fractions", "uuid", "ipaddress", "zoneinfo", "typing"})
"""Modules whose objects are values, with all that they are in their `repr`."""
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_NOTED = "__annotations__"
_SKIPPED_MEMBERS = frozenset(
    {"__dict__", "__weakref__", "__module__", "__qualname__", "__firstlineno__", "__static_attributes__"}
)
_GENERIC = frozenset({"__parameters__", "__orig_bases__", "__match_args__"})


class Fingerprint:
    """Describes modules into `entries`: path → (channel, text). Use once."""

    def __init__(
        self,
        root: str,
        first_party: Iterable[str],
        shapes: Shapes | None = None,
        known: Collection[str] | None = None,
        insides: Insides | None = None,
    ) -> None:
        self._insides = insides
        self.entries: dict[str, tuple[str, str]] = {}
        self._known = known
        self._shapes = shapes or Shapes()
        self._shapes.begin()
        self._foreign: dict[int, list[tuple[str, str]] | None] = {}
        self._root = root.rstrip(os.sep)
        self._own = frozenset(first_party)
        self._keep: list[object] = []
        self._on_path: set[int] = set()
        self._until = 0
        self._ordering = Ordering()
        self._in_cells: list[tuple[str, Any, int]] = []
        self._named: dict[int, list[str]] = defaultdict(list)
        """Names of modules, members of classes, items of containers by the object that they mean, where no text says
        which one that is."""

    def module(self, name: str, module: types.ModuleType) -> None:
        """Describe every name of a module but those that the import system sets."""
        self._ordering.module(module)
        for key, value in list(vars(module).items()):
            if key not in IMPORT_SETS:
                self._until = len(self.entries) + _ENOUGH
                self._value(f"{name}:{key}", value, 0)

    def _is_too_deep(self, depth: int) -> bool:
        return depth >= DEPTH and (depth >= _DEEPEST or len(self.entries) >= self._until)

    def _is_one_of_many(self, value: Any) -> bool:
        """Another object could have the same description: a container, a closure, an instance."""
        kind = type(value)
        if kind is types.FunctionType:
            return "<" in value.__qualname__  # made by a function, or a lambda
        return kind in _CONTAINERS or kind.__module__ in self._own

    def sharing(self) -> None:
        """Describe which names and items of all the modules mean one object, and objects that only closures have.
        Called when the modules have been described."""
        for path, value, depth in [one for one in self._in_cells if id(one[1]) not in self._named]:
            self._value(path, value, depth)
        shared: dict[str, str] = {}
        for paths in self._named.values():
            first, *others = sorted(set(paths))
            shared.update(dict.fromkeys(others, first))
        for path, first in shared.items():
            if not any(path[:end] in shared for end in holder_ends(path)):  # or who shares the holder says it
                self._put(f"{path}{SAME}", STATE, f"{SHARED}{first}")

    def _put(self, path: str, channel: str, text: str) -> None:
        text = text.replace(self._root, "<root>") if self._root else text
        if len(text) > _LONGEST:
            text = f"{text[:_SHOWN]}… {hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
        self.entries[path] = (channel, text)

    def _value(self, path: str, value: Any, depth: int) -> None:
        kind = type(value)
        if self._is_one_of_many(value):
            self._named[id(value)].append(path)
            self._keep.append(value)
        if kind in ATOMS:
            self._put(path, STATE, repr(value))
        elif kind is types.ModuleType:
            self._put(path, DEFINITION, f"module {value.__name__}")
        elif is_a(value, type):
            self._class(path, value, depth)
        elif kind is types.FunctionType:
            self._function(path, value, depth)
        elif kind in CONTAINER_KINDS:
            self._container(path, value, depth)
        elif is_a(value, PurePath):
            self._put(path, STATE, str(PurePath(value)))  # a path notes its own text
        elif kind is types.BuiltinFunctionType:
            of = f" of {self._brief(value.__self__)}" if type(value.__self__) in ATOMS[1:] else ""
            self._put(path, STATE, f"builtin {value.__module__}:{value.__qualname__}{of}")
        elif kind is types.MappingProxyType:
            self._value(path, dict(value), depth)
        elif kind is types.MethodType:
            self._put(path, STATE, f"method {self._brief(value.__func__)} of {self._brief(value.__self__)}")
        elif kind.__module__ in _TOLD_BY_REPR or kind in (types.GenericAlias, types.UnionType):
            self._put(path, STATE, _ADDRESS.sub("", repr(value)))  # `Annotated[User, Depends(<function …>)]`
        elif kind is types.CodeType:
            self._put(path, STATE, self._brief(value))
        elif kind is re.Pattern:
            self._put(path, STATE, f"pattern {value.pattern!r} {value.flags}")
        elif issubclass(kind, enum.Enum) and kind.__module__ not in self._own:
            self._put(path, STATE, f"a {kind.__module__}:{kind.__qualname__} {value._value_!r}")
        else:
            self._object(path, value, depth)

    # -- definitions -------------------------------------------------------------------------

    def _function(self, path: str, function: types.FunctionType, depth: int) -> None:
        where = "home" if at_home(function) else "elsewhere"
        if function.__module__ not in self._own and function.__globals__.get("__name__") not in self._own:
            self._put(path, DEFINITION, f"function {function.__module__}:{function.__qualname__}")
            return
        defaults = [self._brief(value) for value in function.__defaults__ or ()]
        named = {key: self._brief(value) for key, value in sorted((function.__kwdefaults__ or {}).items())}
        code = self._shapes.digest(function.__code__)
        space = function.__globals__.get("__name__")
        where = where if space == function.__module__ else f"{where} in {space}:"
        text = f"function {function.__module__}:{function.__qualname__} {where} {code} {defaults} {named}"
        self._put(path, DEFINITION, text)
        self._annotations(path, function)
        if function.__doc__ != docstring(function.__code__):
            self._put(f"{path}.__doc__", DEFINITION, self._shapes.text(function.__doc__))
        if depth < DEPTH and id(function) not in self._on_path:
            self._on_path.add(id(function))
            for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
                if name != "__class__":
                    self._cell(f"{path}[{name}]", _cell_contents(cell), depth + 1)
            for name, value in defaults_of(function):
                if type(value) in CONTAINER_KINDS:
                    self._value(f"{path}[{name}=]", value, depth + 1)
            for name, value in sorted(function.__dict__.items()):
                if not name.startswith("__"):
                    self._value(f"{path}.{name}", value, depth + 1)
            self._on_path.discard(id(function))

    def _cell(self, path: str, contents: Any, depth: int) -> None:
        """What a closure was made with. What the app's objects in it have, their names tell, if they have any."""
        kind = type(contents)
        if is_a(contents, types.FunctionType):
            self._function(path, contents, depth)
        elif kind in _TOLD_IN_CELLS or kind in CONTAINER_KINDS:
            self._value(path, contents, depth)
        elif is_a(contents, type):
            self._put(path, STATE, f"class {brief(contents)}")
        elif kind.__module__ in self._own:
            self._put(path, STATE, f"instance of {kind.__module__}:{kind.__qualname__}")
            self._in_cells.append((path, contents, depth))

    def _annotations(self, path: str, definition: types.FunctionType | type) -> None:
        """Frameworks read them. From 3.14 they are code of their own, which is not run."""
        if sys.version_info >= (3, 14):
            return
        found = definition.__annotations__ if is_a(definition, types.FunctionType) else vars(definition).get(_NOTED)
        if (text := self._shapes.annotations(found)) is not None:
            self._put(f"{path}.{_NOTED}", DEFINITION, text)

    def _class(self, path: str, cls: type, depth: int) -> None:
        where = "home" if at_home(cls) else "elsewhere"
        name = f"{cls.__module__}:{cls.__qualname__}"
        made = where == "elsewhere" and is_made_by_call(cls, self._own)
        if cls.__module__ not in self._own and not made:
            self._put(path, DEFINITION, f"class {name}")
            return
        bases = ", ".join(f"{base.__module__}:{base.__qualname__}" for base in cls.__bases__)
        self._put(path, DEFINITION, f"class {name} {where} ({bases}) {type(cls).__qualname__}")
        if depth < 2 if made else where == "home" and self._is_described(path, cls, depth):
            for key, member in list(vars(cls).items()):
                self._member(f"{path}.{key}", key, member, depth + 1)
            if is_abstract(cls):
                for one in registered_with(cls):
                    self._put(f"{path} (registered)[{brief(one)}]", STATE, "registered")
            fields = vars(cls).get("__dataclass_fields__")
            if type(fields) is dict:
                self._put(f"{path} (fields)", DEFINITION, repr([self._field(each) for each in fields.values()]))
            self._annotations(path, cls)
            for suffix, text in of_class(cls, self._shapes):
                self._put(f"{path}{suffix}", DEFINITION, text)

    def _is_described(self, path: str, cls: type, depth: int) -> bool:
        """Here, under the class's own name, its members are described."""
        return depth < DEPTH and path == f"{cls.__module__}:{cls.__qualname__}"

    def _field(self, field: Any) -> tuple[Any, ...]:
        """A dataclass's field: what its generated methods were made of, and what `fields()` tells."""
        init, shown, compare, hashed, named, default, name, kind = (_slot(field, part) for part in _OF_FIELD)
        flags = (init, shown, compare, hashed, bool(named))
        default = "missing" if default is dataclasses.MISSING else brief(default)
        return (name, kind if type(kind) is str else brief(kind), default, flags)

    def _member(self, path: str, key: str, member: Any, depth: int) -> None:
        if key in _SKIPPED_MEMBERS or key.startswith(("__pydantic", "_abc_", "__abstract")):
            return
        if key in _GENERIC:
            self._put(path, DEFINITION, self._shapes.text(member))
            return
        if is_a(member, (staticmethod, classmethod)):
            self._put(path, DEFINITION, type(member).__name__)
            self._value(f"{path}()", member.__func__, depth)
        elif is_a(member, property):
            self._put(path, DEFINITION, "property")
            for part in ("fget", "fset", "fdel"):
                self._value(f"{path}.{part}", getattr(member, part), depth)
        elif is_a(member, (types.FunctionType, type)):
            self._value(path, member, depth)
        elif not key.startswith("__") or key == "__slots__" or type(member) in ATOMS:
            self._value(path, member, depth)

    # -- state -------------------------------------------------------------------------------

    def _part(self, path: str, value: Any, depth: int) -> None:
        """An item or an attribute: what the program put in, and no release has, is its own affair."""
        if self._known is None or path in self._known:
            self._value(path, value, depth)

    def _container(self, path: str, value: Any, depth: int) -> None:
        module = sys.modules.get(str(value.get("__name__"))) if type(value) is dict and "__spec__" in value else None
        if module is not None and vars(module) is value:
            self._put(path, DEFINITION, f"the names of {module.__name__}")
            return
        if self._is_too_deep(depth) or len(value) > _MOST_ITEMS or id(value) in self._on_path:
            self._put(path, STATE, type(value).__name__)
            if id(value) not in self._on_path and len(value) <= _MOST_TOLD:
                self._put(f"{path} (contents)", STATE, told(value))
            return
        self._put(path, STATE, f"{type(value).__name__} of {len(value)}")
        for part, setting in beside_items(value):
            self._put(f"{path}{part}", STATE, self._brief(setting))
        self._on_path.add(id(value))
        if is_a(value, dict):
            if 1 < len(value) <= _MOST_ORDERED:
                self.entries[f"{path}{ORDER}"] = (STATE, self._ordering.text(value, self._brief))
            for key, item in list(value.items()):
                self._part(f"{path}[{self._brief(key)}]", item, depth + 1)
        elif is_a(value, (set, frozenset)):
            for name, count in Counter(map(self._brief, value)).items():
                self._put(f"{path}[{name}]", STATE, f"in it, {count} so called")
        else:
            for index, item in enumerate(list(value)):
                self._part(f"{path}[{index}]", item, depth + 1)
        self._on_path.discard(id(value))

    def _object(self, path: str, value: Any, depth: int) -> None:
        cls = type(value)
        if cls.__module__ not in self._own:
            self._named[id(value)].append(path)
            self._keep.append(value)
        if is_a(value, functools.partial):
            self._value(f"{path}.func", value.func, depth + 1)
            self._value(f"{path}.args", value.args, depth + 1)
            self._value(f"{path}.keywords", value.keywords, depth + 1)
        inner = wrapped_by(value)
        if inner is not None and depth < DEPTH:
            self._value(f"{path}.__wrapped__", inner, depth + 1)
        library = cls.__module__ not in self._own and is_named_tuple(cls)
        told = cls.__module__ in self._own or is_namespace(value) or library
        if told and not self._is_too_deep(depth) and id(value) not in self._on_path:
            self._put(path, STATE if library else DEFINITION, f"a {cls.__module__}:{cls.__qualname__}")
            self._on_path.add(id(value))
            for key, item in sorted(fields_told(value, self._own).items()):
                self._part(f"{path}.{key}", item, depth + 1)
            for part, item in built_in_parts(value):
                self._part(f"{path}{part}", item, depth + 1)
            self._on_path.discard(id(value))
            self._parts(path, value)
        elif is_registrar(value):
            self._put(path, DEFINITION, f"a {cls.__module__}:{cls.__qualname__}")
            self._parts(path, value)
        else:
            self._put(path, STATE, f"a {cls.__module__}:{cls.__qualname__}")
            if cls.__module__ not in self._own and (text := told_of_foreign(value)):
                self._put(f"{path}{TOLD}", STATE, text)
            self._parts(path, value)
            if self._insides is not None and depth <= 1 and looked_at(value):
                if (said := self._insides.of(value)) is not None:
                    self._put(f"{path}{INSIDE}", STATE, f"digest '{said}'")

    def _parts(self, path: str, value: Any) -> None:
        """What a framework keeps of the app in an object, wherever that is bound."""
        if id(value) not in self._foreign:
            self._foreign[id(value)] = of_object(value, self._own, self._shapes)
        for suffix, text in self._foreign[id(value)] or ():
            if f"{path}{suffix}" not in self.entries:
                self._put(f"{path}{suffix}", DEFINITION, text)

    def _brief(self, value: Any) -> str:
        """One value as a short text, for keys and defaults; code objects by what they do."""
        return (
            f"code {value.co_qualname} {self._shapes.digest(value)}" if type(value) is types.CodeType else brief(value)
        )


_OF_FIELD = ("init", "repr", "compare", "hash", "kw_only", "default", "name", "type")


def _slot(field: Any, part: str) -> Any:
    """What a dataclass's field has, past the properties of a class of the app's that derives from `Field`."""
    try:
        return vars(dataclasses.Field)[part].__get__(field)
    except (AttributeError, TypeError):
        return None


def is_a(value: object, kinds: Any) -> bool:
    """`isinstance` by the type alone: asking an object for its `__class__` may run its code."""
    return issubclass(type(value), kinds)


def _attributes(value: Any) -> dict[str, Any]:
    return dict(fields_of(value) or {})


def wrapped_by(value: Any) -> Any:
    """The function behind an `lru_cache` and its like."""
    return _attributes(value).get("__wrapped__")


_TOLD_IN_CELLS = (*ATOMS, types.BuiltinFunctionType, types.MethodType, re.Pattern, functools.partial)


def _cell_contents(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def describe(
    modules: Mapping[str, types.ModuleType],
    root: str,
    first_party: Iterable[str],
    shapes: Shapes | None = None,
    *,
    known: Collection[str] | None = None,
    insides: bool = False,
) -> dict[str, tuple[str, str]]:
    """path → (channel, text) for all these modules. `first_party` are the names of all the app's modules. `shapes`
    remembers texts for the next description of the same process. `known`: of items and attributes, only these paths (an
    app may hold thousands of sessions in a list). `insides`: with what is in libraries' objects (see `insides.py`)."""
    own = frozenset(first_party)
    looked = Insides(homes_of(modules), own, root.rstrip(os.sep)) if insides else None
    found = Fingerprint(root, own, shapes, known, looked)
    for name, module in modules.items():
        found.module(name, module)
    found.sharing()
    return found.entries
