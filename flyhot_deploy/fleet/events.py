"""What can happen in a rollout, and what it can want done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, TypeAlias

Word = Literal[
    "staged",
    "prepared",
    "refused",
    "failed",
    "verified",
    "rolled_back",
    "sick",
    "reverted",
    "broken",
]
Decision = Literal["commit", "abort"]
Verdict = Literal["confirmed", "reverted"]
Strategy = Literal["all", "canary", "rolling"]


class Phase(Enum):
    """Where the whole rollout is."""

    STAGE = "stage"
    PREPARE = "prepare"
    DECIDE = "decide"
    COMMIT = "commit"
    BAKE = "bake"
    JUDGE = "judge"
    POINTER = "pointer"
    REVERT = "revert"
    WITHDRAW = "withdraw"
    DONE = "done"


@dataclass(frozen=True)
class Reported:
    """A machine said how far it is. `detail` is its report, kept for the result."""

    machine: str
    word: Word
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Well:
    """A machine was well with the release for the bake time, by all its checks."""

    machine: str


@dataclass(frozen=True)
class Gone:
    """The platform stopped or destroyed a machine: it converges by itself if it comes back."""

    machine: str
    why: str


@dataclass(frozen=True)
class Joined:
    """A machine of the app came up."""

    machine: str


@dataclass(frozen=True)
class DeadlinePassed:
    """The phase took as long as it may."""

    waited: float


@dataclass(frozen=True)
class Decided:
    """The decision that stands, whoever wrote it."""

    decision: Decision


@dataclass(frozen=True)
class Judged:
    """The verdict that stands, whoever wrote it."""

    verdict: Verdict


@dataclass(frozen=True)
class Moved:
    """The pointer was moved, or the offer withdrawn; `ok` is False if somebody else's epoch stands there."""

    ok: bool


@dataclass(frozen=True)
class Stopped:
    """We may not go on: the user wants out, the lock was lost, the store refuses."""

    why: str
    interrupted: bool = False


Event: TypeAlias = Reported | Well | Gone | Joined | DeadlinePassed | Decided | Judged | Moved | Stopped


@dataclass(frozen=True)
class Tell:
    """Publish what the machines are to do: the phase, and for COMMIT which of them may go ahead."""

    phase: Phase
    go: tuple[str, ...] = ()


@dataclass(frozen=True)
class AskDecision:
    """Write this decision unless one stands; answer with Decided."""

    decision: Decision


@dataclass(frozen=True)
class AskVerdict:
    """Write this verdict unless one stands; answer with Judged."""

    verdict: Verdict


@dataclass(frozen=True)
class MovePointer:
    """Make the release the current one; answer with Moved."""


@dataclass(frozen=True)
class Withdraw:
    """Take the offer back; answer with Moved."""


Command: TypeAlias = Tell | AskDecision | AskVerdict | MovePointer | Withdraw
