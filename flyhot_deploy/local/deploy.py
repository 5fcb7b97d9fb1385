"""Bring a release to every process of the app on this machine: `hot` and `rollback`.

find → lock → base → pack (or look up) → check in a fresh process → prepare, hold, apply, decide → results →
history. Up to the decision every failure leaves every process as it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from flyhot_asgi.control.decision import Decisions, decisions_dir
from flyhot_asgi.control.paths import ControlSocket, socket_path
from flyhot_asgi.control.wire import Frame
from flyhot_asgi.errors import ControlError, FlyhotError, StoreError, UpgradeRefused
from flyhot_asgi.release.history import Direction

from ..config import Options, Patience, Project, require_app
from ..errors import DeployError, Exit, MixedReleases
from .client import ask
from .coordinate import Coordinator
from .coordination import Coordination, Phase
from .fleet import Status
from .meanwhile import who_came_up
from .outcome import Ending, Result, already_result, conclude, first_error, lost_result, result_of
from .progress import Fact, Notify, Step
from .report import UpgradeReport
from .site import ROUNDS, Site, locked_site, telling_of_workers

Action = Literal["hot", "rollback"]


async def hot(project: Project, options: Options, *, patience: Patience, notify: Notify) -> UpgradeReport:
    """Upgrade every process to the working tree. Cancel: see Coordinator.run. Raises FlyhotError (nothing
    changed).
    """
    async with locked_site(project, patience, notify) as site:
        require_app(project)
        with telling_of_workers(project):
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
    site, attempt = await _attempts(site, target, options, direction, cold)
    machine, results = attempt.machine, attempt.results
    results = await _all_back(site, results, target, options, machine)
    ending = conclude(results, target=target, decision=machine.decision, interrupted=machine.interrupted)
    if attempt.trouble is not None:
        ending = replace(ending, error=attempt.trouble.document())
    ending, notes = await _look_for_newcomers(site, target, ending, results, notes)
    if machine.pids:
        notes += _record(site, action, target, old, ending, results)
    return UpgradeReport(action, ending.exit, ending.outcome, old, target, tuple(results), ending.error, notes)


@dataclass(frozen=True)
class _Attempt:
    """How the processes that were there went through it. `results` has one for each."""

    machine: Coordination
    results: list[Result]
    trouble: FlyhotError | None


async def _attempts(
    site: Site, target: str, options: Options, direction: Direction | None, cold: Frame | None
) -> tuple[Site, _Attempt]:
    """Until nobody comes up between the search for processes and the moment in which they have all prepared, and no
    server ends one of them before the decision."""
    for turn in range(1, ROUNDS + 1):
        try:
            if cold is None and any(process.release != target for process in site.fleet.processes):
                cold = await site.check(target)
            site = await site.found_again()
        except (ControlError, DeployError) as exc:
            site = await site.without_the_gone(exc)
            continue
        pending = [process for process in site.fleet.processes if process.release != target]
        same = await _compared(site, target)
        if pending and cold is None:
            continue  # it has just come up, and the release wants to be checked for it
        if pending:
            site.notify(Step(f"preparing {len(pending)} process{'es' if len(pending) > 1 else ''}"))
        coordinator = _coordinator(site, pending, target, options, cold or {}, direction)
        machine = await coordinator.run()
        if machine.outnumbered:
            site.notify(Fact("a process has come up meanwhile: once more, with it"))
        elif machine.only_lost(coordinator.left) and turn < ROUNDS:
            site.notify(Fact("a process was ended by its server meanwhile: once more, without it"))
        else:
            return site, _Attempt(machine, _results(site, machine, target, same), coordinator.trouble)
    raise DeployError(
        f"processes of this app came up or ended one after the other, {ROUNDS} times while the upgrade was prepared; "
        "nothing was changed",
        do="see why they are started anew all the time (their log), then deploy again",
    )


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
        patience=options.suspend_timeout,
        longest_wait=options.hold_budget / 4,
        anybody_new=lambda: _anybody_new(site, tx),
    )


async def _anybody_new(site: Site, tx: str) -> bool:
    return bool(await who_came_up(site.project, site.fleet.pids, site.patience, tx=tx))


async def _compared(site: Site, target: str) -> list[Result]:
    """The results of the processes that run the release: each compares itself with it."""
    there = [process for process in site.fleet.processes if process.release == target]
    if there:
        site.notify(Step("comparing what runs it already with the release"))
    return await _verified(site, there, target)


async def _verified(site: Site, processes: list[Status], target: str) -> list[Result]:
    sockets = [ControlSocket(one.pid, socket_path(site.project.runtime, one.pid)) for one in processes]
    asked = (ask(socket, {"verb": "verify"}, within=site.longest_check) for socket in sockets)
    answers = await asyncio.gather(*asked, return_exceptions=True)
    return [already_result(one.pid, target, answer) for one, answer in zip(processes, answers, strict=True)]


async def _all_back(
    site: Site, results: list[Result], target: str, options: Options, machine: Coordination
) -> list[Result]:
    """All or none: where one process found after the resume that it is not the release, and went back, so do the
    others. Raises nothing but for a bug: who can't be brought back runs the release, and its result says why."""
    if machine.decision != "commit" or not any(result["outcome"] == "rolled_back" for result in results):
        return results
    before = {process.pid: process.release for process in site.fleet.processes}
    done = {result["pid"] for result in results if result["outcome"] == "complete"}
    with contextlib.suppress(FlyhotError):  # one that is silent by now keeps nobody here
        site = await site.found_again()
    upgraded = [one for one in site.fleet.processes if one.pid in done or one.pid not in before]
    base = next(iter(before.values()))
    for old in sorted({before.get(one.pid, base) for one in upgraded}):
        there = [replace(one, release=target) for one in upgraded if before.get(one.pid, base) == old]
        site.notify(Step(f"going back: {len(there)} other process{'es' if len(there) > 1 else ''}"))
        try:
            cold = await site.check(old, there[0].pid)
            back = await _coordinator(site, there, old, options, cold, "down").run()
        except FlyhotError as exc:  # all is decided: no error may say that nothing was changed
            note = f"could not be brought back to {old[:12]}, and runs {target[:12]}: {exc.message}"
            for one in there:
                _note(results, one.pid, note)
            continue
        for result in results:
            if back.results.get(result["pid"], {}).get("outcome") == "complete":
                result |= {"outcome": "rolled_back", "verified": False, "error": first_error(results)}
    return results


def _note(results: list[Result], pid: int, note: str) -> None:
    for result in results:
        if result["pid"] == pid:
            result["notes"] = [*result.get("notes", ()), note]


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
    site: Site, target: str, ending: Ending, results: list[Result], notes: tuple[str, ...]
) -> tuple[Ending, tuple[str, ...]]:
    """A worker that was started meanwhile, and runs the release, gets its result among the `results`; one that has
    loaded something else makes this no success."""
    if ending.exit is not Exit.VERIFIED:
        return ending, notes
    try:
        fresh = await who_came_up(site.project, site.fleet.pids, site.patience)
        found = [one for one in fresh if isinstance(one, Status) and one.release == target and not one.joining]
        results += await _verified(site, found, target)
    except (FlyhotError, OSError) as exc:  # all is done: no error may say that nothing was changed
        return ending, (*notes, f"not looked for processes that were started meanwhile: {exc}")
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()  # all is done: a report is better than a shrug
        return ending, (
            *notes,
            "interrupted after the end: not looked for processes that were started meanwhile",
        )
    others = [one for one in fresh if one not in found]
    if not others:
        again = conclude(results, target=target, decision="commit")
        return (ending if again.exit is Exit.VERIFIED else again), notes
    first = others[0]
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
