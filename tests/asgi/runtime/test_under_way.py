"""Old code that would fail after an upgrade: refused, or taken away before it gets another message."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from flyhot_asgi.engine.source.plan import Failing, Refusal
from flyhot_asgi.errors import UpgradeRefused
from flyhot_asgi.runtime.under_way import UnderWay, running_in
from tests.asgi.session.conftest import server as server
from tests.asgi.session.fakes import Server, turn

WILL = Refusal("main", "main.py", 7, "chat", "1 of it under way still calls `old`, which is gone", "keep the name")


async def chat(session: Any) -> None:
    while (await session.gate.receive())["type"] != "websocket.disconnect":
        await session.gate.send({"type": "websocket.send", "text": "answered"})


async def feed(session: Any) -> None:
    await session.gate.receive()
    while True:
        await session.gate.send({"type": "websocket.send", "text": "pushed"})
        await asyncio.sleep(0)


async def fine(session: Any) -> None:
    await session.gate.receive()


def plan(*found: Coroutine[Any, Any, Any], names: frozenset[str] = frozenset({"chat", "feed"})) -> Any:
    """Of those found when it was made; whoever runs one of these functions will fail."""

    def fails(running: Any) -> Refusal | None:
        return WILL if getattr(running, "__name__", "") in names else None

    return SimpleNamespace(failing=[Failing(WILL, [weakref.ref(one) for one in found])] if found else [], fails=fails)


def coroutine_in(server: Server, name: str) -> Any:
    [session] = [one for one in server.registry.sessions if any(_name(r) == name for r in running_in(one))]
    return next(running for running in running_in(session) if _name(running) == name)


def _name(running: object) -> str:
    return getattr(running, "__name__", "")


@pytest.mark.parametrize("closes", [False, True])
async def test_one_that_waits_for_its_client_refuses_the_plan_unless_it_is_to_be_closed(
    server: Server, closes: bool
) -> None:
    server.connect(chat)
    await turn()
    under_way = UnderWay(server.registry, closes=closes)
    found = under_way.refused(plan(coroutine_in(server, "chat")))
    assert (found is None) is closes
    if found is not None:
        assert "which is gone" in str(found) and "@upgradable" in (found.do or "")


async def test_held_who_would_fail_refuses_and_others_do_not(server: Server) -> None:
    server.connect(fine)
    await turn()
    under_way = UnderWay(server.registry, closes=False)
    under_way.look()
    under_way.settle(plan())
    server.connect(chat)  # when the plan had been made
    await turn()
    with pytest.raises(UpgradeRefused, match="still calls"):
        under_way.settle(plan())


async def test_a_task_in_the_background_refuses_even_where_websockets_are_closed(server: Server) -> None:
    async def loop() -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(loop())
    await turn()
    under_way = UnderWay(server.registry, closes=True)
    with pytest.raises(UpgradeRefused):
        under_way.settle(plan(task.get_coro(), names=frozenset({"loop"})))  # type: ignore[arg-type]
    task.cancel()
    await turn()
    under_way.settle(plan())


async def test_one_that_has_ended_meanwhile_is_nobodys_concern(server: Server) -> None:
    wire = server.connect(chat)
    await turn()
    made = plan(coroutine_in(server, "chat"))
    wire.leaves()
    await turn()
    under_way = UnderWay(server.registry, closes=False)
    under_way.settle(made)
    assert under_way.leaving == []


async def test_who_is_to_be_closed_gets_no_message_before(server: Server) -> None:
    wire = server.connect(chat)
    await turn()
    under_way = UnderWay(server.registry, closes=True)
    made = plan(coroutine_in(server, "chat"))
    under_way.settle(made)
    under_way.settle(made)  # others were late, and all are held once more
    [session] = under_way.leaving
    under_way.dismiss()
    wire.says("too late")
    await turn(30)
    assert wire.texts == []
    await session.gate.close(1012, "new release")
    await turn(30)
    assert wire.texts == [] and wire.sent[-1] == {"type": "websocket.close", "code": 1012, "reason": "new release"}
    assert server.tasks[0].done()


async def test_who_only_sends_is_ended_at_once(server: Server) -> None:
    wire = server.connect(feed)
    wire.queue.put_nowait({"type": "websocket.connect"})
    await turn(30)
    assert len(wire.texts) > 2
    under_way = UnderWay(server.registry, closes=True)
    server.registry.valve.close()
    under_way.settle(plan(coroutine_in(server, "feed")))
    under_way.dismiss()
    server.registry.valve.open()
    await turn(50)
    assert wire.sent[-1]["type"] == "websocket.close" and wire.sent[-1]["code"] == 1012
    assert server.tasks[0].done()
