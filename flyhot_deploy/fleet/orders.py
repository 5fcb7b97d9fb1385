"""The commands over a fleet: `hot`, `rollback`, `confirm`. Each holds the lock, finishes what was left, does its work,
writes the history, and reports."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from flyhot_asgi.errors import FlyhotError, ManifestError, SignatureInvalid
from flyhot_asgi.release.config import Settings

from ..environment import Place
from ..errors import DeployError, Exit
from ..fly.environment import by_digest
from ..fly.model import Machine
from ..local.progress import Fact, Notify, Step
from ..packing import Packed, Terms, again, bundle_of, read_folder
from ..release.bundle import Bundle
from ..release.signing import SecretKey
from ..repository.lease import Lease, acquire, break_lock, kept
from ..repository.pointer import Candidate, Current, Pointer
from ..repository.repository import Read, Repository
from ..store.base import ObjectStoreError, TooLarge
from ..store.probe import probe
from .conduct import Conductor, bounds_of, deploy_name
from .directory import Directory
from .history import base_release, named_entry, previous_of
from .members import Members, members, taking_part
from .options import FleetOptions
from .recorder import recorder
from .recover import recover
from .report import FleetReport, conclude, first_error, machine_documents
from .rollout import Rollout

ARRIVAL_SECONDS = 15.0
Action = Literal["hot", "rollback"]
Make = Callable[[Read, tuple[str, ...]], Bundle]


@dataclass(frozen=True)
class Fleet:
    """What a command over machines works with."""

    place: Place
    repository: Repository
    keys: tuple[SecretKey, ...]
    directory: Directory
    options: FleetOptions
    notify: Notify

    async def members(self) -> Members:
        """Who there is. Machines that are just starting are waited for a moment."""
        loop = asyncio.get_running_loop()
        end = loop.time() + min(ARRIVAL_SECONDS, self.options.timeout)
        found = members(await self.directory.list())
        while found.arriving and loop.time() < end:
            await asyncio.sleep(1.0)
            found = members(await self.directory.list())
        return found

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[Lease]:
        """Hold the lock, renewed, until the end of the block. Raises StoreLocked, ObjectStoreError."""
        self.notify(Step("taking the lock"))
        store, key, options = self.repository.store, self.repository.keys.lock, self.options
        await _require_conditions(self)
        if options.force:
            await asyncio.to_thread(break_lock, store, key)
        lease = await asyncio.to_thread(
            acquire,
            store,
            key,
            owner(),
            timeout=options.lock_timeout,
            waiting=lambda lock: self.notify(Fact(f"waiting for {lock.owner}, who deploys now")),
            floor=await asyncio.to_thread(_epoch, self.repository),
        )
        ended = False
        try:
            with kept(lease):
                yield lease
                ended = True
        except ObjectStoreError as exc:
            if not ended:
                raise
            # What was found is worth more than a lock that could not be given back: it runs out by itself.
            self.notify(Fact(f"the lock was not given back: {exc.message}"))


def owner() -> str:
    """Who holds the lock, as others will read it."""
    return f"{os.environ.get('USER') or 'flyhot'}@{os.uname().nodename} pid {os.getpid()}"


async def hot(
    fleet: Fleet, root: Path, settings: Settings, *, image: str = "", environment: Mapping[str, str] | None = None
) -> FleetReport:
    """Bring every machine to the app in `root`. `environment` is what the app sees here, if it can be imported here:
    then what machines would look for is recorded for them. Raises FlyhotError before anything changed. Cancel: see
    Conductor.
    """
    found = await fleet.members()
    base = found.image()
    fleet.notify(Step("packing the app"))
    packed = await asyncio.to_thread(read_folder, root, settings)
    fleet.notify(Fact(f"{len(packed.files)} files, release {packed.manifest.vsn}, for {len(found.running)} machines"))

    recording = recorder(fleet.place, fleet.repository, packed, root, settings, found, environment, fleet.notify)
    async with recording as being_made, fleet.locked() as lease:
        read = await _recover(fleet, lease)
        made = await being_made.result()

        def make(read: Read, bases: tuple[str, ...]) -> Bundle:
            more = {"structure": made.structure, "plan": made.plan}
            return _bundle(fleet, packed, bases, read.pointer.sequence + 1, **more)

        report = await _carry_out(fleet, lease, read, "hot", found, base, make)
    notes = (*report.notes, *packed.left_out)
    return replace(report, notes=notes, extra={"built": image} if image else {})


async def rollback(fleet: Fleet, named: str | None, *, image_tree: tuple[Path, Settings] | None = None) -> FleetReport:
    """Bring every machine to the release before the current one, or to the one `named` by its first digits.

    `image_tree` is the app as it lies in the machines' image, if this runs on one: then it can go back to that, too.
    A release that is provisional is simply taken back. Raises FlyhotError before anything changed.
    """
    found = await fleet.members()
    base = found.image()
    async with fleet.locked() as lease:
        before = await asyncio.to_thread(fleet.repository.pointer)
        read = await _recover(fleet, lease)
        taken_back = before.pointer.candidate is not None and read.pointer.candidate is None
        if taken_back and named is None:
            return await _await_reverted(fleet, before.pointer, read.pointer, found, base)
        make = await asyncio.to_thread(_way_back, fleet, read.pointer, base, named, image_tree)
        return await _carry_out(fleet, lease, read, "rollback", found, base, make)


def needs_image(fleet: Fleet, named: str | None, image: str) -> bool:
    """Is the release to go back to the image's own, which only a machine of that image has? Blocking."""
    pointer = fleet.repository.pointer().pointer
    if pointer.candidate is not None:
        return False
    entries = fleet.repository.history()
    target = named_entry(entries, named) if named else previous_of(entries, pointer.current_on(image), image)
    return target is None or not target.get("manifest")


