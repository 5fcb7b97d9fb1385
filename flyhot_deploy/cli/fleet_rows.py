"""What is shown of machines: reports as tables and lines. Pure; knows no terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..fleet.report import FleetReport
from ..fleet.status import FleetStatus
from .rows import Table, age, refusal_lines, short

HEADLINES = {
    "complete": "upgraded and verified on every machine: {old} → {new}",
    "already": "nothing to do: every machine runs {new} already",
    "provisional": "provisional on every machine: {old} → {new}; `confirm` it, or it is taken back",
    "failed": "failed: nothing changed, the old code ({old}) still serves",
    "refused": "refused: this change can't be made hot; nothing changed, the old code ({old}) still serves",
    "rolled_back": "rolled back: every machine that had it went back, the old code ({old}) serves",
    "mixed": "mixed or in doubt: not every machine is known to run one release",
    "in_doubt": "in doubt: what the machines run is not known",
    "interrupted": "interrupted: nothing changed, the old code ({old}) still serves",
    "planned": "this is what would be done; nothing was",
}


def headline(report: FleetReport) -> str:
    """One sentence on how it ended."""
    text = HEADLINES.get(report.outcome, report.outcome.replace("_", " "))
    if report.outcome == "complete" and report.action == "rollback":
        text = "back on {new}, verified on every machine (it was {old})"
    if report.outcome == "complete" and report.action == "confirm":
        text = "confirmed: {new} is permanent"
    return text.format(old=short(report.old) if report.old else "as it was", new=short(report.new))


def machines_table(report: FleetReport) -> Table:
    """What became of each machine in a deploy."""
    heads = ("machine", "outcome", "verified", "workers", "sessions", "migrated", "held")
    rows = []
    for machine in report.machines:
        processes = [one for one in machine.get("processes") or () if isinstance(one, dict)]
        rows.append(
            (
                str(machine.get("machine", "?")),
                str(machine.get("outcome", "?")).replace("_", " "),
                "yes" if machine.get("verified") is True else "no",
                str(len(processes)) if processes else "-",
                _sum(processes, "sessions"),
                _sum(processes, "units_migrated"),
                f"{float(machine.get('hold_ms') or 0):.1f} ms" if machine.get("hold_ms") else "-",
            )
        )
    return Table("", heads, tuple(rows), frozenset({"workers", "sessions", "migrated", "held"}))


def machine_lines(report: FleetReport) -> list[str]:
    """What machines refuse or complain of, beside the error that is shown in full."""
    lines: list[str] = []
    shown = (report.error or {}).get("message", "")
    for machine in report.machines:
        error, plan = machine.get("error"), machine.get("plan")
        if isinstance(error, Mapping) and str(error.get("message")) not in str(shown):
            lines.append(f"machine {machine.get('machine')}: {error.get('message')}")
        if isinstance(plan, Mapping):
            lines += [f"machine {machine.get('machine')}: {text}" for text, _ in refusal_lines(plan)]
    return lines


def status_table(status: FleetStatus) -> Table:
    """Each machine, and below it each of its workers."""
    heads = ("machine", "state", "release", "verified", "since", "sessions", "pinned", "note")
    rows: list[tuple[str, ...]] = []
    for machine in status.machines:
        releases = " ".join(short(str(release)) for release in machine["releases"]) or "-"
        if machine["provisional"]:
            releases += " (provisional)"
        rows.append(
            (
                str(machine["machine"]),
                str(machine["state"]),
                releases,
                "yes" if machine["verified"] and not machine["silent"] else "no",
                "",
                "",
                str(machine["pinned"] or "-"),
                _note(machine),
            )
        )
        rows += [_worker(worker) for worker in machine["workers"]]
    return Table("", heads, tuple(rows), frozenset({"sessions", "pinned"}))


def _worker(worker: Mapping[str, Any]) -> tuple[str, ...]:
    since, pinned = worker.get("since"), worker.get("pinned")
    pins = [pin for pin in pinned if isinstance(pin, Mapping)] if isinstance(pinned, list) else []
    return (
        f"  pid {worker.get('pid')}",
        str(worker.get("state", "?")),
        short(str(worker.get("release") or "")),
        "",
        age(float(since)) if isinstance(since, int | float) else "-",
        str(worker.get("websockets") or 0),
        str(len(pins) or "-"),
        ", ".join(f"{pin.get('who', '?')} on {short(str(pin.get('release') or ''))}" for pin in pins[:5]),
    )


def _note(machine: Mapping[str, Any]) -> str:
    error = machine["error"]
    if isinstance(error, Mapping):
        return str(error.get("message"))[:160]
    if machine["asked"] == "said":
        return f"as it said {machine['age']} s ago"
    if machine["silent"]:
        return f"worker {machine['silent'][0]} does not answer"
    return "no answer" if machine["asked"] == "no" and machine["state"] == "started" else ""


def _sum(processes: list[dict[str, Any]], name: str) -> str:
    numbers = [one[name] for one in processes if isinstance(one.get(name), int)]
    return str(sum(numbers)) if numbers else "-"
