"""`python -m flyhot_deploy agent`: the process that the lifespan hook starts. One for each machine and app, by a
lock."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from flyhot_asgi.control.paths import open_store, prepare_runtime_dir
from flyhot_asgi.errors import FlyhotError
from flyhot_asgi.release.files import write_atomically

from ..boot.start import came_up
from ..circumstances import shared_key
from ..config import Project, find_project
from ..environment import Place, read_place
from ..release.machine import MachineFacts, facts_here
from . import place
from .agent import Agent
from .disk import ImageDisk
from .rhythm import Rhythm
from .server import AgentServer
from .workers import Workers

logger = logging.getLogger("flyhot.agent")

LONELY_SECONDS = 15.0
"""How long the agent stays without any worker: then the app has ended."""

POLL_VARIABLE = "FLYHOT_POLL_SECONDS"


def run_agent(root: Path, environment: Mapping[str, str] = os.environ) -> int:
    """Be the agent of the app at `root` until the app ends. Returns an exit code: 0, or 1 (said why on stderr)."""
    logging.basicConfig(level=logging.INFO, format="flyhot agent: %(message)s", stream=sys.stderr)
    for noisy in ("botocore", "boto3", "urllib3", "s3transfer"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        project = find_project(root)
        folder = prepare_runtime_dir(project.root, project.settings.app)
        lock = _lock(folder)
        if lock is None:
            return 0
        try:
            return asyncio.run(_serve(project, folder, environment))
        finally:
            os.close(lock)
    except FlyhotError as exc:
        logger.error("%s%s", exc, f" ({exc.do})" if exc.do else "")
        return 1


def _lock(folder: Path) -> int | None:
    """The lock of this machine's agent, None if somebody has it. Raises OSError."""
    handle = os.open(folder / place.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


async def _serve(project: Project, folder: Path, environment: Mapping[str, str]) -> int:
    where = read_place(environment, app=project.settings.app)
    if where.address is None:
        logger.info("nothing says where releases are kept (FLYHOT_STORE, BUCKET_NAME): there is nothing to do")
        return 0
    machine = place.machine_name(environment)
    workers = Workers(project)
    agent = Agent(
        machine=machine,
        repository=where.repository(),
        facts=_facts(where, project),
        workers=workers,
        folder=folder,
        rhythm=_rhythm(environment),
        disk=_disk(where, project),
        key=shared_key(environment, unsigned=where.trusted.allow_unsigned),
    )
    note = {"pid": os.getpid(), "machine": machine, "identity": place.identity(environment), "root": str(project.root)}
    write_atomically(folder / place.NOTE, json.dumps(note).encode("utf-8"), mode=0o600)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, ended.set)
    await asyncio.to_thread(agent.facts_once)
    await asyncio.to_thread(_came_up, environment)
    server = AgentServer(folder, wake=agent.woken.set, document=agent.document, quit=ended.set)
    await server.start()
    tasks = [asyncio.create_task(agent.run()), asyncio.create_task(_until_lonely(workers, ended))]
    try:
        await ended.wait()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.close()
        with contextlib.suppress(OSError):
            (folder / place.NOTE).unlink()
    return 0


async def _until_lonely(workers: Workers, ended: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    last = loop.time()
    while loop.time() - last < LONELY_SECONDS:
        if await asyncio.to_thread(workers.pids):
            last = loop.time()
        await asyncio.sleep(LONELY_SECONDS / 5)
    logger.info("the app has ended, and so does its agent")
    ended.set()


def _facts(where: Place, project: Project) -> Callable[[], MachineFacts]:
    base = where.base or f"tree:{project.settings.app}"
    return lambda: facts_here(app=where.app, channel=where.channel, base=base)


def _disk(where: Place, project: Project) -> ImageDisk | None:
    if where.base is None:
        return None
    return ImageDisk(project.root, where.base, open_store(project.root, project.settings))


def _came_up(environment: Mapping[str, str]) -> None:
    """The app runs: boots that failed before count no more."""
    try:
        came_up(environment)
    except FlyhotError as exc:
        logger.info("the boots can't be noted: %s", exc)


def _rhythm(environment: Mapping[str, str]) -> Rhythm:
    try:
        idle = float(environment.get(POLL_VARIABLE, "") or Rhythm.idle)
    except ValueError:
        logger.warning("%s is no number of seconds: %g is used", POLL_VARIABLE, Rhythm.idle)
        idle = Rhythm.idle
    return Rhythm(idle=min(3600.0, max(0.2, idle)))
