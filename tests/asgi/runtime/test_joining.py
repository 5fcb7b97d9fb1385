"""A worker that comes later: it takes what its crew runs, or waits for what that decides."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi import register
from flyhot_asgi.control.crew import Crew, Note
from flyhot_asgi.control.decision import Decisions
from flyhot_asgi.control.paths import runtime_dir, socket_path
from flyhot_asgi.runtime import doubt, joining, process
from flyhot_asgi.runtime.joining import join
from flyhot_asgi.runtime.verbs import Verbs
from tests.faults.intact import assert_single_generation
from tests.faults.lab import FIRST, SECOND, Lab, private_runtime_dir


@pytest.fixture
def crew(tmp_path: Path) -> Crew:
    return Crew(tmp_path, "1-1")


@pytest.fixture
def decisions(tmp_path: Path) -> Decisions:
    return Decisions(tmp_path / "decisions")


async def test_without_a_note_nothing_happens(lab: Lab, crew: Crew, decisions: Decisions) -> None:
    await join(lab.process, crew, decisions)
    assert lab.installed.digest == lab.first.digest


async def test_it_joins_what_the_others_run(lab: Lab, crew: Crew, decisions: Decisions) -> None:
    second = await lab.release(SECOND)
    crew.settle(second.digest)
    await join(lab.process, crew, decisions)
    assert lab.installed.digest == second.digest and lab.main.RELEASE == 2
    assert_single_generation(lab)
    await join(lab.process, crew, decisions)
    assert lab.installed.digest == second.digest


async def test_a_tree_that_was_never_released_is_newer_than_what_the_others_run(
    monkeypatch: pytest.MonkeyPatch, crew: Crew, decisions: Decisions
) -> None:
    """Somebody edits, and deploys, as a worker is started anew: what it made as it started fits the newer code."""
    with tempfile.TemporaryDirectory(prefix="fh-", ignore_cleanup_errors=True) as folder:
        private_runtime_dir(monkeypatch, f"{folder}/rt")
        (Path(folder) / "app").mkdir()
        late = await Lab(Path(folder) / "app", SECOND).start()
        clock = late.main.clock
        del clock.ticks
        clock.beats = 5  # as the newer release would have it
        register(clock, name="clock")
        first = await late.release(FIRST)
        late.installed.store.record("base", first.digest, previous=None, outcome="complete")
        crew.settle(first.digest)
        await join(late.process, crew, decisions)
        assert late.installed.digest == first.digest and late.main.RELEASE == 1
        assert vars(clock) == {"ticks": 5} and clock.tick() == 6
        await late.close()


@pytest.mark.parametrize(("word", "number"), [("commit", 2), ("abort", 1)])
async def test_it_takes_what_the_decision_says(
    lab: Lab, crew: Crew, decisions: Decisions, word: str, number: int
) -> None:
    second = await lab.release(SECOND)
    crew.begin("tx", release=second.digest, old=lab.first.digest, within=60)
    joined = asyncio.create_task(join(lab.process, crew, decisions))
    await asyncio.sleep(2 * joining.LOOK_SECONDS)
    assert not joined.done(), "nothing is decided yet"
    decisions.decide("tx", word)  # type: ignore[arg-type]
    await joined
    assert lab.main.RELEASE == number


async def test_an_upgrade_that_ended_without_a_decision_is_seen(lab: Lab, crew: Crew, decisions: Decisions) -> None:
    second = await lab.release(SECOND)
    crew.begin("tx", release=second.digest, old=lab.first.digest, within=60)
    joined = asyncio.create_task(join(lab.process, crew, decisions))
    await asyncio.sleep(0)
    crew.settle(lab.first.digest)
    await joined
    assert lab.main.RELEASE == 1 and decisions.standing("tx") is None


async def test_where_nobody_is_left_to_decide_it_decides_to_stay(lab: Lab, crew: Crew, decisions: Decisions) -> None:
    second = await lab.release(SECOND)
    crew.begin("tx", release=second.digest, old=lab.first.digest, within=0)
    began = time.monotonic()
    await join(lab.process, crew, decisions)
    assert lab.main.RELEASE == 1 and decisions.standing("tx") == "abort"
    assert time.monotonic() - began < 5


async def test_what_can_not_be_joined_is_said_and_the_app_serves(
    lab: Lab, crew: Crew, decisions: Decisions, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "flyhot.upgrade"):
        crew.settle("0" * 64)
        await join(lab.process, crew, decisions)
        crew.path.write_text("not JSON")
        await join(lab.process, crew, decisions)
    assert [record.message.startswith("this worker can't join") for record in caplog.records] == [True, True]
    assert lab.main.RELEASE == 1 and lab.process.started


async def test_it_can_be_found_before_it_looks_and_says_whom_it_waits_for(
    monkeypatch: pytest.MonkeyPatch, decisions: Decisions, crew: Crew
) -> None:
    """What a deploy relies on: it looks for sockets when all notes are written."""
    with tempfile.TemporaryDirectory(prefix="fh-", ignore_cleanup_errors=True) as folder:
        private_runtime_dir(monkeypatch, f"{folder}/rt")
        (Path(folder) / "app").mkdir()
        lab = Lab(Path(folder) / "app")
        path = socket_path(runtime_dir(lab.root), os.getpid())
        found: list[bool] = []
        real = Crew.read

        def read(self: Crew) -> Note | None:
            found.append(path.exists())
            return real(self)

        monkeypatch.setattr(Crew, "read", read)
        monkeypatch.setattr(process, "crew_in", lambda folder: crew)
        monkeypatch.setattr(process, "decisions_dir", lambda folder: decisions.folder)
        crew.begin("tx", release="1" * 64, old="0" * 64, within=60)
        starting = asyncio.create_task(lab.start())
        async with asyncio.timeout(60):
            while (status := await said(path))["joins"] is None:
                pass
        assert (status["state"], status["joins"]) == ("joining", "tx") and all(found)
        await asyncio.to_thread(doubt._ask, path, {"verb": "base"})
        for request in ({"verb": "verify"}, {"verb": "upgrade", "release": status["release"], "tx": "other"}):
            refused = await asyncio.to_thread(doubt._ask, path, request)
            assert "has just been started" in str(refused.get("error")), refused
        crew.settle(status["release"])
        await starting
        assert (await said(path))["state"] == "serving"
        await lab.close()


async def said(path: Path) -> dict[str, Any]:
    try:
        return dict((await asyncio.to_thread(doubt._ask, path, {"verb": "status"}))["status"])
    except OSError:  # it does not listen yet
        await asyncio.sleep(0.01)
        return {"joins": None}


async def test_the_first_deploy_tells_the_crew_what_it_runs(lab: Lab, crew: Crew, decisions: Decisions) -> None:
    base = Verbs(lab.process, decisions, crew).table()["base"]
    await base({"verb": "base"}, None)  # type: ignore[arg-type]
    assert crew.read() is None, "who only plans changes nothing"
    await base({"verb": "base", "deploy": True}, None)  # type: ignore[arg-type]
    note = crew.read()
    assert note is not None and (note.release, note.tx) == (lab.first.digest, None)
    crew.settle("1" * 64)
    await base({"verb": "base", "deploy": True}, None)  # type: ignore[arg-type]
    assert crew.read() == Note("1" * 64, "1" * 64, None, 0.0), "what was decided stays"
