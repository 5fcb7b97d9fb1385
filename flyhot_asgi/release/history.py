"""What was released when: the values of the history, and the questions that are asked of it. Pure.

Only an entry that took effect counts for `previous` and `direction`: a release that was tried and undone
has never been the app's, so it is nothing to roll back to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from ..errors import StoreError

Action = Literal["base", "hot", "rollback"]
Direction = Literal["up", "down"]
EFFECTIVE = frozenset({"complete", "mixed"})


@dataclass(frozen=True)
class Entry:
    """One line of the history. `at` is UTC in ISO 8601; `previous` is None for the first release that was
    seen.

    `outcome` is "complete", "mixed" (some processes only), or what became of a try: "refused", "failed",
    "rolled_back", "interrupted". `processes` holds one {"pid", "outcome"} for each.
    """

    seq: int
    at: str
    action: Action
    release: str
    previous: str | None
    outcome: str
    processes: tuple[Mapping[str, Any], ...] = ()

    @property
    def took_effect(self) -> bool:
        return self.outcome in EFFECTIVE

    def document(self) -> dict[str, Any]:
        """The entry as plain data."""
        return asdict(self) | {"processes": [dict(process) for process in self.processes]}

    def to_line(self) -> bytes:
        return json.dumps(self.document(), separators=(",", ":")).encode("utf-8") + b"\n"


class History:
    """The entries in the order in which they were written. A value: what a store's history was when it was
    read.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = tuple(entries)

    @property
    def current(self) -> str | None:
        """The release that took effect last, or None."""
        return next((entry.release for entry in reversed(self.entries) if entry.took_effect), None)

    def previous(self, release: str) -> str | None:
        """The release that `release` replaced when it was last installed; None if there was none.

        A rollback doesn't count as installing: after A, B, C and a rollback to B, the release before B is A.
        """
        for entry in reversed(self.entries):
            if entry.took_effect and entry.action != "rollback" and entry.release == release:
                return entry.previous
        return None

    def direction(self, old: str, new: str) -> Direction:
        """ "down" if `new` was first released before `old`, else "up". What has never been released (a process was
        started anew from a folder that somebody edits) is newer than all that was."""
        first: dict[str, int] = {}
        for entry in self.entries:
            if entry.took_effect:
                first.setdefault(entry.release, entry.seq)
        if new in first and (old not in first or first[new] < first[old]):
            return "down"
        return "up"

    def next_entry(
        self,
        action: Action,
        release: str,
        *,
        previous: str | None,
        outcome: str,
        processes: Sequence[Mapping[str, Any]] = (),
    ) -> Entry:
        """The entry that would follow, dated now."""
        seq = self.entries[-1].seq + 1 if self.entries else 1
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return Entry(seq, at, action, release, previous, outcome, tuple(processes))


def read_history(data: bytes, file: str) -> tuple[History, int]:
    """The history in these bytes, and how many of them are whole lines.

    A last line without its newline is a write that a crash cut short: it never counted, and the next one
    overwrites it. Raises StoreError for any other line that can't be read, naming `file` and the line.
    """
    whole = data.rfind(b"\n") + 1
    entries: list[Entry] = []
    for number, line in enumerate(data[:whole].splitlines(), 1):
        if line.strip():
            entries.append(_read_line(line, file, number))
    return History(entries), whole


def _read_line(line: bytes, file: str, number: int) -> Entry:
    try:
        document = json.loads(line)
        entry = Entry(**(document | {"processes": tuple(document.get("processes", ()))}))
        texts = [entry.at, entry.release, entry.outcome] + ([] if entry.previous is None else [entry.previous])
        if type(entry.seq) is not int or not all(isinstance(text, str) for text in texts):
            raise ValueError("a field is of the wrong type")
        if entry.action not in get_args(Action) or not all(isinstance(item, dict) for item in entry.processes):
            raise ValueError("a field has an unknown value")
    except (ValueError, TypeError, AttributeError, RecursionError) as exc:
        raise StoreError(
            f"line {number} of the history {file} can't be read: {exc}",
            file=file,
            line=number,
            do="remove that line; releases themselves are not touched by it",
        ) from exc
    return entry
