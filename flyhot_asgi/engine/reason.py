"""Why something can't be done to a living program, for people and programs to read."""

from __future__ import annotations

from dataclasses import dataclass


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
