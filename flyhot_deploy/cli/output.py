"""The one place that prints: tables and colours on a terminal, plain lines in a log, one document with
`--json`.

Results go to stdout, progress to stderr. A reader that goes away (`| head`) ends the printing, not the
command: the exit code still says what happened.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TextIO

from rich import box
from rich.console import Console
from rich.status import Status as Spinner
from rich.table import Table as RichTable
from rich.text import Text

from ..errors import Exit
from ..fleet.report import FleetReport
from ..fleet.status import FleetStatus
from ..local.progress import Fact, Step
from ..local.report import FailureReport, HistoryReport, PageReport, PlanReport, StatusReport, UpgradeReport
from ..local.report import Report as LocalReport
from . import fleet_rows, rows
from .plan_tree import plan_tree

Report = LocalReport | FleetReport | FleetStatus

LOG_WIDTH = 140
WHOLE = frozenset({"pid", "release", "before", "from", "to"})
"""Columns of what one copies or compares: never broken in two, however narrow the terminal."""
COLOURS = {
    "complete": "green",
    "already": "green",
    "yes": "green",
    "hot": "green",
    "serving": "green",
    "aborted": "yellow",
    "rolled back": "yellow",
    "refused": "yellow",
    "failed": "red",
    "broken": "bold red",
    "lost": "bold red",
    "mixed": "bold red",
    "no": "red",
}
PAGE_STYLES = {"good": "green", "bad": "bold red", "warn": "yellow", "dim": "dim"}
HEADLINES: dict[str, str] = {
    "complete": "upgraded and verified: {old} → {new}",
    "already": "nothing to do: every process runs {new} already",
    "failed": "failed: nothing changed, the old code ({old}) still serves",
    "refused": "refused: this change can't be made hot; nothing changed, the old code ({old}) still serves",
    "rolled_back": "rolled back: the change was undone, the old code ({old}) still serves",
    "mixed": "mixed: not every process is known to run {new}",
    "interrupted": "interrupted: every process was told to stop, the old code ({old}) still serves",
}


class Output:
    """Where one command's words go. `as_json` silences progress and prints the report as one document."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._spinner: Spinner | None = None
        self._step = ""
        self._progress = _console(sys.stderr)

    @contextlib.contextmanager
    def progress(self) -> Iterator[None]:
        """While a command works. On a terminal the present step turns; in a log each step is a line."""
        try:
            yield
        finally:
            self._stop_spinner()

    def notify(self, what: Step | Fact) -> None:
        """Show a step or a fact of a command that runs."""
        if self.as_json:
            return
        if isinstance(what, Fact):
            self._progress.print(Text(f"  {what.text}"))
        elif not self._progress.is_terminal:
            self._progress.print(Text(f"{what.text} …"))
        else:
            self._turn(what.text)

    def report(self, report: Report, *, anew: bool = False) -> None:
        """Print what a command found. `anew`: over the one before, on a terminal."""
        self._stop_spinner()
        if anew and sys.stdout.isatty() and not self.as_json:
            _write(sys.stdout, "\x1b[2J\x1b[H")
        if self.as_json:
            _write(sys.stdout, json.dumps(report.document(), indent=2, default=str) + "\n")
            return
        page = io.StringIO()
        console = _console(page, like=sys.stdout)
        match report:
            case UpgradeReport():
                _upgrade(console, report)
            case PlanReport():
                _plan(console, report)
            case StatusReport():
                _status(console, report)
            case HistoryReport():
                _history(console, report)
            case PageReport():
                for style, text in report.lines:
                    _line(console, text, PAGE_STYLES.get(style, ""))
            case FleetReport():
                _fleet(console, report)
            case FleetStatus():
                _fleet_status(console, report)
            case FailureReport():
                _error(console, report.error)
        # A failure says so where errors are read, also when stdout goes into a file.
        _write(sys.stderr if isinstance(report, FailureReport) else sys.stdout, page.getvalue())

    def _turn(self, text: str) -> None:
        """The step before is done and stays as a line; the new one turns."""
        if self._spinner is None:
            self._spinner = self._progress.status(Text(text))
            self._spinner.start()
        else:
            self._progress.print(Text.assemble(("✓ ", "green"), (self._step, "dim")))
            self._spinner.update(Text(text))
        self._step = text

    def _stop_spinner(self) -> None:
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None


class _QuietConsole(Console):
    """A console whose reader may go away without ending the program."""

    def on_broken_pipe(self) -> None:
        self.quiet = True


def _console(file: TextIO, *, like: TextIO | None = None) -> Console:
    """A console on `file`, as wide and as colourful as `like` (by default `file` itself) allows."""
    shown_on = like or file
    terminal = shown_on.isatty()
    width = shutil.get_terminal_size().columns if terminal or "COLUMNS" in os.environ else LOG_WIDTH
    # The parts that Rich would guess from its own file, which may be a buffer.
    return _QuietConsole(file=file, force_terminal=terminal or None, width=width, highlight=False, soft_wrap=False)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        # Python flushes again when it exits, and would complain then.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style=style), soft_wrap=True)


