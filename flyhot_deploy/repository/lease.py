"""The lock of a fleet: one deploy at a time, with an epoch that fences off whoever lost it.

The lock is one object that is never deleted: `{"state": "held" | "free", "epoch", "owner", "nonce", "ttl", "since"}`.
It is taken, renewed and let go of by compare-and-set. Taking it makes the epoch one higher; the epoch goes into
everything that the deploy writes, and machines ignore what has a lower one than they have seen. So a deployer that
slept through its lock can't do harm: the lock prevents waste, the epoch and the conditional writes keep it safe.

Nobody's wall clock is compared with anybody else's. A lock is abandoned when its object has not changed for its
`ttl`, by the watcher's own monotonic clock; and its owner stops trusting it when its own says that the last renewal
is too long ago.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flyhot_asgi.errors import ManifestError, StoreLocked

from ..release.manifest import MAX_SEQUENCE
from ..store.base import Conflict, NotFound, Store, TooLarge, Unavailable
from .records import from_record, to_record

TTL = 30.0
MAX_TTL = 3600.0
MAX_BYTES = 1 << 16
WATCH_SECONDS = 1.0

Clock = Callable[[], float]
Sleep = Callable[[float], None]


@dataclass(frozen=True)
class Lock:
    """The lock's object, as it was read. `etag` None: there is none yet. `since` is epoch seconds, for people."""

    etag: str | None = None
    epoch: int = 0
    held: bool = False
    owner: str = ""
    nonce: str = ""
    ttl: float = TTL
    since: float = 0.0

    def taken(self, owner: str, nonce: str, ttl: float, since: float) -> dict[str, Any]:
        """The document of whoever takes it now."""
        return _document("held", self.epoch + 1, owner, nonce, ttl, since)


