"""The control socket against ends that are slow, rude, silent or gone; on asyncio's loop and on uvloop's."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import stat
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from flyhot_asgi.control.wire import LEAVING, MAX_LINE, Frame, encode
from flyhot_asgi.errors import UpgradeError
from flyhot_asgi.runtime.control_server import ControlServer, Verb
from flyhot_asgi.runtime.conversation import Conversation

Body = Callable[[], Awaitable[None]]
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Iterator[Callable[[Body], None]]:
    """Runs a test's body in a loop of either kind; a forgotten exception in the loop fails the test."""
    unhandled: list[Any] = []

    def in_loop(body: Body) -> None:
        with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
            runner.get_loop().set_exception_handler(lambda loop, context: unhandled.append(context))
            runner.run(asyncio.wait_for(body(), 20))

    yield in_loop
    assert not unhandled, unhandled


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fh-") as folder:
        yield Path(folder) / "1.sock"


async def echo(request: Frame, conversation: Conversation) -> Frame:
    return {"ok": True, "said": request.get("say")}


async def dialogue(request: Frame, conversation: Conversation) -> Frame:
    heard = []
    while (frame := await conversation.receive()) is not None and frame != {"end": True}:
        heard.append(frame)
    return {"heard": heard}


async def refuse(request: Frame, conversation: Conversation) -> Frame:
    raise UpgradeError("not today", do="try tomorrow", line=3)


async def crash(request: Frame, conversation: Conversation) -> Frame:
    raise ZeroDivisionError("oh")


async def huge(request: Frame, conversation: Conversation) -> Frame:
    return {"data": "x" * int(request["size"])}


async def unsayable(request: Frame, conversation: Conversation) -> Frame:
    return {"data": object()}


VERBS: dict[str, Verb] = {
    "echo": echo,
    "dialogue": dialogue,
    "refuse": refuse,
    "crash": crash,
    "huge": huge,
    "unsayable": unsayable,
}


class End:
    """The other end, raw."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.setblocking(False)
        self.path = path
        self.buffer = b""

    async def __aenter__(self) -> End:
        await asyncio.get_running_loop().sock_connect(self.socket, str(self.path))
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.socket.close()

    async def write(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def ask(self, frame: Frame) -> Frame | None:
        await self.write(encode(frame))
        return await self.hear()

    async def hear(self) -> Frame | None:
        while b"\n" not in self.buffer:
            try:
                data = await asyncio.get_running_loop().sock_recv(self.socket, 1 << 20)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        answer: Frame = json.loads(line)
        return answer


def serving(path: Path, body: Callable[[ControlServer], Awaitable[None]], **options: Any) -> Body:
    async def whole() -> None:
        server = ControlServer(path, VERBS, **options)
        await server.start()
        try:
            await body(server)
            async with End(path) as end:  # whatever happened, the next one is served
                assert await end.ask({"verb": "echo", "say": 1}) == {"done": True, "ok": True, "said": 1}
        finally:
            await server.close()
        assert not path.exists()  # noqa: ASYNC240

    return whole


def test_one_request_one_answer(run: Any, path: Path) -> None:
    async def body(server: ControlServer) -> None:
        async with End(path) as end:
            assert await end.ask({"verb": "echo", "say": "ü"}) == {"done": True, "ok": True, "said": "ü"}
            assert await end.hear() is None
        assert stat.S_IMODE(path.stat().st_mode) == 0o600  # noqa: ASYNC240

    run(serving(path, body))


def test_the_kernel_says_who_is_there_and_strangers_are_turned_away(
    run: Any, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also if folder and socket were opened to everybody."""
    seen: list[int | None] = []
    asked = Conversation.peer_uid

    def peer_uid(conversation: Conversation) -> int | None:
        seen.append(asked(conversation))
        return 4711 if len(seen) == 1 else seen[-1]

    monkeypatch.setattr(Conversation, "peer_uid", peer_uid)

    async def body(server: ControlServer) -> None:
        async with End(path) as end:
            try:
                assert await end.ask({"verb": "echo", "say": 1}) is None
            except (BrokenPipeError, ConnectionResetError):
                pass

    run(serving(path, body))
    assert seen == [os.getuid(), os.getuid()]
    assert "user 4711" in caplog.text


def test_a_request_in_many_pieces_and_many_frames_in_one(run: Any, path: Path) -> None:
    async def body(server: ControlServer) -> None:
        async with End(path) as end:
            for byte in encode({"verb": "echo", "say": 2}):
                await end.write(bytes([byte]))
                await asyncio.sleep(0)
            assert (await end.hear() or {})["said"] == 2
        async with End(path) as end:  # more frames than are kept in hand: the rest waits in the socket
            frames = [{"n": n} for n in range(100)]
            await end.write(b"".join(map(encode, [{"verb": "dialogue"}, *frames, {"end": True}])))
            assert await end.hear() == {"done": True, "heard": frames}

    run(serving(path, body))


@pytest.mark.parametrize("noise", [b"\x00\xff\n", b"[]\n", b"{\n", b"[" * 100_000 + b"\n"])
def test_garbage_is_answered_with_an_error(run: Any, path: Path, noise: bytes) -> None:
    async def body(server: ControlServer) -> None:
        async with End(path) as end:
            await end.write(noise)
            answer = await end.hear() or {}
            assert answer["done"] and answer["error"]["kind"] == "wire"

    run(serving(path, body))


