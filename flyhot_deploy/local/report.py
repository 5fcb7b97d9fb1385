"""What a command found, as values: each has its exit code and its `--json` document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flyhot_asgi.errors import FlyhotError
from flyhot_asgi.release.history import Entry

from ..errors import Exit, exit_of
from .fleet import Fleet
from .outcome import WORDS, Result

Document = dict[str, Any]


@dataclass(frozen=True)
class UpgradeReport:
    """The end of `hot` or `rollback`. `old` is None if the processes ran different releases before."""

    action: str
    exit: Exit
    outcome: str
    old: str | None
    new: str | None
    processes: tuple[Result, ...] = ()
    error: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()

    def document(self) -> Document:
        return {
            "outcome": self.outcome,
            "exit_code": int(self.exit),
            "from": self.old,
            "to": self.new,
            "processes": list(self.processes),
            "error": self.error,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class PlanReport:
    """The end of `plan`. `plans` holds each process's own: they differ in their stale frames only, or in
    `from`.
    """

    exit: Exit
    outcome: str
    old: str | None
    new: str
    plans: tuple[tuple[int, Mapping[str, Any]], ...] = ()
    error: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()

    def document(self) -> Document:
        return {
            "outcome": self.outcome,
            "exit_code": int(self.exit),
            "from": self.old,
            "to": self.new,
            "plan": self.plans[0][1] if self.plans else None,
            "processes": [{"pid": pid, "plan": plan} for pid, plan in self.plans],
            "error": self.error,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class StatusReport:
    """The end of `status`."""

    fleet: Fleet
    root: str

    @property
    def exit(self) -> Exit:
        return Exit.MIXED if self.fleet.is_mixed or self.fleet.silent else Exit.VERIFIED

    def document(self) -> Document:
        silent = [{"pid": one.pid, "state": "silent", "why": one.why} for one in self.fleet.silent]
        word = "mixed" if self.fleet.is_mixed else "in_doubt" if self.fleet.silent else "running"
        return {
            "outcome": word,
            "exit_code": int(self.exit),
            "root": self.root,
            "release": self.fleet.release,
            "processes": [*(dict(process.document) for process in self.fleet.processes), *silent],
            "error": None,
        }


@dataclass(frozen=True)
class HistoryReport:
    """The end of `history`. `running` is the release that all processes run, if any do."""

    entries: tuple[Entry, ...]
    running: str | None
    exit: Exit = Exit.VERIFIED

    def document(self) -> Document:
        return {
            "outcome": "ok",
            "exit_code": int(self.exit),
            "release": self.running,
            "entries": [entry.document() for entry in self.entries],
            "error": None,
        }


@dataclass(frozen=True)
class FailureReport:
    """The end of a command that an error stopped before it changed anything."""

    exit: Exit
    error: Mapping[str, Any]

    @property
    def outcome(self) -> str:
        return WORDS[self.exit]

    def document(self) -> Document:
        return {
            "outcome": self.outcome,
            "exit_code": int(self.exit),
            "from": None,
            "to": None,
            "processes": [],
            "error": self.error,
        }


@dataclass(frozen=True)
class PageReport:
    """The end of a command that has something to say and nothing to upgrade. `lines` are (style, text): "", "good",
    "bad" or "dim"; `data` goes into the document as it is.
    """

    exit: Exit
    outcome: str
    lines: tuple[tuple[str, str], ...]
    data: Mapping[str, Any]

    def document(self) -> Document:
        return {"outcome": self.outcome, "exit_code": int(self.exit), "error": None} | dict(self.data)


Report = PageReport | UpgradeReport | PlanReport | StatusReport | HistoryReport | FailureReport


def failure(error: FlyhotError) -> FailureReport:
    """The report of a command that this error ended."""
    return FailureReport(exit_of(error), error.document())
