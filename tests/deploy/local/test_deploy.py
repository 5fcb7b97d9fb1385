"""`hot` and `rollback` as functions: what happens in which order, and what stays when something fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.control.wire import Frame
from flyhot_asgi.errors import (
    ControlError,
    FlyhotError,
    HashMismatch,
    StoreError,
    StoreLocked,
    UnknownRelease,
    UpgradeRefused,
)
from flyhot_asgi.release.folder import FolderStore
from flyhot_deploy.config import Options, Patience, find_project
from flyhot_deploy.errors import DeployError, Exit, MixedReleases, NoProcess, UsageError, exit_of
from flyhot_deploy.local import deploy
from flyhot_deploy.local.progress import Fact, Step, nobody_listens
from flyhot_deploy.local.report import UpgradeReport
from flyhot_deploy.local.site import Site
from tests.deploy.fakes import FakeMachine, Faults, error

PATIENCE = Patience(status=5, base=5, check=5, plan=5, prepare=5, succession=1, margin=1)
OPTIONS = Options(suspend_timeout=5.0, http_drain=1.0, hold_budget=5.0, vote_timeout=1.0, extra={"k": "v"})


async def hot(options: Options = OPTIONS) -> UpgradeReport:
    return await deploy.hot(find_project(Path.cwd()), options, patience=PATIENCE, notify=nobody_listens)


async def rollback(named: str | None = None) -> UpgradeReport:
    return await deploy.rollback(find_project(Path.cwd()), OPTIONS, named, patience=PATIENCE, notify=nobody_listens)


async def test_the_working_tree_comes_to_every_process(
    machine: FakeMachine, edited: str, store: FolderStore, app: Path
) -> None:
    processes = [machine.start(edited) for _ in range(2)]
    report = await hot()
    assert (report.exit, report.outcome, report.old) == (Exit.VERIFIED, "complete", edited)
    assert report.new is not None
    assert [process.release for process in processes] == [report.new] * 2
    assert store.get_release(report.new).read("app.py") == (app / "app.py").read_bytes()
    assert [(entry.action, entry.release, entry.previous) for entry in store.history().entries] == [
        ("base", edited, None),
        ("hot", report.new, edited),
    ]
    assert [process["outcome"] for process in store.history().entries[1].processes] == ["complete"] * 2


async def test_a_process_is_told_all_that_it_needs(machine: FakeMachine, edited: str) -> None:
    first, second = machine.start(edited), machine.start(edited)
    report = await hot()
    verbs = [request["verb"] for request in first.requests]
    assert verbs == ["status", "status", "base", "check", "status", "upgrade"]
    request = first.requests[-1]
    assert request["release"] == report.new
    assert request["direction"] == "up"
    assert request["extra"] == {"k": "v"}
    assert request["cold"] == {"seen": report.new}
    assert request["options"] == {
        "suspend_timeout": 5.0,
        "http_drain": 1.0,
        "hold_budget": 5.0,
        "vote_timeout": 1.0,
    }
    assert second.requests[-1]["tx"] == request["tx"]
    assert "check" not in [request["verb"] for request in second.requests]


@pytest.mark.parametrize("verb", ["base", "check"])
async def test_a_worker_that_its_server_ends_meanwhile_stops_nobody(
    machine: FakeMachine, edited: str, verb: str
) -> None:
    ends, stays = machine.start(edited, Faults(dies_at=verb)), machine.start(edited)
    report = await hot()
    assert (report.exit, report.outcome) == (Exit.VERIFIED, "complete"), report.error
    assert [result["pid"] for result in report.processes] == [stays.pid]
    assert stays.release == report.new and ends.release == edited


async def test_the_last_one_that_ends_is_told(machine: FakeMachine, edited: str) -> None:
    machine.start(edited, Faults(dies_at="base"))
    with pytest.raises(FlyhotError, match="hung up without an answer") as caught:
        await hot()
    assert "nothing was changed" in str(caught.value.do)


async def test_a_tree_that_runs_everywhere_is_nothing_to_do(machine: FakeMachine, base: str) -> None:
    processes = [machine.start(base) for _ in range(2)]
    report = await hot()
    assert (report.exit, report.outcome) == (Exit.VERIFIED, "already")
    assert [result["outcome"] for result in report.processes] == ["already"] * 2
    assert all("upgrade" not in [one["verb"] for one in process.requests] for process in processes)


async def test_the_same_again_is_nothing_to_do_and_back_again_goes_down(
    machine: FakeMachine, edited: str, app: Path
) -> None:
    process = machine.start(edited)
    assert (await hot()).outcome == "complete"
    assert (await hot()).outcome == "already"
    (app / "app.py").write_text("def greet():\n    return 'one'\n")
    report = await hot()
    assert (report.outcome, report.new) == ("complete", edited)
    assert process.requests[-1]["direction"] == "down"


async def test_a_mixture_is_mended_and_who_has_it_is_left_alone(
    machine: FakeMachine, edited: str, store: FolderStore
) -> None:
    first = machine.start(edited)
    new = (await hot()).new
    late = machine.start(edited)
    report = await hot()
    assert report.exit is Exit.VERIFIED
    assert report.old is None
    assert [result["outcome"] for result in report.processes] == ["already", "complete"]
    assert (first.release, late.release) == (new, new)


@pytest.mark.parametrize(
    ("fault", "code"),
    [({"prepare": "refuse"}, 3), ({"hold": "fail"}, 1), ({"apply": "undo"}, 4), ({"apply": "die"}, 1)],
)
async def test_a_failure_leaves_all_on_the_old_release_and_is_in_the_history(
    machine: FakeMachine, edited: str, store: FolderStore, fault: dict[str, str], code: int
) -> None:
    good, bad = machine.start(edited), machine.start(edited, Faults(at=fault))
    report = await hot()
    assert report.exit == Exit(code)
    assert report.error is not None
    assert (good.release, bad.release) == (edited, edited)
    assert store.history().current == edited
    assert store.history().entries[-1].outcome == report.outcome


async def test_the_same_deploy_succeeds_once_the_reason_is_gone(machine: FakeMachine, edited: str) -> None:
    good, bad = machine.start(edited), machine.start(edited, Faults(at={"apply": "undo"}))
    assert (await hot()).exit is Exit.ROLLED_BACK
    bad.faults = Faults()
    report = await hot()
    assert report.exit is Exit.VERIFIED
    assert good.release == bad.release == report.new


async def test_lost_after_the_decision_is_mixed_and_names_the_process(
    machine: FakeMachine, edited: str, store: FolderStore
) -> None:
    _, bad = machine.start(edited), machine.start(edited, Faults(at={"commit": "die"}))
    report = await hot()
    assert (report.exit, report.outcome) == (Exit.MIXED, "mixed")
    assert report.error is not None
    assert f"process {bad.pid}" in report.error["message"]
    assert store.history().current == report.new


async def test_all_go_back_with_the_one_that_found_after_the_resume_that_it_is_not_the_release(
    machine: FakeMachine, edited: str, store: FolderStore
) -> None:
    good, bad = machine.start(edited), machine.start(edited, Faults(at={"commit": "undo"}))
    report = await hot()
    assert (report.exit, report.outcome) == (Exit.ROLLED_BACK, "rolled_back")
    assert good.release == bad.release == report.old and not any(one["verified"] for one in report.processes)
    assert report.error is not None and "code_change raised" in report.error["message"]
    assert [r["release"] for r in good.requests if r["verb"] == "upgrade"] == [report.new, report.old]
    assert store.history().current != report.new


async def test_who_can_not_be_brought_back_runs_the_release_and_that_is_said(
    machine: FakeMachine, edited: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error would say that nothing was changed."""
    good, _ = machine.start(edited), machine.start(edited, Faults(at={"commit": "undo"}))
    check = Site.check

    async def only_forward(self: Site, release: str, pid: int | None = None, **more: bool) -> Frame:
        if release == edited:
            raise ControlError("it was killed")
        return await check(self, release, pid, **more)

    monkeypatch.setattr(Site, "check", only_forward)
    report = await hot()
    assert (report.exit, report.outcome) == (Exit.MIXED, "mixed")
    (first, _) = report.processes
    assert good.release == report.new and "could not be brought back" in first["notes"][-1]
    assert report.error is not None and "code_change raised" in report.error["message"]


