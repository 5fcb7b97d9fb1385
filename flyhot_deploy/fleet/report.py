"""How a deploy over machines ended: one outcome, one exit code, and each machine by name. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flyhot_asgi.errors import FlyhotError

from ..errors import Exit
from .rollout import Rollout

Document = dict[str, Any]


@dataclass(frozen=True)
class FleetReport:
    """The end of a deploy, a rollback or a confirmation. `machines` holds a document for each that took part."""

    action: str
    exit: Exit
    outcome: str
    old: str | None
    new: str | None
    deploy: str = ""
    image: str = ""
    machines: tuple[Document, ...] = ()
    error: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> Document:
        return {
            "outcome": self.outcome,
            "exit_code": int(self.exit),
            "action": self.action,
            "deploy": self.deploy,
            "image": self.image,
            "from": self.old,
            "to": self.new,
            "machines": list(self.machines),
            "error": self.error,
            "notes": list(self.notes),
            **self.extra,
        }


def from_document(document: Mapping[str, Any]) -> FleetReport:
    """The report that a command on the temporary machine printed."""
    known = {"outcome", "exit_code", "action", "deploy", "image", "from", "to", "machines", "error", "notes"}
    try:
        code = Exit(int(document.get("exit_code", Exit.MIXED)))
    except (ValueError, TypeError, OverflowError):
        code = Exit.MIXED
    error = document.get("error")
    return FleetReport(
        action=str(document.get("action") or "hot"),
        exit=code,
        outcome=str(document.get("outcome") or "unknown"),
        old=document.get("from"),
        new=document.get("to"),
        deploy=str(document.get("deploy") or ""),
        image=str(document.get("image") or ""),
        machines=tuple(item for item in _list(document.get("machines")) if isinstance(item, dict)),
        error=error if isinstance(error, dict) else None,
        notes=tuple(str(note) for note in _list(document.get("notes"))),
        extra={name: value for name, value in document.items() if name not in known},
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def conclude(rollout: Rollout, *, provisional: bool = False) -> tuple[Exit, str]:
    """The exit code and its word, the first line that fits:

    confirmed (or left provisional) and the pointer moved, all verified   VERIFIED
    confirmed, but the pointer stands elsewhere                           MIXED
    somebody is broken, or may run the release and didn't say             MIXED
    broken off by the user before the decision                            INTERRUPTED
    nobody was told to commit, and somebody refused                       REFUSED
    nobody was told to commit                                             FAILED
    somebody had it, and all went back                                    ROLLED_BACK
    nobody got it: each failed or undid it by itself                      ROLLED_BACK, FAILED or REFUSED
    """
    words = [rollout.words.get(machine) for machine in rollout.going]
    if provisional or (rollout.verdict == "confirmed" and rollout.moved):
        same = all(
            _already(rollout.details.get(machine, {})) for machine in rollout.going if machine not in rollout.gone
        )
        return Exit.VERIFIED, "already" if same and rollout.going else "provisional" if provisional else "complete"
    if rollout.verdict == "confirmed" or "broken" in rollout.words.values() or not rollout.unchanged:
        return Exit.MIXED, "mixed"
    if not rollout.going:
        if rollout.interrupted:
            return Exit.INTERRUPTED, "interrupted"
        refused = any(_refused(rollout.details.get(m, {})) for m, word in rollout.words.items() if word == "refused")
        return (Exit.REFUSED, "refused") if refused else (Exit.FAILED, "failed")
    if "reverted" in words or "rolled_back" in words:
        return Exit.ROLLED_BACK, "rolled_back"
    return (Exit.REFUSED, "refused") if "refused" in words else (Exit.FAILED, "failed")


COLD = frozenset({"refused", "not_applicable"})
"""Kinds of errors whose mend is a cold deploy."""


def _refused(detail: Mapping[str, Any]) -> bool:
    error = detail.get("error")
    return isinstance(error, dict) and error.get("kind") in COLD


def _already(detail: Mapping[str, Any]) -> bool:
    processes = detail.get("processes")
    return bool(processes) and all(one.get("outcome") == "already" for one in processes or () if isinstance(one, dict))


def machine_documents(rollout: Rollout, new: str) -> list[Document]:
    """Each machine that took part: its word, what it verified, why not."""
    return [_machine(rollout, machine, new) for machine in (*rollout.machines, *rollout.late)]


def _machine(rollout: Rollout, machine: str, new: str) -> Document:
    detail = rollout.details.get(machine, {})
    word: str = rollout.words.get(machine, "aborted")  # nobody told it to commit, so it has not
    if word == "reverted" and machine not in rollout.going:
        word = "aborted"  # it stands where it stood
    if machine in rollout.gone:
        word = "asleep"
    elif machine in rollout.late:
        word = "converging"
    elif machine in rollout.unknown:
        word = "unknown"
    processes = [one for one in detail.get("processes") or () if isinstance(one, dict)]
    return {
        "machine": machine,
        "outcome": OUTCOMES.get(word, word),
        "verified": word == "verified",
        "releases": detail.get("releases") or [],
        "processes": processes,
        "hold_ms": max((float(one.get("hold_ms") or 0) for one in processes), default=0.0),
        "plan": detail.get("plan"),
        "error": detail.get("error") or _why(rollout, machine, word),
        "notes": list(detail.get("notes") or ()),
    }


OUTCOMES = {"verified": "complete", "staged": "aborted", "prepared": "aborted", "reverted": "rolled_back"}


def _why(rollout: Rollout, machine: str, word: str) -> Document | None:
    if word == "asleep":
        text = f"machine {machine} {rollout.gone[machine]}; it lays the right release over its image when it starts"
    elif word == "unknown":
        text = f"machine {machine} gave no answer: what it runs is unknown"
    elif word == "converging":
        text = f"machine {machine} started after the decision: it comes to the current release by itself"
    else:
        return None
    return FlyhotError(text, do="look at `python -m flyhot_deploy status`").document()


def first_error(rollout: Rollout, outcome: str = "failed") -> Document:
    """The error to show of a rollout that is no success: the culprit's own, else the sentence of the rollout, else that
    there is none: no command ends badly without a word."""
    detail = rollout.details.get(rollout.culprit or "", {})
    error = detail.get("error")
    if isinstance(error, dict):
        return {**error, "message": f"{rollout.problem}: {error.get('message')}"}
    if rollout.problem:
        return FlyhotError(rollout.problem).document()
    words = ", ".join(f"{machine}: {word}" for machine, word in rollout.words.items()) or "nobody took part"
    text = f"the deploy ended as {outcome!r}, and no machine said why ({words})"
    return FlyhotError(text, do="look at `status`, and at the machines' logs, then deploy again").document()
