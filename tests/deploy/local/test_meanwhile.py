"""Processes that come up while a deploy is under way: at each moment of it, with either release."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from flyhot_deploy.config import Patience
from flyhot_deploy.errors import DeployError, Exit
from flyhot_deploy.local import deploy
from flyhot_deploy.local.coordinate import Coordinator
from flyhot_deploy.local.site import Site
from tests.deploy.fakes import FakeMachine, FakeProcess, Faults, error
from tests.deploy.local import test_deploy
from tests.deploy.local.test_deploy import hot


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`around(cls, "method", before=…, after=…)`: what happens just then, each time."""

    def wrap(cls: type, name: str, *, before: Callable[[], Any] = int, after: Callable[[], Any] = int) -> None:
        real = getattr(cls, name)

        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            before()
            found = await real(*args, **kwargs)
            after()
            return found

        monkeypatch.setattr(cls, name, wrapped)

    return wrap


async def test_who_comes_up_before_it_is_prepared_takes_part(
    machine: FakeMachine, edited: str, around: Callable[..., None]
) -> None:
    machine.start(edited)
    around(Site, "check", after=lambda: machine.start(edited))
    report = await hot()
    assert (report.exit, len(report.processes)) == (Exit.VERIFIED, 2), report.error
    late = machine.processes[1]
    assert late.release == report.new
    assert [one.get("deploy") for one in late.requests if one["verb"] == "base"] == [True], "there is a way back"


async def test_who_comes_up_while_the_others_prepare_is_waited_for(
    machine: FakeMachine, edited: str, around: Callable[..., None]
) -> None:
    first = machine.start(edited)

    def one_more() -> None:
        if len(machine.processes) == 1:
            machine.start(edited)

    around(Coordinator, "_is_somebody_new", before=one_more)
    report = await hot()
    assert (report.exit, len(report.processes)) == (Exit.VERIFIED, 2), report.error
    assert first.told == ["abort", "suspend", "apply", "commit"], "nobody was held for the first attempt"
    first_try, second_try = (one["tx"] for one in first.requests if one["verb"] == "upgrade")
    assert first_try != second_try


async def test_where_somebody_comes_up_each_time_it_gives_up_and_says_so(
    machine: FakeMachine, edited: str, around: Callable[..., None]
) -> None:
    first = machine.start(edited)
    around(Coordinator, "_is_somebody_new", before=lambda: machine.start(edited))
    with pytest.raises(DeployError, match="came up or ended one after the other"):
        await hot()
    assert {process.release for process in machine.processes} == {edited}
    assert set(first.told) == {"abort"}


async def test_who_waits_for_the_decision_holds_up_nobody_and_is_reported(
    machine: FakeMachine, edited: str, around: Callable[..., None]
) -> None:
    first = machine.start(edited)

    def joins() -> None:
        late = machine.start(edited)
        late.state, late.joins = "joining", first.requests[-1]["tx"]

    def decided() -> None:
        late = machine.processes[1]
        late.release, late.state = first.release, "serving"

    around(Coordinator, "_is_somebody_new", before=joins)
    around(Coordinator, "run", after=decided)
    report = await hot()
    assert first.told == ["suspend", "apply", "commit"]
    assert (report.exit, [one["outcome"] for one in report.processes]) == (Exit.VERIFIED, ["complete", "already"])
    assert all(one["verified"] for one in report.processes)


async def test_who_has_joined_and_is_not_the_release_makes_it_mixed(
    machine: FakeMachine, edited: str, around: Callable[..., None]
) -> None:
    first = machine.start(edited)
    wrong = Faults(verify=error("verify", "process is not the release: app:x"))
    around(Coordinator, "run", after=lambda: machine.start(first.release, wrong))
    report = await hot()
    assert report.exit is Exit.MIXED
    assert report.error is not None and "app:x" in report.error["message"]


async def test_a_worker_that_came_up_with_other_code_makes_it_mixed(
    machine: FakeMachine, edited: str, around: Callable[..., None]
) -> None:
    machine.start(edited)
    around(Coordinator, "run", after=lambda: machine.start(edited))
    report = await hot()
    assert report.exit is Exit.MIXED
    assert report.error is not None
    assert "was started during the upgrade" in report.error["message"]


async def test_who_joins_just_now_is_waited_for_before_anything_begins(machine: FakeMachine, edited: str) -> None:
    machine.start(edited)
    late = machine.start(edited)
    late.state = "joining"
    deploying = asyncio.create_task(hot())
    async with asyncio.timeout(20):
        while len(late.requests) < 3:
            await asyncio.to_thread(late.reached["prepare"].wait, 0.01)
    assert {one["verb"] for one in late.requests} == {"status"}
    late.state = "serving"
    report = await deploying
    assert (report.exit, len(report.processes)) == (Exit.VERIFIED, 2)


async def test_who_joins_for_ever_stops_the_deploy_before_it_begins(
    machine: FakeMachine, edited: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, late = machine.start(edited), machine.start(edited)
    late.state = "joining"
    monkeypatch.setattr(test_deploy, "PATIENCE", Patience(join=0.2))
    with pytest.raises(DeployError, match=f"process {late.pid} has been started, and has not joined"):
        await hot()
    assert {one["verb"] for one in good.requests} == {"status"}


async def test_who_joined_goes_back_with_the_others(
    machine: FakeMachine, edited: str, around: Callable[..., None]
) -> None:
    good, bad = machine.start(edited), machine.start(edited, Faults(at={"commit": "undo"}))
    late: list[FakeProcess] = []

    def joined() -> None:
        if not late:
            late.append(machine.start(good.release))

    around(Coordinator, "run", after=joined)
    report = await hot()
    assert report.exit is Exit.ROLLED_BACK
    assert [process.release for process in (good, bad, *late)] == [edited] * 3


async def test_a_broken_off_look_after_the_end_is_a_note(
    machine: FakeMachine, edited: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.start(edited)
    looking = asyncio.Event()

    async def look(*args: object, **kwargs: object) -> list[Any]:
        if "tx" in kwargs:
            return []
        looking.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(deploy, "who_came_up", look)
    deploying = asyncio.create_task(hot())
    await looking.wait()
    deploying.cancel()
    report = await deploying
    assert report.exit is Exit.VERIFIED and any("interrupted after the end" in note for note in report.notes)


async def test_a_break_while_it_looks_calls_it_off(
    machine: FakeMachine, edited: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, looking = machine.start(edited), asyncio.Event()

    async def look(*args: object, **kwargs: object) -> list[Any]:
        looking.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(deploy, "who_came_up", look)
    deploying = asyncio.create_task(hot())
    await looking.wait()
    deploying.cancel()
    report = await deploying
    assert report.exit is Exit.INTERRUPTED and process.release == edited
