"""How a deploy over machines is to be done: what the command line says, as one value that travels as arguments, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .events import Strategy
from .offer import Health, Offer


@dataclass(frozen=True)
class FleetOptions:
    """Seconds everywhere. `timeout` bounds what a machine may need before the decision; `lock_timeout` how long another
    deploy is waited for; `force` takes its lock away. `confirm_within` leaves the release provisional: who doesn't
    confirm it in that time takes it back.
    """

    strategy: Strategy = "canary"
    max_concurrency: int = 20
    timeout: float = 120.0
    bake: float = 0.5
    lock_timeout: float = 0.0
    force: bool = False
    confirm_within: float | None = None
    suspend_timeout: float = 10.0
    http_drain: float = 1.0
    hold_budget: float = 5.0
    vote_timeout: float = 5.0
    extra: Mapping[str, str] = field(default_factory=dict)
    health: Health = field(default_factory=Health)

    def offer(self, machines: int) -> Offer:
        """What machines are told. They go back by themselves when every wave could long have been over."""
        wave = self.suspend_timeout + self.http_drain + self.hold_budget + 30.0 + self.bake
        waves = machines if self.strategy == "rolling" else 2 + machines // self.max_concurrency
        return Offer(
            phase="stage",
            bake=self.bake,
            prepared_for=2 * self.timeout + 30.0,
            provisional_for=self.confirm_within or waves * wave + 30.0,
            suspend_timeout=self.suspend_timeout,
            http_drain=self.http_drain,
            hold_budget=self.hold_budget,
            vote_timeout=self.vote_timeout,
            extra=dict(self.extra),
            health=self.health,
        )
