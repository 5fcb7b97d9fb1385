"""What is asked of a process, and who is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ..release.folder import Release


@dataclass(frozen=True)
class Order:
    """What is asked of this process. Times in seconds."""

    release: Release
    id: str
    direction: Literal["up", "down"] = "up"
    extra: dict[str, Any] = field(default_factory=dict)
    cold: dict[str, Any] | None = None
    suspend_timeout: float = 10.0
    http_drain: float = 1.0
    hold_budget: float = 5.0


class Pages:
    """Told when sessions are held and resumed. The client hub is one; this base tells nobody."""

    def count(self) -> int:
        """How many pages listen."""
        return 0

    def hold(self, id: str, *, eta_ms: int, max_ms: int) -> None:
        return

    def resume(self, id: str, *, ok: bool, vsn: str, render: Literal["morph", "css", "none", "reload"]) -> None:
        return
