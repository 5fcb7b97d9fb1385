"""Processes that come up while a deploy is under way: workers that their server has started anew.

Each either waits for the decision of the upgrade that is under way ("joining" it), or can be found and takes part: see
flyhot_asgi.runtime.joining.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from flyhot_asgi.control.crew import has_server
from flyhot_asgi.control.paths import ControlSocket

from ..config import Patience, Project
from ..errors import DeployError, NoProcess
from .fleet import Fleet, Silent, Status
from .processes import find_fleet, newcomers

LOOK_SECONDS = 0.05


async def find_settled(project: Project, patience: Patience) -> tuple[Fleet, dict[int, ControlSocket]]:
    """As `find_fleet`, when nobody is joining any more; where a server has ended all its workers at once, when others
    have come. Raises DeployError if somebody is joining for too long, and what that raises.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    end = began + patience.join
    while True:
        try:
            fleet, sockets = await find_fleet(project, patience)
        except NoProcess:
            late = loop.time() >= began + patience.succession
            if late or not await asyncio.to_thread(has_server, project.runtime):
                raise
            await asyncio.sleep(LOOK_SECONDS)
            continue
        joining = [one for one in fleet.processes if one.joining]
        if not joining:
            return fleet, sockets
        if loop.time() >= end:
            raise DeployError(
                f"process {joining[0].pid} has been started, and has not joined the release of the other workers "
                f"within {patience.join:.3g} s; no process was touched",
                do=f"see its log, or end it: kill {joining[0].pid}",
            )
        await asyncio.sleep(LOOK_SECONDS)


async def who_came_up(
    project: Project, known: Iterable[int], patience: Patience, *, tx: str | None = None
) -> list[Status | Silent]:
    """The processes that weren't there when `known` was taken, each when it has joined, or has failed to for too long.
    Not those that wait for the decision of upgrade `tx`.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + patience.join
    seen = frozenset(known)
    while True:
        fresh = [one for one in await newcomers(project, seen, patience) if not (tx is not None and _waits(one, tx))]
        if loop.time() >= end or not any(isinstance(one, Status) and one.joining for one in fresh):
            return fresh
        await asyncio.sleep(LOOK_SECONDS)


def _waits(one: Status | Silent, tx: str) -> bool:
    return isinstance(one, Status) and one.joining and one.document.get("joins") == tx
