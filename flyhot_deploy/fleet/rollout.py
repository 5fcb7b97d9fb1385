"""One release over a fleet of machines: all, or none. Sans I/O, no clock.

Theory of operation. Each machine brings its own worker processes to the release together or not at all (that is
`flyhot_deploy.local.coordination`, over there); here machines are what is counted.

    STAGE ─all staged─▶ PREPARE ─all prepared─▶ DECIDE ─commit─▶ COMMIT a wave ─verified─▶ BAKE ─well─▶ the next wave …
      │                    │                      │                 │                           │
      └── refused, failed, silent, stopped ──▶ abort               └── failed, silent, sick ────┴─▶ revert
                                                                    … the last one baked ─▶ JUDGE ─▶ POINTER ─▶ DONE

Two words are written down where every machine can read them, each at most once, and whoever comes second obeys what
stands: the **decision** (commit, abort) before any machine changes, and the **verdict** (confirmed, reverted) after all
have. A machine that is left alone writes them too: `abort` when it stays prepared for too long, `reverted` when it
stays provisional for too long. So no death of ours leaves a machine in doubt for longer than its own deadline.

What did not answer is "unknown", never "upgraded". What the platform stopped stands aside: it lays the right release
over its image when it comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flyhot_asgi.errors import ProtocolError

from .events import (
    AskDecision,
    AskVerdict,
    Command,
    DeadlinePassed,
    Decided,
    Decision,
    Event,
    Gone,
    Joined,
    Judged,
    Moved,
    MovePointer,
    Phase,
    Reported,
    Stopped,
    Strategy,
    Tell,
    Verdict,
    Well,
    Withdraw,
    Word,
)

Commands = tuple[Command, ...]
_BEFORE = frozenset({Phase.STAGE, Phase.PREPARE})
_ARRIVAL: Mapping[Phase, Word] = {Phase.STAGE: "staged", Phase.PREPARE: "prepared", Phase.COMMIT: "verified"}
_BAD: frozenset[Word] = frozenset({"refused", "failed", "rolled_back", "sick", "broken"})


class Rollout:
    """The deploy to these machines. Owns who is where; `words`, `gone`, `unknown` and `problem` are its findings.

    `strategy`: "all" commits every machine in one wave, "canary" one machine first, "rolling" one after the other;
    `at_once` bounds a wave.
    """

    def __init__(self, machines: Iterable[str], *, strategy: Strategy = "canary", at_once: int = 20) -> None:
        if at_once < 1:
            raise ProtocolError("a wave has room for at least one machine")
        self.machines = list(dict.fromkeys(machines))
        self.phase = Phase.STAGE if self.machines else Phase.DONE
        self.decision: Decision | None = None
        self.verdict: Verdict | None = None
        self.moved = False
        self.interrupted = False
        self.problem: str | None = None
        self.culprit: str | None = None
        self.words: dict[str, Word] = {}
        self.details: dict[str, Mapping[str, Any]] = {}
        self.gone: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.well: set[str] = set()
        self.late: list[str] = []
        self._strategy: Strategy = strategy
        self._at_once = at_once
        self._going: list[str] = []
        self._waves = 0

    # -- findings -----------------------------------------------------------------------------

    @property
    def present(self) -> tuple[str, ...]:
        """Who takes part and has not been stopped by the platform."""
        return tuple(machine for machine in self.machines if machine not in self.gone)

    @property
    def going(self) -> tuple[str, ...]:
        """Who was told to commit."""
        return tuple(self._going)

    @property
    def awaited(self) -> tuple[str, ...]:
        """Whom the phase waits for."""
        if self.phase is Phase.REVERT:
            return tuple(m for m in self._going if m not in self.gone and not self._settled(m))
        if self.phase is Phase.BAKE:
            return tuple(m for m in self._going if m not in self.gone and m not in self.well)
        word = _ARRIVAL.get(self.phase)
        among = self._going if self.phase is Phase.COMMIT else self.machines
        return tuple(m for m in among if word and m not in self.gone and self.words.get(m) != word)

    @property
    def unchanged(self) -> bool:
        """No machine runs the release, as far as every one of them has said so."""
        return all(m in self.gone or self._settled(m) for m in self._going)

    def _settled(self, machine: str) -> bool:
        """It has said that it is on the old release (again)."""
        return self.words.get(machine) in ("reverted", "rolled_back", "refused", "failed")

    # -- events ---------------------------------------------------------------------------------

    def begin(self) -> Commands:
        """The first thing to do."""
        return (Tell(Phase.STAGE),) if self.phase is Phase.STAGE else ()

    def receive(self, event: Event) -> Commands:
        """What is to be done now, in order. Raises ProtocolError for an answer that was not asked for."""
        if self.phase is Phase.DONE:
            return ()
        match event:
            case Reported(machine, word, detail):
                return self._report(machine, word, detail)
            case Well(machine):
                self.well.add(machine)
                return self._advance()
            case Gone(machine, why):
                return self._go_away(machine, why)
            case Joined(machine):
                return self._join(machine)
            case DeadlinePassed(waited):
                return self._deadline(waited)
            case Decided(decision):
                return self._decided(decision)
            case Judged(verdict):
                return self._judged(verdict)
            case Moved(ok):
                return self._pointer(ok)
            case Stopped(why, interrupted):
                return self._stop(why, interrupted)

    def _report(self, machine: str, word: Word, detail: Mapping[str, Any]) -> Commands:
        if machine not in self.machines or self.words.get(machine) == "broken":
            return ()
        if self._is_stale(machine, word):
            return ()
        self.words[machine] = word
        self.details[machine] = detail
        self.unknown.discard(machine)
        if machine in self.gone:
            del self.gone[machine]  # it speaks, so it is there
        if self.phase in _BEFORE and word in _BAD:
            return self._abort(machine, f"machine {machine} {_SAID[word]}")
        if self.phase in (Phase.COMMIT, Phase.BAKE) and (word in _BAD or word == "reverted"):
            return self._revert(machine, f"machine {machine} {_SAID.get(word, 'went back by itself')}")
        return self._advance()

    def _is_stale(self, machine: str, word: Word) -> bool:
        """A word of an earlier phase that was long on the way says nothing new."""
        order = ("staged", "prepared", "verified")
        before = self.words.get(machine)
        return before in order and word in order and order.index(word) <= order.index(before)

    def _go_away(self, machine: str, why: str) -> Commands:
        if machine not in self.machines or machine in self.gone:
            return ()
        self.gone[machine] = why
        self.unknown.discard(machine)
        self.well.discard(machine)
        if self.phase in _BEFORE and not self.present:
            return self._abort(machine, f"no machine is left: the last one {why}")
        return self._advance()

    def _join(self, machine: str) -> Commands:
        if machine in self.machines:
            self.gone.pop(machine, None)
            return ()
        if self.phase in _BEFORE:  # it takes part in full: the decision waits for its vote, too
            self.machines.append(machine)
        elif machine not in self.late:
            self.late.append(machine)
        return ()

    def _deadline(self, waited: float) -> Commands:
        silent = self.awaited
        if self.phase is Phase.BAKE and silent:
            return self._revert(silent[0], f"machine {silent[0]} did not say within {waited:.3g} s that it is well")
        if self.phase in _BEFORE and silent:
            self.unknown.update(silent)
            return self._abort(silent[0], f"machine {silent[0]} gave no answer within {waited:.3g} s")
        if self.phase is Phase.COMMIT and silent:
            self.unknown.update(silent)
            return self._revert(silent[0], f"machine {silent[0]} gave no answer within {waited:.3g} s of the decision")
        if self.phase is Phase.REVERT and self.verdict is not None:
            self.unknown.update(silent)
            return self._finish()
        return ()

    def _stop(self, why: str, interrupted: bool) -> Commands:
        self.interrupted = self.interrupted or interrupted
        if self.phase in _BEFORE:
            return self._abort(None, why)
        if self.phase in (Phase.COMMIT, Phase.BAKE):
            return self._revert(None, why)
        self.problem = self.problem or why
        return ()

    # -- what follows -----------------------------------------------------------------------------

    def _advance(self) -> Commands:
        """Leave the phase if nobody is awaited any more."""
        if self.awaited:
            return ()
        if self.phase is Phase.STAGE:
            self.phase = Phase.PREPARE
            return (Tell(Phase.PREPARE), *self._advance())
        if self.phase is Phase.PREPARE:
            self.phase = Phase.DECIDE
            return (AskDecision("commit"),)
        if self.phase is Phase.COMMIT:
            self.phase = Phase.BAKE
            return self._advance()
        if self.phase is Phase.BAKE:
            return self._next_wave()
        if self.phase is Phase.REVERT and self.verdict is not None:
            return self._finish()
        return ()

    def _decided(self, decision: Decision) -> Commands:
        if self.phase is not Phase.DECIDE:
            raise ProtocolError(f"a decision in the phase {self.phase.value}")
        self.decision = decision
        if decision == "abort":
            self.problem = self.problem or "a machine waited too long for the decision, and decided to abort"
            return self._finish()
        return self._next_wave()

    def _next_wave(self) -> Commands:
        """Release more machines; with none left, judge."""
        waiting = [m for m in self.machines if m not in self._going and m not in self.gone]
        if not waiting:
            if not any(self.words.get(m) == "verified" for m in self._going):
                return self._revert(None, "no machine is left that runs the release")
            self.phase = Phase.JUDGE
            return (AskVerdict("confirmed"),)
        size = 1 if self._strategy == "rolling" or (self._strategy == "canary" and not self._has_canary()) else None
        self._going += waiting[: size or self._at_once]
        self._waves += 1
        self.phase = Phase.COMMIT
        return (Tell(Phase.COMMIT, tuple(self._going)),)

    def _has_canary(self) -> bool:
        return any(self.words.get(m) == "verified" and m not in self.gone for m in self._going)

    def _judged(self, verdict: Verdict) -> Commands:
        if self.phase not in (Phase.JUDGE, Phase.REVERT):
            raise ProtocolError(f"a verdict in the phase {self.phase.value}")
        if self.verdict is not None:
            return ()
        self.verdict = verdict
        if verdict == "confirmed":
            self.phase = Phase.POINTER
            return (MovePointer(),)
        if self.phase is Phase.JUDGE:
            self.problem = self.problem or "a machine was provisional for too long, or sick, and took the release back"
        self.phase = Phase.REVERT
        return (Tell(Phase.REVERT), *self._advance())

    def _pointer(self, ok: bool) -> Commands:
        if self.phase is Phase.POINTER:
            self.moved = ok
            if not ok:
                self.problem = self.problem or "the release is confirmed, but the pointer could not be moved to it"
        elif self.phase is not Phase.WITHDRAW:
            raise ProtocolError(f"the pointer was moved in the phase {self.phase.value}")
        self.phase = Phase.DONE
        return ()

    def _abort(self, culprit: str | None, why: str) -> Commands:
        """Before the decision: nothing changed anywhere. The decision is written all the same, for who is slow."""
        self.problem, self.culprit = why, culprit
        self.phase = Phase.DECIDE
        return (AskDecision("abort"),)

    def _revert(self, culprit: str | None, why: str) -> Commands:
        """After it: who has the release goes back to what it ran before."""
        self.problem, self.culprit = why, culprit
        self.phase = Phase.REVERT
        return (AskVerdict("reverted"),)

    def _finish(self) -> Commands:
        self.phase = Phase.WITHDRAW
        return (Withdraw(),)


_SAID: Mapping[Word, str] = {
    "refused": "refuses the release",
    "failed": "failed, and stays on the old release",
    "rolled_back": "applied the release and undid it",
    "sick": "is sick with the release",
    "broken": "is broken: an undo failed, and nobody knows what it runs",
}
