"""What the machines run before a deploy, as far as it can be told without asking them. Blocking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flyhot_asgi.errors import FlyhotError

from ..fly.model import Machine
from ..recording import Predecessor
from ..repository.pointer import Pointer
from ..repository.repository import Repository
from .said import read_status


def predecessor(
    repository: Repository,
    pointer: Pointer,
    base: str,
    said: Iterable[Mapping[str, Any]],
    environment: Mapping[str, str],
) -> Predecessor | None:
    """The one release that machines of the image `base` `said` they run, with its files; None: they run different ones,
    nobody has said what, or nobody has put it into the store. `environment`: see `Predecessor`."""
    known = [status for status in map(read_status, said) if status["image"] == base and status["releases"]]
    running = {release for status in known for release in status["releases"]}
    if len(running) != 1:
        return None
    (release,) = running
    try:
        files = _files(repository, pointer, base, release)
    except FlyhotError:
        return None
    return Predecessor(release, files, _imported(known), environment) if files is not None else None


def environment_of(machine: Machine, base: str) -> dict[str, str]:
    """What a machine's processes see that a temporary machine's do not (docs machines/runtime-environment)."""
    theirs = {**machine.env, "FLY_IMAGE_REF": base}
    theirs |= {"FLY_PROCESS_GROUP": machine.group} if machine.group else {}
    return theirs | ({"FLY_REGION": machine.region} if machine.region else {})


def _files(repository: Repository, pointer: Pointer, base: str, release: str) -> Mapping[str, bytes] | None:
    current = pointer.current_on(base)
    if current is not None and current.manifest is not None:
        return repository.bundle(current.manifest).files() if current.release == release else None
    found = repository.base_files(release)
    return found[1] if found is not None else None


def _imported(known: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for status in known:
        for name, file in status["imported"]:
            found.setdefault(name, (name, file))
    return list(found.values())
