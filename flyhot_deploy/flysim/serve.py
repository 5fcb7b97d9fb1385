"""Serve a simulated Fly on loopback, and put a `fly` on the PATH of those who use it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import uvicorn

from .api import api
from .cloud import Cloud


@contextlib.asynccontextmanager
async def serving(cloud: Cloud) -> AsyncIterator[dict[str, str]]:
    """The environment of a deployer: where Fly is, a token, a PATH on which `fly` is ours. Closes the cloud at the
    end."""
    server = _Server(uvicorn.Config(api(cloud), host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.01)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        cloud.secrets |= {"FLY_API_TOKEN": f"FlyV1 {cloud.token}", "FLY_FLAPS_BASE_URL": url}
        yield deployer(cloud, url, os.environ)
    finally:
        await cloud.close()
        server.should_exit = True
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(task, 5)


class _Server(uvicorn.Server):
    """Signals are for whoever serves us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def deployer(cloud: Cloud, url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """What a deployer's shell has. The bucket's secrets are not in it: those are the app's."""
    folder = cloud.folder / "bin"
    folder.mkdir(exist_ok=True)
    script = folder / "fly"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("fly.py")} "$@"\n')
    script.chmod(0o755)
    kept = {name: environment[name] for name in ("PATH", "HOME", "LANG", "TERM") if name in environment}
    return {
        **kept,
        "PATH": f"{folder}:{os.path.dirname(sys.executable)}:{kept.get('PATH', '')}",
        "FLYSIM_URL": url,
        "FLY_FLAPS_BASE_URL": url,
        "FLY_API_TOKEN": f"FlyV1 {cloud.token}",
    }
