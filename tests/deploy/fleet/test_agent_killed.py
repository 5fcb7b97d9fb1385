"""The agent of one machine is killed before and after each of its steps, and started anew: the fleet is of one release
afterwards, which the deployer tells, and the next deploy succeeds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flyhot_deploy.errors import Exit
from flyhot_deploy.fleet.report import conclude, first_error

from .lab import Fleet
from .test_conduct import THREE, TWO, fleet_of, with_bounds

PATIENT = with_bounds(stage=30.0, prepare=30.0, commit=30.0, bake=0.1, revert=30.0)
"""Where nobody dies no deadline is what is tested: a slow disk must not end the deploy."""

STEPS = ("stage", "vote", "commit", "speak", "remember", "settle")


def arm(fleet: Fleet, name: str, step: str, when: str) -> asyncio.Event:
    """Whoever comes to the step dies there; the event tells it."""
    agent, died = fleet.agents[name], asyncio.Event()
    owner: Any = {"speak": agent.voice, "remember": agent, "settle": agent}.get(step, agent.steps)
    method = f"_{step}" if owner is agent else step
    real = getattr(owner, method)

    def die() -> None:
        died.set()
        raise asyncio.CancelledError

    async def waiting(*arguments: Any) -> Any:
        if when == "before":
            die()
        await real(*arguments)
        die()

    def plain(*arguments: Any) -> None:
        if not agent.memory.word and step == "remember":  # the deploy has not come to this machine yet
            return real(*arguments)
        if when == "before":
            die()
        real(*arguments)
        die()

    setattr(owner, method, plain if step == "remember" else waiting)
    return died


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_at_each_step(tmp_path: Path, step: str, when: str) -> None:
    async with fleet_of(tmp_path, *THREE) as fleet:
        await fleet.until(lambda: fleet.agents["b"].memory.image == fleet.base)
        died = arm(fleet, "b", step, when)
        deploy = asyncio.ensure_future(fleet.deploy("two\n", bounds=with_bounds(bake=0.1)))
        async with asyncio.timeout(60):
            await died.wait()
        await asyncio.wait([fleet.tasks["b"]])
        fleet.start_agent("b")
        ending = conclude((await deploy).rollout)[0]
        wanted = TWO if ending is Exit.VERIFIED else fleet.base
        await fleet.until(lambda: set(fleet.running().values()) == {wanted})
        await fleet.until(lambda: not any(agent.memory.provisional for agent in fleet.agents.values()))
        again = await fleet.deploy("three\n", bounds=PATIENT, prepared_for=30.0, provisional_for=30.0)
        assert conclude(again.rollout)[0] is Exit.VERIFIED, (step, when, ending, first_error(again.rollout))
        assert len(set(fleet.running().values())) == 1
