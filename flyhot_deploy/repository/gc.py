"""What a store may forget: releases that nobody can be asked to run any more, and the records of old deploys.

Roots: every release that is current on some base, the candidate, the newest entries of the history (`keep`), and all
that is younger than a day, because a deploy may just be publishing it. The rest goes: manifests first, then payloads
that no manifest names. An object that can't be read keeps nothing and is not removed either: somebody should look at
it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from flyhot_asgi.errors import ReleaseError

from ..store.base import Listed
from .keys import Keys
from .repository import Repository

KEEP = 10
YOUNG_SECONDS = 86400.0


@dataclass
class Garbage:
    """What can go, what stays, what nobody can judge. Keys of objects; `size` in bytes of what goes."""

    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    size: int = 0


def find_garbage(repository: Repository, *, keep: int = KEEP, now: float | None = None) -> Garbage:
    """Look, and change nothing. Call it under the lock. Raises StoreError, ReleaseError (the pointer can't be
    trusted).
    """
    return _Search(repository, keep, time.time() if now is None else now).run()


def remove(repository: Repository, garbage: Garbage) -> None:
    """Remove what was found, in order: a crash leaves no manifest without its payload. Raises StoreError."""
    for key in garbage.removed:
        repository.store.delete(key)


class _Search:
    def __init__(self, repository: Repository, keep: int, now: float) -> None:
        self.repository = repository
        self.keep = keep
        self.now = now
        self.found = Garbage()

    def run(self) -> Garbage:
        keys, list_of = self.repository.keys, self.repository.store.list
        pointer = self.repository.pointer().pointer
        wanted = {one.manifest for one in pointer.current.values() if one.manifest}
        if pointer.candidate is not None:
            wanted.add(pointer.candidate.manifest)
        entries = self.repository.history()
        recent = entries[-self.keep :] if self.keep else []
        wanted |= {str(entry.get("manifest")) for entry in recent}
        deploys = {str(entry.get("deploy")) for entry in recent}
        if pointer.candidate is not None:
            deploys.add(pointer.candidate.deploy)
        payloads = self._manifests(list(list_of(keys.manifests)), wanted)
        for item in list_of(keys.payloads):
            self._judge(item, item.key.rpartition("/")[2] in payloads)
        for item in list_of(keys.deploys):
            self._judge(item, item.key[len(keys.deploys) :].partition("/")[0] in deploys)
        bases = self._bases_in_use(recent)
        for item in list_of(keys.bases):
            self._judge(item, item.key[len(keys.bases) :] in bases)
        return self.found

    def _bases_in_use(self, recent: list[dict[str, object]]) -> set[str]:
        """What a machine runs, or a recent deploy came from."""
        said = [document.get("releases") for document in self.repository.said().values()]
        running = {str(release) for releases in said if isinstance(releases, list) for release in releases}
        return running | {str(entry.get("previous")) for entry in recent}

    def _manifests(self, listed: list[Listed], wanted: set[str]) -> set[str]:
        """Judge the manifests; returns the payloads that those which stay name. Another channel's may be among them."""
        payloads: set[str] = set()
        for item in listed:
            digest = item.key.rpartition("/")[2].removesuffix(".json")
            try:
                manifest = self.repository.manifest(digest)
            except ReleaseError:
                self.found.unreadable.append(item.key)
                continue
            if self._judge(item, digest in wanted):
                payloads.add(manifest.payload.sha256)
        return payloads | self._of_other_channels()

    def _of_other_channels(self) -> set[str]:
        """Payloads are shared by the channels of an app: what another one's manifests name has to stay."""
        keys, store, trusted = self.repository.keys, self.repository.store, self.repository.trusted
        payloads: set[str] = set()
        for item in list(store.list(f"{keys.app_root}/")):
            channel, _, rest = item.key[len(keys.app_root) + 1 :].partition("/")
            if not rest.startswith("manifests/") or channel == keys.channel:
                continue
            other = Repository(store, Keys(keys.app, channel, keys.prefix), trusted)
            try:
                payloads.add(other.manifest(item.key.rpartition("/")[2].removesuffix(".json")).payload.sha256)
            except ReleaseError:
                # It may be signed by a key that only its own channel trusts: nothing of this app's can go then.
                self.found.unreadable.append(item.key)
                payloads |= {one.key.rpartition("/")[2] for one in store.list(keys.payloads)}
        return payloads

    def _judge(self, item: Listed, wanted: bool) -> bool:
        if wanted or self.now - item.modified < YOUNG_SECONDS:
            self.found.kept.append(item.key)
            return True
        self.found.removed.append(item.key)
        self.found.size += item.size
        return False
