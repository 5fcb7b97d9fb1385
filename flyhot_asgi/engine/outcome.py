"""How an upgrade through `Engine` ended: what was done, or why nothing was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import UpgradeRefused
from .source.plan import Refusal
from .verification.verify import Difference


@dataclass(frozen=True)
class Reason:
    """Why one thing can't be done while the program runs. `line` is 1-based, None where there is none."""

    module: str
    file: str
    line: int | None
    construct: str
    """What it is about: the name of a definition, or a path into the process (`app.main:room.members`)."""
    why: str
    mend: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line is not None else self.file
        return f"{where}: {self.construct}: {self.why}; {self.mend}"


class Refused(UpgradeRefused):
    """The upgrade did not happen: the process runs the old release, whole. `reasons` say why, at least one."""

    def __init__(self, reasons: Sequence[Reason], *, plan: dict[str, Any] | None = None, detail: str | None = None):
        first = reasons[0]
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        super().__init__(f"{first}{more}", file=first.file, line=first.line, do=first.mend, detail=detail)
        self.reasons = tuple(reasons)
        self.plan = plan
        """The document of the plan, as far as there was one."""


@dataclass(frozen=True)
class Timings:
    """Milliseconds. `prepare` while the program runs; `commit` and `verify` while it must stand still."""

    prepare: float = 0.0
    commit: float = 0.0
    verify: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """The process runs the new release. `verified`: all of it was compared with a cold import and found equal."""

    verified: bool
    plan: dict[str, Any]
    timings: Timings
    differences: tuple[Difference, ...] = ()


def reason_of_refusal(refusal: Refusal) -> Reason:
    return Reason(refusal.module, refusal.file, refusal.line, refusal.name, refusal.reason, refusal.do)


def reason_of_difference(difference: Difference) -> Reason:
    module = difference.where.partition(":")[0]
    mend = "restart the program on the new release"
    return Reason(module, difference.file, difference.line, difference.where, difference.what, mend)
