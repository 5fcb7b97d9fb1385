"""How often an agent looks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rhythm:
    """How often the agent looks, in seconds. `idle` costs one conditional GET each time; `longest` is the back-off's
    end. A provisional release is looked at every `watch` seconds at first, then every `patient` ones."""

    idle: float = 10.0
    awake: float = 0.2
    watch: float = 0.1
    patient: float = 1.0
    longest: float = 120.0
    jitter: float = 0.25

    def watching(self, since: float) -> float:
        """Seconds between two looks at a release that is provisional since so many."""
        return self.watch if since < 15.0 else self.patient
