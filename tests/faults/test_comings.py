"""Who comes and goes while an upgrade is planned is not taken for somebody whom it forgets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flyhot_asgi.engine.living.inventory import Survey
from flyhot_asgi.runtime import code_upgrade

from .intact import assert_upgraded
from .lab import SECOND, Client, Lab


async def test_connections_that_open_and_close_while_the_plan_is_made(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The class gets a `code_change`, and each of its instances is a unit, whenever it was made."""
    loop, real = asyncio.get_running_loop(), code_upgrade.make_plan
    first = lab.clients[0]

    async def come_and_go() -> None:
        await lab.connect(2)
        first.leaves()
        assert first.task is not None
        await first.task
        lab.clients.remove(first)

    def slowly(*arguments: Any, **options: Any) -> Any:
        asyncio.run_coroutine_threadsafe(come_and_go(), loop).result()
        return real(*arguments, **options)

    monkeypatch.setattr(code_upgrade, "make_plan", slowly)
    await assert_upgraded(lab, await lab.upgrade(SECOND))


@pytest.mark.parametrize("kept", [False, True])
async def test_a_connection_that_is_over_after_the_look_at_the_heap(
    lab: Lab, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opened after the upgrade began, and closes when the heap has just been looked at, each time. Where the app
    keeps its endpoint, that is one that nobody migrates."""
    loop, plan, look = asyncio.get_running_loop(), code_upgrade.make_plan, Survey.objects
    staying: list[Client] = []

    async def come() -> None:
        staying.extend(await lab.connect(1))

    async def come_and_go() -> None:
        client = staying.pop()
        client.leaves()
        assert client.task is not None
        await client.task
        lab.clients.remove(client)
        if not kept:
            lab.main.seen.pop()
        await come()

    def planned(*arguments: Any, **options: Any) -> Any:
        asyncio.run_coroutine_threadsafe(come(), loop).result()
        return plan(*arguments, **options)

    def looked(survey: Survey, cls: type) -> list[Any]:
        found = look(survey, cls)
        if cls.__name__ == "Echo":
            asyncio.run_coroutine_threadsafe(come_and_go(), loop).result()
        return found

    monkeypatch.setattr(code_upgrade, "make_plan", planned)
    monkeypatch.setattr(Survey, "objects", looked)
    result = await lab.upgrade(SECOND)
    monkeypatch.undo()
    if kept:
        assert result["outcome"] == "refused" and "nobody registered" in result["error"]["message"], result["error"]
    else:
        await assert_upgraded(lab, result)
