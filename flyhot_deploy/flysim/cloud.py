"""The app on the simulated Fly: its images, its machines, its secrets; builds and cold deploys."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flyhot_asgi.errors import FlyhotError

from ..fly.pace import Bucket
from ..fly.toml import read_config
from .image import Image, build
from .machine import SimMachine, free_port


@dataclass
class Switches:
    """What goes wrong, until it is set back. All are off at first.

    `exec_denied`: exec answers 403. `exec_hangs`: machines whose exec answers 408. `api_fails`: how many of the next
    requests answer 503. `delay`: seconds before each answer. `list_lags`: the list shows what was before.
    `missing_images`: how many launches find no image yet. `exec_limit`: seconds after which exec answers 408.
    """

    exec_denied: bool = False
    exec_hangs: set[str] = field(default_factory=set)
    api_fails: int = 0
    delay: float = 0.0
    list_lags: bool = False
    missing_images: int = 0
    exec_limit: float = 30.0


class Cloud:
    """Owns everything below its folder, and every process of its machines. Close it on every path."""

    def __init__(self, app: str, folder: Path | None = None, *, secrets: dict[str, str] | None = None) -> None:
        self.app = app
        self.folder = folder or Path(tempfile.mkdtemp(prefix="fs-", dir="/tmp"))
        self.secrets = dict(secrets or {})
        self.switches = Switches()
        self.images: dict[str, Image] = {}
        self.machines: dict[str, SimMachine] = {}
        self.requests: list[tuple[float, str, str]] = []
        self.refused = 0
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._shown: list[dict[str, Any]] = []
        (self.folder / "images").mkdir(parents=True, exist_ok=True)
        (self.folder / "m").mkdir(exist_ok=True)

    @property
    def token(self) -> str:
        return "fm2_simulated"

    def allow(self, action: str, target: str, now: float) -> bool:
        """Fly's rate limits: is this request within them?"""
        rate, burst = (5.0, 10.0) if action == "get" else (1.0, 3.0)
        bucket = self._buckets.setdefault((action, target), Bucket(rate, burst))
        self.requests.append((now, action, target))
        if bucket.take(now) == 0.0:
            return True
        bucket.level = (bucket.level or 0.0) + 1.0
        self.refused += 1
        return False

    def build(self, context: Path, *, label: str | None = None) -> Image:
        """Build and push. Blocking. Raises ValueError, OSError: there is no Dockerfile that can be used."""
        image = build(self.app, context, self.folder / "images", number=len(self.images), label=label)
        self.images[image.name] = image
        return image

    def image(self, reference: str) -> Image | None:
        return self.images.get(reference.partition("@")[0])

    async def deploy(self, context: Path, count: int = 1) -> Image:
        """`fly deploy`: build, then bring every machine to the image, cold, one after the other; make what is
        missing."""
        image = await asyncio.to_thread(self.build, context)
        await self.release(image, context, count)
        return image

    async def release(self, image: Image, context: Path, count: int) -> None:
        """Bring the machines to an image: each gets a new version and an empty disk."""
        config = read_config(context / "fly.toml")
        app = [machine for machine in self.machines.values() if machine.metadata.get("fly_platform_version")]
        for machine in app:
            machine.image, machine.env = image, dict(config.env)
            machine.renew()
            await machine.restart()
            await self._up(machine)
        for _ in range(count - len(app)):
            machine = self.add(image, env=dict(config.env), port=config.port)
            await machine.start()
            await self._up(machine)

    def add(self, image: Image, *, env: dict[str, str], port: int = 8080, group: str = "app") -> SimMachine:
        """One more machine of the app, not started."""
        machine = SimMachine(
            self.app,
            image,
            self.folder / "m",
            env,
            self.secrets,
            free_port(),
            internal_port=port,
            metadata={"fly_platform_version": "v2", "fly_process_group": group, "fly_release_id": secrets.token_hex(4)},
        )
        self.machines[machine.id] = machine
        return machine

    async def run_machine(self, image: Image, *, env: dict[str, str], metadata: dict[str, str]) -> SimMachine:
        """`fly machine run --shell`: a machine that sleeps, for a session."""
        machine = SimMachine(
            self.app,
            image,
            self.folder / "m",
            env,
            self.secrets,
            free_port(),
            metadata=metadata,
            services=False,
            command=("/bin/sleep", "inf"),
            restarts="no",
        )
        self.machines[machine.id] = machine
        await machine.start()
        return machine

    def listing(self) -> list[dict[str, Any]]:
        """What `list` shows; it may be what it showed before."""
        fresh = [machine.document() for machine in self.machines.values() if machine.state != "destroyed"]
        shown, self._shown = (self._shown or fresh) if self.switches.list_lags else fresh, fresh
        return shown

    @property
    def app_machines(self) -> list[SimMachine]:
        """The machines of the app proper that exist, in the order of their ids."""
        found = [m for m in self.machines.values() if m.metadata.get("fly_platform_version") and m.state != "destroyed"]
        return sorted(found, key=lambda machine: machine.id)

    async def close(self) -> None:
        """End every process, remove every file. Idempotent."""
        await asyncio.gather(*(machine.stop(kill=True) for machine in self.machines.values()), return_exceptions=True)
        await asyncio.to_thread(shutil.rmtree, self.folder, True)

    async def _up(self, machine: SimMachine) -> None:
        if not await machine.answers():
            tail = machine.log.read_text("utf-8", "replace")[-2000:] if machine.log.exists() else ""
            raise FlyhotError(f"machine {machine.id} did not come up", detail=tail)


Work = Callable[[], Awaitable[Any]]
