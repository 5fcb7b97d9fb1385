"""The runtime of one app in one process: what it runs, whom it serves, and the upgrade that may be under way."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import platform
import sys
import types
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..control.crew import START_AGAIN, serving_us
from ..control.decision import Decisions, decisions_dir
from ..control.paths import open_store, prepare_runtime_dir, runtime_dir, socket_path
from ..control.reloader import ENDED_SOON, INSTEAD, reloading
from ..errors import ControlError, FlyhotError
from ..release import boots, imported
from ..release.config import project_root, read_settings
from ..session import Hold, Registry
from ..session.actor import homes
from ..session.closings import close_gently
from ..session.registered import Registered
from ..telemetry import census
from ..telemetry.census import Census
from ..threads import in_thread
from ..upgrade import Outcome
from .complaints import differs_afterwards
from .control_server import ControlServer
from .coordinator import Alone, Coordinator
from .doubt import keep_for_forks, what_runs
from .installed import Installed
from .joining import Joining, crew_in, join
from .loading import load, note
from .order import Order, Pages
from .standing import follow_assets, installed_at_start, note_for_others, stands
from .verbs import Verbs

if TYPE_CHECKING:
    from ..engine.verification.recorded import Recorded
    from .transaction import Transaction

logger = logging.getLogger("flyhot.upgrade")


class UpgradeUnderWay(ControlError):
    kind = "busy"


def why_unsupported() -> str | None:
    """Why this interpreter can't be upgraded in place; None if it can."""
    if platform.python_implementation() != "CPython":
        return f"{platform.python_implementation()} is not CPython"
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return "this is a free-threaded build of Python"
    return None


