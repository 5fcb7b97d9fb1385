"""Stubs of overloaded functions, which `typing` keeps by module, name and line for `typing.get_overloads`."""

from __future__ import annotations

import typing
from collections.abc import Collection
from typing import Any


def registers(modules: Collection[str]) -> list[tuple[str, dict[int, Any]]]:
    """By name, the stubs of these modules' functions by their lines: the dicts that `typing` has."""
    known: dict[str, dict[str, dict[int, Any]]] = getattr(typing, "_overload_registry", {})
    return [(f"{m}:{name}", stubs) for m in modules if m in known for name, stubs in known[m].items()]


def stubs_of(modules: Collection[str]) -> list[Any]:
    return [getattr(stub, "__func__", stub) for _, stubs in registers(modules) for stub in stubs.values()]
