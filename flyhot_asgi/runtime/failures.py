"""What it means for an upgrade that one of its steps raised: the event that the machine is told of.

Every step has an answer, so that whatever is raised, and wherever, what was touched is undone and nobody stays held.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from ..engine import SourceModule
from ..errors import FlyhotError, UpgradeError
from ..session.budget import Overrun
from ..upgrade import events as e
from ..upgrade import instructions as i
from .complaints import raised

logger = logging.getLogger("flyhot.upgrade")

_FAILURE_OF: dict[type[i.Instruction], type[e.Failure]] = {
    i.Plan: e.PlanFailed,
    i.Stage: e.StageFailed,
    i.ReportPrepared: e.VotedAbort,
    i.Suspend: e.SuspendTimedOut,
    i.ReportHeld: e.VotedAbort,
    i.AwaitOthers: e.VotedAbort,
    i.Load: e.LoadFailed,
    i.CodeChange: e.MigrationFailed,
    i.Verify: e.VerifyFailed,
    i.Vote: e.VotedAbort,
    i.Undo: e.UndoFailed,
}
_DONE_ALL_THE_SAME: dict[type[i.Instruction], type[e.Event]] = {
    i.Commit: e.Committed,
    i.Resume: e.Resumed,
    i.Rerender: e.Rerendered,
}
"""Steps that can't be failed any more: what they leave undone hurts nobody's state."""

_WHILE: dict[type[i.Instruction], str] = {
    i.Plan: "planning",
    i.Stage: "staging",
    i.ReportPrepared: "asking whether to go on",
    i.Suspend: "holding the sessions",
    i.ReportHeld: "asking whether to go on",
    i.AwaitOthers: "waiting for other processes",
    i.Load: "patching the code",
    i.CodeChange: "migrating",
    i.Verify: "comparing the process with the release",
    i.Vote: "deciding",
    i.Undo: "undoing",
}


def event_for(
    instruction: i.Instruction, exc: BaseException, sources: Mapping[str, SourceModule], budget: float
) -> e.Event:
    """The event that `exc`, raised by a step, amounts to. `budget`: seconds that the hold may take, for the message."""
    kind = type(instruction)
    if kind in _DONE_ALL_THE_SAME:
        logger.error("flyhot failed in the step %s; the upgrade stands", kind.__name__.lower(), exc_info=exc)
        return _DONE_ALL_THE_SAME[kind]()
    return _FAILURE_OF[kind](_error(kind, exc, sources, budget))


def _error(
    kind: type[i.Instruction], exc: BaseException, sources: Mapping[str, SourceModule], budget: float
) -> FlyhotError:
    if isinstance(exc, FlyhotError):
        return exc
    if kind is i.Load:
        return raised(exc, sources, too_long=f"{budget:g} s" if isinstance(exc, Overrun) else None)
    logger.error("flyhot failed while %s", _WHILE[kind], exc_info=exc)
    return UpgradeError(
        f"flyhot failed while {_WHILE[kind]}: {type(exc).__name__}: {exc}",
        do="the old code still serves; the process's log has the traceback, please report it",
    )
