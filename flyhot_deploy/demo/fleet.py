"""`demo --fleet`: the same story on three machines of a simulated Fly.io, told by the commands that a deployer
types."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from flyhot_asgi.threads import in_thread

from ..flysim.cloud import Cloud
from ..flysim.serve import serving
from .servers import ask_json
from .sources import compose
from .upgrades import Expectation, UpgradeTold, run_command, tell

MACHINES = 3
DOCKERFILE = """FROM python:3.11-slim
WORKDIR /app
COPY . .
CMD ["python", "-m", "flyhot_deploy", "run", "--", "python", "-m", "uvicorn", "app.main:app", "--host", "127.0.0.1", \
"--port", "8080", "--no-access-log"]
"""
FLY_TOML = """app = "noon"
[http_service]
internal_port = 8080
[[http_service.checks]]
path = "/"
"""


@dataclass(frozen=True)
class FleetStage:
    """The simulated Fly, the deployer's folder and shell."""

    cloud: Cloud
    folder: Path
    environment: Mapping[str, str]

    @property
    def urls(self) -> list[str]:
        return [machine.url for machine in self.cloud.app_machines]

    async def releases(self) -> tuple[str, ...]:
        """What each machine serves, in the words of the app itself."""
        answers = await asyncio.gather(*(ask_json(machine.port, "/api/poll") for machine in self.cloud.app_machines))
        return tuple(str(answer["release"]) for answer in answers)

    async def upgrade(self, expected: Expectation) -> UpgradeTold:
        """The command of that step, without `--local`."""
        if expected.command[0] == "hot":
            await in_thread(lambda: _write(expected.new, self.folder))
        words = [word for word in expected.command if word != "--local"]
        answer = await run_command(self.folder, *words, environment=self.environment)
        return tell(expected, answer, await self.releases())

    async def restart(self) -> str:
        """Restart the first machine; the release that it serves then."""
        machine = self.cloud.app_machines[0]
        await machine.restart()
        await machine.answers()
        return (await self.releases())[0]


@asynccontextmanager
async def stage() -> AsyncIterator[FleetStage]:
    """Release 1, deployed cold. All of it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="fd-", dir="/tmp"))
    try:
        app = folder / "noon"
        await in_thread(lambda: _write("1", app))
        store = (folder / "bucket").as_uri()
        cloud = Cloud("noon", secrets={"FLYHOT_STORE": store, "FLYHOT_ALLOW_UNSIGNED": "1", "FLYHOT_POLL_SECONDS": "2"})
        async with serving(cloud) as environment:
            await cloud.deploy(app, MACHINES)
            yield FleetStage(cloud, app, environment)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, True)


def _write(release: str, folder: Path) -> None:
    compose(release, folder)
    (folder / "Dockerfile").write_text(DOCKERFILE, "utf-8")
    (folder / "fly.toml").write_text(FLY_TOML, "utf-8")
