"""What a flag's combined value means: which of its members it is made of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def bits_of(members: Mapping[str, Any]) -> dict[str, int]:
    """The values of those members that are one bit."""
    values = {name: object.__getattribute__(member, "_value_") for name, member in members.items()}
    return single_bits(values)


def single_bits(values: Mapping[str, object]) -> dict[str, int]:
    return {name: value for name, value in values.items() if isinstance(value, int) and value and not value & value - 1}


def made_of(bits: Mapping[str, int], value: int) -> frozenset[str]:
    return frozenset(name for name, bit in bits.items() if bit & value)
