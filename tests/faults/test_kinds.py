"""Each kind of work that an upgrade may meet: streams, long polls, background tasks, threads, handlers of all sorts."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import MEMORY
from .lab import PATIENCE, Client, Lab, Scripted, private_runtime_dir, websocket

APP = """
import asyncio
import threading
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.endpoints import WebSocketEndpoint

from flyhot_asgi import HotUpgrade

RELEASE = 1
app = FastAPI()
app.add_middleware(HotUpgrade)
go = asyncio.Event()
go_thread = threading.Event()
reached = []
gone = []


def word():
    return f"one-{RELEASE}"


def at(name):
    reached.append(name)


@app.get("/events")
async def events():
    async def stream():
        yield f"data: {word()}\\n\\n"
        at("events")
        await go.wait()
        yield f"data: {word()}\\n\\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


@app.get("/poll")
async def poll():
    at("poll")
    await go.wait()
    return word()


@app.get("/thread")
def thread():
    at("thread")
    assert go_thread.wait(30)
    return word()


@app.post("/later")
async def later(tasks: BackgroundTasks):
    async def work():
        at("later")
        await go.wait()
        at("done " + word())

    tasks.add_task(work)
    return word()


async def user(websocket: WebSocket):
    websocket.state.user = "ann"
    websocket.state.count = 0
    try:
        yield "ann"
    finally:
        gone.append("dependency")


@app.websocket("/deps")
async def deps(websocket: WebSocket, who: Annotated[str, Depends(user)]):
    await websocket.accept()
    async for text in websocket.iter_text():
        websocket.state.count += 1
        await websocket.send_text(f"{word()} {websocket.state.count} {text}")
    gone.append("deps")


@app.websocket("/json")
async def json_(websocket: WebSocket):
    await websocket.accept()
    count = 0
    async for number in websocket.iter_json():
        count += 1
        await websocket.send_text(f"{word()} {count} {number}")


@app.websocket("/patient")
async def patient(websocket: WebSocket):
    await websocket.accept()
    count = 0
    while True:
        try:
            text = await asyncio.wait_for(websocket.receive_text(), 0.003)
        except TimeoutError:
            continue
        count += 1
        await websocket.send_text(f"{word()} {count} {text}")


@app.websocket("/pair")
async def pair(websocket: WebSocket):
    await websocket.accept()
    queue = asyncio.Queue()

    async def reader():
        async for text in websocket.iter_text():
            await queue.put(text)

    async def writer():
        count = 0
        while True:
            text = await queue.get()
            count += 1
            await websocket.send_text(f"{word()} {count} {text}")

    async with asyncio.TaskGroup() as group:
        writing = group.create_task(writer())
        await reader()
        writing.cancel()


@app.websocket("/threads")
async def threads(websocket: WebSocket):
    await websocket.accept()
    count = 0
    async for text in websocket.iter_text():
        count += 1
        answer = await run_in_threadpool(blocking, text)
        await websocket.send_text(f"{answer} {count} {text}")


def blocking(text):
    if text == "2":
        at("threads")
        assert go_thread.wait(30)
    return word()


@app.websocket_route("/class")
class Class(WebSocketEndpoint):
    encoding = "text"

    async def on_connect(self, websocket):
        self.count = 0
        await websocket.accept()

    async def on_receive(self, websocket, data):
        self.count += 1
        await websocket.send_text(f"{word()} {self.count} {data}")

    async def on_disconnect(self, websocket, close_code):
        gone.append(f"{word()} {close_code}")
