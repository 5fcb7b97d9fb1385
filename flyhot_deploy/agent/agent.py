"""The agent: looks at the pointer and at the workers, does its next duty, says how it went. See duty.py for the order.

It never says "verified" of a worker that did not compare its living code with the release. What it wants to say and
can't (the store is away) it says later; what it does never waits for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flyhot_asgi.errors import FlyhotError, StoreError

from ..boot.state import Line
from ..fleet.offer import Offer, read_offer
from ..release.machine import MachineFacts
from ..repository.pointer import Candidate, Pointer
from ..repository.repository import Repository
from ..store.base import NotModified
from . import memory as memories
from . import words
from .disk import Disk
from .duty import Converge, Do, Duty, Forget, GoBack, Rest, Settle, Situation, WriteAbort, WriteReverted, next_duty
from .health import Watch
from .memory import Memory
from .rhythm import Rhythm
from .steps import Steps
from .voice import Voice
from .workers import Look, Workers

logger = logging.getLogger("flyhot.agent")


@dataclass
class Agent:
    """One machine's agent. `run` until cancelled, or drive it with `turn`. `disk` follows what
    runs."""

    machine: str
    repository: Repository
    facts: Callable[[], MachineFacts]
    workers: Workers
    folder: Path
    rhythm: Rhythm = field(default_factory=Rhythm)
    clock: Callable[[], float] = time.monotonic
    disk: Disk | None = None
    key: bytes | None = field(default=None, repr=False)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    problem: Mapping[str, Any] | None = None
    _facts: MachineFacts | None = None
    _memory: Memory | None = None
    _pointer: Pointer | None = None
    _etag: str | None = None
    _reachable: bool = False
    _failures: int = 0
    _look: Look = field(default_factory=Look)
    _watch: Watch | None = None
    _judged_at: float = 0.0
    _detail: Mapping[str, Any] = field(default_factory=dict)
    _well: str = ""
    _tries: dict[str, tuple[int, float]] = field(default_factory=dict)
    steps: Steps = field(init=False)
    voice: Voice = field(init=False)

    def __post_init__(self) -> None:
        self.steps = Steps(self.repository, self.workers, self.facts_once, self.machine, self.key)
        self.voice = Voice(self.machine, self.repository)

    async def run(self) -> None:
        """Look, do, sleep; for ever. What fails is logged once and tried again with a growing, jittered pause."""
        while True:
            self.woken.clear()
            pause = await self.turn()
            try:
                async with asyncio.timeout(pause * random.uniform(1 - self.rhythm.jitter, 1 + self.rhythm.jitter)):
                    await self.woken.wait()
            except TimeoutError:
                continue

    async def turn(self) -> float:
        """One look and one duty; returns for how many seconds there is nothing to do."""
        try:
            awake = await self._turn()
            self._note(None)
        except FlyhotError as exc:
            self._note(exc)
            awake = False
        except Exception as exc:  # an agent that dies helps nobody
            logger.exception("the agent failed, and goes on")
            self._note(FlyhotError(f"the agent failed: {type(exc).__name__}: {exc}"))
            awake = False
        if self._failures:
            return min(self.rhythm.longest, self.rhythm.idle * 2.0 ** min(self._failures - 1, 10))
        if self.memory.provisional:
            return self.rhythm.watching(self.clock() - self.memory.since)
        return self.rhythm.awake if awake else self.rhythm.idle

    @property
    def memory(self) -> Memory:
        if self._memory is None:
            self._memory = memories.load(self.folder, base=self.facts_once().base, now=self.clock())
        return self._memory

    def facts_once(self) -> MachineFacts:
        if self._facts is None:
            self._facts = self.facts()
        return self._facts

    def document(self) -> dict[str, Any]:
        """What this machine is and runs, for `status`."""
        return {
            "machine": self.machine,
            "image": self.facts_once().base,
            **words.memory(self.memory),
            **words.look(self._look),
            "store": "reachable" if self._reachable else "unreachable",
            "error": dict(self.problem) if self.problem is not None else None,
        }

    # -- one turn ---------------------------------------------------------------------------------

    async def _turn(self) -> bool:
        changed = await self._read_pointer()
        await self._look_at_workers(changed)
        self._find_image()
        await self._recall()
        candidate, offer = self._offer()
        situation = Situation(
            machine=self.machine,
            base=self.facts_once().base,
            running=self._look.running,
            image_release=self.memory.image,
            pointer=self._pointer if self._reachable else None,
            offer=offer,
            memory=self.memory,
            now=self.clock(),
            expired=self._pointer is not None and self._pointer.has_expired(time.time()),
        )
        duty = next_duty(situation)
        await self._do(duty, candidate, offer)
        await self.voice.speak(self.document())
        if situation.expired:
            raise words.stale()
        if candidate is None:
            await self.steps.offer_base(self.memory.image, self._look.running)
        return not (isinstance(duty, Rest) and not duty.awake)

    async def _read_pointer(self) -> bool:
        """True if there is a new one. A pointer that is older than one that was believed is ignored."""
        try:
            read = await asyncio.to_thread(self.repository.pointer, if_none_match=self._etag)
        except NotModified:
            self._reachable, self._failures = True, 0
            return False
        except FlyhotError:
            self._reachable = False
            self._failures += 1
            if self.memory.provisional or self.memory.word == "prepared":
                self._failures = min(self._failures, 1)
                await self._look_at_workers(False)
                await self._do(next_duty(self._cut_off()), None, None)
            raise
        self._reachable, self._failures = True, 0
        believed = Pointer("", "", epoch=self.memory.epoch, sequence=self.memory.sequence, at=self.memory.at)
        if not read.pointer.is_after(believed):
            raise StoreError("the pointer is older than one that was seen before: it is ignored")
        self._pointer, self._etag = read.pointer, read.etag
        fresh = replace(self.memory, epoch=read.pointer.epoch, sequence=read.pointer.sequence, at=read.pointer.at)
        if fresh != self.memory:
            self._remember(fresh)
        return True

    def _cut_off(self) -> Situation:
        base, look, memory = self.facts_once().base, self._look, self.memory
        return Situation(self.machine, base, look.running, memory.image, None, None, memory, self.clock())

    async def _look_at_workers(self, changed: bool) -> None:
        """Ask them only if something may be new: the pointer, a deploy, or who is there."""
        busy = self.memory.provisional or (self._pointer is not None and self._pointer.candidate is not None)
        if changed or busy or self._look.is_old or await self._others_are_there():
            self._look = await self.workers.look()

    async def _others_are_there(self) -> bool:
        return await asyncio.to_thread(self.workers.pids) != [document.get("pid") for document in self._look.documents]

    async def _recall(self) -> None:
        memory = self.memory
        candidate = self._pointer.candidate if self._pointer is not None else None
        if candidate is not None and candidate.deploy == memory.deploy and memory.word not in ("", "committing"):
            await self.voice.recall(memory.deploy, memory.word, self._look.running)

    def _find_image(self) -> None:
        """Before this image was ever upgraded hot, what runs is the image's own release."""
        memory, pointer = self.memory, self._pointer
        untouched = pointer is not None and pointer.current_on(self.facts_once().base) is None
        if not memory.image and untouched and not memory.provisional and len(self._look.running) == 1:
            self._remember(replace(memory, image=self._look.running[0]))

    def _offer(self) -> tuple[Candidate | None, Offer | None]:
        """The deploy under way, if it is for this machine's image and can be understood."""
        candidate = self._pointer.candidate if self._pointer is not None else None
        if candidate is None:
            return None, None
        bases = candidate.detail.get("bases", [])
        if self.facts_once().base not in (bases if isinstance(bases, list) else []):
            return candidate, None
        return candidate, read_offer(candidate.detail)

    # -- duties -------------------------------------------------------------------------------------

    async def _do(self, duty: Duty, candidate: Candidate | None, offer: Offer | None) -> None:
        match duty:
            case Rest():
                return
            case Do(what):
                await self._do_step(what, candidate, offer)
            case Settle():
                await self._settle()
            case Forget():
                self._remember(replace(self.memory, provisional=False, deploy="", word=""))
            case GoBack():
                await self._go_back()
            case WriteAbort():
                await self._write_abort()
            case WriteReverted():
                await self._write_reverted("it was provisional for too long")
            case Converge(manifest, release, sequence):
                await self._converge(manifest, release, sequence)

    async def _do_step(self, what: str, candidate: Candidate | None, offer: Offer | None) -> None:
        if what == "watch":
            return await self._do_watch(offer)
        assert candidate is not None and offer is not None
        if what == "stand":
            return self._report(candidate.deploy, "reverted", {})
        if what == "commit":
            return await self._commit(candidate, offer)
        step: Callable[[Candidate, Offer], Awaitable[dict[str, Any]]]
        step, word = (self.steps.stage, "staged") if what == "stage" else (self.steps.vote, "prepared")
        try:
            self._report(candidate.deploy, word, await step(candidate, offer))
        except FlyhotError as exc:
            self._report(candidate.deploy, "refused", {"error": exc.document()})

    async def _commit(self, candidate: Candidate, offer: Offer) -> None:
        """The decision is asked for once more: the offer alone commits nobody."""
        decision = await asyncio.to_thread(self.repository.decision, candidate.deploy)
        if decision != "commit":
            if decision == "abort":
                self._report(candidate.deploy, "failed", {"error": words.error("the decision is abort")})
            return
        before = self._look.running[0] if len(self._look.running) == 1 else self.memory.image
        fresh = replace(
            self.memory,
            release=candidate.release,
            manifest=candidate.manifest,
            before=before,
            provisional=True,
            bound=True,
            provisional_for=offer.provisional_for,
        )
        self._remember(fresh.with_word(candidate.deploy, "committing", self.clock()))
        self._watch = None
        word, detail = await self.steps.commit(candidate, offer)
        self._detail = detail
        self._look = await self.workers.look()
        if word != "verified":
            self._remember(replace(self.memory, provisional=candidate.release in self._look.running))
        elif self.disk is not None:
            line = Line(candidate.release, candidate.manifest, candidate.sequence, candidate.deploy)
            await asyncio.to_thread(self.disk.provisional, line)
        self._report(candidate.deploy, word, detail)

    async def _do_watch(self, offer: Offer | None) -> None:
        memory = self.memory
        if memory.word == "committing":  # we died in between; every worker says that it runs the release, or it is sick
            if all(running == memory.release for running in self._look.running):
                self._report(memory.deploy, "verified", {"notes": ["the agent died meanwhile, and looked again"]})
        if self._watch is None:
            self._watch = self.steps.watch(memory.release, offer, self._look)
        if why := await self._watch.look():
            logger.warning("release %s is sick here: %s", memory.release[:12], why)
            self._report(memory.deploy, "sick", {"error": words.error(why)})
            with contextlib.suppress(FlyhotError):  # before the way back, which takes a while: nobody else is to go on
                await self.voice.speak(self.document())
            return await self._write_reverted(why)
        if offer is not None and self._watch.is_well and self.clock() - memory.since >= offer.bake:
            self._say_well()
        if self.clock() - self._judged_at >= 1.0 and self._reachable:
            self._judged_at = self.clock()
            verdict = await asyncio.to_thread(self.repository.verdict, memory.deploy)
            if verdict == "reverted":
                await self._go_back()

    def _say_well(self) -> None:
        """Once in a deploy: it goes on when every machine has said so."""
        memory = self.memory
        if memory.word == "verified" and self._well != memory.deploy:
            self._well = memory.deploy
            self.voice.report(memory.deploy, "verified", self._look.running, {**self._detail, "well": True})

    async def _settle(self) -> None:
        memory = self.memory
        logger.info("release %s is permanent", memory.release[:12])
        self._remember(replace(memory, provisional=False, word="confirmed"))
        if self.disk is not None:
            current = self._pointer.current_on(self.facts_once().base) if self._pointer is not None else None
            sequence = current.sequence if current is not None else memory.sequence
            line = Line(memory.release, memory.manifest, sequence, memory.deploy)
            await asyncio.to_thread(self.disk.permanent, line)

    async def _write_abort(self) -> None:
        """Whoever waits for us may be dead: decide, unless it is decided. "commit" binds us for good."""
        memory = self.memory
        stands = await asyncio.to_thread(self.repository.decide, memory.deploy, "abort", epoch=memory.epoch)
        if stands == "commit":
            return self._remember(replace(memory, bound=True))
        self._report(
            memory.deploy, "failed", {"error": words.error("nobody decided in time, so this machine did: abort")}
        )

    async def _write_reverted(self, why: str) -> None:
        """Take the release back; where nobody can be asked, for this machine alone."""
        memory = self.memory
        try:
            detail = {"machine": self.machine, "why": why}
            stands = await asyncio.to_thread(
                lambda: self.repository.judge(memory.deploy, "reverted", epoch=memory.epoch, detail=detail)
            )
        except FlyhotError as exc:
            logger.warning("the verdict can't be written (%s); this machine goes back by itself", exc)
            stands = "reverted"
        if stands == "confirmed":
            return await self._settle()
        await self._go_back(why)

    async def _go_back(self, why: str = "") -> None:
        memory = self.memory
        tries, not_before = self._tries.get(memory.deploy, (0, 0.0))
        if self.clock() < not_before:
            return
        word, detail = await self.steps.go_back(memory.before)
        self._look = await self.workers.look()
        if word != "reverted":
            self._tries[memory.deploy] = (tries + 1, self.clock() + min(60.0, 0.5 * 2**tries))
            return self._report(memory.deploy, "stuck", detail)
        if self.disk is not None:
            await asyncio.to_thread(self.disk.reverted, memory.before)
        self._watch = None
        self._remember(replace(memory, provisional=False))
        self._report(memory.deploy, "reverted", detail | {"error": words.error(why)} if why else detail)

    async def _converge(self, manifest: str | None, release: str, sequence: int) -> None:
        """A few tries for each release, further and further apart: what can't be done must not be done every second."""
        tries, not_before = self._tries.get(release, (0, 0.0))
        if tries >= 5 or self.clock() < not_before:
            return
        self._tries[release] = (tries + 1, self.clock() + self.rhythm.idle * 2**tries)
        word, detail = await self.steps.converge(manifest, release, sequence)
        self._look = await self.workers.look()
        if word == "verified":
            self._tries.pop(release)
            if self.disk is not None:
                line = Line(release, manifest, sequence) if manifest is not None else None
                await asyncio.to_thread(self.disk.permanent, line)
            logger.info("this machine has come to release %s", release[:12])
            return
        error = detail.get("error") or {}
        raise StoreError(
            f"this machine does not come to release {release[:12]}: {error.get('message', word)}", do=error.get("do")
        )

    # -- memory and words -----------------------------------------------------------------------------

    def _remember(self, memory: Memory) -> None:
        self._memory = memory
        try:
            memories.keep(self.folder, memory)
        except OSError as exc:
            logger.warning("the agent's memory can't be kept: %s", exc)

    def _report(self, deploy: str, word: str, detail: Mapping[str, Any]) -> None:
        self._remember(self.memory.with_word(deploy, word, self.clock()))
        if word in ("verified", "sick"):  # the time that it may stay provisional runs from the commit
            self._remember(replace(self.memory, provisional=True))
        self.voice.report(deploy, word, self._look.running, detail)

    def _note(self, error: FlyhotError | None) -> None:
        """Log a problem when it begins and when it is over, not each time."""
        document = error.document() if error is not None else None
        if document is not None and (self.problem is None or self.problem.get("message") != document["message"]):
            logger.warning("%s%s", error, f" ({error.do})" if error is not None and error.do else "")
        self.problem = document
