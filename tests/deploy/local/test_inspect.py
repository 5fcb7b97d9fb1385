from __future__ import annotations

from pathlib import Path

import pytest

from flyhot_asgi.release.folder import FolderStore
from flyhot_deploy.config import Patience, find_project
from flyhot_deploy.errors import Exit, NoProcess, UsageError
from flyhot_deploy.local import inspect
from flyhot_deploy.local.progress import nobody_listens
from flyhot_deploy.local.report import HistoryReport, PlanReport, StatusReport
from tests.deploy.fakes import FakeMachine, Faults, error

PATIENCE = Patience(status=0.5)
REFUSAL = {
    "module": "app",
    "file": "app.py",
    "line": 4,
    "name": "Player",
    "reason": "slots",
    "do": "deploy cold",
}


async def plan() -> PlanReport:
    return await inspect.plan(find_project(Path.cwd()), patience=PATIENCE, notify=nobody_listens)


async def status() -> StatusReport:
    return await inspect.status(find_project(Path.cwd()), patience=PATIENCE)


async def history() -> HistoryReport:
    return await inspect.history(find_project(Path.cwd()), patience=PATIENCE)


async def test_a_plan_asks_every_process_and_changes_none(
    machine: FakeMachine, edited: str, store: FolderStore
) -> None:
    processes = [machine.start(edited) for _ in range(2)]
    report = await plan()
    assert (report.exit, report.outcome, report.old) == (Exit.VERIFIED, "hot", edited)
    assert [pid for pid, _ in report.plans] == [process.pid for process in processes]
    assert all(process.release == edited for process in processes)
    assert all("upgrade" not in [one["verb"] for one in process.requests] for process in processes)
    assert store.history().entries == ()
    assert report.document()["plan"]["steps"][0]["action"] == "swap"


async def test_a_plan_needs_no_lock(machine: FakeMachine, edited: str, store: FolderStore) -> None:
    machine.start(edited)
    with store.locked():
        assert (await plan()).outcome == "hot"


async def test_a_plan_of_no_change_says_so(machine: FakeMachine, base: str) -> None:
    machine.start(base)
    assert ((await plan()).outcome, (await plan()).exit) == ("already", Exit.VERIFIED)


@pytest.mark.parametrize("reply", [None, error("refused", "can't")])
async def test_a_plan_with_a_refusal_is_refused(machine: FakeMachine, edited: str, reply: dict[str, object]) -> None:
    machine.start(edited)
    machine.start(edited, Faults(plan=reply, plan_more={"refusals": [REFUSAL]}))
    report = await plan()
    assert (report.exit, report.outcome) == (Exit.REFUSED, "refused")


async def test_a_plan_that_can_not_be_made_says_why(machine: FakeMachine, edited: str) -> None:
    machine.start(edited, Faults(plan=error("source", "invalid syntax", file="app.py", line=2)))
    report = await plan()
    assert report.exit is Exit.FAILED
    assert report.error is not None
    assert (report.error["file"], report.error["line"]) == ("app.py", 2)


async def test_a_plan_also_finds_a_release_that_does_not_import(machine: FakeMachine, edited: str) -> None:
    machine.start(edited, Faults(check=error("source", "ZeroDivisionError", file="app.py", line=1)))
    report = await plan()
    assert (report.exit, report.outcome) == (Exit.FAILED, "failed")


async def test_status_of_processes_that_agree(machine: FakeMachine, base: str) -> None:
    machine.start(base), machine.start(base)
    report = await status()
    assert report.exit is Exit.VERIFIED
    document = report.document()
    assert (document["outcome"], document["release"], len(document["processes"])) == ("running", base, 2)


async def test_status_of_a_mixture_is_not_fine(machine: FakeMachine, base: str) -> None:
    machine.start(base), machine.start("f" * 64)
    report = await status()
    assert (report.exit, report.document()["outcome"], report.document()["release"]) == (
        Exit.MIXED,
        "mixed",
        None,
    )


async def test_status_with_a_silent_process_is_in_doubt(machine: FakeMachine, base: str) -> None:
    _, silent = machine.start(base), machine.start(base, Faults(status="hang"))
    report = await status()
    assert (report.exit, report.document()["outcome"]) == (Exit.MIXED, "in_doubt")
    assert report.document()["processes"][-1]["pid"] == silent.pid


async def test_status_of_nobody(app: Path) -> None:
    with pytest.raises(NoProcess):
        await status()
    (app / "app.py").unlink()
    with pytest.raises(UsageError):
        await status()


async def test_history_of_an_app_that_does_not_run(store: FolderStore) -> None:
    store.record("base", "A", previous=None, outcome="complete")
    report = await history()
    assert [entry.release for entry in report.entries] == ["A"]
    assert report.running is None


async def test_history_of_an_app_that_runs_is_that_of_its_store(app: Path, base: str, short_folder: Path) -> None:
    other = FolderStore(short_folder / "store", app="app")
    other.record("base", base, previous=None, outcome="complete")
    with FakeMachine(app, store=other.path) as machine:
        machine.start(base)
        report = await history()
    assert [entry.release for entry in report.entries] == [base]
    assert report.running == base


async def test_history_of_nothing(app: Path) -> None:
    assert (await history()).entries == ()
    (app / "app.py").unlink()
    with pytest.raises(UsageError):
        await history()
