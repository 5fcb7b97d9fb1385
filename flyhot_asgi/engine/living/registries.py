"""What Python itself keeps beside an object that others register with: implementations of a `singledispatch` function,
virtual subclasses of an abstract class."""

from __future__ import annotations

import _abc  # type: ignore[import-not-found]
import abc
import functools
import types
from typing import Any


def implementations_of(function: object) -> dict[type, Any] | None:
    """The dict behind `function.registry` (`functools.singledispatch`); None for any other object."""
    found = _cell_of(function, "registry")
    return found if type(found) is dict else None


def remembered_by(function: object) -> dict[Any, Any] | None:
    """What a `singledispatch` function remembers: by weak reference to a type, its implementation."""
    found = getattr(_cell_of(function, "dispatch_cache"), "data", None)
    return found if type(found) is dict else None


def token_of(function: object) -> types.CellType | None:
    """Where a `singledispatch` function notes since when what it remembers is true."""
    return _cells(function).get("cache_token")


def _cell_of(function: object, name: str) -> Any:
    cell = _cells(function).get(name)
    return cell.cell_contents if cell is not None else None


def _cells(function: object) -> dict[str, types.CellType]:
    if not isinstance(function, types.FunctionType):
        return {}
    dispatch = function.__dict__.get("dispatch")
    if type(function.__dict__.get("registry")) is not types.MappingProxyType:
        return {}
    if not isinstance(dispatch, types.FunctionType) or dispatch.__module__ != "functools":
        return {}
    return dict(zip(dispatch.__code__.co_freevars, dispatch.__closure__ or (), strict=True))


def dispatchers_in(value: object) -> list[types.FunctionType]:
    """The `singledispatch` function that a value is, or those that a class's members are."""
    if isinstance(value, type):
        kind = functools.singledispatchmethod
        members: list[Any] = [m.dispatcher for m in vars(value).values() if issubclass(type(m), kind)]
        return [one for one in members if implementations_of(one) is not None]
    if isinstance(value, types.FunctionType) and implementations_of(value) is not None:
        return [value]
    return []


def forget_answers(function: types.FunctionType) -> None:
    """The function looks up its implementations again."""
    clear: Any = function.__dict__.get("_clear_cache")
    if clear is not None:
        clear()


def is_abstract(cls: object) -> bool:
    """Classes can be registered with it (`abc.ABCMeta.register`)."""
    return isinstance(cls, abc.ABCMeta) and "_abc_impl" in vars(cls)


def registered_with(cls: type) -> list[type]:
    """Virtual subclasses of an abstract class, in no order."""
    return [found for ref in _abc._get_dump(cls)[0] if (found := ref()) is not None]


def register_only(cls: Any, registered: list[type]) -> None:
    """Make these its virtual subclasses, and no others. Other abstract classes may still remember it otherwise."""
    _abc._reset_registry(cls)
    _abc._reset_caches(cls)
    for one in registered:
        abc.ABCMeta.register(cls, one)


def registers(value: object) -> bool:
    """What is registered with it is known here."""
    return implementations_of(value) is not None or is_abstract(value)
