"""`status` over machines: what is asked of each, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flyhot_deploy.fleet.ask import status
from flyhot_deploy.fleet.status import FleetStatus
from flyhot_deploy.fly.errors import FlyError
from flyhot_deploy.fly.model import Machine

ABSENT = {"ok": False, "state": "absent", "error": "no process with HotUpgrade runs on this machine"}


def live(release: str = "r1", **worker: Any) -> dict[str, Any]:
    return {"ok": True, "status": {"release": release, "releases": [release], "workers": [{"verified": True} | worker]}}


class Machines:
    """A directory of machines that answer so."""

    def __init__(self, answers: dict[str, Any], *, services: Sequence[str] = ("a", "b")) -> None:
        self.answers, self.services = answers, services

    async def list(self) -> list[Machine]:
        v2 = {"fly_platform_version": "v2"}
        return [Machine(name, "started", metadata=v2, has_services=name in self.services) for name in self.answers]

    async def wake(self, machine: str, arguments: Sequence[str]) -> dict[str, Any]:
        answer = self.answers[machine]
        if isinstance(answer, Exception):
            raise answer
        found: dict[str, Any] = answer
        return found


async def look(**answers: Any) -> FleetStatus:
    return await status("app", Machines(answers), None)  # type: ignore[arg-type]


async def test_all_of_one_release() -> None:
    found = await look(a=live(), b=live())
    assert (found.outcome, found.exit) == ("running", 0) and all(one["verified"] for one in found.machines)
    assert (await look(a=live(), b=live("r2"))).outcome == "mixed"


async def test_a_worker_that_was_not_compared_is_not_called_verified() -> None:
    found = await look(a=live(verified=False), b=live(verified=None))
    assert [one["verified"] for one in found.machines] == [False, False] and found.outcome == "running"


async def test_a_machine_that_can_not_be_asked_leaves_doubt() -> None:
    for answer in (FlyError("no exec"), ABSENT, {"ok": True}, {"ok": True, "status": []}):
        found = await look(a=live(), b=answer)
        assert (found.outcome, found.exit) == ("in_doubt", 5) and found.machines[1]["error"]


async def test_a_group_that_runs_nothing_of_ours_leaves_none() -> None:
    found = await look(a=live(), worker=ABSENT)
    assert (found.outcome, found.exit) == ("running", 0) and found.machines[1]["asked"] == "none"
    assert (await look(a=live(), worker=FlyError("no exec"))).outcome == "in_doubt"
