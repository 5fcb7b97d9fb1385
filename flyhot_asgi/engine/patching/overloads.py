"""What `typing.get_overloads` answers: stubs of overloaded functions, which `typing` keeps by module, name and line.

Statements that are executed again enter their stubs where these stand now, and what stood there before stays at its old
line. A cold import has those of the release alone.
"""

from __future__ import annotations

import types
from collections.abc import Collection
from typing import Any

from ..living.overloads import registers, stubs_of
from .journal import Journal, refill


def touch_overloads(modules: Collection[str], journal: Journal) -> list[Any]:
    """Pre-images of the registers of these modules. Returns the stubs in them."""
    for name, stubs in registers(modules):
        journal.touch_container(stubs, f"overloads of {name}")
    return stubs_of(modules)


def settle_overloads(modules: Collection[str], known: Collection[int], before: list[Any]) -> list[types.FunctionType]:
    """Each stub of the release (`known`: ids of its code objects) at its line, and no others, in registers that the
    journal knows. Returns those of `before` that had to go."""
    for _, stubs in registers(modules):
        latest: dict[int, Any] = {}
        for line, stub in stubs.items():
            at = getattr(_code(stub), "co_firstlineno", 0)
            if id(_code(stub)) in known and (at == line or at not in latest):
                latest[at] = stub
        if latest != stubs:
            refill(stubs, dict(sorted(latest.items())))
    now = {id(stub) for stub in stubs_of(modules)}
    return [stub for stub in before if isinstance(stub, types.FunctionType) and id(stub) not in now]


def _code(stub: Any) -> object:
    return getattr(getattr(stub, "__func__", stub), "__code__", None)
