"""Commands of click: library objects that decorators make of a function, and that hold all they know in attributes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

HOMES = frozenset({"click.decorators", "rich_click.decorators"})
"""Their decorators only wrap: they enter a function nowhere. Those of rich_click stand in for click's, by its names."""

FILLED_BY_NAME = frozenset({"commands"})
"""What a group made again keeps: the statements that enter commands replace them, one by one."""


def is_command(value: object) -> bool:
    return _is(value, "Command")


def is_group(value: object) -> bool:
    """`@group.command()` enters by name: once more is the same."""
    return _is(value, "Group")


def callback_of(command: Any) -> object:
    """The function that a command was made of."""
    return vars(command).get("callback")


def insides_of(command: Any) -> Iterator[object]:
    """What belongs to a command, and goes when it is made again: its parameters, and what these are made of."""
    if is_command(command):
        fields = vars(command)
        parameters = list(fields.get("params") or ())
        yield from (command, fields, fields.get("params"), *parameters, *map(vars, parameters))


def _is(value: object, name: str) -> bool:
    kind = getattr(sys.modules.get("click.core"), name, None)
    return kind is not None and issubclass(type(value), kind)
