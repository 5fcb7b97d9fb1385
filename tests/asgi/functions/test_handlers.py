"""Websocket handlers under `@upgradable`: ended at their boundary, started anew on the same socket with the state."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from flyhot_asgi import upgradable
from flyhot_asgi.errors import ConfigError
from flyhot_asgi.session import Hold, policy
from flyhot_asgi.types import Message
from tests.asgi.functions.lab import Module, starlette_app, until, upgrade
from tests.asgi.session.fakes import Server, turn

CHAT = """
@upgradable
async def chat(ws, state):
    await ws.accept()
    log.append("begin 1")
    try:
        while True:
            text = await ws.receive_text()
            state["n"] = state.get("n", 0) + 1
            await ws.send_text(f"r1 {state['n']} {text}")
    except WebSocketDisconnect:
        log.append("left 1")
    finally:
        log.append("end 1")
"""


def second(text: str) -> str:
    return text.replace("r1", "r2").replace('1"', '2"')


async def test_a_new_function_goes_on_with_the_socket_and_the_state(server: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, CHAT)
    wire = server.connect_app(starlette_app(module.chat))
    wire.says("a")
    await turn()
    await upgrade(server, module, second(CHAT))
    wire.says("b")
    await turn()
    assert wire.texts == ["r1 1 a", "r2 2 b"]
    assert module.log == ["begin 1", "end 1", "begin 2"]
    assert [message["type"] for message in wire.sent].count("websocket.accept") == 1
    wire.leaves()
    await turn()
    assert module.log[3:] == ["left 2", "end 2"] and server.registry.sessions == ()


async def test_what_the_server_waits_for_is_not_ended_with_the_function(server: Server, tmp_path: Path) -> None:
    """websockets' legacy core waits for the task that reads the connection, too: cancelled, the connection is lost."""
    module = Module(tmp_path, CHAT)
    wire = server.connect_app(starlette_app(module.chat))
    reading, get = asyncio.create_task(asyncio.Event().wait()), wire.queue.get

    async def receive() -> Message:
        arrived = asyncio.ensure_future(get())
        try:
            await asyncio.wait([arrived, reading], return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            arrived.cancel()
            raise
        return arrived.result()

    wire.queue.get = receive  # type: ignore[method-assign]
    wire.says("a")
    await turn(10)
    await upgrade(server, module, second(CHAT))
    assert not reading.done() and not reading.cancelling()
    wire.says("b")
    await turn(10)
    assert wire.texts == ["r1 1 a", "r2 2 b"]
    reading.cancel()


async def test_what_came_during_the_hold_is_the_new_functions(server: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, CHAT)
    wire = server.connect_app(starlette_app(module.chat))
    await turn()
    hold = Hold(server.registry)
    await hold.suspend(timeout=1, http_drain=0)
    wire.says("a")
    wire.says("b")
    await turn()
    module.becomes(second(CHAT))
    for unit in server.registry.units():
        unit.resumed("r2", True)
    hold.resume()
    await turn(30)
    assert wire.texts == ["r2 1 a", "r2 2 b"]


async def test_a_client_that_left_during_the_hold_is_told_to_the_new_function_once(
    server: Server, tmp_path: Path
) -> None:
    module = Module(tmp_path, CHAT)
    wire = server.connect_app(starlette_app(module.chat))
    await turn()
    hold = Hold(server.registry)
    await hold.suspend(timeout=1, http_drain=0)
    wire.leaves()
    await turn()
    module.becomes(second(CHAT))
    for unit in server.registry.units():
        unit.resumed("r2", True)
    hold.resume()
    await turn(30)
    assert module.log == ["begin 1", "end 1", "begin 2", "left 2", "end 2"]
    assert server.registry.sessions == () and not server.tasks[0].exception()


async def test_other_changes_and_mere_moves_do_not_end_it(server: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, CHAT)
    wire = server.connect_app(starlette_app(module.chat))
    await turn()
    await upgrade(server, module, "# a line more\n# and another\n" + CHAT + "\ndef other():\n    return 2\n")
    wire.says("a")
    await turn()
    assert wire.texts == ["r1 1 a"] and module.log == ["begin 1"]


async def test_a_changed_helper_that_is_awaited_ends_it_too(server: Server, tmp_path: Path) -> None:
    text = """
    class Talk:
        async def loop(self, ws, state):
            while True:
                await ws.send_text("r1 " + await ws.receive_text())

    @upgradable
    async def chat(ws, state):
        await ws.accept()
        log.append("begin")
        await Talk().loop(ws, state)
    """
    module = Module(tmp_path, text)
    wire = server.connect_app(starlette_app(module.chat))
    await turn()
    await upgrade(server, module, text.replace("r1", "r2"))
    wire.says("a")
    await turn()
    assert wire.texts == ["r2 a"] and module.log == ["begin", "begin"]


async def test_an_undone_upgrade_ends_nobody(server: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, CHAT)
    wire = server.connect_app(starlette_app(module.chat))
    await turn()
    hold = Hold(server.registry)
    await hold.suspend(timeout=1, http_drain=0)
    hold.resume()
    wire.says("a")
    await turn()
    assert wire.texts == ["r1 1 a"] and module.log == ["begin 1"]


WAYS = {
    "wait_for": """
            try:
                text = await asyncio.wait_for(ws.receive_text(), 0.01)
            except TimeoutError:
                continue
    """,
    "timeout": """
            try:
                async with asyncio.timeout(0.01):
                    text = await ws.receive_text()
            except TimeoutError:
                continue
    """,
    "a task": """
            text = await asyncio.create_task(ws.receive_text())
    """,
    "shield": """
            text = await asyncio.shield(asyncio.ensure_future(ws.receive_text()))
    """,
    "wait": """
            receiving = asyncio.ensure_future(ws.receive_text())
            other = asyncio.ensure_future(asyncio.Event().wait())
            done, pending = await asyncio.wait({receiving, other}, return_when=asyncio.FIRST_COMPLETED)
            other.cancel()
            text = receiving.result()
    """,
    "checkpoint": """
            text = await checkpoint(ws.receive_text())
    """,
}


@pytest.mark.parametrize("way", WAYS)
async def test_however_it_waits_nothing_is_lost(server: Server, tmp_path: Path, way: str) -> None:
    body = WAYS[way].strip("\n").replace("\n            ", "\n        ").replace("            ", "        ", 1)
    text = f"""
@upgradable
async def chat(ws, state):
    await ws.accept()
    while True:
{body}
        state["n"] = state.get("n", 0) + 1
        await ws.send_text(f"r1 {{state['n']}} {{text}}")
"""
    module = Module(tmp_path, text)
    wire = server.connect_app(starlette_app(module.chat))
    expected = []
    for number in range(1, 7):
        wire.says(f"{number}")
        if number % 2:
            await until(lambda number=number: len(wire.texts) == number)  # type: ignore[misc]
            await asyncio.sleep(0.015)
        else:
            await upgrade(server, module, text.replace("r1", f"r{number}"))
            await until(lambda number=number: len(wire.texts) == number)  # type: ignore[misc]
        expected.append(f"{number} {number}")
    assert [answer.partition(" ")[2] for answer in wire.texts] == expected
    assert wire.texts[-1].startswith("r6") or wire.texts[-1].startswith("r4")
    leftover = [task for task in asyncio.all_tasks() if "Event.wait" in repr(task)]
    assert len(leftover) <= 1


TWO_TASKS = {
    "gather": "await asyncio.gather(reader(), writer())",
    "task group": """
    async with asyncio.TaskGroup() as group:
        group.create_task(reader())
        group.create_task(writer())
    """,
    "wait": """
    done, pending = await asyncio.wait(
        {asyncio.create_task(reader()), asyncio.create_task(writer())}, return_when=asyncio.FIRST_COMPLETED
    )
    for task in pending:
        task.cancel()
    for task in done:
        task.result()
    """,
    "a reader beside": """
    reading = asyncio.create_task(reader())
    try:
        await asyncio.gather(reading, writer())
    finally:
        reading.cancel()
    """,
}


@pytest.mark.parametrize("way", TWO_TASKS)
async def test_a_handler_of_two_tasks_is_renewed_whole(server: Server, tmp_path: Path, way: str) -> None:
    """A second writer would be the worst: every message twice."""
    text = f"""
@upgradable
async def chat(ws, state):
    await ws.accept()
    queue = state.setdefault("queue", asyncio.Queue())
    log.append("begin")

    async def reader():
        while True:
            queue.put_nowait(await ws.receive_text())

    async def writer():
        while True:
            await ws.send_text("r1 " + await queue.get())

    {TWO_TASKS[way].strip()}
"""
    module = Module(tmp_path, text)
    wire = server.connect_app(starlette_app(module.chat))
    wire.says("a")
    await until(lambda: wire.texts == ["r1 a"])
    await upgrade(server, module, text.replace("r1", "r2"))
    wire.says("b")
    wire.says("c")
    await until(lambda: len(wire.texts) >= 3)
    assert wire.texts == ["r1 a", "r2 b", "r2 c"] and module.log == ["begin", "begin"]
    assert len([task for task in asyncio.all_tasks() if "chat.<locals>" in repr(task)]) == 2


async def test_iter_text_and_iter_json(server: Server, tmp_path: Path) -> None:
    text = """
    @upgradable
    async def chat(ws, state):
        await ws.accept()
        async for each in ws.iter_json():
            state.setdefault("seen", []).append(each["n"])
            await ws.send_json({"release": 1, "seen": state["seen"]})
    """
    module = Module(tmp_path, text)
    wire = server.connect_app(starlette_app(module.chat))
    wire.says('{"n": 1}')
    await turn()
    await upgrade(server, module, text.replace('"release": 1', '"release": 2'))
    wire.says('{"n": 2}')
    await turn()
    assert wire.texts == ['{"release":1,"seen":[1]}', '{"release":2,"seen":[1,2]}']


async def test_state_of_a_class_and_of_a_dict_are_migrated(server: Server, tmp_path: Path) -> None:
    text = """
    class Player:
        def __init__(self):
            self.count = 0

    @upgradable
    async def play(ws, state: Player):
        await ws.accept()
        async for text in ws.iter_text():
            state.count += 1
            await ws.send_text(f"{state.count} {text}")
    """
    newer = text.replace("count", "n").replace(
        "        def __init__",
        "        def code_change(self, old_vsn, state, extra):\n            return {'n': state['count'] * 10}\n\n"
        "        def __init__",
    )
    module = Module(tmp_path, text)
    wire = server.connect_app(starlette_app(module.play))
    wire.says("a")
    await turn()
    assert await upgrade(server, module, newer) == 1
    wire.says("b")
    await turn()
    assert wire.texts == ["1 a", "11 b"]


async def test_a_code_change_of_a_dict_keeps_it_the_same_dict(server: Server, tmp_path: Path) -> None:
    newer = """
def tenfold(old_vsn, state, extra):
    return {"n": state["n"] * 10, "from": old_vsn}

""" + second(CHAT).replace("@upgradable", "@upgradable(code_change=tenfold)")
    module = Module(tmp_path, CHAT)
    wire = server.connect_app(starlette_app(module.chat))
    wire.says("a")
    await turn()
    assert await upgrade(server, module, newer) == 1
    wire.says("b")
    await turn()
    assert wire.texts == ["r1 1 a", "r2 11 b"]


async def test_a_cleanup_may_send_but_not_close_and_its_error_ends_nobody(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = """
    @upgradable
    async def chat(ws, state):
        await ws.accept()
        try:
            async for text in ws.iter_text():
                await ws.send_text("r1 " + text)
        finally:
            await ws.send_text("one moment")
            await ws.close()
            raise RuntimeError("in the cleanup")
    """
    module = Module(tmp_path, text)
    wire = server.connect_app(starlette_app(module.chat))
    await turn()
    await upgrade(server, module, text.replace("r1", "r2"))
    wire.says("a")
    await turn()
    assert wire.texts == ["one moment", "r2 a"]
    assert "failed in its cleanup" in caplog.text
    assert any("in the cleanup" in report for report in server.registry.reports)


async def test_one_that_swallows_it_is_left_alone_and_named(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = """
    @upgradable
    async def chat(ws, state):
        await ws.accept()
        while True:
            try:
                text = await ws.receive_text()
            except BaseException as error:
                if not isinstance(error, CodeChanged):
                    raise
                continue
            await ws.send_text("r1 " + text)
    """
    module = Module(tmp_path, text)
    wire = server.connect_app(starlette_app(module.chat))
    await turn()
    await upgrade(server, module, text.replace("r1", "r2"))
    wire.says("a")
    await turn()
    assert wire.texts == ["r1 a"] and "catches CodeChanged" in caplog.text
    assert any("catches CodeChanged" in report for report in server.registry.reports)


async def test_one_that_returns_when_it_is_ended_starts_anew_all_the_same(server: Server, tmp_path: Path) -> None:
    text = """
    @upgradable
    async def chat(ws, state):
        await ws.accept()
        try:
            while True:
                await ws.send_text("r1 " + await ws.receive_text())
        except CodeChanged:
            return
    """
    module = Module(tmp_path, text)
    wire = server.connect_app(starlette_app(module.chat))
    await turn()
    await upgrade(server, module, text.replace("r1", "r2"))
    wire.says("a")
    await turn()
    assert wire.texts == ["r2 a"]


async def test_a_function_that_wants_more_than_it_was_given_cannot_start(server: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, CHAT)
    wire = server.connect_app(starlette_app(module.chat))
    await turn()
    await upgrade(server, module, CHAT.replace("(ws, state)", "(ws, state, user)"))
    closings = [message for message in wire.sent if message["type"] == "websocket.close"]
    assert [message["code"] for message in closings] == [1012]
    assert any("wants `user`" in report for report in server.registry.reports)


async def test_a_real_cancellation_stays_one(server: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, CHAT)
    server.connect_app(starlette_app(module.chat))
    await turn()
    hold = Hold(server.registry)
    await hold.suspend(timeout=1, http_drain=0)
    module.becomes(second(CHAT))
    for unit in server.registry.units():
        unit.resumed("r2", True)
    server.tasks[0].cancel()
    hold.resume()
    await turn(30)
    assert server.tasks[0].cancelled() and module.log == ["begin 1", "end 1"]
    assert server.registry.sessions == ()


async def test_without_the_middleware_it_is_an_ordinary_handler(server: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, CHAT)

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        scope.pop("flyhot.session")
        await starlette_app(module.chat)(scope, receive, send)

    wire = server.connect_app(app)  # type: ignore[arg-type]
    wire.says("a")
    wire.leaves()
    await turn()
    assert wire.texts == ["r1 1 a"] and module.log == ["begin 1", "left 1", "end 1"]


async def test_each_connection_has_a_state_of_its_own(server: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, CHAT)
    wires = [server.connect_app(starlette_app(module.chat)) for _ in range(3)]
    for number, wire in enumerate(wires):
        for _ in range(number):
            wire.says("x")
    await turn(20)
    await upgrade(server, module, second(CHAT))
    for wire in wires:
        wire.says("y")
    await turn()
    assert [wire.texts[-1] for wire in wires] == ["r2 1 y", "r2 2 y", "r2 3 y"]


async def test_a_hundred_upgrades_leave_nothing_behind(server: Server, tmp_path: Path) -> None:
    module = Module(tmp_path, CHAT)
    wires = [server.connect_app(starlette_app(module.chat)) for _ in range(5)]
    await turn()
    for number in range(100):
        for wire in wires:
            wire.says(str(number))
        await upgrade(server, module, CHAT.replace("r1", f"r{number}"))
    assert all(
        [text.split()[1:] for text in wire.texts] == [[str(n + 1), str(n)] for n in range(100)] for wire in wires
    )
    for wire in wires:
        wire.leaves()
    await turn(20)
    assert server.registry.sessions == () and server.registry.units() == []


async def test_a_function_has_policies_of_its_own_which_a_release_may_change(server: Server, tmp_path: Path) -> None:
    words = '@upgradable(on_busy="evict", on_failed_code_change="drop_session")'
    first = CHAT.replace("@upgradable", words)
    module = Module(tmp_path, first)
    wire = server.connect_app(starlette_app(module.chat))
    await turn()
    (session,) = server.registry.sessions
    assert policy.on_busy(session.units, "abort") == "evict"
    assert policy.on_failed_code_change(session.units[0].cls) == "drop_session"
    await upgrade(server, module, second(first).replace("evict", "pin"))
    await turn()
    assert policy.on_busy(session.units, "abort") == "pin"
    wire.leaves()
    await turn()


async def test_a_function_at_work_is_sent_away_if_it_says_so(server: Server, tmp_path: Path) -> None:
    """Its `finally` runs, its client is told to come back, and those at their boundary go on with new code."""
    text = """
        gate = asyncio.Event()

        @upgradable(on_busy="evict")
        async def chat(ws: WebSocket, state):
            await ws.accept()
            try:
                while True:
                    text = await ws.receive_text()
                    if text == "wait":
                        await gate.wait()
                    await ws.send_text(f"1 {text}")
            except WebSocketDisconnect:
                pass
            finally:
                log.append("ended")
        """
    module = Module(tmp_path, text)
    busy, idle = (server.connect_app(starlette_app(module.chat)) for _ in range(2))
    busy.says("wait")
    await turn()
    await upgrade(server, module, text.replace('f"1 ', 'f"2 '), timeout=0.05)
    idle.says("a")
    await turn(30)
    assert [message["code"] for message in busy.sent if message["type"] == "websocket.close"] == [1012]
    assert busy.texts == [] and idle.texts == ["2 a"]
    assert module.log == ["ended", "ended"] and len(server.registry.sessions) == 1
    idle.leaves()
    await turn()


@pytest.mark.parametrize("name", ["on_busy", "on_failed_code_change"])
def test_a_word_that_is_no_policy_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} of @upgradable is one of abort, "):
        upgradable(**{name: "sometimes"})


TIMED = """
class Seen:
    pass

@upgradable
async def chat(ws, state: Seen):
    timer = asyncio.get_running_loop().call_later(3600, print)
    await ws.accept()
    try:
        async for text in ws.iter_text():
            pass
    finally:
        timer.cancel()
"""


async def test_a_cancelled_timer_keeps_no_state(server: Server, tmp_path: Path) -> None:
    """An event loop drops cancelled timers late, and each has a copy of the context in which it was set: the state of
    who has gone would be found living, and not be migrated, so that the next upgrade would be refused."""
    module = Module(tmp_path, TIMED)
    sooner = asyncio.get_running_loop().call_later(1800, print)
    wire = server.connect_app(starlette_app(module.chat))
    await until(lambda: bool(server.registry.units()))
    wire.leaves()
    await until(lambda: not server.registry.sessions)
    await turn(20)
    del wire
    gc.collect()
    assert [one for one in gc.get_objects() if type(one) is module.Seen] == []
    sooner.cancel()
