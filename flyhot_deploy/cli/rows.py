"""What is shown: reports as tables and lines of plain text. Pure; knows no terminal."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flyhot_asgi.release.history import Entry

from ..local.fleet import Fleet, Status
from ..local.outcome import Result

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A title, the column heads, and rows of as many cells. `right` names the columns of numbers."""

    title: str
    heads: Row
    rows: tuple[Row, ...]
    right: frozenset[str] = frozenset()


def short(release: str | None) -> str:
    """A digest as people read it."""
    return release[:12] if release else "-"


def age(since: float, now: float | None = None) -> str:
    """How long ago, in the largest unit that fits: "5 s", "12 min", "3 h", "2 d". `since` is in epoch
    seconds.
    """
    seconds = max(0.0, (time.time() if now is None else now) - since)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def process_table(results: Sequence[Result]) -> Table:
    """What became of each process in an upgrade."""
    heads = ("pid", "outcome", "verified", "modules", "definitions", "sessions", "migrated", "held")
    rows = tuple(
        (
            str(result.get("pid", "?")),
            str(result.get("outcome", "?")).replace("_", " "),
            _verified(result),
            _modules(result.get("modules")),
            _counts(result.get("definitions")),
            str(result.get("sessions", 0)),
            str(result.get("units_migrated", 0)),
            _milliseconds(result.get("hold_ms")),
        )
        for result in results
    )
    return Table("", heads, rows, frozenset({"pid", "sessions", "migrated", "held"}))


def status_table(fleet: Fleet, now: float | None = None) -> Table:
    """Each process: its release, since when, its sessions by class and vsn."""
    heads = ("pid", "release", "since", "sessions", "websockets", "http", "state")
    rows = [
        (
            str(process.pid),
            process.vsn,
            age(process.since, now),
            _sessions(process),
            _number(process.document.get("websockets")),
            _number(process.document.get("http_in_flight")),
            process.state,
        )
        for process in fleet.processes
    ]
    rows += [(str(one.pid), "?", "?", "?", "?", "?", f"silent: {one.why}") for one in fleet.silent]
    rows.sort(key=lambda row: int(row[0]))
    return Table("", heads, tuple(rows), frozenset({"pid", "websockets", "http"}))


def history_table(entries: Sequence[Entry], running: str | None) -> Table:
    """The releases, newest first; the running one has an arrow."""
    heads = ("", "#", "when (UTC)", "action", "release", "before", "outcome", "processes")
    rows: list[Row] = []
    marked = False
    for entry in reversed(entries):
        runs = not marked and entry.took_effect and entry.release == running
        marked = marked or runs
        rows.append(
            (
                "→" if runs else "",
                str(entry.seq),
                entry.at.replace("T", " ").removesuffix("+00:00"),
                entry.action,
                short(entry.release),
                short(entry.previous),
                entry.outcome.replace("_", " "),
                _tally(str(process.get("outcome", "?")) for process in entry.processes),
            )
        )
    return Table("", heads, tuple(rows), frozenset({"#"}))


def asset_lines(plan: Mapping[str, Any]) -> list[str]:
    """The files that aren't Python, and the modules that come and go."""
    lines: list[str] = []
    for what in ("modules", "assets"):
        found = plan.get(what)
        changes = found if isinstance(found, dict) else {}
        for kind in ("changed", "added", "deleted"):
            names = changes.get(kind)
            if isinstance(names, list) and names and not (what == "modules" and kind == "changed"):
                lines.append(f"{what} {kind}: {', '.join(map(str, names[:12]))}{_more(len(names) - 12)}")
    return lines


def refusal_lines(plan: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(file:line name: reason, what to do) of everything that can't be done hot."""
    lines = []
    for refusal in _objects(plan.get("refusals")):
        name = refusal.get("name")
        subject = f"{place(refusal)} {name}" if name else place(refusal)
        lines.append((f"{subject}: {refusal.get('reason', '?')}", str(refusal.get("do") or "")))
    return lines


def stale_lines(plans: Iterable[tuple[int, Mapping[str, Any]]]) -> list[str]:
    """Frames that run on with their old code until they return, by process."""
    return [
        f"process {pid}: {frame.get('count', 1)} x {frame.get('name', '?')} at {place(frame)} "
        "runs on with its old code until it returns"
        for pid, document in plans
        for frame in _objects(document.get("stale_frames"))
    ]


def result_notes(results: Sequence[Result]) -> list[str]:
    """What the processes note; a note that all of them make is shown once, without a pid."""
    said: dict[str, list[str]] = {}
    for result in results:
        notes = result.get("notes")
        for note in dict.fromkeys(map(str, notes)) if isinstance(notes, list) else ():
            said.setdefault(note, []).append(str(result.get("pid")))
    lines = [note if len(pids) == len(results) else f"process {', '.join(pids)}: {note}" for note, pids in said.items()]
    return lines + stale_lines((int(result.get("pid", 0)), result) for result in results)


def place(where: Mapping[str, Any]) -> str:
    """`file:line` of anything that has the two."""
    file, line = where.get("file"), where.get("line")
    if not file:
        return str(where.get("module") or "-")
    return f"{file}:{line}" if line else str(file)


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _verified(result: Result) -> str:
    return "yes" if result.get("verified") is True else "no"


def _modules(value: object) -> str:
    if not isinstance(value, dict):
        return "-"
    parts = [
        f"{sign}{len(value[kind])}"
        for sign, kind in (("~", "changed"), ("+", "added"), ("-", "deleted"))
        if isinstance(value.get(kind), list) and value[kind]
    ]
    return " ".join(parts) or "-"


def _counts(value: object) -> str:
    if not isinstance(value, dict):
        return "-"
    return ", ".join(f"{number} {action}" for action, number in value.items() if number) or "-"


def _milliseconds(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or value == 0:
        return "-"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def _number(value: object) -> str:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else "-"


def _sessions(process: Status) -> str:
    parts = []
    for one in _objects(process.document.get("sessions")):
        name = one.get("cls") or one.get("label") or "?"
        vsn = f"@{one['vsn']}" if one.get("vsn") else ""
        parts.append(f"{one.get('count', 1)} {name}{vsn}")
    for pin in _objects(process.document.get("pinned")):
        parts.append(f"pinned, {pin.get('behind', 0)} behind: {pin.get('who', '?')}")
    return ", ".join(parts) or "-"


def _tally(words: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return ", ".join(f"{count} {word.replace('_', ' ')}" for word, count in counts.items()) or "-"


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""
