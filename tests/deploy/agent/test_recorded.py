"""What packing has recorded: which machine takes it, and which looks for itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flyhot_deploy.circumstances import circumstances
from flyhot_deploy.fleet.predecessor import environment_of, predecessor
from flyhot_deploy.fly.model import Machine
from tests.deploy.fleet.lab import IMAGE, Fleet, fleet_of, release_of

TWO = release_of("two\n")
SEEN = circumstances({"REGION": "ams"}, b"shared")


def recorded(fleet: Fleet, **other: Any) -> dict[str, Any]:
    plan = {"from": fleet.base, "to": TWO, "outcome": "arrives"} | other.pop("plan", {})
    return {"structure": {"structure": {}, "circumstances": SEEN} | other, "plan": plan}


async def test_a_machine_that_runs_what_was_started_from_looks_for_nothing(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "a", "b") as fleet:
        fleet.recorded = recorded(fleet)
        await fleet.deploy("two\n")
        assert set(fleet.running().values()) == {TWO}
        assert all(workers.checks == [] for workers in fleet.workers.values())
        rehearsed = {"from": fleet.base, "to": TWO, "outcome": "arrives"}
        assert all(workers.cold == {"structure": {}, "rehearsed": rehearsed} for workers in fleet.workers.values())


@pytest.mark.parametrize(
    "other",
    [
        {"circumstances": "0" * 64},
        {"circumstances": None},
        {"plan": {"from": "0" * 64}},
        {"plan": {"to": "0" * 64}},
        {"plan": {"from": ["x"]}},
    ],
)
async def test_every_other_machine_looks_for_itself(tmp_path: Path, other: dict[str, Any]) -> None:
    async with fleet_of(tmp_path, "a") as fleet:
        fleet.recorded = recorded(fleet, **other)
        await fleet.deploy("two\n")
        assert fleet.workers["a"].checks == [TWO] and fleet.running() == {"a": TWO}


async def test_without_a_shared_secret_nothing_is_believed(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "a") as fleet:
        await fleet.kill_agent("a")
        fleet.start_agent("a").steps._key = None
        fleet.recorded = recorded(fleet)
        await fleet.deploy("two\n")
        assert fleet.workers["a"].checks == [TWO]


async def test_the_image_s_own_release_is_put_into_the_store_once(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "a", "b") as fleet:
        for workers in fleet.workers.values():
            workers._store.put_release({"app.py": b"one\n"}, python="3.11")
        await fleet.until(lambda: fleet.repository.base_files(fleet.base) is not None)
        await fleet.until(lambda: len(fleet.repository.said()) == 2)
        pointer, said = fleet.repository.pointer().pointer, fleet.repository.said()
        environment = environment_of(Machine("a", "started", image=IMAGE, region="ams", group="app"), IMAGE)
        assert environment == {"FLY_IMAGE_REF": IMAGE, "FLY_PROCESS_GROUP": "app", "FLY_REGION": "ams"}
        before = predecessor(fleet.repository, pointer, IMAGE, said.values(), environment)
        assert before is not None and before.files == {"app.py": b"one\n"}
        mixed = {**said["b"], "releases": ["0" * 64]}
        nonsense = {"image": IMAGE, "releases": ["../x"], "imported": [1, ["a"], ["a", "b"]]}
        for several in ([said["a"], mixed], [], [nonsense], [{"error": {}}]):
            assert predecessor(fleet.repository, pointer, IMAGE, several, {}) is None
