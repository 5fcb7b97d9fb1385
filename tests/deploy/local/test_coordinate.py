"""The driver against processes on real sockets, each failing in its own way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from flyhot_asgi.control.decision import Decision, Decisions, decisions_dir
from flyhot_asgi.control.paths import ControlSocket, socket_path
from flyhot_asgi.errors import ControlError
from flyhot_deploy.local.coordinate import Coordinator
from flyhot_deploy.local.coordination import Coordination, Phase
from flyhot_deploy.local.outcome import result_of
from flyhot_deploy.local.progress import nobody_listens
from tests.deploy.fakes import FakeMachine, Faults

OLD, NEW = "a" * 64, "b" * 64


def coordinator(
    machine: FakeMachine,
    *,
    bound: float = 10.0,
    bounds: dict[Phase, float] | None = None,
    decide: Callable[[], Decision] | None = None,
) -> Coordinator:
    decisions = Decisions(decisions_dir(machine.runtime))
    request = {"verb": "upgrade", "release": NEW, "tx": "tx", "direction": "up"}
    pids = [process.pid for process in machine.processes]
    return Coordinator(
        sockets={pid: ControlSocket(pid, socket_path(machine.runtime, pid)) for pid in pids},
        requests={pid: request for pid in pids},
        bounds={phase: bound for phase in Phase} | (bounds or {}),
        decide=decide or (lambda: decisions.decide("tx", "commit")),
        read_result=lambda pid, frame, prepared: result_of(pid, frame, OLD, NEW, prepared=prepared),
        notify=nobody_listens,
    )


def outcomes(findings: Coordination) -> list[Any]:
    return [findings.results.get(pid, {}).get("outcome", "lost") for pid in findings.pids]


async def test_all_are_upgraded_together(machine: FakeMachine) -> None:
    processes = [machine.start(OLD) for _ in range(3)]
    findings = await coordinator(machine).run()
    assert outcomes(findings) == ["complete"] * 3
    assert [process.release for process in processes] == [NEW] * 3
    assert all(process.told == ["suspend", "apply", "commit"] for process in processes)


@pytest.mark.parametrize("station", ["prepare", "hold", "apply"])
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("refuse", "refused"),
        ("fail", "failed"),
        ("undo", "rolled_back"),
        ("die", "lost"),
        ("nonsense", "unknown"),
    ],
)
async def test_one_that_fails_before_the_decision_leaves_all_on_the_old_release(
    machine: FakeMachine, station: str, fault: str, outcome: str
) -> None:
    good, bad = machine.start(OLD), machine.start(OLD, Faults(at={station: fault}))
    findings = await coordinator(machine).run()
    assert findings.decision == "abort"
    assert outcomes(findings) == ["aborted", outcome]
    assert good.told[-1] == "abort"
    assert (good.release, bad.release) == (OLD, OLD)
    assert Decisions(decisions_dir(machine.runtime)).standing("tx") is None


@pytest.mark.parametrize("station", ["prepare", "hold", "apply"])
async def test_one_that_hangs_is_given_up_and_the_others_go_back(machine: FakeMachine, station: str) -> None:
    good, _ = machine.start(OLD), machine.start(OLD, Faults(at={station: "hang"}))
    findings = await coordinator(machine, bound=0.3).run()
    assert outcomes(findings)[1] == "lost"
    assert "gave no answer within 0.3 s" in findings.lost[findings.pids[1]]
    assert good.told[-1] == "abort"
    assert good.release == OLD


@pytest.mark.parametrize("late", [1, 2])
async def test_nobody_is_held_while_another_one_gathers_for_long(machine: FakeMachine, late: int) -> None:
    gathered = threading.Event()
    quick = machine.start(OLD)
    slow = [machine.start(OLD, Faults(late=gathered)) for _ in range(late)]
    driver = coordinator(machine)
    driver.patience = 10.0
    running = asyncio.create_task(driver.run())
    async with asyncio.timeout(20):
        while "resume" not in quick.told:  # noqa: ASYNC110 (a process tells nobody)
            await asyncio.sleep(0.005)
    gathered.set()
    findings = await running
    assert outcomes(findings) == ["complete"] * (late + 1)
    for process in (quick, *slow):
        words = " ".join(process.told).replace("suspend resume ", "")
        assert words == "suspend apply commit"


async def test_one_that_is_late_for_all_the_time_there_is_gives_up_for_all(machine: FakeMachine) -> None:
    quick, _ = machine.start(OLD), machine.start(OLD, Faults(at={"hold": "hang"}))
    driver = coordinator(machine, bounds={Phase.SUSPEND: 0.4})
    driver.patience = 0.3
    findings = await driver.run()
    assert outcomes(findings) == ["aborted", "lost"]
    assert quick.told[-2:] == ["resume", "abort"] and quick.release == OLD


async def test_one_that_dies_after_the_decision_does_not_take_the_others_with_it(
    machine: FakeMachine,
) -> None:
    good, _ = machine.start(OLD), machine.start(OLD, Faults(at={"commit": "die"}))
    findings = await coordinator(machine).run()
    assert findings.decision == "commit"
    assert outcomes(findings) == ["complete", "lost"]
    assert good.release == NEW


async def test_one_that_hangs_after_the_decision_is_given_up(machine: FakeMachine) -> None:
    machine.start(OLD), machine.start(OLD, Faults(at={"commit": "hang"}))
    findings = await coordinator(machine, bounds={Phase.COLLECT: 0.3}).run()
    assert outcomes(findings) == ["complete", "lost"]


async def test_a_process_that_decided_to_abort_first_is_obeyed(machine: FakeMachine) -> None:
    processes = [machine.start(OLD), machine.start(OLD, Faults(votes_no=True))]
    findings = await coordinator(machine).run()
    assert findings.decision == "abort"
    assert outcomes(findings) == ["aborted", "aborted"]
    assert all(process.told[-1] == "abort" for process in processes)


async def test_a_decision_that_can_not_be_written_down_is_an_abort(machine: FakeMachine) -> None:
    def refuse() -> Decision:
        raise ControlError("disk full")

    processes = [machine.start(OLD) for _ in range(2)]
    driver = coordinator(machine, decide=refuse)
    findings = await driver.run()
    assert findings.decision == "abort"
    assert driver.trouble is not None and driver.trouble.message == "disk full"
    assert all(process.told[-1] == "abort" and process.release == OLD for process in processes)


@pytest.mark.parametrize("station", ["prepare", "hold", "apply"])
async def test_cancelling_before_the_decision_tells_everybody_to_abort(machine: FakeMachine, station: str) -> None:
    good, slow = machine.start(OLD), machine.start(OLD, Faults(at={station: "hang"}))
    driver = coordinator(machine, bounds={Phase.COLLECT: 0.3})
    task = asyncio.create_task(driver.run())
    for process in (good, slow):
        await asyncio.to_thread(process.reached[station].wait, 10)
    task.cancel()
    findings = await task
    assert findings.interrupted
    assert good.told[-1] == "abort"
    assert good.release == OLD


async def test_cancelling_after_the_decision_waits_for_the_end(machine: FakeMachine) -> None:
    process = machine.start(OLD)
    task: asyncio.Task[Coordination]

    def decide() -> Decision:
        task.cancel()
        return "commit"

    task = asyncio.create_task(coordinator(machine, decide=decide).run())
    findings = await task
    assert not findings.interrupted
    assert outcomes(findings) == ["complete"]
    assert process.release == NEW


async def test_a_process_that_is_gone_before_we_speak_is_lost(machine: FakeMachine) -> None:
    good, gone = machine.start(OLD), machine.start(OLD)
    machine.call(gone.stop())
    findings = await coordinator(machine).run()
    assert outcomes(findings) == ["aborted", "lost"]
    assert good.release == OLD


async def test_no_connection_and_no_task_is_left_behind(machine: FakeMachine) -> None:
    machine.start(OLD), machine.start(OLD, Faults(at={"hold": "hang"}))
    await coordinator(machine, bound=0.2).run()
    assert asyncio.all_tasks() == {asyncio.current_task()}
