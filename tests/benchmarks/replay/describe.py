"""What the first-party modules of a process are, as text: equal texts, equal releases. Runs in that process.

Every value is described where it has its home and by reference elsewhere; a function or class that is no longer what
its home's name means is marked `stale`. Nothing of the engine is used here.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import hashlib
import re
import sys
import types
import typing
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes, type(Ellipsis), range, slice})
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}|\b1[34]\d{13}\b")
_ADDRESSES = (re.compile(r"0x[0-9a-f]{6,}"), re.compile(r"1[34]\d{13}\b(?<=\b\d{15})"))
"""The same, one at a time: both begin with letters that are looked for quickly."""
_MODULE_NAMES = frozenset(
    "__builtins__ __cached__ __spec__ __loader__ __warningregistry__ __annotations__ __file__ __path__".split()
)
_CLASS_NAMES = frozenset(
    "__dict__ __weakref__ __doc__ _abc_impl __subclasshook__ __firstlineno__ __static_attributes__ __module__".split()
)
_OPAQUE_TOPS = frozenset({"sqlalchemy", "logging", "asyncio", "threading", "_thread", "weakref", "prometheus_client"})
_DEEPEST = 14
_BOOKKEEPING = frozenset(
    "_abc_cache middleware_stack openapi_schema _mark _effective_candidates_version "
    "_effective_low_priority_routes_version".split()
)
MEMO = " (memo)"
"""Ends the path of a `functools.cached_property`'s value: looking may be what made it."""


def describe(modules: dict[str, types.ModuleType], root: str) -> dict[str, str]:
    """Path → text for every name of every module, and for the inside of every function, class and instance there."""
    return _Describer(modules, root).run()


def is_a(value: Any, kinds: Any) -> bool:
    """By its type alone: who asks a lazy object for its class (Django's settings) has it set itself up, or raise."""
    return issubclass(type(value), kinds)


def aliases(modules: dict[str, types.ModuleType]) -> dict[str, str]:
    """Which names mean the same function, class or container: path → the first path of that object."""
    first: dict[int, str] = {}
    found = {}
    for name in sorted(modules):
        for key, value in sorted(vars(modules[name]).items()):
            if is_a(value, (types.FunctionType, type, dict, list, set)) and not key.startswith("__"):
                found[f"{name}:{key}"] = first.setdefault(id(value), f"{name}:{key}")
    return found


def lines(modules: dict[str, types.ModuleType]) -> dict[str, str]:
    """Where each function's code stands: what tracebacks and `inspect.getsource` go by. A count apart, as other tools
    don't promise it."""
    found = {}
    for name in sorted(modules):
        queue = [(f"{name}:{key}", value) for key, value in vars(modules[name]).items()]
        while queue:
            path, value = queue.pop()
            value = value.__func__ if is_a(value, (staticmethod, classmethod)) else value
            if not is_a(value, (type, types.FunctionType)) or value.__module__ != name or path in found:
                continue
            if is_a(value, types.FunctionType):
                found[path] = repr((value.__code__.co_firstlineno, _places(value.__code__)))
            elif is_a(value, type) and value.__qualname__ == path.partition(":")[2]:
                queue += [(f"{path}.{key}", member) for key, member in vars(value).items()]
    return found


