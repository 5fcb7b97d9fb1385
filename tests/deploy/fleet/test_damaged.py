"""Objects in the bucket that somebody has damaged, replayed, or written by himself: one clear refusal, a way on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.errors import FlyhotError, ManifestError
from flyhot_deploy.environment import Place
from flyhot_deploy.errors import Exit
from flyhot_deploy.fleet.ask import status
from flyhot_deploy.fleet.options import FleetOptions
from flyhot_deploy.fleet.orders import Fleet as Orders
from flyhot_deploy.fleet.orders import _recover
from flyhot_deploy.fleet.report import conclude, first_error, machine_documents
from flyhot_deploy.fleet.said import read_report, read_status
from flyhot_deploy.release.signing import KeyRing
from flyhot_deploy.repository.lease import acquire, break_lock
from tests.deploy.fleet.lab import Fleet, fleet_of, release_of, with_bounds

RUBBISH = [
    b"",
    b"\xff\xfe\x00",
    b"null",
    b"[]",
    b"{}",
    b"<html>503</html>",
    b'{"word": {}}',
    b"[" * 100_000,
    b'{"epoch": 1e999, "state": "held", "ttl": NaN}',
    json.dumps({"state": "held", "epoch": 1 << 60, "ttl": "x", "owner": ["y"]}).encode(),
    b"x" * (3 << 20),
]
SOME = [RUBBISH[1], RUBBISH[6], RUBBISH[7], RUBBISH[10]]
"""Where each costs the deadlines of a deploy."""


def orders(fleet: Fleet, **options: Any) -> Orders:
    place = Place("app", "main", None, KeyRing(allow_unsigned=True), None)
    return Orders(place, fleet.repository, (), fleet, FleetOptions(**options), lambda what: None)


@pytest.mark.parametrize("body", RUBBISH, ids=range(len(RUBBISH)))
async def test_rubbish_for_a_pointer_is_one_error_and_force_writes_a_new_one(tmp_path: Path, body: bytes) -> None:
    async with fleet_of(tmp_path, "a") as fleet:
        await fleet.deploy("two\n")
        fleet.store.put(fleet.repository.keys.pointer, body)
        with pytest.raises(FlyhotError) as found:
            async with orders(fleet).locked() as lease:
                await _recover(orders(fleet), lease)
        assert found.value.do
        assert fleet.running() == {"a": release_of("two\n")}
        async with orders(fleet, force=True).locked() as lease:
            read = await _recover(orders(fleet, force=True), lease)
            fleet.repository.move(read, read.pointer, lease)
        await fleet.deploy("three\n")
        assert fleet.running() == {"a": release_of("three\n")}


@pytest.mark.parametrize("body", RUBBISH, ids=range(len(RUBBISH)))
async def test_rubbish_for_a_lock_is_an_error_or_a_free_lock_and_force_mends_it(tmp_path: Path, body: bytes) -> None:
    async with fleet_of(tmp_path, "a") as fleet:
        await fleet.deploy("two\n")
        key = fleet.repository.keys.lock
        fleet.store.put(key, body)
        try:
            acquire(fleet.store, key, "me", floor=1).release()
        except FlyhotError as exc:
            assert str(exc)
        break_lock(fleet.store, key)
        async with orders(fleet).locked() as lease:
            assert lease.epoch >= 2


async def test_a_lock_that_was_removed_does_not_set_the_epoch_back(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "a") as fleet:
        for text in ("two\n", "three\n"):
            await fleet.deploy(text)
        fleet.store.delete(fleet.repository.keys.lock)
        async with orders(fleet).locked() as lease:
            assert lease.epoch == 3
            read = fleet.repository.pointer()
            fleet.repository.move(read, read.pointer, lease)


@pytest.mark.parametrize("body", SOME, ids=range(len(SOME)))
@pytest.mark.parametrize("what", ["decision", "verdict"])
async def test_rubbish_for_a_word_ends_no_machine_and_no_later_deploy(tmp_path: Path, body: bytes, what: str) -> None:
    async with fleet_of(tmp_path, "a", "b") as fleet:
        lease = acquire(fleet.store, fleet.repository.keys.lock, "me")
        bounds = with_bounds(stage=2.0, prepare=2.0, commit=2.0, revert=2.0)
        conductor = fleet.conductor("two\n", lease, strategy="all", bounds=bounds, provisional_for=0.3)
        deploy = conductor.candidate.deploy
        key = getattr(fleet.repository.keys, what)(deploy)
        fleet.store.put(key, body)
        with pytest.raises(FlyhotError):
            await conductor.run()
            raise ManifestError("the store was lost" if conductor.lost else "nothing was noticed")
        lease.release()
        async with orders(fleet).locked() as lease:
            await _recover(orders(fleet), lease)
        await fleet.until(lambda: set(fleet.running().values()) == {fleet.base}, 20.0)
        done = await fleet.deploy("three\n")
        assert conclude(done.rollout)[0] is Exit.VERIFIED


@pytest.mark.parametrize("body", SOME, ids=range(len(SOME)))
async def test_a_machine_that_reports_rubbish_is_unknown_and_the_others_are_heard(tmp_path: Path, body: bytes) -> None:
    async with fleet_of(tmp_path, "a", "b") as fleet:
        await fleet.kill_agent("a")
        lease = acquire(fleet.store, fleet.repository.keys.lock, "me")
        conductor = fleet.conductor("two\n", lease, strategy="all", bounds=with_bounds(stage=1.5))
        fleet.store.put(fleet.repository.keys.report(conductor.candidate.deploy, "a"), body)
        rollout = await conductor.run()
        lease.release()
        assert conclude(rollout) == (Exit.FAILED, "failed")
        assert (rollout.unknown, rollout.words["b"]) == ({"a"}, "staged")


@pytest.mark.parametrize("value", [7, "x", [1], {"a": []}, [[["b"]]], True, 1e300, [{"hold_ms": "y", "notes": 3}]])
async def test_fields_of_the_wrong_kind_are_as_missing(tmp_path: Path, value: Any) -> None:
    names = ("releases", "from", "processes", "plan", "error", "notes", "workers", "silent", "at", "image", "release")
    async with fleet_of(tmp_path, "a") as fleet:
        done = await fleet.deploy("two\n")
        done.rollout.details["a"] = read_report(dict.fromkeys(names, value) | {"word": "verified"})
        done.rollout.culprit = "a"
        conclude(done.rollout)
        first_error(done.rollout)
        json.dumps(machine_documents(done.rollout, "x"))
        await fleet.kill_agent("a")
        fleet.repository.say("a", dict.fromkeys(names, value))
        json.dumps((await status("app", fleet, fleet.repository)).document())
        json.dumps(read_status(dict.fromkeys(names, value)))


async def test_foreign_objects_in_our_folders_are_not_ours(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "a") as fleet:
        await fleet.deploy("two\n")
        with fleet.store._lock:
            for folder in (fleet.repository.keys.history, fleet.repository.keys.machines):
                fleet.store._objects[f"{folder}notes (1).json"] = (b"mine", 0.0)
                fleet.store._objects[f"{folder}²³.json"] = (b"mine", 0.0)
        assert set(fleet.repository.said()) == {"a"}
        assert fleet.repository.history() == []
