"""`hot --dry-run` on Fly: what would be done. Reads; builds, starts and writes nothing anywhere."""

from __future__ import annotations

import asyncio

from flyhot_asgi.errors import FlyhotError
from flyhot_asgi.release.config import Settings

from ..errors import Exit
from ..fleet.options import FleetOptions
from ..fleet.report import FleetReport
from ..packing import read_folder
from ..repository.repository import Repository
from .desk import Desk


async def dry_run(
    desk: Desk, settings: Settings, options: FleetOptions, image: str | None, *, from_tree: bool
) -> FleetReport:
    """The steps, the machines, and which files differ from the release that runs. Raises UsageError: no app here."""
    packed = await asyncio.to_thread(read_folder, desk.folder, settings)
    notes: list[str] = []
    steps = ["read fly.toml and this folder"]
    if from_tree:
        steps.append("pack this folder here, without an image")
    else:
        build = "build an image and push it: fly deploy --build-only --push"
        steps.append(f"use the image {image}" if image else build)
        steps.append("start a temporary machine of it, and pack the app from its disk")
    machines: list[dict[str, object]] = []
    base, old = "", None
    try:
        found = await desk.members()
        machines = [{"machine": m.id, "state": m.state, "image": m.image, "outcome": "planned"} for m in found.running]
        notes += [f"machine {m.id} is {m.state}: it comes to the release when it starts" for m in found.asleep]
        base = found.image()
    except FlyhotError as exc:
        notes.append(f"the machines were not asked: {exc.message}")
    if desk.reaches_store():
        try:
            repository = desk.place.repository()
            current = (await asyncio.to_thread(repository.pointer)).pointer.current_on(base)
            old = current.release if current is not None else None
            if current is not None and current.manifest is not None:
                notes += await asyncio.to_thread(_changes, repository, current.manifest, dict(_hashes(packed.manifest)))
        except FlyhotError as exc:
            notes.append(f"the store was not asked: {exc.message}")
    waves = {"all": "all machines at once", "canary": "one machine first", "rolling": "one machine after the other"}
    wave = f"{waves[options.strategy]}, {options.max_concurrency} at once at most, each watched for {options.bake:g} s"
    steps += [
        "take the lock, publish the release, have every machine stage it and vote",
        f"commit: {wave}",
        "confirm, and move the pointer" if options.confirm_within is None else "leave it provisional",
    ]
    return FleetReport(
        "hot",
        Exit.VERIFIED,
        "planned",
        old,
        packed.manifest.digest,
        image=base,
        machines=tuple(machines),
        notes=tuple(notes),
        extra={"steps": steps, "dry_run": True},
    )


def _hashes(manifest: object) -> list[tuple[str, str]]:
    return [(entry.path, entry.sha256) for entry in getattr(manifest, "files", ())]


def _changes(repository: Repository, digest: str, new: dict[str, str]) -> list[str]:
    """Which files differ from the current release."""
    old = dict(_hashes(repository.manifest(digest).files))
    words = {
        "changed": sorted(path for path in old.keys() & new.keys() if old[path] != new[path]),
        "added": sorted(new.keys() - old.keys()),
        "deleted": sorted(old.keys() - new.keys()),
    }
    return [f"files {word}: {', '.join(paths[:20])}" for word, paths in words.items() if paths]
