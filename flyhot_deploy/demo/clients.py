"""Websocket clients that never rest: each sends numbered messages and expects each number back once, in order."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from flyhot_asgi.errors import FlyhotError

from .ledger import Ledger, Messages, total

WINDOW = 2  # messages in flight per client: enough to see a reordering, few enough to bound every queue
OPEN_TIMEOUT = 30.0
DRAIN_TIMEOUT = 10.0
LINGER = 0.2


class LoadFailed(FlyhotError):
    """The clients could not be opened."""

    kind = "load"


class Client:
    """One guest at a table of its own. `closed` is how its socket ended, if that wasn't our doing."""

    def __init__(self, url: str, name: str) -> None:
        query = urlencode({"name": name, "table": name})
        self.url = f"{url.replace('http', 'ws', 1)}/ws/chat?{query}"
        self.name = name
        self.ledger = Ledger()
        self.closed: str | None = None
        self.answered_once = asyncio.Event()
        self._stopping = False
        self._socket: ClientConnection | None = None

    async def open(self) -> None:
        """Connect. Raises OSError, WebSocketException or TimeoutError."""
        self._socket = await connect(self.url, open_timeout=OPEN_TIMEOUT, compression=None, ping_interval=None)

    async def run(self) -> None:
        """Send without pause until `stop`, then wait for what is in flight, DRAIN_TIMEOUT seconds at most.

        Never raises for a socket that closes: that's a finding, kept in `closed`.
        """
        assert self._socket is not None, "not open"
        try:
            while not self._stopping:
                while self.ledger.outstanding < WINDOW:
                    await self._send()
                await self._receive()
            async with asyncio.timeout(DRAIN_TIMEOUT):
                while self.ledger.outstanding:
                    await self._receive()
                await self._late_answers()
        except ConnectionClosed as closed:
            self.closed = str(closed)
        except TimeoutError:
            pass  # what is still outstanding counts as lost
        finally:
            await self._socket.close()

    def stop(self) -> None:
        self._stopping = True

    async def _send(self) -> None:
        assert self._socket is not None
        number = self.ledger.send()
        await self._socket.send(json.dumps({"n": number, "text": f"message {number}"}))

    async def _receive(self) -> None:
        assert self._socket is not None
        message = json.loads(await self._socket.recv())
        if message.get("type") != "said" or message.get("name") != self.name:
            return
        self.ledger.receive(int(message["n"]), message.get("count"))
        self.answered_once.set()

    async def _late_answers(self) -> None:
        """Listen a little longer than needed: a doubled answer would come right behind the last one."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while True:
                    await self._receive()


class Load:
    """All clients, and the tasks that run them. `open`, `start`, then `stop` on every path."""

    def __init__(self, urls: Sequence[str], count: int) -> None:
        self.clients = [Client(urls[index % len(urls)], f"guest-{index + 1}") for index in range(count)]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Connect all of them, let them send, and wait until each has had an answer. Raises LoadFailed."""
        results = await asyncio.gather(*(client.open() for client in self.clients), return_exceptions=True)
        for client, result in zip(self.clients, results, strict=True):
            if isinstance(result, OSError | WebSocketException | TimeoutError):
                raise LoadFailed(f"{client.name} could not connect to {client.url}: {result}") from result
            if isinstance(result, BaseException):
                raise result
        self._tasks = [asyncio.create_task(client.run()) for client in self.clients]
        try:
            async with asyncio.timeout(OPEN_TIMEOUT):
                await asyncio.gather(*(client.answered_once.wait() for client in self.clients))
        except TimeoutError:
            silent = [client.name for client in self.clients if not client.answered_once.is_set()]
            raise LoadFailed(f"{len(silent)} clients had no answer at all, {silent[0]} among them") from None

    async def stop(self) -> None:
        """Let every client finish what is in flight, and close. An unexpected error of a client is raised."""
        for client in self.clients:
            client.stop()
        await asyncio.gather(*self._tasks)

    async def abandon(self) -> None:
        """End the clients at once, for the paths on which nobody asks for the account any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def messages(self) -> Messages:
        return total(client.ledger for client in self.clients)

    def closed(self) -> list[str]:
        """One line for each socket that somebody else closed."""
        return [f"{client.name}: {client.closed}" for client in self.clients if client.closed is not None]

    @property
    def connected(self) -> int:
        return sum(1 for task in self._tasks if not task.done())
