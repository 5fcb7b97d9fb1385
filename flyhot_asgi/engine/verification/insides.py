"""What is in a library's object, as one digest: whether two releases make the same engine, limiter or counter.

A description says of a library's object that it is one, and no more. Made in a fresh process by either release, two
of them can be held against each other all the same: all that can be reached from them, in attributes, slots, containers
and closures, is walked through and digested. What is the app's own is told by name, so that only what was made with the
object, and for it, tells. Where anything is met that can't be looked into (an object of C code, a thread, a table),
nothing is said. Asks no object anything: no code of theirs runs.
"""

from __future__ import annotations

import enum
import functools
import hashlib
import itertools
import logging
import operator
import os
import re
import sys
import threading
import types
import weakref
from collections import OrderedDict, defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import PurePath
from typing import Any

from ..living.attributes import attributes, is_heap_type
from ..source.values import ATOMS
from .frameworks import is_registrar
from .shapes import at_home

INSIDE = " (inside)"
"""Ends the path that tells what is in a library's object."""
_MOST = 20_000
_SINCE, _UNTIL = 1.0e9, 4.0e9
"""Seconds since 1970: when something was made."""
_PLACE = object.__basicsize__ // 2
_BY_REPR = frozenset(
    {"datetime", "decimal", "fractions", "uuid", "ipaddress", "zoneinfo", "typing", "typing_extensions"}
)
_SAID = (re.Pattern, itertools.count, operator.itemgetter, operator.attrgetter, operator.methodcaller)
_SAID_BY_REPR = (*_SAID, types.GenericAlias, types.UnionType)
_FINDS = frozenset({"pkgutil", "importlib.machinery", "_frozen_importlib", "_frozen_importlib_external"})
_EMPTY = frozenset({"lock", "RLock", "_local", "object", "SemLock"})
_NAMED = (type, types.MethodDescriptorType, types.WrapperDescriptorType)
_DICTS, _SETS, _LISTS = (dict, types.MappingProxyType), (set, frozenset), (list, tuple, deque)
_KNOWN = (
    dict,
    OrderedDict,
    defaultdict,
    list,
    tuple,
    deque,
    set,
    frozenset,
    str,
    int,
    float,
    bytes,
    BaseException,
    types.SimpleNamespace,
)
_LIKE_KNOWN = frozenset(
    {"sqlalchemy.util._immutabledict_cy:immutabledict", "sqlalchemy.cyextension.immutabledict:immutabledict"}
)
"""Of C code, with nothing in them but what their base shows."""
_RUNS = frozenset("_ident _native_id _name _tstate_lock _handle _started _is_stopped _initialized".split())
"""What a thread notes of its own running."""
_CACHED = type(functools.lru_cache(len))
_WEAK = (weakref.ref, weakref.WeakMethod)
_UNSEEN = frozenset({"MetaData", "Table", "Mapper", "registry", "Popen", "socket"})
"""Names of types whose objects grow with what others do to them, or live outside of the process."""


class _Unseen(Exception):
    """Something that can't be looked into."""


class Insides:
    """Digests of the insides of one process. `homes`: by id, what the app's modules have under a name of their own."""

    def __init__(self, homes: Mapping[int, str], own: Collection[str], root: str) -> None:
        self._homes, self._own, self._root = homes, own, root
        self._known: dict[int, tuple[object, str | None]] = {}

    def of(self, value: object) -> str | None:
        """None: it can't be said."""
        if id(value) not in self._known:
            try:
                said = _Walk(value, self._homes, self._own, self._root).digest()
            except (_Unseen, RuntimeError):  # what changes while it is looked at says nothing either
                said = None
            self._known[id(value)] = (value, said)
        return self._known[id(value)][1]


