"""The upgrade is cancelled at each await (the server stops, a lifespan ends): undone, resumed, and it can be tried
again."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any

import pytest

from .intact import assert_intact, assert_nothing_held, assert_same, assert_upgraded, picture
from .lab import SECOND, Lab, Scripted


@types.coroutine
def cancelled_at(work: Coroutine[Any, Any, Any], place: int) -> Generator[Any, Any, tuple[Any, int]]:
    """Run `work`; the task is cancelled when it waits for the `place`-th time. The result, and how often it waited."""
    waits, send, sent = 0, work.send, None
    while True:
        try:
            waited_for = send(sent)
        except StopIteration as stop:
            return stop.value, waits
        if waits == place:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
        waits += 1
        try:
            send, sent = work.send, (yield waited_for)
        except BaseException as exc:
            send, sent = work.throw, exc


async def test_at_each_await_in_turn(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while a session is gathered that comes back in the second round only, so that the gathering waits, too."""
    release = await lab.release(SECOND)
    before, place = picture(lab), 0
    while True:
        looks = iter([False, False])
        with monkeypatch.context() as patch:
            patch.setattr(lab.process.registry, "all_quiescent", lambda looks=looks: next(looks, True))
            coordinator = Scripted(prepared=lambda: asyncio.sleep(0, True), held=lambda: asyncio.sleep(0, True))
            task = asyncio.create_task(_upgrade(lab, release, coordinator, place))
            await asyncio.wait([task])
        if not task.cancelled():
            break
        assert_same(before, picture(lab))
        assert_nothing_held(lab)
        for client in lab.clients:
            client.says()
            await client.until_answered()
            client.assert_in_order()
        before = picture(lab)
        place += 1
    result, waits = task.result()
    assert place == waits >= 6
    await assert_upgraded(lab, result)


async def _upgrade(lab: Lab, release: Any, coordinator: Any, place: int) -> Any:
    return await cancelled_at(lab.upgrade(release, coordinator), place)


@pytest.mark.parametrize("phase", ["prepared", "gone", "held", "again"])
async def test_the_server_stops_in_each_phase(lab: Lab, monkeypatch: pytest.MonkeyPatch, phase: str) -> None:
    """`stop()` cancels what the control socket serves; here, the task that upgrades."""
    reached = asyncio.Event()

    async def wait_forever() -> bool:
        reached.set()
        return await asyncio.sleep(3600, True)

    before = picture(lab)
    with monkeypatch.context() as patch:
        if phase == "gone":
            patch.setattr(lab.process.registry, "all_quiescent", lambda: False)
        task = asyncio.create_task(lab.upgrade(SECOND, Scripted(**{phase: wait_forever})))
        await reached.wait()
        assert lab.process.state in ("upgrading", "held")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await assert_intact(lab, before, None)


async def test_two_at_once_the_second_is_told_and_the_first_goes_on(lab: Lab) -> None:
    told: list[str] = []

    async def second() -> bool:
        with pytest.raises(Exception, match="is being upgraded already") as refused:
            await lab.upgrade(SECOND)
        told.append(refused.value.kind)  # type: ignore[attr-defined]
        return True

    result = await lab.upgrade(SECOND, Scripted(prepared=second, held=second))
    assert told == ["busy", "busy"]
    await assert_upgraded(lab, result)
