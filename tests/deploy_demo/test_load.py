"""Servers and clients of the demo against a plain app: what goes wrong on the wire is found in the account."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from flyhot_deploy.demo import clients
from flyhot_deploy.demo.clients import Load, LoadFailed
from flyhot_deploy.demo.ledger import Ledger
from flyhot_deploy.demo.servers import Server, ServerFailed

pytestmark = pytest.mark.e2e


def plain_app(folder: Path) -> Path:
    (folder / "app").mkdir(parents=True)
    (folder / "app/__init__.py").write_text("", "utf-8")
    shutil.copyfile(Path(__file__).with_name("plain_app.py"), folder / "app/main.py")
    return folder


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Server]:
    server = Server(folder, folder.parent / "server.log")
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


class WatchedLedger(Ledger):
    """Says when it has sent so many."""

    def __init__(self, enough: int) -> None:
        super().__init__()
        self.enough = asyncio.Event()
        self._at = enough

    def send(self) -> int:
        number = super().send()
        if number >= self._at:
            self.enough.set()
        return number


async def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> Load:
    monkeypatch.setenv("FAULT", fault)
    monkeypatch.setattr(clients, "DRAIN_TIMEOUT", 1.0)
    async with served(plain_app(tmp_path / "noon")) as server:
        load = Load([server.url], 4)
        ledgers = [WatchedLedger(25) for _ in load.clients]
        for client, ledger in zip(load.clients, ledgers, strict=True):
            client.ledger = ledger
        await load.start()
        unharmed = ledgers if fault != "close" else [ledgers[0], *ledgers[2:]]
        async with asyncio.timeout(20):
            await asyncio.gather(*(ledger.enough.wait() for ledger in unharmed))
        await load.stop()
    return load


async def test_a_server_that_answers_everything_leaves_a_clean_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = await account(tmp_path, monkeypatch, "")
    messages = load.messages()
    assert messages.faultless and messages.sent == messages.answered >= 4 * 25
    assert load.closed() == []


@pytest.mark.parametrize(
    ("fault", "lost", "doubled", "reordered"),
    [("lose", 1, 0, 0), ("double", 0, 1, 0), ("reorder", 0, 0, 1)],
)
async def test_a_fault_of_one_session_is_found(
    fault: str, lost: int, doubled: int, reordered: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = await account(tmp_path, monkeypatch, fault)
    messages = load.messages()
    assert (messages.lost, messages.doubled, messages.reordered) == (lost, doubled, reordered)


async def test_a_socket_that_the_server_closes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load = await account(tmp_path, monkeypatch, "close")
    (closed,) = load.closed()
    assert "guest-2" in closed and "1011" in closed
    assert load.messages().lost > 0


async def test_clients_that_cannot_connect_say_where(tmp_path: Path) -> None:
    with pytest.raises(LoadFailed, match=r"guest-1 could not connect to ws://127\.0\.0\.1:1/ws/chat"):
        await Load(["http://127.0.0.1:1"], 1).start()


async def test_a_server_that_does_not_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    folder = plain_app(tmp_path / "noon")
    (folder / "app/main.py").write_text("raise RuntimeError('no soup today')\n", "utf-8")
    server = Server(folder, tmp_path / "server.log")
    with pytest.raises(ServerFailed) as failed:
        await server.start()
    await server.stop()
    assert "no soup today" in (failed.value.detail or "")
    assert failed.value.file == str(tmp_path / "server.log")


async def test_stopping_leaves_no_process(tmp_path: Path) -> None:
    async with served(plain_app(tmp_path / "noon")) as server:
        pid = server.pid
        assert (await server.ask("/api/poll"))["pid"] == pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    await server.stop()


class WatchedServer(Server):
    """Says when its process is there."""

    def __init__(self, folder: Path, log: Path) -> None:
        super().__init__(folder, log)
        self.reading = asyncio.Event()

    async def _read_log(self) -> None:
        self.reading.set()
        await super()._read_log()


async def test_cancelling_a_start_leaves_no_process(tmp_path: Path) -> None:
    folder = plain_app(tmp_path / "noon")
    (folder / "app/main.py").write_text("import time\ntime.sleep(60)\n", "utf-8")
    server = WatchedServer(folder, tmp_path / "server.log")
    starting = asyncio.create_task(server.start())
    await server.reading.wait()
    pid = server.pid
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
