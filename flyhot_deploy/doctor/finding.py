"""What a check found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Grade = Literal["ok", "note", "warning", "failure"]


@dataclass(frozen=True)
class Finding:
    """One check: what it looked at, how that is, in one sentence, and what to do. A note is neither good nor bad."""

    what: str
    grade: Grade
    said: str
    do: str | None = None

    def document(self) -> dict[str, Any]:
        return asdict(self)


def worst(findings: Iterable[Finding]) -> Grade:
    """The worst grade of all: what the command's exit code is about."""
    order: tuple[Grade, ...] = ("ok", "note", "warning", "failure")
    return max((finding.grade for finding in findings), key=order.index, default="ok")
