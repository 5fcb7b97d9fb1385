"""Deploys over a fleet of real agents: what every machine runs afterwards, and what was said of it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from flyhot_deploy.errors import Exit
from flyhot_deploy.fleet import conduct
from flyhot_deploy.fleet.members import Members
from flyhot_deploy.fleet.orders import report_of
from flyhot_deploy.fleet.recover import recover
from flyhot_deploy.fleet.report import conclude, first_error, machine_documents
from flyhot_deploy.fleet.rollout import Rollout
from flyhot_deploy.repository.lease import acquire
from flyhot_deploy.store.base import ObjectStoreError
from tests.deploy.fleet.lab import IMAGE, Fleet, fleet_of, release_of, with_bounds

THREE = ("a", "b", "c")
TWO = release_of("two\n")


async def test_a_deploy_reaches_every_machine_and_moves_the_pointer(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, *THREE) as fleet:
        done = await fleet.deploy("two\n")
        assert conclude(done.rollout) == (Exit.VERIFIED, "complete")
        assert set(fleet.running().values()) == {TWO}
        current = fleet.current()
        assert current is not None and current.release == TWO
        assert all(document["verified"] for document in machine_documents(done.rollout, TWO))
        await fleet.until(lambda: not any(agent.memory.provisional for agent in fleet.agents.values()))


async def test_without_exec_the_machines_find_out_by_themselves(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, *THREE) as fleet:
        fleet.exec_works = False
        done = await fleet.deploy("two\n", strategy="all")
        assert conclude(done.rollout)[0] is Exit.VERIFIED and any("exec" in note for note in done.notes)


async def test_who_is_left_alone_is_not_taken_for_one_that_came_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conduct, "LIST_SECONDS", 0.01)
    async with fleet_of(tmp_path, "a", "w") as fleet:
        await fleet.kill_agent("w")
        fleet.aside = frozenset({"w"})
        done = await fleet.deploy("two\n", bounds=with_bounds(bake=0.3))
        assert conclude(done.rollout)[0] is Exit.VERIFIED and done.rollout.machines == ["a"]
        assert fleet.execs == ["a"]


@pytest.mark.parametrize("step", ["stage", "vote"])
async def test_one_refusal_leaves_all_on_the_old_release(tmp_path: Path, step: str) -> None:
    async with fleet_of(tmp_path, *THREE) as fleet:
        fleet.workers["b"].fault = step
        done = await fleet.deploy("two\n")
        assert conclude(done.rollout) == (Exit.REFUSED, "refused")
        assert set(fleet.running().values()) == {fleet.base} and fleet.current() is None
        error = first_error(done.rollout)
        assert "machine b refuses" in error["message"] and error["line"] == 3
        fleet.workers["b"].fault = ""
        assert conclude((await fleet.deploy("two\n")).rollout)[0] is Exit.VERIFIED, "the same again succeeds"


def test_no_rollout_ends_badly_without_a_word() -> None:
    rollout = Rollout(["a", "b"])
    rollout.words["b"] = "prepared"
    error = first_error(rollout, "mixed")
    assert "'mixed'" in error["message"] and "b: prepared" in error["message"] and error["do"]


async def test_a_machine_that_says_nothing_is_unknown(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, *THREE) as fleet:
        fleet.workers["c"].fault = "hang vote"
        done = await fleet.deploy("two\n", bounds=with_bounds(prepare=2.0))
        assert conclude(done.rollout) == (Exit.FAILED, "failed")
        outcomes = {document["machine"]: document["outcome"] for document in machine_documents(done.rollout, TWO)}
        assert outcomes == {"a": "aborted", "b": "aborted", "c": "unknown"}


async def test_a_sick_canary_is_rolled_back_and_the_rest_never_touched(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, *THREE) as fleet:
        fleet.workers["a"].fault = "sick"
        done = await fleet.deploy("two\n", bounds=with_bounds(bake=1.0))
        assert conclude(done.rollout) == (Exit.ROLLED_BACK, "rolled_back")
        assert set(fleet.running().values()) == {fleet.base}
        assert fleet.workers["b"].moves == [] and fleet.workers["a"].moves == [TWO, fleet.base]


async def test_one_that_undoes_it_takes_the_others_back(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, *THREE) as fleet:
        fleet.workers["c"].fault = "undo"
        done = await fleet.deploy("two\n", strategy="all")
        assert conclude(done.rollout) == (Exit.ROLLED_BACK, "rolled_back")
        assert set(fleet.running().values()) == {fleet.base} and fleet.current() is None


async def test_the_platform_stops_a_machine_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flyhot_deploy.fleet.conduct.LIST_SECONDS", 0.05)
    async with fleet_of(tmp_path, *THREE) as fleet:
        fleet.workers["b"].alive = False
        fleet.states["b"] = "stopped"
        deploy = asyncio.ensure_future(fleet.deploy("two\n", bounds=with_bounds(bake=0.3)))
        fleet.states["b"] = "started"
        await asyncio.sleep(0.2)
        fleet.states["b"] = "stopped"
        done = await deploy
        assert conclude(done.rollout)[0] is Exit.VERIFIED
        fleet.states["b"], fleet.workers["b"].alive = "started", True
        await fleet.until(lambda: fleet.workers["b"].releases == [TWO])


async def test_a_dead_deployer_before_the_decision_leaves_nothing(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, *THREE) as fleet:
        fleet.workers["c"].fault = "hang vote"
        await abandon(fleet, lambda: fleet.agents["a"].memory.word == "prepared", prepared_for=0.3)
        await fleet.until(lambda: fleet.agents["a"].memory.word == "failed")
        assert set(fleet.running().values()) == {fleet.base}
        assert fleet.repository.decision(fleet.agents["a"].memory.deploy) == "abort"


async def test_a_dead_deployer_after_the_decision_is_taken_back_by_the_machines(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, *THREE) as fleet:
        await abandon(fleet, lambda: fleet.workers["a"].releases == [TWO], bake=60.0, provisional_for=0.4)
        await fleet.until(lambda: set(fleet.running().values()) == {fleet.base})
        assert fleet.repository.verdict(fleet.agents["a"].memory.deploy) == "reverted"
        assert fleet.current() is None


async def test_the_same_with_the_bucket_gone(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, *THREE) as fleet:
        await abandon(fleet, lambda: fleet.workers["a"].releases == [TWO], bake=60.0, provisional_for=0.5)
        fleet.store.faults.unavailable = lambda key: True
        await fleet.until(lambda: set(fleet.running().values()) == {fleet.base})


async def test_an_agent_that_dies_in_between_goes_on(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, *THREE) as fleet:
        deploy = asyncio.ensure_future(fleet.deploy("two\n", bounds=with_bounds(bake=0.3)))
        await fleet.until(lambda: fleet.agents["b"].memory.word == "prepared")
        await fleet.kill_agent("b")
        fleet.start_agent("b")
        await fleet.until(lambda: fleet.workers["b"].releases == [TWO])
        await fleet.kill_agent("b")
        fleet.start_agent("b")
        assert conclude((await deploy).rollout)[0] is Exit.VERIFIED
        await fleet.until(lambda: not fleet.agents["b"].memory.provisional)


async def test_a_machine_that_restarts_meanwhile_does_it_anew(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, *THREE) as fleet:
        deploy = asyncio.ensure_future(fleet.deploy("two\n", bounds=with_bounds(bake=1.0)))
        await fleet.until(lambda: fleet.agents["a"].memory.word == "verified")
        fleet.workers["a"].releases = [fleet.base]  # its image again
        await fleet.until(lambda: fleet.workers["a"].releases == [TWO])
        assert conclude((await deploy).rollout)[0] is Exit.VERIFIED


async def test_one_conditional_get_a_look_when_nothing_goes_on(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "a") as fleet:
        await fleet.deploy("two\n")
        await fleet.until(lambda: not fleet.agents["a"].memory.provisional)
        await fleet.kill_agent("a")
        await fleet.agents["a"].turn()
        fleet.store.calls.clear()
        await fleet.agents["a"].turn()
        assert fleet.store.calls == [("get", fleet.repository.keys.pointer)]


async def test_a_store_that_is_lost_after_the_decision_is_in_doubt_and_never_a_mere_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flyhot_deploy.fleet.conduct.STORE_TRIES", 2)
    async with fleet_of(tmp_path, *THREE) as fleet:
        deploy = asyncio.ensure_future(fleet.deploy("two\n", strategy="all", ttl=1.0, bounds=with_bounds(bake=0.5)))
        await fleet.until(lambda: set(fleet.running().values()) == {TWO})
        fleet.store.faults.unavailable = lambda key: True
        with contextlib.suppress(ObjectStoreError):  # the lock can't be given back either
            await deploy
        conductor = fleet.last
        assert conductor.lost is not None and conductor.rollout.going
        report = report_of(conductor, conductor.rollout, "hot", conductor.read.pointer, Members(), IMAGE)
        assert (report.exit, report.outcome) == (Exit.MIXED, "in_doubt")
        await fleet.until(lambda: set(fleet.running().values()) == {fleet.base}, 10)
        fleet.store.faults.unavailable = lambda key: False
        lease = await asyncio.to_thread(acquire, fleet.store, fleet.repository.keys.lock, "next", ttl=1.0, timeout=10.0)
        await asyncio.to_thread(recover, fleet.repository, lease, ())
        lease.release()
        assert conclude((await fleet.deploy("two\n")).rollout)[0] is Exit.VERIFIED


async def abandon(fleet: Fleet, when: object, **offer: float) -> None:
    """Begin a deploy, and drop dead when that is so."""
    lease = await asyncio.to_thread(acquire, fleet.store, fleet.repository.keys.lock, "dead", ttl=30.0)
    conductor = fleet.conductor("two\n", lease, strategy="all", bounds=with_bounds(bake=60.0), **offer)
    task = asyncio.ensure_future(conductor.run())
    await fleet.until(when)
    conductor._events.put_nowait(None)  # type: ignore[arg-type]
    await asyncio.gather(task, return_exceptions=True)


async def test_an_app_that_says_it_is_ill_goes_back(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "a", "b") as fleet:
        fleet.workers["a"].fault = "ill"
        done = await fleet.deploy("two\n", bounds=with_bounds(bake=1.0))
        assert conclude(done.rollout)[0] is Exit.ROLLED_BACK and "it hurts" in str(first_error(done.rollout))
        outcomes = {one["machine"]: one["outcome"] for one in machine_documents(done.rollout, TWO)}
        assert outcomes == {"a": "rolled_back", "b": "aborted"}
        assert set(fleet.running().values()) == {fleet.base}


async def test_one_that_was_ill_before_is_not_held_against_the_release(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "a") as fleet:
        fleet.workers["a"].fault = "always ill"
        done = await fleet.deploy("two\n", bounds=with_bounds(bake=0.3))
        assert conclude(done.rollout)[0] is Exit.VERIFIED
