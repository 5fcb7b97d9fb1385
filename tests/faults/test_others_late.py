"""Other processes are late with gathering: ours are served meanwhile, by the old release, and held anew."""

from __future__ import annotations

import pytest

from flyhot_asgi.runtime.failures import event_for
from flyhot_asgi.upgrade import Direction
from flyhot_asgi.upgrade.instructions import Instruction
from flyhot_asgi.upgrade.state import INSTRUCTION_OF, TRANSITIONS

from .intact import assert_intact, assert_upgraded, picture
from .lab import SECOND, Lab, Scripted


async def test_sessions_are_served_while_others_gather(lab: Lab) -> None:
    async def serve() -> bool:
        assert lab.process.registry.valve.is_open and not lab.process.hold.held
        for client in lab.clients:
            client.says()
            await client.until_answered()
        return True

    coordinator = Scripted(again=serve)
    result = await lab.upgrade(SECOND, coordinator)
    assert coordinator.asked == ["prepared", "held", "again", "held", "vote"]
    await assert_upgraded(lab, result)
    for client in lab.clients:
        client.assert_in_order()


@pytest.mark.parametrize("step", list(INSTRUCTION_OF.values()))
def test_each_step_may_raise(step: type[Instruction]) -> None:
    event = event_for(step(), RuntimeError("boom"), {}, 1.0)
    allowed = [TRANSITIONS[way][state] for way in Direction for state, each in INSTRUCTION_OF.items() if each is step]
    assert all(type(event) in moves for moves in allowed)


async def test_others_give_up_meanwhile(lab: Lab) -> None:
    before = picture(lab)
    result = await lab.upgrade(SECOND, Scripted(again=lambda: False))
    assert result["outcome"] == "aborted"
    await assert_intact(lab, before, result)
