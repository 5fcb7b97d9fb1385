"""Workers that their server ends (`--max-requests`) while a deploy is under way say so, and it goes on without them."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from flyhot_asgi.control.crew import Crew, _named
from flyhot_deploy.config import find_project
from flyhot_deploy.errors import DeployError, Exit, NoProcess
from flyhot_deploy.local import deploy
from flyhot_deploy.local.coordination import Coordination, Finished, Interrupted, Lost
from flyhot_deploy.local.progress import Fact, Step
from tests.deploy.fakes import FakeMachine, FakeProcess, Faults
from tests.deploy.local.test_deploy import OPTIONS, PATIENCE, error, hot

LONGER = replace(PATIENCE, succession=20.0)
"""Where successors come: a busy machine may start them late."""


@pytest.mark.parametrize("station", ["prepare", "hold", "apply"])
async def test_a_worker_that_its_server_ends_during_the_upgrade_stops_nobody(
    machine: FakeMachine, edited: str, station: str
) -> None:
    """It says that it leaves; who is killed says nothing, and may have been killed by the release."""
    ends, stays = machine.start(edited, Faults(at={station: "leave"})), machine.start(edited)
    report = await hot()
    assert (report.exit, report.outcome) == (Exit.VERIFIED, "complete"), report.error
    assert [result["pid"] for result in report.processes] == [stays.pid]
    assert stays.release == report.new and ends.release == edited
    assert len({request["tx"] for request in stays.requests if request["verb"] == "upgrade"}) == 2


async def test_who_leaves_after_the_decision_is_not_known_to_run_the_release(machine: FakeMachine, edited: str) -> None:
    machine.start(edited, Faults(at={"commit": "leave"}))
    stays = machine.start(edited)
    report = await hot()
    assert (report.exit, stays.release) == (Exit.MIXED, report.new)


@pytest.mark.parametrize("faults", [Faults(dies_at="base"), Faults(dies_at="check"), Faults(at={"hold": "leave"})])
async def test_where_all_workers_end_at_once_their_successors_are_waited_for(
    machine: FakeMachine, edited: str, faults: Faults
) -> None:
    one, other = machine.start(edited, faults), machine.start(edited, faults)
    later: list[FakeProcess] = []

    def notify(progress: Step | Fact) -> None:
        if progress.text.startswith("every process has gone") and not later:
            threading.Timer(0.3, lambda: later.append(machine.start(edited))).start()

    report = await deploy.hot(find_project(Path.cwd()), OPTIONS, patience=LONGER, notify=notify)
    assert (report.exit, report.outcome) == (Exit.VERIFIED, "complete"), report.error
    assert [result["pid"] for result in report.processes] == [later[0].pid]
    assert one.release == other.release == edited


async def test_a_deploy_that_begins_as_all_workers_have_ended_waits_for_those_that_come(
    machine: FakeMachine, edited: str
) -> None:
    """Their server runs: a note of theirs is under its name."""
    crew = Crew(machine.runtime, _named(os.getpid()))
    crew.settle(edited)
    later = threading.Timer(0.3, machine.start, (edited,))
    later.start()
    report = await deploy.hot(find_project(Path.cwd()), OPTIONS, patience=LONGER, notify=lambda progress: None)
    assert (report.exit, len(report.processes)) == (Exit.VERIFIED, 1), report.error


async def test_where_the_server_is_gone_nobody_is_waited_for(machine: FakeMachine, edited: str) -> None:
    Crew(machine.runtime, "1-1").settle(edited)
    began = time.monotonic()
    with pytest.raises(NoProcess):
        await hot()
    assert time.monotonic() - began < PATIENCE.succession


@pytest.mark.parametrize(
    ("left", "result", "only"),
    [
        ({1}, {"outcome": "aborted", "error": {"message": "the deployer said stop"}}, True),
        (set(), {"outcome": "aborted", "error": None}, False),
        ({1}, {"outcome": "failed", "error": {"message": "busy"}}, False),
        ({1}, {"outcome": "rolled_back", "error": {"message": "code_change raised"}}, False),
    ],
)
def test_it_begins_anew_only_if_nothing_else_was_wrong(left: set[int], result: dict[str, object], only: bool) -> None:
    machine = Coordination([1, 2])
    machine.receive(Lost(1, "was ended by its server"))
    machine.receive(Finished(2, result))
    assert machine.only_lost(left) is only


def test_who_broke_it_off_wants_no_second_attempt() -> None:
    machine = Coordination([1, 2])
    machine.receive(Interrupted())
    machine.receive(Lost(1, "was ended by its server"))
    machine.receive(Finished(2, {"outcome": "aborted"}))
    assert not machine.only_lost({1})


async def test_what_a_server_does_with_a_release_that_nobody_took_is_told(machine: FakeMachine, edited: str) -> None:
    """Its files lie in the folder, and a worker that is started imports them; unless it comes up with what stands."""
    machine.start(edited, Faults(check=error("source", "invalid syntax", file="app.py", line=2)))
    crew = Crew(machine.runtime, _named(os.getpid()))
    crew.settle(edited)
    with pytest.raises(DeployError) as found:
        await hot()
    assert "a worker that its server starts meanwhile imports these files" in str(found.value.do)
    crew.stand()
    with pytest.raises(DeployError) as found:
        await hot()
    assert "a worker" not in str(found.value.do)
