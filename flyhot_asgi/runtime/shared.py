"""What lasts of one app in this process: its runtime, and its open pages.

Code is a matter of the whole process, so its hold must be, too: every `HotUpgrade` over the same root (an app whose
middleware stack was built anew, two apps in one process) shares one of these.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from ..client import ClientHub
from ..errors import ControlError, FlyhotError
from ..session.registered import Registered
from .companion import Companion
from .installed import Installed
from .order import Pages
from .process import AppProcess
from .shutdown import GentleShutdown

logger = logging.getLogger("flyhot.upgrade")

RETRY_MS = 1000
"""When the pages of a server that stops ask again."""

_runtimes: weakref.WeakValueDictionary[Path, AppRuntime] = weakref.WeakValueDictionary()


class HubPages(Pages):
    """The open pages, told through the client hub."""

    def __init__(self, hub: ClientHub) -> None:
        self._hub = hub

    def count(self) -> int:
        return self._hub.statistics().sockets

    async def bye(self) -> None:
        await self._hub.close(RETRY_MS)

    def hold(self, id: str, *, eta_ms: int, max_ms: int) -> None:
        self._hub.hold(id, eta_ms=eta_ms, max_ms=max_ms)

    def resume(
        self,
        id: str,
        *,
        ok: bool,
        vsn: str,
        render: Literal["morph", "css", "none", "reload"],
        was: str | None = None,
        files: Sequence[str] | None = None,
    ) -> None:
        self._hub.resume(id, ok=ok, vsn=vsn, render=render, was=was, files=files)


class Beside(Protocol):
    """What runs in the event loop for as long as the app is served: watch mode."""

    def start(self) -> None:
        """Idempotent. Raises FlyhotError: then the app can't be upgraded, and runs on."""

    async def stop(self) -> None: ...


class AppRuntime:
    """Owner of an app's process and pages; runs while anybody uses it. Use `runtime_of`."""

    def __init__(self, root: Path, registered: Registered) -> None:
        boot = secrets.token_hex(8)
        self.hub = ClientHub(vsn=lambda: self.process.vsn, boot=boot)
        self.process = AppProcess(registered, HubPages(self.hub), boot=boot, root=root)
        self.failed = False
        """It could not be started, which has been said: the app runs on without."""
        self._shutdown = GentleShutdown(self.process.drain, lambda: self.process.is_connected)
        self._companion = Companion()
        self.beside: Beside | None = None
        """Started and stopped with the control socket."""
        self._users = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def elsewhere(self) -> bool:
        """Is it used from another event loop?"""
        return self._users > 0 and self._loop is not asyncio.get_running_loop()

    async def look(self) -> bool:
        """Take stock of what is loaded, as early as can be. False, and said why: it can't be done."""
        try:
            if not self.elsewhere:
                await self.process.take_stock()
        except Exception as exc:
            self._say(exc)
        return not self.failed

    async def start(self) -> bool:
        """Count one user more, and be upgradable from the first one on. False, and said why: it can't be done.

        Each start that was True wants one `stop()`.
        """
        try:
            if self.elsewhere:
                raise ControlError("another event loop of this process serves it", do="run one server in a process")
            await self.process.start()
            self._companion.start(self.process.ready().root)
            if self.beside is not None:
                self.beside.start()
        except Exception as exc:
            self._say(exc)
            return False
        self._users += 1
        self._loop = asyncio.get_running_loop()
        self.failed = False
        self._shutdown.install()
        return True

    async def end_actors(self) -> None:
        """The app is about to stop: its handlers and loops end first, while what they need is still there."""
        if self._users <= 1 and not self.elsewhere:
            await self.process.registry.shut_down()

    async def stop(self) -> None:
        """One user less; with the last one the control socket and the pages are closed, an upgrade is undone."""
        self._users -= 1
        if self._users == 0:
            self._loop = None
            self._shutdown.remove()
            self._companion.stop()
            if self.beside is not None:
                await self.beside.stop()
            await self.process.stop()
            await self.hub.close(RETRY_MS)

    def _say(self, exc: Exception) -> None:
        if self.failed:
            return
        self.failed = True
        say_impossible(exc)


def say_impossible(exc: Exception) -> None:
    """The one line in the log about an app that runs without us."""
    if isinstance(exc, FlyhotError | OSError):
        do = f" ({exc.do})" if isinstance(exc, FlyhotError) and exc.do else ""
        logger.error("this app can't be upgraded while it runs: %s%s", exc, do)
    else:
        logger.error("this app can't be upgraded while it runs: flyhot failed to start", exc_info=exc)


def running() -> dict[Path, Installed]:
    """What runs in this process: the folder of each app that has been started, and what it has installed."""
    found = [runtime.process.installed for runtime in list(_runtimes.values()) if runtime.process.started]
    return {installed.root: installed for installed in found if installed is not None}


def runtime_of(root: Path, registered: Registered) -> AppRuntime:
    """The runtime of the app at `root`: the one that is there, else a new one. Call it in the event loop."""
    there = _runtimes.get(root)
    if there is not None and not there.elsewhere:
        return there
    made = AppRuntime(root, registered)
    if there is None:
        _runtimes[root] = made
    return made
