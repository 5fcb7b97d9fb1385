"""What every machine of an app says of itself, asked live where it can be, else as it said last."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from flyhot_asgi.errors import FlyhotError

from ..fly.model import Machine
from ..repository.pointer import Pointer
from ..repository.repository import Repository
from .directory import Directory
from .members import members
from .said import read_status
from .status import Document, FleetStatus


async def status(app: str, directory: Directory, repository: Repository | None) -> FleetStatus:
    """Ask every started machine, and the store if there is one. Raises FlyError: the machines can't be listed."""
    found = members(await directory.list())
    notes: list[str] = []
    said: Mapping[str, Mapping[str, Any]] = {}
    pointer: Pointer | None = None
    if repository is not None:
        try:
            said = await asyncio.to_thread(repository.said)
            pointer = (await asyncio.to_thread(repository.pointer)).pointer
        except FlyhotError as exc:
            notes.append(f"the store can't be read: {exc.message}")
    machines = [*found.running, *found.arriving, *found.asleep]
    answers = await asyncio.gather(*(_ask(directory, machine) for machine in machines))
    documents = tuple(
        _document(machine, answer, said.get(machine.id)) for machine, answer in zip(machines, answers, strict=True)
    )
    for machine in found.others:
        notes.append(f"machine {machine.id} ({machine.state}) is no machine of the app proper")
    candidate = pointer.candidate if pointer is not None else None
    return FleetStatus(
        app,
        tuple(sorted(documents, key=lambda document: str(document["machine"]))),
        {base: one.release for base, one in pointer.current.items()} if pointer is not None else {},
        {"deploy": candidate.deploy, "release": candidate.release, "phase": candidate.detail.get("phase")}
        if candidate is not None
        else None,
        tuple(notes),
    )


async def _ask(directory: Directory, machine: Machine) -> Mapping[str, Any] | FlyhotError | None:
    if not machine.is_running:
        return None
    try:
        answer = await directory.wake(machine.id, ["--status"])
    except FlyhotError as exc:
        return exc
    status = answer.get("status")
    if isinstance(status, dict):
        return status
    if answer.get("state") == "absent" and not machine.has_services:
        return None
    return FlyhotError(str(answer.get("error") or "it gave no status"), do=str(answer.get("do") or "") or None)


def _document(
    machine: Machine, answer: Mapping[str, Any] | FlyhotError | None, said: Mapping[str, Any] | None
) -> Document:
    error = answer.document() if isinstance(answer, FlyhotError) else None
    live = answer if isinstance(answer, Mapping) else None
    fresh = said if said is not None and said.get("image") == machine.image and machine.is_running else None
    source: Mapping[str, Any] = live or fresh or {}
    source = read_status(source) if source else {}
    workers: list[dict[str, Any]] = source.get("workers", [])
    return {
        "machine": machine.id,
        "state": machine.state,
        "region": machine.region,
        "image": machine.image,
        "asked": "live" if live else "said" if fresh else "no" if error or not machine.is_running else "none",
        "age": round(time.time() - source["at"], 1) if fresh and not live else None,
        "releases": source.get("releases", []),
        "release": source.get("release"),
        "verified": bool(source.get("release")) and all(worker.get("verified") is True for worker in workers),
        "provisional": bool(source.get("provisional")),
        "pinned": sum(len(worker["pinned"]) for worker in workers),
        "workers": workers,
        "silent": source.get("silent", []),
        "broken": any(worker.get("state") == "broken" for worker in workers),
        "store": source.get("store"),
        "checks": dict(machine.checks),
        "error": source.get("error") or (error if not fresh else None),
    }
