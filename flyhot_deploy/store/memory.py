"""A store in memory, with switches for what goes wrong with real ones. For tests, ours and other people's."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .base import (
    MAX_OBJECT_BYTES,
    Conflict,
    Denied,
    Listed,
    NotFound,
    NotModified,
    Progress,
    Stored,
    Unavailable,
    check_key,
    check_size,
)

Chosen = Callable[[str], bool]
"""Says of a key whether a fault concerns it."""


def nothing(_: str) -> bool:
    """A fault that concerns no key."""
    return False


def everything(_: str) -> bool:
    """A fault that concerns every key."""
    return True


@dataclass
class Faults:
    """What goes wrong, until it is set back. All are off at first.

    `unavailable`: no answer, nothing done. `lost_answers`: the write is done, its answer lost. `denied`: writes are not
    allowed. `stale`: reads give the version before the last write. `damaged`: what is read went through `damage`.
    `ignores_conditions`: the store says yes to every conditional write. `delay`: seconds before each operation.
    """

    unavailable: Chosen = nothing
    lost_answers: Chosen = nothing
    denied: Chosen = nothing
    stale: Chosen = nothing
    damaged: Chosen = nothing
    damage: Callable[[bytes], bytes] = field(default=lambda body: body[: len(body) // 2])
    ignores_conditions: bool = False
    delay: float = 0.0


class MemoryStore:
    """A Store in this process. `calls` lists what was asked for, in order: ("get", key) and so on."""

    def __init__(self, name: str = "test") -> None:
        self.faults = Faults()
        self.calls: list[tuple[str, str]] = []
        self._name = name
        self._lock = threading.Lock()
        self._objects: dict[str, tuple[bytes, float]] = {}
        self._before: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        return f"memory://{self._name}"

    def get(
        self,
        key: str,
        *,
        if_none_match: str | None = None,
        max_bytes: int = MAX_OBJECT_BYTES,
        progress: Progress | None = None,
    ) -> Stored:
        self._begin("get", key)
        with self._lock:
            body = self._objects[key][0] if key in self._objects else None
            if self.faults.stale(key):
                body = self._before.get(key)
        if body is None:
            raise NotFound(f"{self.url} has no object {key}", key=key)
        if if_none_match is not None and etag_of(body) == if_none_match:
            raise NotModified(f"the object {key} is unchanged", key=key)
        check_size(key, len(body), max_bytes)
        read = self.faults.damage(body) if self.faults.damaged(key) else body
        if progress is not None:
            progress(len(read), len(read))
        return Stored(read, etag_of(body))

    def put(
        self,
        key: str,
        body: bytes,
        *,
        if_match: str | None = None,
        if_none_match: bool = False,
        progress: Progress | None = None,
    ) -> str:
        self._begin("put", key)
        with self._lock:
            present = self._objects.get(key)
            if not self.faults.ignores_conditions:
                if if_none_match and present is not None:
                    raise Conflict(f"{self.url} has an object {key} already", key=key)
                if if_match is not None and (present is None or etag_of(present[0]) != if_match):
                    raise Conflict(f"the object {key} in {self.url} was changed meanwhile", key=key)
            if present is not None:
                self._before[key] = present[0]
            self._objects[key] = (body, time.time())
        if progress is not None:
            progress(len(body), len(body))
        if self.faults.lost_answers(key):
            raise Unavailable(f"{self.url} gave no answer to the writing of {key}", key=key)
        return etag_of(body)

    def delete(self, key: str) -> None:
        self._begin("delete", key)
        with self._lock:
            self._objects.pop(key, None)

    def list(self, prefix: str) -> Iterator[Listed]:
        self._begin("list", prefix.rstrip("/") or "all")
        with self._lock:
            found = sorted((key, *value) for key, value in self._objects.items() if key.startswith(prefix))
        for key, body, modified in found:
            yield Listed(key, len(body), etag_of(body), modified)

    def _begin(self, what: str, key: str) -> None:
        check_key(key)
        with self._lock:
            self.calls.append((what, key))
        if self.faults.delay:
            time.sleep(self.faults.delay)
        if self.faults.unavailable(key):
            raise Unavailable(f"{self.url} gives no answer", key=key)
        if what in ("put", "delete") and self.faults.denied(key):
            raise Denied(f"{self.url} doesn't let us write {key}", key=key)


def etag_of(body: bytes) -> str:
    """The etag of a body, in stores whose etags are ours to choose."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
