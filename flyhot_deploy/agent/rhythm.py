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
