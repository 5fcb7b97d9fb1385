"""Deploys over machines: three real ones on a simulated Fly, fifty of values; what an idle agent costs; chaos."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flyhot_deploy.errors import Exit
from flyhot_deploy.fleet.report import conclude
from flyhot_deploy.flysim.cloud import Cloud
from flyhot_deploy.flysim.serve import serving
from tests.deploy.fleet import chaos
from tests.deploy.fleet.lab import fleet_of, with_bounds
from tests.e2e import fleet_app

CHAOS_DEPLOYS = 200
TOGETHER = 200
FLEET = 50


async def measure() -> list[dict[str, Any]]:
    """Seconds, requests and outcomes."""
    figures = [await real_machines(3), await many_machines(FLEET), await idle(), await idle_process()]
    return [*figures, await in_chaos(), await together()]


async def real_machines(count: int) -> dict[str, Any]:
    """`hot --skip-build` from the shell until all have verified, and to its end, with all its bakes."""
    folder = Path(tempfile.mkdtemp(prefix="fb-", dir="/tmp"))
    try:
        secrets = {"FLYHOT_STORE": (folder / "bucket").as_uri(), "FLYHOT_ALLOW_UNSIGNED": "1"}
        cloud = Cloud("counter", secrets=secrets)
        async with serving(cloud) as environment:
            fleet_app.write(folder / "app", 1)
            await cloud.deploy(folder / "app", count)
            await asyncio.sleep(3)
            figures: dict[str, Any] = {"machines": count}
            for version, strategy in ((2, "canary"), (3, "all")):
                fleet_app.write(folder / "app", version)
                image = await asyncio.to_thread(cloud.build, folder / "app")
                cloud.requests.clear()
                command = ("hot", "--skip-build", "--image", image.name, "--strategy", strategy)
                verified, ended, code = await timed(command, folder / "app", environment)
                figures[f"{strategy}_all_verified_seconds"] = round(verified, 2)
                figures[f"{strategy}_seconds"] = round(ended, 2)
                figures[f"{strategy}_exit_code"] = code
                figures[f"{strategy}_requests"] = len(cloud.requests)
            return figures | {"refused_by_rate_limit": cloud.refused}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def timed(command: Sequence[str], folder: Path, environment: dict[str, str]) -> tuple[float, float, int]:
    """A command from the shell: seconds until every machine of the last wave had verified the release, seconds to its
    end, and its exit code."""
    began = verified = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "flyhot_deploy", *command),
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    async for line in process.stdout:
        if b"watching their health" in line:
            verified = time.perf_counter()
    code = await process.wait()
    return verified - began, time.perf_counter() - began, code


async def many_machines(count: int) -> dict[str, Any]:
    """Agents and deployer in one loop: the protocol, without real workers."""
    with tempfile.TemporaryDirectory() as folder:
        async with fleet_of(Path(folder), *(f"m{number:03d}" for number in range(count))) as fleet:
            began = time.perf_counter()
            bounds = with_bounds(bake=0.5, stage=60, prepare=60, commit=60)
            done = await fleet.deploy("two\n", bounds=bounds, prepared_for=60.0, provisional_for=60.0)
            seconds = time.perf_counter() - began
            verified = sum(word == "verified" for word in done.rollout.words.values())
            return {
                "machines": count,
                "seconds": round(seconds, 2),
                "verified": verified,
                "ok": conclude(done.rollout)[0] is Exit.VERIFIED,
            }


async def idle() -> dict[str, Any]:
    """What an agent asks for, and how long it works, in a look when nothing goes on."""
    with tempfile.TemporaryDirectory() as folder:
        async with fleet_of(Path(folder), "a") as fleet:
            await fleet.deploy("two\n")
            await fleet.until(lambda: not fleet.agents["a"].memory.provisional)
            await fleet.kill_agent("a")
            agent = fleet.agents["a"]
            await agent.turn()
            fleet.store.calls.clear()
            began = time.process_time()
            for _ in range(100):
                await agent.turn()
            spent = (time.process_time() - began) / 100
            return {
                "requests_per_look": len(fleet.store.calls) / 100,
                "cpu_ms_per_look": round(spent * 1000, 3),
                "share_of_a_core_at_10_s": round(spent / 10, 6),
            }


async def idle_process(seconds: float = 60.0) -> dict[str, Any]:
    """The agent of a real machine, left alone: its share of a core, and its memory."""
    folder = Path(tempfile.mkdtemp(prefix="fb-", dir="/tmp"))
    try:
        secrets = {"FLYHOT_STORE": (folder / "bucket").as_uri(), "FLYHOT_ALLOW_UNSIGNED": "1"}
        cloud = Cloud("counter", secrets=secrets)
        async with serving(cloud):
            fleet_app.write(folder / "app", 1)
            await cloud.deploy(folder / "app", 1)
            machine = cloud.app_machines[0]
            await asyncio.sleep(15)
            note = json.loads(next((machine.folder / machine.id / "t").glob("flyhot-*/*/agent.json")).read_text())
            before = _ticks(note["pid"])
            await asyncio.sleep(seconds)
            spent = (_ticks(note["pid"]) - before) / os.sysconf("SC_CLK_TCK")
            memory = _resident(note["pid"])
            return {"agent_cpu_share_of_a_core": round(spent / seconds, 5), "agent_rss_mb": memory}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _resident(pid: int) -> int:
    """In MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def in_chaos() -> dict[str, Any]:
    """Every deploy's invariants are asserted on the way."""
    outcomes: Counter[str] = Counter()
    broken: list[str] = []
    for seed in range(CHAOS_DEPLOYS // 10):
        with tempfile.TemporaryDirectory() as folder:
            try:
                outcomes.update(await chaos.deploys(Path(folder), seed, 10))
            except AssertionError as exc:
                broken.append(str(exc))
    return {"deploys": sum(outcomes.values()), "outcomes": dict(outcomes), "broken": broken}


async def together() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(TimeoutError):
        proceeded = Counter(await chaos.two_at_once(Path(folder), TOGETHER))
        return {"two_at_once": TOGETHER, "exactly_one_proceeded": proceeded[1]}
    return {"two_at_once": 0}
