"""The recorded structure of a release, and the living process held against it.

A cold import of the release (twice, with different hash seeds, to see what is never the same) and one of the release
that runs give three sides; `flyhot_asgi.engine.verification.compare` says what must be equal.
"""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..source.drift import Drift
from ..source.module import SourceModule
from .compare import differences, drifted, moved_state, unstable_paths
from .fingerprint import describe
from .shapes import Shapes
from .verify import Difference

Structure = dict[str, tuple[str, str]]


@dataclass
class Recorded:
    """What cold imports said: of the new release, and of the one that runs (None: not known)."""

    new: Structure
    old: Structure | None
    names: Mapping[str, list[str]]
    """By module, those that it had."""
    masked: set[str] = field(default_factory=set)
    before: Structure | None = None
    """The process as `look` saw it."""
    shapes: Shapes = field(default_factory=Shapes)

    @classmethod
    def of(cls, cold: Mapping[str, Any] | None) -> Recorded | None:
        """From the document that `check` made; None if there is none."""
        if not cold or "structure" not in cold:
            return None
        before = cold.get("before")
        return cls(
            new=_structure(cold["structure"]),
            old=_structure(before) if before is not None else None,
            names=cold["modules"],
            masked=set(cold.get("masked", ())),
        )

    def look(self, live: Mapping[str, types.ModuleType], root: Path) -> Drift | None:
        """Before anything is touched: note in what the process is not its own release, which is not our doing. What the
        program changed since it was imported; None if no cold import of the running release is known."""
        if self.old is None:
            return None
        described = self.before = describe(live, str(root), live, self.shapes)
        drift = Drift(self.old, described, self.new, frozenset(self.masked))
        self.masked |= drifted(self.old, described)
        return drift

    @property
    def moves_state(self) -> bool:
        """The release makes values other ones, or nobody knows."""
        return self.old is None or moved_state(self.old, self.new, self.masked)

    def compare(self, root: Path, sources: Mapping[str, SourceModule], *, still: bool = False) -> list[Difference]:
        """The living modules against the new release's record. Runs none of the app's code. `still`: the program did
        not run since `look()`."""
        loaded = {name: module for name in self.names if type(module := sys.modules.get(name)) is types.ModuleType}
        new = {path: entry for path, entry in self.new.items() if path.partition(":")[0] in loaded}
        living = describe(loaded, str(root), self.names, self.shapes)
        found = differences(self.old, living, new, self.masked, self.before, still=still)
        return [_difference(path, what, sources) for path, what in found]


def record(new: Mapping[str, Any], again: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """The document of a check: two cold imports of a release, and one of the release before it."""
    unstable = unstable_paths(_structure(new["structure"]), _structure(again["structure"]))
    return {
        "modules": new["modules"],
        "structure": new["structure"],
        "masked": sorted(unstable),
        "before": before["structure"] if before is not None else None,
    }


def _structure(document: Mapping[str, Any]) -> Structure:
    return {str(path): (str(entry[0]), str(entry[1])) for path, entry in document.items()}


def _difference(path: str, what: str, sources: Mapping[str, SourceModule]) -> Difference:
    module, _, name = path.partition(":")
    source = sources.get(module)
    if source is None:
        return Difference(path, what, module)
    top = re.split(r"[.\[ ]", name, maxsplit=1)[0]
    line = next((s.line for s in source.statements if top in s.binds), None)
    return Difference(path, what, source.shown, line, (module, top))
