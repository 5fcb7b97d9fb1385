"""A worker is killed, or stands still for a while, at each step of an upgrade: the machine is of one release
afterwards, which the status tells, nobody stays held, who comes anew joins, and the same deploy again succeeds."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flyhot_asgi.control.paths import RUNTIME_VARIABLE
from flyhot_deploy.config import Patience, find_project, options_for
from flyhot_deploy.errors import DeployError
from flyhot_deploy.local import deploy

from .live_app import LiveApp
from .test_servers import APP
from .test_workers import releases

pytestmark = pytest.mark.e2e

AROUND = (
    "note",
    "make_plan",
    "stage",
    "report_prepared",
    "suspend",
    "report_held",
    "load",
    "code_change",
    "verify",
    "vote",
    "decision",
    "commit",
    "resume",
    "rerender",
    "permanent",
)
STEPS = [f"{when} {step}" for step in AROUND for when in ("before", "after")]
FEW = ("after suspend", "before vote", "after commit")
"""One of each kind: the rest is the same from outside. FLYHOT_KILLS=0:30 takes them all, and less is a part of them."""
CREWS = {
    "uvicorn": ["--workers", "2"],
    "gunicorn": ["--workers", "2", "--worker-class", "uvicorn_worker.UvicornWorker"],
    "granian": ["--workers", "2", "--respawn-failed-workers"],
    "hypercorn": ["--workers", "2"],
}
CRASH_LOOP = 6.0
"""Seconds. granian ends if a worker dies within 5.5 after it was started anew."""
CHANGE = """
    def code_change(self, old_vsn, state, extra):
        return state

"""


@pytest.fixture(params=CREWS)
def crew(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveApp]:
    app = LiveApp({"main.py": APP})
    monkeypatch.setenv(RUNTIME_VARIABLE, app.environment[RUNTIME_VARIABLE])
    failpoints = app.folder / "failpoints"
    failpoints.mkdir()
    app.environment["FLYHOT_FAILPOINTS"] = str(failpoints)
    app.environment["PYTHONPATH"] += f":{Path(__file__).parent / 'failpoints'}"
    try:
        app.start(*CREWS[request.param], server=request.param)
        yield app
    finally:
        app.stop()


@pytest.mark.parametrize("action", ["kill", "stop"])
async def test_at_each_step(crew: LiveApp, action: str, request: pytest.FixtureRequest) -> None:
    if action == "kill" and "hypercorn" in request.node.callspec.id:
        pytest.skip("hypercorn ends with all its workers when one is killed")
    runs, number = "r1", 1
    await settled(crew)
    for step in wanted():
        number += 1
        new = f"r{number}"
        crew.write(
            {"main.py": APP.replace("r1", new).replace("    async def on_receive", f"{CHANGE}    async def on_receive")}
        )
        armed = crew.folder / "failpoints" / step
        armed.write_text(action)
        exit_code, message = await hot(crew, armed, action)
        pid = int((armed.with_name(f"{step}.done")).read_text())
        after = await settled(crew, without=pid if action == "kill" else 0)
        if action == "kill" and "granian" in request.node.callspec.id:
            await asyncio.sleep(CRASH_LOOP)
        assert len(set(after.values())) == 1, (step, exit_code, message, after)
        said = {await answer(crew) for _ in range(6)}
        fine = {0: {new}, 5: {runs, new}}.get(exit_code, {runs})
        assert len(said) == 1 and said <= fine, (step, exit_code, message, said)
        if STEPS.index(step) < STEPS.index("before vote") and action == "kill":
            assert exit_code == 1 and said == {runs}, (step, exit_code, message)
        again, message = await hot(crew)
        assert (again, await answer(crew)) == (0, new), (step, message)
        runs = new


def wanted() -> tuple[str, ...]:
    first, _, last = os.environ.get("FLYHOT_KILLS", "").partition(":")
    return tuple(STEPS[int(first) : int(last)]) if last else FEW


async def hot(app: LiveApp, armed: Path | None = None, action: str = "kill") -> tuple[int, str]:
    """Exit code and message of a deploy. Who was stopped goes on a while after that."""
    project = find_project(app.root)
    options = options_for(project.settings, extra={}, suspend_timeout=3.0)
    waking = asyncio.create_task(wake(armed)) if armed is not None and action == "stop" else None
    try:
        report = await deploy.hot(project, options, patience=Patience(), notify=lambda note: None)
    except DeployError as exc:
        return 1, exc.message
    finally:
        if waking is not None:
            await waking
    return int(report.exit), str((report.error or {}).get("message"))


async def wake(armed: Path) -> None:
    done = armed.with_name(f"{armed.name}.done")
    async with asyncio.timeout(60):
        while not done.exists():  # noqa: ASYNC110 (a file tells nobody)
            await asyncio.sleep(0.02)
    await asyncio.sleep(1.5)  # longer than a vote may take
    os.kill(int(done.read_text()), signal.SIGCONT)


async def settled(app: LiveApp, *, without: int = 0) -> dict[int, str]:
    """Two workers serve, none of which is the one that was killed, and nobody is held."""
    async with asyncio.timeout(90):
        while True:
            found = await releases(app)
            if len(found) == 2 and without not in found:
                return found


async def answer(app: LiveApp) -> str:
    """Of a new connection: nobody is held."""
    async with asyncio.timeout(30), app.websocket("/echo") as ws:
        await ws.send("hello")
        said: Any = await ws.recv()
    return str(said).split()[0]
