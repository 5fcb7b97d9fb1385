"""What a machine remembers of its releases: `boot.json` beside its local copies. A value, and its file.

It is a memory, not an authority: a container that is reset to its image starts without it and asks the store. With
it, a machine boots when the store can't be reached, and a provisional release survives the restart of its processes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from flyhot_asgi.release.files import write_atomically
from flyhot_asgi.release.lock import in_turn

from ..release.manifest import is_digest

NAME = "boot.json"
FORMAT = 1
TRIES = 3
"""Boots in a row that a release may fail before another one, or the bare image, is booted."""


@dataclass(frozen=True)
class Line:
    """A release that a machine may boot. `manifest` is the digest of the signed whole, under which the store has it."""

    release: str
    manifest: str
    sequence: int = 0
    deploy: str = ""


@dataclass(frozen=True)
class BootState:
    """`permanent` None: the bare image. `sequence` and `epoch` are the highest of any pointer that was believed."""

    base: str = ""
    permanent: Line | None = None
    provisional: Line | None = None
    sequence: int = 0
    epoch: int = 0

    def on(self, base: str) -> BootState:
        """The state on that base: another image is a new beginning. What was seen stays seen."""
        return self if self.base == base else BootState(base=base, sequence=self.sequence, epoch=self.epoch)

    def trying(self, line: Line) -> BootState:
        """A release was committed, and is to be confirmed."""
        return replace(self, provisional=line)

    def keeping(self, line: Line | None) -> BootState:
        """That release (None: the image) is what this machine boots from now on."""
        return replace(self, permanent=line, provisional=None)

    def reverted(self) -> BootState:
        """The provisional release is not to be booted any more."""
        return replace(self, provisional=None)

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self) | {"format": FORMAT}, indent=1).encode("utf-8")

    @classmethod
    def from_bytes(cls, data: bytes) -> BootState:
        """What was remembered; an empty memory for anything that can't be one (then the store knows)."""
        try:
            document = json.loads(data)
            if document["format"] != FORMAT:
                return cls()
            return cls(
                base=str(document["base"]),
                permanent=_line(document["permanent"]),
                provisional=_line(document["provisional"]),
                sequence=int(document["sequence"]),
                epoch=int(document["epoch"]),
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            return cls()


def _line(item: Any) -> Line | None:
    if item is None:
        return None
    line = Line(str(item["release"]), str(item["manifest"]), int(item["sequence"]), str(item["deploy"]))
    if not is_digest(line.release) or not is_digest(line.manifest):
        raise ValueError("not named by digests")
    return line


def read_state(folder: Path) -> BootState:
    """What the machine remembers in that folder (its local store). Raises OSError."""
    try:
        return BootState.from_bytes((folder / NAME).read_bytes())
    except FileNotFoundError:
        return BootState()


def change_state(folder: Path, change: Callable[[BootState], BootState]) -> BootState:
    """Read, change and write the memory, one process at a time; it survives a power cut. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with in_turn(folder / "boot.lock"):
        state = read_state(folder)
        changed = change(state)
        if changed != state:
            write_atomically(folder / NAME, changed.to_bytes())
    return changed
