"""Find the processes of an app, and ask them one thing each. Driver: the judging is in fleet.py."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flyhot_asgi.control.paths import ControlSocket, list_apps, sockets_of
from flyhot_asgi.control.wire import Frame
from flyhot_asgi.errors import ControlError

from ..config import Patience, Project
from ..errors import ReportedError
from .client import ask
from .fleet import Fleet, Silent, Status, gather, nobody_runs, read_status


async def find_fleet(project: Project, patience: Patience) -> tuple[Fleet, dict[int, ControlSocket]]:
    """The processes that run the app in this folder, and their sockets by pid.

    Raises NoProcess if there is none: it says where others run. Raises ControlError if the runtime folder
    is not ours.
    """
    sockets = await asyncio.to_thread(sockets_of, project.runtime)
    if not sockets:
        running = await asyncio.to_thread(list_apps)
        raise nobody_runs(project.root, [(app.app, app.root, len(app.sockets)) for app in running])
    answers = await asyncio.gather(*(_status(socket, project.root, patience.status) for socket in sockets))
    return gather(answers), {socket.pid: socket for socket in sockets}


async def _status(socket: ControlSocket, root: Path, within: float) -> Status | Silent:
    try:
        reply = await ask(socket, {"verb": "status"}, within=within)
        return read_status(socket.pid, reply.get("status"), root)
    except ControlError as exc:
        return Silent(socket.pid, exc.message)


async def newcomers(project: Project, known: Iterable[int], patience: Patience) -> list[Status | Silent]:
    """The processes of the app that weren't there when `known` was taken: workers respawned meanwhile."""
    seen = frozenset(known)
    sockets = await asyncio.to_thread(sockets_of, project.runtime)
    fresh = [socket for socket in sockets if socket.pid not in seen]
    return list(await asyncio.gather(*(_status(socket, project.root, patience.status) for socket in fresh)))


async def ask_ok(socket: ControlSocket, request: Frame, *, within: float) -> Frame:
    """As `ask`, and the reply must be a success. Raises ReportedError: it isn't."""
    reply = await ask(socket, request, within=within)
    if reply.get("ok") is not True:
        raise reported(reply.get("error"), pid=socket.pid)
    return reply


def reported(error: Any, *, pid: int) -> ReportedError:
    """The error document of a process as an error."""
    return ReportedError(error if isinstance(error, dict) else {}, pid=pid)
