"""What a decorated function wraps."""

from __future__ import annotations

import contextlib
import functools
import types
from collections.abc import Iterator

from .attributes import fields_of
from .commands import callback_of, is_command
from .tasks import function_of, is_task


def function_chain(value: object, depth: int = 6) -> Iterator[types.FunctionType]:
    """A function and those that it wraps, found through its closure and `__wrapped__`."""
    seen: set[int] = set()
    queue: list[tuple[object, int]] = [(value, 0)]
    while queue:
        found, level = queue.pop(0)
        if id(found) in seen or level > depth:
            continue
        seen.add(id(found))
        if issubclass(type(found), types.FunctionType):
            assert isinstance(found, types.FunctionType)
            yield found
            queue += [(one, level + 1) for one in closed_over(found)]
        inner = _inner(found)
        if inner is not None:
            queue.append((inner, level + 1))


def closed_over(function: types.FunctionType) -> Iterator[object]:
    """What its closure holds; cells that are empty yet are left out."""
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):
            yield cell.cell_contents


def _inner(found: object) -> object:
    """What it says that it wraps. A proxy is not asked: it may have nothing to answer for, and would make it."""
    kind = type(found)
    if issubclass(kind, type):
        return vars(found).get("__wrapped__")
    holder = found.__func__ if isinstance(found, types.MethodType) and kind is types.MethodType else found
    called = any("__call__" in vars(cls) for cls in kind.__mro__)
    return (fields_of(holder) or {}).get("__wrapped__") if called else None


def functions_of_member(value: object) -> Iterator[types.FunctionType]:
    """The functions behind a member of a class: those of accessors and wrappers, in the order of their making."""
    if is_task(value):  # asked for its class, a proxy may have no answer
        yield from function_chain(function_of(value))
    elif isinstance(value, property):
        for accessor in (value.fdel, value.fset, value.fget):
            yield from function_chain(accessor)
    elif isinstance(value, staticmethod | classmethod):
        yield from function_chain(value.__func__)
    elif isinstance(value, functools.cached_property | functools.partialmethod):
        yield from function_chain(value.func)
    elif isinstance(value, functools.singledispatchmethod):
        yield from function_chain(value.func)
    elif is_command(value):
        yield from function_chain(callback_of(value))
    else:
        yield from function_chain(value)
        yield from _of_instance(value)


def _of_instance(value: object) -> Iterator[types.FunctionType]:
    """What a decorator that is a class keeps of the function which it was handed: `self.f = f`."""
    if isinstance(value, type) or not any("__call__" in vars(cls) for cls in type(value).__mro__[:-1]):
        return
    if not issubclass(type(value), types.FunctionType):
        for kept in list((fields_of(value) or {}).values()):
            if type(kept) is types.FunctionType:
                yield from function_chain(kept)
