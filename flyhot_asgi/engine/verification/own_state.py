"""How far Python's own objects with a state of their own are: a generator of random numbers, a counter, a buffer.

Their text says how they began. What they have become shows in what they tell of themselves; for the kinds of
`source.paths.TOLD_WHOLE` that is all there is of them, so that two releases which make the same can be seen to.
"""

from __future__ import annotations

import array
import asyncio
import hashlib
import hmac
import io
import itertools
import random
import threading
from typing import Any

from ..source.paths import brief

_BUFFERS = (io.StringIO, io.BytesIO)
_HASHES = frozenset({"_hashlib", "_md5", "_sha1", "_sha2", "_sha256", "_sha512", "_sha3", "_blake2"})
_STDLIB = frozenset({"threading", "asyncio.locks", "asyncio.queues", "queue", "sched"})
_SYNCHRONISING = (
    threading.Event,
    threading.Semaphore,
    threading.Barrier,
    asyncio.Event,
    asyncio.Semaphore,
)


def own_state(value: Any) -> str | None:
    """None: it is of no such kind."""
    kind = type(value)
    if kind is random.Random:
        return _digest(repr(value.getstate()))
    if kind is itertools.count:
        return repr(value)
    if kind in _BUFFERS:
        return "closed" if value.closed else f"{_digest(repr(value.getvalue()))} at {value.tell()}"
    if kind is array.array:
        return f"{value.typecode} {_digest(repr(value.tolist()))}"
    if kind is hmac.HMAC or kind.__module__ in _HASHES:
        return _of_hash(value)
    if issubclass(kind, _SYNCHRONISING) and kind.__module__ in _STDLIB:
        plain = {name: part for name, part in vars(value).items() if type(part) in (int, bool)}
        return ", ".join(f"{name}={brief(part)}" for name, part in sorted(plain.items()))
    return None


def _of_hash(value: Any) -> str | None:
    try:
        return f"{value.name} {value.hexdigest()}"
    except (TypeError, AttributeError):  # of a length that is asked for
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