class _Describer:
    def __init__(self, modules: dict[str, types.ModuleType], root: str) -> None:
        self._modules = modules
        self._root = root
        self._entries: dict[str, str] = {}
        self._seen: dict[int, str] = {}
        self._keep: list[Any] = []
        self._shapes: dict[int, _Shape] = {}
        self._namespaces = {id(vars(module)): name for name, module in modules.items()}

    def run(self) -> dict[str, str]:
        for name in sorted(self._modules):
            for key, value in sorted(vars(self._modules[name]).items()):
                if key not in _MODULE_NAMES:
                    self._entries[f"{name}:{key}"] = self._text(value, f"{name}:{key}", 0)
        return self._entries

    def _text(self, value: Any, path: str, depth: int) -> str:
        if type(value) in _ATOMS:
            return self._clean(repr(value))
        if is_a(value, types.ModuleType):
            return f"module {value.__name__}"
        if depth > _DEEPEST:
            return f"deep {type(value).__name__}"
        if id(value) in self._namespaces:
            return f"names of {self._namespaces[id(value)]}"  # described as such; their order means nothing
        if is_a(value, (type, types.FunctionType)):
            return self._definition(value, path, depth)
        if type(value) in (tuple, frozenset):
            parts = [self._text(v, f"{path}[{i}]", depth + 1) for i, v in enumerate(value)]
            return f"{type(value).__name__}({', '.join(parts if type(value) is tuple else sorted(parts))})"
        if id(value) in self._seen:
            return f"= {self._seen[id(value)]}" if not _is_typing(value) else self._clean(repr(value))
        return self._object(value, path, depth)

    def _object(self, value: Any, path: str, depth: int) -> str:
        for kind, describer in _TABLE:
            if is_a(value, kind):
                return describer(self, value, path, depth)
        if _is_typing(value):
            return self._clean(repr(value))
        if (type(value).__module__ or "").partition(".")[0] in _OPAQUE_TOPS:
            return self._opaque(value)
        return self._instance(value, path, depth)

    def _clean(self, text: str) -> str:
        text = text.replace(self._root, "<root>")
        for pattern in _ADDRESSES:
            text = pattern.sub("0x", text)
        return (
            text
            if len(text) < 400
            else f"{text[:80]}… {hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"
        )

    # -- definitions -------------------------------------------------------------------------

    def _definition(self, value: Any, path: str, depth: int) -> str:
        module, name = value.__module__, value.__qualname__
        if module not in self._modules:
            if isinstance(value, type) or not self._is_ours(value):
                return f"foreign {module}.{name}"
        home = _resolve(self._modules, module, name)
        if home is not value:
            known = self._seen.get(id(value))
            if known is not None:
                return f"= {known}"
            mark = "stale " if isinstance(home, type(value)) and _same_place(home, value) else "unhomed "
            return mark + self._inside(value, path, depth)
        if path != f"{module}:{name}" and id(value) in self._seen:
            return f"-> {module}:{name}"
        if id(value) not in self._seen:
            self._entries[f"{module}:{name} (inside)"] = self._inside(value, f"{module}:{name}", 0)
        return f"-> {module}:{name}"

    def _is_ours(self, function: types.FunctionType) -> bool:
        return function.__code__.co_filename.startswith(self._root)

    def _inside(self, value: Any, path: str, depth: int) -> str:
        self._remember(value, path)
        return self._class(value, path) if isinstance(value, type) else self._function(value, path, depth)

    def _remember(self, value: Any, path: str) -> None:
        self._seen[id(value)] = path
        self._keep.append(value)

    def _function(self, value: types.FunctionType, path: str, depth: int) -> str:
        cells = []
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            try:
                cells.append(f"{name}={self._text(cell.cell_contents, f'{path}<{name}>', depth + 1)}")
            except ValueError:
                cells.append(f"{name} empty")
        parts = [
            f"def {value.__module__}.{value.__qualname__} {_code(value.__code__, self._clean)}",
            f"defaults {self._text(value.__defaults__, f'{path}.defaults', depth + 1)}",
            f"keywords {self._text(value.__kwdefaults__, f'{path}.kwdefaults', depth + 1)}",
            f"annotations {self._clean(repr(sorted((k, repr(v)) for k, v in value.__annotations__.items())))}",
            f"doc {value.__doc__ is not None and _digest(str(value.__doc__))}",
            f"cells {cells}",
            f"attributes {self._text(dict(vars(value)), f'{path}.dict', depth + 1)}",
            f"globals {_lives_in(value)}",
        ]
        return "; ".join(parts)

    def _class(self, value: type, path: str) -> str:
        annotations = vars(value).get("__annotations__", {})
        derived = [c for c in type.__subclasses__(value) if c.__module__ in self._modules]
        header = [
            f"class {type(value).__module__}.{type(value).__qualname__}",
            f"mro {[f'{c.__module__}.{c.__qualname__}{self._staleness(c)}' for c in value.__mro__[1:]]}",
            f"annotations {self._clean(repr(sorted((k, str(v)) for k, v in annotations.items())))}",
            f"subclasses {sorted(f'{c.__module__}.{c.__qualname__}' for c in derived)}",
        ]
        for key, member in sorted(vars(value).items(), key=lambda item: str(item[0])):
            if key not in _CLASS_NAMES and key != "__annotations__" and not key.startswith("__pydantic_"):
                self._entries[f"{path}.{key}"] = self._text(member, f"{path}.{key}", 1)
        schema = vars(value).get("__pydantic_core_schema__")
        if isinstance(schema, dict):
            header.append(f"schema {_digest(_ADDRESS.sub('', re.sub(r'(:|_)[0-9]{6,}', '', repr(schema))))}")
        if (mapper := vars(value).get("__mapper__")) is not None:
            header.append(f"mapped {sorted(getattr(mapper, '_props', {}))}")
        return "; ".join(header)

    def _staleness(self, cls: type) -> str:
        if cls.__module__ not in self._modules:
            return ""
        return "" if _resolve(self._modules, cls.__module__, cls.__qualname__) is cls else " (stale)"

    # -- values ------------------------------------------------------------------------------

    def _mapping(self, value: Any, path: str, depth: int) -> str:
        self._remember(value, path)
        extra = f" {self._text(value.default_factory, path, depth + 1)}" if hasattr(value, "default_factory") else ""
        items = []
        for key, item in list(dict.items(value)):
            named = self._text(key, f"{path}.key", depth + 1)
            items.append(f"{named}: {self._text(item, f'{path}[{named}]', depth + 1)}")
        return f"{type(value).__qualname__}{extra} {{{', '.join(items)}}}"

    def _sequence(self, value: Any, path: str, depth: int) -> str:
        self._remember(value, path)
        parts = [self._text(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
        return f"{type(value).__qualname__} [{', '.join(parts)}]"

    def _set(self, value: Any, path: str, depth: int) -> str:
        self._remember(value, path)
        return f"{type(value).__qualname__} {sorted(self._text(v, f'{path}{{}}', depth + 1) for v in value)}"

    def _wrapper(self, value: Any, path: str, depth: int) -> str:
        return f"{type(value).__name__} {self._text(value.__func__, path, depth + 1)}"

    def _bound(self, value: types.MethodType, path: str, depth: int) -> str:
        owner = self._text(value.__self__, f"{path}.self", depth + 1)
        return f"bound {self._text(value.__func__, path, depth + 1)} of {owner}"

    def _property(self, value: Any, path: str, depth: int) -> str:
        parts = [self._text(getattr(value, part), f"{path}.{part}", depth + 1) for part in ("fget", "fset", "fdel")]
        return f"property {parts}"

    def _partial(self, value: Any, path: str, depth: int) -> str:
        self._remember(value, path)
        parts = [value.func, value.args, value.keywords]
        return f"partial {[self._text(part, path, depth + 1) for part in parts]}"

    def _member(self, value: enum.Enum, path: str, depth: int) -> str:
        held = f"{type(value).__qualname__}.{value.name}"
        live = type(value).__members__.get(value.name or "") is value
        return f"member {held} {self._text(value.value, path, depth + 1)}{'' if live else ' (stale)'}"

    def _pattern(self, value: Any, path: str, depth: int) -> str:
        return f"{type(value).__name__} {self._clean(repr(value))}"

    def _instance(self, value: Any, path: str, depth: int) -> str:
        self._remember(value, path)
        cls = type(value)
        if id(cls) not in self._shapes:  # as it is in this picture: an upgrade may give it another
            self._shapes[id(cls)] = _shape(cls)
        slots, memos = self._shapes[id(cls)]
        name = f"{cls.__module__}.{cls.__qualname__}{self._staleness(cls)}"
        _up_to_date(value, cls)
        state = []
        for key, item in sorted(_state(value, slots), key=lambda pair: str(pair[0])):
            if key in memos:
                self._entries[f"{path}.{key}{MEMO}"] = self._text(item, f"{path}.{key}", depth + 1)
            elif key not in _BOOKKEEPING and not str(key).endswith("_routes_version"):
                state.append(f"{key}={self._text(item, f'{path}.{key}', depth + 1)}")
        if issubclass(cls, (dict, list, set)) or not state:
            state.append(self._clean(_plain(value)))
        return f"<{name} {', '.join(state)}>"

    def _opaque(self, value: Any) -> str:
        cls = type(value)
        if cls.__qualname__ == "Table" and cls.__module__.startswith("sqlalchemy"):
            columns = [f"{c.name} {c.type!r} {c.nullable} {c.primary_key} {c.index} {c.unique}" for c in value.columns]
            return f"Table {value.name} {columns}"
        return f"{cls.__module__}.{cls.__qualname__}"


_TABLE: list[tuple[Any, Callable[[_Describer, Any, str, int], str]]] = [
    (enum.Enum, _Describer._member),
    ((staticmethod, classmethod), _Describer._wrapper),
    (types.MethodType, _Describer._bound),
    (property, _Describer._property),
    (functools.partial, _Describer._partial),
    (
        (dict, types.MappingProxyType),
        lambda d, v, p, n: d._mapping(dict(v) if isinstance(v, types.MappingProxyType) else v, p, n),
    ),
    ((list, deque), _Describer._sequence),
    ((set, frozenset), _Describer._set),
    (re.Pattern, _Describer._pattern),
]


_PLAIN_KINDS = (types.FunctionType, types.MethodType, types.SimpleNamespace, types.MappingProxyType)


def _is_typing(value: Any) -> bool:
    """Immutable values of the typing kind, which processes share or not as they like."""
    if is_a(value, (typing.TypeVar, types.GenericAlias)):
        return True
    homes = ("typing", "types", "typing_extensions", "annotated_types")
    return type(value).__module__ in homes and not is_a(value, _PLAIN_KINDS)


def _lives_in(function: types.FunctionType) -> bool:
    """Its globals are those of a living module of their name, not of one that was replaced."""
    module = sys.modules.get(str(function.__globals__.get("__name__")))
    return getattr(module, "__dict__", None) is function.__globals__


def _plain(value: Any) -> str:
    kind = type(value).__repr__
    return repr(value) if getattr(kind, "__objclass__", None) is not None and kind is not object.__repr__ else ""


_Slots = list[tuple[str, types.MemberDescriptorType]]
_Shape = tuple[_Slots, frozenset[str]]


def _state(value: Any, slots: _Slots) -> Iterator[tuple[str, Any]]:
    """Attributes that an instance has, its own `__dict__` and slots, without asking the instance."""
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        found = {}
    if type(found) is dict:
        yield from list(found.items())
    for key, slot in slots:
        try:
            yield key, slot.__get__(value, type(value))
        except (AttributeError, TypeError):
            continue


def _up_to_date(value: Any, cls: type) -> None:
    """Newer FastAPI keeps what an included router's routes come to until the router's version moves on, and looks when
    it is asked: what it would go by counts, not what nobody asks for any more."""
    if cls.__module__ == "fastapi.routing" and cls.__qualname__ == "_IncludedRouter":
        with contextlib.suppress(Exception):
            value.effective_candidates()


def _shape(cls: type) -> _Shape:
    """Slots, those of bases too, and the names of cached properties."""
    members = [item for base in cls.__mro__ if base is not type for item in list(vars(base).items())]
    slots = [(key, slot) for key, slot in members if isinstance(slot, types.MemberDescriptorType)]
    found = dict(reversed(members))
    return slots, frozenset(key for key, value in found.items() if isinstance(value, functools.cached_property))


def _resolve(modules: dict[str, types.ModuleType], module: str, qualname: str) -> Any:
    found: Any = vars(modules[module]) if module in modules else {}
    for part in qualname.split("."):
        found = (found if isinstance(found, dict) else vars(found) if isinstance(found, type) else {}).get(part)
        if isinstance(found, (staticmethod, classmethod)):
            found = found.__func__
    return found


def _same_place(home: Any, value: Any) -> bool:
    return isinstance(home, type) or home.__code__.co_qualname == value.__code__.co_qualname


def _code(code: types.CodeType, clean: Callable[[str], str]) -> str:
    """What the code does; where it stands is `lines_of`'s."""
    consts = [_code(c, clean) if isinstance(c, types.CodeType) else _const(c) for c in code.co_consts]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    counts = (code.co_flags, code.co_argcount, code.co_kwonlyargcount, code.co_posonlyargcount)
    return f"{code.co_name}#{_digest(repr([code.co_code.hex(), names, consts, counts, clean(code.co_filename)]))}"


def _places(code: types.CodeType) -> list[object]:
    return [
        code.co_qualname,
        list(code.co_lines())[-1:],
        *[_places(c) for c in code.co_consts if type(c) is type(code)],
    ]


def _const(value: Any) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