async def confirm(fleet: Fleet) -> FleetReport:
    """Make the provisional release permanent. Raises DeployError: there is none, or machines have taken it back."""
    async with fleet.locked() as lease:
        read = await asyncio.to_thread(fleet.repository.pointer)
        candidate = read.pointer.candidate
        if candidate is None:
            raise DeployError("no release is provisional", do="see `python -m flyhot_deploy status`")
        decision = await asyncio.to_thread(fleet.repository.decision, candidate.deploy)
        if decision != "commit":
            raise DeployError("the deploy under way has not been decided", do="deploy again")
        verdict = await asyncio.to_thread(fleet.repository.judge, candidate.deploy, "confirmed", epoch=lease.epoch)
        if verdict != "confirmed":
            await asyncio.to_thread(recover, fleet.repository, lease, fleet.keys)
            raise DeployError(
                "the release was taken back before: a machine was sick, or nobody confirmed it in time",
                do="see `status`, then deploy again",
            )
        bases = tuple(str(base) for base in candidate.detail.get("bases", ()))
        current = Current(candidate.manifest, candidate.release, candidate.sequence)
        pointer = replace(read.pointer.with_current(bases, current), candidate=None)
        await asyncio.to_thread(fleet.repository.move, read, pointer, lease, *fleet.keys)
    old = read.pointer.current_on(bases[0]) if bases else None
    return FleetReport(
        "confirm", Exit.VERIFIED, "complete", old.release if old else None, candidate.release, candidate.deploy
    )


# -- inside -------------------------------------------------------------------------------------------


async def _require_conditions(fleet: Fleet) -> None:
    """A store that only pretends to have conditional writes would let two deploys win. Raises DeployError."""
    found = await asyncio.to_thread(probe, fleet.repository.store, fleet.repository.keys.probe("deploy"))
    if not found.ok:
        raise DeployError(
            f"the store {fleet.repository.store.url} can't keep a deploy safe: {found.broken[0]}",
            do="use a store with conditional writes (Tigris, AWS S3, SeaweedFS); `doctor` tells more",
        )


