"""Annotations, core schemas and other small objects of libraries as text, equal for equal releases in every process.

A first-party function or class in them is told by name, and marked where it is not what its home has under that name:
whoever still holds the definition of the release before shows.
"""

from __future__ import annotations

import enum
import functools
import hashlib
import operator
import re
import types
import typing
from collections.abc import Callable, Collection, Iterator
from typing import Any

from ..living.attributes import attributes, attributes_in, slots_of
from ..living.places import found_at
from ..source.codetree import children, code_digest
from ..source.values import ATOMS
from .columns import SCHEMA, item_text

_NUMBERS = re.compile(r"0x[0-9a-f]+|:[0-9]{6,}|__[0-9]+$")
_MOST = 200
_TYPING = ("typing", "types", "typing_extensions")
_ORDERED = frozenset({"fields", "properties"})
_SHARED = frozenset({"model", "dataclass", "typed-dict", "definitions"})
"""Kinds of schemas that others embed as they are."""
_GETTERS = (operator.attrgetter, operator.itemgetter)
_DEFINITIONS = (type, types.FunctionType)
_Named: typing.TypeAlias = dict[int, tuple[Any, bool]]
"""By id: a definition that a text names, and whether it was at home when the text was made."""


class Shapes:
    """Texts of values; those of unchanged objects are remembered from one description of a process to the next."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, str, _Named]] = {}
        self._on_path: set[int] = set()
        self._named: _Named = {}
        self._digests: dict[int, tuple[types.CodeType, str]] = {}
        self._slots: dict[type, list[tuple[str, Any]]] = {}
        self._once: dict[str, frozenset[int]] = {}

    def begin(self) -> None:
        """A description begins: what classes had at the last one may have changed."""
        self._slots.clear()
        self._once.clear()

    def once(self, what: str, make: Callable[[], frozenset[int]]) -> frozenset[int]:
        """What is found out once for a description."""
        if what not in self._once:
            self._once[what] = make()
        return self._once[what]

    def digest(self, code: types.CodeType) -> str:
        """`code_digest`, remembered, and of the code objects in it too."""
        known = self._digests.get(id(code))
        if known is None:
            for inner in children(code):
                self.digest(inner)
            known = self._digests[id(code)] = (code, code_digest(code))
        return known[1]

    def attributes(self, value: Any) -> dict[str, Any]:
        """As `attributes`."""
        kind = type(value)
        slots = self._slots.get(kind)
        if slots is None:
            slots = self._slots[kind] = list(slots_of(kind))
        return dict(attributes_in(value, slots))

    def remembered(self, value: object, make: Callable[[], str]) -> str:
        """The text of an object that nobody changes once it is made, as long as what it names stays where it is."""
        known = self._known.get(id(value))
        if known is None or not all(at_home(one) is home for one, home in known[2].values()):
            before, self._named = self._named, {}
            try:
                known = self._known[id(value)] = (value, make(), self._named)
            finally:
                self._named = before
        self._named |= known[2]
        return known[1]

    def reference(self, value: Any) -> str:
        """A function or class by name, see `reference`."""
        if issubclass(type(value), _DEFINITIONS):
            self._named[id(value)] = (value, at_home(value))
        return reference(value)

    def annotations(self, found: object) -> str | None:
        """Of a function or class; None if there are none."""
        if type(found) is not dict or not found:
            return None
        return ", ".join(f"{name}: {self.annotation(value)}" for name, value in found.items())

    def annotation(self, value: Any, depth: int = 6) -> str:
        if type(value) is str:
            return value
        if issubclass(type(value), type):
            return self.reference(value)
        if isinstance(value, typing.ForwardRef):
            return value.__forward_arg__
        if type(value).__module__ not in _TYPING or isinstance(value, typing.TypeVar) or not depth:
            return _without_numbers(repr(value)) if type(value).__module__ in _TYPING else self.text(value)
        arguments = getattr(value, "__args__", ())
        parts = [self.annotation(part, depth - 1) for part in arguments if type(arguments) is tuple]
        if (
            getattr(value, "__origin__", None) is typing.Union or type(value) is types.UnionType
        ):  # `typing` gives out the one that it made first of those that are equal
            parts.sort()
        more = [self.text(part) for part in getattr(value, "__metadata__", ())]
        origin = getattr(value, "__origin__", None)
        name = self.reference(origin) if issubclass(type(origin), type) else type(value).__name__
        return f"{name}[{', '.join([*parts, *more])}]" if parts or more else _without_numbers(repr(value))

    def text(self, value: Any, depth: int = 3) -> str:
        """A value that a library keeps: an argument, a parameter's facts, an entry of a registry."""
        kind = type(value)
        if kind in ATOMS:
            return _without_numbers(repr(value))
        if issubclass(kind, (type, types.FunctionType, types.BuiltinFunctionType)):
            return self.reference(value)
        if kind is types.MethodType:
            return f"{self.reference(value.__func__)} of a {_name(type(value.__self__))}"
        if kind in _GETTERS:
            return f"{_name(kind)} {self.text(list(value.__reduce__()[1]), depth - 1)}"
        if kind is functools.partial:
            return f"partial {self.text(value.func, depth - 1)} {self.text([value.args, value.keywords], depth - 1)}"
        if issubclass(kind, enum.Enum):
            return f"{_name(kind)}.{value._name_}"
        if kind.__module__ in _TYPING:
            return self.annotation(value)
        if depth <= 0 or id(value) in self._on_path:
            return f"a {_name(kind)}"
        self._on_path.add(id(value))
        try:
            return self._inside(value, kind, depth)
        finally:
            self._on_path.discard(id(value))

    def _inside(self, value: Any, kind: type, depth: int) -> str:
        if kind is dict:
            items = [f"{self.text(k, 1)}: {self.text(v, depth - 1)}" for k, v in list(value.items())[:_MOST]]
            return f"{{{', '.join(items)}}}"
        if kind in (list, tuple):
            return f"[{', '.join(self.text(one, depth - 1) for one in list(value)[:_MOST])}]"
        if kind in (set, frozenset):
            return f"{{{', '.join(sorted(self.text(one, depth - 1) for one in value))}}}"
        if kind.__module__ == SCHEMA:
            return item_text(value, self)
        parts = [
            f"{name}={self.text(part, depth - 1)}" for name, part in self.attributes(value).items() if part is not None
        ]
        return f"a {_name(kind)}({', '.join(parts)})"

    def schema(self, value: Any) -> str:
        """A digest of a pydantic core schema: what it validates, and who takes part."""
        return self.remembered(value, lambda: hashlib.sha256(self._schema(value).encode()).hexdigest()[:16])

    def _schema(self, value: Any) -> str:
        kind = type(value)
        if kind is str:
            return _without_numbers(value) if ":" in value or "__" in value else value
        if kind is dict:
            if id(value) in self._on_path:
                return "itself"
            self._on_path.add(id(value))
            try:
                return self._schema_of_dict(value)
            finally:
                self._on_path.discard(id(value))
        if kind in (list, tuple):
            return f"[{','.join(map(self._schema, value))}]"
        return self.text(value, 1)

    def _schema_of_dict(self, value: dict[Any, Any]) -> str:
        parts = []
        for key, part in value.items():
            if key == "metadata" and part == {}:
                continue  # pydantic before 2.10 puts it there when it is asked for a JSON schema
            if key == "choices" and value.get("type") == "union" and type(part) is list:
                parts.append(f"{key}={','.join(sorted(map(self._schema, part)))}")  # as `annotation` does
                continue
            shared = type(part) is dict and type(named := part.get("type")) is str and named in _SHARED
            text = self.schema(part) if shared else self._schema(part)
            if key in _ORDERED and type(part) is dict:
                text += ",".join(map(str, part))
            parts.append(f"{key}={text}")
        parts.sort()
        return f"{{{','.join(parts)}}}"