@pytest.mark.parametrize("trouble", [ControlError("not your folder"), PermissionError(13, "no")])
async def test_no_look_for_newcomers_is_a_note_to_an_upgrade_that_is_done(
    machine: FakeMachine, edited: str, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    process = machine.start(edited)
    found = deploy.who_came_up

    async def not_afterwards(*arguments: Any, **more: Any) -> Any:
        if process.release != edited:
            raise trouble
        return await found(*arguments, **more)

    monkeypatch.setattr(deploy, "who_came_up", not_afterwards)
    report = await hot()
    assert report.exit is Exit.VERIFIED and "not looked for processes" in report.notes[-1]


async def test_who_runs_the_release_already_is_compared_with_it(machine: FakeMachine, edited: str) -> None:
    one, other = machine.start(edited), machine.start(edited)
    assert (await hot()).exit is Exit.VERIFIED
    report = await hot()
    assert (report.exit, report.outcome) == (Exit.VERIFIED, "already")
    assert [result["verified"] for result in report.processes] == [True, True]
    other.faults = Faults(verify=error("verify", "process is not the release: app:x"))
    report = await hot()
    assert (report.exit, report.outcome) == (Exit.MIXED, "mixed")
    assert report.error is not None and "app:x" in report.error["message"]
    assert one.release == other.release == report.new


async def test_unverified_is_not_success(machine: FakeMachine, edited: str) -> None:
    machine.start(edited, Faults(at={"commit": "unverified"}))
    assert (await hot()).exit is Exit.MIXED


@pytest.mark.parametrize(
    ("faults", "code", "kind"),
    [
        (Faults(base=error("store", "disk full")), 1, "store"),
        (Faults(check=error("source", "invalid syntax", file="app.py", line=2)), 1, "source"),
        (Faults(check=error("refused", "needs a package that is not installed")), 3, "refused"),
    ],
)
async def test_what_a_process_reports_before_anything_is_held_ends_it(
    machine: FakeMachine, edited: str, faults: Faults, code: int, kind: str
) -> None:
    process = machine.start(edited, faults)
    with pytest.raises(DeployError) as caught:
        await hot()
    assert (exit_of(caught.value), caught.value.kind) == (Exit(code), kind)
    assert "upgrade" not in [request["verb"] for request in process.requests]


@pytest.mark.parametrize("how", ["hang", "die", "nonsense"])
async def test_a_process_that_does_not_answer_stops_the_deploy_before_it_begins(
    machine: FakeMachine, edited: str, how: str
) -> None:
    good, bad = machine.start(edited), machine.start(edited, Faults(status=how))
    project = find_project(Path.cwd())
    with pytest.raises(DeployError, match=f"process {bad.pid} runs this app and does not answer"):
        await deploy.hot(project, OPTIONS, patience=Patience(status=0.3), notify=nobody_listens)
    assert {request["verb"] for request in good.requests} == {"status"}


async def test_nobody_running_says_what_to_do_and_who_runs_elsewhere(app: Path, short_folder: Path) -> None:
    other = short_folder / "other"
    other.mkdir()
    with FakeMachine(other, app="poll") as elsewhere:
        elsewhere.start("a" * 64)
        with pytest.raises(NoProcess, match=str(app)) as caught:
            await hot()
    assert "HotUpgrade" in str(caught.value.do)
    assert f"poll in {other} (1 process)" in str(caught.value.detail)


async def test_a_folder_without_python_is_no_app(app: Path) -> None:
    (app / "app.py").unlink()
    with pytest.raises(UsageError, match="is no app"):
        await hot()


async def test_a_folder_emptied_under_a_running_app_is_no_release(machine: FakeMachine, base: str, app: Path) -> None:
    process = machine.start(base)
    (app / "app.py").unlink()
    with pytest.raises(UsageError, match="is no app"):
        await hot()
    assert process.release == base


async def test_two_deploys_at_once_the_second_is_told(machine: FakeMachine, edited: str, store: FolderStore) -> None:
    process = machine.start(edited)
    with store.locked(), pytest.raises(StoreLocked, match=r"pid .*, since") as caught:
        await hot()
    assert exit_of(caught.value) is Exit.LOCKED
    assert {request["verb"] for request in process.requests} == {"status"}
    assert (await hot()).exit is Exit.VERIFIED


async def test_a_store_that_can_not_be_written_is_one_clear_error(app: Path, edited: str) -> None:
    (app / "blocked").touch()
    with FakeMachine(app, store=app / "blocked" / "store") as machine:
        process = machine.start(edited)
        with pytest.raises(StoreError, match="can't be written"):
            await hot()
        assert process.release == edited


async def test_a_history_that_can_not_be_read_stops_the_deploy_before_anything_is_held(
    machine: FakeMachine, edited: str, store: FolderStore
) -> None:
    process = machine.start(edited)
    (store.path / "history.jsonl").write_text("rubbish\n")
    with pytest.raises(StoreError, match="line 1"):
        await hot()
    assert process.release == edited


async def test_a_history_that_can_not_be_written_afterwards_does_not_undo_what_happened(
    machine: FakeMachine, edited: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.start(edited)
    real = FolderStore.record

    def record(self: FolderStore, action: str, *rest: object, **more: object) -> object:
        if action == "hot":
            raise StoreError("disk full")
        return real(self, action, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(FolderStore, "record", record)
    report = await hot()
    assert report.exit is Exit.VERIFIED
    assert report.notes == ("the history was not written: disk full",)


async def test_processes_that_disagree_on_their_python_are_not_upgraded(machine: FakeMachine, edited: str) -> None:
    first = machine.start(edited)
    machine.python = "3.13.1"
    second = machine.start(edited)
    first.status = lambda: second.status() | {"python": "3.11.7", "pid": first.pid}  # type: ignore[method-assign]
    with pytest.raises(DeployError, match="don't agree on their python"):
        await hot()


async def test_the_release_is_packed_for_the_python_that_runs(
    machine: FakeMachine, edited: str, store: FolderStore
) -> None:
    machine.python = "3.13.1"
    machine.start(edited)
    report = await hot()
    assert report.new is not None
    assert store.get_release(report.new).manifest.python == "3.13"


async def test_files_that_were_left_out_are_noted(machine: FakeMachine, edited: str, app: Path) -> None:
    machine.start(edited)
    (app / "leak.py").symlink_to("/etc/hostname")
    report = await hot()
    assert report.notes == ("left out leak.py: a symbolic link that leaves the app's folder",)


async def test_a_deploy_tells_what_it_does(machine: FakeMachine, edited: str) -> None:
    machine.start(edited)
    told: list[Step | Fact] = []
    await deploy.hot(find_project(Path.cwd()), OPTIONS, patience=PATIENCE, notify=told.append)
    texts = [what.text for what in told]
    assert texts[0] == "finding the processes of this app"
    assert "applying, migrating, verifying" in texts
    assert any("2 files, release" in text for text in texts)


async def test_rollback_goes_to_the_release_before_and_leaves_the_files_alone(
    machine: FakeMachine, edited: str, store: FolderStore, app: Path
) -> None:
    processes = [machine.start(edited) for _ in range(2)]
    await hot()
    before = (app / "app.py").read_bytes()
    report = await rollback()
    assert (report.exit, report.new) == (Exit.VERIFIED, edited)
    assert [process.release for process in processes] == [edited] * 2
    assert processes[0].requests[-1]["direction"] == "down"
    assert (app / "app.py").read_bytes() == before
    assert store.history().entries[-1].action == "rollback"


async def test_rollback_to_a_named_release(machine: FakeMachine, edited: str, app: Path) -> None:
    process = machine.start(edited)
    second = (await hot()).new
    (app / "app.py").write_text("def greet():\n    return 'three'\n")
    await hot()
    assert (await rollback(edited[:10])).new == edited
    assert process.requests[-1]["direction"] == "down"
    assert second is not None
    assert (await rollback(second[:10])).new == second
    assert process.requests[-1]["direction"] == "up"


async def test_rollback_without_a_release_before(machine: FakeMachine, base: str) -> None:
    machine.start(base)
    with pytest.raises(DeployError, match="no release before"):
        await rollback()


async def test_rollback_to_an_unknown_release(machine: FakeMachine, base: str) -> None:
    machine.start(base)
    with pytest.raises(UnknownRelease):
        await rollback("feed")


async def test_rollback_of_a_mixture_must_be_told_where_to(machine: FakeMachine, edited: str) -> None:
    process = machine.start(edited)
    await hot()
    machine.start(edited)
    with pytest.raises(MixedReleases):
        await rollback()
    assert (await rollback(edited)).exit is Exit.VERIFIED
    assert process.release == edited


async def test_rollback_to_a_corrupt_release_changes_nothing(
    machine: FakeMachine, edited: str, store: FolderStore
) -> None:
    process = machine.start(edited)
    new = (await hot()).new
    (store.path / "releases" / f"{edited}.json").write_bytes(b"{}")
    with pytest.raises(HashMismatch):
        await rollback()
    assert process.release == new


async def test_rollback_to_a_release_of_another_python_is_refused(
    machine: FakeMachine, edited: str, store: FolderStore
) -> None:
    machine.start(edited)
    old = store.put_release({"app.py": b""}, python="3.9").digest
    with pytest.raises(UpgradeRefused, match=r"for Python 3\.9") as caught:
        await rollback(old)
    assert exit_of(caught.value) is Exit.REFUSED


async def test_an_app_that_was_started_anew_with_other_code_is_a_new_base(
    machine: FakeMachine, edited: str, store: FolderStore
) -> None:
    process = machine.start(edited)
    await hot()
    restarted = store.put_release({"app.py": b"restarted = True\n"}).digest
    process.release = restarted
    with pytest.raises(FlyhotError):
        await rollback("feed")
    last = store.history().entries[-1]
    assert (last.action, last.release) == ("base", restarted)
