"""One upgrade over the processes of a machine: all, or none. Sans I/O, no clock.

Theory of operation. Every process goes through the same four stations and waits at each for the word:

    prepare ──prepared──▶ "suspend" ──held──▶ "apply" ──ready──▶ "commit" ──▶ done
       │                     │                   │
       └────── done, gone, silent, interrupted: "abort" to everybody else ──▶ done

A station is left only when everybody is there, so whoever fails finds all the others before the point of no
return. That point is the decision: it is asked for once, when all are ready, and it may come back as
"abort", because a process that waited too long has decided so first (see flyhot_asgi.control.decision).
Whatever was decided, then every process is listened to until it has reported or is lost.

Nobody's sessions are held while another process gathers its own for long: when that takes too long (`OthersLate`),
those who are held are told "resume", serve, and are told "suspend" again when all others have come so far. The driver
says when, see windows.py.

A process that already runs the release says so in its first word ("already") and stands aside; it stops
nobody. When all are prepared the driver looks for processes that nobody asked; if there is one (`CameUp`), this upgrade
is called off, and another one begins with it.

The driver passes what happens to `receive`, and does what comes back, in order. It keeps the clock:
`DeadlinePassed` is what it says when a phase took too long.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, TypeAlias

from flyhot_asgi.control.decision import Decision
from flyhot_asgi.errors import ProtocolError

Go = Literal["suspend", "resume", "apply", "commit", "abort"]


class Phase(Enum):
    """Where the whole upgrade is."""

    PREPARE = "prepare"
    SUSPEND = "suspend"
    APPLY = "apply"
    DECIDE = "decide"
    COLLECT = "collect"
    DONE = "done"


# phase -> (what a process says when it has arrived, what all are told then, the phase after)
STATIONS: dict[Phase, tuple[str, Go, Phase]] = {
    Phase.PREPARE: ("prepared", "suspend", Phase.SUSPEND),
    Phase.SUSPEND: ("held", "apply", Phase.APPLY),
    Phase.APPLY: ("ready", "commit", Phase.DECIDE),
}


UNTOUCHED = frozenset({"aborted", "already"})
"""Outcomes of a process that had nothing against it, and could go through another upgrade at once."""


@dataclass(frozen=True)
class Arrived:
    """A process said that it has come to a station."""

    pid: int
    word: str


@dataclass(frozen=True)
class Finished:
    """A process gave its result: its last word."""

    pid: int
    result: Mapping[str, Any]


@dataclass(frozen=True)
class Lost:
    """A process hung up, died, or spoke what can't be understood."""

    pid: int
    why: str


@dataclass(frozen=True)
class DeadlinePassed:
    """The phase took too long. `waited` is in seconds, for the message."""

    waited: float


@dataclass(frozen=True)
class OthersLate:
    """Who is held has waited long enough for those who are not."""


@dataclass(frozen=True)
class Interrupted:
    """The user wants out."""


@dataclass(frozen=True)
class CameUp:
    """There is a process that should have been asked, too."""


@dataclass(frozen=True)
class Decided:
    """The decision that stands."""

    decision: Decision


Event: TypeAlias = Arrived | Finished | Lost | DeadlinePassed | OthersLate | Interrupted | CameUp | Decided


@dataclass(frozen=True)
class Tell:
    """Send the word to the process."""

    pid: int
    go: Go


@dataclass(frozen=True)
class AskDecision:
    """Try to decide "commit"; answer with Decided."""


Command: TypeAlias = Tell | AskDecision