def owner_here(doing: str) -> str:
    """Who takes a lock, as people read it: user, host, pid and what for."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()} (pid {os.getpid()}, {doing})"


def read_lock(store: Store, key: str) -> Lock:
    """The lock as it is. Raises ObjectStoreError, ManifestError (somebody else's object lies there)."""
    try:
        stored = store.get(key, max_bytes=MAX_BYTES)
    except NotFound:
        return Lock()
    document = from_record(stored.body, key=key)
    epoch, ttl = document.get("epoch"), document.get("ttl")
    if type(epoch) is int and epoch >= MAX_SEQUENCE:
        raise ManifestError(f"the object {key} can't be used: nobody has deployed {epoch} times", file=key)
    return Lock(
        etag=stored.etag,
        epoch=epoch if type(epoch) is int and epoch >= 0 else 0,
        held=document.get("state") == "held",
        owner=str(document.get("owner", "unknown"))[:200],
        nonce=str(document.get("nonce", "")),
        ttl=min(float(ttl), MAX_TTL) if isinstance(ttl, int | float) and not isinstance(ttl, bool) and ttl > 0 else TTL,
        since=float(document["since"]) if isinstance(document.get("since"), int | float) else 0.0,
    )


@dataclass
class Lease:
    """A lock that is ours. Raises StoreLocked from `check` and `renew` once it is not, or may not be, any more."""

    store: Store
    key: str
    owner: str
    epoch: int
    nonce: str
    ttl: float
    since: float
    etag: str
    clock: Clock = time.monotonic
    _renewed: float = 0.0
    _lost: str | None = None
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def check(self) -> None:
        """Is it still ours? By what we know, without asking. Do this before every write that matters."""
        if self._lost is None and self.clock() - self._renewed >= self.ttl:
            self._lost = f"it was not renewed for {self.ttl:g} s"
        if self._lost is not None:
            raise self._lost_error()

    def renew(self) -> None:
        """Say that we are still there; `kept` does it every third of `ttl`. Raises StoreLocked, ObjectStoreError."""
        with self._mutex:
            self.check()
            began = self.clock()
            document = _document("held", self.epoch, self.owner, self.nonce, self.ttl, self.since)
            document["renewal"] = secrets.token_hex(8)  # a new etag each time: that is what watchers look at
            self.etag = self._write(document)
            self._renewed = began

    def release(self) -> None:
        """Let go of it; somebody else's lock is left alone. Idempotent. Raises ObjectStoreError."""
        with self._mutex:
            if self._lost is None:
                document = _document("free", self.epoch, self.owner, self.nonce, self.ttl, self.since)
                with contextlib.suppress(StoreLocked):
                    self._write(document)
                self._lost = "it was let go of"

    def _write(self, document: Mapping[str, Any]) -> str:
        data = to_record(document)
        try:
            return self.store.put(self.key, data, if_match=self.etag)
        except (Conflict, NotFound, Unavailable) as exc:
            # The answer to a write of ours may have been lost, and the retry then met that very write.
            present = self._present(data, exc)
            if present is None:
                lock = read_lock(self.store, self.key)
                self._lost = f"{lock.owner if lock.held else 'somebody'} has taken it"
                raise self._lost_error() from exc
            return present

    def _present(self, data: bytes, exc: Exception) -> str | None:
        """The etag of the object if it is what we wrote; if it is still what we had, `exc` (no answer) goes on."""
        try:
            stored = self.store.get(self.key, max_bytes=MAX_BYTES)
        except NotFound:
            return None
        if stored.body == data:
            return stored.etag
        if stored.etag == self.etag and isinstance(exc, Unavailable):
            raise exc
        return None

    def _lost_error(self) -> StoreLocked:
        return StoreLocked(
            f"the lock of this deploy (epoch {self.epoch}) is lost: {self._lost}",
            do="look at `status`, then deploy again: nothing that was decided is undone by this",
        )


def acquire(
    store: Store,
    key: str,
    owner: str,
    *,
    ttl: float = TTL,
    timeout: float = 0.0,
    clock: Clock = time.monotonic,
    sleep: Sleep = time.sleep,
    waiting: Callable[[Lock], None] | None = None,
    floor: int = 0,
) -> Lease:
    """Take the lock; wait at most `timeout` seconds for whoever has it. `waiting` hears once for whom we wait.

    `floor` is an epoch that was seen elsewhere: ours is higher, also where somebody has removed the lock's object.

    A holder that has stopped renewing is taken over after its own `ttl`, if `timeout` lasts that long. Raises
    StoreLocked naming the owner, ObjectStoreError.
    """
    deadline = clock() + timeout
    seen: Lock | None = None
    unchanged_since = clock()
    while True:
        lock = read_lock(store, key)
        if seen is None or lock.etag != seen.etag:
            seen, unchanged_since = lock, clock()
        abandoned = clock() - unchanged_since >= lock.ttl
        if not lock.held or abandoned:
            lease = _take(store, key, replace(lock, epoch=max(lock.epoch, floor)), owner, ttl, clock)
            if lease is not None:
                return lease
            if clock() < deadline:
                sleep(random.uniform(0, 0.1))
            lock = read_lock(store, key)
        if clock() >= deadline:
            raise _locked(lock)
        if waiting is not None:
            waiting(lock)
            waiting = None
        sleep(min(WATCH_SECONDS, max(0.05, deadline - clock())) * random.uniform(0.7, 1.0))


@contextlib.contextmanager
def kept(lease: Lease) -> Iterator[Lease]:
    """Renew the lease in a thread of its own for as long as the block runs, and release it at the end.

    A renewal that finds no answer is tried again until the lease has run out by our own clock; then `check` says so.
    """
    done = threading.Event()

    def renew() -> None:
        pause = lease.ttl / 3
        while not done.wait(pause):
            try:
                lease.renew()
                pause = lease.ttl / 3
            except StoreLocked:
                return
            except Exception:
                pause = lease.ttl / 10

    thread = threading.Thread(target=renew, name="flyhot-lease", daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        done.set()
        thread.join()
        lease.release()


def break_lock(store: Store, key: str) -> Lock:
    """Free the lock, whoever has it, and return what it was. The holder finds out at its next renewal or write. An
    object that is no lock is overwritten.

    For people (`unlock`). Raises Conflict if it changed at this very moment, ObjectStoreError.
    """
    try:
        lock = read_lock(store, key)
    except (ManifestError, TooLarge):
        etag = store.get(key).etag
        store.put(key, to_record(_document("free", 0, "nobody", "", TTL, 0.0)), if_match=etag)
        return Lock(etag, 0, True, "whoever wrote an object that is no lock")
    if lock.held and lock.etag is not None:
        document = _document("free", lock.epoch, lock.owner, secrets.token_hex(16), lock.ttl, lock.since)
        store.put(key, to_record(document), if_match=lock.etag)
    return lock


def is_alive(store: Store, key: str, *, clock: Clock = time.monotonic, sleep: Sleep = time.sleep) -> bool:
    """Watch a held lock for as long as its owner may be silent: does it show a sign of life? False at once if it is
    free.

    Raises ObjectStoreError.
    """
    first = read_lock(store, key)
    deadline = clock() + first.ttl
    while first.held and clock() < deadline:
        sleep(min(WATCH_SECONDS, max(0.05, deadline - clock())))
        lock = read_lock(store, key)
        if lock.etag != first.etag:
            return lock.held
    return False


def _take(store: Store, key: str, lock: Lock, owner: str, ttl: float, clock: Clock) -> Lease | None:
    """Try to take a lock that is free or abandoned; None if somebody else was first."""
    nonce, began, since = secrets.token_hex(16), clock(), time.time()
    data = to_record(lock.taken(owner, nonce, ttl, since))
    try:
        if lock.etag is None:
            etag = store.put(key, data, if_none_match=True)
        else:
            etag = store.put(key, data, if_match=lock.etag)
    except (Conflict, NotFound, Unavailable) as exc:
        try:
            stored = store.get(key, max_bytes=MAX_BYTES)
        except NotFound:
            stored = None
        if stored is None or stored.body != data:
            if isinstance(exc, Unavailable):
                raise
            return None
        etag = stored.etag
    return Lease(store, key, owner, lock.epoch + 1, nonce, ttl, since, etag, clock, _renewed=began)


def _document(state: str, epoch: int, owner: str, nonce: str, ttl: float, since: float) -> dict[str, Any]:
    return {"state": state, "epoch": epoch, "owner": owner, "nonce": nonce, "ttl": ttl, "since": since}


def _locked(lock: Lock) -> StoreLocked:
    age = f", for {max(0.0, time.time() - lock.since):.0f} s" if lock.since else ""
    return StoreLocked(
        f"another deploy is running: {lock.owner or 'somebody'}{age} (epoch {lock.epoch})",
        do="wait for it (--lock-timeout), or `python -m flyhot_deploy unlock` if it is dead; left alone it is free "
        f"{lock.ttl:g} s after its last sign of life",
    )
