"""Fly's rate limits, kept on our side: one request a second for each action and machine, three at once (the docs'
figures; reading one machine: five and ten). Who keeps them is never told 429 by mistake.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Bucket:
    """Tokens of one action on one machine. `rate` a second, `burst` at once. Sans-I/O: the caller tells the time."""

    rate: float
    burst: float
    level: float | None = None
    at: float = 0.0

    def take(self, now: float) -> float:
        """Take one token; returns for how many seconds the caller must wait before it goes ahead."""
        level = self.burst if self.level is None else self.level + max(0.0, now - self.at) * self.rate
        self.at = max(self.at, now)
        self.level = min(self.burst, level) - 1.0
        return 0.0 if self.level >= 0 else -self.level / self.rate


LIMITS: dict[str, tuple[float, float]] = {"get": (5.0, 10.0)}
USUAL = (1.0, 3.0)


@dataclass
class Pace:
    """The buckets of one API client, by action and what it is done to (a machine's id, or the app's name)."""

    _buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)

    def wait(self, action: str, target: str, now: float) -> float:
        """Seconds to wait before `action` may be asked of `target`."""
        bucket = self._buckets.setdefault((action, target), Bucket(*LIMITS.get(action, USUAL)))
        return bucket.take(now)
