"""Is what runs still what the source says? Compared frame by frame, without regard to line numbers.

An upgrade puts new code into function objects; a coroutine that runs keeps its own. So a coroutine is stale if any
function of the application's own in its chain of awaits has, by now, another code than the frame that runs. A function
that only moved to other lines is not another one: nobody is ended for that.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import CodeType, FrameType, FunctionType
from typing import Any

from flyhot_asgi.session.whereabouts import is_library

_COMPARED = (
    "co_name",
    "co_code",
    "co_names",
    "co_varnames",
    "co_freevars",
    "co_cellvars",
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_flags",
    "co_exceptiontable",
)


def same_code(one: CodeType, other: CodeType) -> bool:
    """Do both do the same? Lines and columns may differ."""
    if one is other:
        return True
    if any(getattr(one, name) != getattr(other, name) for name in _COMPARED):
        return False
    if len(one.co_consts) != len(other.co_consts):
        return False
    return all(_same_constant(a, b) for a, b in zip(one.co_consts, other.co_consts, strict=True))


def _same_constant(one: object, other: object) -> bool:
    if isinstance(one, CodeType):
        return isinstance(other, CodeType) and same_code(one, other)
    return type(one) is type(other) and repr(one) == repr(other)  # 0.0 and -0.0, nested tuples


def any_stale(frames: Iterable[FrameType]) -> bool:
    """Does one of these frames run other code than its function has by now?"""
    return any(_is_stale(frame) for frame in frames)


def _is_stale(frame: FrameType) -> bool:
    if is_library(frame.f_code.co_filename):
        return False
    function = _function_of(frame)
    return function is not None and not same_code(frame.f_code, function.__code__)


def _function_of(frame: FrameType) -> FunctionType | None:
    """The function at module level, or in a class, that this frame was made by; None if it can't be found (a function
    inside another one is part of that one's code)."""
    code = frame.f_code
    found: Any = None
    for index, name in enumerate(code.co_qualname.split(".")):
        names = frame.f_globals if index == 0 else getattr(found, "__dict__", {})
        found = names.get(name)
        if isinstance(found, staticmethod | classmethod):
            found = found.__func__
    while isinstance(found, FunctionType):
        if found.__code__.co_qualname == code.co_qualname and found.__globals__ is frame.f_globals:
            return found
        found = found.__dict__.get("__wrapped__")
    return None