def reference(value: Any) -> str:
    """A function or class by name; `elsewhere` if its module has another object under the name, or none."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "?")
    if issubclass(type(value), _DEFINITIONS) and not at_home(value):
        inner = vars(value).get("__wrapped__") if isinstance(value, types.FunctionType) else None
        wrapped = f" around {reference(inner)}" if isinstance(inner, types.FunctionType) else ""
        return f"{module}:{_without_numbers(name)} elsewhere{wrapped}"
    return f"{module}:{name}"


def at_home(value: types.FunctionType | type) -> bool:
    """The object is what its own module has under its name: no second copy of it is in use."""
    return found_at(value.__module__ or "", value.__qualname__) is value


def own_parts(value: Any, own: Collection[str], most: int = 4000, deepest: int = 7) -> Iterator[tuple[str, str]]:
    """First-party functions and classes that a library's object holds in its attributes and containers, each with its
    path below the object: what was registered with it. Nothing is asked; libraries' machinery is left out."""
    seen: set[int] = {id(value)}
    level: list[tuple[str, Any]] = [("", value)]
    for _ in range(deepest):
        below: list[tuple[str, Any]] = []
        for path, holder in level:
            for step, part in _parts(holder):
                if issubclass(type(part), _DEFINITIONS):
                    if part.__module__ in own:
                        yield path + step, reference(part)
                elif id(part) not in seen and looked_into(part):
                    seen.add(id(part))
                    below.append((path + step, part))
                    if len(seen) > most:
                        return
        level = below


