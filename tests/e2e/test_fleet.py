"""FlyDeploy's end-to-end cycle and more, on a Fly of our own with a real S3 server: by the published commands only."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import websockets

from flyhot_deploy.environment import repository_from
from flyhot_deploy.flysim.cloud import Cloud
from flyhot_deploy.flysim.serve import serving
from flyhot_deploy.release.manifest import ReleaseManifest
from tests import seaweed
from tests.e2e import fleet_app

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def bucket_environment() -> Iterator[dict[str, str]]:
    with seaweed.server(seaweed.require_weed()) as endpoint:
        yield seaweed.new_bucket(endpoint).environment


@dataclass
class World:
    """The simulated Fly, the app's folder here, and the deployer's shell."""

    cloud: Cloud
    folder: Path
    environment: dict[str, str]

    async def command(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "flyhot_deploy", *arguments, "--json"),
            cwd=self.folder,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert out, f"{arguments} printed nothing: {err.decode()[-2000:]}"
        document: dict[str, Any] = json.loads(out)
        assert document["exit_code"] == process.returncode
        return process.returncode or 0, document

    async def each(self, path: str) -> list[Any]:
        return [await asyncio.to_thread(get, machine.url + path) for machine in self.cloud.app_machines]

    async def bumps(self) -> tuple[list[int], list[int], list[int]]:
        """Counts, versions and process ids of all machines."""
        answers = [json.loads(body) for body in await self.each("/bump")]
        return tuple([answer[name] for answer in answers] for name in ("count", "version", "pid"))  # type: ignore[return-value]

    async def manifest(self) -> ReleaseManifest:
        """Of the release that became current last."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.cloud.secrets.items():
                patch.setenv(name, value)
            repository = repository_from(self.cloud.secrets, app=self.cloud.app)
            current = (await asyncio.to_thread(repository.pointer)).pointer.current
            last = max(current.values(), key=lambda one: one.sequence)
            assert last.manifest is not None
            return await asyncio.to_thread(repository.manifest, last.manifest)

    async def releases(self) -> set[str]:
        """As `status` tells, once every machine's agent has come up: they do after their app has."""
        deadline = time.monotonic() + 60
        while (told := await self.command("status"))[0] != 0:
            assert time.monotonic() < deadline, told[1]
        return {str(machine["release"]) for machine in told[1]["machines"]}


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        body: bytes = answer.read()
        return body.decode()


@pytest.fixture
async def world(bucket_environment: dict[str, str]) -> AsyncIterator[World]:
    secrets = bucket_environment | {"FLYHOT_ALLOW_UNSIGNED": "1", "FLYHOT_POLL_SECONDS": "1"}
    cloud = Cloud("counter", secrets=secrets)
    folder = Path(tempfile.mkdtemp(prefix="fa-", dir="/tmp"))
    try:
        async with serving(cloud) as environment:
            fleet_app.write(folder, 1)
            await cloud.deploy(folder, 3)
            yield World(cloud, folder, environment)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def test_the_whole_cycle(world: World) -> None:
    await world.bumps()
    counts, versions, pids = await world.bumps()
    assert (counts, versions) == ([2, 2, 2], [1, 1, 1])
    before = await world.releases()
    async with contextlib.AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(websockets.connect(machine.url.replace("http", "ws") + "/ws"))
            for machine in world.cloud.app_machines
        ]
        assert await speak(sockets) == [(1, 1)] * 3

        # Hot v2: a new module, a new route and a new static file; state, sockets and processes are kept.
        fleet_app.write(world.folder, 2, extra=True)
        code, report = await world.command("hot")
        assert (code, report["outcome"]) == (0, "complete"), shown(report)
        assert all(machine["verified"] for machine in report["machines"]) and len(report["machines"]) == 3
        assert await world.bumps() == ([3, 3, 3], [2, 2, 2], pids)
        assert await speak(sockets) == [(2, 2)] * 3
        assert [json.loads(body)["word"] for body in await world.each("/extra")] == ["new module"] * 3
        assert await world.each("/static/new.txt") == ["new file\n"] * 3
        after = await world.releases()
        assert len(after) == 1 and after != before

    # A machine restarts: its disk is the image's again, and the release is laid over it before it serves.
    machine = world.cloud.app_machines[0]
    await machine.restart()
    assert await machine.answers()
    assert json.loads(await asyncio.to_thread(get, machine.url + "/bump"))["version"] == 2
    assert await asyncio.to_thread(get, machine.url + "/static/new.txt") == "new file\n"

    # Cold v3: the old upgrade does not come back.
    fleet_app.write(world.folder, 3)
    await world.cloud.deploy(world.folder, 3)
    await machine.restart()
    assert await machine.answers()
    assert (await world.bumps())[1] == [3, 3, 3]

    # Hot v4 fails: one that can't even be imported, and then one that a single machine refuses.
    fleet_app.write(world.folder, 4, breaks="import no_such_module\n")
    code, report = await world.command("hot")
    assert code == 1 and "no_such_module" in report["error"]["message"], report
    assert (await world.bumps())[1] == [3, 3, 3]

    # A canary that turns sick goes back, and the others were never touched.
    fleet_app.write(world.folder, 5, health=500)
    code, report = await world.command("hot", "--bake", "30")
    assert (code, report["outcome"]) == (4, "rolled_back"), shown(report)
    assert sorted(machine["outcome"] for machine in report["machines"]) == ["aborted", "aborted", "rolled_back"]
    assert (await world.bumps())[1] == [3, 3, 3]

    # And back again, by hand: the image's own release, which no store holds.
    fleet_app.write(world.folder, 6)
    code, report = await world.command("hot", "--strategy", "all")
    assert code == 0 and (await world.bumps())[1] == [6, 6, 6], report
    assert (await world.manifest()).plan is not None, "the temporary machine recorded and rehearsed it"
    code, report = await world.command("rollback")
    assert (code, report["outcome"]) == (0, "complete"), shown(report)
    assert (await world.bumps())[1] == [3, 3, 3]
    code, history = await world.command("history")
    assert code == 0 and [entry["outcome"] for entry in history["entries"]][-2:] == ["complete", "complete"], history
    assert world.cloud.refused == 0, "the deployer stays within Fly's rate limits"
    assert [m for m in world.cloud.machines.values() if m.metadata.get("flyhot_role") and m.state != "destroyed"] == []


