"""Lists of entries for registrars that may be made again: `routes = [Route("/", home)]`. Reads the living process."""

from __future__ import annotations

from typing import Any

from ..source.values import is_definition, is_plain
from .context import Context


def only_entries(context: Context, value: object) -> bool:
    """It is a list of entries, none of which has a state."""
    if not isinstance(value, list) or not value:
        return False
    return all(any(adapter.says_all(context, one) for adapter in context.adapters) for one in value)


def without_state(context: Context, container: Any) -> bool:
    """What is in it are definitions, plain data, or such entries."""
    items = container.values() if isinstance(container, dict) else container
    return all(is_definition(one) or is_plain(one) for one in items) or only_entries(context, container)
