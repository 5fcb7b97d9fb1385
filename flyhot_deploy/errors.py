"""Exit codes, and the errors of the commands.

FlyhotError                 (flyhot_asgi.errors)
└── DeployError             exit 1: it failed, and nothing changed
    ├── UsageError          exit 2: the command can't mean anything here
    ├── NoProcess           exit 1: nobody runs the app of this folder
    ├── MixedReleases       exit 5: the processes run different releases
    └── ReportedError       what a process answered, with its own kind; exit 3 if it is a refusal
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from flyhot_asgi.errors import ConfigError, FlyhotError, StoreLocked, UpgradeRefused


class Exit(IntEnum):
    """What a command's exit code says."""

    VERIFIED = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    ROLLED_BACK = 4
    MIXED = 5
    LOCKED = 75
    INTERRUPTED = 130


class DeployError(FlyhotError):
    """Something failed before anything changed; the old code serves."""

    kind = "deploy"


class UsageError(DeployError):
    kind = "usage"


class NoProcess(DeployError):
    kind = "no_process"


class MixedReleases(DeployError):
    kind = "mixed"


class ReportedError(DeployError):
    """An error that a process reported. `pid` says which."""

    def __init__(self, document: dict[str, Any], *, pid: int) -> None:
        text = {key: _text(document.get(key)) for key in ("message", "file", "do", "detail")}
        line = document.get("line")
        super().__init__(
            text["message"] or f"process {pid} failed and did not say why",
            file=text["file"],
            line=line if isinstance(line, int) else None,
            do=text["do"],
            detail=text["detail"],
        )
        self.kind = _text(document.get("kind")) or "reported"
        self.pid = pid


def exit_of(error: FlyhotError) -> Exit:
    """The exit code of a command that ended with this error before it changed anything."""
    if isinstance(error, StoreLocked):
        return Exit.LOCKED
    if isinstance(error, UsageError | ConfigError):
        return Exit.USAGE
    if isinstance(error, MixedReleases):
        return Exit.MIXED
    if isinstance(error, UpgradeRefused) or error.kind == UpgradeRefused.kind:
        return Exit.REFUSED
    return Exit.FAILED


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
