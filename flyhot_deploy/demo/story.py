"""The story of the demo: its steps in order, under load all the time, and the report at its end."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from flyhot_asgi.control.paths import runtime_dir
from flyhot_asgi.threads import in_thread

from .clients import Load
from .ledger import Messages
from .servers import Server
from .sources import compose
from .upgrades import Expectation, UpgradeTold, run_command, tell

STEPS: tuple[Expectation, ...] = (
    Expectation("1", "2", ("hot", "--local"), succeeds=True),
    Expectation("2", "bad", ("hot", "--local"), succeeds=False),
    Expectation("2", "3", ("hot", "--local"), succeeds=True),
    Expectation("3", "2", ("rollback",), succeeds=True),
)
TICK = 0.2


@dataclass(frozen=True)
class Options:
    """`seconds` is how long the load runs before, between and after the upgrades, in all."""

    clients: int = 200
    processes: int = 2
    seconds: float = 6.0


@dataclass(frozen=True)
class Report:
    """What the demo found. `problems` is empty if everything is as it must be."""

    options: Options
    messages: Messages
    closed: tuple[str, ...]
    upgrades: tuple[UpgradeTold, ...]
    seconds: float

    @property
    def problems(self) -> list[str]:
        found = [told.problem for told in self.upgrades if told.problem is not None]
        for word, count in self.messages.document().items():
            if word not in ("sent", "answered") and count:
                found.append(f"{count} messages {word}")
        if self.closed:
            found.append(f"{len(self.closed)} sockets closed, the first one {self.closed[0]}")
        if len(self.upgrades) != len(STEPS):
            found.append(f"{len(self.upgrades)} of {len(STEPS)} upgrades were tried")
        return found

    def document(self) -> dict[str, Any]:
        problems = self.problems
        return {
            "ok": not problems,
            "messages": self.messages.document(),
            "sockets_closed": len(self.closed),
            "upgrades": [told.as_document() for told in self.upgrades],
            "clients": self.options.clients,
            "processes": self.options.processes,
            "seconds": round(self.seconds, 2),
            "problems": problems,
        }


class Audience(Protocol):
    """Who is told how the story goes."""

    def step(self, title: str) -> None: ...
    def told(self, upgrade: UpgradeTold) -> None: ...
    def tick(self, messages: Messages, connected: int) -> None: ...
    def serving(self, folder: Path, urls: list[str]) -> None: ...


@dataclass(frozen=True)
class Stage:
    """The folder and the processes in which the story plays."""

    folder: Path
    servers: tuple[Server, ...]

    @property
    def urls(self) -> list[str]:
        return [server.url for server in self.servers]

    async def releases(self) -> tuple[str, ...]:
        """What each process serves, in the words of the app itself."""
        answers = await asyncio.gather(*(server.ask("/api/poll") for server in self.servers))
        return tuple(str(answer["release"]) for answer in answers)

    async def upgrade(self, expected: Expectation) -> UpgradeTold:
        """Lay the release's sources into the folder if the command deploys them, and run the command."""
        if expected.command[0] == "hot":
            await in_thread(lambda: compose(expected.new, self.folder))
        answer = await run_command(self.folder, *expected.command)
        return tell(expected, answer, await self.releases())


class Theatre(Protocol):
    """Where the story can play. `Stage` is one: the processes of this machine."""

    @property
    def urls(self) -> list[str]: ...

    async def upgrade(self, expected: Expectation) -> UpgradeTold: ...


@asynccontextmanager
async def stage(processes: int) -> AsyncIterator[Stage]:
    """A temporary folder with release 1, served by so many processes. All of it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="flyhot-demo-", ignore_cleanup_errors=True) as temporary:
        folder = _app_folder(temporary)
        await in_thread(lambda: compose("1", folder))
        logs = [folder.parent / f"server-{index + 1}.log" for index in range(processes)]
        servers = tuple(Server(folder, log) for log in logs)
        try:
            await asyncio.gather(*(server.start() for server in servers))
            yield Stage(folder, servers)
        finally:
            await _to_the_end(asyncio.gather(*(server.stop() for server in servers)))
            await asyncio.to_thread(shutil.rmtree, runtime_dir(folder), ignore_errors=True)


async def _to_the_end(stopping: asyncio.Future[list[None]]) -> None:
    """Wait for it, however often we are cancelled meanwhile: a second Ctrl-C must not leave a process behind."""
    cancelled: asyncio.CancelledError | None = None
    while not stopping.done():
        try:
            await asyncio.shield(stopping)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _app_folder(temporary: str) -> Path:
    """Resolved, since a process finds its app by the real path of its folder."""
    return Path(temporary).resolve() / "noon"


async def play(where: Theatre, options: Options, audience: Audience) -> Report:
    """The whole story on this stage. Cancelling ends the clients; the processes are the stage's.

    Raises FlyhotError if it can't be played at all (a server that does not answer, clients that can't connect).
    """
    started = time.monotonic()
    load = Load(where.urls, options.clients)
    audience.step(f"Opening {options.clients} websockets")
    told: list[UpgradeTold] = []
    try:
        await load.start()
        async with _ticking(lambda: audience.tick(load.messages(), load.connected)):
            pause = options.seconds / (len(STEPS) + 1)
            await _rest(pause)
            for expected in STEPS:
                audience.step(_title(expected))
                told.append(await where.upgrade(expected))
                audience.told(told[-1])
                if told[-1].problem is not None:
                    break  # what follows would start from something else than it says
                await _rest(pause)
            audience.step("Waiting for the last answers")
            await load.stop()
        audience.tick(load.messages(), load.connected)
    except BaseException:
        await load.abandon()
        raise
    return Report(options, load.messages(), tuple(load.closed()), tuple(told), time.monotonic() - started)


def _title(expected: Expectation) -> str:
    if expected.command[0] == "rollback":
        return f"Rolling back from release {expected.old} to {expected.new}"
    if not expected.succeeds:
        return "Trying a bad release: its code_change raises for one guest"
    return f"Upgrading from release {expected.old} to {expected.new}"


async def _rest(seconds: float) -> None:
    """Let the load run for a while: the one place of the demo where time itself is what is wanted."""
    await asyncio.sleep(seconds)


@asynccontextmanager
async def _ticking(tick: Callable[[], None]) -> AsyncIterator[None]:
    async def forever() -> None:
        while True:
            tick()
            await asyncio.sleep(TICK)

    task = asyncio.create_task(forever())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
