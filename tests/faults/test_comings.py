"""Who comes and goes while an upgrade is planned is not taken for somebody whom it forgets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.engine.living.inventory import Survey
from flyhot_asgi.runtime import code_upgrade

from .intact import assert_upgraded
from .lab import FIRST, SECOND, Client, Lab, Scripted, edited

WITHOUT = {
    **FIRST,
    "main.py": edited(
        FIRST["main.py"],
        ("        self.count = 0\n", "        self.n = 0\n"),
        ("        self.count += 1\n", "        self.n += 1\n"),
        ("{self.count}", "{self.n}"),
    ),
}
"""The state has another shape, and nobody migrates it."""


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
    keeps its endpoint, that is migrated with those whose connections are open."""
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
    over = [one for one in lab.main.seen if one not in [unit.instance for unit in lab.process.registry.units()]]
    assert bool(over) == kept and all(one.n and "count" not in vars(one) for one in over)
    lab.main.seen[:] = [one for one in lab.main.seen if one not in over]
    await assert_upgraded(lab, result)


async def test_what_lives_on_of_connections_that_are_over_follows_up_and_down(lab: Lab) -> None:
    """A server may keep a connection that it has closed, and with it the endpoint: no reason to refuse."""
    client = lab.clients[0]
    (kept,) = [one for one in lab.main.seen if one.count == client.sent][:1]
    client.leaves()
    assert client.task is not None
    await client.task
    lab.clients.remove(client)
    count = kept.count
    first = await lab.upgrade(SECOND)
    assert first["outcome"] == "complete", first["error"]
    assert (kept.n, "count" in vars(kept), kept.history[-1]) == (count, False, "migrated")
    assert {"scope", "receive", "send"} <= vars(kept).keys()
    down = await lab.upgrade(lab.first, direction="down")
    assert down["outcome"] == "complete" and (kept.count, "n" in vars(kept)) == (count, False)


async def test_what_lives_on_of_a_connection_whose_migration_had_failed_is_not_migrated_again(lab: Lab) -> None:
    """Its state fits the code of no release that runs: the next upgrade is refused as long as it lives."""
    dropping = edited(
        SECOND["main.py"],
        ('    encoding = "text"\n', '    encoding = "text"\n    on_failed_code_change = "drop_session"\n'),
        (
            "        state['history'].append('migrated')\n",
            "        if not state['history']:\n            raise ValueError\n",
        ),
    )
    client = lab.clients[0]
    kept = lab.main.seen[0]
    kept.history.clear()
    result = await lab.upgrade({**SECOND, "main.py": dropping})
    assert result["outcome"] == "complete", result["error"]
    client.leaves()  # as a server says of a connection that was closed
    assert client.task is not None
    await client.task
    lab.clients.remove(client)
    assert "count" in vars(kept) and client.closed == 1012
    again = await lab.upgrade(
        {
            **SECOND,
            "main.py": edited(
                dropping,
                ("self.n = 0", "self.m = 0"),
                ("self.n += 1", "self.m += 1"),
                ("{self.n}", "{self.m}"),
                ("{'n': state['count']", "{'m': state['n']"),
            ),
        }
    )
    assert again["outcome"] == "refused" and "nobody registered" in again["error"]["message"], again["error"]


async def test_what_lives_on_of_a_connection_and_fails_to_migrate_stops_nobody_if_its_class_says_so(lab: Lab) -> None:
    """Its socket would have been closed; it is closed already."""
    dropping = edited(
        SECOND["main.py"],
        ('    encoding = "text"\n', '    encoding = "text"\n    on_failed_code_change = "drop_session"\n'),
        (
            "        state['history'].append('migrated')\n",
            "        if not state['history']:\n            raise ValueError('not this one')\n",
        ),
    )
    client = lab.clients[0]
    kept = lab.main.seen[0]
    kept.history.clear()
    client.leaves()
    assert client.task is not None
    await client.task
    lab.clients.remove(client)
    aborting = edited(dropping, ('"drop_session"', '"abort"'))
    undone = await lab.upgrade({**SECOND, "main.py": aborting})
    assert undone["outcome"] == "rolled_back" and "whose connection is over" in undone["error"]["message"]
    done = await lab.upgrade({**SECOND, "main.py": dropping})
    assert done["outcome"] == "complete", done["error"]
    (note,) = [note for note in done["notes"] if "not this one" in note]
    assert "keeps the state that it had" in note and "count" in vars(kept)
    assert all("n" in vars(seen) for seen in lab.main.seen if seen is not kept)


async def test_a_connection_that_opens_after_the_plan_has_a_state_that_nobody_migrates(lab: Lab) -> None:
    """Nobody was there when it was planned, and so nothing spoke against it."""
    for client in lab.clients:
        client.leaves()
    await asyncio.gather(*(client.task for client in lab.clients if client.task is not None))
    lab.clients.clear()
    lab.main.seen.clear()

    async def comes() -> bool:
        await lab.connect(1)
        return True

    result = await lab.upgrade(WITHOUT, Scripted(prepared=comes))
    assert result["outcome"] == "aborted" and "opened while the upgrade was prepared" in result["error"]["message"], (
        result
    )
    lab.clients[0].says()
    await lab.clients[0].until_answered()
    lab.clients[0].assert_in_order()
    again = await lab.upgrade(WITHOUT)
    assert again["outcome"] == "refused" and "`n`" in again["error"]["message"], again
    lab.clients[0].leaves()
    await asyncio.gather(*(client.task for client in lab.clients if client.task is not None))
    lab.clients.clear()
    lab.main.seen.clear()
    assert (await lab.upgrade(WITHOUT))["outcome"] == "complete"


RENAMED = """
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect
from flyhot_asgi import HotUpgrade, StatefulHandler, upgradable


def carried(old_vsn, state, extra):
    (name,) = [name for name in state if name.startswith("n_")]
    state[extra["to"]] = state.pop(name)
    return state


class Tally(StatefulHandler):
    async def init(self):
        self.state = {"n_1": 0, "other": 1}

    async def handle_call(self, request):
        self.state["n_1"] += 1
        return self.state["n_1"]

    def code_change(self, old_vsn, state, extra):
        return carried(old_vsn, state, extra)


@upgradable(code_change=carried)
async def talk(ws, state):
    await ws.accept()
    state.setdefault("n_1", 0)
    try:
        while True:
            text = await ws.receive_text()
            state["n_1"] += 1
            await ws.send_text(f"1 {state['n_1']} {text}")
    except WebSocketDisconnect:
        pass


app = Starlette(routes=[WebSocketRoute("/ws", talk)], middleware=[Middleware(HotUpgrade)])
"""


async def test_states_that_a_code_change_renames_by_a_word_that_it_is_told(tmp_path: Path) -> None:
    """They are dicts that old code made without a key that new code reads; they are migrated, whatever words the
    `code_change` mentions."""
    (tmp_path / "app").mkdir()
    lab = await Lab(tmp_path / "app", {"main.py": RENAMED}).start()
    tally = await lab.main.Tally.start()
    try:
        await lab.connect(1)
        assert await tally.call("next") == 1
        result = await lab.upgrade({"main.py": RENAMED.replace("n_1", "n_2")}, extra={"to": "n_2"})
        assert result["outcome"] == "complete", result["error"]
        assert await tally.call("next") == 2
        lab.clients[0].says()
        await lab.clients[0].until_answered()
        lab.clients[0].assert_in_order()
    finally:
        await lab.close()
