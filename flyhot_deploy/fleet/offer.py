"""What a deploy asks of the machines: the `detail` of the pointer's candidate. The deployer writes, agents read.

Plain data between tools of different versions: a field that isn't known is ignored, one that is missing has a default,
and one of the wrong kind refuses the whole offer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from flyhot_asgi.errors import ManifestError

OfferPhase = Literal["stage", "prepare", "commit", "revert"]
LONGEST = 24 * 3600.0


@dataclass(frozen=True)
class Health:
    """How a machine finds out whether it is well. `path` is asked on `port` of the machine itself."""

    path: str | None = None
    port: int = 8080


@dataclass(frozen=True)
class Offer:
    """Seconds everywhere. `go` are the machines that may commit. `prepared_for` bounds how long a vote binds a machine,
    `provisional_for` how long it runs the release without a verdict; both by the machine's own clock. `scout` is the
    machine that checks the release for all.
    """

    phase: OfferPhase
    go: tuple[str, ...] = ()
    action: Literal["hot", "rollback"] = "hot"
    bake: float = 0.5
    prepared_for: float = 60.0
    provisional_for: float = 120.0
    suspend_timeout: float = 10.0
    http_drain: float = 1.0
    hold_budget: float = 5.0
    vote_timeout: float = 5.0
    extra: Mapping[str, str] = field(default_factory=dict)
    health: Health = Health()
    scout: str = ""

    def document(self) -> dict[str, Any]:
        return asdict(self) | {"go": list(self.go), "extra": dict(self.extra)}


_SECONDS = (
    "bake",
    "prepared_for",
    "provisional_for",
    "suspend_timeout",
    "http_drain",
    "hold_budget",
    "vote_timeout",
)


def read_offer(document: Mapping[str, Any]) -> Offer:
    """The offer in a candidate's detail. Raises ManifestError naming the field that can't be used."""
    known: dict[str, Any] = {name: _seconds(document, name) for name in _SECONDS if name in document}
    phase: Any
    phase, action = document.get("phase"), document.get("action", "hot")
    if phase not in get_args(OfferPhase):
        _refuse("phase", phase)
    if action not in ("hot", "rollback"):
        _refuse("action", action)
    go, extra, health = document.get("go", []), document.get("extra", {}), document.get("health", {})
    if not isinstance(go, list) or not all(isinstance(item, str) for item in go):
        _refuse("go", go)
    if not isinstance(extra, dict) or not all(isinstance(item, str) for pair in extra.items() for item in pair):
        _refuse("extra", extra)
    if not isinstance(health, dict):
        _refuse("health", health)
    scout = document.get("scout", "")
    if not isinstance(scout, str):
        _refuse("scout", scout)
    path, port = health.get("path"), health.get("port", 8080)
    if not (path is None or (isinstance(path, str) and path.startswith("/"))) or type(port) is not int:
        _refuse("health", health)
    return Offer(phase=phase, go=tuple(go), action=action, extra=extra, health=Health(path, port), scout=scout, **known)


def _seconds(document: Mapping[str, Any], name: str) -> float:
    value = document[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        _refuse(name, value)
    if not 0 <= value <= LONGEST:
        _refuse(name, value)
    return float(value)


def _refuse(name: str, value: object) -> Any:
    raise ManifestError(
        f"the deploy's offer can't be used: its {name!r} is {str(value)[:80]!r}",
        do="use the same version of flyhot on both ends; nothing was changed",
    )