def _epoch(repository: Repository) -> int:
    """That of the pointer; 0 if it can't be read: whoever needs it finds out then."""
    try:
        return repository.pointer().pointer.epoch
    except FlyhotError:
        return 0


async def _recover(fleet: Fleet, lease: Lease) -> Read:
    try:
        read, left = await asyncio.to_thread(recover, fleet.repository, lease, fleet.keys)
    except (ManifestError, SignatureInvalid, TooLarge) as exc:
        if not fleet.options.force:
            exc.do = "find out who wrote it, and with which key; `hot --force` writes a new one over it"
            raise
        fleet.notify(Fact(f"written anew: {exc.message}"))
        read, left = await asyncio.to_thread(fleet.repository.damaged_pointer), None
    if left:
        fleet.notify(Fact(left))
    return read


async def _carry_out(
    fleet: Fleet, lease: Lease, read: Read, action: Action, found: Members, base: str, make: Make
) -> FleetReport:
    """Publish and roll out, under the lock."""
    said = await asyncio.to_thread(_said, fleet.repository)
    everybody = frozenset(found.ids)
    found, aside = taking_part(found, said)
    bases = _bases(found.running, base)
    bundle = await asyncio.to_thread(make, read, bases)
    fleet.notify(Step("publishing the release"))
    await asyncio.to_thread(fleet.repository.publish, bundle)
    sequence, options = bundle.manifest.sequence, fleet.options
    scout = found.ids[0] if len(found.ids) > 1 else ""
    offer = replace(options.offer(len(found.running)), action=action, scout=scout)
    conductor = Conductor(
        repository=fleet.repository,
        lease=lease,
        keys=fleet.keys,
        directory=fleet.directory,
        rollout=Rollout(found.ids, strategy=options.strategy, at_once=options.max_concurrency),
        candidate=Candidate(deploy_name(sequence), bundle.digest, bundle.manifest.release, sequence),
        bases=bases,
        offer=offer,
        read=read,
        bounds=bounds_of(offer, timeout=options.timeout),
        notify=fleet.notify,
        confirm=options.confirm_within is None,
        aside=everybody - frozenset(found.ids),
        at_once=options.max_concurrency,
    )
    rollout = await conductor.run()
    report = report_of(conductor, rollout, action, read.pointer, found, base)
    report = replace(report, notes=(*report.notes, *aside))
    return await _record(fleet, report, bundle, read.pointer, base)


def report_of(
    conductor: Conductor, rollout: Rollout, action: Action, before: Pointer, found: Members, base: str
) -> FleetReport:
    """What a rollout came to, as the command reports it."""
    code, outcome = conclude(rollout, provisional=conductor.provisional)
    error = None if code is Exit.VERIFIED else first_error(rollout, outcome)
    if conductor.lost is not None:
        lost = conductor.lost.document()
        do = "look at `status` when the store answers; the next deploy finishes what this one left"
        error = lost | {"message": f"the store was lost on the way: {lost['message']}", "do": do}
        code, outcome = (Exit.MIXED, "in_doubt") if rollout.going else (Exit.FAILED, "failed")
    current = before.current_on(base)
    running = {str(release) for detail in rollout.details.values() for release in detail.get("from") or ()}
    old = current.release if current is not None and current.release else running.pop() if len(running) == 1 else None
    asleep = [f"machine {m.id} is {m.state}: it comes to the current release when it starts" for m in found.asleep]
    others = [f"machine {m.id} is no machine of the app proper: left alone" for m in found.others if not m.is_ours]
    return FleetReport(
        action=action,
        exit=code,
        outcome=outcome,
        old=old,
        new=conductor.candidate.release,
        deploy=conductor.candidate.deploy,
        image=base,
        machines=tuple(machine_documents(rollout, conductor.candidate.release)),
        error=error,
        notes=(*dict.fromkeys(conductor.notes), *asleep, *others),
    )