def _headline(console: Console, report: UpgradeReport) -> None:
    text = HEADLINES.get(report.outcome, report.outcome)
    if report.action == "rollback" and report.outcome == "complete":
        text = "back on {new}, verified (it was {old})"
    old = rows.short(report.old) if report.old else "as it was"
    style = COLOURS.get(report.outcome.replace("_", " "), "bold")
    _line(console, text.format(old=old, new=rows.short(report.new)), f"bold {style}")


def _upgrade(console: Console, report: UpgradeReport) -> None:
    _headline(console, report)
    if report.processes:
        _table(console, rows.process_table(report.processes))
    for text in rows.result_notes(report.processes):
        _line(console, f"note: {text}", "dim")
    _notes(console, report.notes)
    refused = [result["plan"] for result in report.processes if isinstance(result.get("plan"), dict)]
    if report.exit is Exit.REFUSED and refused:
        _refusals(console, refused[0])
    if report.error is not None:
        _error(console, report.error)


def _plan(console: Console, report: PlanReport) -> None:
    old, new = rows.short(report.old) if report.old else "several releases", rows.short(report.new)
    match report.outcome:
        case "already":
            _line(console, f"nothing to do: every process runs {new} already", "bold green")
        case "hot":
            _line(console, f"this can be done hot: {old} → {new}", "bold green")
        case "refused":
            _line(console, f"this can't be done hot: {old} → {new}", "bold yellow")
        case _:
            _line(console, f"this would fail: {old} → {new}", "bold red")
    if report.plans:
        document = report.plans[0][1]
        if (tree := plan_tree(document)) is not None:
            console.print(tree, soft_wrap=not console.is_terminal)
        for text in rows.asset_lines(document):
            _line(console, text)
        for text in rows.stale_lines(report.plans):
            _line(console, f"note: {text}", "dim")
        notes = document.get("notes")
        _notes(console, tuple(map(str, notes)) if isinstance(notes, list) else ())
    _notes(console, report.notes)
    if report.error is not None:
        _error(console, report.error)


def _status(console: Console, report: StatusReport) -> None:
    _line(console, f"{report.root}", "bold")
    _table(console, rows.status_table(report.fleet))
    if report.fleet.is_mixed:
        names = ", ".join(rows.short(release) for release in report.fleet.releases)
        _line(console, f"mixed: the processes run different releases ({names}); deploy again", "bold red")
    if report.fleet.silent:
        _line(console, "in doubt: a process does not answer, so what it runs is unknown", "bold red")


def _history(console: Console, report: HistoryReport) -> None:
    if report.entries:
        _table(console, rows.history_table(report.entries, report.running))
    else:
        _line(console, "nothing was released from this folder yet: python -m flyhot_deploy hot")


def _fleet(console: Console, report: FleetReport) -> None:
    style = COLOURS.get(report.outcome.replace("_", " "), "bold")
    _line(console, fleet_rows.headline(report), f"bold {style}")
    if report.machines:
        _table(console, fleet_rows.machines_table(report))
    steps = report.extra.get("steps")
    for number, text in enumerate(steps if isinstance(steps, list) else [], 1):
        _line(console, f"{number}. {text}")
    for text in fleet_rows.machine_lines(report):
        _line(console, text, "yellow")
    _notes(console, report.notes)
    if report.error is not None:
        _error(console, report.error)


def _fleet_status(console: Console, report: FleetStatus) -> None:
    _line(console, report.app, "bold")
    _table(console, fleet_rows.status_table(report))
    if report.candidate is not None:
        deploy, phase = report.candidate.get("deploy"), report.candidate.get("phase")
        _line(console, f"a deploy is under way, or provisional: {deploy} ({phase})", "yellow")
    if report.outcome in ("mixed", "in_doubt"):
        _line(console, f"{report.outcome.replace('_', ' ')}: see the table; deploy again", "bold red")
    _notes(console, report.notes)


def _refusals(console: Console, plan: Mapping[str, Any]) -> None:
    for text, do in rows.refusal_lines(plan):
        _line(console, f"refused: {text}", "yellow")
        if do:
            _line(console, f"  what to do: {do}")


def _error(console: Console, error: Mapping[str, Any]) -> None:
    message, file = str(error.get("message", "it failed")), error.get("file")
    _line(console, f"error: {message}", "red")
    where = rows.place(error)
    if file and where not in message:
        _line(console, f"  at {where}")
    if error.get("do"):
        _line(console, f"  what to do: {error['do']}")
    if error.get("detail"):
        for text in str(error["detail"]).rstrip().splitlines()[-30:]:
            _line(console, f"  | {text}", "dim")


def _notes(console: Console, notes: tuple[str, ...]) -> None:
    for note in notes:
        _line(console, f"note: {note}", "dim")


def _table(console: Console, table: rows.Table) -> None:
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, title=table.title or None)
    for head in table.heads:
        side: Literal["left", "right"] = "right" if head in table.right else "left"
        drawn.add_column(head, justify=side, overflow="fold", no_wrap=head in WHOLE)
    for row in table.rows:
        drawn.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in row))
    console.print(drawn)
