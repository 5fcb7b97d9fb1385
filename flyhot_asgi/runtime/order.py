"""What is asked of a process, and who is told of it."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ..engine.rehearsal.document import read_rehearsed
from ..errors import ControlError, ReleaseError
from ..release.config import LONGEST_SECONDS, Settings
from ..release.folder import Release
from ..session.policy import OnBusy

if TYPE_CHECKING:
    from ..engine.source.defuse import Home
    from ..engine.verification.recorded import Recorded

OPTIONS = ("suspend_timeout", "http_drain", "hold_budget", "vote_timeout", "stale_within", "code_change_budget")
POLICIES = {"on_busy": ("abort", "pin", "evict"), "stale": ("keep", "close")}


@dataclass(frozen=True)
class Order:
    """What is asked of this process. Times in seconds.

    `cold` is what the check of the release found: cold imports, and the rehearsal (see check.py). `recorded` is in
    place of that on a way back: the record of a release that ran here a moment ago; `also` are names whose statements
    are executed beyond what the sources ask for. `swaps_only`: refused if it takes more than to swap code. `joins`: it
    is asked by the process itself, which has just come up.
    """

    release: Release
    id: str
    direction: Literal["up", "down"] = "up"
    extra: dict[str, Any] = field(default_factory=dict)
    cold: dict[str, Any] | None = None
    recorded: Recorded | None = None
    also: frozenset[Home] = frozenset()
    swaps_only: bool = False
    joins: bool = False
    suspend_timeout: float = 10.0
    http_drain: float = 1.0
    hold_budget: float = 5.0
    vote_timeout: float = 5.0
    on_busy: OnBusy = "abort"
    stale: Literal["keep", "close"] = "keep"
    stale_within: float = 30.0
    code_change_budget: float = 1.0
    debug: bool = False


def read_order(request: Mapping[str, Any], release: Release, settings: Settings) -> Order:
    """The order in a request to upgrade or to plan. Raises ControlError naming what is malformed: before anything is
    held for it."""
    direction = request.get("direction", "up")
    if direction not in ("up", "down"):
        raise _malformed("direction", direction, '"up" or "down"')
    options = _object(request, "options")
    times: dict[str, Any] = {name: seconds(name, options.get(name, getattr(settings, name))) for name in OPTIONS}
    words: dict[str, Any] = {
        name: _word(name, options.get(name, getattr(settings, name)), allowed) for name, allowed in POLICIES.items()
    }
    cold = _object(request, "cold")
    _check_cold(cold)
    return Order(
        release=release,
        id=str(request.get("tx") or secrets.token_hex(8)),
        direction=direction,
        extra=_object(request, "extra"),
        cold=cold or None,
        **times,
        **words,
        debug=settings.debug,
    )


def _object(request: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = request.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _malformed(name, value, "an object")
    return value


def seconds(name: str, value: object) -> float:
    """`value` as seconds. Raises ControlError naming the field that is malformed."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _malformed(name, value, "a number of seconds")
    if not 0 <= value <= LONGEST_SECONDS:
        raise _malformed(name, value, f"from 0 to {LONGEST_SECONDS:.0f} seconds")
    return float(value)


def _word(name: str, value: object, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise _malformed(name, value, " or ".join(f'"{word}"' for word in allowed))
    return value


def is_cold(cold: Mapping[str, Any]) -> bool:
    """It is a document that `check` made."""
    try:
        _check_cold(cold)
    except ControlError:
        return False
    return True


def _check_cold(cold: Mapping[str, Any]) -> None:
    """`modules` are lists of names by module, the structures pairs of words by path (see engine.verification)."""
    lists = [cold.get("modules") or {}]
    pairs = [cold.get(name) or {} for name in ("structure", "before")]
    good = all(isinstance(table, dict) for table in [*lists, *pairs]) and _are_words(cold.get("masked") or [])
    good = good and all(_are_words(names) for names in lists[0].values())
    good = good and isinstance(cold.get("sealed") or "", str)
    rehearsed = cold.get("rehearsed")
    if rehearsed is not None:
        try:
            read_rehearsed(rehearsed)
        except ReleaseError:
            good = False
    if not (good and all(_are_words(entry) and len(entry) == 2 for table in pairs for entry in table.values())):
        raise _malformed("cold", "that", "the document that `check` answered")


def _are_words(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def _malformed(name: str, value: object, wanted: str) -> ControlError:
    return ControlError(
        f"a control request is malformed: {name} must be {wanted}, not {value!r}",
        do="use the same version on both ends; nothing was changed",
    )


class Pages:
    """Told when sessions are held and resumed. The client hub is one; this base tells nobody."""

    def count(self) -> int:
        """How many pages listen."""
        return 0

    async def bye(self) -> None:
        """Ask the pages to come back later, and close their sockets."""
        return

    def hold(self, id: str, *, eta_ms: int, max_ms: int) -> None:
        return

    def resume(
        self,
        id: str,
        *,
        ok: bool,
        vsn: str,
        render: Literal["morph", "css", "none", "reload"],
        was: str | None = None,
        files: Sequence[str] | None = None,
    ) -> None:
        return
