"""In debug mode: did a `code_change` change the living session, instead of the copy that it was given?

What it assigns to `self` is overwritten by the state that it returns: lost without a word. What it changes inside of a
container that the state refers to is seen by whoever else has that container, and is put back if the upgrade fails; so
that is allowed, and noted.
"""

from __future__ import annotations

import logging
from typing import Any

from flyhot_asgi.session.blame import Job, fail
from flyhot_asgi.session.contents import KINDS
from flyhot_asgi.session.unit import State, Unit

logger = logging.getLogger("flyhot.session")

_MISSING: Any = object()

Seen = tuple[State, dict[str, Any]]
"""A unit's state, and the pre-images of the containers directly in it."""


def look(unit: Unit) -> Seen:
    state = unit.get_state()
    return state, {name: KINDS[type(value)].take(value) for name, value in state.items() if type(value) in KINDS}


def check(job: Job, seen: Seen) -> None:
    """Raises UnitMigrationFailed if the session itself was changed; logs what was changed in place."""
    before, contents = seen
    after = job.unit.get_state()
    changed = [n for n in before.keys() | after.keys() if before.get(n, _MISSING) is not after.get(n, _MISSING)]
    if changed:
        names = ", ".join(f"`{name}`" for name in sorted(changed))
        fail(
            job,
            f"its code_change changed {names} of the session itself, which is then lost: what it returns takes its "
            "place. Change the state that it is given, and return that",
        )
    for name, was in contents.items():
        if not KINDS[type(before[name])].same(before[name], was):
            logger.warning("%s: its code_change changed `%s` in place; others may have it, too", job.unit.label, name)
