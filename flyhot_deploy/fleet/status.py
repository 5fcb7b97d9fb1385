"""What the machines of an app run, together. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import Exit

Document = dict[str, Any]


@dataclass(frozen=True)
class FleetStatus:
    """The end of `status` on Fly. Each machine: its Fly state, image, release, workers, error; `asked` tells how it is
    known: "live", "said" (and `age` in seconds), "no"; "none": nothing of ours runs there, and nothing is expected to.
    """

    app: str
    machines: tuple[Document, ...]
    current: Mapping[str, str]
    candidate: Document | None = None
    notes: tuple[str, ...] = ()
    error: Mapping[str, Any] | None = None

    @property
    def running(self) -> tuple[Document, ...]:
        return tuple(machine for machine in self.machines if machine["state"] == "started")

    @property
    def releases(self) -> tuple[str, ...]:
        found = [release for machine in self.running for release in machine["releases"]]
        return tuple(dict.fromkeys(found))

    @property
    def outcome(self) -> str:
        if any(machine["asked"] == "no" or machine["silent"] for machine in self.running):
            return "in_doubt"
        if len(self.releases) > 1 or any(machine["broken"] for machine in self.running):
            return "mixed"
        return "running" if self.running else "asleep"

    @property
    def exit(self) -> Exit:
        return Exit.MIXED if self.outcome in ("in_doubt", "mixed") else Exit.VERIFIED

    def document(self) -> Document:
        return {
            "outcome": self.outcome,
            "exit_code": int(self.exit),
            "app": self.app,
            "release": self.releases[0] if len(self.releases) == 1 else None,
            "current": dict(self.current),
            "candidate": self.candidate,
            "machines": list(self.machines),
            "notes": list(self.notes),
            "error": self.error,
        }
