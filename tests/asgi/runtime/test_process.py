"""The runtime of one app: what it says of itself, starting again, planning, and what it runs after an upgrade."""

from __future__ import annotations

import asyncio
import shutil
import sys
from typing import Any

import pytest

from flyhot_asgi.errors import ControlError
from flyhot_asgi.runtime import AppProcess, Order, Pages, Registered, units
from flyhot_asgi.runtime.process import UpgradeUnderWay
from flyhot_asgi.session import EndpointUnit
from tests.asgi.memory import in_flight
from tests.faults.deployer import Deployer
from tests.faults.lab import FIRST, SECOND, Lab, Scripted, edited


async def ask(lab: Lab, **request: Any) -> dict[str, Any]:
    async with Deployer(lab) as deployer:
        deployer.say(request)
        answer = await deployer.hear()
    assert answer is not None and answer["done"]
    return answer


async def test_the_status_says_who_is_served_and_what_runs(lab: Lab) -> None:
    await lab.connect(2)
    status = (await ask(lab, verb="status"))["status"]
    assert status["release"] == lab.first.digest and status["state"] == "serving"
    assert status["websockets"] == 2 and status["http_in_flight"] == 0
    (sessions,) = status["sessions"]
    assert sessions["label"] == "Echo" and sessions["count"] == 2 and len(sessions["vsn"]) == 12


async def test_the_status_is_given_during_an_upgrade_and_when_the_store_is_gone(lab: Lab) -> None:
    await lab.connect()
    states: list[str] = []

    async def look() -> bool:
        states.append((await ask(lab, verb="status"))["status"]["state"])
        return True

    assert (await lab.upgrade(SECOND, Scripted(prepared=look, held=look)))["outcome"] == "complete"
    assert states == ["upgrading", "held"]
    shutil.rmtree(lab.installed.store.path)
    status = (await ask(lab, verb="status"))["status"]
    assert status["release"] == lab.installed.digest and status["sessions"][0]["count"] == 1


async def test_the_base_is_stored_when_it_is_asked_for(lab: Lab) -> None:
    assert (await ask(lab, verb="base"))["release"] == lab.first.digest
    (lab.root / lab.top / "main.py").write_text("edited meanwhile")
    assert (await ask(lab, verb="base"))["release"] == lab.first.digest
    assert lab.installed.read(f"{lab.top}/main.py").startswith(b"\nfrom starlette")


