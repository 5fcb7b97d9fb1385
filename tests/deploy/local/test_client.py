from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from flyhot_asgi.control.paths import ControlSocket
from flyhot_asgi.errors import ControlError
from flyhot_deploy.local.client import Conversation, ask

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(folder: Path, serve: Serve) -> AsyncIterator[ControlSocket]:
    async def serve_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    path = folder / "7.sock"
    server = await asyncio.start_unix_server(serve_and_close, path=path)
    try:
        yield ControlSocket(7, path)
    finally:
        server.close()


def saying(data: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(data)

    return serve


async def test_the_last_reply_is_the_answer(short_folder: Path) -> None:
    async with serving(short_folder, saying(b'{"phase":"x"}\n{"done":true,"ok":false}\n{"more":1}\n')) as socket:
        assert await ask(socket, {"verb": "status"}, within=5) == {"done": True, "ok": False}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "hung up"),
        (b'{"phase":"x"}\n', "hung up"),
        (b"rubbish\n", "can't be read"),
        (b"[]\n", "can't be read"),
    ],
)
async def test_no_answer_that_can_be_understood_is_an_error_naming_the_process(
    short_folder: Path, data: bytes, why: str
) -> None:
    async with serving(short_folder, saying(data)) as socket:
        with pytest.raises(ControlError, match=f"process 7 .*{why}"):
            await ask(socket, {"verb": "status"}, within=5)


async def test_a_process_that_never_answers_is_given_up(short_folder: Path) -> None:
    hung_up = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(100):
            pass
        hung_up.set()

    async with serving(short_folder, silent) as socket:
        with pytest.raises(ControlError, match=r"no answer within 0\.05 s"):
            await ask(socket, {"verb": "status"}, within=0.05)
        await asyncio.wait_for(hung_up.wait(), 5)


async def test_nobody_listening_is_an_error(short_folder: Path) -> None:
    with pytest.raises(ControlError, match="process 7 can't be reached"):
        await ask(ControlSocket(7, short_folder / "7.sock"), {"verb": "status"}, within=5)


async def test_a_conversation_goes_both_ways_until_somebody_hangs_up(short_folder: Path) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            writer.write(await reader.readline())

    async with serving(short_folder, echo) as socket:
        conversation = await Conversation.open(socket)
        conversation.send({"go": "one"})
        assert await conversation.receive() == {"go": "one"}
        conversation.send({"go": "two"})
        assert await conversation.receive() == {"go": "two"}
        assert await conversation.receive() is None
        conversation.close()
        conversation.send({"go": "nobody hears"})


async def test_a_large_frame_passes(short_folder: Path) -> None:
    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = b""
        while not line.endswith(b"\n"):
            line += await reader.read(1 << 20)
        writer.write(b'{"done":true,"length":%d}\n' % len(line))

    async with serving(short_folder, count) as socket:
        reply = await ask(socket, {"cold": "x" * 3_000_000}, within=20)
        assert reply["length"] > 3_000_000
