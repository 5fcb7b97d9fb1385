"""The functions of modules as text, and nothing else of them: what an upgrade can have changed that only swaps codes.

An upgrade that executes nothing writes to functions and to what they carry (code, docstring, defaults). What a module's
values, routes, schemas and tables are it can't change, and they take most of the time that a description takes: while
sessions are held only the functions are compared, and the modules as a whole right after.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Collection, Mapping
from typing import Any

from ..source.plan import Plan
from ..source.values import ATOMS
from .fingerprint import DEPTH, Fingerprint, is_a, wrapped_by
from .shapes import Shapes, at_home


def only_swaps(plan: Plan) -> bool:
    """Nothing but functions that live is written to."""
    more = (plan.moves, plan.code_holders, plan.remade, plan.entered, plan.submodules)
    return not (plan.executes or any(more))


def describe_functions(
    modules: Mapping[str, types.ModuleType], root: str, first_party: Collection[str], shapes: Shapes
) -> dict[str, tuple[str, str]]:
    """path → (channel, text) as `describe` has it, of the functions that these modules have under a name: at their top,
    in their classes, in closures and below decorators."""
    found = _Functions(root, first_party, shapes)
    for name, module in modules.items():
        found.module(name, module)
    return found.entries


class _Functions(Fingerprint):
    def _value(self, path: str, value: Any, depth: int) -> None:
        kind = type(value)
        if kind is types.FunctionType:
            self._function(path, value, depth)
        elif issubclass(kind, type):
            self._class(path, value, depth)
        elif issubclass(kind, functools.partial):
            self._value(f"{path}.func", value.func, depth + 1)
        elif kind not in ATOMS and (inner := wrapped_by(value)) is not None and depth < DEPTH:
            self._value(f"{path}.__wrapped__", inner, depth + 1)

    def _class(self, path: str, cls: type, depth: int) -> None:
        if cls.__module__ in self._own and self._is_described(path, cls, depth) and at_home(cls):
            for key, member in list(vars(cls).items()):
                if is_a(member, (types.FunctionType, staticmethod, classmethod, property, type)):
                    self._member(f"{path}.{key}", key, member, depth + 1)
