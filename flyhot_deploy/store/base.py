"""What an object store can do, and the errors with which it says no.

The words are S3's: key, body, etag, conditional write. Every method is blocking (drivers call it with
`asyncio.to_thread`) and may be called from several threads at once.

    StoreError                  (flyhot_asgi.errors)
    └── ObjectStoreError        every error of a store; names the store, never a secret
        ├── NotFound            there is no such object
        ├── NotModified         it is still what the caller has (its etag was `if_none_match`)
        ├── Conflict            a conditional write was refused: somebody else was first
        ├── TooLarge            the object is larger than the caller accepts
        ├── Denied              the credentials are wrong, or don't allow this
        ├── NoBucket            there is no such bucket
        └── Unavailable         no answer, or one that says "later", also after retries. A write may have happened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from flyhot_asgi.errors import StoreError

Progress = Callable[[int, int | None], None]
"""Called with the bytes done so far and their total, if it is known."""

MAX_OBJECT_BYTES = 512 * 1024 * 1024
MAX_KEY_BYTES = 900

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@=+-]*(/[A-Za-z0-9_][A-Za-z0-9_.@=+-]*)*")


class ObjectStoreError(StoreError):
    """Root of a store's errors. `key` is the object's, if it is about one."""

    kind = "store"

    def __init__(
        self, message: str, *, key: str | None = None, do: str | None = None, detail: str | None = None
    ) -> None:
        super().__init__(message, file=key, do=do, detail=detail)
        self.key = key


class NotFound(ObjectStoreError):
    kind = "not_found"


class NotModified(ObjectStoreError):
    kind = "not_modified"


class Conflict(ObjectStoreError):
    kind = "conflict"


class TooLarge(ObjectStoreError):
    kind = "too_large"


class Denied(ObjectStoreError):
    kind = "denied"


class NoBucket(ObjectStoreError):
    kind = "no_bucket"


class Unavailable(ObjectStoreError):
    kind = "unavailable"


@dataclass(frozen=True)
class Stored:
    """An object as it was read."""

    body: bytes
    etag: str


@dataclass(frozen=True)
class Listed:
    """An object in a listing. `modified` is in epoch seconds, by the store's clock."""

    key: str
    size: int
    etag: str
    modified: float


class Store(Protocol):
    """Objects by key. `url` names the store in messages; it holds no secret."""

    @property
    def url(self) -> str: ...

    def get(
        self,
        key: str,
        *,
        if_none_match: str | None = None,
        max_bytes: int = MAX_OBJECT_BYTES,
        progress: Progress | None = None,
    ) -> Stored:
        """Read an object. Raises NotFound, NotModified (its etag is `if_none_match`), TooLarge, ObjectStoreError."""

    def put(
        self,
        key: str,
        body: bytes,
        *,
        if_match: str | None = None,
        if_none_match: bool = False,
        progress: Progress | None = None,
    ) -> str:
        """Write an object and return its etag. With `if_match` only over that etag, with `if_none_match` only where
        there is none; else Conflict. Raises ObjectStoreError; after Unavailable the write may have happened.
        """

    def delete(self, key: str) -> None:
        """Remove an object; one that isn't there is removed already. Raises ObjectStoreError."""

    def list(self, prefix: str) -> Iterator[Listed]:
        """Every object whose key begins with `prefix`, by key. Raises ObjectStoreError on the way."""


def check_key(key: str) -> str:
    """`key`, if it can be one in every kind of store. Raises ObjectStoreError: a fault of ours, or an attack."""
    if len(key) > MAX_KEY_BYTES or not _KEY.fullmatch(key):
        raise ObjectStoreError(f"{key[:80]!r} can't be the key of an object")
    return key


def check_size(key: str, size: int, limit: int) -> None:
    """Raises TooLarge if `size` bytes are more than `limit`."""
    if size > limit:
        raise TooLarge(f"the object {key} has {size:,} bytes; {limit:,} are accepted", key=key)
