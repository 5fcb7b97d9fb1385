"""A worker that comes later: it takes what its crew runs, or waits for what that decides."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import pytest

from flyhot_asgi.control.crew import Crew
from flyhot_asgi.control.decision import Decisions
from flyhot_asgi.runtime import joining
from flyhot_asgi.runtime.joining import join
from tests.faults.intact import assert_single_generation
from tests.faults.lab import SECOND, Lab


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