class _Walk:
    def __init__(self, top: object, homes: Mapping[int, str], own: Collection[str], root: str) -> None:
        self._homes, self._own, self._root = homes, own, root
        self._top = top
        self._numbers: dict[int, int] = {}
        self._todo: deque[object] = deque()
        self._text = hashlib.sha256()

    def digest(self) -> str:
        self._name(self._top)
        while self._todo:
            value = self._todo.popleft()
            for word in self._inside(value):
                self._text.update(word.encode("utf-8", "surrogatepass") + b"\0")
        return self._text.hexdigest()[:32]

    def _name(self, value: Any) -> str:
        """A value in one word; what there is to see in it is put on the list."""
        kind = type(value)
        if kind is float and _SINCE < value < _UNTIL:
            return "a time"
        if kind in ATOMS:
            return repr(value).replace(self._root, "<root>") if self._root else repr(value)
        if value is not self._top and id(value) in self._homes:
            return f"= {self._homes[id(value)]}"
        if issubclass(kind, _NAMED):
            return f"{value.__module__}:{value.__qualname__}" if issubclass(kind, type) else repr(value)
        if kind is types.ModuleType:
            return f"module {value.__name__}"
        if value is os.environ:
            return "environ"
        if (stream := _stream(value)) is not None:
            return stream
        if issubclass(kind, enum.Enum):
            return f"{kind.__qualname__}.{value._name_}"
        if issubclass(kind, PurePath | ContextVar) or issubclass(kind, _SAID_BY_REPR) or kind.__module__ in _BY_REPR:
            return _by_repr(value, kind)
        if issubclass(kind, logging.Logger):
            return f"logger {value.name}"
        if is_registrar(value):
            return f"a {kind.__qualname__}"
        if id(value) not in self._numbers:
            if len(self._numbers) >= _MOST:
                raise _Unseen
            self._numbers[id(value)] = len(self._numbers)
            self._todo.append(value)
        return f"#{self._numbers[id(value)]}"

    def _names(self, values: Iterable[Any]) -> Iterator[str]:
        yield from map(self._name, values)

    def _inside(self, value: Any) -> Iterator[str]:
        kind = type(value)
        yield f"a {kind.__module__}:{kind.__qualname__}"
        if kind is types.FunctionType:
            yield from self._function(value)
            return
        if kind is types.MethodType:
            yield from self._names([value.__func__, value.__self__])
            return
        if kind in (types.BuiltinFunctionType, types.MethodWrapperType):
            yield value.__qualname__
            yield self._name(value.__self__)
            return
        if kind is types.CellType:
            yield from self._names(_cell(value))
            return
        if issubclass(kind, _WEAK):
            target = value()
            yield self._name(target)
            return
        yield from self._contents(value, kind)
        if kind is functools.partial:
            yield from self._names([value.func, value.args, value.keywords])
        elif issubclass(kind, property | staticmethod | classmethod):
            parts = ("fget", "fset", "fdel") if issubclass(kind, property) else ("__func__",)
            yield from self._names([getattr(value, part) for part in parts])
        elif kind is _CACHED:
            yield self._name(value.__wrapped__)
        elif not _is_seen(kind) or _kept_elsewhere(kind):
            raise _Unseen
        runs = _RUNS if issubclass(kind, threading.Thread) else ()
        for name, part in sorted(attributes(value), key=lambda one: one[0]):
            if name in runs:
                continue
            yield name
            yield self._name(part)

    def _function(self, value: types.FunctionType) -> Iterator[str]:
        yield f"{value.__module__}:{value.__qualname__}"
        if value.__globals__.get("__name__") not in self._own and not at_home(value):
            yield _what_it_does(value.__code__)  # made at run time, as a template's: its name says nothing
        yield from self._names([*(value.__closure__ or ()), value.__defaults__, value.__kwdefaults__])

    def _contents(self, value: Any, kind: type) -> Iterator[str]:
        if issubclass(kind, _DICTS):
            items = dict.items(value) if issubclass(kind, dict) else value.items()
            for key, part in list(items):
                yield from self._names([key, part])
        elif issubclass(kind, _LISTS):
            for base in _LISTS:
                if issubclass(kind, base):
                    yield from self._names(list(base.__iter__(value)))
        elif issubclass(kind, _SETS):
            if not all(type(one) in ATOMS or issubclass(type(one), type) for one in list(value)):
                raise _Unseen
            yield from sorted(map(self._name, value))
        elif issubclass(kind, str | bytes | int | float):
            text: Any = next(one for one in (str, bytes, int, float) if issubclass(kind, one))
            yield text.__repr__(value)
        elif issubclass(kind, BaseException):
            yield self._name(BaseException.args.__get__(value))  # type: ignore[attr-defined]


