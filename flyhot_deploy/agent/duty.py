"""What an agent has to do next: from what it sees and what it remembers. Pure.

The order of the questions is the order of what matters: a release that nobody confirmed is settled before anything
else is begun; then the deploy that is under way; then the pointer. Every answer can be given again after a crash of
the agent, because what runs is asked of the workers and not remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..fleet.offer import Offer
from ..repository.pointer import Candidate, Pointer
from .memory import FINAL, Memory


@dataclass(frozen=True)
class Situation:
    """`base` is the machine's image; `running` the different releases of its workers, () if nobody answers;
    `image_release` the release that the image itself holds, "" if unknown. `pointer` is None if the store can't be
    read now, and `expired` if nothing new may be installed by it. `verdict` and `decision` are what stands for the
    deploy of the candidate, else of the memory; None: not known."""

    machine: str
    base: str
    running: tuple[str, ...]
    image_release: str
    pointer: Pointer | None
    offer: Offer | None
    memory: Memory
    now: float
    verdict: str | None = None
    expired: bool = False

    @property
    def candidate(self) -> Candidate | None:
        return self.pointer.candidate if self.pointer is not None else None


@dataclass(frozen=True)
class Rest:
    """Nothing to do. `awake`: look again soon, a deploy is under way."""

    awake: bool = False


@dataclass(frozen=True)
class Do:
    """A step of the deploy under way, with the offer that asks for it."""

    what: Literal["stage", "vote", "commit", "watch", "stand"]


@dataclass(frozen=True)
class Settle:
    """The provisional release is confirmed: it is permanent now."""


@dataclass(frozen=True)
class Forget:
    """No worker runs the provisional release any more: the machine was restarted meanwhile, and has it all before
    it."""


@dataclass(frozen=True)
class GoBack:
    """The provisional release is taken back: bring every worker to what ran before."""


@dataclass(frozen=True)
class WriteAbort:
    """Prepared for too long: write the decision "abort", unless one stands."""


@dataclass(frozen=True)
class WriteReverted:
    """Provisional for too long: write the verdict "reverted", unless one stands; go back if none can be written."""


@dataclass(frozen=True)
class Converge:
    """No deploy is under way, and not every worker runs what the pointer says. `manifest` None: the image's own
    release."""

    manifest: str | None
    release: str
    sequence: int = 0


Duty: TypeAlias = Rest | Do | Settle | Forget | GoBack | WriteAbort | WriteReverted | Converge


def next_duty(s: Situation) -> Duty:
    """See the module's docstring."""
    if s.memory.provisional:
        return _provisional(s)
    if s.pointer is None or s.expired:
        return _alone(s)
    if s.candidate is not None and s.offer is not None:
        return _deploy(s, s.candidate, s.offer)
    return _pointer(s, s.pointer)


def _provisional(s: Situation) -> Duty:
    memory = s.memory
    current = s.pointer.current_on(s.base) if s.pointer is not None else None
    if s.verdict == "confirmed" or (current is not None and current.release == memory.release):
        return Settle()
    if s.running and memory.release not in s.running:
        return Forget()
    ours = s.candidate is not None and s.candidate.deploy == memory.deploy
    withdrawn = s.pointer is not None and not ours
    if s.verdict == "reverted" or withdrawn or (ours and s.offer is not None and s.offer.phase == "revert"):
        return GoBack()
    if s.now - memory.since >= memory.provisional_for:
        return WriteReverted()
    return Do("watch")


def _alone(s: Situation) -> Duty:
    """The store can't be read, or says nothing that is still good: what was promised is kept until its deadline,
    nothing new is begun.
    """
    return Rest(awake=s.memory.word == "prepared")


def _deploy(s: Situation, candidate: Candidate, offer: Offer) -> Duty:
    memory = s.memory
    word = memory.word if memory.deploy == candidate.deploy else ""
    chosen = s.machine in offer.go
    if word in FINAL:
        return Rest(awake=True)
    if offer.phase == "revert":
        return Do("stand") if chosen or word else Rest(awake=True)
    if not s.running:
        return Rest(awake=True)
    if word == "":
        # Once the decision has been made nobody new takes part: it converges when the pointer has moved.
        return Do("stage") if offer.phase in ("stage", "prepare") or chosen else Rest(awake=True)
    if word == "staged":
        return Do("vote") if offer.phase == "prepare" or chosen else Rest(awake=True)
    if word == "prepared" and chosen and offer.phase == "commit":
        return Do("commit")
    if word == "prepared" and not memory.bound and s.now - memory.since >= offer.prepared_for:
        return WriteAbort()
    return Rest(awake=True)


def _pointer(s: Situation, pointer: Pointer) -> Duty:
    current = pointer.current_on(s.base)
    if not s.running:
        return Rest()
    if current is not None and current.manifest is not None:
        wanted, manifest, sequence = current.release, current.manifest, current.sequence
    else:
        named = current.release if current is not None else ""
        wanted, manifest, sequence = named or s.image_release, None, 0
    if not wanted or all(release == wanted for release in s.running):
        return Rest()
    return Converge(manifest, wanted, sequence)