_MACHINERY = frozenset(
    "asyncio concurrent ctypes io logging multiprocessing queue re select selectors socket sqlalchemy ssl threading "
    "weakref _thread _io _asyncio _weakref _ssl _socket pydantic_core loguru".split()
)


_SERVING = (
    "flyhot_asgi.session",
    "flyhot_asgi.runtime",
    "flyhot_asgi.client",
    "flyhot_asgi.live",
    "flyhot_asgi.stateful",
)
"""Packages of ours whose objects hold who is connected, and what is under way: nothing is registered with them."""


def looked_into(value: Any) -> bool:
    """Something may have been registered with it."""
    kind = type(value)
    if kind in ATOMS or issubclass(kind, types.ModuleType | enum.Enum) or kind.__module__ in _TYPING:
        return False
    module = kind.__module__ or ""
    return module.partition(".")[0] not in _MACHINERY and not module.startswith(_SERVING)


def _parts(holder: Any) -> Iterator[tuple[str, Any]]:
    kind = type(holder)
    if issubclass(kind, dict):
        for key, part in list(dict.items(holder)):
            yield f"[{_key(key)}]", part
    elif issubclass(kind, list | tuple):
        for index, part in enumerate(list(holder)):
            yield f"[{index}]", part
    elif issubclass(kind, set | frozenset):
        named = [part for part in list(holder) if issubclass(type(part), _DEFINITIONS)]
        for part in sorted(named, key=reference):
            yield f"{{{reference(part)}}}", part
    elif kind is types.MethodType:
        yield ".__func__", holder.__func__
        yield ".__self__", holder.__self__
        return
    elif kind is functools.partial:
        yield ".func", holder.func
        yield ".args", holder.args
        yield ".keywords", holder.keywords
    for name, part in attributes(holder):
        yield f".{name}", part


def _key(key: Any) -> str:
    if type(key) in ATOMS:
        return repr(key)
    if issubclass(type(key), _DEFINITIONS):
        return reference(key)
    return f"({', '.join(map(_key, key))})" if type(key) is tuple else f"a {_name(type(key))}"


def _name(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def _without_numbers(text: str) -> str:
    return _NUMBERS.sub("", text)
