"""Background loops under `@upgradable`, and `checkpoint()`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi import checkpoint
from flyhot_asgi.session import Hold, SessionsBusy
from flyhot_asgi.session.actor import homes
from tests.asgi.functions.lab import Module, until, upgrade
from tests.asgi.session.fakes import Server, turn

TICKER = """
@upgradable
async def ticker(state, step=1):
    log.append("begin 1")
    try:
        while True:
            await checkpoint(asyncio.sleep(0.001))
            state["ticks"] = state.get("ticks", 0) + step
            log.append(1)
    finally:
        log.append("end 1")
"""


def second(text: str) -> str:
    return text.replace('1"', '2"').replace("append(1)", "append(2)")


@pytest.fixture
async def home(server: Server, tmp_path: Path) -> AsyncIterator[Server]:
    homes.open(tmp_path, server.registry)
    yield server
    server.registry.valve.open()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        if task.get_name() == "loop":
            task.cancel()
    await turn()


def start(module: Module, *args: Any, name: str = "ticker") -> asyncio.Task[None]:
    return asyncio.create_task(getattr(module, name)(*args), name="loop")


async def test_a_loop_is_ended_at_its_checkpoint_and_goes_on_with_the_state(home: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, TICKER)
    task = start(module, 5)
    await until(lambda: 1 in module.log)
    await upgrade(home, module, second(TICKER))
    await until(lambda: 2 in module.log)
    assert [entry for entry in module.log if isinstance(entry, str)] == ["begin 1", "end 1", "begin 2"]
    [actor] = home.registry.actors
    assert actor.units[0].get_state()["ticks"] == 5 * len([each for each in module.log if each in (1, 2)])
    task.cancel()
    await turn()
    assert module.log[-1] == "end 2" and home.registry.actors == ()


async def test_a_held_loop_stands_still(home: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, TICKER)
    start(module)
    await until(lambda: 1 in module.log)
    hold = Hold(home.registry)
    await hold.suspend(timeout=1, http_drain=0)
    count = len(module.log)
    await asyncio.sleep(0.02)
    assert len(module.log) == count
    hold.confirm()
    hold.resume()
    await until(lambda: len(module.log) > count)


async def test_a_bare_checkpoint_is_a_boundary_for_a_moment(home: Server, tmp_path: Path) -> None:
    text = """
    @upgradable
    async def ticker(state):
        while True:
            await checkpoint()
            await asyncio.sleep(0.002)
            log.append(1)
    """
    module = Module(tmp_path, text)
    start(module)
    await until(lambda: 1 in module.log)
    await upgrade(home, module, text.replace("append(1)", "append(2)"))
    await until(lambda: 2 in module.log)


async def test_a_loop_without_a_checkpoint_in_sight_is_named(home: Server, tmp_path: Path) -> None:
    text = """
    @upgradable
    async def ticker(state):
        await asyncio.sleep(3600)
        await checkpoint()
    """
    module = Module(tmp_path, text)
    start(module)
    await turn()
    with pytest.raises(SessionsBusy, match=r"loop:ticker-\d+ .*awaits at .*functions.py:\d+ in ticker"):
        await Hold(home.registry).suspend(timeout=0.1, http_drain=0)


QUEUE = """
queue = asyncio.Queue()

@upgradable
async def worker(state):
    while True:
        item = await checkpoint(queue.get())
        log.append((1, item))
"""


async def test_what_a_checkpoint_waited_for_and_got_during_the_hold_is_not_lost(home: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, QUEUE)
    start(module, name="worker")
    await turn()
    module.queue.put_nowait("a")
    await turn()
    hold = Hold(home.registry)
    await hold.suspend(timeout=1, http_drain=0)
    module.queue.put_nowait("b")
    module.queue.put_nowait("c")
    await turn()
    assert module.log == [(1, "a")]
    [actor] = home.registry.actors
    queue = module.queue
    module.becomes(QUEUE.replace("(1, item)", "(2, item)").replace("queue = asyncio.Queue()", ""))
    assert module.queue is queue
    actor.units[0].resumed("r2", True)
    hold.resume()
    await until(lambda: len(module.log) == 3)
    assert module.log == [(1, "a"), (2, "b"), (2, "c")]


async def test_a_loop_that_ends_by_itself_is_gone(home: Server, tmp_path: Path) -> None:
    text = """
    @upgradable
    async def once(state):
        await checkpoint()
        return "done"
    """
    module = Module(tmp_path, text)
    assert await module.once() == "done"
    assert home.registry.actors == ()


async def test_an_error_of_a_loop_is_its_callers(home: Server, tmp_path: Path) -> None:
    text = """
    @upgradable
    async def failing(state):
        await checkpoint()
        raise KeyError("mine")
    """
    module = Module(tmp_path, text)
    with pytest.raises(KeyError, match="mine"):
        await module.failing()
    assert home.registry.actors == ()


async def test_one_that_starts_during_a_hold_starts_afterwards(home: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, TICKER)
    hold = Hold(home.registry)
    await hold.suspend(timeout=1, http_drain=0)
    start(module)
    await turn()
    assert module.log == []
    hold.confirm()
    hold.resume()
    await until(lambda: 1 in module.log)


async def test_outside_of_an_upgradable_function_a_checkpoint_just_awaits() -> None:
    async def answer() -> int:
        return 42

    assert await checkpoint(answer()) == 42
    await checkpoint()
