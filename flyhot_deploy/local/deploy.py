"""Bring a release to every process of the app on this machine: `hot` and `rollback`.

find → lock → base → pack (or look up) → check in a fresh process → prepare, hold, apply, decide → results →
history. Up to the decision every failure leaves every process as it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from flyhot_asgi.control.decision import Decisions, decisions_dir
from flyhot_asgi.control.paths import ControlSocket
from flyhot_asgi.control.wire import Frame
from flyhot_asgi.errors import StoreError, UpgradeRefused
from flyhot_asgi.release.folder import FolderStore
from flyhot_asgi.release.history import Direction
from flyhot_asgi.release.scan import survey

from ..config import Options, Patience, Project, require_app
from ..errors import DeployError, Exit, MixedReleases, NoProcess
from .client import ask
from .coordinate import Coordinator
from .coordination import Coordination, Phase
from .fleet import Fleet, Status, require_complete
from .outcome import Ending, Result, already_result, conclude, first_error, lost_result, result_of
from .processes import ask_ok, find_fleet, newcomers
from .progress import Fact, Notify, Step
from .report import UpgradeReport

Action = Literal["hot", "rollback"]


@dataclass(frozen=True)
class Site:
    """What a command works with: the app, its processes as they answered, and their store."""

    project: Project
    patience: Patience
    notify: Notify
    fleet: Fleet
    sockets: dict[int, ControlSocket]
    store: FolderStore
    python: str

    async def ask_bases(self) -> None:
        """Have every process put what it runs into the store. Raises ReportedError, ControlError."""
        self.notify(Step("storing what runs now, so that there is a way back"))
        request: Frame = {"verb": "base"}
        within = self.patience.base
        asked = (ask_ok(self.sockets[pid], request, within=within) for pid in self.fleet.pids)
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer

    async def check(self, release: str, pid: int | None = None, *, sealed: bool = False) -> Frame:
        """Have a process import the release cold, in a fresh one; returns what that found. `sealed`: fit to leave this
        machine. Raises ReportedError, ControlError.
        """
        self.notify(Step("importing the release in a fresh process"))
        request: Frame = {"verb": "check", "release": release, "sealed": sealed}
        first = self.sockets[self.fleet.pids[0] if pid is None else pid]
        reply = await ask_ok(first, request, within=self.patience.check)
        cold = reply.get("cold")
        return cold if isinstance(cold, dict) else {}

    def pack(self) -> tuple[str, tuple[str, ...]]:
        """Store the working tree as a release: its digest, and notes on what was left out."""
        self.notify(Step("packing the working tree"))
        found = survey(self.project.root, self.project.settings)
        manifest = self.store.put_release(found.files, python=self.python)
        self.notify(Fact(f"{len(found.files)} files, release {manifest.vsn}"))
        return manifest.digest, tuple(f"left out {item.path}: {item.reason}" for item in found.skipped[:20])


async def open_site(project: Project, patience: Patience, notify: Notify) -> Site:
    """Find the processes. Raises UsageError (no app here), NoProcess, DeployError (they don't agree, or are
    silent).
    """
    try:
        fleet, sockets = await find_fleet(project, patience)
    except NoProcess:
        require_app(project)
        raise
    require_complete(fleet)
    store = FolderStore(Path(fleet.the_one("store")), app=fleet.the_one("app"))
    return Site(project, patience, notify, fleet, sockets, store, fleet.the_one("python"))


@contextlib.asynccontextmanager
async def locked_site(project: Project, patience: Patience, notify: Notify) -> AsyncIterator[Site]:
    """A site that no other deploy disturbs, with every process's present release in the store and in
    history.

    Raises StoreLocked at once if another deploy runs. The processes are asked again under the lock: a
    deploy that ended a moment ago may have changed them.
    """
    notify(Step("finding the processes of this app"))
    before = await open_site(project, patience, notify)
    with before.store.locked():
        site = await open_site(project, patience, notify)
        if site.store.path != before.store.path:
            raise DeployError("the app's processes changed their store meanwhile", do="deploy again")
        await site.ask_bases()
        _record_base(site)
        yield site


async def hot(project: Project, options: Options, *, patience: Patience, notify: Notify) -> UpgradeReport:
    """Upgrade every process to the working tree. Cancel: see Coordinator.run. Raises FlyhotError (nothing
    changed).
    """
    async with locked_site(project, patience, notify) as site:
        require_app(project)
        target, notes = site.pack()
        return await move(site, "hot", target, options, notes)


async def rollback(
    project: Project, options: Options, named: str | None, *, patience: Patience, notify: Notify
) -> UpgradeReport:
    """Bring every process to the previous release, or to the one `named` by its first digits. Errors as for
    `hot`.
    """
    async with locked_site(project, patience, notify) as site:
        release = site.store.get_release(_target(site, named))
        if release.manifest.python != site.python:
            raise UpgradeRefused(
                f"release {release.vsn} is for Python {release.manifest.python}, and {site.python} runs",
                do="start the app anew with that release's Python: this can't be done hot",
            )
        site.notify(Fact(f"going to release {release.vsn}"))
        return await move(site, "rollback", release.digest, options)


def _target(site: Site, named: str | None) -> str:
    if named is not None:
        return site.store.resolve(named)
    running = site.fleet.release
    if running is None:
        names = ", ".join(release[:12] for release in site.fleet.releases)
        raise MixedReleases(
            f"the processes run different releases ({names}), so there is no one previous release",
            do="name the release to go to: python -m flyhot_deploy rollback RELEASE",
        )
    previous = site.store.previous(running)
    if previous is None:
        raise DeployError(
            f"there is no release before {running[:12]} in the history",
            do="see `python -m flyhot_deploy history`, or name a release",
        )
    return previous


def _record_base(site: Site) -> None:
    """Note in the history a release that is run and that no deploy brought: the app was started with it."""
    running, history = site.fleet.release, site.store.history()
    if running is not None and running != history.current:
        site.store.record("base", running, previous=history.current, outcome="complete")


async def move(
    site: Site,
    action: Action,
    target: str,
    options: Options,
    notes: tuple[str, ...] = (),
    *,
    direction: Direction | None = None,
    cold: Frame | None = None,
) -> UpgradeReport:
    """Bring every process to a release that is in their store, under the lock of `locked_site`.

    `direction` is by default what the history says; `cold` is the recorded structure, by default found out now. Cancel:
    see Coordinator.run. Raises FlyhotError before anything changed.
    """
    old = site.fleet.release
    pending = [process for process in site.fleet.processes if process.release != target]
    same = await _compared(site, target)
    if not pending:
        ending = conclude(same, target=target, decision=None)
        return UpgradeReport(action, ending.exit, ending.outcome, old, target, tuple(same), ending.error, notes)
    if cold is None:
        cold = await site.check(target)
    site.notify(Step(f"preparing {len(pending)} process{'es' if len(pending) > 1 else ''}"))
    coordinator = _coordinator(site, pending, target, options, cold, direction)
    machine = await coordinator.run()
    results = await _all_back(site, _results(site, machine, target, same), target, options, machine)
    ending = conclude(results, target=target, decision=machine.decision, interrupted=machine.interrupted)
    if coordinator.trouble is not None:
        ending = replace(ending, error=coordinator.trouble.document())
    ending, notes = await _look_for_newcomers(site, target, ending, notes)
    notes += _record(site, action, target, old, ending, results)
    return UpgradeReport(action, ending.exit, ending.outcome, old, target, tuple(results), ending.error, notes)


def _coordinator(
    site: Site, pending: list[Status], target: str, options: Options, cold: Frame, direction: Direction | None
) -> Coordinator:
    tx = uuid.uuid4().hex
    decisions = Decisions(decisions_dir(site.project.runtime))
    decisions.forget()
    from_release = {process.pid: process.release for process in pending}
    history = site.store.history()
    requests: dict[int, Frame] = {
        pid: {
            "verb": "upgrade",
            "release": target,
            "tx": tx,
            "direction": direction or history.direction(old, target),
            "extra": dict(options.extra),
            "cold": cold,
            "options": {
                "suspend_timeout": options.suspend_timeout,
                "http_drain": options.http_drain,
                "hold_budget": options.hold_budget,
                "vote_timeout": options.vote_timeout,
            },
        }
        for pid, old in from_release.items()
    }
    margin = site.patience.margin
    bounds = {
        Phase.PREPARE: site.patience.prepare,
        Phase.SUSPEND: options.suspend_timeout + options.http_drain + margin,
        Phase.APPLY: options.hold_budget + margin,
        Phase.DECIDE: margin,
        Phase.COLLECT: options.suspend_timeout + options.hold_budget + margin,
    }
    return Coordinator(
        sockets=site.sockets,
        requests=requests,
        bounds=bounds,
        decide=partial(decisions.decide, tx, "commit"),
        read_result=lambda pid, frame, prepared: result_of(pid, frame, from_release[pid], target, prepared=prepared),
        notify=site.notify,
    )


async def _compared(site: Site, target: str) -> list[Result]:
    """The results of the processes that run the release: each compares itself with it."""
    pids = [process.pid for process in site.fleet.processes if process.release == target]
    if not pids:
        return []
    site.notify(Step("comparing what runs it already with the release"))
    asked = (ask(site.sockets[pid], {"verb": "verify"}, within=site.patience.check) for pid in pids)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    return [already_result(pid, target, answer) for pid, answer in zip(pids, answers, strict=True)]


async def _all_back(
    site: Site, results: list[Result], target: str, options: Options, machine: Coordination
) -> list[Result]:
    """All or none: where one process found after the resume that it is not the release, and went back, so do the
    others."""
    if machine.decision != "commit" or not any(result["outcome"] == "rolled_back" for result in results):
        return results
    releases = {process.pid: process.release for process in site.fleet.processes}
    done = [result["pid"] for result in results if result["outcome"] == "complete"]
    for old in sorted({releases[pid] for pid in done}):
        there = [replace(one, release=target) for one in site.fleet.processes if one.pid in done and one.release == old]
        site.notify(Step(f"going back: {len(there)} other process{'es' if len(there) > 1 else ''}"))
        cold = await site.check(old, there[0].pid)
        back = await _coordinator(site, there, old, options, cold, "down").run()
        for result in results:
            if back.results.get(result["pid"], {}).get("outcome") == "complete":
                result |= {"outcome": "rolled_back", "verified": False, "error": first_error(results)}
    return results


def _results(site: Site, machine: Coordination, target: str, same: list[Result]) -> list[Result]:
    """One result for every process: its own, or what is to be said of it."""
    results: list[Result] = []
    compared = {result["pid"]: result for result in same}
    for process in site.fleet.processes:
        if process.pid in machine.results:
            results.append(dict(machine.results[process.pid]))
        elif process.pid in machine.lost:
            why = machine.lost[process.pid]
            results.append(lost_result(process.pid, process.release, target, why, machine.decision))
        else:
            results.append(compared[process.pid])
    return results


async def _look_for_newcomers(
    site: Site, target: str, ending: Ending, notes: tuple[str, ...]
) -> tuple[Ending, tuple[str, ...]]:
    """A worker that was started meanwhile may have loaded something else: then this is no success."""
    if ending.exit is not Exit.VERIFIED:
        return ending, notes
    try:
        fresh = await newcomers(site.project, site.fleet.pids, site.patience)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()  # all is done: a report is better than a shrug
        return ending, (
            *notes,
            "interrupted after the end: not looked for processes that were started meanwhile",
        )
    strangers = [one for one in fresh if not (isinstance(one, Status) and one.release == target)]
    if not strangers:
        return ending, notes
    first = strangers[0]
    said = f"runs {first.vsn}" if isinstance(first, Status) else first.why
    message = f"process {first.pid} was started during the upgrade and {said}, not {target[:12]}"
    error = {"kind": "mixed", "message": message, "file": None, "line": None, "detail": None}
    return Ending(Exit.MIXED, "mixed", error | {"do": "deploy again: it is included then"}), notes


def _record(
    site: Site, action: Action, target: str, old: str | None, ending: Ending, results: list[Result]
) -> tuple[str, ...]:
    """Write the history. What happened has happened: a store that can't be written is a note, not a
    failure.
    """
    try:
        site.store.record(
            action,
            target,
            previous=old,
            outcome=ending.outcome,
            processes=[{"pid": result["pid"], "outcome": result["outcome"]} for result in results],
        )
    except StoreError as exc:
        return (f"the history was not written: {exc.message}",)
    return ()
