"""Worker processes of one server: all of them upgrade, or none; whoever is started meanwhile joins what stands."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.control.paths import RUNTIME_VARIABLE
from flyhot_deploy.config import Patience, find_project, options_for
from flyhot_deploy.errors import NoProcess
from flyhot_deploy.local import deploy
from flyhot_deploy.local.coordinate import Coordinator
from flyhot_deploy.local.coordination import Command, Coordination, Tell
from flyhot_deploy.local.fleet import Status
from flyhot_deploy.local.processes import find_fleet

from .live_app import LiveApp, Talker
from .test_servers import APP

pytestmark = pytest.mark.e2e

CREWS = {
    "uvicorn": ("uvicorn", ["--workers", "2"]),
    "gunicorn": ("gunicorn", ["--workers", "2", "--worker-class", "uvicorn_worker.UvicornWorker"]),
    "gunicorn --preload": (
        "gunicorn",
        ["--workers", "2", "--preload", "--worker-class", "uvicorn_worker.UvicornWorker"],
    ),
}


@pytest.fixture
def crew(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveApp]:
    app = LiveApp({"main.py": APP})
    monkeypatch.setenv(RUNTIME_VARIABLE, app.environment[RUNTIME_VARIABLE])
    try:
        server, options = CREWS[getattr(request, "param", "uvicorn")]
        app.start(*options, server=server)
        yield app
    finally:
        app.stop()


async def releases(app: LiveApp) -> dict[int, str]:
    return {one.pid: one.release for one in await statuses(app) if not one.joining}


async def statuses(app: LiveApp) -> list[Status]:
    """What `status` shows, without a process for each question."""
    await asyncio.sleep(0.05)  # whoever asks again and again leaves the machine some air
    try:
        fleet, _ = await find_fleet(find_project(app.root), Patience())
    except NoProcess:
        return []
    return list(fleet.processes)


async def until_up(app: LiveApp, count: int) -> None:
    async with asyncio.timeout(60):
        while len(await releases(app)) < count:
            pass


async def until_two(app: LiveApp, *, without: int) -> dict[int, str]:
    """Wait until there are two workers again, none of which is the one that was killed."""
    async with asyncio.timeout(40):
        while True:
            found = await releases(app)
            if len(found) == 2 and without not in found:
                return found


async def sockets(app: LiveApp) -> list[int]:
    """How many websockets each worker holds."""
    return [one.document["websockets"] for one in await statuses(app)]


@contextlib.asynccontextmanager
async def traffic(app: LiveApp, count: int = 8) -> AsyncIterator[list[Talker]]:
    """So many clients at least, and more until each worker has one: the kernel chooses where a socket goes."""
    stop = asyncio.Event()
    talkers: list[Talker] = []
    tasks: list[asyncio.Task[None]] = []
    try:
        while not talkers or (len(talkers) < 64 and 0 in await sockets(app)):
            talkers += (more := [Talker(app, "/echo") for _ in range(count)])
            tasks += [asyncio.create_task(talker.talk(stop, pause=0.04)) for talker in more]
            await asyncio.gather(*(talker.answered.wait() for talker in more))
        yield talkers
    finally:
        stop.set()
        await asyncio.gather(*tasks)


@pytest.mark.parametrize("crew", CREWS, indirect=True)
async def test_a_worker_that_is_killed_after_an_upgrade_comes_back_on_the_release(crew: LiveApp) -> None:
    """The folder has moved on meanwhile: what the other worker runs counts, not what lies there."""
    await until_up(crew, 2)
    crew.write({"main.py": APP.replace("r1", "r2")})
    assert (await crew.deploy_meanwhile("hot")).outcome == "complete"
    crew.write({"main.py": APP.replace("r1", "r3")})
    before = await releases(crew)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    after = await until_two(crew, without=victim)
    assert set(after.values()) == set(before.values())
    assert {(await asyncio.to_thread(crew.get, "/")).text for _ in range(6)} == {"r2"}
    back = await crew.deploy_meanwhile("rollback")
    assert (back.exit_code, len(back.processes)) == (0, 2), back.document
    os.kill(max(after), signal.SIGKILL)
    assert len(set((await until_two(crew, without=max(after))).values())) == 1
    assert {(await asyncio.to_thread(crew.get, "/")).text for _ in range(6)} == {"r1"}


async def test_all_workers_killed_at_once_come_back_on_the_release(crew: LiveApp) -> None:
    await until_up(crew, 2)
    crew.write({"main.py": APP.replace("r1", "r2")})
    assert (await crew.deploy_meanwhile("hot")).outcome == "complete"
    crew.write({"main.py": APP.replace("r1", "r3")})
    before = await releases(crew)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(40):
        while len(after := await releases(crew)) < 2 or set(after) & set(before):
            pass
    assert set(after.values()) == set(before.values())
    assert {(await asyncio.to_thread(crew.get, "/")).text for _ in range(6)} == {"r2"}


class Killing(Coordinator):
    """Kills one worker instead of giving it a certain word."""

    word = ""
    killed = 0

    def _execute(self, machine: Coordination, command: Command) -> None:
        if isinstance(command, Tell) and command.go == type(self).word and not type(self).killed:
            type(self).killed = command.pid
            os.kill(command.pid, signal.SIGKILL)
        super()._execute(machine, command)


@pytest.mark.parametrize("word", ["suspend", "apply", "commit"])
async def test_a_worker_that_is_killed_at_a_station(crew: LiveApp, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the decision nobody changes; after it, the survivor has the release, and so has who comes after."""
    await until_up(crew, 2)
    monkeypatch.setattr(Killing, "word", word)
    monkeypatch.setattr(Killing, "killed", 0)
    monkeypatch.setattr(deploy, "Coordinator", Killing)
    async with traffic(crew) as talkers:
        crew.write({"main.py": APP.replace("r1", "r2")})
        report = await hot(crew.root)
        runs = "r2" if word == "commit" else "r1"
        assert report.outcome == ("mixed" if word == "commit" else "failed"), report.error
        after = await until_two(crew, without=Killing.killed)
        assert len(set(after.values())) == 1
        assert {(await asyncio.to_thread(crew.get, "/")).text for _ in range(6)} == {runs}
    assert [talker.problems for talker in talkers if talker.problems] == []
    closed = [talker for talker in talkers if talker.closed]
    assert len(closed) < len(talkers), "those of the other worker went on"
    assert all("ConnectionClosedError" in str(talker.closed) for talker in closed)
    again = await crew.deploy_meanwhile("hot")
    assert (again.exit_code, len(again.processes)) == (0, 2), again.document
    assert set((await releases(crew)).values()) == {again.document["to"]}