def test_a_frame_without_end_is_cut_off(run: Any, path: Path) -> None:
    async def body(server: ControlServer) -> None:
        async with End(path) as end:
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                for _ in range(MAX_LINE // (1 << 20) + 4):
                    await end.write(b"x" * (1 << 20))
            answer = await end.hear()
            assert answer is None or answer["error"]["kind"] == "wire"

    run(serving(path, body))


def test_errors_are_answers(run: Any, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def body(server: ControlServer) -> None:
        async def error(frame: Frame) -> Any:
            async with End(path) as end:
                return (await end.ask(frame) or {})["error"]

        refused = await error({"verb": "refuse"})
        assert (refused["message"], refused["do"], refused["line"]) == ("not today", "try tomorrow", 3)
        with caplog.at_level(logging.CRITICAL):
            assert "ZeroDivisionError: oh" in (await error({"verb": "crash"}))["message"]
            assert (await error({"verb": "unsayable"}))["kind"] == "wire"
            assert (await error({"verb": "huge", "size": MAX_LINE}))["kind"] == "wire"
        for verb in ("dance", None, 1, ["echo"], {}):
            assert "unknown verb" in (await error({"verb": verb}))["message"]
        assert "unknown verb" in (await error({}))["message"]

    run(serving(path, body))


def test_who_says_nothing_is_let_go(run: Any, path: Path) -> None:
    async def body(server: ControlServer) -> None:
        async with End(path) as silent, End(path) as half:
            await half.write(b'{"verb": ')
            assert await silent.hear() is None and await half.hear() is None

    run(serving(path, body, request_seconds=0.05))


def test_who_hangs_up_at_once_costs_nothing(run: Any, path: Path) -> None:
    async def body(server: ControlServer) -> None:
        for _ in range(50):
            async with End(path):
                pass
        async with End(path) as end:
            await end.write(encode({"verb": "huge", "size": 4_000_000}))  # and never reads it

    run(serving(path, body))


def test_a_half_closed_end_gets_its_answer(run: Any, path: Path) -> None:
    async def body(server: ControlServer) -> None:
        async with End(path) as end:
            await end.write(encode({"verb": "dialogue"}) + encode({"n": 1}))
            end.socket.shutdown(socket.SHUT_WR)
            assert await end.hear() == {"done": True, "heard": [{"n": 1}]}

    run(serving(path, body))


def test_who_reads_nothing_does_not_keep_the_server_from_closing(run: Any, path: Path) -> None:
    async def whole() -> None:
        server = ControlServer(path, VERBS)
        await server.start()
        async with End(path) as deaf, End(path) as talking:
            await deaf.write(encode({"verb": "huge", "size": 8_000_000}))
            await talking.write(encode({"verb": "dialogue"}))
            await asyncio.sleep(0.05)  # until both are being served
            async with asyncio.timeout(5):
                await server.close()
            assert [await talking.hear(), await talking.hear()] == [LEAVING, None]
        await server.close()

    run(whole)


def test_a_socket_that_was_left_behind_is_replaced(run: Any, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    async def body(server: ControlServer) -> None:
        return None

    run(serving(path, body))


def test_a_folder_that_is_gone_is_an_os_error(run: Any, path: Path) -> None:
    async def whole() -> None:
        with pytest.raises(OSError):
            await ControlServer(path.parent / "no" / "1.sock", VERBS).start()

    run(whole)


# -- asked without the loop ------------------------------------------------------------------------


def asked(path: Path, other: Callable[[socket.socket], None], timeout: float = 2.0) -> tuple[Body, list[Any]]:
    """A server whose verb asks blocking; `other` is the answering end, in a thread of its own."""
    got: list[Any] = []

    async def vote(request: Frame, conversation: Conversation) -> Frame:
        got.append(conversation.ask_blocking({"phase": "ready"}, timeout))
        return {"ok": True}

    async def whole() -> None:
        server = ControlServer(path, {"vote": vote})
        await server.start()

        def talk() -> None:
            with socket.socket(socket.AF_UNIX) as end:
                end.connect(str(path))
                end.sendall(encode({"verb": "vote"}))
                other(end)

        await asyncio.to_thread(talk)
        await asyncio.sleep(0.05)
        await server.close()

    return whole, got


def test_an_answer_in_pieces(run: Any, path: Path) -> None:
    def other(end: socket.socket) -> None:
        assert b"ready" in end.recv(1000)
        for byte in b'{"go": "commit"}\n':
            end.sendall(bytes([byte]))
        end.recv(1000)

    whole, got = asked(path, other)
    run(whole)
    assert got == [{"go": "commit"}]


@pytest.mark.parametrize("said", [b"", b"noise\n", b"[]\n", b'{"go": '])
def test_no_answer(run: Any, path: Path, said: bytes) -> None:
    def other(end: socket.socket) -> None:
        end.recv(1000)
        end.sendall(said)

    whole, got = asked(path, other)
    run(whole)
    assert got == [None]


def test_an_answer_that_came_before_the_question_is_none(run: Any, path: Path) -> None:
    async def vote(request: Frame, conversation: Conversation) -> Frame:
        await asyncio.sleep(0.1)  # the loop turns, and reads on
        return {"answer": conversation.ask_blocking({"phase": "ready"}, 5.0)}

    async def whole() -> None:
        server = ControlServer(path, {"vote": vote})
        await server.start()
        async with End(path) as end:
            await end.write(encode({"verb": "vote"}) + encode({"go": "abort"}))
            assert await end.hear() == {"done": True, "answer": None}
        await server.close()

    run(whole)
