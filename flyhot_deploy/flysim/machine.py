"""One machine: a folder that is reset to its image at each start, and the processes that run in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .image import Image

STOP_SECONDS = 5.0
RESTART_DELAY = 0.2
MOST_RESTARTS = 10


@dataclass
class SimMachine:
    """Owns its folder and its processes. `env` is the config's; `secrets` are the app's, and win over it."""

    app: str
    image: Image
    folder: Path
    env: dict[str, str]
    secrets: Mapping[str, str]
    port: int
    internal_port: int = 8080
    metadata: dict[str, str] = field(default_factory=dict)
    services: bool = True
    command: tuple[str, ...] | None = None
    region: str = "ams"
    restarts: str = "on-failure"
    id: str = field(default_factory=lambda: secrets.token_hex(7))
    state: str = "created"
    instance: str = ""
    full_reference: bool = False
    created_at: str = field(default_factory=lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    events: list[dict[str, Any]] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = None
    _watcher: asyncio.Task[None] | None = None
    _restarted: int = 0

    def __post_init__(self) -> None:
        self.renew()

    @property
    def disk(self) -> Path:
        return self.folder / self.id / "d"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def log(self) -> Path:
        return self.folder / self.id / "log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def renew(self) -> None:
        """A new version: what an update makes."""
        self.instance = f"01SIM{secrets.token_hex(10).upper()}"

    def environment(self) -> dict[str, str]:
        """That of everything that runs here."""
        reference = f"{self.image.name}@{self.image.digest}" if self.full_reference else self.image.name
        python = os.path.dirname(sys.executable)
        return {
            "PATH": f"{python}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder / self.id),
            "TMPDIR": str(self.folder / self.id / "t"),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.env,
            **self.secrets,
            "FLY_APP_NAME": self.app,
            "FLY_MACHINE_ID": self.id,
            "FLY_ALLOC_ID": self.id,
            "FLY_REGION": self.region,
            "FLY_IMAGE_REF": reference,
            "FLY_MACHINE_VERSION": self.instance,
            "FLY_PROCESS_GROUP": self.metadata.get("fly_process_group", ""),
            "FLY_VM_MEMORY_MB": "256",
            "FLY_PUBLIC_IP": "::1",
            "FLY_PRIVATE_IP": "::1",
        }

    async def start(self) -> None:
        """Reset the disk, and run the main process. Idempotent."""
        if self._process is not None:
            return
        self.state = "starting"
        await asyncio.to_thread(self._reset)
        words = [
            str(self.port) if word == str(self.internal_port) else word for word in self.command or self.image.command
        ]
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *words,
                cwd=self.disk,
                env=self.environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.state = "started"
        self._note("start", "started")
        self._watcher = asyncio.create_task(self._watch(self._process))

    async def stop(self, *, kill: bool = False) -> None:
        """End all of its processes, as a machine that goes takes them with it. Idempotent."""
        process, self._process = self._process, None
        if process is None:
            if self.state != "destroyed":
                self.state = "stopped"
            return
        self.state = "stopping"
        if not kill:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
        self._end_all(process.pid)
        await process.wait()
        if self._watcher is not None:
            self._watcher.cancel()
        self.state = "stopped"
        self._note("exit", "stopped")

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def destroy(self) -> None:
        await self.stop(kill=True)
        self.state = "destroyed"
        await asyncio.to_thread(shutil.rmtree, self.folder / self.id, True)

    async def run(
        self, words: Sequence[str], *, seconds: float | None, merged: bool = False
    ) -> tuple[int, bytes, bytes]:
        """A command here, in `/`. Raises TimeoutError: it goes on, as who knows it may."""
        process = await asyncio.create_subprocess_exec(
            *words,
            cwd="/",
            env=self.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT if merged else asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        async with asyncio.timeout(seconds):
            out, error = await process.communicate()
        return process.returncode or 0, out, error or b""

    def document(self) -> dict[str, Any]:
        """As the Machines API shows it; what is empty is left out."""
        repository, _, tag = self.image.name.partition("/")[2].rpartition(":")
        config: dict[str, Any] = {"image": self.image.name, "metadata": dict(self.metadata), "env": dict(self.env)}
        if self.services:
            config["services"] = [{"internal_port": self.internal_port, "protocol": "tcp"}]
        document = {
            "id": self.id,
            "name": f"sim-{self.id[:6]}",
            "state": self.state,
            "region": self.region,
            "instance_id": self.instance,
            "private_ip": "fdaa::1",
            "config": {key: value for key, value in config.items() if value},
            "image_ref": {
                "registry": "registry.fly.io",
                "repository": repository,
                "tag": tag,
                "digest": self.image.digest,
            },
            "created_at": self.created_at,
            "updated_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "host_status": "ok",
            "events": self.events[:20],
        }
        return {key: value for key, value in document.items() if value}

    async def answers(self, within: float = 30.0) -> bool:
        """Wait until something listens on the machine's port."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return True
            await asyncio.sleep(0.05)
        return False

    def _reset(self) -> None:
        """The image again, and empty temporary files; only the log lives on."""
        for name in ("d", "t"):
            shutil.rmtree(self.folder / self.id / name, ignore_errors=True)
        (self.folder / self.id / "t").mkdir(parents=True)
        shutil.copytree(self.image.folder, self.disk, symlinks=True)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """A main process that ends by itself takes the machine with it; by policy it starts again."""
        code = await process.wait()
        if self._process is not process:
            return
        self._process = None
        self._end_all(process.pid)
        self.state = "stopped"
        self._note("exit", "stopped", exit_code=code)
        if self.restarts == "on-failure" and code != 0 and self._restarted < MOST_RESTARTS:
            self._restarted += 1
            await asyncio.sleep(RESTART_DELAY)
            await self.start()

    def _end_all(self, leader: int) -> None:
        """Every process that has this machine's id in its environment: a machine that stops leaves nobody behind."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
        wanted = f"FLY_MACHINE_ID={self.id}".encode()
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError):
                    if wanted in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                        os.kill(int(name), signal.SIGKILL)

    def _note(self, kind: str, status: str, **exit: Any) -> None:
        event = {"type": kind, "status": status, "source": "flyd", "timestamp": int(time.time() * 1000)}
        if exit:
            event["request"] = {"exit_event": exit, "restart_count": self._restarted}
        self.events.insert(0, event)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
