"""How a key or an item is named in the path of a description (`app.main:ROOMS['a']`), in every process alike. Pure."""

from __future__ import annotations

import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator

from .values import ATOMS

CONTAINER_KINDS = (list, tuple, deque, dict, set, frozenset, OrderedDict, defaultdict, Counter)
"""Types whose contents are described, item by item."""
LATER = "to be built when it is first used"
"""Instead of a schema that nobody needed yet: as good as any."""
TOLD = " (told)"
"""The end of the path that tells what is in a library's object."""
TOLD_WHOLE = frozenset(
    f"a {kind}"
    for kind in (
        "random:Random",
        "itertools:count",
        "_io:StringIO",
        "_io:BytesIO",
        "array:array",
        "hmac:HMAC",
        "_hashlib:HASH",
        "threading:Event",
        "threading:Semaphore",
        "threading:BoundedSemaphore",
        "threading:Barrier",
        "asyncio.locks:Event",
        "asyncio.locks:Semaphore",
        "asyncio.locks:BoundedSemaphore",
    )
)
"""Kinds of Python's own objects of which that is all there is to tell."""
SAME = " (same)"
"""Ends the path that tells which other name means the same object."""
SHARED = "the object of "
"""What is said of an object that is described elsewhere, before the path of that."""
ORDER = " (order)"
"""The end of the path that tells the order of a mapping's keys, one a line."""
TAGS = f".tags{ORDER}"
"""The end of the path that tells the order of a route's tags."""


def brief(value: object) -> str:
    """One value as a short text, for keys and defaults."""
    kind = type(value)
    if kind in ATOMS:
        return repr(value)
    if issubclass(kind, types.FunctionType | type):
        return f"{value.__module__}:{value.__qualname__}"  # type: ignore[attr-defined]
    if kind is types.MethodType:
        return f"method {brief(value.__func__)} of {brief(value.__self__)}"  # type: ignore[attr-defined]
    if type(value) is tuple:
        return f"({', '.join(brief(item) for item in value)})"
    return f"a {kind.__module__}:{kind.__qualname__}"


def holder_ends(path: str) -> Iterator[int]:
    """Where the paths end of what the path lies in."""
    return (index for index, character in enumerate(path) if character in ".[(" and ":" in path[:index])
