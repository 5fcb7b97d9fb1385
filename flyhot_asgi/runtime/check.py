"""A release looked at before anybody is held for it: imported cold in fresh processes, recorded, and rehearsed."""

from __future__ import annotations

import threading
from typing import Any

from ..engine import make_plan
from ..engine.adapters import default_adapters
from ..engine.living.started import serving
from ..engine.oracle.request import request_for_tree
from ..engine.planning.left_behind import EVERYTHING
from ..engine.rehearsal.scratch import Trial, check_release
from ..engine.verification.recorded import Recorded
from ..release.folder import Release
from ..threads import in_thread_until
from .installed import Installed, Sources
from .recordings import Recordings


async def check(installed: Installed, release: Release) -> dict[str, Any]:
    """The `cold` document for an upgrade of this process to `release`: what cold imports of both look like, and what a
    rehearsal found (see `engine.rehearsal.scratch.check_release`). Kept in the store for the other processes; if one of
    them has just found it under the same circumstances, nothing is imported.

    Takes some times as long as the app's import. Raises SourceError naming file and line of the release, StoreError.
    Safe to cancel: the processes are killed.
    """
    return await in_thread_until(lambda cancel: _check(installed, release, cancel))


def _check(installed: Installed, release: Release, cancel: threading.Event) -> dict[str, Any]:
    live = installed.live()
    recordings = Recordings(installed.store.path)
    known = recordings.find_fresh(installed.digest, release.digest, installed.cold_names(live))
    if known is not None:
        return known
    installed.store_base()
    sources = installed.sources_with(release, live)
    for source in sources.new.values():
        _ = source.code  # a syntax error is said better by us than by a traceback
    trial = _trial(installed, release, sources)
    limit = installed.settings.import_timeout
    cold = check_release(trial, rehearse=_executes(sources), images=installed.images, timeout=limit, cancel=cancel)
    if cold["rehearsed"] is None and _moves_state(cold):
        cold = check_release(trial, images=installed.images, timeout=limit, cancel=cancel)
    if cold["rehearsed"] is None:
        cold["rehearsed"] = trial.unneeded(installed.cold_names(live))
    if not cancel.is_set():
        recordings.keep(cold)
    return cold


def _executes(sources: Sources) -> bool:
    """The plan is more than code that is swapped, as far as the sources tell."""
    plan = make_plan(sources.old, sources.new, sources.live, adapters=default_adapters(), units=lambda cls: EVERYTHING)
    return plan.executes or bool(plan.refusals)


def _moves_state(cold: dict[str, Any]) -> bool:
    recorded = Recorded.of(cold)
    return recorded is not None and recorded.moves_state


def _trial(installed: Installed, release: Release, sources: Sources) -> Trial:
    """What the fresh processes are asked for. Raises StoreError."""
    running = installed.store.get_release(installed.digest)
    kept = {name: sources.new[name] for name in sources.live if name in sources.new}
    now = {name: sources.old[name] for name in sources.live if name in sources.old}
    return Trial(
        old=request_for_tree(running.tree, installed.root, now),
        new=request_for_tree(release.tree, installed.root, kept),
        old_files=_python_files(running),
        new_files=_python_files(release),
        from_digest=installed.digest,
        to_digest=release.digest,
        packages=installed.settings.first_party,
        downgrade=installed.store.history().direction(installed.digest, release.digest) == "down",
        started=serving(),
    )


def _python_files(release: Release) -> dict[str, bytes]:
    return {path: release.read(path) for path in release.manifest.entries if path.endswith(".py")}
