"""What a decorated function wraps."""

from __future__ import annotations

import types
from collections.abc import Iterator


def function_chain(value: object, depth: int = 6) -> Iterator[types.FunctionType]:
    """A function and those that it wraps, found through its closure and `__wrapped__`."""
    seen: set[int] = set()
    queue: list[tuple[object, int]] = [(value, 0)]
    while queue:
        found, level = queue.pop(0)
        if id(found) in seen or level > depth:
            continue
        seen.add(id(found))
        if isinstance(found, types.FunctionType):
            yield found
            for cell in found.__closure__ or ():
                try:
                    queue.append((cell.cell_contents, level + 1))
                except ValueError:
                    continue
        inner = getattr(found, "__dict__", {}).get("__wrapped__") if callable(found) else None
        if inner is not None:
            queue.append((inner, level + 1))
