"""Does a store keep its word? Some that speak S3 answer 200 to a conditional write and ignore the condition, and some
keep it only as long as nobody else writes at the same moment. A lock on such a store is none, so each is tried before
it is trusted.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from .base import Conflict, NotFound, NotModified, ObjectStoreError, Store

WRITERS = 16


@dataclass(frozen=True)
class Probe:
    """What was found. `broken` holds one phrase for each promise that the store didn't keep. `skew` is its clock less
    ours, in seconds (None: it doesn't say). `seconds` is how long a read took, the best of a few.
    """

    broken: tuple[str, ...] = ()
    skew: float | None = None
    seconds: float = field(default=0.0, compare=False)

    @property
    def ok(self) -> bool:
        return not self.broken


def probe(store: Store, key: str, *, writers: int = WRITERS) -> Probe:
    """Try the store under `key` and keys beside it, and clean up. Takes a second. Raises ObjectStoreError: it can't
    be used.
    """
    key = f"{key}-{secrets.token_hex(8)}"
    broken: list[str] = []
    try:
        winners = _race(store, key, writers)
        if winners != 1:
            broken.append(f"of {writers} who created the same object at once, {winners} were told that they had")
        if not _refuses(lambda: store.put(key, b"other", if_none_match=True)):
            broken.append("an object that exists can be created again")
        first = store.put(key, b"first")
        second = store.put(key, b"second", if_match=first)
        if store.get(key).body != b"second":
            broken.append("what was just written isn't what is read")
        if not _refuses(lambda: store.put(key, b"stale", if_match=first)):
            broken.append("an object is overwritten by whoever has an old version of it")
        if not _refuses(lambda: store.put(f"{key}-none", b"new", if_match=first)):
            broken.append("an object that doesn't exist is overwritten")
        if not _is_unmodified(store, key, second) and not broken:
            broken.append("an unchanged object is sent again when it is asked for by its etag")
        began = time.monotonic()
        with contextlib.suppress(NotFound):
            store.get(key)
        return Probe(tuple(broken), _skew(store, key), time.monotonic() - began)
    finally:
        for name in (key, f"{key}-none"):
            with contextlib.suppress(ObjectStoreError):
                store.delete(name)


def _race(store: Store, key: str, writers: int) -> int:
    gate = threading.Barrier(writers)

    def create(number: int) -> bool:
        gate.wait()
        try:
            store.put(key, b"%d" % number, if_none_match=True)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(writers) as pool:
        return sum(pool.map(create, range(writers)))


def _refuses(write: Callable[[], object]) -> bool:
    try:
        write()
    except Conflict:
        return True
    return False


def _is_unmodified(store: Store, key: str, etag: str) -> bool:
    try:
        store.get(key, if_none_match=etag)
    except NotModified:
        return True
    return False


def _skew(store: Store, key: str) -> float | None:
    """To a second, as listings tell it: the object was written a moment ago."""
    now = time.time()
    found = next((item.modified for item in store.list(key) if item.key == key), None)
    return None if found is None else found - now
