"""Look, and change nothing: `plan`, `status`, `history`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from flyhot_asgi.control.wire import Frame
from flyhot_asgi.errors import FlyhotError

from ..config import Patience, Project, require_app
from ..errors import Exit, NoProcess, exit_of
from .client import ask
from .outcome import WORDS
from .processes import find_fleet, reported
from .progress import Notify, Step
from .report import HistoryReport, PlanReport, StatusReport
from .site import Site, open_site


async def plan(project: Project, *, patience: Patience, notify: Notify) -> PlanReport:
    """What `hot` would do, definition by definition, as the processes themselves see it.

    The processes only look. The working tree and what runs now are put into the store, where both stay
    unused. Raises FlyhotError as `hot` does before it has a plan.
    """
    notify(Step("finding the processes of this app"))
    site = await open_site(project, patience, notify)
    require_app(project)
    await site.ask_bases()
    target, notes = site.pack()
    old = site.fleet.release
    pending = [process.pid for process in site.fleet.processes if process.release != target]
    if not pending:
        return PlanReport(Exit.VERIFIED, "already", old, target, notes=notes)
    notify(Step("planning"))
    replies = await asyncio.gather(*(_plan_of(site, pid, target) for pid in pending))
    plans = tuple((pid, reply["plan"]) for pid, reply in replies if isinstance(reply.get("plan"), dict))
    error: Mapping[str, Any] | None = None
    code = Exit.VERIFIED
    for pid, reply in replies:
        if reply.get("ok") is not True and error is None:
            problem = reported(reply.get("error"), pid=pid)
            error, code = problem.document(), exit_of(problem)
    if any(document.get("refusals") for _, document in plans):
        code = Exit.REFUSED
    if code is Exit.VERIFIED:
        try:
            await site.check(target)
        except FlyhotError as exc:
            error, code = exc.document(), exit_of(exc)
    outcome = "hot" if code is Exit.VERIFIED else WORDS[code]
    return PlanReport(code, outcome, old, target, plans, error, notes)


async def _plan_of(site: Site, pid: int, target: str) -> tuple[int, Frame]:
    request = {"verb": "plan", "release": target}
    return pid, await ask(site.sockets[pid], request, within=site.patience.plan)


async def status(project: Project, *, patience: Patience) -> StatusReport:
    """What each process says of itself. Raises NoProcess, or UsageError where there is no app at all."""
    try:
        fleet, _ = await find_fleet(project, patience)
    except NoProcess:
        require_app(project)
        raise
    return StatusReport(fleet, str(project.root))


async def history(project: Project, *, patience: Patience) -> HistoryReport:
    """What was released when. Raises StoreError for a history that can't be read, UsageError for no app."""
    store, running = project.store(), None
    try:
        fleet, _ = await find_fleet(project, patience)
    except NoProcess:
        pass
    else:
        running = fleet.release
        if fleet.processes:
            store = type(store)(fleet.processes[0].store, app=fleet.processes[0].app)
    entries = store.history().entries
    if not entries:
        require_app(project)
    return HistoryReport(entries, running)