async def hot(root: Path) -> Any:
    project = find_project(root)
    options = options_for(project.settings, extra={})
    return await deploy.hot(project, options, patience=Patience(), notify=lambda note: None)


SLOW = """
import asyncio
import os
import sys
import time
from pathlib import Path

if "uvicorn" in sys.modules or "gunicorn" in sys.modules:  # not where a release is looked at
    Path(f"{os.getpid()}.comes").touch()
    while Path("wait").exists() and not Path("go").exists():
        time.sleep(0.01)


async def until_it_may_go():
    while not Path("go").exists():
        await asyncio.sleep(0.01)

"""


async def test_a_worker_that_comes_up_in_the_middle_waits_for_the_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its predecessor died before the deploy looked for processes. It has read the old files when they are edited, and
    is still importing them when the other one is asked."""
    app = LiveApp({"main.py": (old := SLOW + APP.replace("asyncio.sleep(3)", "until_it_may_go()"))})
    monkeypatch.setenv(RUNTIME_VARIABLE, app.environment[RUNTIME_VARIABLE])
    try:
        app.start("--workers", "2")
        await until_up(app, 2)
        victim, other = await releases(app)
        (app.root / "wait").touch()
        os.kill(victim, signal.SIGKILL)
        comes = await until_somebody_comes(app, {victim, other})
        async with app.websocket("/echo") as ws:
            await ws.send("hello")
            assert await ws.recv() == "r1 1 hello"
            app.write({"main.py": old.replace("r1", "r2")})
            await ws.send("sleep")
            deploy_ = asyncio.create_task(app.deploy_meanwhile("hot"))
            await until_upgrading(app, other)
            (app.root / "go").touch()
            done = await deploy_
            assert done.outcome == "complete", done.document
            after = await until_two(app, without=victim)
            assert set(after) == {other, comes} and set(after.values()) == {done.document["to"]}
            assert {(await asyncio.to_thread(app.get, "/")).text for _ in range(12)} == {"r2"}
            assert await ws.recv() == "r1 2 sleep"
    finally:
        app.stop()


@pytest.mark.parametrize("name", ["uvicorn", "gunicorn"])
async def test_a_worker_that_can_not_know_what_it_has_imported_makes_room_for_one_that_does(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It read a text that was never released, and that somebody has saved over since: it stayed, broken, and each
    deploy ended with 1 until somebody restarted it."""
    app = LiveApp({"main.py": (old := SLOW + APP)})
    monkeypatch.setenv(RUNTIME_VARIABLE, app.environment[RUNTIME_VARIABLE])
    try:
        server, options = CREWS[name]
        app.start(*options, server=server)
        await until_up(app, 2)
        app.write({"main.py": old.replace("r1", "r2")})
        assert (await app.deploy_meanwhile("hot")).outcome == "complete"
        victim, other = await releases(app)
        (app.root / "wait").touch()
        app.write({"main.py": old.replace("r1", "r3")})
        os.kill(victim, signal.SIGKILL)
        comes = await until_somebody_comes(app, {victim, other})
        app.write({"main.py": old.replace("r1", "r4")})
        (app.root / "go").touch()
        after = await until_two(app, without=victim)
        assert comes not in after and len(set(after.values())) == 1
        assert {(await asyncio.to_thread(app.get, "/")).text for _ in range(12)} == {"r2"}
        assert "ends, so that its server starts one that knows" in app.log(app.ports[0])
        assert (await app.deploy_meanwhile("hot")).exit_code == 0
    finally:
        app.stop()


async def until_somebody_comes(app: LiveApp, known: set[int]) -> int:
    """The pid of a worker that has begun to import the app."""
    async with asyncio.timeout(60):
        while True:
            await asyncio.sleep(0.01)  # nothing tells us
            for fresh in {int(path.stem) for path in app.root.glob("*.comes")} - known:
                return fresh


async def until_upgrading(app: LiveApp, pid: int) -> None:
    async with asyncio.timeout(60):
        while not any(one.pid == pid and one.state in ("upgrading", "held") for one in await statuses(app)):
            pass
