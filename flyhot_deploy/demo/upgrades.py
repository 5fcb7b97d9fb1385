"""The upgrades of the demo: the real command line, in a process of its own, in the app's folder."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COMMAND_TIMEOUT = 180.0


@dataclass(frozen=True)
class Expectation:
    """What one step of the story must lead to."""

    old: str
    new: str
    command: tuple[str, ...]
    succeeds: bool

    @property
    def serves(self) -> str:
        """The release that must run afterwards."""
        return self.new if self.succeeds else self.old


@dataclass(frozen=True)
class UpgradeTold:
    """What the command line said of one upgrade, and what the processes then really ran.

    `hold_ms` is the longest hold of any process, in milliseconds; `units_migrated` the sum over all of them.
    """

    expected: Expectation
    exit_code: int
    outcome: str
    hold_ms: float
    units_migrated: int
    verified: bool
    seconds: float
    serving: tuple[str, ...]
    error: str | None = None
    document: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def problem(self) -> str | None:
        """Why this isn't what must happen, or None."""
        step = f"{self.expected.old} → {self.expected.new}"
        if any(release != self.expected.serves for release in self.serving):
            why = f" ({self.outcome}: {self.error})" if self.error else ""
            return f"{step}: the processes serve {', '.join(self.serving)}, not {self.expected.serves}{why}"
        if not self.expected.succeeds:
            return None if self.exit_code in (1, 4) else f"{step}: exit code {self.exit_code}, expected 1 or 4"
        if self.exit_code or self.outcome != "complete":
            return f"{step}: {self.outcome}, exit code {self.exit_code}: {self.error or 'no reason given'}"
        return None if self.verified else f"{step}: not verified in every process"

    def as_document(self) -> dict[str, Any]:
        return {
            "from": self.expected.old,
            "to": self.expected.new,
            "command": " ".join(self.expected.command),
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "hold_ms": round(self.hold_ms, 2),
            "units_migrated": self.units_migrated,
            "verified": self.verified,
            "seconds": round(self.seconds, 2),
            "serving": list(self.serving),
            "error": self.error,
            "problem": self.problem,
        }


@dataclass(frozen=True)
class Answer:
    """What a command printed, and how it ended."""

    exit_code: int
    document: dict[str, Any]
    seconds: float


async def run_command(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Answer:
    """`python -m flyhot_deploy … --json` in `folder`. Cancelled or too late: its process is ended."""
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "flyhot_deploy", *arguments, "--json"),
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(COMMAND_TIMEOUT):
            printed, said = await process.communicate()
    except TimeoutError:
        return Answer(-1, _unread(f"no answer in {COMMAND_TIMEOUT:.0f} seconds"), time.monotonic() - started)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return Answer(process.returncode or 0, _parse(printed, said), time.monotonic() - started)


def _parse(printed: bytes, said: bytes) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        document = json.loads(printed)
        if isinstance(document, dict):
            return document
    return _unread((said or printed).decode("utf-8", "replace").strip()[-2000:] or "nothing printed")


def _unread(message: str) -> dict[str, Any]:
    return {"outcome": "unreadable", "processes": [], "error": {"message": message}}


def _processes(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Every process that a report tells of, those of its machines, too."""
    found = list(document.get("processes") or [])
    for machine in document.get("machines") or []:
        found += machine.get("processes") or []
    return [each for each in found if isinstance(each, dict)]


def tell(expected: Expectation, answer: Answer, serving: tuple[str, ...]) -> UpgradeTold:
    """The upgrade's line in the report, from the command's document."""
    processes = _processes(answer.document)
    error = answer.document.get("error")
    return UpgradeTold(
        expected=expected,
        exit_code=answer.exit_code,
        outcome=str(answer.document.get("outcome")),
        hold_ms=max((float(each.get("hold_ms") or 0) for each in processes), default=0.0),
        units_migrated=sum(int(each.get("units_migrated") or 0) for each in processes),
        verified=bool(processes) and all(each.get("verified") is True for each in processes),
        seconds=answer.seconds,
        serving=serving,
        error=str(error.get("message")) if isinstance(error, dict) else None,
        document=answer.document,
    )
