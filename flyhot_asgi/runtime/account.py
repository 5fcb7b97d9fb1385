"""The account of one upgrade: what each phase took, told to subscribers as it goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..telemetry.events import Kind, Phase, UpgradeEvent, publish
from ..upgrade import Outcome
from .installed import Installed
from .order import Order

_ENDS: dict[str, Kind] = {
    Outcome.COMPLETE.value: "complete",
    "already": "complete",
    Outcome.ROLLED_BACK.value: "rolled_back",
}


class Account:
    """Owns the times of one upgrade's phases."""

    def __init__(self, order: Order, installed: Installed) -> None:
        self.sessions = 0
        self.hold_ms = 0.0
        self._common: dict[str, Any] = {
            "id": order.id,
            "direction": order.direction,
            "app": installed.settings.app,
            "root": str(installed.root),
            "from_release": installed.digest,
            "to_release": order.release.digest,
        }
        self._phases: dict[str, tuple[float, float]] = {}

    @property
    def phases_ms(self) -> dict[str, float]:
        return {name: seconds * 1000 for name, (_, seconds) in self._phases.items()}

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        began, clock = time.time(), time.perf_counter()
        try:
            yield
        finally:
            first, before = self._phases.get(phase, (began, 0.0))
            self._phases[phase] = (first, before + time.perf_counter() - clock)

    def say(self, kind: Kind, **figures: Any) -> None:
        """Tell the subscribers. Call it in the event loop."""
        publish(
            UpgradeEvent(
                kind=kind,
                at=time.time(),
                sessions=self.sessions,
                hold_ms=self.hold_ms,
                phases=tuple(Phase(name, *times) for name, times in self._phases.items()),
                **self._common,
                **figures,
            )
        )

    def say_end(self, result: dict[str, Any]) -> None:
        """Tell the subscribers how it ended, by its RESULT."""
        error = result["error"] or {}
        self.say(
            _ENDS.get(result["outcome"], "failed"),
            outcome=result["outcome"],
            units_migrated=result["units_migrated"],
            error=str(error.get("message", "")),
        )
