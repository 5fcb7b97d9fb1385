"""Which machines take part, and on which image they run."""

from __future__ import annotations

import pytest

from flyhot_deploy.errors import DeployError
from flyhot_deploy.fleet.members import members, taking_part
from flyhot_deploy.fly.model import Machine, read_machine


def machine(id: str, state: str = "started", *, services: bool = True, image: str = "i:1", **metadata: str) -> Machine:
    return Machine(id, state, image=image, has_services=services, metadata=metadata)


def test_machines_are_sorted_out() -> None:
    found = members(
        [
            machine("a"),
            machine("b", "stopped"),
            machine("c", "starting"),
            machine("d", services=False),
            machine("e", services=False, fly_platform_version="v2"),
            machine("f", flyhot_role="orchestrator"),
            machine("g", "destroying"),
            read_machine(
                {"id": "h", "state": "started", "config": {"metadata": {"fly_process_group": "fly_app_console"}}}
            ),
        ]
    )
    assert found.ids == ("a", "e")
    assert [m.id for m in found.asleep] == ["b"] and [m.id for m in found.arriving] == ["c"]
    assert [m.id for m in found.others] == ["d", "f", "g", "h"]
    assert found.image() == "i:1"


def test_mixed_images_and_nobody_at_all() -> None:
    with pytest.raises(DeployError, match="different images"):
        members([machine("a"), machine("b", image="i:2")]).image()
    with pytest.raises(DeployError, match="1 are stopped"):
        members([machine("a", "suspended")]).image()


def test_a_worker_group_without_an_upgradable_app_is_left_alone() -> None:
    found = members([machine("a"), machine("w", services=False, fly_platform_version="v2")])
    able, notes = taking_part(found, {"a"})
    assert able.ids == ("a",) and "machine w" in notes[0]
    assert taking_part(found, {"w"})[0].ids == ("a", "w")
    alone = members([machine("w", services=False, fly_platform_version="v2")])
    assert taking_part(alone, {})[0].ids == ("w",)
