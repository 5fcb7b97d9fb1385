"""Drive a rollout: write what the machines are to do, hear what they say, keep the clock.

What the deployer and the machines say to one another goes through the store. Fly's exec only wakes an agent, once; from
then on it looks at the pointer every fraction of a second until the deploy is over. Without exec it finds out by
itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast, get_args

from flyhot_asgi.errors import FlyhotError, ManifestError, StoreLocked

from ..fly.errors import FlyError, NotAllowed
from ..local.progress import Fact, Notify, Step
from ..release.signing import SecretKey
from ..repository.lease import Lease
from ..repository.pointer import Candidate, Current
from ..repository.records import from_record
from ..repository.repository import Read, Repository
from ..store.base import Conflict, NotFound, ObjectStoreError, TooLarge
from .directory import Directory
from .events import (
    AskDecision,
    AskVerdict,
    Command,
    DeadlinePassed,
    Decided,
    Event,
    Gone,
    Joined,
    Judged,
    Moved,
    MovePointer,
    Phase,
    Reported,
    Stopped,
    Tell,
    Well,
    Withdraw,
    Word,
)
from .members import members
from .offer import Offer, OfferPhase
from .rollout import Rollout
from .said import read_report

REPORT_SECONDS = 0.15
LIST_SECONDS = 2.0
SILENCE_SECONDS = 5.0
WELL_SECONDS = 30.0
"""Beyond the bake time, for a machine to say that it was well for so long."""

MAX_RECORD = 1 << 20
STORE_TRIES = 8

_PHASES: dict[Phase, OfferPhase] = {
    Phase.STAGE: "stage",
    Phase.PREPARE: "prepare",
    Phase.COMMIT: "commit",
    Phase.REVERT: "revert",
}
_SAID: dict[Phase, str] = {
    Phase.STAGE: "every machine fetches, verifies and imports the release",
    Phase.PREPARE: "every machine plans it, and votes",
    Phase.COMMIT: "committing",
    Phase.BAKE: "watching their health",
    Phase.JUDGE: "confirming",
    Phase.REVERT: "taking the release back",
}


@dataclass(frozen=True)
class Bounds:
    """How long each phase may take, in seconds."""

    stage: float = 120.0
    prepare: float = 120.0
    commit: float = 60.0
    bake: float = 1.0
    revert: float = 75.0

    def of(self, phase: Phase) -> float:
        return float(getattr(self, phase.value, 60.0))


@dataclass
class Conductor:
    """The driver of one rollout, in the name of a lease. Use once: `run`.

    `offer` holds the options; its phase and `go` are set as the rollout goes. `aside`: machines that are left alone.
    `confirm` False leaves the release provisional at the end. Store calls are blocking and run in threads.
    """

    repository: Repository
    lease: Lease
    keys: Sequence[SecretKey]
    directory: Directory
    rollout: Rollout
    candidate: Candidate
    bases: tuple[str, ...]
    offer: Offer
    read: Read
    bounds: Bounds
    notify: Notify
    confirm: bool = True
    at_once: int = 20
    aside: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)
    provisional: bool = False
    lost: ObjectStoreError | None = None
    _events: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    _etags: dict[str, str] = field(default_factory=dict)
    _heard: float = 0.0
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _waking: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> Rollout:
        """Carry it through to its end. Cancelling it (Ctrl-C) aborts or reverts, and waits for that; then it
        returns."""
        rollout = self.rollout
        try:
            await self._execute(rollout.begin())
            self._tasks = [
                asyncio.create_task(self._hear_reports(), name="flyhot-reports"),
                asyncio.create_task(self._hear_machines(), name="flyhot-machines"),
            ]
            self._wake(rollout.machines)
            await self._drive()
        except ObjectStoreError as exc:
            self.lost = exc  # a word could not be written nor read; who was told to commit may have done so
        finally:
            for task in (*self._tasks, *self._waking):
                task.cancel()
            await asyncio.gather(*self._tasks, *self._waking, return_exceptions=True)
        return rollout

    async def _drive(self) -> None:
        rollout, loop = self.rollout, asyncio.get_running_loop()
        phase, going, began = rollout.phase, rollout.going, loop.time()
        while rollout.phase is not Phase.DONE:
            bound = self.bounds.of(rollout.phase)
            event = await self._next_event(began + bound, bound)
            commands = rollout.receive(event)
            if not self.confirm and AskVerdict("confirmed") in commands:
                self.provisional = True
                return
            await self._execute(commands)
            if (rollout.phase, rollout.going) != (phase, going):
                phase, going, began = rollout.phase, rollout.going, loop.time()
                self._say(phase)

    async def _next_event(self, deadline: float, bound: float) -> Event:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._events.get()
        except TimeoutError:
            return DeadlinePassed(bound)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            return Stopped("interrupted", interrupted=True)

    def _say(self, phase: Phase) -> None:
        if phase in _SAID:
            who = f" on {len(self.rollout.going)} of {len(self.rollout.machines)}" if phase is Phase.COMMIT else ""
            self.notify(Step(_SAID[phase] + who))

    # -- what the rollout wants done ------------------------------------------------------------------

    async def _execute(self, commands: Sequence[Command]) -> None:
        for command in commands:
            match command:
                case Tell(phase, go):
                    await self._tell(phase, go)
                case AskDecision(decision):
                    stands = await self._insist(
                        lambda word=decision: self.repository.decide(  # type: ignore[misc]
                            self.candidate.deploy, word, epoch=self.lease.epoch
                        )
                    )
                    await self._execute(self.rollout.receive(Decided(stands)))
                case AskVerdict(verdict):
                    stands = await self._insist(
                        lambda word=verdict: self.repository.judge(  # type: ignore[misc]
                            self.candidate.deploy, word, epoch=self.lease.epoch
                        )
                    )
                    await self._execute(self.rollout.receive(Judged(stands)))
                case MovePointer():
                    await self._execute(self.rollout.receive(Moved(await self._move_pointer())))
                case Withdraw():
                    await self._execute(self.rollout.receive(Moved(await self._withdraw())))

    async def _insist(self, ask: Callable[[], Any]) -> Any:
        """A word that must be known: whether it was written, or what stands instead. Raises FlyhotError in the end."""
        for attempt in range(STORE_TRIES):
            try:
                return await asyncio.to_thread(ask)
            except ObjectStoreError:
                if attempt == STORE_TRIES - 1:
                    raise
                await asyncio.sleep(min(5.0, 0.2 * 2**attempt))
        raise AssertionError

    async def _tell(self, phase: Phase, go: tuple[str, ...]) -> None:
        offer = replace(self.offer, phase=_PHASES[phase], go=go or self.offer.go)
        self.offer = offer
        candidate = replace(self.candidate, detail=offer.document() | {"bases": list(self.bases)})
        try:
            await self._write(replace(self.read.pointer, candidate=candidate, sequence=candidate.sequence))
        except (Conflict, StoreLocked) as exc:
            self._events.put_nowait(Stopped(f"another deploy has taken over: {exc.message}"))
        except ObjectStoreError as exc:
            self._events.put_nowait(Stopped(f"the store can't be written: {exc.message}"))

    async def _write(self, pointer: Any) -> None:
        self.read = await asyncio.to_thread(lambda: self.repository.move(self.read, pointer, self.lease, *self.keys))

    async def _move_pointer(self) -> bool:
        candidate = self.candidate
        current = Current(candidate.manifest, candidate.release, candidate.sequence)
        return await self._try_to_write(replace(self.read.pointer.with_current(self.bases, current), candidate=None))

    async def _withdraw(self) -> bool:
        return await self._try_to_write(replace(self.read.pointer, candidate=None))

    async def _try_to_write(self, pointer: Any) -> bool:
        try:
            await self._insist(lambda: self.repository.move(self.read, pointer, self.lease, *self.keys))
        except FlyhotError as exc:
            self.notes.append(f"the pointer was not written: {exc.message}")
            return False
        return True

    # -- what happens out there -------------------------------------------------------------------------

    async def _hear_reports(self) -> None:
        """Reports whose etag is new. A listing and the reports that changed, a few times a second."""
        prefix = self.repository.keys.reports(self.candidate.deploy)
        while True:
            try:
                for event in await asyncio.to_thread(self._changed_reports, prefix):
                    self._events.put_nowait(event)
                    self._heard = asyncio.get_running_loop().time()
            except FlyhotError:
                await asyncio.sleep(1.0)  # it is the deadline that ends a store that stays away
            await asyncio.sleep(REPORT_SECONDS)

    def _changed_reports(self, prefix: str) -> list[Event]:
        events: list[Event] = []
        store = self.repository.store
        for item in store.list(prefix):
            machine = item.key[len(prefix) :].removesuffix(".json")
            if self._etags.get(machine) == item.etag:
                continue
            try:
                stored = store.get(item.key, max_bytes=MAX_RECORD)
                document = read_report(from_record(stored.body, key=item.key))
            except (NotFound, ManifestError, TooLarge):
                continue  # that machine has said nothing, as far as can be told; the others are heard
            self._etags[machine] = item.etag
            word = document.get("word")
            if word in get_args(Word):
                events.append(Reported(machine, cast(Word, word), document))
                events += [Well(machine)] if word == "verified" and document["well"] else []
            elif word == "stuck":
                self.notes.append(f"machine {machine} can't go back: {_message(document)}")
        return events

    async def _hear_machines(self) -> None:
        """Who was stopped, who came up; and who says nothing is woken again."""
        loop = asyncio.get_running_loop()
        self._heard = loop.time()
        known = set(self.rollout.machines)
        while True:
            await asyncio.sleep(LIST_SECONDS)
            try:
                found = members(await self.directory.list())
            except FlyError:
                continue
            running = {machine.id: machine for machine in found.running if machine.id not in self.aside}
            for machine in sorted(known - running.keys()):
                states = {m.id: m.state for m in (*found.asleep, *found.arriving, *found.others)}
                self._events.put_nowait(Gone(machine, f"is {states.get(machine, 'gone')}"))
            for machine in sorted(running.keys() - known):
                if running[machine].image in self.bases:
                    self._events.put_nowait(Joined(machine))
                    self._wake([machine])
            known = set(running) | (known & set(self.rollout.machines))
            if loop.time() - self._heard > SILENCE_SECONDS:
                self._heard = loop.time()
                self._wake([m for m in self.rollout.awaited if m in running])

    def _wake(self, machines: Sequence[str]) -> None:
        for start in range(0, len(machines), max(1, self.at_once)):
            task = asyncio.create_task(self._wake_each(machines[start : start + self.at_once]))
            self._waking.add(task)
            task.add_done_callback(self._waking.discard)

    async def _wake_each(self, machines: Sequence[str]) -> None:
        await asyncio.gather(*(self._wake_one(machine) for machine in machines))

    async def _wake_one(self, machine: str) -> None:
        """An exec that fails is a note: the agent looks by itself. One that finds no app is a refusal."""
        try:
            answer = await self.directory.wake(machine, ["--deploy", self.candidate.deploy, "--wait", "0"])
        except NotAllowed as exc:
            return self._note(f"machines can't be told by exec, so they find out by themselves: {exc.message}")
        except FlyhotError as exc:
            return self._note(f"machine {machine} can't be told by exec, so it finds out by itself: {exc.message}")
        if answer.get("state") == "absent":
            error = FlyhotError(f"machine {machine}: {answer.get('error')}", do=str(answer.get("do"))).document()
            self._events.put_nowait(Reported(machine, "refused", {"error": error}))

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
            self.notify(Fact(text))


def _message(document: Mapping[str, Any]) -> str:
    error = document.get("error")
    return str(error.get("message")) if isinstance(error, dict) else "it does not say why"


def bounds_of(offer: Offer, *, timeout: float) -> Bounds:
    """The bounds that fit an offer's options; `timeout` bounds what comes before the decision."""
    commit = offer.suspend_timeout + offer.http_drain + offer.hold_budget + 30.0
    return Bounds(stage=timeout, prepare=timeout, commit=commit, bake=offer.bake + WELL_SECONDS, revert=commit + 30.0)


def deploy_name(sequence: int) -> str:
    """A name for a deploy: sorts by its sequence, and is nobody else's."""
    return f"{sequence:08d}-{int(time.time() * 1000):x}"
