"""A process that runs a release already, compared with it all the same: "upgraded" is said of no other."""

from __future__ import annotations

import gc
from typing import Any

from ..engine import Difference, SourceModule
from ..engine.oracle.failed import left_out_of
from ..engine.oracle.request import request_for_tree
from ..engine.rehearsal.scratch import image_twice
from ..engine.verification.recorded import Recorded, record
from ..engine.verification.verify import strangers
from ..errors import FlyhotError
from ..threads import in_thread
from ..upgrade import Outcome
from .complaints import not_the_release
from .installed import Installed
from .report import result_document
from .slices import in_slices


async def verify_installed(installed: Installed) -> dict[str, Any]:
    """RESULT, `already`. A process that was not compared before is compared with a cold import of its release, made
    now; what its program made otherwise by itself is told in the notes."""
    try:
        sources, fresh = await in_thread(lambda: _look(installed))
    except FlyhotError as exc:
        return _result(installed, [], exc)
    recorded = installed.record or fresh
    assert recorded is not None
    found = await in_thread(lambda: _strangers(installed, sources))
    notes = []
    if installed.record is None and not found:
        recorded.look(installed.live(), installed.root)
        notes = recorded.told()
    found += await in_slices(recorded.loaded(), lambda name: recorded.compare(installed.root, sources, (name,)))
    if found:
        return _result(installed, notes, not_the_release(found, installed.vsn))
    installed.record = recorded.settled()
    return _result(installed, notes, None)


async def differs_as_imported(installed: Installed) -> list[Difference]:
    """In what this process, just imported, is not what a cold import of its release is. Nothing is put down to the
    program, which has done nothing yet. Raises FlyhotError: that release can't be imported."""
    sources, recorded = await in_thread(lambda: _look(installed))
    assert recorded is not None
    untouched = recorded.untouched()
    found = await in_thread(lambda: _strangers(installed, sources))
    return found or await in_slices(recorded.loaded(), lambda name: untouched.compare(installed.root, sources, (name,)))


async def runs_code_of(installed: Installed) -> bool:
    """Is every function of the app one of its release's?"""

    def look() -> bool:
        live = installed.live()
        return not _strangers(installed, installed.sources(live))

    try:
        return await in_thread(look)
    except FlyhotError:
        return False


def _look(installed: Installed) -> tuple[dict[str, SourceModule], Recorded | None]:
    """The release's sources, and what it looks like if nobody has compared it yet. Raises SourceError, StoreError."""
    installed.store_base()
    release = installed.store.get_release(installed.digest)
    live = installed.live()
    sources = installed.sources_with(release, live).new
    if installed.record is not None:
        return dict(sources), None
    request = request_for_tree(release.tree, installed.root, {name: sources[name] for name in live})
    limit = installed.settings.import_timeout
    first, again = image_twice(request, installed.digest, installed.images, timeout=limit)
    left_out = left_out_of(request, lambda name: True, first, again, first)
    return dict(sources), Recorded.of({**record(first, again, first), "left_out": left_out})


def _strangers(installed: Installed, sources: dict[str, SourceModule]) -> list[Difference]:
    """What looks wrong may be garbage that nobody has collected."""
    found = strangers(sources, installed.orphans)
    if found:
        gc.collect()
        found = strangers(sources, installed.orphans)
    return found


def _result(installed: Installed, notes: list[str], error: FlyhotError | None) -> dict[str, Any]:
    return result_document(
        outcome=Outcome.ALREADY.value,
        old=installed.digest,
        new=installed.digest,
        plan=None,
        document=None,
        verified=error is None,
        hold_ms=0.0,
        phases_ms={},
        units_migrated=0,
        sessions=0,
        error=error,
    ) | {"notes": notes}
