"""The upgrade tried in this process, which nobody needs afterwards, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import FlyhotError
from ..living.modules import LoadedModules
from ..outcome import Refused, reason_of_raised
from ..patching.finder import ReleaseFinder
from ..planning.left_behind import EVERYTHING
from ..verification.recorded import Recorded, record
from .attempts import Ground, attempt
from .document import Rehearsed


def try_upgrade(
    asked: Mapping[str, Any], new: Mapping[str, Any], again: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    """Bring this process, which has imported the old release cold, to the new one; return the document of `Rehearsed`.

    `asked`: see `scratch.Trial.document`; `new`, `again` and `before` are cold imports' answers.
    """
    ground = ground_of(asked)
    recorded = Recorded.of(record(new, again, before))
    assert recorded is not None
    ground.look(recorded)
    names = {"old": asked["from"], "new": asked["to"], "modules": frozenset(ground.live)}
    try:
        plan = ground.plan()
        if not (plan.refusals or plan.executes or recorded.moves_state):
            return Rehearsed(outcome="unneeded", plan=plan.document(), **names).document()
        arrival = attempt(ground, plan)
    except Refused as exc:
        return Rehearsed(outcome="refused", reasons=exc.reasons, plan=exc.plan, passes=exc.passes, **names).document()
    except FlyhotError as exc:
        reasons = (reason_of_raised(exc, ground.new),)
        return Rehearsed(outcome="refused", reasons=reasons, **names).document()
    found = arrival.plan.document()
    return Rehearsed(outcome="arrives", also=arrival.also, passes=arrival.passes, plan=found, **names).document()


def ground_of(asked: Mapping[str, Any]) -> Ground:
    """This process as the ground of an attempt: which of its modules are the app's, in both releases."""
    root = Path(asked["root"])
    prefixes = tuple(asked["packages"]) if asked["packages"] is not None else None
    modules = LoadedModules(root, prefixes)
    old = {path: text.encode("latin-1") for path, text in asked["old"].items()}
    new = {path: text.encode("latin-1") for path, text in asked["new"].items()}
    live = modules.live(old)
    return Ground(
        root=root,
        old=modules.sources(old, old.__getitem__, live),
        new=modules.sources(new, new.__getitem__, live),
        live=live,
        finder=ReleaseFinder(),
        units=lambda cls: EVERYTHING,
        downgrade=asked["downgrade"],
        started=asked["started"],
    )