async def test_without_exec_and_with_a_late_registry(world: World) -> None:
    """Each way of telling a machine is enough alone; an image that was just pushed may be missing for a moment."""
    world.cloud.switches.exec_denied = True
    world.cloud.switches.missing_images = 1
    world.cloud.switches.api_fails = 1
    fleet_app.write(world.folder, 2)
    code, report = await world.command("hot", "--strategy", "all")
    assert code == 0 and any("exec" in note for note in report["notes"]), report
    assert (await world.bumps())[1] == [2, 2, 2]

    # From the folder here, without an image, by somebody who has the bucket's credentials.
    images = dict(world.cloud.images)
    world.environment |= world.cloud.secrets
    fleet_app.write(world.folder, 3, extra=True)
    code, report = await world.command("hot", "--from-tree")
    assert (code, report["outcome"]) == (0, "complete"), shown(report)
    assert (await world.bumps())[1] == [3, 3, 3] and world.cloud.images == images
    assert await world.each("/static/new.txt") == ["new file\n"] * 3
    assert (await world.command("doctor"))[1]["findings"]


async def test_a_release_that_nobody_confirms_is_taken_back(world: World) -> None:
    fleet_app.write(world.folder, 2)
    code, report = await world.command("hot", "--strategy", "all", "--confirm-within", "3")
    assert (code, report["outcome"]) == (0, "provisional"), report
    assert (await world.bumps())[1] == [2, 2, 2]
    for _ in range(100):
        if (await world.bumps())[1] == [1, 1, 1]:
            break
        await asyncio.sleep(0.2)
    assert (await world.bumps())[1] == [1, 1, 1]
    code, report = await world.command("confirm")
    assert code == 1 and "taken back" in report["error"]["message"], report
    code, report = await world.command("hot", "--strategy", "all", "--confirm-within", "60")
    assert code == 0
    assert (await world.command("confirm"))[0] == 0
    assert (await world.bumps())[1] == [2, 2, 2]


async def test_dry_run_and_bad_input_change_nothing(world: World) -> None:
    fleet_app.write(world.folder, 2)
    built = dict(world.cloud.images)
    code, report = await world.command("hot", "--dry-run")
    assert (code, report["outcome"]) == (0, "planned") and report["steps"]
    assert world.cloud.images == built
    assert (await world.command("hot", "--skip-build"))[0] == 2
    assert (await world.command("hot", "--config", "missing.toml"))[0] == 2
    assert (await world.bumps())[1] == [1, 1, 1]


async def speak(sockets: list[Any]) -> list[tuple[int, int]]:
    answers = []
    for socket in sockets:
        await socket.send("hello")
        answer = json.loads(await asyncio.wait_for(socket.recv(), 10))
        answers.append((answer["said"], answer["version"]))
    return answers


def shown(report: dict[str, Any]) -> str:
    """What a failed assertion should say of a report."""
    machines = [(m.get("machine"), m.get("outcome"), (m.get("error") or {}).get("message")) for m in report["machines"]]
    return json.dumps({"error": report["error"], "machines": machines, "notes": report["notes"]}, indent=1)
