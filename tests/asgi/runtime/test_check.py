"""A release is rehearsed before an upgrade, once for all processes of a machine; what was found is the way they go."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.control.crew import Crew
from flyhot_asgi.control.decision import Decisions
from flyhot_asgi.engine.rehearsal.packed import Laid, check_packed
from flyhot_asgi.engine.verification.sealed import seal
from flyhot_asgi.release.folder import FolderStore, Release
from flyhot_asgi.runtime.check import check
from flyhot_asgi.runtime.joining import join
from flyhot_asgi.runtime.recordings import FRESH_SECONDS, Recordings
from flyhot_asgi.threads import in_thread
from tests.faults.deployer import Deployer
from tests.faults.lab import FIRST, RULES, Lab, Scripted, edited

HIDDEN = """
from TOP import rules
value = getattr(rules, 'WO' + 'RD')
exec('secret = rules.' + 'KEY')
state = {'count': 0}
"""
WORDS = RULES + "WORD = 'one'\nKEY = 'a'\n"
APP = edited(FIRST["main.py"], ("RELEASE = 1\n", "RELEASE = 1\nfrom TOP import hidden\n"))
BEFORE = {"main.py": APP, "hidden.py": HIDDEN, "rules.py": WORDS}
AFTER = {**BEFORE, "rules.py": edited(WORDS, ("'one'", "'two'"))}
LOST = {**BEFORE, "rules.py": edited(WORDS, ("'a'", "'b'"))}
BODIES = {**BEFORE, "rules.py": edited(BEFORE["rules.py"], ("return text", "return str(text)"))}


@pytest.fixture
async def hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    """An app in which a value depends on another module in a way that its source does not tell."""
    monkeypatch.setenv("FLYHOT_RUNTIME_DIR", str(tmp_path / "rt"))
    (tmp_path / "app").mkdir()
    lab = await Lab(tmp_path / "app", BEFORE).start()
    yield lab
    await lab.close()


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each time that releases are imported: whether the upgrade is rehearsed, too."""
    made: list[bool] = []
    module = sys.modules[check.__module__]
    real = module.check_release

    def counted(*arguments: Any, rehearse: bool = True, **options: Any) -> dict[str, Any]:
        made.append(rehearse)
        return real(*arguments, rehearse=rehearse, **options)

    monkeypatch.setattr(module, "check_release", counted)
    return made


async def test_what_the_source_does_not_tell_is_found_before_anybody_is_held(hidden: Lab) -> None:
    release = await hidden.release(AFTER)
    cold = await check(hidden.installed, release)
    assert cold["rehearsed"]["outcome"] == "arrives" and [f"{hidden.top}.hidden", "value"] in cold["rehearsed"]["also"]
    assert hidden.main.hidden.value == "one"
    hidden.main.hidden.state["count"] = 7
    result = await hidden.upgrade(release, cold=cold)
    assert result["outcome"] == "complete" and result["verified"], result["error"]
    assert hidden.main.hidden.value == "two" and hidden.main.hidden.state == {"count": 7}


def packed(lab: Lab, release: Release, imported: list[tuple[str, str]]) -> dict[str, Any]:
    """The check of a release as packing makes it, on the way from what the lab runs."""
    store = FolderStore(lab.installed.store.path, app=lab.installed.settings.app)
    old = store.get_release(lab.installed.store_base())
    sides = [
        Laid(one.digest, one.tree, {path: one.read(path) for path in one.manifest.entries}) for one in (old, release)
    ]
    cold = check_packed(sides[0], sides[1], imported, root=lab.root, packages=None, environment=dict(os.environ))
    return seal(cold, release.digest)


async def test_what_packing_has_found_and_sealed_is_good_for_a_process(hidden: Lab, checks: list[bool]) -> None:
    release = await hidden.release(AFTER)
    imported = [(name, file) for name, file in hidden.installed.imported()]
    strangers = [("os", "main.py"), ("no such name", "main.py"), ("gone", "gone.py"), ("a.b", "../b.py")]
    cold = await in_thread(lambda: packed(hidden, release, [*imported, *strangers]))
    assert cold["rehearsed"]["outcome"] == "arrives" and "'one'" not in repr(cold["structure"])
    hidden.main.hidden.state["count"] = 7
    result = await hidden.upgrade(release, cold=cold)
    assert result["outcome"] == "complete" and result["verified"], result["error"]
    assert hidden.main.hidden.value == "two" and hidden.main.hidden.state == {"count": 7} and checks == []


async def test_a_process_that_has_imported_more_than_packing_knew_looks_for_itself(
    hidden: Lab, checks: list[bool]
) -> None:
    release = await hidden.release(AFTER)
    few = [(name, file) for name, file in hidden.installed.imported() if file.endswith("rules.py")]
    cold = await in_thread(lambda: packed(hidden, release, few))
    result = await hidden.upgrade(release, cold=cold)
    assert result["outcome"] == "complete" and result["verified"] and checks == [True], result["error"]


