"""Which parts of an object a snapshot has to keep: decided once per class, from the class alone.

Kept are mutable containers (and their subclasses, whole), instances of the application's own classes, and a
few plain data holders of the standard library. Left alone is what a `code_change` has no business to change
and what couldn't be put back by assigning: modules, classes, functions, tasks, loops, requests and
websockets, and whatever belongs to Python or to an installed package.
"""

from __future__ import annotations

import asyncio
import collections
import sys
import types
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any

from flyhot_asgi.session.contents import DICT, KINDS, ODD_DICT, Kind, namespace_of
from flyhot_asgi.session.whereabouts import is_library

mro_of = type.__dict__["__mro__"].__get__
_name_of = type.__dict__["__name__"].__get__

_NEVER: tuple[type, ...] = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.MethodType,
    asyncio.Future,
    asyncio.AbstractEventLoop,
    Enum,
)
_NEVER_BY_NAME = frozenset({("starlette.requests", "HTTPConnection")})  # the base of Request and WebSocket
_HOLDERS: tuple[type, ...] = (
    types.SimpleNamespace,
    collections.UserDict,
    collections.UserList,
    collections.ChainMap,
    weakref.WeakSet,
    weakref.WeakKeyDictionary,
    weakref.WeakValueDictionary,
    asyncio.Queue,
    asyncio.Event,
    asyncio.Semaphore,
)
WAITERS = frozenset({"_getters", "_putters", "_waiters"})
"""Attributes of asyncio's queues and events that hold futures: who waits is not state."""


@dataclass(frozen=True)
class Shape:
    """What to keep of an instance. `contents`: it is a container; `through`: it is immutable, but what it
    holds may not be; `namespace`: the descriptor of its `__dict__`; `slots`: those of its slots."""

    contents: Kind | None = None
    through: Callable[[Any], Iterable[object]] | None = None
    namespace: Any = None
    slots: tuple[Any, ...] = ()


def own_classes(cls: type) -> list[type]:
    """`cls` and its bases, as far as they look like the application's own."""
    return [each for each in mro_of(cls) if is_first_party(each)]


def shape_of(cls: type, *, own: bool = False) -> Shape | None:
    """The shape of instances of `cls`; None if nothing of them is to be kept. `own`: the class counts as one
    of the application's, wherever it was defined. Runs no code of the class's or its metaclass's."""
    mro: tuple[type, ...] = mro_of(cls)
    names = {(module_of(each), _name_of(each)) for each in mro}
    if any(each is never for each in mro for never in _NEVER) or names & _NEVER_BY_NAME:
        return None
    contents = _contents(mro)
    through = _through(mro)
    if not (own or contents or _is_holder(mro) or is_first_party(cls)):
        return Shape(through=through) if through else None
    return Shape(contents, through, _dict_descriptor(mro), _slots(mro))


def is_first_party(cls: type) -> bool:
    """Does `cls` look like one of the application's own: neither Python's, nor an installed package's, nor
    ours?"""
    module = module_of(cls)
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or top == "flyhot_asgi":
        return False
    loaded = sys.modules.get(module)
    file = loaded.__dict__.get("__file__") if isinstance(loaded, types.ModuleType) else None
    return not (isinstance(file, str) and is_library(file))


def module_of(cls: type) -> str:
    """The name of the module in which `cls` was defined."""
    module = namespace_of(cls).get("__module__") or type.__dict__["__module__"].__get__(cls)
    return module if type(module) is str else ""


def _contents(mro: tuple[type, ...]) -> Kind | None:
    for base, kind in KINDS.items():
        if any(each is base for each in mro):
            if kind is DICT and _iterates_otherwise(mro):
                return ODD_DICT
            return kind
    return None


def _iterates_otherwise(mro: tuple[type, ...]) -> bool:
    for each in mro:
        if each is dict:
            return False
        if "__iter__" in namespace_of(each):
            return True
    return False


def _through(mro: tuple[type, ...]) -> Callable[[Any], Iterable[object]] | None:
    for each in mro:
        if each is tuple:
            return tuple.__iter__
        if each is frozenset:
            return frozenset.__iter__
    return None


def _is_holder(mro: tuple[type, ...]) -> bool:
    return any(each is holder for each in mro for holder in _HOLDERS)


def _dict_descriptor(mro: tuple[type, ...]) -> Any:
    for each in mro:
        descriptor = namespace_of(each).get("__dict__")
        if type(descriptor) is GetSetDescriptorType:
            return descriptor
    return None


def _slots(mro: tuple[type, ...]) -> tuple[Any, ...]:
    return tuple(
        member
        for each in mro
        for member in namespace_of(each).values()
        if type(member) is MemberDescriptorType and member.__objclass__ is each
    )
