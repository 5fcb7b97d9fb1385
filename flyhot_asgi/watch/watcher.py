"""Follows the files of the app that runs here: each save is an upgrade of this process, by the same engine.

One after the other: what is saved while an upgrade runs is the next one. A save that can't be taken leaves the old code
serving; the next good one heals it. No file is written, and nothing but this process is upgraded: with several workers
each follows by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..client import ClientHub
from ..errors import ConfigError, FlyhotError
from ..release.folder import Release
from ..release.scan import scan
from ..runtime import Alone, AppProcess, Order
from ..runtime.ahead import Ahead
from ..runtime.check import check
from .asked import SUPERVISED
from .said import Said, said_of_error, said_of_result

logger = logging.getLogger("flyhot.watch")

RESTARTED = "it is restarted, and the pages come back by themselves"
RESTART = "restart the server to have it (`python -m flyhot_deploy watch -- COMMAND` does that by itself)"
QUIET_MS = 10
"""Files are looked at when nothing was saved for so long: editors write in steps."""


class Watcher:
    """Owner of the task that follows the files of one app. `say` gets what belongs into the terminal."""

    def __init__(self, process: AppProcess, hub: ClientHub, say: Callable[[str], None] | None = None) -> None:
        self._process = process
        self._hub = hub
        self._say = say if say is not None else _say_to_stderr
        self._task: asyncio.Task[None] | None = None
        self._ahead = Ahead(process)
        self._comparing: asyncio.Task[None] | None = None
        self._well = True

    def start(self) -> None:
        """Follow from now on. Idempotent. Raises ConfigError if `watchfiles` is not installed."""
        if self._task is None:
            changes = _changes(self._process.ready().root)
            self._task = asyncio.get_running_loop().create_task(self._follow(changes), name="flyhot-watch")

    async def stop(self) -> None:
        """Idempotent. An upgrade under way is undone."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._leave_off()

    async def _follow(self, changes: AsyncIterator[set[str]]) -> None:
        root = self._process.ready().root
        self._tell_supervisor("watching")
        self._say(f"flyhot  watching {root}: save a file, and what runs here follows")
        self._comparing = asyncio.get_running_loop().create_task(self._begin(), name="flyhot-watch-compare")
        async for files in changes:
            try:
                said = await self.take(files)
            except Exception:
                logger.exception("watch mode stumbled; the old code serves on, and the next save is tried")
                continue
            if said is not None:
                self._tell(said)

    async def take(self, files: set[str]) -> Said | None:
        """Upgrade this process to what lies on disk. None if nothing of the app changed. Safe to cancel.

        Where code is swapped only, that is done at once, and compared with a cold import afterwards: see `Ahead`.
        """
        began = time.perf_counter()
        await self._leave_off()
        installed = self._process.ready()
        names = {str(Path(file).relative_to(installed.root)) for file in files if _is_inside(file, installed.root)}
        try:
            release = await asyncio.to_thread(self._pack)
            if release.digest == installed.digest:
                return None if self._well else Said("ok", "as it runs again: what was wrong is gone")
            result = await self._ahead.lay(self._order(release))
            if result is not None:
                self._comparing = asyncio.get_running_loop().create_task(self._compare(release, names))
            else:
                result = await self._upgrade(release)
        except FlyhotError as exc:
            return said_of_error(exc.document(), None, ", ".join(sorted(names)[:2]) or "saved")
        return said_of_result(result, names, (time.perf_counter() - began) * 1000)

    def _pack(self) -> Release:
        installed = self._process.ready()
        installed.store_base()  # the way back, and what cold imports compare with
        manifest = installed.store.put_release(scan(installed.root, installed.settings), lasting=False)
        return installed.store.get_release(manifest.digest)

    async def _upgrade(self, release: Release) -> dict[str, Any]:
        cold = await check(self._process.ready(), release)
        return await self._process.upgrade(replace(self._order(release), cold=cold), Alone())

    def _order(self, release: Release) -> Order:
        settings = self._process.ready().settings
        return Order(
            release=release,
            id=f"watch-{secrets.token_hex(6)}",
            suspend_timeout=settings.suspend_timeout,
            http_drain=settings.http_drain,
            hold_budget=settings.hold_budget,
        )

    async def _begin(self) -> None:
        """Compare what runs with its release: the next saves are laid at once then."""
        try:
            await self._process.verify()
        except FlyhotError as exc:
            logger.info("what runs was not compared with its release yet: %s", exc)

    async def _compare(self, release: Release, names: set[str]) -> None:
        """What was laid at once against a cold import of it: if it is something else, it is taken back, and done anew
        the long way."""
        try:
            result = await self._ahead.confirm()
            if result["verified"]:
                return
            if result["outcome"] == "rolled_back":
                logger.info("swapping code was not enough: %s", (result["error"] or {}).get("message"))
                began = time.perf_counter()
                result = await self._upgrade(release)
                return self._tell(said_of_result(result, names, (time.perf_counter() - began) * 1000))
            self._tell(said_of_error(result["error"] or {"kind": "error", "message": "not compared"}, None, "saved"))
        except FlyhotError as exc:
            self._tell(said_of_error(exc.document(), None, ", ".join(sorted(names)[:2]) or "saved"))
        except Exception:
            logger.exception("what was saved could not be compared with a cold import; the new code serves")

    async def _leave_off(self) -> None:
        """The next save is compared in its turn."""
        task, self._comparing = self._comparing, None
        if task is not None and not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _tell(self, said: Said) -> None:
        self._well = said.kind == "ok"
        supervised = SUPERVISED in os.environ
        if said.restart:
            do = (
                "it is restarted" if supervised else "restart the server (`python -m flyhot_deploy watch -- …` does it)"
            )
            said = Said(said.kind, f"{said.title}; {do}", said.places, said.restart, said.detail)
        self._say(said.block())
        self._hub.watch(said.frame())
        if said.restart:
            self._tell_supervisor("restart")

    def _tell_supervisor(self, word: str) -> None:
        number = os.environ.get(SUPERVISED)
        if number is not None:
            with contextlib.suppress(OSError, ValueError):  # it is gone: so shall we be soon
                os.write(int(number), f"{word}\n".encode())


def _changes(root: Path) -> AsyncIterator[set[str]]:
    try:
        from watchfiles import awatch
    except ModuleNotFoundError as exc:
        raise ConfigError("watch mode needs watchfiles", do='pip install "flyhot[watch]"') from exc

    async def changes() -> AsyncIterator[set[str]]:
        async for batch in awatch(root, step=QUIET_MS, debounce=10 * QUIET_MS, ignore_permission_denied=True):
            files = {path for _, path in batch if _may_matter(path, root)}
            if files:
                yield files

    return changes()


def _may_matter(path: str, root: Path) -> bool:
    """Not what is hidden below the root: the store of releases is, and what editors and tools keep."""
    return _is_inside(path, root) and not any(part.startswith(".") for part in Path(path).relative_to(root).parts)


def _is_inside(path: str, root: Path) -> bool:
    return Path(path).is_relative_to(root)


def _say_to_stderr(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