class AppProcess:
    """Owner of one app's runtime. To be used from the event loop's thread only; may be started and stopped again.

    `root` is a folder of the app: its project's root is looked for from there.
    """

    def __init__(self, registered: Registered, pages: Pages, *, boot: str, root: Path) -> None:
        self.registry = Registry()
        self.hold = Hold(self.registry)
        self.boot = boot
        self.pages = pages
        self.root = root
        self.installed: Installed | None = None
        self.vsn = ""
        """First 12 hex digits of the running release; "" before the start."""
        self._registered = registered
        self._server: ControlServer | None = None
        self.started = False
        """Is the control socket open? An attribute, as each request asks."""
        self.joining: Joining | None = None
        """It has come up as a worker, and takes what its crew runs before it serves anybody."""
        self._under_way: str | None = None
        self._broken: FlyhotError | None = None
        self._surveys = asyncio.Lock()
        self._last: Transaction | None = None
        self._live_at_stop: dict[str, types.ModuleType] = {}

    @property
    def state(self) -> str:
        """For the status: serving, joining, upgrading, held, or broken (nobody knows what runs)."""
        if self._broken is not None:
            return "broken"
        if self.joining is not None:
            return "joining"
        return "held" if self.hold.held else "upgrading" if self._under_way else "serving"

    async def take_stock(self) -> None:
        """Read the tree that the app has been imported from: the release that runs. Raises FlyhotError.

        As early as possible: what was edited since the app was imported has to be compared with it.
        """
        if self.installed is not None and self._is_still_loaded():
            return
        root = project_root(self.root)
        homes.open(root, self.registry)
        settings = read_settings(root)
        store = open_store(root, settings)
        self.installed = await asyncio.to_thread(installed_at_start, root, settings, store)
        try:
            if not stands(root):
                self.installed = await what_runs(self.installed)
            await keep_for_forks(self.installed)
        except ControlError as exc:
            self._broken = exc
            logger.critical("this process can't be upgraded: %s (%s)", exc, exc.do)
            await self._begin_again()
        finally:
            imported.settle()
        self.vsn = self.installed.vsn

    async def _begin_again(self) -> None:
        """Nobody is served yet, and nobody knows what was imported: a worker that another one follows ends here."""
        crew, server = crew_in(runtime_dir(self.ready().root)), serving_us()
        with contextlib.suppress(ControlError):
            if crew is not None and await in_thread(lambda: crew.may_begin_again(server)):
                logger.critical("worker %d ends, so that its server starts one that knows what it runs", os.getpid())
                logging.shutdown()
                os._exit(START_AGAIN)

    def _is_still_loaded(self) -> bool:
        """Stopped and started again, we run what we ran; unless the app was imported anew meanwhile."""
        return all(sys.modules.get(name) is module for name, module in self._live_at_stop.items())

    async def start(self) -> None:
        """Open the control socket, after `take_stock()` if that was not called. Idempotent.

        Raises FlyhotError: then the app runs on without.
        """
        if self._server is not None:
            return
        await self.take_stock()
        self.registry.leaving = False
        installed = self.ready()
        self._surveys = asyncio.Lock()
        folder = prepare_runtime_dir(installed.root, installed.settings.app)
        decisions = Decisions(decisions_dir(folder))
        await asyncio.to_thread(decisions.forget)
        await note()
        path = socket_path(folder, os.getpid())
        crew = crew_in(folder)
        server = ControlServer(path, Verbs(self, decisions, crew).table())
        self.joining = Joining() if crew is not None else None
        try:
            await server.start()
            await follow_assets(installed)
            if crew is not None:
                await join(self, crew, decisions)  # after it can be found: see joining.py
                await note_for_others(installed, crew)
        except BaseException as exc:
            await server.close()
            if isinstance(exc, OSError):
                raise ControlError(f"the control socket {path} can't be opened: {exc.strerror or exc}") from exc
            raise
        finally:
            self.joining = None
        self._server, self.started = server, True
        census.add(self.count)
        if installed.finder.modules:
            installed.finder.install()
        boots.came_up()
        if reloading():
            logger.warning("%s (%s)", ENDED_SOON, INSTEAD)
        logger.info("%s runs release %s and can be upgraded (control: %s)", installed.root, self.vsn, path)

    async def stop(self) -> None:
        """Close the control socket; an upgrade under way is undone. Idempotent."""
        server, self._server, self.started = self._server, None, False
        if server is not None:
            census.remove(self.count)
            await server.close()
        if self.installed is not None:
            self.installed.finder.uninstall()
            self._live_at_stop = self.installed.live()

    @property
    def is_connected(self) -> bool:
        """Does anybody hold a websocket, of the app's or of the pages'?"""
        return bool(self.registry.sessions) or self.pages.count() > 0

    def count(self) -> Census:
        """Who is served in this moment."""
        registry = self.registry
        return Census(
            app=self.ready().settings.app,
            release=self.vsn,
            sessions=Counter(session.handler for session in registry.sessions),
            http_in_flight=len(registry.requests),
            held=not registry.valve.is_open,
        )

    async def drain(self, within: float | None = None) -> int:
        """Let everybody go who holds a websocket: pages are asked to come back, sessions are closed with 1012 one after
        the other, in `within` seconds at most (None: the setting). Who comes meanwhile is told to come again. Returns
        how many sessions were closed.

        Nothing is upgraded any more: this is for a process that is about to end.
        """
        seconds = within if within is not None else self.ready().settings.drain
        self.registry.leaving = True
        logger.info("closing %d websockets within %g s", len(self.registry.sessions), seconds)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.pages.bye())
            closing = group.create_task(close_gently(self.registry.sessions, within=seconds, reason="restarting"))
        return closing.result()

    async def upgrade(self, order: Order, coordinator: Coordinator) -> dict[str, Any]:
        """Bring this process to a release; RESULT says how that ended. Raises UpgradeUnderWay, never twice at once.

        Cancelling it before the commit undoes everything and resumes.
        """
        installed = self._free(joining=order.joins)
        self._under_way = order.id
        try:
            await load()
            async with self._surveys:
                self.hold = Hold(self.registry, max_hold=order.hold_budget)
                transaction = self._transaction(order, coordinator)
                result = await transaction.run()
                self._last = transaction if order.swaps_only else None  # it would keep the old code alive
                if transaction.differences:
                    result = await self._take_back(transaction, result)
                if result["outcome"] == Outcome.ALREADY.value:
                    from .already import verify_installed

                    result = await verify_installed(installed)
        finally:
            self._under_way = None
            self.vsn = installed.vsn
        if result["outcome"] == Outcome.BROKEN.value:
            self._broken = transaction.error
        _log(result, installed.root)
        return result

    async def confirm(self, recorded: Recorded, base: str) -> dict[str, Any]:
        """Compare this process with what is known of its release since the last upgrade, and go back to the release
        `base` if it is not that: the RESULT of that upgrade as it is then. Raises UpgradeUnderWay, ControlError."""
        installed = self._free()
        transaction = self._last
        if transaction is None:
            raise ControlError("there was no upgrade to confirm")
        self._under_way = "confirm"
        try:
            async with self._surveys:
                result = await transaction.confirm(recorded)
                if transaction.differences:
                    result = await self._take_back(transaction, result, base)
        finally:
            self._under_way = None
            self.vsn = installed.vsn
        return result

    async def _take_back(
        self, transaction: Transaction, result: dict[str, Any], base: str | None = None
    ) -> dict[str, Any]:
        """The upgrade is done, and the process is not the release: go back to the one before, by the same way."""
        undone = None
        try:
            order = await in_thread(lambda: transaction.way_back(base))
            if order is not None:
                self.hold = Hold(self.registry, max_hold=order.hold_budget)
                undone = await self._transaction(order, Alone()).run()
        except FlyhotError as exc:
            logger.error("what the upgrade was from can't be read: %s", exc)
        error = differs_afterwards(transaction.differences, undone)
        back = undone is not None and undone["outcome"] == Outcome.COMPLETE.value
        held = result["hold_ms"] + (undone["hold_ms"] if undone is not None else 0.0)
        outcome = Outcome.ROLLED_BACK.value if back else result["outcome"]
        return {**result, "outcome": outcome, "verified": False, "hold_ms": held, "error": error.document()}

    async def verify(self) -> dict[str, Any]:
        """Compare this process with the release that it runs: a RESULT, `already`, whose `verified` says whether it is
        that. Takes as long as the app's import where that was not recorded yet. Raises UpgradeUnderWay."""
        installed = self._free()
        await load()
        from .already import verify_installed

        async with self._surveys:
            return await verify_installed(installed)

    async def plan(self, order: Order) -> tuple[dict[str, Any] | None, FlyhotError | None]:
        """What `upgrade` would do: the plan's document, and why it can't be carried out if it can't.

        Raises UpgradeUnderWay: what is being changed can't be looked at.
        """
        self._free()
        await load()
        async with self._surveys:
            return await self._transaction(order, Alone()).plan_only()

    def ready(self) -> Installed:
        """What runs. Raises ControlError before the start."""
        if self.installed is None:
            raise ControlError("the app has not been started")
        return self.installed

    def _free(self, *, joining: bool = False) -> Installed:
        installed = self.ready()
        if self._broken is not None:
            raise ControlError(
                f"process {os.getpid()} is broken: {self._broken.message}",
                do="restart it: its code is no release that is known",
            )
        if self.joining is not None and not joining:
            raise UpgradeUnderWay(
                f"process {os.getpid()} has just been started and joins the release of the other workers",
                do="try again in a moment; the old code still serves",
            )
        if self._under_way is not None:
            raise UpgradeUnderWay(
                f"process {os.getpid()} is being upgraded already ({self._under_way})",
                do="wait for the first upgrade to end; the old code still serves",
            )
        return installed

    def _transaction(self, order: Order, coordinator: Coordinator) -> Transaction:
        from .transaction import Transaction

        return Transaction(order, self.ready(), self.registry, self._registered, self.hold, self.pages, coordinator)


def _log(result: dict[str, Any], root: Path) -> None:
    outcome, error = result["outcome"], result["error"]
    why = error["message"] if error else "another process said no"
    if outcome in ("complete", "already"):
        logger.info("%s: %s, release %s, held %.1f ms", root, outcome, result["to"][:12], result["hold_ms"])
    elif outcome == "broken":
        logger.critical("%s: broken, restart this process; nobody knows what it runs: %s", root, why)
    else:
        logger.warning("%s: %s; release %s serves on: %s", root, outcome, result["from"][:12], why)
