"""The worker processes of this machine's app, as the agent sees them: one thing that runs one release, or fails to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from flyhot_asgi.control.paths import sockets_of
from flyhot_asgi.control.wire import Frame
from flyhot_asgi.errors import FlyhotError, StoreLocked, UpgradeRefused
from flyhot_asgi.release.folder import FolderStore
from flyhot_asgi.release.history import Direction

from ..config import Options, Patience, Project
from ..errors import DeployError, NoProcess
from ..local.client import ask
from ..local.deploy import move
from ..local.processes import find_fleet
from ..local.progress import nobody_listens
from ..local.report import UpgradeReport
from ..local.site import Site, locked_site, open_site
from .place import environment_of

LOCK_SECONDS = 30.0
OLD_SECONDS = 60.0
Action = Literal["hot", "rollback"]


@dataclass(frozen=True)
class Look:
    """What the workers said of themselves. `documents` are their status documents; `silent` the pids that said
    nothing."""

    running: tuple[str, ...] = ()
    documents: tuple[Mapping[str, Any], ...] = ()
    silent: tuple[int, ...] = ()
    at: float = field(default_factory=time.monotonic, compare=False)

    @property
    def is_old(self) -> bool:
        """Nobody was there, or it was a while ago: modules may have been imported since."""
        return not self.documents or time.monotonic() - self.at > OLD_SECONDS

    @property
    def broken(self) -> bool:
        return any(document.get("state") == "broken" for document in self.documents)


class Workers:
    """The processes of the app at `project.root` on this machine. Owns nothing: each method finds them anew."""

    def __init__(self, project: Project, patience: Patience | None = None) -> None:
        self.project = project
        self.patience = patience or Patience()

    async def look(self) -> Look:
        """Who is there and what each runs. Nobody is an answer, too."""
        try:
            fleet, _ = await find_fleet(self.project, self.patience)
        except (NoProcess, FlyhotError):
            return Look()
        documents = tuple(process.document for process in fleet.processes)
        return Look(fleet.releases, documents, tuple(one.pid for one in fleet.silent))

    def pids(self) -> list[int]:
        """Who listens now. Blocking, cheap: nobody is asked anything."""
        try:
            return [socket.pid for socket in sockets_of(self.project.runtime)]
        except FlyhotError:
            return []

    def environment(self) -> dict[str, str]:
        """What the workers' modules see, by what the first of them was started with; ours if that can't be told.
        Blocking."""
        for pid in self.pids():
            with contextlib.suppress(OSError):
                return environment_of(pid)
        return dict(os.environ)

    async def store(self) -> FolderStore:
        """Where the workers look for releases. Raises NoProcess, DeployError: they don't agree, or one is silent."""
        return (await self._open()).store

    async def keep(self) -> None:
        """Store what runs now, so that there is a way back. Raises FlyhotError."""
        await (await self._open()).ask_bases()

    async def health(self) -> str | None:
        """What a worker's own health check has to complain of; None if nothing. Never raises but when cancelled."""
        request: Frame = {"verb": "health"}
        try:
            sockets = await asyncio.to_thread(sockets_of, self.project.runtime)
            asked = (ask(socket, request, within=self.patience.status) for socket in sockets)
            answers = await asyncio.gather(*asked, return_exceptions=True)
        except FlyhotError:
            return None  # whether they answer at all is asked elsewhere
        said = [answer.get("why") for answer in answers if isinstance(answer, dict) and answer.get("ok") is True]
        return next((str(why) for why in said if why), None)

    async def check(self, release: str) -> dict[str, Any]:
        """Have the release imported cold and rehearsed; what that found. Raises FlyhotError: it can't run here."""
        return await (await self._open()).check(release, sealed=True)

    async def plan(
        self, release: str, extra: Mapping[str, str], cold: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """What an upgrade would do in each worker. Raises UpgradeRefused with the plans, or what a worker raised."""
        site = await self._open()
        request: Frame = {"verb": "plan", "release": release, "extra": dict(extra)}
        request |= {"cold": dict(cold)} if cold is not None else {}
        pids = [process.pid for process in site.fleet.processes if process.release != release]
        answers = await asyncio.gather(
            *(ask(site.sockets[pid], request, within=self.patience.plan) for pid in pids), return_exceptions=True
        )
        plans: list[dict[str, Any]] = []
        for pid, answer in zip(pids, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            plan = answer.get("plan")
            if answer.get("ok") is not True:
                raise _refusal(pid, answer.get("error"), plan)
            if isinstance(plan, dict):
                plans.append({"pid": pid, **plan})
        return plans

    async def move(
        self,
        release: str,
        action: Action,
        options: Options,
        *,
        direction: Direction | None = None,
        cold: Mapping[str, Any] | None = None,
    ) -> UpgradeReport:
        """Bring every worker to a release that is in their store: all or none. Raises FlyhotError: nothing changed."""
        async with _patiently(self.project, self.patience) as site:
            return await move(
                site, action, release, options, direction=direction, cold=dict(cold) if cold is not None else None
            )

    async def _open(self) -> Site:
        return await open_site(self.project, self.patience, nobody_listens)


class _patiently:
    """`locked_site`, waiting for a deploy of this machine's own (`hot --local`) that is under way."""

    def __init__(self, project: Project, patience: Patience) -> None:
        self._project, self._patience = project, patience
        self._site: Any = None

    async def __aenter__(self) -> Site:
        loop = asyncio.get_running_loop()
        end = loop.time() + LOCK_SECONDS
        while True:
            self._site = locked_site(self._project, self._patience, nobody_listens)
            try:
                site: Site = await self._site.__aenter__()
                return site
            except StoreLocked:
                if loop.time() >= end:
                    raise
                await asyncio.sleep(0.2)

    async def __aexit__(self, *details: Any) -> None:
        await self._site.__aexit__(*details)


def _refusal(pid: int, error: object, plan: object) -> FlyhotError:
    document = error if isinstance(error, dict) else {}
    message = str(document.get("message") or f"process {pid} can't plan the upgrade and did not say why")
    kind = UpgradeRefused if document.get("kind") == UpgradeRefused.kind else DeployError
    text = {name: str(document[name]) if document.get(name) else None for name in ("file", "do", "detail")}
    line = document.get("line")
    where = line if isinstance(line, int) else None
    problem = kind(message, file=text["file"], line=where, do=text["do"], detail=text["detail"])
    if isinstance(document.get("kind"), str):
        problem.kind = document["kind"]
    return problem
