"""One app on Fly as the deployer sees it: its config, its name, and the two ways to do something about its machines.

**Here**, where the environment has the bucket's and Fly's credentials; or **out there**, on a temporary machine that
has them as the app's secrets. A build's code is always packed from the image's own disk, so that goes out there.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from flyhot_asgi.errors import ConfigError

from ..environment import Place, read_place, signing_keys
from ..errors import DeployError, Exit, UsageError
from ..fleet.members import Members, members
from ..fleet.on_fly import FlyDirectory
from ..fleet.options import FleetOptions
from ..fleet.orders import Fleet
from ..fleet.report import FleetReport, from_document
from ..fly.environment import FlyEnvironment, find_token
from ..fly.flyctl import Build, Errand, Ran, marked, remote_status, unmarked
from ..fly.machines import MachinesApi
from ..fly.model import ROLE
from ..fly.run import Flyctl, find_fly
from ..fly.toml import FlyConfig, find_config, read_config
from ..local.progress import Fact, Notify, Step

KEPT_BACK = frozenset({"PATH", "HOME", "LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH"})


@dataclass(frozen=True)
class Desk:
    """`folder` is the app's here. `environment` is ours; nothing of it reaches a command line."""

    folder: Path
    config: FlyConfig
    app: str
    environment: Mapping[str, str]
    notify: Notify

    @classmethod
    def open(
        cls, folder: Path, named: str | None, environment: Mapping[str, str], notify: Notify, *, app: str | None = None
    ) -> Desk:
        """The desk of the app in `folder`. Raises ConfigError, UsageError: no fly.toml, or no app's name in it."""
        path = find_config(folder, named)
        if path is None:
            raise UsageError(f"there is no fly.toml in {folder}", do="run this from the app's folder, or name --config")
        config = read_config(path)
        name = app or environment.get("FLY_APP") or config.app
        if not name:
            raise UsageError(f"{path} names no app", file=str(path), do="add a line: app = 'my-app'")
        return cls(folder, config, name, environment, notify)

    # -- here ---------------------------------------------------------------------------------------

    @property
    def place(self) -> Place:
        """The store as our environment has it. Raises ConfigError."""
        return read_place({**self.environment, "FLY_APP_NAME": self.app})

    def reaches_store(self) -> bool:
        """Do we have the bucket's credentials?"""
        try:
            address = self.place.address
        except ConfigError:
            return False
        return address is not None and (
            str(self.environment.get("FLYHOT_STORE", "")).startswith("file:")
            or bool(self.environment.get("AWS_ACCESS_KEY_ID"))
        )

    def reaches_machines(self) -> bool:
        return find_token(self.environment) is not None

    def api(self) -> MachinesApi:
        """Raises NotAllowed: there is no token."""
        return MachinesApi.of(FlyEnvironment.of(self.environment), self.app)

    @asynccontextmanager
    async def fleet(self, options: FleetOptions) -> AsyncIterator[Fleet]:
        """The fleet, worked on from here. Raises ConfigError, NotAllowed."""
        place = self.place
        keys = signing_keys(self.environment)
        async with self.api() as api:
            yield Fleet(place, place.repository(), keys, FlyDirectory(api), options, self.notify)

    async def members(self) -> Members:
        """The app's machines. Raises NotAllowed, FlyError."""
        async with self.api() as api:
            return members(await api.list())

    # -- out there ------------------------------------------------------------------------------------

    def flyctl(self) -> Flyctl:
        """Raises FlyctlMissing."""
        return Flyctl(find_fly(self.environment), self.folder, self.environment)

    async def build(self, build_args: Sequence[str], *, no_cache: bool, buildkit: bool, named: str | None) -> str:
        """Build and push the image; its name. Raises FlyctlFailed."""
        self.notify(Step("building the image"))
        build = Build(self.app, named, tuple(build_args), no_cache, buildkit)
        image = await self.flyctl().build(build, self._say)
        self.notify(Fact(f"image {image}"))
        return image

    async def errand(self, image: str, order: Sequence[str], *, memory: int) -> FleetReport:
        """Do an order on a temporary machine of an image: `python -m flyhot_deploy orchestrate …`. Its own report.

        Raises FlyctlFailed: no machine could be launched, nothing was changed.
        """
        self.notify(Step("starting a temporary machine"))
        hint = ("--root-hint", self.config.workdir) if self.config.workdir else ()
        env = {name: value for name, value in self.config.env.items() if name not in KEPT_BACK}
        errand = Errand(
            app=self.app,
            image=image,
            command=("python", "-m", "flyhot_deploy", "orchestrate", *order, *hint),
            env=env,
            region=self.config.region,
            memory=memory,
            made=int(time.time()),
        )
        sweeping = asyncio.create_task(self._sweep())
        try:
            ran = await self.flyctl().errand(errand, self._say)
        finally:
            await _give_up(sweeping)
        return read_result(ran, order[0])

    def _say(self, line: str) -> None:
        if unmarked(line):
            self.notify(Fact(line))

    async def _sweep(self) -> None:
        """Temporary machines that a killed `fly` left behind sleep for ever: those of hours ago go. Destroying them is
        tried, not insisted on.
        """
        if not self.reaches_machines():
            return
        try:
            async with self.api() as api:
                for machine in await api.list(metadata={ROLE: "orchestrator"}):
                    if machine.is_abandoned(now=time.time()):
                        await api.destroy(machine.id)
        except DeployError:
            return


async def _give_up(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def read_result(ran: Ran, action: str) -> FleetReport:
    """What the temporary machine found: the document it marked, else what can be told from fly's words."""
    document = marked(ran.lines, "result")
    if document is not None:
        return from_document({"action": action, **document})
    status = remote_status(ran)
    begun = marked(ran.lines, "begun") is not None
    known = status in {int(code) for code in Exit} and status not in (0, 1)
    code = Exit(status) if known else Exit.MIXED if begun else Exit.FAILED
    what = "ended without a result" if begun else "did not start its work"
    error = DeployError(
        f"the command on the temporary machine {what}: {ran.reason}",
        do="look at `python -m flyhot_deploy status`, then run this again"
        if begun
        else "flyhot must be installed in the image, with `python` on its PATH: pip install 'flyhot[deploy]'",
        detail="\n".join(line for line in ran.lines[-20:] if unmarked(line)),
    )
    return FleetReport(action, code, "in_doubt" if begun else "failed", None, None, error=error.document())


def plain_progress(what: Step | Fact) -> None:
    """The Notify of a command on a temporary machine: plain lines, which the deployer's terminal shows."""
    text = f"{what.text} …" if isinstance(what, Step) else f"  {what.text}"
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