class Coordination:
    """The upgrade of these processes. Owns who is where; `results` and `lost` are its findings."""

    def __init__(self, pids: Iterable[int]) -> None:
        self.pids = tuple(dict.fromkeys(pids))
        self.phase = Phase.PREPARE if self.pids else Phase.DONE
        self.decision: Decision | None = None
        self.interrupted = False
        self.outnumbered = False
        """It was called off for a process that came up."""
        self.results: dict[int, Mapping[str, Any]] = {}
        self.lost: dict[int, str] = {}
        self._arrived: set[int] = set()
        self._let_go: set[int] = set()  # they were held, and serve while the others gather

    @property
    def present(self) -> tuple[int, ...]:
        """Who has neither given a result nor been lost."""
        return tuple(pid for pid in self.pids if pid not in self.results and pid not in self.lost)

    @property
    def awaited(self) -> tuple[int, ...]:
        """Whom the phase waits for."""
        return tuple(pid for pid in self.present if pid not in self._arrived and pid not in self._let_go)

    @property
    def holding(self) -> tuple[int, ...]:
        """Who is held, and waits for others."""
        return tuple(pid for pid in self.present if pid in self._arrived) if self.phase is Phase.SUSPEND else ()

    def only_lost(self, pids: Collection[int]) -> bool:
        """Nothing was decided, and nothing but that some of `pids` were lost kept it from that."""
        if self.decision == "commit" or self.interrupted or not self.lost or not self.lost.keys() <= set(pids):
            return False
        return all(each.get("outcome") in UNTOUCHED for each in self.results.values())

    def receive(self, event: Event) -> tuple[Command, ...]:
        """What is to be done now. Raises ProtocolError for a process, or a decision, that wasn't asked."""
        if isinstance(event, Arrived | Finished | Lost) and event.pid not in self.pids:
            raise ProtocolError(f"process {event.pid} takes no part in this upgrade")
        if isinstance(event, Decided) and self.phase is not Phase.DECIDE:
            raise ProtocolError(f"a decision in the phase {self.phase.value}")
        match event:
            case Arrived(pid, word):
                return self._arrive(pid, word)
            case Finished(pid, result):
                return self._finish(pid, result)
            case Lost(pid, why):
                return self._lose((pid,), why)
            case DeadlinePassed(waited):
                return self._lose(self._overdue(), f"gave no answer within {waited:.3g} s")
            case OthersLate():
                return self._let_them_go()
            case Interrupted():
                return self._interrupt()
            case CameUp():
                return self._call_off()
            case Decided(decision):
                return self._decided(decision)

    # -- what happened ------------------------------------------------------------------------

    def _arrive(self, pid: int, word: str) -> tuple[Command, ...]:
        if pid not in self.present or self.decision == "abort":
            return ()  # it crossed our abort on the way, or spoke after its last word
        station = STATIONS.get(self.phase)
        if station is None or station[0] != word or pid not in self.awaited:
            return self._lose((pid,), f"said {word!r} out of turn")
        self._arrived.add(pid)
        return self._advance()

    def _finish(self, pid: int, result: Mapping[str, Any]) -> tuple[Command, ...]:
        if pid not in self.present:
            return ()
        self.results[pid] = result
        stands_aside = result.get("outcome") == "already" and self.phase is Phase.PREPARE
        if self._is_open() and not stands_aside:
            return self._abort()
        return self._advance()

    def _lose(self, pids: tuple[int, ...], why: str) -> tuple[Command, ...]:
        fresh = [pid for pid in pids if pid in self.present]
        if not fresh:
            return ()
        for pid in fresh:
            self.lost[pid] = why
        if not self._is_open() and self.decision != "abort":
            return self._advance()
        # A process that is only slow must not go on alone when it wakes up.
        told = tuple(Tell(pid, "abort") for pid in fresh)
        return told + (self._abort() if self._is_open() else self._advance())

    def _overdue(self) -> tuple[int, ...]:
        return () if self.phase is Phase.DECIDE else self.awaited

    def _let_them_go(self) -> tuple[Command, ...]:
        held = self.holding
        self._let_go |= set(held)
        self._arrived -= set(held)
        return tuple(Tell(pid, "resume") for pid in held)

    def _interrupt(self) -> tuple[Command, ...]:
        if not self._is_open():
            return ()  # decided already: the others are served best by hearing it
        self.interrupted = True
        return self._abort()

    def _call_off(self) -> tuple[Command, ...]:
        if not self._is_open():
            return ()
        self.outnumbered = True
        return self._abort()

    def _decided(self, decision: Decision) -> tuple[Command, ...]:
        if decision == "abort":
            return self._abort()
        self.decision = "commit"
        self.phase = Phase.COLLECT
        self._arrived.clear()
        return (*(Tell(pid, "commit") for pid in self.present), *self._advance())

    # -- what follows -------------------------------------------------------------------------

    def _is_open(self) -> bool:
        """Whether an abort is still ours to say: no decision has been made, nor asked for."""
        return self.phase in STATIONS

    def _advance(self) -> tuple[Command, ...]:
        """Leave the phase if nobody is awaited any more."""
        if self.phase in (Phase.DECIDE, Phase.DONE) or self.awaited:
            return ()
        if again := [pid for pid in self.present if pid in self._let_go]:
            self._let_go.clear()
            return tuple(Tell(pid, "suspend") for pid in again)
        if self.phase is Phase.COLLECT or not self.present:
            self.phase = Phase.DONE
            return ()
        _, go, self.phase = STATIONS[self.phase]
        self._arrived.clear()
        if self.phase is Phase.DECIDE:
            return (AskDecision(),)
        return tuple(Tell(pid, go) for pid in self.present)

    def _abort(self) -> tuple[Command, ...]:
        self.decision = "abort"
        self.phase = Phase.COLLECT
        self._arrived.clear()
        self._let_go.clear()
        return (*(Tell(pid, "abort") for pid in self.present), *self._advance())
