"""The other half of "whole, or untouched": an upgrade that succeeds is whole."""

from __future__ import annotations

import asyncio

from .intact import (
    assert_all_answer,
    assert_nothing_held,
    assert_same,
    assert_single_generation,
    assert_upgraded,
    picture,
)
from .lab import FIRST, MAIN, SECOND, Lab, Scripted


async def test_every_living_function_and_state_is_the_new_releases(lab: Lab) -> None:
    result = await lab.upgrade(SECOND)
    await assert_upgraded(lab, result)
    assert lab.main.LIMITS == {"a": 2, "b": [1, 2, 3], "c": 2}
    assert not hasattr(lab.main, "unused")
    assert vars(lab.main.clock) == {"beats": 0} and lab.main.clock.tick() == 1
    assert result["units_migrated"] == 4  # three sessions and the clock


async def test_messages_that_come_while_held_are_answered_by_the_new_code_in_order(lab: Lab) -> None:
    async def flood() -> bool:
        for client in lab.clients:
            client.says(5)
        await asyncio.sleep(0)
        assert not lab.process.registry.valve.is_open
        return True

    result = await lab.upgrade(SECOND, Scripted(held=flood))
    await assert_upgraded(lab, result)
    assert all(client.answers[1].startswith("2 2 ") for client in lab.clients)


async def test_up_and_down_ten_times(lab: Lab) -> None:
    second = await lab.release(SECOND)
    for _ in range(5):
        await assert_upgraded(lab, await lab.upgrade(second))
        result = await lab.upgrade(lab.first, direction="down")
        assert result["outcome"] == "complete", result["error"]
        assert_nothing_held(lab)
        assert_single_generation(lab)
        await assert_all_answer(lab)
    assert lab.main.banner() == "1x!"
    assert FIRST.keys() == {"main.py", "rules.py"}


async def test_the_release_that_runs_already_changes_nothing(lab: Lab) -> None:
    before = picture(lab)
    result = await lab.upgrade(lab.first)
    assert result["outcome"] == "already" and result["verified"] is True, result["error"]
    assert_same(before, picture(lab))
    assert_nothing_held(lab)


async def test_a_route_that_goes_from_the_list_of_an_app_that_others_are_appended_to(lab: Lab) -> None:
    """Each connection that is open, and the lifespan, leads to the routes that the app was made with."""
    more = 'async def more(request):\n    return PlainTextResponse("more")\n\n\nroutes = ['
    listed = MAIN.replace("app = Starlette(routes=[", more).replace(
        "], middleware=", "]\napp = Starlette(routes=routes, middleware="
    )
    listed += 'app.router.routes.append(Route("/index", index))\n'
    with_it = {
        **FIRST,
        "main.py": listed.replace('WebSocketRoute("/ws", Echo)', 'WebSocketRoute("/ws", Echo), Route("/more", more)'),
    }
    without = {**FIRST, "main.py": listed.replace(more, "routes = [")}
    [client] = await lab.connect()
    for files, status in ((with_it, 200), (without, 404), (with_it, 200)):
        result = await lab.upgrade(files)
        assert result["outcome"] == "complete", result["error"]
        assert [(await lab.get(path))[0] for path in ("/more", "/index")] == [status, 200]
    client.says()
    await client.until_answered()
    client.assert_in_order()
