"""What one sees of the demo: a live board on a terminal, plain lines in a log, and the closing table."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from .ledger import Messages
from .story import Report
from .upgrades import UpgradeTold

RATE_WINDOW = 10  # ticks


class Screen:
    """The audience of a story. A context manager; on a terminal it redraws in place, else it prints lines."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done: list[Text] = []
        self._step = ""
        self._spinner = Spinner("dots", "")
        self._traffic = Text("")
        self._ticks: deque[tuple[float, int]] = deque(maxlen=RATE_WINDOW)
        self._live: Live | None = None

    def __enter__(self) -> Screen:
        if self._console.is_terminal:
            self._live = Live(self, console=self._console, refresh_per_second=10, transient=True)
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the live board and leave its lines standing. May be called again."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            for line in self._done:
                self._console.print(line, soft_wrap=True)

    def __rich__(self) -> Group:
        self._spinner.update(text=self._step)
        return Group(*self._done, self._spinner, self._traffic)

    def serving(self, folder: Path, urls: list[str]) -> None:
        self._line(Text.assemble("Serving ", (" and ".join(urls), "cyan")))

    def step(self, title: str) -> None:
        self._step = title
        if self._live is None:
            self._console.print(f"{title} …", soft_wrap=True)

    def told(self, upgrade: UpgradeTold) -> None:
        good = upgrade.problem is None
        mark = ("✓ ", "green") if good else ("✗ ", "red")
        title = f"{self._step}: " if good and self._live is not None else ""
        self._line(Text.assemble(mark, title, (describe(upgrade), "bold" if good else "red")))

    def tick(self, messages: Messages, connected: int) -> None:
        self._ticks.append((time.monotonic(), messages.answered))
        (began, first), (now, last) = self._ticks[0], self._ticks[-1]
        rate = (last - first) / (now - began) if now > began else 0
        self._traffic = Text(
            f"  {messages.answered:,} messages answered, {rate:,.0f} a second, on {connected} open sockets",
            style="dim",
        )

    def _line(self, line: Text) -> None:
        if self._live is None:
            self._console.print(line, soft_wrap=True)
        else:
            self._done.append(line)


def describe(upgrade: UpgradeTold) -> str:
    """One upgrade in half a line."""
    if upgrade.problem is not None:
        return upgrade.problem
    if not upgrade.expected.succeeds:
        return f"{upgrade.outcome.replace('_', ' ')}; everybody still served by {upgrade.expected.serves}"
    return f"{upgrade.units_migrated} sessions migrated in a hold of {upgrade.hold_ms:.0f} ms, every process verified"


def closing_table(report: Report) -> Group:
    """The numbers of the whole story."""
    upgrades = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("upgrade", "outcome", "hold", "units migrated", "verified"):
        upgrades.add_column(heading, justify="left" if heading in ("upgrade", "outcome") else "right")
    for told in report.upgrades:
        upgrades.add_row(
            f"{told.expected.old} → {told.expected.new}",
            told.outcome.replace("_", " "),
            f"{told.hold_ms:.1f} ms",
            f"{told.units_migrated}",
            "yes" if told.verified else ("undone" if not told.expected.succeeds else "NO"),
        )
    counts = Table(box=None, pad_edge=False, show_header=False)
    counts.add_column()
    counts.add_column(justify="right")
    for word, count in report.messages.document().items():
        bad = word not in ("sent", "answered") and count
        counts.add_row(f"messages {word}", Text(f"{count:,}", style="bold red" if bad else ""))
    counts.add_row("sockets closed", Text(f"{len(report.closed)}", style="bold red" if report.closed else ""))
    return Group("", upgrades, "", counts, "", verdict(report))


def verdict(report: Report) -> Text:
    problems = report.problems
    if problems:
        return Text("\n".join(f"✗ {problem}" for problem in problems), style="bold red")
    return Text(
        f"✓ {report.options.clients} clients on {report.options.processes} processes, "
        f"{len(report.upgrades)} upgrades in {report.seconds:.0f} seconds: nobody noticed.",
        style="bold green",
    )
