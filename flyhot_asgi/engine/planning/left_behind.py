"""Living instances that nobody migrates, told from those that come and go while we look."""

from __future__ import annotations

import ast
import gc
import sys
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from .context import COLD, Context

_LOOKS = 3

Among = Callable[[], Sequence[Any]]
Reference = Callable[[], object | None]


class _Everything(Collection[int]):
    def __contains__(self, one: object) -> bool:
        return True

    def __iter__(self) -> Iterator[int]:
        raise TypeError("nobody can count that")

    def __len__(self) -> int:
        return sys.maxsize


EVERYTHING: Collection[int] = _Everything()
"""For `units`, where nobody has registered anything: whether each instance gets its `code_change` is for the process to
say that has them."""


def unless_migrated(
    context: Context, live: type, among: Among, newer: ast.ClassDef | None, otherwise: tuple[str, str]
) -> tuple[str, str] | None:
    """`otherwise`, a reason and its mend, unless the class (as `newer` writes it) has a `code_change`, which each of
    these living instances gets."""
    if not context.has_code_change(live) and (newer is None or not defines(newer, "code_change")):
        return otherwise
    if not (left := left_behind(context, live, among)):
        return None
    reason = f"{left} of its {len(among())} living instances would get no `code_change`: nobody registered them"
    return reason, f"`flyhot_asgi.register()` them, or {COLD}"


def defines(node: ast.ClassDef, name: str) -> bool:
    return any(isinstance(child, ast.FunctionDef) and child.name == name for child in node.body)


def left_behind(context: Context, cls: type, among: Among) -> int:
    """How many of the living instances of `cls` that `among` finds get no `code_change`.

    The app serves meanwhile: a connection that opens after its units were asked for, or that is over, as garbage or on
    its way there, is no instance that was forgotten. So units are asked for after the look at the heap, and who is left
    is asked for again, without being kept alive by us.
    """
    left = _left(context, cls, among)
    for look in range(_LOOKS):
        if not left:
            break
        if look:
            gc.collect()
        else:
            context.collect(again=True)
        units = context.units(cls)
        left = [reference for reference in left if _is_left(reference(), units)]
    return len(left)


def _is_left(one: object | None, units: Collection[int]) -> bool:
    return one is not None and id(one) not in units


def _left(context: Context, cls: type, among: Among) -> list[Reference]:
    found = list(among())
    units = context.units(cls)
    return [_reference(one) for one in found if id(one) not in units]


def _reference(one: object) -> Reference:
    try:
        return weakref.ref(one)
    except TypeError:  # it can be no unit either
        return lambda: one
