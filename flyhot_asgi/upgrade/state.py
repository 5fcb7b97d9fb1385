"""The states of an upgrade, how it can end, and the table of transitions.

Theory of operation. The machine is in one state, and each state but the last asks for one instruction. An
event moves it along the table; an event that the table doesn't have for the state is a programming error of
the driver.

                     up:    PLANNING  STAGING  PREPARED  SUSPENDING  HELD  LOADING  MIGRATING  VERIFYING
                     VOTING down:  PLANNING  STAGING  PREPARED  SUSPENDING  HELD  MIGRATING  LOADING
                     VERIFYING  VOTING
                            '------- users are served -'  '--- held ---'  '---- atomic: the loop stands still
                            -----

    VOTING  COMMITTING  RESUMING  RERENDERING  DONE
    --- atomic -------'

From HELD it goes back, by way of WAITING, to SUSPENDING while another process has not gathered its sessions yet.

Three rules, and the table is their sum.

1. Before `Suspend` nothing was touched: whatever fails there ends the upgrade at once.
2. From `Suspend` on a `Resume` is owed. What fails before the first atomic instruction goes to RESUMING
straight; what
   fails after it goes to UNDOING first, as code or states were touched.
3. After `Commit` nothing is undone and nothing can fail it: what happens then belongs to single sessions.

How it ends is known when the way is left, not at its end: the first transition that has an outcome sets it,
and only a failed undo (BROKEN: nobody knows what runs; the process wants restarting) overrides it. Even then
the sessions are resumed: what becomes of the process is its driver's to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from flyhot_asgi.upgrade import events as e
from flyhot_asgi.upgrade import instructions as i


class Direction(Enum):
    UP = "up"
    DOWN = "down"


class State(Enum):
    PLANNING = "planning"
    STAGING = "staging"
    PREPARED = "prepared"
    SUSPENDING = "suspending"
    HELD = "held"
    WAITING = "waiting"
    LOADING = "loading"
    MIGRATING = "migrating"
    VERIFYING = "verifying"
    VOTING = "voting"
    COMMITTING = "committing"
    UNDOING = "undoing"
    RESUMING = "resuming"
    RERENDERING = "rerendering"
    DONE = "done"


class Outcome(Enum):
    """How an upgrade ended. The values are the words of the control protocol."""

    COMPLETE = "complete"  # the new release serves
    ALREADY = "already"  # there was nothing to do
    REFUSED = "refused"  # it can't be done hot; nothing was touched
    FAILED = "failed"  # something failed before anything was touched
    ABORTED = "aborted"  # another process or the operator said no; the old release serves
    ROLLED_BACK = "rolled_back"  # something failed after the code was touched; undone, the old release serves
    BROKEN = "broken"  # the undo failed: nobody knows what runs


@dataclass(frozen=True)
class Move:
    """Where an event leads. `outcome`: how the upgrade ends, if this is what decides it."""

    to: State
    outcome: Outcome | None = None


INSTRUCTION_OF: dict[State, type[i.Instruction]] = {
    State.PLANNING: i.Plan,
    State.STAGING: i.Stage,
    State.PREPARED: i.ReportPrepared,
    State.SUSPENDING: i.Suspend,
    State.HELD: i.ReportHeld,
    State.WAITING: i.AwaitOthers,
    State.LOADING: i.Load,
    State.MIGRATING: i.CodeChange,
    State.VERIFYING: i.Verify,
    State.VOTING: i.Vote,
    State.COMMITTING: i.Commit,
    State.UNDOING: i.Undo,
    State.RESUMING: i.Resume,
    State.RERENDERING: i.Rerender,
}
"""What a state asks for when it is entered. DONE asks for nothing."""

_END = State.DONE
_FREE = State.RESUMING
_BACK = State.UNDOING

_COMMON: dict[State, dict[type[e.Event], Move]] = {
    State.PLANNING: {
        e.Planned: Move(State.STAGING),  # if there are changes; if not, the end: see machine.py
        e.PlanRefused: Move(_END, Outcome.REFUSED),
        e.PlanFailed: Move(_END, Outcome.FAILED),
        e.Cancelled: Move(_END, Outcome.ABORTED),
    },
    State.STAGING: {
        e.Staged: Move(State.PREPARED),
        e.StageFailed: Move(_END, Outcome.FAILED),
        e.Cancelled: Move(_END, Outcome.ABORTED),
    },
    State.PREPARED: {
        e.Go: Move(State.SUSPENDING),
        e.VotedAbort: Move(_END, Outcome.ABORTED),
        e.Cancelled: Move(_END, Outcome.ABORTED),
    },
    State.SUSPENDING: {
        e.Suspended: Move(State.HELD),
        e.SuspendTimedOut: Move(_FREE, Outcome.FAILED),
        e.Cancelled: Move(_FREE, Outcome.ABORTED),
    },
    State.WAITING: {
        e.Go: Move(State.SUSPENDING),
        e.VotedAbort: Move(_FREE, Outcome.ABORTED),
        e.Cancelled: Move(_FREE, Outcome.ABORTED),
    },
    State.VERIFYING: {
        e.Verified: Move(State.VOTING),
        e.VerifyFailed: Move(_BACK, Outcome.ROLLED_BACK),
    },
    State.VOTING: {
        e.VotedCommit: Move(State.COMMITTING),
        e.VotedAbort: Move(_BACK, Outcome.ABORTED),
    },
    State.COMMITTING: {e.Committed: Move(_FREE, Outcome.COMPLETE)},
    State.UNDOING: {
        e.Undone: Move(_FREE),
        e.UndoFailed: Move(_FREE, Outcome.BROKEN),
    },
    State.RESUMING: {
        e.Resumed: Move(_END),  # after a commit: RERENDERING, see machine.py
        e.Cancelled: Move(State.RESUMING),  # the resume is owed all the same
    },
    State.RERENDERING: {
        e.Rerendered: Move(_END),
        e.Cancelled: Move(_END),  # the new release serves; some page was not told
    },
    State.DONE: {},
}


def _held(first: State) -> dict[type[e.Event], Move]:
    return {
        e.Go: Move(first),
        e.OthersLate: Move(State.WAITING),
        e.VotedAbort: Move(_FREE, Outcome.ABORTED),
        e.SuspendTimedOut: Move(_FREE, Outcome.FAILED),
        e.Cancelled: Move(_FREE, Outcome.ABORTED),
    }


def _loading(then: State) -> dict[type[e.Event], Move]:
    return {e.Loaded: Move(then), e.LoadFailed: Move(_BACK, Outcome.ROLLED_BACK)}


def _migrating(then: State) -> dict[type[e.Event], Move]:
    return {e.Migrated: Move(then), e.MigrationFailed: Move(_BACK, Outcome.ROLLED_BACK)}


TRANSITIONS: dict[Direction, dict[State, dict[type[e.Event], Move]]] = {
    Direction.UP: {
        **_COMMON,
        State.HELD: _held(State.LOADING),
        State.LOADING: _loading(State.MIGRATING),
        State.MIGRATING: _migrating(State.VERIFYING),
    },
    Direction.DOWN: {
        **_COMMON,
        State.HELD: _held(State.MIGRATING),
        State.MIGRATING: _migrating(State.LOADING),
        State.LOADING: _loading(State.VERIFYING),
    },
}
"""direction -> state -> event -> move. A missing key is the error."""