async def _record(fleet: Fleet, report: FleetReport, bundle: Bundle, before: Pointer, base: str) -> FleetReport:
    """What has happened has happened: a history that can't be written is a note, not a failure."""
    current = before.current_on(base)
    entry: dict[str, Any] = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
        "action": report.action,
        "deploy": report.deploy,
        "release": report.new,
        "manifest": bundle.digest,
        "previous": report.old,
        "previous_manifest": current.manifest if current is not None else None,
        "image": base,
        "outcome": report.outcome,
        "machines": {str(one["machine"]): one["outcome"] for one in report.machines},
    }
    try:
        await asyncio.to_thread(fleet.repository.record, bundle.manifest.sequence, entry)
    except FlyhotError as exc:
        return replace(report, notes=(*report.notes, f"the history was not written: {exc.message}"))
    return report


def _bundle(fleet: Fleet, packed: Packed, bases: tuple[str, ...], sequence: int, **more: Any) -> Bundle:
    place = fleet.place
    return bundle_of(packed, Terms(place.app, place.channel, sequence, bases, **more), fleet.keys)


def _said(repository: Repository) -> dict[str, dict[str, Any]]:
    """What machines said last; nothing if that can't be read."""
    try:
        return repository.said()
    except FlyhotError:
        return {}


def _bases(running: tuple[Machine, ...], base: str) -> tuple[str, ...]:
    """The image as the API names it, and as machines name it that were told its digest only."""
    return tuple(sorted({base, *(by_digest(base, machine.digest) for machine in running if machine.digest)}))


def _way_back(
    fleet: Fleet, pointer: Pointer, base: str, named: str | None, image_tree: tuple[Path, Settings] | None
) -> Make:
    """The maker of the release to go back to. Raises DeployError, UnknownRelease: there is none."""
    entries = fleet.repository.history()
    current = pointer.current_on(base)
    target = named_entry(entries, named) if named else previous_of(entries, current, base)
    if target is not None and target.get("manifest"):
        old = fleet.repository.bundle(str(target["manifest"]))
        return lambda read, bases: again(old, bases=bases, sequence=read.pointer.sequence + 1, keys=fleet.keys)
    image = base_release(entries, base)
    if image_tree is None:
        raise DeployError(
            "the release before is the image's own, and it is not in the store",
            do="run this where `fly` can start a machine of that image, or restart the machines after a cold deploy",
        )
    packed = read_folder(*image_tree)
    if image and packed.manifest.digest != image:
        fleet.notify(Fact(f"the image holds release {packed.manifest.vsn}"))
    return lambda read, bases: _bundle(fleet, packed, bases, read.pointer.sequence + 1, direction="down")


async def _await_reverted(fleet: Fleet, before: Pointer, now: Pointer, found: Members, base: str) -> FleetReport:
    """A provisional release was withdrawn: wait until every machine has said that it runs what it ran before."""
    assert before.candidate is not None
    deploy, loop = before.candidate.deploy, asyncio.get_running_loop()
    fleet.notify(Step("taking the provisional release back"))
    end = loop.time() + bounds_of(fleet.options.offer(1), timeout=1).revert
    await asyncio.gather(*(_wake(fleet, machine) for machine in found.ids))
    words: dict[str, str] = {}
    while loop.time() < end:
        reports = await asyncio.to_thread(fleet.repository.reports, deploy)
        words = {machine: str(reports.get(machine, {}).get("word")) for machine in found.ids}
        if all(word not in ("verified", "committing", "sick", "stuck") for word in words.values()):
            break
        await asyncio.sleep(0.3)
    back = all(word not in ("verified", "committing", "sick", "stuck") for word in words.values())
    current = now.current_on(base)
    machines = tuple({"machine": m, "outcome": word, "verified": word == "reverted"} for m, word in words.items())
    return FleetReport(
        "rollback",
        Exit.VERIFIED if back else Exit.MIXED,
        "complete" if back else "mixed",
        before.candidate.release,
        current.release if current is not None else None,
        deploy,
        base,
        machines,
    )


async def _wake(fleet: Fleet, machine: str) -> None:
    with contextlib.suppress(FlyhotError):
        await fleet.directory.wake(machine, [])
