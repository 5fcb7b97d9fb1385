"""The steps of a deploy on one machine: stage, vote, commit, and the way back. Each can be done twice without harm."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flyhot_asgi.errors import FlyhotError, HashMismatch, UnknownRelease

from ..circumstances import circumstances
from ..config import Options
from ..errors import Exit
from ..fetch import fetch
from ..fleet.offer import Offer
from ..local.report import UpgradeReport
from ..release.machine import MachineFacts
from ..release.manifest import ReleaseManifest
from ..repository.pointer import Candidate
from ..repository.repository import Repository
from .health import Watch, of_app
from .listening import port_for
from .shared import SharedCheck
from .workers import Look, Workers

logger = logging.getLogger("flyhot.agent")

WORDS: dict[Exit, str] = {
    Exit.VERIFIED: "verified",
    Exit.REFUSED: "refused",
    Exit.FAILED: "failed",
    Exit.INTERRUPTED: "failed",
    Exit.ROLLED_BACK: "rolled_back",
    Exit.MIXED: "broken",
}
OFFERS = 3
SHOWN = ("pid", "outcome", "verified", "from", "to", "hold_ms", "units_migrated", "sessions", "modules", "definitions")


class Steps:
    """What the agent does to its workers. Owns what it fetched: the manifest and what is known of its structure."""

    def __init__(
        self,
        repository: Repository,
        workers: Workers,
        facts: Callable[[], MachineFacts],
        machine: str,
        key: bytes | None = None,
    ) -> None:
        self._repository = repository
        self._workers = workers
        self._facts = facts
        self._machine = machine
        self._key = key
        self._manifests: dict[str, ReleaseManifest] = {}
        self._cold: dict[str, Mapping[str, Any]] = {}
        self._well_before: bool | None = None
        self._base_is_offered = False
        self._failed_offers = 0

    async def stage(self, candidate: Candidate, offer: Offer) -> dict[str, Any]:
        """Fetch, verify, store, import cold. Raises FlyhotError: this machine refuses, and nothing was changed."""
        manifest = await self._fetch(candidate.manifest, candidate.release, candidate.sequence)
        began = time.perf_counter()
        look = await self._workers.look()
        await self._workers.keep()
        self._cold[candidate.release] = await self._check(candidate, offer, manifest, look)
        await self._look_before(offer, look)
        return {"from": list(look.running), "check_ms": round((time.perf_counter() - began) * 1000)}

    async def vote(self, candidate: Candidate, offer: Offer) -> dict[str, Any]:
        """Have every worker plan it. Raises FlyhotError: refused, with file and line."""
        plans = await self._workers.plan(candidate.release, offer.extra, self._cold.get(candidate.release))
        if not plans:
            return {"plan": None}
        names = ("modules", "assets", "notes", "stale_frames", "steps")
        return {"plan": {name: plans[0].get(name) for name in names}}

    async def commit(self, candidate: Candidate, offer: Offer) -> tuple[str, dict[str, Any]]:
        """Bring all workers to the release, or none: the word for it, and the detail of the report."""
        manifest = self._manifests.get(candidate.manifest)
        direction = manifest.direction if manifest is not None else None
        try:
            if candidate.release not in self._cold:  # the agent is younger than its vote
                await self._fetch(candidate.manifest, candidate.release, candidate.sequence)
            report = await self._workers.move(
                candidate.release,
                offer.action,
                _options(offer),
                direction=direction,
                cold=self._cold.get(candidate.release),
            )
        except FlyhotError as exc:
            return "failed", {"error": exc.document()}
        return _result(report)

    async def go_back(self, before: str) -> tuple[str, dict[str, Any]]:
        """Bring all workers to what they ran before. The word is "reverted" only if every one has verified it."""
        look = await self._workers.look()
        if not look.running or all(running == before for running in look.running):
            return "reverted", {}
        word, detail = await self._to(before, "down")
        return ("reverted" if word == "verified" else word), detail

    async def converge(self, manifest: str | None, release: str, sequence: int) -> tuple[str, dict[str, Any]]:
        """Bring all workers to what is current, on this machine's own."""
        direction = None
        try:
            if manifest is not None:
                found = await self._fetch(manifest, release, sequence)
                direction = found.direction
                await self._workers.keep()
                look = await self._workers.look()
                self._cold[release] = await self._recorded(found, look) or await self._workers.check(release)
            elif not (await self._workers.store()).has_release(release):
                raise UnknownRelease(
                    f"the image's own release {release[:12]} is not kept on this machine", do="restart the machine"
                )
        except FlyhotError as exc:
            return "refused", {"error": exc.document()}
        return await self._to(release, direction)

    def watch(self, release: str, offer: Offer | None, look: Look) -> Watch:
        """The health of a release from now on."""
        health = _offer_or_default(offer).health
        pids = [pid for document in look.documents if type(pid := document.get("pid")) is int]
        here = replace(health, port=port_for(health.port, pids))
        return Watch(self._workers, release, here, counts=self._well_before is not False)

    # -- inside -------------------------------------------------------------------------------------

    async def _check(
        self, candidate: Candidate, offer: Offer, manifest: ReleaseManifest, look: Look
    ) -> Mapping[str, Any]:
        """What is known of the release: as packing recorded it, as one machine has found for all, or as found here."""
        recorded = await self._recorded(manifest, look)
        if recorded is not None:
            return recorded
        alone = not offer.scout or len(look.running) != 1
        facts = self._facts()
        way = {"from": "".join(look.running), "to": candidate.release, "base": facts.base, "abi": facts.python_abi}
        way |= {"region": os.environ.get("FLY_REGION", "")}
        shared = SharedCheck(self._repository, None if alone else self._key, candidate.deploy, way)
        if offer.scout != self._machine:
            found = await shared.take()
            return found if found is not None else await self._workers.check(candidate.release)
        cold = await self._workers.check(candidate.release)
        await shared.give(cold)
        return cold

    async def _recorded(self, manifest: ReleaseManifest, look: Look) -> dict[str, Any] | None:
        """What packing has recorded, as a check would have found it; None if that was of something else than what runs
        here, or under other circumstances."""
        plan, structure = manifest.plan, manifest.structure
        if plan is None or structure is None or self._key is None:
            return None
        if (plan.get("from"), plan.get("to")) != ("".join(look.running), manifest.release):
            return None
        here = await asyncio.to_thread(self._workers.environment)
        if structure.get("circumstances") != circumstances(here, self._key):
            return None
        return {name: value for name, value in structure.items() if name != "circumstances"} | {"rehearsed": dict(plan)}

    async def offer_base(self, image: str, running: tuple[str, ...]) -> None:
        """Once, if the workers run it: put the image's own release into the store, for deployers to start from. Never
        raises but when cancelled: without it machines look for themselves."""
        if running != (image,) or self._base_is_offered or self._failed_offers > OFFERS:
            return
        try:
            await self._publish_base(image)
            self._base_is_offered = True
        except FlyhotError as exc:
            self._failed_offers += 1
            logger.info("the image's release is not in the store: %s", exc)

    async def _publish_base(self, release: str) -> bool:
        await self._workers.keep()
        kept = (await self._workers.store()).get_release(release)
        files = {entry.path: await asyncio.to_thread(kept.read, entry.path) for entry in kept.manifest.files}
        return await asyncio.to_thread(self._repository.publish_base, kept.manifest, files)

    async def _to(self, release: str, direction: Any) -> tuple[str, dict[str, Any]]:
        options = _options(_offer_or_default(None))
        try:
            report = await self._workers.move(
                release, "rollback", options, direction=direction, cold=self._cold.get(release)
            )
        except FlyhotError as exc:
            return "failed", {"error": exc.document()}
        return _result(report)

    async def _fetch(self, digest: str, release: str, floor: int) -> ReleaseManifest:
        """The release in the workers' store, verified on the way; `floor` is the sequence that the pointer gives it.
        Raises FlyhotError.
        """
        known = self._manifests.get(digest)
        store = await self._workers.store()
        if known is not None and await asyncio.to_thread(store.has_release, release):
            return known
        manifest = await asyncio.to_thread(lambda: fetch(self._repository, digest, store, self._facts(), floor=floor))
        if manifest.release != release:
            raise HashMismatch(f"the manifest {digest[:12]} holds release {manifest.vsn}, not {release[:12]}")
        self._manifests = {digest: manifest}
        return manifest

    async def _look_before(self, offer: Offer, look: Look) -> None:
        """A health check that fails before the release can't be held against it."""
        pids = [pid for document in look.documents if type(pid := document.get("pid")) is int]
        health = replace(offer.health, port=port_for(offer.health.port, pids))
        self._well_before = await of_app(self._workers, health) is None


def _options(offer: Offer) -> Options:
    return Options(
        suspend_timeout=offer.suspend_timeout,
        http_drain=offer.http_drain,
        hold_budget=offer.hold_budget,
        vote_timeout=offer.vote_timeout,
        extra=offer.extra,
    )


def _offer_or_default(offer: Offer | None) -> Offer:
    return offer if offer is not None else Offer(phase="commit")


def _result(report: UpgradeReport) -> tuple[str, dict[str, Any]]:
    processes = [{name: result.get(name) for name in SHOWN} for result in report.processes]
    word = WORDS.get(report.exit, "failed")
    notes = [note for result in report.processes for note in result.get("notes") or []]
    return word, {"processes": processes, "error": report.error, "notes": list(dict.fromkeys(notes))[:20]}