async def test_swapped_code_is_not_rehearsed_and_a_value_that_moves_with_it_is(hidden: Lab, checks: list[bool]) -> None:
    cold = await check(hidden.installed, await hidden.release(BODIES))
    assert cold["rehearsed"]["outcome"] == "unneeded" and checks == [False]
    assert await check(hidden.installed, await hidden.release(AFTER)) and checks == [False, True]


async def test_what_was_just_found_is_not_looked_for_again(hidden: Lab, checks: list[bool]) -> None:
    release = await hidden.release(BODIES)
    first = await check(hidden.installed, release)
    assert await check(hidden.installed, release) == first and len(checks) == 1


async def test_other_circumstances_are_another_question(
    hidden: Lab, checks: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    release = await hidden.release(BODIES)
    await check(hidden.installed, release)
    monkeypatch.setenv("SOME_SETTING", "other")
    await check(hidden.installed, release)
    assert len(checks) == 2
    kept = next((hidden.installed.store.path / "rehearsed").iterdir())
    long_ago = kept.stat().st_mtime - FRESH_SECONDS - 1
    os.utime(kept, (long_ago, long_ago))
    await check(hidden.installed, release)
    assert len(checks) == 3


async def test_what_did_not_come_off_is_looked_at_anew(hidden: Lab, checks: list[bool]) -> None:
    release = await hidden.release(BODIES)
    cold = await check(hidden.installed, release)
    result = await hidden.upgrade(release, Scripted(held=lambda: False), cold=cold)
    assert result["outcome"] != "complete"
    await check(hidden.installed, release)
    assert len(checks) == 2


async def test_what_can_not_be_done_is_refused_by_the_plan_and_tried_again_the_next_time(
    hidden: Lab, checks: list[bool]
) -> None:
    release = await hidden.release(LOST)
    cold = await check(hidden.installed, release)
    assert cold["rehearsed"]["outcome"] == "refused"
    result = await hidden.upgrade(release, cold=cold)
    assert result["outcome"] == "refused" and "secret" in result["error"]["message"], result["error"]
    assert hidden.main.hidden.secret == "a"
    await check(hidden.installed, release)
    assert checks == [True, True]


async def test_a_process_that_has_imported_more_is_checked_for_itself(hidden: Lab, checks: list[bool]) -> None:
    release = await hidden.release(BODIES)
    cold = await check(hidden.installed, release)
    cold["rehearsed"]["modules"].remove(f"{hidden.top}.rules")
    Recordings(hidden.installed.store.path).keep(cold)
    result = await hidden.upgrade(release, cold=cold)
    assert result["outcome"] == "complete" and result["verified"] and len(checks) == 2


async def test_a_worker_that_is_started_later_goes_the_same_way(hidden: Lab, tmp_path: Path) -> None:
    release = await hidden.release(AFTER)
    await check(hidden.installed, release)
    crew = Crew(tmp_path, "1-1")
    crew.settle(release.digest)
    await join(hidden.process, crew, Decisions(tmp_path / "decisions"))
    assert hidden.installed.digest == release.digest and hidden.main.hidden.value == "two"


def test_a_recording_that_can_not_be_read_is_none(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path)
    assert recordings.find("a", "b") is None
    (tmp_path / "rehearsed").mkdir()
    for text in ("", "[]", "{}", '{"cold": {"rehearsed": {}}}', "null"):
        (tmp_path / "rehearsed" / "a-b.json").write_text(text)
        assert recordings.find("a", "b") is None and recordings.find_fresh("a", "b", ()) is None
    (tmp_path / "nowhere").write_text("a file where the folder should be")
    Recordings(tmp_path / "nowhere").keep({"rehearsed": {"from": "a", "to": "b"}})


@pytest.mark.parametrize("files", [AFTER, BODIES], ids=["enlarged by the rehearsal", "swapped"])
async def test_what_is_planned_rehearsed_and_executed_is_one_plan(hidden: Lab, files: dict[str, str]) -> None:
    """`plan --json`, the rehearsal in the check, and the RESULT of the upgrade say the same, step by step."""
    release = await hidden.release(files)
    async with Deployer(hidden) as deployer:
        deployer.say({"verb": "plan", "release": release.digest})
        planned = await deployer.hear()
    assert planned is not None and planned["ok"], planned
    cold = await check(hidden.installed, release)
    result = await hidden.upgrade(release, cold=cold)
    assert result["verified"] is True, result["error"]
    assert result["plan"] == planned["plan"]
    assert planned["plan"]["steps"] and planned["plan"]["modules"]["changed"]
    rehearsed = cold["rehearsed"]["plan"]
    if files is AFTER:
        assert {name: rehearsed[name] for name in ("modules", "steps", "refusals")} == {
            name: planned["plan"][name] for name in ("modules", "steps", "refusals")
        }
    else:
        assert rehearsed is None, "nothing had to be tried"
