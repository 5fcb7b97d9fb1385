"""What the upgrade machine asks of its driver. Each instruction is answered by exactly one event.

An instruction that is `atomic` must be carried out without an await between it and the one before: from the
first one (the code or a state is touched) to `Commit` or `Undo` the event loop may not turn, so that nobody
sees a half.

    Plan            old source against new, against the live modules        Planned, PlanRefused, PlanFailed
    Stage           compile, import what is new aside                       Staged, StageFailed
    ReportPrepared  tell the coordinator, wait for its word                 Go, VotedAbort
    Suspend         bring the sessions to their boundary                    Suspended, SuspendTimedOut
    ReportHeld      tell the coordinator, wait for its word                 Go, OthersLate, VotedAbort, SuspendTimedOut
    AwaitOthers     let the sessions go, wait for the coordinator's word    Go, VotedAbort
    Load            patch the code, under the journal             atomic    Loaded, LoadFailed
    CodeChange      migrate the states                            atomic    Migrated, MigrationFailed
    Verify          compare the live code with the release        atomic    Verified, VerifyFailed
    Vote            ready; obey the decision that stands          atomic    VotedCommit, VotedAbort
    Commit          drop the journal; cannot fail                 atomic    Committed
    Undo            roll the journal back                         atomic    Undone, UndoFailed
    Resume          open the valve; cannot fail                             Resumed
    Rerender        tell the pages                                          Rerendered
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Instruction:
    """One thing to do. Instructions of a kind are equal."""

    atomic: ClassVar[bool] = False


@dataclass(frozen=True)
class AtomicInstruction(Instruction):
    atomic: ClassVar[bool] = True


@dataclass(frozen=True)
class Plan(Instruction):
    pass


@dataclass(frozen=True)
class Stage(Instruction):
    pass


@dataclass(frozen=True)
class ReportPrepared(Instruction):
    pass


@dataclass(frozen=True)
class Suspend(Instruction):
    """From here on `Resume` is owed, whatever happens."""


@dataclass(frozen=True)
class ReportHeld(Instruction):
    """As this waits, check afterwards that all are still at their boundary; if not: `SuspendTimedOut`."""


@dataclass(frozen=True)
class AwaitOthers(Instruction):
    """`Suspend` comes again after it."""


@dataclass(frozen=True)
class Load(AtomicInstruction):
    pass


@dataclass(frozen=True)
class CodeChange(AtomicInstruction):
    """Before `Load` on the way down: the newer release's `code_change` knows both shapes (OTP: `{down,
    Vsn}`)."""


@dataclass(frozen=True)
class Verify(AtomicInstruction):
    pass


@dataclass(frozen=True)
class Vote(AtomicInstruction):
    pass


@dataclass(frozen=True)
class Commit(AtomicInstruction):
    """The point of no return."""


@dataclass(frozen=True)
class Undo(AtomicInstruction):
    pass


@dataclass(frozen=True)
class Resume(Instruction):
    pass


@dataclass(frozen=True)
class Rerender(Instruction):
    pass