def _by_repr(value: Any, kind: type) -> str:
    if issubclass(kind, PurePath):
        return f"path {PurePath(value)}"  # a path notes its own text
    return f"context {value.name}" if kind is ContextVar else repr(value)


def _stream(value: object) -> str | None:
    streams = {"stdin": sys.stdin, "stdout": sys.stdout, "stderr": sys.stderr}
    return next((f"stream {name}" for name, stream in streams.items() if stream is not None and value is stream), None)


def _cell(cell: types.CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


def _is_seen(kind: type) -> bool:
    """All that an instance is lies in attributes, slots and the contents of a built-in container."""
    if kind.__module__ in ("_thread", "builtins", "_multiprocessing") and kind.__qualname__ in _EMPTY:
        return True
    if kind in _KNOWN or kind is types.MappingProxyType:
        return True
    if any(base.__qualname__ in _UNSEEN for base in kind.__mro__):
        return False
    bases = [base for base in kind.__mro__ if base is not object]
    built_in = [base for base in bases if not is_heap_type(base)]
    if any(base not in _KNOWN and f"{base.__module__}:{base.__qualname__}" not in _LIKE_KNOWN for base in built_in):
        return False
    below = max((base.__basicsize__ for base in built_in), default=object.__basicsize__)
    slots = sum(type(one) is types.MemberDescriptorType for base in bases for one in vars(base).values())
    places = slots + sum(any(name in vars(base) for base in bases) for name in ("__dict__", "__weakref__"))
    return kind.__basicsize__ - below <= _PLACE * places


def _kept_elsewhere(kind: type) -> bool:
    """Its instances have no place for anything, so that what they are made with is kept beside them
    (`weakref.finalize`)."""
    if not is_heap_type(kind) or kind.__basicsize__ > object.__basicsize__:
        return False
    return any(name in vars(base) for base in kind.__mro__ if base is not object for name in ("__init__", "__new__"))


def _what_it_does(code: types.CodeType) -> str:
    consts = [_what_it_does(one) if isinstance(one, types.CodeType) else _constant(one) for one in code.co_consts]
    return hashlib.sha256(repr((code.co_code, code.co_names, code.co_varnames, consts)).encode()).hexdigest()


def _constant(value: Any) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def homes_of(modules: Mapping[str, types.ModuleType]) -> dict[int, str]:
    """By id, the first name of each object that the modules have at top level, but for what is its own name."""
    found: dict[int, str] = {}
    for name in sorted(modules):
        for key, value in sorted(vars(modules[name]).items()):
            if type(value) not in ATOMS and not key.startswith("__"):
                found.setdefault(id(value), f"{name}:{key}")
    return found


def looked_at(value: object) -> bool:
    """An object whose inside is worth a digest: one that a description does not look into."""
    kind = type(value)
    definition = issubclass(kind, types.ModuleType | type | types.FunctionType | enum.Enum | logging.Logger | PurePath)
    told = issubclass(kind, _SAID_BY_REPR) or kind.__module__ in _BY_REPR or kind.__module__ == "builtins"
    finds = kind.__module__ in _FINDS  # what it knows of folders is as old as it is
    return not (definition or told or finds or kind is _CACHED or is_registrar(value))
