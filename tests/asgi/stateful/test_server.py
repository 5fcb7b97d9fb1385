"""A handler's life: messages, errors and new starts, timers, names, the end."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from flyhot_asgi import ServerRef, StatefulHandler, whereis
from flyhot_asgi.errors import (
    AlreadyStarted,
    CallTimeout,
    ConfigError,
    HandlerCrashed,
    HandlerError,
    MailboxFull,
    NotRunning,
)
from flyhot_asgi.live import PubSub
from flyhot_asgi.stateful.names import all_names
from tests.asgi.session.fakes import turn


class Log(StatefulHandler):
    """Writes down what happens to it; `log` outlives it."""

    intensity = 2

    async def init(self, log: list[Any], fail: BaseException | None = None) -> None:
        log.append("init")
        self.state = {"log": log, "n": 0}
        if fail is not None:
            raise fail

    async def handle_call(self, request: Any) -> Any:
        self.state["n"] += 1
        if isinstance(request, Exception):
            raise request
        if isinstance(request, asyncio.Event):
            await request.wait()
        if callable(request):
            return await request(self)
        return (request, self.state["n"])

    async def handle_cast(self, message: Any) -> None:
        self.state["n"] += 1
        self.state["log"].append(message)
        if isinstance(message, Exception):
            raise message
        if isinstance(message, asyncio.Event):
            await message.wait()

    async def handle_info(self, message: Any) -> None:
        self.state["log"].append(("info", message))
        if message == "stop":
            self.stop()

    async def terminate(self, reason: str | BaseException) -> None:
        self.state["log"].append(("end", reason if isinstance(reason, str) else type(reason).__name__))


@pytest.fixture(autouse=True)
async def ended() -> AsyncIterator[None]:
    """No handler is left behind."""
    yield
    tasks = [task for task in asyncio.all_tasks() if task.get_name().startswith("flyhot")]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all_names() == []


async def test_calls_and_casts_are_handled_one_after_the_other_in_order() -> None:
    log: list[Any] = []
    ref = await Log.start(log)
    await ref.cast("a")
    assert await ref.call("b") == ("b", 2)
    answers = await asyncio.gather(*(ref.call(n) for n in range(20)))
    assert answers == [(n, n + 3) for n in range(20)]
    assert log == ["init", "a"]


async def test_a_handler_is_looked_up_anew_for_each_message(monkeypatch: pytest.MonkeyPatch) -> None:
    ref = await Log.start([])
    assert await ref.call("x") == ("x", 1)

    async def other(self: Log, request: Any) -> str:
        return "other"

    monkeypatch.setattr(Log, "handle_call", other)
    assert await ref.call("x") == "other"


async def test_an_error_in_init_is_that_of_start_and_nothing_is_left() -> None:
    with pytest.raises(ValueError, match="no"):
        await Log.start([], ValueError("no"), name="one")
    with pytest.raises(NotRunning, match="'one'"):
        whereis("one")
    await Log.start([], name="one")


async def test_a_start_that_is_cancelled_has_not_happened() -> None:
    class Slow(Log):
        async def init(self, *args: Any) -> None:
            await asyncio.Event().wait()

    task = asyncio.create_task(Slow.start([], name="slow"))
    await turn()
    task.cancel()
    await turn()
    assert task.cancelled() and all_names() == []


async def test_names_are_one_handlers_each_and_free_again_at_its_end() -> None:
    ref = await Log.start([], name="lobby")
    assert whereis("lobby") == ref and ref.name == "lobby" and "Log 'lobby'" in repr(ref)
    with pytest.raises(AlreadyStarted, match="lobby"):
        await Log.start([], name="lobby")
    await ref.stop()
    assert not ref.alive and all_names() == []
    assert (await Log.start([], name="lobby")) != ref


async def test_an_error_reaches_the_caller_and_a_new_incarnation_takes_over(caplog: pytest.LogCaptureFixture) -> None:
    log: list[Any] = []
    ref = await Log.start(log, name="it")
    assert await ref.call("a") == ("a", 1)
    with pytest.raises(HandlerCrashed, match="KeyError: 'x'") as failed:
        await ref.call(KeyError("x"))
    assert isinstance(failed.value.__cause__, KeyError)
    assert await ref.call("b") == ("b", 1), "a new state"
    assert whereis("it") == ref and ref.restarts == 1
    assert log == ["init", ("end", "KeyError"), "init"]


async def test_what_was_unread_is_read_by_the_next_incarnation(caplog: pytest.LogCaptureFixture) -> None:
    log: list[Any] = []
    ref = await Log.start(log)
    gate = asyncio.Event()
    await ref.cast(gate)
    await ref.cast(ValueError("poison"))
    answer = asyncio.create_task(ref.call("later"))
    await turn()
    gate.set()
    assert await answer == ("later", 1)
    assert [entry for entry in log if isinstance(entry, str | tuple)] == ["init", ("end", "ValueError"), "init"]


async def test_too_many_restarts_are_the_end_and_said_aloud(caplog: pytest.LogCaptureFixture) -> None:
    log: list[Any] = []
    ref = await Log.start(log, name="it")
    for _ in range(3):
        with pytest.raises(HandlerCrashed):
            await ref.call(ValueError("again"))
    await turn()
    assert not ref.alive and log.count("init") == 3 and all_names() == []
    with pytest.raises(NotRunning, match="has ended"):
        await ref.call("anybody?")
    with pytest.raises(NotRunning):
        await ref.cast("anybody?")
    with pytest.raises(NotRunning):
        ref.info("anybody?")
    assert any(record.levelno == logging.CRITICAL and "stays down" in record.message for record in caplog.records)


async def test_a_second_init_that_fails_counts_too(caplog: pytest.LogCaptureFixture) -> None:
    log: list[Any] = []

    class Fragile(Log):
        async def init(self, log: list[Any], fail: BaseException | None = None) -> None:
            await super().init(log, fail)
            if log.count("init") > 1:
                raise OSError("gone")

    ref = await Fragile.start(log)
    with pytest.raises(HandlerCrashed):
        await ref.call(ValueError("once"))
    await turn(30)
    assert not ref.alive and log.count("init") == 3


async def test_waiting_calls_are_told_of_the_end() -> None:
    ref = await Log.start([])
    gate = asyncio.Event()
    await ref.cast(gate)
    waiting = asyncio.create_task(ref.call("x"))
    await turn()
    stopping = asyncio.create_task(ref.stop())
    await turn()
    gate.set()
    with pytest.raises(NotRunning, match="before it came to this call"):
        await waiting
    await stopping


async def test_a_call_in_vain_says_what_the_handler_does() -> None:
    ref = await Log.start([], name="busy")
    gate = asyncio.Event()
    first = asyncio.create_task(ref.call(gate, timeout=0.05))
    second = asyncio.create_task(ref.call("second", timeout=0.05))
    with pytest.raises(CallTimeout, match=r"at work on it for .* awaits at .*test_server.py"):
        await first
    with pytest.raises(TimeoutError, match="never began with it"):
        await second
    gate.set()
    assert await ref.call("third") == ("third", 2), "the second was never begun"


async def test_a_callers_own_timeout_is_its_own() -> None:
    ref = await Log.start([])

    async def slow(handler: Log) -> None:
        await asyncio.sleep(3600)

    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.01):
            await ref.call(slow, timeout=None)
    assert not isinstance(caught.value, CallTimeout)


async def test_who_calls_itself_is_told_at_once() -> None:
    ref = await Log.start([])

    async def ask_itself(handler: Log) -> str:
        with pytest.raises(HandlerError, match="calls itself"):
            await handler.ref.call("me?")
        return "told"

    assert await ref.call(ask_itself) == "told"


async def test_a_full_mailbox_makes_senders_wait_and_refuses_who_cannot() -> None:
    class Small(Log):
        mailbox_limit = 2

    log: list[Any] = []
    ref = await Small.start(log)
    gate = asyncio.Event()
    await ref.cast(gate)
    await turn()
    senders = [asyncio.create_task(ref.cast(n)) for n in range(5)]
    await turn()
    assert [task.done() for task in senders] == [True, True, False, False, False]
    with pytest.raises(MailboxFull, match="2 unread"):
        ref.info("refused")
    with pytest.raises(CallTimeout):
        await ref.call("no room", timeout=0.02)
    gate.set()
    await asyncio.gather(*senders)
    assert (await ref.call("last"))[0] == "last"
    assert log[2:] == [0, 1, 2, 3, 4]


async def test_timers_send_once_and_again_and_are_taken_back() -> None:
    log: list[Any] = []
    ref = await Log.start(log)

    async def start(handler: Log) -> None:
        handler.send_after(0.0, "once")
        handler.send_after(0.0, "never").cancel()
        ticks = handler.send_interval(0.01, "tick")
        unread = handler.send_after(0.0, "read too late")
        await asyncio.sleep(0.005)
        assert unread.active
        unread.cancel()
        handler.ticks = ticks  # type: ignore[attr-defined]

    await ref.call(start)
    async with asyncio.timeout(5):
        while log.count(("info", "tick")) < 3:  # noqa: ASYNC110 (what is tested is the time)
            await asyncio.sleep(0.005)

    async def stop(handler: Log) -> None:
        handler.ticks.cancel()  # type: ignore[attr-defined]

    await ref.call(stop)
    count = log.count(("info", "tick"))
    await asyncio.sleep(0.03)
    assert log.count(("info", "tick")) == count
    assert log.count(("info", "once")) == 1 and ("info", "never") not in log and ("info", "read too late") not in log


async def test_timers_end_with_their_incarnation(caplog: pytest.LogCaptureFixture) -> None:
    log: list[Any] = []
    ref = await Log.start(log)

    async def start(handler: Log) -> None:
        handler.send_interval(0.005, "tick")

    await ref.call(start)
    with pytest.raises(HandlerCrashed):
        await ref.call(ValueError())
    count = log.count(("info", "tick"))
    await asyncio.sleep(0.03)
    assert log.count(("info", "tick")) == count


async def test_a_handler_that_lags_behind_gets_one_tick() -> None:
    log: list[Any] = []
    ref = await Log.start(log)

    async def start(handler: Log) -> None:
        handler.send_interval(0.02, "tick")
        time.sleep(0.13)  # noqa: ASYNC251 (a handler that holds up the loop: six ticks are due)
        await turn(3)
        assert len(handler.ref._server._mailbox) == 1

    await ref.call(start)
    await ref.call("x")
    assert log.count(("info", "tick")) == 1


@pytest.mark.parametrize("seconds", [-1.0, float("nan")])
async def test_a_time_that_is_none_is_refused(seconds: float) -> None:
    ref = await Log.start([])

    async def start(handler: Log) -> str:
        with pytest.raises(ValueError, match="number of seconds"):
            handler.send_after(seconds, "x")
        with pytest.raises(ValueError, match="above 0"):
            handler.send_interval(0, "x")
        return "refused"

    assert await ref.call(start) == "refused"


async def test_it_may_stop_itself_and_is_started_anew_only_if_permanent() -> None:
    class Permanent(Log):
        restart = "permanent"

    one: list[Any] = []
    other: list[Any] = []
    transient, permanent = await Log.start(one), await Permanent.start(other)
    transient.info("stop")
    permanent.info("stop")
    await turn(20)
    assert (transient.alive, permanent.alive) == (False, True)
    assert one == ["init", ("info", "stop"), ("end", "normal")] and other == [*one, "init"]
    await permanent.stop()
    assert not permanent.alive and other[-1] == ("end", "normal")


async def test_who_does_not_end_in_time_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    log: list[Any] = []
    ref = await Log.start(log)
    await ref.cast(asyncio.Event())
    await turn()
    await ref.stop(timeout=0.02)
    assert not ref.alive and log[-1] == ("end", "shutdown")
    assert "did not end within 0.02 s" in caplog.text and "test_server.py" in caplog.text


async def test_a_cancelled_task_ends_in_an_orderly_way() -> None:
    """As at the end of `asyncio.run`."""
    log: list[Any] = []
    ref = await Log.start(log)
    [task] = [task for task in asyncio.all_tasks() if task.get_name().startswith("flyhot")]
    task.cancel()
    await asyncio.wait([task])
    assert log == ["init", ("end", "shutdown")] and not ref.alive


async def test_something_cancelled_that_it_awaits_is_an_error_like_others(caplog: pytest.LogCaptureFixture) -> None:
    ref = await Log.start([])

    async def await_it(handler: Log) -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    with pytest.raises(HandlerCrashed):
        await ref.call(await_it)
    assert await ref.call("a") == ("a", 1) and ref.restarts == 1


async def test_messages_come_from_threads_and_publishers() -> None:
    log: list[Any] = []
    ref = await Log.start(log)
    pubsub = PubSub()
    pubsub.subscribe("news", ref)
    assert pubsub.publish("news", "hello") == 1
    thread = threading.Thread(target=ref.info, args=("from a thread",))
    thread.start()
    await asyncio.to_thread(thread.join)
    await ref.call("x")
    assert log == ["init", ("info", "hello"), ("info", "from a thread")]


async def test_what_is_no_word_for_restart_is_refused() -> None:
    class Odd(Log):
        restart = "always"  # type: ignore[assignment]

    with pytest.raises(ConfigError, match="permanent, transient, temporary"):
        await Odd.start([])


async def test_one_that_does_not_run_says_so() -> None:
    for use in (lambda h: h.ref, lambda h: h.send_after(1, "x"), lambda h: h.stop()):
        with pytest.raises(NotRunning, match="does not run") as caught:
            use(Log())
        assert caught.value.do is not None and "Log.start()" in caught.value.do


async def test_others_run_while_one_is_flooded() -> None:
    ref: ServerRef = await Log.start([])
    for n in range(500):
        ref.info(n)
    turns = 0
    answer = asyncio.create_task(ref.call("end"))
    while not answer.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 5
