"""Finish what a deployer that died has left in the pointer: whoever has the lock next does, before anything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from flyhot_asgi.errors import ManifestError

from ..release.signing import SecretKey
from ..repository.lease import Lease
from ..repository.pointer import Current
from ..repository.repository import Read, Repository
from ..store.base import TooLarge

Ended = Literal["confirmed", "reverted", "aborted"]


def recover(repository: Repository, lease: Lease, keys: Sequence[SecretKey]) -> tuple[Read, str | None]:
    """The pointer without a candidate of a dead deploy, and a sentence on what was left. Blocking.

    Nothing was decided: it is aborted. Decided and not judged: it is taken back (machines see that it was withdrawn).
    Judged confirmed: its pointer is moved. Raises ObjectStoreError, Conflict, StoreLocked.
    """
    read = repository.pointer()
    candidate = read.pointer.candidate
    if candidate is None:
        return read, None
    ended = end_of(repository, candidate.deploy, lease)
    pointer = replace(read.pointer, candidate=None)
    if ended == "confirmed":
        bases = candidate.detail.get("bases")
        named = tuple(base for base in bases if isinstance(base, str)) if isinstance(bases, list) else ()
        pointer = pointer.with_current(named, Current(candidate.manifest, candidate.release, candidate.sequence))
    return repository.move(read, pointer, lease, *keys), f"deploy {candidate.deploy} was left unfinished: {ended}"


def end_of(repository: Repository, deploy: str, lease: Lease) -> Ended:
    """How a deploy that nobody drives any more ends."""
    try:
        if repository.decide(deploy, "abort", epoch=lease.epoch) == "abort":
            return "aborted"
        return repository.judge(deploy, "reverted", epoch=lease.epoch)
    except (ManifestError, TooLarge):  # somebody has written over it: whoever has the release takes it back
        return "reverted"