async def test_under_a_reloader_a_deploy_is_refused_before_it_writes_anything(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it writes below the app's folder would end the process: uvicorn looks at all files there."""
    monkeypatch.setattr("flyhot_asgi.runtime.verbs.reloading", lambda: True)
    before = sorted(lab.root.rglob("*"))
    answer = await ask(lab, verb="base", deploy=True)
    assert answer["ok"] is False and answer["error"]["kind"] == "refused"
    assert "--reload" in answer["error"]["message"] and "watch=True" in answer["error"]["do"]
    assert sorted(lab.root.rglob("*")) == before


async def test_after_an_upgrade_the_running_releases_files_are_read(lab: Lab) -> None:
    """Also if nobody ever asked for the base."""
    await lab.upgrade(SECOND)
    assert b"RELEASE = 2" in lab.installed.read(f"{lab.top}/main.py")
    assert lab.installed.read(f"{lab.top}/extra.py")


async def test_a_check_imports_cold_and_a_plan_changes_nothing(lab: Lab) -> None:
    release = await lab.release(SECOND)
    cold = (await ask(lab, verb="check", release=release.digest))["cold"]
    assert f"{lab.top}.extra" in cold["modules"]
    answer = await ask(lab, verb="plan", release=release.digest)
    assert answer["ok"], answer["error"]
    assert answer["plan"]["modules"]["added"] == [f"{lab.top}.extra"]
    assert lab.main.RELEASE == 1
    result = await lab.upgrade(release, cold=cold)
    assert result["outcome"] == "complete" and result["verified"], result["error"]


async def test_what_a_code_change_makes_of_an_object_is_not_held_against_the_release(lab: Lab) -> None:
    """A cold import has no such contents; which class the object is of is compared all the same."""
    lab.main.clock.ticks = 41
    release = await lab.release(SECOND)
    cold = (await ask(lab, verb="check", release=release.digest))["cold"]
    result = await lab.upgrade(release, cold=cold)
    assert result["outcome"] == "complete" and result["verified"], result["error"]
    assert vars(lab.main.clock) == {"beats": 41}
    back = (await ask(lab, verb="check", release=lab.first.digest))["cold"]
    result = await lab.upgrade(lab.first, cold=back, direction="down")
    assert result["outcome"] == "complete" and vars(lab.main.clock) == {"ticks": 41}, result["error"]


async def test_a_plan_that_can_not_be_carried_out_says_why(lab: Lab) -> None:
    broken = await lab.release({**FIRST, "rules.py": "def shout(:\n"})
    answer = await ask(lab, verb="plan", release=broken.digest)
    assert answer["ok"] is False and "rules.py:1" in answer["error"]["message"]


async def test_a_new_module_comes_from_the_release_not_from_the_disk(lab: Lab) -> None:
    (lab.root / lab.top / "extra.py").write_text("raise RuntimeError('edited since')\n")
    result = await lab.upgrade(SECOND)
    assert result["outcome"] == "complete", result["error"]
    assert lab.main.LIMITS["c"] == 2


async def test_planning_while_an_upgrade_is_under_way_is_refused(lab: Lab) -> None:
    release = await lab.release(SECOND)

    async def plan() -> bool:
        with pytest.raises(UpgradeUnderWay):
            await lab.process.plan(Order(release=release, id="p"))
        return True

    assert (await lab.upgrade(release, Scripted(held=plan)))["outcome"] == "complete"


async def test_an_upgrade_waits_for_a_plan_that_is_being_made(lab: Lab) -> None:
    release = await lab.release(SECOND)
    plan, result = await asyncio.gather(lab.process.plan(Order(release=release, id="p")), lab.upgrade(release))
    assert plan[0] is not None and plan[0]["modules"]["added"] and result["outcome"] == "complete"


async def test_stopped_and_started_again_it_runs_what_it_ran(lab: Lab) -> None:
    await lab.connect()
    await lab.upgrade(SECOND)
    digest = lab.installed.digest
    await lab.process.stop()
    assert lab.installed.finder not in sys.meta_path and not lab.process.started
    await lab.process.stop()
    await lab.process.start()
    await lab.process.start()
    assert lab.installed.digest == digest != lab.first.digest
    assert lab.installed.finder in sys.meta_path
    assert (await lab.upgrade(lab.first, direction="down"))["outcome"] == "complete"


async def test_imported_anew_meanwhile_it_looks_again(lab: Lab) -> None:
    await lab.upgrade(SECOND)
    await lab.process.stop()
    name = f"{lab.top}.rules"
    again = type(sys)(name)
    again.__file__ = sys.modules[name].__file__
    sys.modules[name] = again
    await lab.process.start()
    assert lab.installed.digest == lab.first.digest, "what lies on disk"


async def test_requests_that_outlive_the_hold_are_listed(lab: Lab) -> None:
    await lab.connect()
    scope = {"type": "http", "method": "GET", "path": "/stream"}
    async with in_flight(lab.process.registry, scope):
        result = await lab.upgrade(SECOND, http_drain=0.05)
    assert result["outcome"] == "complete"
    assert any(note.startswith("GET /stream: ") for note in result["notes"])


async def test_a_change_that_nothing_here_runs_is_refused_as_nothing_to_do(lab: Lab) -> None:
    result = await lab.upgrade({**FIRST, "tool.py": "print('run by hand')\n"})
    assert result["outcome"] == "failed" and result["error"]["kind"] == "nothing_to_do"
    assert "tool.py" in result["error"]["message"]


async def test_the_budget_of_an_order_is_the_holds(lab: Lab) -> None:
    """Longer than the settings say, too: the watchdog must not open the valve under a hold that may last."""
    assert lab.installed.settings.hold_budget == 5.0
    seen: list[float] = []

    def look() -> bool:
        seen.append(lab.process.hold._max_hold)
        return True

    assert (await lab.upgrade(SECOND, Scripted(held=look), hold_budget=77.0))["outcome"] == "complete"
    assert seen == [77.0]


async def test_units_learn_the_new_release_and_whether_their_class_changed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lab.connect(2)
    told: list[Any] = []
    monkeypatch.setattr(units, "has_upgraded", lambda cls: True)
    monkeypatch.setattr(EndpointUnit, "resumed", lambda self, vsn, changed: told.append((vsn, changed)))
    only_rules = edited(FIRST["rules.py"], ("return text", "return str(text)"))
    result = await lab.upgrade({**FIRST, "rules.py": only_rules})
    assert result["outcome"] == "complete", result["error"]
    assert told == [(result["to"][:12], False)] * 2 and result["units_migrated"] == 0


async def test_before_the_start_nothing_can_be_asked(tmp_path: Any) -> None:
    process = AppProcess(Registered(), Pages(), boot="b", root=tmp_path)
    assert process.vsn == "" and process.state == "serving"
    with pytest.raises(ControlError, match="not been started"):
        process.ready()
    await process.stop()