"""

SECOND = {"main.py": APP.replace("one-", "two-").replace("RELEASE = 1", "RELEASE = 2")}
PATHS = ("/deps", "/json", "/patient", "/pair", "/threads", "/class")


@pytest.fixture
async def lab(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="fh-", dir=MEMORY, ignore_cleanup_errors=True) as folder:
        private_runtime_dir(monkeypatch, f"{folder}/rt")
        (Path(folder) / "app").mkdir()
        one = await Lab(Path(folder) / "app", {"main.py": APP}).start()
        yield one
        let_go(one)
        await one.close()


def let_go(lab: Lab) -> None:
    lab.main.go.set()
    lab.main.go_thread.set()


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (some of it is set in a thread)
            await asyncio.sleep(0.001)


class Request:
    """An HTTP request, and what has come of its answer so far. Its client stays until `leaves()`."""

    def __init__(self, lab: Lab, path: str, method: str = "GET") -> None:
        self.sent: list[Any] = []
        self._left = asyncio.Event()
        self._asked = False
        scope = {**websocket(path), "type": "http", "method": method, "http_version": "1.1"}
        self.task = asyncio.create_task(lab.app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)

    def leaves(self) -> None:
        self._left.set()

    @property
    def body(self) -> str:
        return b"".join(message.get("body", b"") for message in self.sent).decode()


def notes(result: dict[str, Any]) -> str:
    return " ".join(result["notes"])


@pytest.mark.parametrize(
    ("path", "method", "name", "before", "after"),
    [
        ("/events", "GET", "events", "data: one-1\n\n", "data: one-1\n\ndata: two-2\n\n"),
        ("/poll", "GET", "poll", "", '"two-2"'),
        ("/thread", "GET", "thread", "", '"two-2"'),
        ("/later", "POST", "later", '"one-1"', '"one-1"'),
    ],
)
async def test_a_request_that_outlives_its_drain_is_listed_and_goes_on(
    lab: Lab, path: str, method: str, name: str, before: str, after: str
) -> None:
    request = Request(lab, path, method)
    await until(lambda: name in lab.main.reached)
    assert request.body == before
    result = await lab.upgrade(SECOND, http_drain=0.01)
    assert result["outcome"] == "complete", result["error"]
    assert f"{method} {path}: was under way, and ends on the old code" in notes(result)
    let_go(lab)
    await asyncio.wait_for(request.task, PATIENCE)
    assert request.body == after, "its own frame is old; what it calls is new"
    assert name != "later" or lab.main.reached[-1] == "done two-2"
    assert lab.process.registry.requests == ()


@pytest.mark.parametrize(("path", "name"), [("/poll", "poll"), ("/thread", "thread"), ("/events", "events")])
async def test_a_request_that_ends_within_its_drain_ends_before_anything_changes(
    lab: Lab, path: str, name: str
) -> None:
    request = Request(lab, path)
    await until(lambda: name in lab.main.reached)
    upgrade = asyncio.create_task(lab.upgrade(SECOND, http_drain=PATIENCE))
    await until(lambda: not lab.process.registry.valve.is_open)
    late = Request(lab, "/poll")
    let_go(lab)
    result = await upgrade
    assert result["outcome"] == "complete" and "was under way" not in notes(result)
    await asyncio.wait_for(asyncio.gather(request.task, late.task), PATIENCE)
    assert "two" not in request.body and late.body == '"two-2"'


async def test_a_client_that_leaves_its_stream_meanwhile_ends_it(lab: Lab) -> None:
    request = Request(lab, "/events")
    await until(lambda: "events" in lab.main.reached)

    async def leave() -> bool:
        request.leaves()
        await asyncio.wait_for(request.task, PATIENCE)
        return True

    result = await lab.upgrade(SECOND, Scripted(held=leave), http_drain=0.01)
    assert result["outcome"] == "complete" and "GET /events" in notes(result)
    assert lab.process.registry.requests == () and request.body == "data: one-1\n\n"


async def test_handlers_of_all_shapes_lose_nothing_and_double_nothing(lab: Lab) -> None:
    lab.main.go_thread.set()
    for path in PATHS:
        await lab.connect(2, path)
    second = await lab.release(SECOND)

    async def flood() -> bool:
        for client in lab.clients:
            client.says(3)
        for _ in range(20):
            await asyncio.sleep(0)
        return True

    for number in range(3):
        up = await lab.upgrade(second, Scripted(held=flood))
        down = await lab.upgrade(lab.first, Scripted(held=flood), direction="down")
        assert [up["outcome"], down["outcome"]] == ["complete"] * 2, (number, up["error"], down["error"])
    for client in lab.clients:
        await client.until_answered()
        client.assert_in_order()
        assert client.sent == 19
        assert [answer.split()[0] for answer in client.answers] == ["one-1"] + (["two-2"] * 3 + ["one-1"] * 3) * 3


async def test_a_websocket_handler_whose_thread_works_is_waited_for(lab: Lab) -> None:
    [client] = await lab.connect(1, "/threads")
    client.says()
    await until(lambda: "threads" in lab.main.reached)
    busy = await lab.upgrade(SECOND, suspend_timeout=0.1)
    assert busy["outcome"] == "failed", busy
    assert "/threads" in busy["error"]["message"] and "main.py" in busy["error"]["message"]
    upgrade = asyncio.create_task(lab.upgrade(SECOND))
    await until(lambda: not lab.process.registry.valve.is_open)
    lab.main.go_thread.set()
    assert (await upgrade)["outcome"] == "complete"
    client.says()
    await client.until_answered()
    client.assert_in_order()
    assert [answer.split()[0] for answer in client.answers] == ["one-1", "one-1", "two-2"]


async def test_who_has_not_been_accepted_yet_is_accepted_by_the_new_code(lab: Lab) -> None:
    """Its handshake came before the hold, `websocket.connect` comes during it."""
    clients = [Client() for _ in PATHS]
    for client, path in zip(clients, PATHS, strict=True):
        connect = await client.receive()
        client.task = asyncio.create_task(lab.app(websocket(path), client.receive, client.send))
        client.connect = connect  # type: ignore[attr-defined]
    lab.clients += clients
    await until(lambda: len(lab.process.registry.sessions) == len(PATHS))
    await until(lab.process.registry.all_quiescent)

    async def connect_now() -> bool:
        for client in clients:
            client._incoming.put_nowait(client.connect)  # type: ignore[attr-defined]
            client.says()
        for _ in range(20):
            await asyncio.sleep(0)
        assert not any(client.answers for client in clients)
        return True

    result = await lab.upgrade(SECOND, Scripted(held=connect_now))
    assert result["outcome"] == "complete", result["error"]
    for client in clients:
        await client.until_answered()
        client.assert_in_order()
        assert client.answers[0].startswith("two-2 ")


async def test_who_leaves_in_the_hold_is_told_once_after_it(lab: Lab) -> None:
    clients = [*await lab.connect(2, "/class"), *await lab.connect(2, "/deps")]

    async def leave() -> bool:
        for client in clients:
            client.says()
            client.leaves()
        for _ in range(20):
            await asyncio.sleep(0)
        assert lab.main.gone == []
        return True

    result = await lab.upgrade(SECOND, Scripted(held=leave))
    assert result["outcome"] == "complete", result["error"]
    await asyncio.wait_for(asyncio.gather(*(client.task for client in clients if client.task)), PATIENCE)
    assert sorted(lab.main.gone) == ["dependency", "dependency", "deps", "deps", "two-2 1001", "two-2 1001"]
    for client in clients:
        client.assert_in_order()
    assert lab.process.registry.sessions == ()


async def test_a_handler_cancelled_in_the_hold_loses_no_message_of_others(lab: Lab) -> None:
    """A server that ends a connection's task: its session is gone, the others' upgrade goes on."""
    victim, other = await lab.connect(2, "/class")

    async def cancel() -> bool:
        other.says(2)
        assert victim.task is not None
        victim.task.cancel()
        await asyncio.wait([victim.task])
        return True

    result = await lab.upgrade(SECOND, Scripted(held=cancel))
    assert result["outcome"] == "complete" and len(lab.process.registry.sessions) == 1
    await other.until_answered()
    other.assert_in_order()
    lab.clients.remove(victim)
