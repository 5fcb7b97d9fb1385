"""From what each process reported to one outcome and one exit code. Pure.

"Upgraded" is said only of a process that compared its live code with the release and found it equal; one
that can't be asked any more after the decision makes the whole upgrade "mixed", never a success.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flyhot_asgi.control.decision import Decision
from flyhot_asgi.errors import FlyhotError

from ..errors import Exit

Result = dict[str, Any]

DONE = frozenset({"complete", "already"})
UNCHANGED = frozenset({"refused", "failed", "aborted", "rolled_back"})

WORDS: dict[Exit, str] = {
    Exit.VERIFIED: "complete",
    Exit.FAILED: "failed",
    Exit.USAGE: "usage",
    Exit.REFUSED: "refused",
    Exit.ROLLED_BACK: "rolled_back",
    Exit.MIXED: "mixed",
    Exit.LOCKED: "locked",
    Exit.INTERRUPTED: "interrupted",
}


@dataclass(frozen=True)
class Ending:
    """How an upgrade ended. `error` says why if it is no success: the first that isn't a consequence."""

    exit: Exit
    outcome: str
    error: Mapping[str, Any] | None


def conclude(results: Sequence[Result], *, target: str, decision: Decision | None, interrupted: bool = False) -> Ending:
    """The outcome of all of them. `results` holds one for every process, also for those that were lost."""
    code = exit_code(results, target=target, decision=decision, interrupted=interrupted)
    outcome = WORDS[code]
    if code is Exit.VERIFIED and all(result.get("outcome") == "already" for result in results):
        outcome = "already"
    if code is Exit.VERIFIED:
        return Ending(code, outcome, None)
    return Ending(code, outcome, first_error(results) or _unexplained(code, results, target))


def exit_code(results: Sequence[Result], *, target: str, decision: Decision | None, interrupted: bool = False) -> Exit:
    """See `Exit`. A table in words, the first line that fits:

    somebody is broken, or said something unknown       MIXED
    all run the release, each verified                  VERIFIED
    somebody runs it, or may (lost after the decision)  MIXED
    nobody does, and the user broke it off              INTERRUPTED
    … somebody refused                                  REFUSED
    … somebody applied it and undid it                  ROLLED_BACK
    … else                                              FAILED
    """
    outcomes = [str(result.get("outcome")) for result in results]
    if any(outcome not in DONE | UNCHANGED | {"lost"} for outcome in outcomes):
        return Exit.MIXED
    if results and all(_runs(result, target) for result in results):
        return Exit.VERIFIED
    if any(outcome in DONE for outcome in outcomes) or (decision == "commit" and "lost" in outcomes):
        return Exit.MIXED
    if interrupted:
        return Exit.INTERRUPTED
    if "refused" in outcomes:
        return Exit.REFUSED
    return Exit.ROLLED_BACK if "rolled_back" in outcomes else Exit.FAILED


def first_error(results: Sequence[Result]) -> Mapping[str, Any] | None:
    """The error to show: that of the process which failed by itself, before those that were told to stop."""
    ranked = sorted(results, key=lambda result: _RANK.get(str(result.get("outcome")), 0))
    errors = (result.get("error") for result in ranked)
    return next((error for error in errors if isinstance(error, dict)), None)


def _unexplained(code: Exit, results: Sequence[Result], target: str) -> Mapping[str, Any]:
    """The error where no process gave one: no command ends badly without a word."""
    if code is Exit.INTERRUPTED:
        return _error("interrupted", "interrupted before the decision; nothing was changed", "deploy again")
    if code is Exit.MIXED:
        (first, *_) = [result for result in results if not _runs(result, target)] or results
        said = f"process {first.get('pid')} says {first.get('outcome')!r} and was not found equal to {target[:12]}"
        return _error("mixed", said, "see its notes and its log, look at `status`, then deploy again, or restart it")
    ends = ", ".join(f"process {result.get('pid')}: {result.get('outcome')}" for result in results)
    message = f"the upgrade was called off, and nobody said why ({ends or 'no process was left'}); nothing was changed"
    return _error("unexplained", message, "see the log of each process, then deploy again")


def _error(kind: str, message: str, do: str) -> dict[str, Any]:
    return {"kind": kind, "message": message, "file": None, "line": None, "do": do, "detail": None}


_RANK = {"unknown": 0, "broken": 0, "refused": 1, "failed": 2, "rolled_back": 3, "lost": 4, "aborted": 5}


def _runs(result: Result, target: str) -> bool:
    return result.get("outcome") in DONE and result.get("verified") is True and result.get("to") == target


def already_result(pid: int, release: str, answer: Mapping[str, Any] | BaseException | None = None) -> Result:
    """The result of a process that runs the release: what it `answer`ed when it was asked to compare itself with it.
    Without an answer it is unverified."""
    empty = _empty_result(pid, "already", release, release)
    if isinstance(answer, FlyhotError):
        return empty | {"error": answer.document()}
    if isinstance(answer, BaseException):
        raise answer
    result = answer.get("result") if answer is not None else None
    if isinstance(result, dict) and result.get("outcome") == "already" and result.get("to") == release:
        return empty | result | {"pid": pid}
    error = answer.get("error") if answer is not None else None
    return empty | {"error": error} if isinstance(error, dict) else empty


def lost_result(pid: int, old: str, new: str, why: str, decision: Decision | None) -> Result:
    """The result of a process that can't report any more."""
    if decision == "commit":
        message = f"process {pid} {why} after the decision to commit: what it runs now is unknown"
        do = "look at `status`; if the process is still there and serves, deploy again, else restart it"
    else:
        message = f"process {pid} {why} before the decision, so every process stays on the old release"
        do = "see whether the process still runs (`status`), then deploy again"
    return _empty_result(pid, "lost", old, new) | {"error": _error("lost", message, do)}


def result_of(pid: int, frame: Mapping[str, Any] | None, old: str, new: str, *, prepared: bool = False) -> Result:
    """The result in a process's last frame; None means that the upgrade was over before it had heard of it.

    A frame that has an error and no result comes from a process whose upgrade didn't get as far as
    reporting. Before it was `prepared` that's an answer like any other; afterwards nobody knows what it
    left behind: "unknown".
    """
    if frame is None:
        return _empty_result(pid, "aborted", old, new)
    result = frame.get("result")
    if isinstance(result, dict) and isinstance(result.get("outcome"), str):
        return result | {"pid": pid}
    error = frame.get("error")
    if not isinstance(error, dict):
        return _empty_result(pid, "unknown", old, new)
    outcome = "unknown" if prepared else "refused" if error.get("kind") == "refused" else "failed"
    return _empty_result(pid, outcome, old, new) | {"error": error}


def _empty_result(pid: int, outcome: str, old: str, new: str) -> Result:
    return {
        "pid": pid,
        "outcome": outcome,
        "from": old,
        "to": new,
        "verified": False,
        "hold_ms": 0.0,
        "phases_ms": {},
        "modules": {"changed": [], "added": [], "deleted": []},
        "definitions": {},
        "units_migrated": 0,
        "sessions": 0,
        "stale_frames": [],
        "notes": [],
        "plan": None,
        "error": None,
    }
