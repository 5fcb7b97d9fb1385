"""What a deploy on this machine works with: the app, its processes as they answered, and their store."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from flyhot_asgi.control.crew import starts_from_folder
from flyhot_asgi.control.paths import ControlSocket, sockets_of
from flyhot_asgi.control.wire import Frame
from flyhot_asgi.errors import ControlError, FlyhotError
from flyhot_asgi.release.config import Settings
from flyhot_asgi.release.folder import FolderStore
from flyhot_asgi.release.scan import survey_at_rest

from ..config import Patience, Project, require_app
from ..errors import DeployError, NoProcess
from .fleet import Fleet, require_complete
from .meanwhile import LOOK_SECONDS, find_settled
from .processes import ask_ok
from .progress import Fact, Notify, Step

ROUNDS = 4
"""How often a deploy begins anew because processes come and go."""


@dataclass(frozen=True)
class Site:
    """What a command works with: the app, its processes as they answered, and their store."""

    project: Project
    patience: Patience
    notify: Notify
    fleet: Fleet
    sockets: dict[int, ControlSocket]
    store: FolderStore
    python: str

    async def ask_bases(self, *, deploy: bool = False) -> None:
        """Have every process put what it runs into the store. With `deploy`, a worker that is started from now on joins
        what runs now. Raises ReportedError, ControlError.
        """
        self.notify(Step("storing what runs now, so that there is a way back"))
        await self._ask_bases(self.fleet.pids, deploy=deploy)

    async def _ask_bases(self, pids: Iterable[int], *, deploy: bool) -> None:
        request: Frame = {"verb": "base", "deploy": deploy}
        asked = (ask_ok(self.sockets[pid], request, within=self.patience.base) for pid in pids)
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer

    async def found_again(self) -> Site:
        """With the processes that are there now. Raises as `open_site` and `ask_bases` do."""
        fleet, sockets = await _find(self.project, self.patience)
        site = replace(self, fleet=fleet, sockets=sockets)
        fresh = [pid for pid in fleet.pids if pid not in self.fleet.pids]
        await site._ask_bases(fresh, deploy=True)
        return site

    async def without_the_gone(self, exc: FlyhotError) -> Site:
        """Somebody gave no answer: with those who are there now, if one has gone. A server may end its workers at any
        time, and start others: if all of them have gone, those are waited for. Raises `exc` if nobody has gone, or
        nobody comes.
        """
        there = await self._there()
        if not there:
            self.notify(Step("every process has gone: waiting for those that their server starts"))
            there = await self._successors()
        if not there or there.issuperset(self.fleet.pids):
            exc.do = exc.do or "nothing was changed; see whether the app's processes run (`status`), then deploy again"
            raise exc
        self.notify(Fact("a process has gone meanwhile: on with the others"))
        return await self.found_again()

    async def _there(self) -> set[int]:
        return {socket.pid for socket in await asyncio.to_thread(sockets_of, self.project.runtime)}

    async def _successors(self) -> set[int]:
        """Who is there as soon as anybody is, or nobody in the end."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.patience.succession
        while not (there := await self._there()) and loop.time() < end:  # noqa: ASYNC110 (nothing tells us)
            await asyncio.sleep(LOOK_SECONDS)
        return there

    async def check(self, release: str, pid: int | None = None, *, sealed: bool = False) -> Frame:
        """Have a process import the release cold, in a fresh one; returns what that found. `sealed`: fit to leave this
        machine. Raises ReportedError, ControlError.
        """
        self.notify(Step("importing the release in a fresh process"))
        request: Frame = {"verb": "check", "release": release, "sealed": sealed}
        first = self.sockets[self.fleet.pids[0] if pid is None else pid]
        reply = await ask_ok(first, request, within=self.longest_check)
        cold = reply.get("cold")
        return cold if isinstance(cold, dict) else {}

    @property
    def longest_check(self) -> float:
        """Seconds after which a process that imports and rehearses a release is lost: longer for an app that may take
        longer for its import than most."""
        longer = self.project.settings.import_timeout - Settings(app="").import_timeout
        return self.patience.check + max(0.0, 4 * longer)

    def pack(self) -> tuple[str, tuple[str, ...]]:
        """Store the working tree as a release: its digest, and notes on what was left out."""
        self.notify(Step("packing the working tree"))
        found = survey_at_rest(self.project.root, self.project.settings)
        manifest = self.store.put_release(found.files, python=self.python)
        self.notify(Fact(f"{len(found.files)} files, release {manifest.vsn}"))
        return manifest.digest, tuple(f"left out {item.path}: {item.reason}" for item in found.skipped[:20])


async def open_site(project: Project, patience: Patience, notify: Notify) -> Site:
    """Find the processes. Raises UsageError (no app here), NoProcess, DeployError (they don't agree, or are
    silent).
    """
    fleet, sockets = await _find(project, patience)
    store = FolderStore(Path(fleet.the_one("store")), app=fleet.the_one("app"))
    return Site(project, patience, notify, fleet, sockets, store, fleet.the_one("python"))


async def _find(project: Project, patience: Patience) -> tuple[Fleet, dict[int, ControlSocket]]:
    try:
        fleet, sockets = await find_settled(project, patience)
    except NoProcess:
        require_app(project)
        raise
    require_complete(fleet)
    return fleet, sockets


@contextlib.asynccontextmanager
async def locked_site(project: Project, patience: Patience, notify: Notify) -> AsyncIterator[Site]:
    """A site that no other deploy disturbs, with every process's present release in the store and in
    history.

    Raises StoreLocked at once if another deploy runs. The processes are asked again under the lock: a
    deploy that ended a moment ago may have changed them.
    """
    notify(Step("finding the processes of this app"))
    before = await open_site(project, patience, notify)
    with before.store.locked():
        site = await open_site(project, patience, notify)
        if site.store.path != before.store.path:
            raise DeployError("the app's processes changed their store meanwhile", do="deploy again")
        site = await _with_bases(site)
        _record_base(site)
        yield site


@contextlib.contextmanager
def telling_of_workers(project: Project) -> Iterator[None]:
    """A release that no process took lies in the folder all the same: what its server does with it is told."""
    try:
        yield
    except FlyhotError as exc:
        if starts_from_folder(project.runtime):
            exc.do = f"{exc.do}; {_THEIRS}" if exc.do else _THEIRS
        raise


_THEIRS = (
    "a worker that its server starts meanwhile imports these files (under `python -m flyhot_deploy run -- …` it comes "
    "up with the release that runs)"
)


async def _with_bases(site: Site) -> Site:
    for _ in range(ROUNDS):
        try:
            await site.ask_bases(deploy=True)
        except (ControlError, DeployError) as exc:
            site = await site.without_the_gone(exc)
        else:
            return site
    await site.ask_bases(deploy=True)
    return site


def _record_base(site: Site) -> None:
    """Note in the history a release that is run and that no deploy brought: the app was started with it."""
    running, history = site.fleet.release, site.store.history()
    if running is not None and running != history.current:
        site.store.record("base", running, previous=history.current, outcome="complete")
